//! Before a sale is refused because others hold what it needs: reservations among them whose time is over end, whether a
//! worker runs or not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use suanpan_ledger::head::OfferKey;
use suanpan_ledger::refusal::Conflicts;
use suanpan_store::{CodeHash, CodeHolder, CodeState, Cursor, HolderState, Taken, View};

use super::accrue::worker;
use super::{Ask, Books, BooksError, Moment, is_of_shares};

/// Holders of one read.
const HOLDERS_PER_READ: usize = 4_096;
/// Reservations that one call ends for each limit; that is more than a sale needs, and no till waits for thousands.
const ENDED_MAX: usize = 64;

/// A limit is looked through again after so long at the latest, milliseconds: reservations that came meanwhile may be
/// shorter than those that were there. Far below the shortest that a till may ask for, a minute: none that came since can be
/// over by then, whoever's clock it began by.
const LOOKED_AGAIN_MS: i64 = 10_000;
/// Limits that are remembered.
const LOOKED_MAX: usize = 1_024;

/// Until when a limit has no reservation whose time is over, as far as this process knows: a campaign that is sold out has
/// tens of thousands of holders, and is asked for again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct Looked(Arc<Mutex<HashMap<(String, OfferKey), i64>>>);

impl Looked {
    fn is_due(&self, chain: &str, offer: OfferKey, now_ms: i64) -> bool {
        let looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looked.get(&(chain.to_owned(), offer)).is_none_or(|again_ms| now_ms >= *again_ms)
    }

    fn note(&self, chain: &str, offer: OfferKey, again_ms: i64) {
        let mut looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.len() >= LOOKED_MAX {
            looked.clear();
        }
        looked.insert((chain.to_owned(), offer), again_ms);
    }
}

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
            let is_due = || self.queues.looked.is_due(&self.chain, offer, ask.now_ms);
            if lacks(&named(&offer.0.to_be_bytes())) && held.has(offer) && is_due() {
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
        let mut again_ms = ask.now_ms + LOOKED_AGAIN_MS;
        loop {
            let page = self.store.limit_holders(&self.chain, offer, &after, HOLDERS_PER_READ).await?;
            for named in page.rows.into_iter().filter(|named| named.holder.state == HolderState::Held) {
                let by = CodeHolder { checkout: named.checkout, owner: named.owner };
                ended += usize::from(self.end_expired_for(ask, by, named.holder.until_ms).await?);
                // One that is over and did not end is being paid or ended by others: in a moment again.
                again_ms = again_ms.min(named.holder.until_ms.max(ask.now_ms + 1));
                if ended == ENDED_MAX {
                    return Ok(true);
                }
            }
            let Some(next) = page.next else { break };
            after = next;
        }
        self.queues.looked.note(&self.chain, offer, again_ms);
        Ok(ended > 0)
    }

    /// Ends one, when it is another's and its time is over.
    async fn end_expired_for(&self, ask: &Ask, by: CodeHolder, until_ms: i64) -> Result<bool, BooksError> {
        if by.checkout == ask.checkout || until_ms > ask.now_ms {
            return Ok(false);
        }
        let at = Moment::of_step(ask.now_ms);
        match self.end_reservation(by.owner, by.checkout, &worker(), at).await {
            // One that is paid, or changes just now, holds what it holds.
            Err(BooksError::Refused(_) | BooksError::Stale) => Ok(false),
            // Also when others ended it meanwhile.
            ended => Ok(ended?.is_some()),
        }
    }
}

/// A limit or a code as the subject of a refusal.
pub(super) fn named(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_looked_through_when_something_may_have_ended() {
        let looked = Looked::default();
        assert!(looked.is_due("sunrise", OfferKey(1), 0));
        looked.note("sunrise", OfferKey(1), 500);
        for (chain, offer, now_ms, is_due) in [
            ("sunrise", 1, 499, false),
            ("sunrise", 1, 500, true),
            ("sunrise", 2, 0, true),
            ("hinode", 1, 0, true),
        ] {
            assert_eq!(looked.is_due(chain, OfferKey(offer), now_ms), is_due, "{chain} {offer} at {now_ms}");
        }
    }
}
