//! A quote as a sale: what the ledger keeps of it.
//!
//! Every amount of the sale comes from the quote; what is divided here (taxes on top, reimbursed coupons, points that
//! count as a discount) is divided so that the units of a line add up to the line and the lines to what is due.

mod units;

use suanpan_domain::offer::OfferRef;
use suanpan_domain::quote::{Quote, QuoteLine};
use suanpan_domain::{Basket, CheckoutId, Line, LineKind, Member};
use suanpan_ledger::head::{Counter, CouponId, NEVER_MS, Period};
use suanpan_ledger::sale::{GlobalUse, IssuedCoupons, LimitedUse, SaleLine, Tender};
use suanpan_ledger::{Sale, period_of};
use suanpan_program::model::{CodeKind, CountsAs, Offer, Program};

use crate::key::offer_key;
use crate::policy::limit_period;
use units::{Share, runs};

/// A priced basket with everything that its quote names.
#[derive(Clone, Copy, Debug)]
pub struct Priced<'a> {
    /// The program that priced it, as the engine compiled it: its offers in the order that the quote names them by.
    pub program: &'a Program,
    /// The basket.
    pub basket: &'a Basket,
    /// Whose, as it was priced.
    pub member: Option<&'a Member>,
    /// The quote.
    pub quote: &'a Quote,
}

/// Why a quote is no sale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaleError {
    /// The tenders are not what has to be paid.
    #[error("the tenders are {paid_minor} and should be {due_minor}, in minor units")]
    TendersDiffer {
        /// Their sum, minor units.
        paid_minor: i64,
        /// What has to be paid, minor units.
        due_minor: i64,
    },
    /// The lines do not add up to what is due: a fault of the engine.
    #[error("the lines cost {lines_minor} and {due_minor} is due, in minor units")]
    DoesNotAddUp {
        /// Sum of the lines, minor units.
        lines_minor: i64,
        /// The quote's due, minor units.
        due_minor: i64,
    },
}

/// How tenders are compared with what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// They have to be what is due, rounded to coins when one of them is cash.
    AsQuoted,
    /// They are what was paid, whatever the quote says; the difference is spread over the lines.
    AsTendered,
}

/// Makes a sale of a quote. `code_hash` is the keyed hash of a unique code.
///
/// # Errors
/// [`SaleError`].
pub fn sale(
    priced: &Priced<'_>,
    mut tenders: Vec<Tender>,
    paid: Paid,
    code_hash: &dyn Fn(&str) -> [u8; 16],
) -> Result<Sale, SaleError> {
    let Priced { program, basket, quote, .. } = *priced;
    let mut lines: Vec<SaleLine> = quote.lines.iter().map(|row| line(priced, row)).collect();
    let due_minor = quote.totals.due.minor();
    let lines_minor = lines.iter().map(|line| line.paid_minor).sum::<i64>();
    if lines_minor != due_minor {
        return Err(SaleError::DoesNotAddUp { lines_minor, due_minor });
    }
    let named = |kind: &str| if kind.is_empty() { UNKNOWN_TENDER.to_owned() } else { kind.to_owned() };
    let in_cash = match tenders.as_slice() {
        [] => is_cash(&basket.payment_kind),
        tenders => tenders.iter().any(|tender| is_cash(&tender.kind)),
    };
    let owed_minor = if in_cash { quote.totals.due_cash.minor() } else { due_minor };
    if tenders.is_empty() && owed_minor != 0 {
        tenders.push(Tender { kind: named(&basket.payment_kind), amount_minor: owed_minor });
    }
    let paid_minor = tenders.iter().map(|tender| tender.amount_minor).fold(0, i64::saturating_add);
    let mut cash_rounding_minor = if in_cash { owed_minor - due_minor } else { 0 };
    let mut due = due_minor;
    if paid_minor != owed_minor {
        if paid == Paid::AsQuoted {
            return Err(SaleError::TendersDiffer { paid_minor, due_minor: owed_minor });
        }
        units::spread(&mut lines, paid_minor - due_minor);
        due = paid_minor;
        cash_rounding_minor = 0;
    }
    let mut sale = Sale {
        business_ms: basket.business_time.unix_ms,
        utc_offset_minutes: basket.business_time.utc_offset_minutes,
        program_version: program.version.clone(),
        due_minor: due,
        cash_rounding_minor,
        tenders,
        points_used: quote.points.used,
        // As a discount points lower the tax on top with the net: what they took off the nets is what lines share.
        points_value_minor: lines.iter().map(|line| line.points_value_minor).sum(),
        points_earned: quote.points.earned,
        qualifying_minor: qualifying(basket, quote),
        lines,
        exchange_of: basket.exchange_of.as_deref().and_then(|id| id.parse::<CheckoutId>().ok()),
        ..Sale::default()
    };
    consumed(priced, code_hash, &mut sale);
    Ok(sale)
}

