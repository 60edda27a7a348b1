//! Domain values become messages: quotes for a node, baskets for its callers. Nothing is computed here that a quote does not hold, but for how an offer's amount is
//! divided between those who fund it.

mod account;
mod basket;
mod checkout;
mod funding;
mod line;
mod offer;
mod program;

use suanpan_domain::quote::{Entitlement, SelectionOutcome};
use suanpan_domain::{Basket, LineTax, OfferBook, OfferRef, Quote};

use crate::v1;

pub use account::{account, entry, key};
pub use basket::{basket, member, usage};
pub use checkout::{checkout, checkout_now, conflict, reason, refund};
pub use program::program;

/// A priced basket and what is needed to name its parts.
pub struct Priced<'a> {
    /// The basket.
    pub basket: &'a Basket,
    /// Its quote.
    pub quote: &'a Quote,
    /// The offers that the quote names by index.
    pub offers: &'a OfferBook,
    /// Texts that neither of them holds.
    pub names: &'a dyn Names,
    /// Indexes of lines whose article the catalogue does not know, ascending.
    pub not_in_catalogue: &'a [u32],
}

/// Texts of a compiled program that a quote names by index.
pub trait Names {
    /// The article of an offer's gift.
    fn gift_sku(&self, offer: OfferRef, choice: u32) -> &str;
    /// The id of an entitlement.
    fn entitlement(&self, entitlement: Entitlement) -> &str;
}

/// The message of a quote. `envelope` goes around it.
#[must_use]
pub fn quote(priced: &Priced<'_>, envelope: v1::Envelope) -> v1::Quote {
    let (basket, quote) = (priced.basket, priced.quote);
    let given = offer::Given::of(quote);
    v1::Quote {
        chain: basket.chain.clone(),
        currency: basket.currency.code().to_owned(),
        business_time_unix_ms: basket.business_time.unix_ms,
        utc_offset_minutes: basket.business_time.utc_offset_minutes,
        lines: line::lines(priced, &given),
        merged_lines: line::merged_lines(priced, &given),
        offers: quote.offers.iter().map(|outcome| offer::result(priced, outcome)).collect(),
        gifts: quote.gifts.iter().map(|gift| offer::gift(priced, gift)).collect(),
        totals: Some(totals(quote)),
        taxes: quote.taxes.iter().map(|total| tax(basket, total)).collect(),
        due_minor: quote.totals.due.minor(),
        due_cash_minor: quote.totals.due_cash.minor(),
        points: Some(points(priced)),
        near_misses: quote.near_misses.iter().map(|miss| offer::near_miss(priced, miss)).collect(),
        entitlements: quote
            .entitlements
            .iter()
            .map(|entitlement| self::entitlement(priced, *entitlement))
            .collect(),
        issued_coupons: quote.issued_coupons.iter().map(|issued| offer::issued(priced, issued)).collect(),
        program_version: priced.offers.program_version.clone(),
        stop_list_version: String::new(),
        snapshot_version: i64::try_from(quote.snapshot_version).unwrap_or(i64::MAX),
        selection: selection(quote.selection).into(),
        nodes_searched: i64::try_from(quote.nodes_searched).unwrap_or(i64::MAX),
        envelope: Some(envelope),
    }
}

const fn selection(outcome: SelectionOutcome) -> v1::Selection {
    match outcome {
        SelectionOutcome::Exact => v1::Selection::Exact,
        SelectionOutcome::BestFound => v1::Selection::BestFound,
        SelectionOutcome::ByPriority => v1::Selection::ByPriority,
    }
}

fn totals(quote: &Quote) -> v1::Totals {
    let totals = &quote.totals;
    v1::Totals {
        gross_minor: totals.gross.minor(),
        discount_minor: totals.discount.minor(),
        net_minor: totals.net.minor(),
        included_tax_minor: totals.tax_included.minor(),
        added_tax_minor: totals.tax_added.minor(),
        tenders_minor: (totals.reimbursed + totals.points_tender).minor(),
        reimbursed_minor: totals.reimbursed.minor(),
        cash_rounding_minor: (totals.due_cash - totals.due).minor(),
        discount_cut_minor: totals.discount_cut.minor(),
    }
}

/// The tax of a request line that a basket's tax is named after.
fn line_tax<'a>(basket: &'a Basket, total: &suanpan_domain::quote::TaxTotal) -> Option<&'a LineTax> {
    basket.lines.get(total.line as usize)?.taxes.get(total.tax_index as usize)
}

fn tax(basket: &Basket, total: &suanpan_domain::quote::TaxTotal) -> v1::TaxTotal {
    v1::TaxTotal {
        id: line_tax(basket, total).map(|tax| tax.id.clone()).unwrap_or_default(),
        rate_ppm: total.rate.ppm(),
        included: total.included,
        base_minor: total.base.minor(),
        tax_minor: total.amount.minor(),
    }
}

fn points(priced: &Priced<'_>) -> v1::PointsResult {
    let points = &priced.quote.points;
    v1::PointsResult {
        used: points.used,
        value_minor: points.value.minor(),
        earned: points.earned,
        cut: offer::reason(points.cut).into(),
        given_up: points.given_up.map(|given_up| v1::GivenUp {
            offer: offer::id(priced, given_up.offer).to_owned(),
            points: given_up.points,
            worth_minor: given_up.worth.minor(),
        }),
    }
}

fn entitlement(priced: &Priced<'_>, entitlement: Entitlement) -> v1::Entitlement {
    v1::Entitlement {
        id: priced.names.entitlement(entitlement).to_owned(),
        offer: entitlement.offer.map(|offer| offer::id(priced, offer).to_owned()).unwrap_or_default(),
    }
}
