//! What the world is to be told: events in the order of their numbers, and the list of parked entries.
//!
//! A number is given by a conditional write, so that none comes to be seen after a higher one: a place that has passed a
//! number has passed every event below it. The name of an event stands beside it, so that it gets one number alone.
//!
//! - [`buckets`]: where a shard's events are.
//! - [`deliver`]: reading them, and forgetting.

mod buckets;
mod deliver;
mod parked;
mod waiting;

use std::collections::BTreeMap;

use suanpan_domain::MemberId;
use suanpan_store::{OutboxEvent, Owner, StoreError};
use tokio::sync::oneshot::error::TryRecvError;

use crate::bytes::count_column;
use crate::inner::{Inner, PARTS};
use crate::queues::Turn;
use crate::session::{Applied, Deadline, Pauses, Values, values};
pub(crate) use buckets::Ends;
use buckets::{Bucket, State};
pub(crate) use waiting::Waiting;

/// The outbox of a chain has so many shards, each in the order of its numbers; a member's events are all in one. Members of
/// parts that lie side by side are in one, so that workers who share the parts are not in each other's way.
const SHARDS: i32 = 4;
const _: () = assert!(PARTS.is_multiple_of(SHARDS.unsigned_abs()), "a part is in one shard");
/// Events that get their numbers in one write.
const EVENTS_AT_ONCE: usize = 32;

/// Begins the keys of events, which order as their numbers do.
const EVENT: u8 = 1;
/// Begins the keys of names.
const NAME: u8 = 2;

fn event_key(number: i64) -> Vec<u8> {
    let mut key = vec![EVENT];
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn name_key(event: &OutboxEvent) -> Vec<u8> {
    let mut key = vec![NAME];
    key.extend_from_slice(&event.epoch.to_be_bytes());
    key.extend_from_slice(&event.version.to_be_bytes());
    key.extend_from_slice(&event.index.to_be_bytes());
    key.extend_from_slice(event.member.as_str().as_bytes());
    key
}

impl Inner {
    /// Puts events out that are not, those of one member in their order.
    pub(crate) async fn put_events(
        &self,
        chain: &str,
        events: &[OutboxEvent],
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.list_chain(chain, until).await?;
        let mut by_shard: BTreeMap<i32, Vec<&OutboxEvent>> = BTreeMap::new();
        for event in events {
            by_shard.entry(self.shard_of(chain, &event.member)?).or_default().push(event);
        }
        for (shard, events) in by_shard {
            for some in events.chunks(EVENTS_AT_ONCE) {
                self.put_some(chain, shard, some, until).await?;
            }
        }
        Ok(())
    }

    fn shard_of(&self, chain: &str, member: &MemberId) -> Result<i32, StoreError> {
        let part = self.part(chain, &Owner::Member(member.clone()))?;
        Ok((part.0 / (PARTS / SHARDS.unsigned_abs())).cast_signed())
    }

    /// Puts events out, by itself, or together with those of calls that wait for the same turn.
    async fn put_some(
        &self,
        chain: &str,
        shard: i32,
        events: &[&OutboxEvent],
        until: Deadline,
    ) -> Result<(), StoreError> {
        let mut heard = self.waiting.add(chain, shard, events);
        let _turn = self.queues.turn(Turn::Outbox(chain.to_owned(), shard)).await;
        loop {
            match heard.try_recv() {
                Ok(()) => return Ok(()),
                // Who had them failed: so do not all that were with them.
                Err(TryRecvError::Closed) => return self.put_now(chain, shard, events, until).await,
                Err(TryRecvError::Empty) => {}
            }
            let together = self.waiting.first(chain, shard, EVENTS_AT_ONCE);
            let all: Vec<&OutboxEvent> = together.iter().flat_map(|waiter| &waiter.events).collect();
            if self.put_now(chain, shard, &all, until).await.is_ok() {
                for waiter in together {
                    // One that went away needs not hear it.
                    let _ = waiter.out.send(());
                }
            }
        }
    }

    /// Puts events out; whoever calls has the turn of the shard.
    async fn put_now(
        &self,
        chain: &str,
        shard: i32,
        events: &[&OutboxEvent],
        until: Deadline,
    ) -> Result<(), StoreError> {
        let mut pauses = Pauses::default();
        let names: Vec<Vec<u8>> = events.iter().map(|event| name_key(event)).collect();
        loop {
            let ends = self.ends_to_write(chain, shard, until).await?;
            let Bucket { number, state, mut keys } =
                self.bucket(chain, shard, ends.last, names.clone(), until).await?;
            // After the look at the one that is open: what gets a name in another one from then on fails there, or finds it.
            keys.extend(self.names_before(chain, shard, ends, &names, until).await?);
            let missing: Vec<&&OutboxEvent> =
                events.iter().filter(|event| !keys.contains(&name_key(event))).collect();
            let Some(latest_ms) = missing.iter().map(|event| event.at_ms).max() else { return Ok(()) };
            match state {
                State::Nothing => self.begin_bucket(chain, shard, number, latest_ms, until).await?,
                State::Closed { .. } => self.follow_bucket(chain, shard, number, until).await?,
                State::Open { next, .. } if state.is_full(self.options.events_per_bucket, latest_ms) => {
                    self.close_bucket(chain, shard, number, next, until).await?;
                }
                State::Open { next, .. } => {
                    if self.number(chain, shard, (number, next), &missing, until).await? {
                        return Ok(());
                    }
                }
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause_after_first().await;
        }
    }

    /// Gives events the next numbers of a bucket, all of them or none. False when it did not, or when an answer was lost: the
    /// next look tells.
    async fn number(
        &self,
        chain: &str,
        shard: i32,
        (bucket, first): (i64, i64),
        events: &[&&OutboxEvent],
        until: Deadline,
    ) -> Result<bool, StoreError> {
        struct Columns {
            number: i64,
            key: Vec<u8>,
            name: Vec<u8>,
            member: String,
            epoch: i64,
            version: i64,
            index: i32,
        }
        let columns = (first..).zip(events).map(|(number, event)| {
            Ok(Columns {
                number,
                key: event_key(number),
                name: name_key(event),
                member: event.member.as_str().to_owned(),
                epoch: count_column(event.epoch)?,
                version: count_column(event.version)?,
                index: event.index.cast_signed(),
            })
        });
        let columns: Vec<Columns> = columns.collect::<Result<_, StoreError>>()?;
        let after = first + events.len() as i64;
        let mut batch = self.batch();
        batch.append_statement(self.statements.next_event.clone());
        let condition: Values<'_> = values![after, chain, shard, bucket, first];
        let mut all: Vec<Vec<&(dyn scylla::serialize::value::SerializeValue + Sync)>> =
            vec![condition.to_vec()];
        for (event, column) in events.iter().zip(&columns) {
            batch.append_statement(self.statements.put_event.clone());
            all.push(vec![
                &chain,
                &shard,
                &bucket,
                &column.key,
                &column.number,
                &column.member,
                &column.epoch,
                &column.version,
                &column.index,
                &event.at_ms,
                &event.kind,
                &event.body,
            ]);
            batch.append_statement(self.statements.name_event.clone());
            all.push(vec![&chain, &shard, &bucket, &column.name, &column.number]);
        }
        let all: Vec<Values<'_>> = all.iter().map(Vec::as_slice).collect();
        Ok(matches!(self.cql.decide_together(&batch, &all, until).await?, Applied::Yes))
    }
}