/// A tender that nobody named.
const UNKNOWN_TENDER: &str = "unspecified";

/// Records that a sale was paid with another sum than it costs: the difference is spread over the lines by what they
/// cost, so that returns give back what was paid.
pub fn paid_otherwise(sale: &mut Sale, paid_minor: i64) {
    units::spread(&mut sale.lines, paid_minor - sale.due_minor);
    (sale.due_minor, sale.cash_rounding_minor) = (paid_minor, 0);
}

/// Whether a tender is coins and notes, whose sum is rounded to what coins allow.
#[must_use]
pub fn is_cash(kind: &str) -> bool {
    kind == "cash" || kind.starts_with("cash:")
}

/// What counts for tiers: what goods and services cost after everything, without taxes on top, gift cards, deposits and
/// shipping, and without what points paid.
fn qualifying(basket: &Basket, quote: &Quote) -> i64 {
    let counts = |row: &&QuoteLine| {
        matches!(basket.lines[row.line as usize].kind, LineKind::Goods | LineKind::Service)
    };
    quote.lines.iter().filter(counts).map(|row| row.net.minor() - row.points_paid.minor()).sum()
}

fn line(priced: &Priced<'_>, row: &QuoteLine) -> SaleLine {
    let Priced { program, basket, quote, .. } = *priced;
    let asked: &Line = &basket.lines[row.line as usize];
    let steps = row.steps.of(&quote.steps);
    let reimbursed: i64 = steps
        .iter()
        .filter(|step| {
            program_offer(program, step.offer).is_some_and(|offer| offer.counts_as == CountsAs::Tender)
        })
        .map(|step| step.amount.minor())
        .sum();
    let points_as_discount: i64 =
        steps.iter().filter(|step| step.offer == OfferRef::Points).map(|step| step.amount.minor()).sum();
    let taxes = row.taxes.of(&quote.line_taxes);
    let is_added = |tax: u32| !quote.taxes[tax as usize].included;
    let tax_minor: i64 = taxes.iter().map(|tax| tax.amount.minor()).sum();
    let added: i64 = taxes.iter().filter(|tax| is_added(tax.tax)).map(|tax| tax.amount.minor()).sum();
    let weighed = asked.weighed || asked.quantity.milli() % 1_000 != 0;
    // A unit's tax is that of all its taxes together. Where all of them come on top it is paid unit by unit as it
    // stands; where only some do, their sum is divided evenly.
    let all_added =
        added == tax_minor && taxes.iter().all(|tax| is_added(tax.tax) || tax.amount.minor() == 0);
    let extra = if all_added { -reimbursed } else { added - reimbursed };
    let share = Share { extra_minor: extra, points_value_minor: points_as_discount, tax_on_top: all_added };
    SaleLine {
        id: asked.id.to_string(),
        sku: asked.sku.to_string(),
        quantity_milli: row.quantity.milli(),
        weighed,
        paid_minor: row.net.minor() + added - reimbursed - row.points_paid.minor(),
        tax_minor,
        points_value_minor: points_as_discount + row.points_paid.minor(),
        points_earned: row.points_earned,
        runs: runs(row.unit_runs.of(&quote.unit_runs), share),
    }
}

