//! Entries that could not be accrued and wait for a person: listing them, and putting them back.

use suanpan_checkout::{Books, BooksError};
use suanpan_ledger::command::EntryRef;
use suanpan_ledger::{Actor, EntryKey, Refusal};
use suanpan_store::{Cursor, ParkedRow, StoreError};

/// What became of a round of retries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Entries that wait for the worker again.
    pub back: u64,
    /// Entries that stay, because their sale is parked for a reason of its own, or because they still cannot be read.
    pub stay: u64,
}

/// Rows of one read.
const ROWS_PER_READ: usize = 1_000;

/// Every parked entry of a chain, in pieces: those after the cursor, and where to go on.
///
/// # Errors
/// Those of the store.
pub async fn list(books: &Books, after: &Cursor) -> Result<(Vec<ParkedRow>, Option<Cursor>), StoreError> {
    let page = books.store.parked(&books.chain, after, ROWS_PER_READ).await?;
    Ok((page.rows, page.next))
}

/// Puts one entry back; false when it was not parked any more. What parked it has to be mended before, or it is parked
/// again.
///
/// # Errors
/// [`BooksError::Refused`] when the entry is not there, or when it is a return whose sale is parked.
pub async fn retry(books: &Books, row: &ParkedRow, actor: &Actor, now_ms: i64) -> Result<bool, BooksError> {
    match entry(row.key) {
        Some(entry) => books.unpark(&row.member, entry, actor, now_ms).await,
        None => Ok(false),
    }
}

/// Puts every parked entry of a chain back: sales before their returns, as the list is ordered.
///
/// # Errors
/// [`BooksError`], but for returns that have to stay.
pub async fn retry_all(books: &Books, actor: &Actor, now_ms: i64) -> Result<Retried, BooksError> {
    let mut retried = Retried::default();
    let mut after = Cursor::default();
    loop {
        let (rows, next) = list(books, &after).await?;
        for row in rows {
            match retry(books, &row, actor, now_ms).await {
                Ok(back) => retried.back += u64::from(back),
                Err(BooksError::Refused(conflicts))
                    if conflicts.iter().all(|conflict| conflict.reason == Refusal::EntriesPending) =>
                {
                    retried.stay += 1;
                }
                Err(BooksError::Store(StoreError::Corrupt(_))) => retried.stay += 1,
                Err(error) => return Err(error),
            }
        }
        match next {
            Some(next) => after = next,
            None => return Ok(retried),
        }
    }
}

/// What the ledger calls an entry; none of keys that are never parked.
const fn entry(key: EntryKey) -> Option<EntryRef> {
    match key {
        EntryKey::Checkout(checkout) => Some(EntryRef::Checkout(checkout)),
        EntryKey::Return(checkout, back) => Some(EntryRef::Return(checkout, back)),
        EntryKey::Request(_) | EntryKey::Effect(_) | EntryKey::Time(_) => None,
    }
}
