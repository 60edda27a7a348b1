//! Reservations of guests that nobody came back for: no head says when they end, so what they hold of limits and codes
//! says it.

use suanpan_checkout::{Books, BooksError};
use suanpan_domain::CheckoutId;
use suanpan_store::{CodeState, Cursor, HolderState, Owner, StoreError};

use super::Shared;

/// Rows of one read.
const ROWS_PER_READ: usize = 4_096;

/// Ends every reservation whose time is over and that still holds something of a limit, or a code.
pub(crate) async fn end(shared: &Shared) -> Result<(), StoreError> {
    for chain in shared.store.chains().await? {
        let books = match shared.policies.books(&chain).await {
            Ok(Some(books)) => books,
            // Without rules nothing can be decided; a chain that cannot be read is said by its members' work.
            Ok(None) | Err(_) => continue,
        };
        end_of_limits(shared, &books).await?;
        end_of_codes(shared, &books).await?;
    }
    Ok(())
}

async fn end_of_limits(shared: &Shared, books: &Books) -> Result<(), StoreError> {
    for limit in shared.store.limits(&books.chain).await? {
        if limit.held.uses == 0 && limit.held.amount_minor == 0 {
            continue;
        }
        let mut after = Cursor::default();
        loop {
            let page = shared.store.limit_holders(&books.chain, limit.offer, &after, ROWS_PER_READ).await?;
            for named in page.rows {
                if named.holder.state == HolderState::Held {
                    end_one(shared, books, named.owner, named.checkout, named.holder.until_ms).await?;
                }
            }
            let Some(next) = page.next else { break };
            after = next;
        }
    }
    Ok(())
}

async fn end_of_codes(shared: &Shared, books: &Books) -> Result<(), StoreError> {
    let mut after = Cursor::default();
    loop {
        let page = shared.store.codes(&books.chain, &after, ROWS_PER_READ).await?;
        for (_, code) in page.rows {
            if let CodeState::Held { by, until_ms } = code.state {
                end_one(shared, books, by.owner, by.checkout, until_ms).await?;
            }
        }
        let Some(next) = page.next else { return Ok(()) };
        after = next;
    }
}

async fn end_one(
    shared: &Shared,
    books: &Books,
    owner: Owner,
    checkout: CheckoutId,
    until_ms: i64,
) -> Result<(), StoreError> {
    let now_ms = (shared.clock)();
    if until_ms > now_ms {
        return Ok(());
    }
    match books.end_expired(owner, checkout, now_ms).await {
        Ok(ended) => {
            shared.board.worked(suanpan_checkout::Worked { ended: u32::from(ended), ..Default::default() });
            Ok(())
        }
        Err(BooksError::Store(error)) => Err(error),
        Err(BooksError::Refused(_) | BooksError::Stale) => {
            let chain = &books.chain;
            tracing::warn!(chain, %checkout, "a reservation holds something and cannot be ended");
            Ok(())
        }
    }
}
