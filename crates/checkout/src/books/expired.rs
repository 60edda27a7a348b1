//! Before a sale is refused because others hold what it needs: reservations among them whose time is over end, whether a
//! worker runs or not.

use std::sync::{Arc, Mutex, PoisonError};

use suanpan_ledger::head::OfferKey;
use suanpan_ledger::refusal::Conflicts;
use suanpan_store::{CodeHash, CodeHolder, CodeState, Cursor, HolderState, Taken, View};

use super::{Ask, Books, BooksError, is_of_shares};

/// Holders of one read.
const HOLDERS_PER_READ: usize = 4_096;
/// Reservations that one call ends for each limit; that is more than a sale needs, and no till waits for thousands.
const ENDED_MAX: usize = 64;

/// Limits of which others held something when a sale was decided last.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldByOthers(Arc<Mutex<Vec<OfferKey>>>);

impl HeldByOthers {
    pub(super) fn saw(&self, view: &View) {
        let held = view.limits.iter().filter(|limit| limit.held != Taken::default());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = held.map(|limit| limit.offer).collect();
    }

    fn has(&self, offer: OfferKey) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&offer)
    }
}

impl Books {
    /// Ends reservations whose time is over and that hold what a sale was refused for; whether there were any.
    pub(super) async fn end_expired_of(
        &self,
        ask: &Ask,
        conflicts: &Conflicts,
        held: &HeldByOthers,
    ) -> Result<bool, BooksError> {
        let lacks = |subject: &str| {
            conflicts.iter().any(|conflict| is_of_shares(conflict) && conflict.subject == subject)
        };
        let mut any = false;
        for offer in ask.sale.global_uses.iter().map(|used| used.offer) {
            if lacks(&named(&offer.0.to_be_bytes())) && held.has(offer) {
                any |= self.end_expired_of_limit(ask, offer).await?;
            }
        }
        for code in ask.sale.codes.iter().filter(|code| lacks(&named(*code))) {
            let view = self.store.code(&self.chain, CodeHash(*code)).await?;
            if let Some(CodeState::Held { by, until_ms }) = view.map(|view| view.state) {
                any |= self.end_expired_for(ask, by, until_ms).await?;
            }
        }
        Ok(any)
    }

    async fn end_expired_of_limit(&self, ask: &Ask, offer: OfferKey) -> Result<bool, BooksError> {
        let (mut after, mut ended) = (Cursor::default(), 0);
        loop {
            let page = self.store.limit_holders(&self.chain, offer, &after, HOLDERS_PER_READ).await?;
            for named in page.rows.into_iter().filter(|named| named.holder.state == HolderState::Held) {
                let by = CodeHolder { checkout: named.checkout, owner: named.owner };
                ended += usize::from(self.end_expired_for(ask, by, named.holder.until_ms).await?);
                if ended == ENDED_MAX {
                    return Ok(true);
                }
            }
            let Some(next) = page.next else { return Ok(ended > 0) };
            after = next;
        }
    }

    /// Ends one, when it is another's and its time is over.
    async fn end_expired_for(&self, ask: &Ask, by: CodeHolder, until_ms: i64) -> Result<bool, BooksError> {
        if by.checkout == ask.checkout || until_ms > ask.now_ms {
            return Ok(false);
        }
        match self.end_expired(by.owner, by.checkout, ask.now_ms).await {
            // One that is paid, or changes just now, holds what it holds.
            Err(BooksError::Refused(_) | BooksError::Stale) => Ok(false),
            ended => ended,
        }
    }
}

/// A limit or a code as the subject of a refusal.
pub(super) fn named(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
