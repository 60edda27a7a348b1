//! Between the values of the domain and what lies in columns.

use suanpan_domain::limits::IDENTIFIER_BYTES_MAX;
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::{Entry, EntryKey, Head, State, codec};
use suanpan_store::{HolderState, LookupKind, Owner, StoreError};

use crate::error::{contract, damaged};

/// The row that is there whenever a member's head is, so that a read of the head finds something. No key begins so.
pub(crate) const ANCHOR: &[u8] = &[0];

pub(crate) fn head(bytes: &[u8]) -> Result<Head, StoreError> {
    codec::decode_head(bytes).map_err(|error| damaged(format!("head: {error}")))
}

pub(crate) fn entry(bytes: &[u8]) -> Result<Entry, StoreError> {
    codec::decode_entry(bytes).map_err(|error| damaged(format!("entry: {error}")))
}

pub(crate) fn key(bytes: &[u8]) -> Result<EntryKey, StoreError> {
    EntryKey::from_bytes(bytes).ok_or_else(|| damaged("the key of an entry"))
}

pub(crate) fn checkout(bytes: &[u8]) -> Result<CheckoutId, StoreError> {
    let bytes = bytes.try_into().map_err(|_| damaged("a checkout id of another length"))?;
    CheckoutId::from_bytes(bytes).map_err(|error| damaged(format!("checkout id: {error}")))
}

pub(crate) fn member(name: String) -> Result<MemberId, StoreError> {
    MemberId::new(name).map_err(|error| damaged(format!("member id: {error}")))
}

/// The first and the last key of a sale with its returns.
pub(crate) fn sale_range(checkout: CheckoutId) -> (Vec<u8>, Vec<u8>) {
    let last = EntryKey::Return(checkout, suanpan_domain::ReturnId::from_bytes([0xff; 16]));
    (EntryKey::Checkout(checkout).to_bytes(), last.to_bytes())
}

/// What names an owner inside its table.
pub(crate) fn id(owner: &Owner) -> String {
    match owner {
        Owner::Member(member) => member.as_str().to_owned(),
        Owner::Guest(checkout) => checkout.to_string(),
    }
}

/// What names an owner among all: `m:` and a member, `g:` and a guest's sale.
pub(crate) fn owner_column(owner: &Owner) -> String {
    let tag = match owner {
        Owner::Member(_) => "m:",
        Owner::Guest(_) => "g:",
    };
    format!("{tag}{}", id(owner))
}

pub(crate) fn owner(column: &str) -> Result<Owner, StoreError> {
    match column.split_at_checked(2) {
        Some(("m:", name)) => Ok(Owner::Member(member(name.to_owned())?)),
        Some(("g:", checkout)) => guest(checkout),
        _ => Err(damaged("the name of an owner")),
    }
}

/// The owner that a guest's row is named by.
pub(crate) fn guest(id: &str) -> Result<Owner, StoreError> {
    Ok(Owner::Guest(id.parse().map_err(|_| damaged("the id of a guest's sale"))?))
}

/// Bits as they are: columns have signs, keys have none.
pub(crate) const fn offer_column(offer: OfferKey) -> i64 {
    offer.0.cast_signed()
}

pub(crate) const fn offer(column: i64) -> OfferKey {
    OfferKey(column.cast_unsigned())
}

/// Versions and epochs count writes: they never come near the sign.
pub(crate) fn counted(column: i64) -> Result<u64, StoreError> {
    u64::try_from(column).map_err(|_| damaged("a negative count"))
}

pub(crate) fn count_column(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|_| contract("a count beyond 63 bits"))
}

pub(crate) const fn state_column(state: State) -> i32 {
    match state {
        State::Reserved => 1,
        State::Confirmed => 2,
        State::Cancelled => 3,
        State::Fenced => 4,
        State::Done => 5,
        State::Parked => 6,
    }
}

pub(crate) const fn holder_column(state: HolderState) -> i32 {
    match state {
        HolderState::Held => 1,
        HolderState::Used => 2,
        HolderState::Overrun => 3,
        HolderState::Freed => 4,
        HolderState::GivenBack => 5,
    }
}

pub(crate) fn holder_state(column: i32) -> Result<HolderState, StoreError> {
    Ok(match column {
        1 => HolderState::Held,
        2 => HolderState::Used,
        3 => HolderState::Overrun,
        4 => HolderState::Freed,
        5 => HolderState::GivenBack,
        _ => return Err(damaged("state of a limit's holder")),
    })
}

pub(crate) const fn lookup_column(kind: LookupKind) -> i32 {
    match kind {
        LookupKind::Card => 1,
        LookupKind::Phone => 2,
        LookupKind::Email => 3,
    }
}

pub(crate) fn lookup_kind(column: i32) -> Result<LookupKind, StoreError> {
    Ok(match column {
        1 => LookupKind::Card,
        2 => LookupKind::Phone,
        3 => LookupKind::Email,
        _ => return Err(damaged("kind of a look-up")),
    })
}

/// A name that comes from outside.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), StoreError> {
    if name.is_empty() || name.len() > IDENTIFIER_BYTES_MAX {
        return Err(StoreError::Refused(format!("{what} has 1 to {IDENTIFIER_BYTES_MAX} bytes")));
    }
    Ok(())
}

pub(crate) fn check_chain(chain: &str) -> Result<(), StoreError> {
    check_name("a chain's name", chain)
}

/// Whose rows these are, in texts of errors.
pub(crate) fn told(owner: &Owner) -> String {
    match owner {
        Owner::Member(member) => format!("member {member}"),
        Owner::Guest(checkout) => format!("guest's sale {checkout}"),
    }
}

pub(crate) fn foreign_cursor() -> StoreError {
    StoreError::Refused("a cursor of another read".to_owned())
}
