//! Reservations of guests that nobody came back for: no head says when they end, so what they hold of limits and codes
//! says it.

use suanpan_checkout::{Books, BooksError};
use suanpan_ledger::head::OfferKey;
use suanpan_store::{CodeHash, CodeHolder, CodeState, Cursor, HolderState, StoreError};

use super::Shared;
use super::crew::passes;

/// Rows of one read.
const ROWS_PER_READ: usize = 4_096;

/// What is held.
#[derive(Clone, Copy)]
enum Share {
    Limit(OfferKey),
    Code(CodeHash),
}

/// Ends every reservation whose time is over and that still holds something of a limit, or `with_codes` a code: of
/// those there may be millions, and all are looked at.
pub(crate) async fn end(shared: &Shared, with_codes: bool) -> Result<(), StoreError> {
    for chain in shared.store.chains().await? {
        let books = match shared.policies.books(&chain).await {
            Ok(Some(books)) => books,
            // Without rules nothing can be decided; a chain that cannot be read is said by its members' work.
            Ok(None) | Err(_) => continue,
        };
        end_of_limits(shared, &books).await?;
        if with_codes {
            end_of_codes(shared, &books).await?;
        }
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
                    let by = CodeHolder { checkout: named.checkout, owner: named.owner };
                    end_one(shared, books, by, named.holder.until_ms, Share::Limit(limit.offer)).await?;
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
        for (hash, code) in page.rows {
            if let CodeState::Held { by, until_ms } = code.state {
                end_one(shared, books, by, until_ms, Share::Code(hash)).await?;
            }
        }
        let Some(next) = page.next else { return Ok(()) };
        after = next;
    }
}

async fn end_one(
    shared: &Shared,
    books: &Books,
    by: CodeHolder,
    until_ms: i64,
    share: Share,
) -> Result<(), StoreError> {
    let now_ms = (shared.clock)();
    if until_ms > now_ms {
        return Ok(());
    }
    let (chain, checkout) = (&books.chain, by.checkout);
    // One row that cannot be read must not keep all others from ending.
    let after = |error: StoreError| {
        if passes(&error) {
            return Err(error);
        }
        tracing::error!(chain, %checkout, %error, "a reservation holds something and cannot be read");
        Ok(())
    };
    match books.end_expired(by.owner.clone(), by.checkout, now_ms).await {
        Ok(true) => {
            shared.board.worked(suanpan_checkout::Worked { ended: 1, ..Default::default() });
            Ok(())
        }
        // Nobody reserves it: whoever took the share ended before the sale was written, or before it was settled; or the sale
        // was paid without it, or under another owner.
        Ok(false) | Err(BooksError::Refused(_)) => match share {
            Share::Limit(offer) => {
                shared.store.finish_shares(&books.chain, &by, &[offer], &[]).await.or_else(after)
            }
            Share::Code(code) => {
                shared.store.finish_shares(&books.chain, &by, &[], &[code]).await.or_else(after)
            }
        },
        Err(BooksError::Store(error)) => after(error),
        Err(BooksError::Stale) => {
            tracing::warn!(chain, %checkout, "a reservation holds something and cannot be ended");
            Ok(())
        }
    }
}
