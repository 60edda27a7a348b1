//! Sales and returns as messages.

use suanpan_domain::MemberId;
use suanpan_ledger::refusal::{Conflict, Refusal};
use suanpan_ledger::sale::{Returned, Sale};
use suanpan_ledger::{Entry, EntryKey, State};

use crate::hex::hex;
use crate::{checkout_v1, member_v1, v1};

/// A sale's row as the calls that wrote it answer: only what never changes again.
#[must_use]
pub fn checkout(
    chain: &str,
    owner: Option<&MemberId>,
    entry: &Entry,
    quote: Option<v1::Quote>,
) -> checkout_v1::Checkout {
    let sale = entry.sale.as_deref();
    checkout_v1::Checkout {
        chain: chain.to_owned(),
        checkout_id: match entry.key {
            EntryKey::Checkout(checkout) | EntryKey::Return(checkout, _) => checkout.to_string(),
            EntryKey::Request(_) | EntryKey::Effect(_) | EntryKey::Time(_) => String::new(),
        },
        state: state(entry.state).into(),
        member_id: owner.map(ToString::to_string).unwrap_or_default(),
        version: entry.version.cast_signed(),
        written_unix_ms: entry.written_ms,
        hold_until_unix_ms: entry.until_ms,
        due_minor: sale.map_or(0, |sale| sale.due_minor),
        cash_rounding_minor: sale.map_or(0, |sale| sale.cash_rounding_minor),
        tenders: sale.map(tenders).unwrap_or_default(),
        points_used: sale.map_or(0, |sale| sale.points_used),
        points_earned: sale.map_or(0, |sale| sale.points_earned),
        accrued: false,
        quote,
        overruns: entry.overruns.iter().map(conflict).collect(),
        differences: Vec::new(),
        returns: Vec::new(),
        business_time: sale.map(|sale| v1::BusinessTime {
            unix_ms: sale.business_ms,
            utc_offset_minutes: sale.utc_offset_minutes,
        }),
    }
}

/// A sale with what became of it: accrual and returns.
#[must_use]
pub fn checkout_now(
    chain: &str,
    owner: Option<&MemberId>,
    entry: &Entry,
    quote: Option<v1::Quote>,
    returns: &[Entry],
) -> checkout_v1::Checkout {
    // As they came back; stores have them by their ids, which the caller makes.
    let mut returns: Vec<&Entry> = returns.iter().collect();
    returns.sort_by_key(|row| row.version);
    checkout_v1::Checkout {
        accrued: owner.is_some() && entry.accrued_version != 0,
        returns: returns.into_iter().map(|row| refund(chain, entry.sale.as_deref(), row)).collect(),
        ..checkout(chain, owner, entry, quote)
    }
}

fn tenders(sale: &Sale) -> Vec<checkout_v1::Tender> {
    let tender = |tender: &suanpan_ledger::sale::Tender| checkout_v1::Tender {
        kind: tender.kind.clone(),
        amount_minor: tender.amount_minor,
    };
    sale.tenders.iter().map(tender).collect()
}

const fn state(state: State) -> checkout_v1::CheckoutState {
    match state {
        State::Reserved => checkout_v1::CheckoutState::Reserved,
        // A sale that waits for a person in the accrual is paid all the same.
        State::Confirmed | State::Parked | State::Done => checkout_v1::CheckoutState::Confirmed,
        State::Cancelled => checkout_v1::CheckoutState::Cancelled,
        State::Fenced => checkout_v1::CheckoutState::Fenced,
    }
}

