//! What a call is answered, from the row that it wrote or found.

use prost::Message as _;
use suanpan_checkout::{BooksError, Recorded};
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::refusal::Conflict;
use suanpan_ledger::{Entry, Refusal};
use suanpan_rpc::{checkout_v1, encode, member_v1, status, v1};
use suanpan_store::{Owner, StoreError};
use tonic::{Code, Status};

/// What is kept with a sale; none of a row without one, or whose bytes are another release's.
pub(super) fn record(entry: &Entry) -> Option<checkout_v1::SaleRecord> {
    if entry.answer.is_empty() { None } else { checkout_v1::SaleRecord::decode(entry.answer.as_slice()).ok() }
}

pub(super) fn quote(entry: &Entry) -> Option<v1::Quote> {
    record(entry).and_then(|record| record.quote)
}

pub(super) const fn member(owner: &Owner) -> Option<&MemberId> {
    match owner {
        Owner::Member(member) => Some(member),
        Owner::Guest(_) => None,
    }
}

/// The answer of a call that sells or cancels. `written` is the quote that the call put into its row; a row that was there
/// before has its own.
pub(super) fn checkout(
    chain: &str,
    recorded: &Recorded,
    written: Option<v1::Quote>,
) -> checkout_v1::Checkout {
    let quote = if recorded.repeated { None } else { written }.or_else(|| quote(&recorded.entry));
    encode::checkout(chain, member(&recorded.owner), &recorded.entry, quote)
}

/// A sale that is not there and never will be.
pub(super) fn never_sold(chain: &str, checkout: CheckoutId) -> checkout_v1::Checkout {
    checkout_v1::Checkout {
        chain: chain.to_owned(),
        checkout_id: checkout.to_string(),
        state: checkout_v1::CheckoutState::Cancelled.into(),
        ..checkout_v1::Checkout::default()
    }
}

/// Conflicts of the ledger, with what the caller needs to go on.
pub(super) fn refused(
    conflicts: &[Conflict],
    fresh: Option<v1::Quote>,
    checkout: Option<checkout_v1::Checkout>,
) -> Status {
    let conflicts: Vec<member_v1::Conflict> = conflicts.iter().map(encode::conflict).collect();
    status::refused(
        status::CHECKOUT_DOMAIN,
        checkout_v1::CheckoutRefused {
            conflicts,
            due_minor: fresh.as_ref().map(|quote| quote.due_minor),
            quote: fresh,
            checkout,
        },
    )
}

/// One conflict of the protocol.
pub(super) fn conflict(reason: member_v1::ConflictReason, have: i64, need: i64) -> member_v1::Conflict {
    member_v1::Conflict { reason: reason.into(), subject: String::new(), have, need }
}

/// Refusals that a caller does not get from the ledger.
pub(super) fn refused_for(conflicts: Vec<member_v1::Conflict>, fresh: Option<v1::Quote>) -> Status {
    let due_minor = fresh.as_ref().map(|quote| quote.due_minor);
    let refused = checkout_v1::CheckoutRefused { conflicts, due_minor, quote: fresh, checkout: None };
    status::refused(status::CHECKOUT_DOMAIN, refused)
}

/// Whatever else a call ends with.
pub(super) fn failed(error: BooksError) -> Status {
    match error {
        BooksError::Refused(conflicts) if unknown(&conflicts) => unknown_checkout(),
        BooksError::Refused(conflicts) => refused(&conflicts, None, None),
        BooksError::Stale => super::super::store_failed(status::CHECKOUT_DOMAIN, &StoreError::Busy),
        BooksError::Store(error) => super::super::store_failed(status::CHECKOUT_DOMAIN, &error),
    }
}

fn unknown(conflicts: &[Conflict]) -> bool {
    conflicts.iter().any(|conflict| conflict.reason == Refusal::CheckoutUnknown)
}

/// There is no such sale.
pub(super) fn unknown_checkout() -> Status {
    let message = "there is no such sale";
    status::plain(Code::NotFound, status::CHECKOUT_DOMAIN, status::CHECKOUT_UNKNOWN, message)
}