fn program_offer(program: &Program, offer: OfferRef) -> Option<&Offer> {
    match offer {
        OfferRef::Program(index) => program.offers.get(index as usize),
        OfferRef::Manual(_) | OfferRef::Code(_) | OfferRef::Paper(_) | OfferRef::Points => None,
    }
}

/// What the sale uses up: coupons, codes, uses of limited offers, the first purchase; and the coupons that it brings.
fn consumed(priced: &Priced<'_>, code_hash: &dyn Fn(&str) -> [u8; 16], sale: &mut Sale) {
    let Priced { program, basket, member, quote } = *priced;
    for row in quote.offers.iter().filter(|row| row.applied) {
        let Some(offer) = program_offer(program, row.offer) else { continue };
        let key = offer_key(&offer.id);
        if let (Some(terms), Some(code)) = (&offer.coupon, row.code) {
            let code = basket.codes[code as usize].as_str();
            match terms.codes {
                CodeKind::Generic(_) => {}
                CodeKind::Unique { .. } => sale.codes.push(code_hash(code)),
                CodeKind::Owned => sale.coupons.extend(coupon_id(code)),
            }
        }
        if let (Some((limit, per)), Some(member)) = (offer.limits.per_member, member) {
            let birthday = offer.who.birthday.and(member.birthday);
            let clock = basket.business_time.wall_clock();
            let period =
                clock.map_or(Period::Lifetime, |clock| period_of(limit_period(per), clock.date, birthday));
            let counter = Counter { offer: key, period, used: 1 };
            // Two coupons of one campaign are one use of it in one basket.
            if !sale.uses.iter().any(|used| used.counter == counter) {
                sale.uses.push(LimitedUse { counter, limit });
            }
        }
        if offer.limits.in_total.is_some() || offer.limits.budget.is_some() {
            let uses = u32::from(offer.limits.in_total.is_some());
            let amount_minor = row.amount.minor();
            match sale.global_uses.iter_mut().find(|used| used.offer == key) {
                Some(used) => used.amount_minor += amount_minor,
                None => sale.global_uses.push(GlobalUse {
                    offer: key,
                    uses,
                    amount_minor,
                    given_back_if_whole: offer.limits.given_back_if_whole,
                }),
            }
        }
        sale.first_purchase |= offer.who.first_purchase;
    }
    sale.coupons.sort_unstable();
    sale.coupons.dedup();
    sale.codes.sort_unstable();
    sale.codes.dedup();
    sale.uses.sort_unstable_by_key(|used| (used.counter.offer, used.counter.period));
    sale.global_uses.sort_unstable_by_key(|used| used.offer);
    sale.issued = quote
        .issued_coupons
        .iter()
        .filter_map(|issued| {
            let campaign = offer_key(&program_offer(program, issued.campaign)?.id);
            Some(IssuedCoupons { campaign, count: issued.count, expires_ms: NEVER_MS })
        })
        .collect();
}

/// Reads the id of a coupon of the wallet: 32 hexadecimal digits.
#[must_use]
pub fn coupon_id(text: &str) -> Option<CouponId> {
    let digits = text.as_bytes();
    if digits.len() != 32 || !text.is_ascii() {
        return None;
    }
    let mut id = [0; 16];
    for (place, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    // One spelling only: the same coupon in two would be two to whoever compares texts.
    (coupon_text(CouponId(id)) == text).then_some(CouponId(id))
}

/// Writes the id of a coupon.
///
/// ```
/// use suanpan_checkout::{coupon_id, coupon_text};
/// let id = coupon_id("0198c0de7a10700080000000000000a1").unwrap();
/// assert_eq!(coupon_text(id), "0198c0de7a10700080000000000000a1");
/// assert_eq!(coupon_id("0198C0DE7A10700080000000000000A1"), None);
/// ```
#[must_use]
pub fn coupon_text(id: CouponId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
