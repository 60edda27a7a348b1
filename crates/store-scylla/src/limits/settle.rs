//! What becomes of a share: its sale is paid, ended, or came back. Each may be repeated.

use scylla::DeserializeRow;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{Cursor, HolderState, LimitHolder, LimitStep, NamedHolder, Page, StoreError, Taken};

use crate::basis;
use crate::bytes::{foreign_cursor, holder_state, offer_column};
use crate::failpoint::between;
use crate::inner::{Inner, Who};
use crate::limits::shard::{Holder, SHARES, Shard, share_of};
use crate::limits::{Held, home};
use crate::queues::Turn;
use crate::session::{Deadline, Pauses, values};

/// A row of a shard.
#[derive(DeserializeRow)]
pub(super) struct ShardRow {
    pub(super) holder: Vec<u8>,
    pub(super) state: Option<i32>,
    pub(super) basis: Option<i64>,
    pub(super) uses: Option<i64>,
    pub(super) amount: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) target: Option<i32>,
    pub(super) who: Option<Vec<u8>>,
}

impl Inner {
    /// Paid: what is held is used; what is absent or freed is an overrun by what is given here.
    pub(crate) async fn settle_limit(
        &self,
        chain: &str,
        offer: OfferKey,
        who: &Who,
        taken: Taken,
        until: Deadline,
    ) -> Result<(), StoreError> {
        // A fact may use what nobody ever set a limit for; it is counted all the same.
        if self.shards_of(chain, offer, until).await?.is_none() {
            self.make_limit(chain, offer, 1, until).await?;
        }
        self.step(chain, offer, who, (LimitStep::Settle, taken), until, |shard| {
            let state = shard.holder.as_ref().map(|holder| holder.share.state);
            matches!(state, None | Some(HolderState::Held | HolderState::Freed))
        })
        .await
    }

    /// Ended by the write of a version: what was held for an earlier one is free. A hold that a later try took stays.
    pub(crate) async fn free_limit(
        &self,
        chain: &str,
        offer: OfferKey,
        who: &Who,
        version: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.step(chain, offer, who, (LimitStep::Free, Taken::default()), until, |shard| {
            let holder = shard.holder.as_ref().filter(|holder| holder.share.state == HolderState::Held);
            holder.is_some_and(|holder| basis::version(holder.basis) < version)
        })
        .await
    }

    /// Frees a hold that no row stands for, if it is as it was seen.
    pub(crate) async fn release_limit(
        &self,
        chain: &str,
        held: &Held,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let Held { offer, who, basis, .. } = held;
        self.step(chain, *offer, who, (LimitStep::Free, Taken::default()), until, |shard| {
            let holder = shard.holder.as_ref().filter(|holder| holder.share.state == HolderState::Held);
            holder.is_some_and(|holder| holder.basis == *basis)
        })
        .await
    }

    /// The sale came back whole: what it used counts no longer.
    pub(crate) async fn give_limit_back(
        &self,
        chain: &str,
        offer: OfferKey,
        who: &Who,
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.step(chain, offer, who, (LimitStep::GiveBack, Taken::default()), until, |shard| {
            let state = shard.holder.as_ref().map(|holder| holder.share.state);
            matches!(state, Some(HolderState::Used | HolderState::Overrun))
        })
        .await
    }

    /// One step of a holder, as long as it is to be made.
    async fn step(
        &self,
        chain: &str,
        offer: OfferKey,
        who: &Who,
        (step, taken): (LimitStep, Taken),
        until: Deadline,
        is_to_be_made: impl Fn(&Shard) -> bool + Send,
    ) -> Result<(), StoreError> {
        let Some(shards) = self.shards_of(chain, offer, until).await? else { return Ok(()) };
        let line = home(who, shards);
        let mut pauses = Pauses::default();
        loop {
            let turn = self.queues.turn(Turn::Shard(chain.to_owned(), offer_column(offer), line)).await;
            let shard = self.home_shard(chain, offer, line, who, until).await?;
            between!("scylla/share-seen");
            let Some(after) = shard.view(offer).after(step, taken).filter(|_| is_to_be_made(&shard)) else {
                return Ok(());
            };
            let Some(share) = after.holder else { return Ok(()) };
            if shard.holder.is_none() && self.is_full(&shard) {
                drop(turn);
                self.hand_over(chain, offer, shard.number, until).await?;
                if until.is_over() {
                    return Err(StoreError::Busy);
                }
                continue;
            }
            let (basis, carried) = match &shard.holder {
                Some(holder) => (holder.basis, holder.carried.clone()),
                None => (0, Vec::new()),
            };
            let holder = Holder { share, basis, carried };
            if self.move_holder(chain, &shard, &after, shard.cap, who, &holder, until).await? {
                return Ok(());
            }
            drop(turn);
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    /// Rows of a shard between two keys.
    pub(super) async fn rows_between(
        &self,
        chain: &str,
        offer: OfferKey,
        number: i32,
        (after, before): (&[u8], &[u8]),
        limit: i32,
        until: Deadline,
    ) -> Result<Vec<ShardRow>, StoreError> {
        let values = values![chain, offer_column(offer), number, after, before, limit];
        self.cql.read::<ShardRow>(&self.statements.holders, values, until).await
    }

    /// Who has something of a limit, shard after shard.
    pub(crate) async fn list_holders(
        &self,
        chain: &str,
        offer: OfferKey,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<NamedHolder>, StoreError> {
        let until = self.deadline();
        let shards = self.all_shards(chain, offer, None, until).await?;
        let (first, last) = SHARES;
        let (begins, mut from) = match after.0.split_first_chunk::<4>() {
            None if after.0.is_empty() => (0, first.to_vec()),
            None => return Err(foreign_cursor()),
            Some((number, from)) => (i32::from_be_bytes(*number), from.to_vec()),
        };
        let limit = limit.clamp(1, 10_000);
        let mut rows = Vec::new();
        for number in shards.iter().map(|shard| shard.number).filter(|number| *number >= begins) {
            let ask = i32::try_from(limit - rows.len()).unwrap_or(i32::MAX);
            let found = self.rows_between(chain, offer, number, (&from, last), ask, until).await?;
            let full = found.len() + rows.len() >= limit;
            for row in found {
                from.clone_from(&row.holder);
                let Some(state) = row.state else { continue };
                let who = share_of(&row.holder)?;
                let taken = Taken {
                    uses: row.uses.unwrap_or_default(),
                    amount_minor: row.amount.unwrap_or_default(),
                };
                let until_ms = row.until.unwrap_or_default();
                let holder = LimitHolder { state: holder_state(state)?, taken, until_ms };
                rows.push(NamedHolder { offer, checkout: who.checkout, owner: who.owner, holder });
            }
            if full {
                let mut cursor = number.to_be_bytes().to_vec();
                cursor.extend_from_slice(&from);
                return Ok(Page { rows, next: Some(Cursor(cursor)) });
            }
            from = first.to_vec();
        }
        Ok(Page { rows, next: None })
    }
}