/// A return's row as the call that wrote it answers.
#[must_use]
pub fn refund(chain: &str, sale: Option<&Sale>, entry: &Entry) -> checkout_v1::ReturnResponse {
    let (checkout_id, return_id) = match entry.key {
        EntryKey::Return(checkout, back) => (checkout.to_string(), back.to_string()),
        _ => Default::default(),
    };
    let nothing = Returned::default();
    let returned = entry.returned.as_deref().unwrap_or(&nothing);
    let line_id = |line: u32| {
        let line = sale.and_then(|sale| sale.lines.get(line as usize));
        line.map(|line| line.id.clone()).unwrap_or_default()
    };
    let place = |unit: u32| i32::try_from(unit).unwrap_or(i32::MAX);
    checkout_v1::ReturnResponse {
        chain: chain.to_owned(),
        checkout_id,
        return_id,
        version: entry.version.cast_signed(),
        written_unix_ms: entry.written_ms,
        refund_minor: returned.refund_minor,
        tax_minor: returned.tax_minor,
        points_restored: returned.points_restored,
        points_taken_back: returned.points_taken_back,
        coupon_ids: returned.coupons.iter().map(|coupon| hex(&coupon.0)).collect(),
        lines: returned
            .lines
            .iter()
            .map(|line| checkout_v1::ReturnedLine {
                line_id: line_id(line.line),
                quantity_milli: line.quantity_milli,
                units: line
                    .units
                    .iter()
                    .flat_map(|(first, count)| (*first..first + count).map(place))
                    .collect(),
                refund_minor: line.refund_minor,
                tax_minor: line.tax_minor,
            })
            .collect(),
        whole: returned.whole,
        overruns: entry.overruns.iter().map(conflict).collect(),
        differences: Vec::new(),
    }
}

/// A reason as a message.
#[must_use]
pub fn conflict(conflict: &Conflict) -> member_v1::Conflict {
    member_v1::Conflict {
        reason: reason(conflict.reason).into(),
        subject: conflict.subject.clone(),
        have: conflict.have,
        need: conflict.need,
    }
}

/// The value of the enum for a reason of the ledger.
#[must_use]
pub const fn reason(refusal: Refusal) -> member_v1::ConflictReason {
    use member_v1::ConflictReason as Reason;
    match refusal {
        Refusal::MemberUnknown => Reason::MemberUnknown,
        Refusal::MemberExists => Reason::MemberExists,
        Refusal::MemberBlocked => Reason::MemberBlocked,
        Refusal::MemberClosed => Reason::MemberClosed,
        Refusal::ContentDiffers => Reason::ContentDiffers,
        Refusal::CheckoutCancelled => Reason::CheckoutCancelled,
        Refusal::CheckoutFenced => Reason::CheckoutFenced,
        Refusal::CheckoutConfirmed => Reason::CheckoutConfirmed,
        Refusal::CheckoutUnknown => Reason::CheckoutUnknown,
        Refusal::ReservationDiffers => Reason::ReservationDiffers,
        Refusal::PointsShort => Reason::PointsShort,
        Refusal::CouponUnknown => Reason::CouponUnknown,
        Refusal::CouponHeld => Reason::CouponHeld,
        Refusal::CouponExpired => Reason::CouponExpired,
        Refusal::MemberLimit => Reason::MemberLimit,
        Refusal::NotFirstPurchase => Reason::NotFirstPurchase,
        Refusal::GlobalLimit => Reason::GlobalLimit,
        Refusal::GlobalBudget => Reason::GlobalBudget,
        Refusal::CodeHeld => Reason::CodeHeld,
        Refusal::CodeUsed => Reason::CodeUsed,
        Refusal::CodeUnknown => Reason::CodeUnknown,
        Refusal::LineUnknown => Reason::LineUnknown,
        Refusal::QuantityExceeded => Reason::QuantityExceeded,
        Refusal::UnitReturned => Reason::UnitReturned,
        Refusal::TooManyReturns => Reason::TooManyReturns,
        Refusal::ActivityUnknown => Reason::ActivityUnknown,
        Refusal::ActivityLimit => Reason::ActivityLimit,
        Refusal::HoldsOpen => Reason::HoldsOpen,
        Refusal::EntriesPending => Reason::EntriesPending,
        Refusal::MergeInProgress => Reason::MergeInProgress,
        Refusal::HeadFull => Reason::HeadFull,
        Refusal::OutOfRange => Reason::OutOfRange,
    }
}
