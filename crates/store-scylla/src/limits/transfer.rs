//! Capacity that goes from one shard to another: together with the hold that it is for, so that it never lies where somebody
//! has looked already, or with the shard's place in its line. It leaves its source with a record of it, arrives once, and
//! then the record is closed; whoever meets an open one lets it arrive.

use suanpan_ledger::head::OfferKey;
use suanpan_store::{HolderState, LimitCap, LimitHolder, StoreError, Taken};

use crate::bytes::offer_column;
use crate::error::damaged;
use crate::failpoint::between;
use crate::inner::{Inner, Who};
use crate::limits::line::line_of;
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
    /// What the try needs in all that sent it, while it is at it.
    need: Option<Taken>,
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

impl Inner {
    /// Brings capacity from the shard that has most; false when none has any.
    #[allow(clippy::too_many_arguments)] // What capacity on its way is made of.
    pub(super) async fn bring(
        &self,
        chain: &str,
        offer: OfferKey,
        target: i32,
        who: &Who,
        (need, missing): (Taken, Taken),
        (basis, until_ms): (i64, i64),
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let mut best: Option<(Taken, i32)> = None;
        let shards = self.all_shards(chain, offer, None, until).await?;
        for shard in shards.iter().filter(|shard| shard.number != target) {
            let (number, takes) = (shard.number, share_of_spare(shard.spare(), missing));
            if takes != Taken::default()
                && best
                    .is_none_or(|(most, _)| (takes.uses, takes.amount_minor) > (most.uses, most.amount_minor))
            {
                best = Some((takes, number));
            }
        }
        let Some((_, source)) = best else { return Ok(false) };
        let sent = 'send: {
            let column = offer_column(offer);
            let _turn = self.queues.turn(Turn::Shard(chain.to_owned(), column, line_of(source))).await;
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
                shard.rows + 1,
                shard.next,
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
            let (who, need) = (who.clone(), Some(need));
            Some(Sent { source, version, target, who, capacity, basis, until_ms, need })
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
            let (column, line) = (offer_column(offer), line_of(sent.target));
            let turn = self.queues.turn(Turn::Shard(chain.to_owned(), column, line)).await;
            // Where the share lies: the target may have handed over meanwhile, and takes no new one.
            let shard = self.home_shard(chain, offer, line, &sent.who, until).await?;
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
                // What it needs no more is anybody's: held too, it would be paid for, or be kept from others.
                HolderState::Held => {
                    let lacking = lacking(&holder, sent);
                    holder.share.taken = holder.share.taken.plus(lacking);
                    holder.basis = holder.basis.max(sent.basis);
                    after.held = after.held.plus(lacking);
                }
                HolderState::Freed => {
                    holder.share.state = HolderState::Held;
                    holder.share.taken = sent.capacity;
                    holder.basis = sent.basis;
                    after.held = after.held.plus(sent.capacity);
                }
                // It has what it needed, or came back with it and is not paid again: the capacity is anybody's.
                HolderState::Used | HolderState::Overrun | HolderState::GivenBack => {}
            }
            let cap = more(&shard, sent.capacity);
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
        self.close_transfer(chain, offer, sent.source, sent.version, until).await
    }

    /// Notes at the source that what left with a version of it has arrived.
    async fn close_transfer(
        &self,
        chain: &str,
        offer: OfferKey,
        source: i32,
        version: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let column = offer_column(offer);
        let _turn = self.queues.turn(Turn::Shard(chain.to_owned(), column, line_of(source))).await;
        let mut pauses = Pauses::default();
        loop {
            let shard = self.shard(chain, offer, source, None, until).await?;
            let values = values![
                shard.version + 1,
                shard.leaving - 1,
                chain,
                column,
                source,
                sent_key(version),
                shard.version
            ];
            match self.cql.decide(&self.statements.arrived, values, until).await? {
                Applied::Yes => {
                    between!("scylla/transfer-closed");
                    return Ok(());
                }
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
        let mut any = false;
        for shard in self.all_shards(chain, offer, None, until).await? {
            if shard.leaving > 0 {
                any |= self.finish_transfers_of(chain, offer, shard.number, until).await?;
            }
        }
        Ok(any)
    }

    pub(super) async fn finish_transfers_of(
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
                let (Some(version), Some(target)) = (version, row.target) else {
                    return Err(damaged("capacity on its way"));
                };
                any = true;
                let Some(who) = row.who else {
                    let leaves = LimitCap { uses: row.uses, amount_minor: row.amount };
                    self.take_over(chain, offer, target, leaves, until).await?;
                    between!("scylla/taken-over");
                    self.close_transfer(chain, offer, source, version, until).await?;
                    continue;
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
                    need: None,
                };
                self.arrive(chain, offer, &sent, until).await?;
            }
        }
    }
}

/// How much of what arrives a share that is held lacks. A try that brings its share together from several shards knows what it
/// needs in all. What another try left on its way comes late: a share that was taken since, for the same version or a later
/// one, is whole, or whoever takes it brings the rest.
fn lacking(holder: &Holder, sent: &Sent) -> Taken {
    let (has, capacity) = (holder.share.taken, sent.capacity);
    let within = |capacity: i64, need: i64, has: i64| capacity.min(need.saturating_sub(has)).max(0);
    match sent.need {
        _ if holder.basis > sent.basis => Taken::default(),
        Some(need) => Taken {
            uses: within(capacity.uses, need.uses, has.uses),
            amount_minor: within(capacity.amount_minor, need.amount_minor, has.amount_minor),
        },
        None if holder.basis == sent.basis => Taken::default(),
        None => capacity,
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

/// A fresh shard may not have its cap yet: what comes then is added to it when it does.
fn more(shard: &Shard, capacity: Taken) -> LimitCap {
    let of = |cap: Option<i64>, capacity: i64| match cap {
        Some(cap) => Some(cap + capacity),
        // Nothing is brought where there is no cap.
        None => (!shard.is_set && capacity > 0).then_some(capacity),
    };
    LimitCap {
        uses: of(shard.cap.uses, capacity.uses),
        amount_minor: of(shard.cap.amount_minor, capacity.amount_minor),
    }
}
