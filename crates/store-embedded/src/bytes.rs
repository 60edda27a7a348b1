//! Between the values of the domain and what lies in columns.

use suanpan_domain::limits::IDENTIFIER_BYTES_MAX;
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::{Entry, EntryKey, Head, State, codec};
use suanpan_store::{Cursor, HolderState, LookupKind, Owner, StoreError};

use crate::failed::damaged;

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
    i64::try_from(count).map_err(|_| StoreError::Contract("a count beyond 63 bits".to_owned()))
}

pub(crate) const fn state_column(state: State) -> u8 {
    match state {
        State::Reserved => 1,
        State::Confirmed => 2,
        State::Cancelled => 3,
        State::Fenced => 4,
        State::Done => 5,
        State::Parked => 6,
    }
}

pub(crate) const fn holder_column(state: HolderState) -> u8 {
    match state {
        HolderState::Held => 1,
        HolderState::Used => 2,
        HolderState::Overrun => 3,
        HolderState::Freed => 4,
        HolderState::GivenBack => 5,
    }
}

pub(crate) fn holder_state(column: u8) -> Result<HolderState, StoreError> {
    Ok(match column {
        1 => HolderState::Held,
        2 => HolderState::Used,
        3 => HolderState::Overrun,
        4 => HolderState::Freed,
        5 => HolderState::GivenBack,
        _ => return Err(damaged("state of a limit's holder")),
    })
}

pub(crate) const fn lookup_column(kind: LookupKind) -> u8 {
    match kind {
        LookupKind::Card => 1,
        LookupKind::Phone => 2,
        LookupKind::Email => 3,
    }
}

pub(crate) fn lookup_kind(column: u8) -> Result<LookupKind, StoreError> {
    Ok(match column {
        1 => LookupKind::Card,
        2 => LookupKind::Phone,
        3 => LookupKind::Email,
        _ => return Err(damaged("kind of a look-up")),
    })
}

/// A chain's name comes from outside.
pub(crate) fn check_chain(chain: &str) -> Result<(), StoreError> {
    if chain.is_empty() || chain.len() > IDENTIFIER_BYTES_MAX {
        return Err(StoreError::Refused(format!("a chain's name has 1 to {IDENTIFIER_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// As [`check_chain`], for other short names.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), StoreError> {
    if name.is_empty() || name.len() > IDENTIFIER_BYTES_MAX {
        return Err(StoreError::Refused(format!("{what} has 1 to {IDENTIFIER_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// Whose rows these are, in texts of errors.
pub(crate) fn told(owner: &Owner) -> String {
    match owner {
        Owner::Member(member) => format!("member {member}"),
        Owner::Guest(checkout) => format!("guest's sale {checkout}"),
    }
}

/// A cursor of whole numbers, for reads that go on after an id.
pub(crate) fn number_cursor(number: i64) -> Cursor {
    Cursor(number.to_be_bytes().to_vec())
}

/// The number in a cursor; `first` at the beginning.
pub(crate) fn cursor_number(cursor: &Cursor, first: i64) -> Result<i64, StoreError> {
    if cursor.0.is_empty() {
        return Ok(first);
    }
    cursor.0.as_slice().try_into().map(i64::from_be_bytes).map_err(|_| foreign_cursor())
}

pub(crate) fn foreign_cursor() -> StoreError {
    StoreError::Refused("a cursor of another read".to_owned())
}
