//! Taking a share. When the home shard is full, capacity comes from another one together with the hold, so that it never
//! lies where somebody has looked already.

use suanpan_ledger::head::OfferKey;
use suanpan_store::{HolderState, LimitCap, LimitHolder, LimitStep, StoreError, Taken};

use crate::bytes::offer_column;
use crate::error::damaged;
use crate::failpoint::between;
use crate::inner::{Inner, Who};
use crate::limits::home;
use crate::limits::shard::{ALL_SENT, Holder, Shard, sent_key, share_key, share_of};
use crate::queues::Turn;
use crate::session::{Applied, Deadline, Pauses, values};

/// Capacity on its way.
struct Sent {
    /// From.
    source: i32,
    /// The version of the source that sent it, which names it.
    version: i64,
    target: i32,
    who: Who,
    capacity: Taken,
    basis: i64,
    until_ms: i64,
}

impl Sent {
    /// Its name in the list of what a holder brought along.
    fn name(&self) -> [u8; 12] {
        let mut name = [0; 12];
        name[..4].copy_from_slice(&self.source.to_be_bytes());
        name[4..].copy_from_slice(&self.version.to_be_bytes());
        name
    }
}

/// Pieces that are looked at in one shard at once; more are left to the next who comes.
const PIECES_MAX: i32 = 64;

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
        let number = home(who, shards);
        let mut pauses = Pauses::default();
        loop {
            let turn = self.queues.turn(Turn::Shard(chain.to_owned(), offer_column(offer), number)).await;
            let shard = self.shard(chain, offer, number, Some(who), until).await?;
            let share = LimitHolder { state: HolderState::Held, taken: need, until_ms };
            match &shard.holder {
                Some(holder) if matches!(holder.share.state, HolderState::Used | HolderState::Overrun) => {
                    return Ok(true);
                }
                Some(holder) if holder.share == share && holder.basis == basis => return Ok(true),
                // A later try of this very sale has it: this one looks again.
                Some(holder) if holder.share.state == HolderState::Held && holder.basis > basis => {
                    return Ok(false);
                }
                _ => {}
            }
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
                    if !self
                        .bring(chain, offer, (number, shards), who, missing, (basis, until_ms), until)
                        .await?
                    {
                        return Ok(false);
                    }
                }
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause_after_first().await;
        }
    }

    /// Brings capacity from the shard that has most; false when none has any.
    #[allow(clippy::too_many_arguments)] // What capacity on its way is made of.
    async fn bring(
        &self,
        chain: &str,
        offer: OfferKey,
        (target, shards): (i32, i32),
        who: &Who,
        missing: Taken,
        (basis, until_ms): (i64, i64),
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let mut best: Option<(Taken, i32)> = None;
        for number in (0..shards).filter(|number| *number != target) {
            let spare = self.shard(chain, offer, number, None, until).await?.spare();
            let takes = share_of_spare(spare, missing);
            if takes != Taken::default()
                && best
                    .is_none_or(|(most, _)| (takes.uses, takes.amount_minor) > (most.uses, most.amount_minor))
            {
                best = Some((takes, number));
            }
        }
        let Some((_, source)) = best else { return Ok(false) };
        let sent = 'send: {
            let _turn = self.queues.turn(Turn::Shard(chain.to_owned(), offer_column(offer), source)).await;
            let shard = self.shard(chain, offer, source, None, until).await?;
            let capacity = share_of_spare(shard.spare(), missing);
            if capacity == Taken::default() {
                // Somebody was faster: it is worth looking again.
                return Ok(true);
            }
            let version = shard.version + 1;
            let cap = less(shard.cap, capacity);
            let (key, holder) = (sent_key(version), share_key(who));
            let values = values![
                version,
                cap.uses,
                cap.amount_minor,
                shard.leaving + 1,
                capacity.uses,
                capacity.amount_minor,
                target,
                holder,
                basis,
                until_ms,
                chain,
                offer_column(offer),
                source,
                key,
                shard.version
            ];
            if let Applied::No(_) = self.cql.decide(&self.statements.send, values, until).await? {
                break 'send None;
            }
            Some(Sent { source, version, target, who: who.clone(), capacity, basis, until_ms })
        };
        let Some(sent) = sent else {
            // Perhaps it was sent by a try whose answer was lost: then it is found there and arrives. Without the turn of
            // the source, which arriving takes.
            return self.finish_transfers_of(chain, offer, source, until).await.map(|_| true);
        };
        between!("scylla/capacity-sent");
        self.arrive(chain, offer, &sent, until).await?;
        Ok(true)
    }

    /// Lets capacity arrive at its target with the hold that it is for, once, and notes at the source that it did.
    async fn arrive(
        &self,
        chain: &str,
        offer: OfferKey,
        sent: &Sent,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let mut pauses = Pauses::default();
        loop {
            let turn =
                self.queues.turn(Turn::Shard(chain.to_owned(), offer_column(offer), sent.target)).await;
            let shard = self.shard(chain, offer, sent.target, Some(&sent.who), until).await?;
            let mut holder = shard.holder.clone().unwrap_or(Holder {
                share: LimitHolder {
                    state: HolderState::Freed,
                    taken: Taken::default(),
                    until_ms: sent.until_ms,
                },
                basis: sent.basis,
                carried: Vec::new(),
            });
            if holder.carried.chunks(12).any(|name| name == sent.name()) {
                break;
            }
            holder.carried.extend_from_slice(&sent.name());
            let mut after = shard.view(offer);
            match holder.share.state {
                HolderState::Held => {
                    holder.share.taken = holder.share.taken.plus(sent.capacity);
                    holder.basis = holder.basis.max(sent.basis);
                    after.held = after.held.plus(sent.capacity);
                }
                HolderState::Freed | HolderState::GivenBack => {
                    holder.share.state = HolderState::Held;
                    holder.share.taken = sent.capacity;
                    holder.basis = sent.basis;
                    after.held = after.held.plus(sent.capacity);
                }
                // It has what it needed: the capacity is anybody's.
                HolderState::Used | HolderState::Overrun => {}
            }
            let cap = more(shard.cap, sent.capacity);
            if self.move_holder(chain, &shard, &after, cap, &sent.who, &holder, until).await? {
                break;
            }
            drop(turn);
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause_after_first().await;
        }
        between!("scylla/capacity-arrived");
        let _turn = self.queues.turn(Turn::Shard(chain.to_owned(), offer_column(offer), sent.source)).await;
        let mut pauses = Pauses::default();
        loop {
            let shard = self.shard(chain, offer, sent.source, None, until).await?;
            let values = values![
                shard.version + 1,
                shard.leaving - 1,
                chain,
                offer_column(offer),
                sent.source,
                sent_key(sent.version),
                shard.version
            ];
            match self.cql.decide(&self.statements.arrived, values, until).await? {
                Applied::Yes => return Ok(()),
                // Somebody noted it already.
                Applied::No(found) if found.int("state") == Some(2) => return Ok(()),
                Applied::No(_) if until.is_over() => return Err(StoreError::Busy),
                Applied::No(_) => pauses.pause().await,
            }
        }
    }

    /// Lets all capacity of a limit arrive that is on its way; whether there was any.
    pub(crate) async fn finish_transfers(
        &self,
        chain: &str,
        offer: OfferKey,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let Some(shards) = self.shards_of(chain, offer, until).await? else { return Ok(false) };
        let mut any = false;
        for number in 0..shards {
            if self.shard(chain, offer, number, None, until).await?.leaving > 0 {
                any |= self.finish_transfers_of(chain, offer, number, until).await?;
            }
        }
        Ok(any)
    }

    async fn finish_transfers_of(
        &self,
        chain: &str,
        offer: OfferKey,
        source: i32,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let (from, to) = ALL_SENT;
        let mut after = from.to_vec();
        let mut any = false;
        loop {
            let rows = self.rows_between(chain, offer, source, (&after, to), PIECES_MAX, until).await?;
            let Some(last) = rows.last() else { return Ok(any) };
            after.clone_from(&last.holder);
            for row in rows.into_iter().filter(|row| row.state == Some(1)) {
                let version =
                    row.holder.get(1..).and_then(|name| name.try_into().ok()).map(i64::from_be_bytes);
                let (Some(version), Some(target), Some(who)) = (version, row.target, row.who) else {
                    return Err(damaged("capacity on its way"));
                };
                let sent = Sent {
                    source,
                    version,
                    target,
                    who: share_of(&who)?,
                    capacity: Taken {
                        uses: row.uses.unwrap_or_default(),
                        amount_minor: row.amount.unwrap_or_default(),
                    },
                    basis: row.basis.unwrap_or_default(),
                    until_ms: row.until.unwrap_or_default(),
                };
                self.arrive(chain, offer, &sent, until).await?;
                any = true;
            }
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
        let shards = self.shards_of(chain, offer, until).await?.unwrap_or_default();
        let (from, to) = crate::limits::shard::SHARES;
        let mut found = Vec::new();
        while place.shard < shards {
            if place.after.is_empty() {
                if self.shard(chain, offer, place.shard, None, until).await?.held == Taken::default() {
                    place.shard += 1;
                    continue;
                }
                place.after = from.to_vec();
            }
            let rows = self
                .rows_between(chain, offer, place.shard, (&place.after, to), HOLDERS_PER_READ, until)
                .await?;
            match rows.last() {
                Some(last) => place.after.clone_from(&last.holder),
                None => *place = HeldPlace { shard: place.shard + 1, after: Vec::new() },
            }
            for row in rows.into_iter().filter(|row| row.state == Some(1)) {
                let basis = row.basis.unwrap_or_default();
                found.push(crate::limits::Held { offer, who: share_of(&row.holder)?, basis });
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
        let shards = self.shards_of(chain, held.offer, until).await?.unwrap_or(1);
        let shard = self.shard(chain, held.offer, home(&held.who, shards), Some(&held.who), until).await?;
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

/// What a shard can give of what is missing.
fn share_of_spare(spare: Taken, missing: Taken) -> Taken {
    Taken {
        uses: spare.uses.clamp(0, missing.uses),
        amount_minor: spare.amount_minor.clamp(0, missing.amount_minor),
    }
}

fn less(cap: LimitCap, capacity: Taken) -> LimitCap {
    LimitCap {
        uses: cap.uses.map(|uses| uses - capacity.uses),
        amount_minor: cap.amount_minor.map(|amount| amount - capacity.amount_minor),
    }
}

fn more(cap: LimitCap, capacity: Taken) -> LimitCap {
    LimitCap {
        uses: cap.uses.map(|uses| uses + capacity.uses),
        amount_minor: cap.amount_minor.map(|amount| amount + capacity.amount_minor),
    }
}
