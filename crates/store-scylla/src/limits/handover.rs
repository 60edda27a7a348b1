//! A shard that has many rows hands what it has left to a fresh one: a partition is to stay small, and its rows stay as long
//! as anybody may ask for their sales. The capacity leaves as every other does, together with a record of it, by the very
//! write that says where new shares go from then on; so it is never in two places, and whoever comes next lets it arrive.

use suanpan_ledger::head::OfferKey;
use suanpan_store::{LimitCap, StoreError};

use crate::bytes::{ANCHOR, offer_column};
use crate::failpoint::between;
use crate::inner::Inner;
use crate::limits::line::{line_of, predecessor, successor};
use crate::limits::shard::{Shard, sent_key};
use crate::queues::Turn;
use crate::schema::HANDOVER_SINCE;
use crate::session::{Applied, Deadline, Pauses, values};

impl Inner {
    /// Whether a shard has so many rows that a new one belongs into another. One without a cap never hands over: nothing of it
    /// can be had, and what it counts are facts.
    pub(super) fn is_full(&self, shard: &Shard) -> bool {
        shard.is_set && shard.next.is_none() && shard.rows >= self.options.rows_per_shard
    }

    /// Whether something has to be done before a new share can be held here.
    pub(super) fn needs_room(&self, shard: &Shard) -> bool {
        !shard.is_set && predecessor(shard.number).is_some() || shard.holder.is_none() && self.is_full(shard)
    }

    /// Does it: lets arrive what was handed over, or hands over.
    pub(super) async fn make_room(
        &self,
        chain: &str,
        offer: OfferKey,
        shard: &Shard,
        until: Deadline,
    ) -> Result<(), StoreError> {
        match predecessor(shard.number).filter(|_| !shard.is_set) {
            Some(before) => self.finish_transfers_of(chain, offer, before, until).await.map(|_| ()),
            None => self.hand_over(chain, offer, shard.number, until).await,
        }
    }

    /// Lets a full shard hand over what it has left. Whoever looks again finds what is so by then.
    pub(super) async fn hand_over(
        &self,
        chain: &str,
        offer: OfferKey,
        number: i32,
        until: Deadline,
    ) -> Result<(), StoreError> {
        // A release that knows no lines would sell what it does not see.
        self.keep_others_out(HANDOVER_SINCE, until).await?;
        let (column, next) = (offer_column(offer), successor(number));
        self.cql.decide(&self.statements.new_shard, values![chain, column, next, ANCHOR], until).await?;
        between!("scylla/successor-made");
        {
            let _turn = self.queues.turn(Turn::Shard(chain.to_owned(), column, line_of(number))).await;
            let shard = self.shard(chain, offer, number, None, until).await?;
            if !self.is_full(&shard) {
                return Ok(());
            }
            let (stays, leaves) = divide(&shard);
            let version = shard.version + 1;
            let (key, nobody) = (sent_key(version), None::<Vec<u8>>);
            let values = values![
                version,
                stays.uses,
                stays.amount_minor,
                shard.leaving + 1,
                shard.rows + 1,
                next,
                leaves.uses,
                leaves.amount_minor,
                next,
                nobody,
                0_i64,
                0_i64,
                chain,
                column,
                number,
                key,
                shard.version
            ];
            // Not applied: the shard changed, or a try whose answer was lost did it. The next look tells.
            self.cql.decide(&self.statements.send, values, until).await?;
        }
        between!("scylla/handed-over");
        self.finish_transfers_of(chain, offer, number, until).await.map(|_| ())
    }

    /// Lets what a shard handed over arrive at its successor, which has a cap from then on: once.
    pub(super) async fn take_over(
        &self,
        chain: &str,
        offer: OfferKey,
        number: i32,
        leaves: LimitCap,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let mut pauses = Pauses::default();
        loop {
            let column = offer_column(offer);
            let turn = self.queues.turn(Turn::Shard(chain.to_owned(), column, line_of(number))).await;
            let shard = self.shard(chain, offer, number, None, until).await?;
            if shard.is_set {
                return Ok(());
            }
            let version = shard.version + 1;
            // What was brought for a sale may have been faster.
            let with = |leaves: Option<i64>, there: Option<i64>| Some(leaves? + there.unwrap_or_default());
            let uses = with(leaves.uses, shard.cap.uses);
            let amount = with(leaves.amount_minor, shard.cap.amount_minor);
            let values =
                values![version, shard.plan, true, uses, amount, chain, column, number, shard.version];
            if let Applied::Yes = self.cql.decide(&self.statements.set_cap, values, until).await? {
                return Ok(());
            }
            drop(turn);
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause_after_first().await;
        }
    }
}

/// What of a shard's cap stays, and what leaves: what nobody has taken. Where there is no cap there is none here and there.
fn divide(shard: &Shard) -> (LimitCap, LimitCap) {
    let spare = shard.spare();
    let of = |cap: Option<i64>, spare: i64| {
        let leaves = spare.max(0);
        (cap.map(|cap| cap - leaves), cap.map(|_| leaves))
    };
    let (uses, amount) = (of(shard.cap.uses, spare.uses), of(shard.cap.amount_minor, spare.amount_minor));
    (LimitCap { uses: uses.0, amount_minor: amount.0 }, LimitCap { uses: uses.1, amount_minor: amount.1 })
}

#[cfg(test)]
mod tests {
    use suanpan_store::Taken;

    use super::*;

    #[test]
    fn what_nobody_has_taken_leaves() {
        for (cap, used, stays, leaves) in [
            (Some(10), 4, Some(4), Some(6)),
            (Some(10), 10, Some(10), Some(0)),
            // Facts took more than there was.
            (Some(10), 12, Some(10), Some(0)),
            (None, 4, None, None),
        ] {
            let shard = Shard {
                number: 0,
                version: 9,
                plan: 1,
                is_set: true,
                cap: LimitCap { uses: cap, amount_minor: None },
                used: Taken { uses: used, amount_minor: 7 },
                held: Taken::default(),
                overrun: Taken::default(),
                leaving: 0,
                rows: 3,
                next: None,
                holder: None,
            };
            let of = |uses| LimitCap { uses, amount_minor: None };
            assert_eq!(divide(&shard), (of(stays), of(leaves)), "{cap:?} {used}");
        }
    }
}
