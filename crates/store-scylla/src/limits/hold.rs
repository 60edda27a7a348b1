//! Taking a share, and looking for those that are held.

use suanpan_ledger::head::OfferKey;
use suanpan_store::{HolderState, LimitHolder, LimitStep, StoreError, Taken};

use crate::bytes::offer_column;
use crate::failpoint::between;
use crate::inner::{Inner, Who};
use crate::limits::home;
use crate::limits::shard::{Holder, Shard, share_of};
use crate::queues::Turn;
use crate::session::{Deadline, Pauses};

/// Holders of one read.
const HOLDERS_PER_READ: i32 = 500;
/// Held shares that are looked at before more are read.
const HELD_AT_ONCE: usize = 64;

/// How far a limit was looked through for shares that are held.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldPlace {
    shard: i32,
    /// The last holder; empty before a shard's first.
    after: Vec<u8>,
}

impl Inner {
    /// Holds a share for exactly this version of the member's head, or renews it. False when there is not so much.
    #[allow(clippy::too_many_arguments)] // What a hold is made of.
    pub(crate) async fn hold_limit(
        &self,
        chain: &str,
        offer: OfferKey,
        who: &Who,
        need: Taken,
        basis: i64,
        until_ms: i64,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let Some(shards) = self.shards_of(chain, offer, until).await? else { return Ok(false) };
        let line = home(who, shards);
        let mut pauses = Pauses::default();
        let mut brings = false;
        loop {
            let turn = self.queues.turn(Turn::Shard(chain.to_owned(), offer_column(offer), line)).await;
            let shard = self.home_shard(chain, offer, line, who, until).await?;
            between!("scylla/shard-seen");
            let share = LimitHolder { state: HolderState::Held, taken: need, until_ms };
            match &shard.holder {
                Some(holder) if matches!(holder.share.state, HolderState::Used | HolderState::Overrun) => {
                    return Ok(true);
                }
                // The sale was paid and came back while this try was away: it looks again, and finds it so. What it took would
                // be held for ever, since what was paid is not paid again.
                Some(holder) if holder.share.state == HolderState::GivenBack => return Ok(false),
                Some(holder) if holder.share == share && holder.basis == basis => return Ok(true),
                // A later try of this very sale has it: this one looks again.
                Some(holder) if holder.share.state == HolderState::Held && holder.basis > basis => {
                    return Ok(false);
                }
                // One that sells it otherwise may be about to write: it looks again, and keeps that one out first.
                Some(holder)
                    if holder.share.state == HolderState::Held
                        && holder.basis == basis
                        && holder.share.taken != need
                        && !brings =>
                {
                    return Ok(false);
                }
                _ => {}
            }
            if self.needs_room(&shard) {
                drop(turn);
                self.make_room(chain, offer, &shard, until).await?;
            } else {
                match shard.view(offer).after(LimitStep::Hold { until_ms }, need) {
                    Some(after) => {
                        let carried = shard.holder.as_ref().map(|holder| holder.carried.clone());
                        let holder = Holder { share, basis, carried: carried.unwrap_or_default() };
                        // Not: then the next look tells, also when it was written by a try whose answer was lost.
                        if self.move_holder(chain, &shard, &after, shard.cap, who, &holder, until).await? {
                            return Ok(true);
                        }
                    }
                    None => {
                        drop(turn);
                        let missing = missing(&shard, need);
                        let target = shard.number;
                        let both = (need, missing);
                        if !self.bring(chain, offer, target, who, both, (basis, until_ms), until).await? {
                            return Ok(false);
                        }
                        brings = true;
                    }
                }
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause_after_first().await;
        }
    }

    /// Shares of a limit that are held, from a place on, some at a time; none at the end.
    pub(crate) async fn held(
        &self,
        chain: &str,
        offer: OfferKey,
        place: &mut HeldPlace,
        until: Deadline,
    ) -> Result<Option<Vec<crate::limits::Held>>, StoreError> {
        let shards = self.all_shards(chain, offer, None, until).await?;
        let (from, to) = crate::limits::shard::SHARES;
        let mut found = Vec::new();
        while let Some(shard) = shards.iter().find(|shard| shard.number >= place.shard) {
            let number = shard.number;
            if number > place.shard || place.after.is_empty() {
                if shard.held == Taken::default() {
                    *place = HeldPlace { shard: number + 1, after: Vec::new() };
                    continue;
                }
                *place = HeldPlace { shard: number, after: from.to_vec() };
            }
            let rows =
                self.rows_between(chain, offer, number, (&place.after, to), HOLDERS_PER_READ, until).await?;
            match rows.last() {
                Some(last) => place.after.clone_from(&last.holder),
                None => *place = HeldPlace { shard: number + 1, after: Vec::new() },
            }
            for row in rows.into_iter().filter(|row| row.state == Some(1)) {
                let (who, basis) = (share_of(&row.holder)?, row.basis.unwrap_or_default());
                let taken = Taken {
                    uses: row.uses.unwrap_or_default(),
                    amount_minor: row.amount.unwrap_or_default(),
                };
                found.push(crate::limits::Held { offer, who, basis, taken });
            }
            if found.len() >= HELD_AT_ONCE {
                return Ok(Some(found));
            }
        }
        Ok((!found.is_empty()).then_some(found))
    }

    /// Whether a share is held as it was seen.
    pub(crate) async fn is_held(
        &self,
        chain: &str,
        held: &crate::limits::Held,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let line = home(&held.who, self.shards_of(chain, held.offer, until).await?.unwrap_or(1));
        let shard = self.home_shard(chain, held.offer, line, &held.who, until).await?;
        Ok(shard
            .holder
            .is_some_and(|holder| holder.share.state == HolderState::Held && holder.basis == held.basis))
    }
}

/// How much a shard lacks for a share. What this holder has counts.
fn missing(shard: &Shard, need: Taken) -> Taken {
    let own = shard.holder.as_ref().filter(|holder| holder.share.state == HolderState::Held);
    let own = own.map(|holder| holder.share.taken).unwrap_or_default();
    let spare = shard.spare();
    let lacks = |need: i64, spare: i64, own: i64| {
        if need == 0 { 0 } else { need.saturating_sub(spare.saturating_add(own)).max(0) }
    };
    Taken {
        uses: lacks(need.uses, spare.uses, own.uses),
        amount_minor: lacks(need.amount_minor, spare.amount_minor, own.amount_minor),
    }
}
