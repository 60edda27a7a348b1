//! What the world is to be told: events in the order of their numbers, and the list of parked entries.
//!
//! A number is given by a conditional write, so that none comes to be seen after a higher one: a place that has passed a
//! number has passed every event below it. The name of an event stands beside it, so that it gets one number alone.

mod waiting;

use std::collections::BTreeMap;

use suanpan_domain::MemberId;
use suanpan_store::{Cursor, OutboxEvent, Owner, Page, ParkedRow, StoreError};
use tokio::sync::oneshot::error::TryRecvError;

use crate::bytes::{self, count_column, counted, foreign_cursor};
use crate::error::damaged;
use crate::failpoint::between;
use crate::inner::{Inner, PARTS};
use crate::queues::Turn;
use crate::session::{Applied, Deadline, Pauses, Values, values};
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

/// The last number of each shard that was given.
struct Place([i64; SHARDS as usize]);

impl Place {
    fn read(cursor: &Cursor) -> Result<Self, StoreError> {
        let mut place = Self([0; SHARDS as usize]);
        if cursor.0.is_empty() {
            return Ok(place);
        }
        let (numbers, rest) = cursor.0.as_chunks::<8>();
        if numbers.len() != place.0.len() || !rest.is_empty() {
            return Err(foreign_cursor());
        }
        for (number, bytes) in place.0.iter_mut().zip(numbers) {
            *number = i64::from_be_bytes(*bytes);
        }
        Ok(place)
    }

    fn cursor(&self) -> Cursor {
        Cursor(self.0.iter().flat_map(|number| number.to_be_bytes()).collect())
    }
}

/// Number, member, epoch, version, index, instant, kind, body.
type EventColumns = (
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i32>,
    Option<i64>,
    Option<String>,
    Option<Vec<u8>>,
);

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
        loop {
            let mut keys: Vec<Vec<u8>> = events.iter().map(|event| name_key(event)).collect();
            // Its row is always there: with it comes the next free number.
            keys.push(bytes::ANCHOR.to_vec());
            let rows = self
                .cql
                .read::<(Vec<u8>, Option<i64>, Option<i64>)>(
                    &self.statements.events_known,
                    values![chain, shard, keys],
                    until,
                )
                .await?;
            let next = rows.first().and_then(|(_, next, _)| *next);
            let missing: Vec<&&OutboxEvent> =
                events.iter().filter(|event| !rows.iter().any(|(key, ..)| *key == name_key(event))).collect();
            if missing.is_empty() {
                return Ok(());
            }
            if self.number(chain, shard, next, &missing, until).await? {
                return Ok(());
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause_after_first().await;
        }
    }

    /// Gives events the next numbers, all of them or none. False when it did not, or when an answer was lost: the next look
    /// tells.
    async fn number(
        &self,
        chain: &str,
        shard: i32,
        next: Option<i64>,
        events: &[&&OutboxEvent],
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let Some(first) = next else {
            // The shard begins: with the row that lets looks find the next number.
            let values = values![chain, shard, bytes::ANCHOR];
            self.cql.decide(&self.statements.begin_events, values, until).await?;
            between!("scylla/events-begun");
            return Ok(false);
        };
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
        let condition: Values<'_> = values![after, chain, shard, first];
        let mut all: Vec<Vec<&(dyn scylla::serialize::value::SerializeValue + Sync)>> =
            vec![condition.to_vec()];
        for (event, column) in events.iter().zip(&columns) {
            batch.append_statement(self.statements.put_event.clone());
            all.push(vec![
                &chain,
                &shard,
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
            all.push(vec![&chain, &shard, &column.name, &column.number]);
        }
        let all: Vec<Values<'_>> = all.iter().map(Vec::as_slice).collect();
        Ok(matches!(self.cql.decide_together(&batch, &all, until).await?, Applied::Yes))
    }

    /// Events after a place, shard by shard in the order of their numbers.
    pub(crate) async fn list_events(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<OutboxEvent>, StoreError> {
        let until = self.deadline();
        let mut place = Place::read(after)?;
        let limit = limit.clamp(1, 10_000);
        let mut rows = Vec::new();
        for shard in 0..SHARDS {
            let left = i32::try_from(limit - rows.len()).unwrap_or(i32::MAX);
            if left == 0 {
                break;
            }
            let number = &mut place.0[shard.unsigned_abs() as usize];
            for found in self.events_after(chain, shard, *number, left, until).await? {
                let (of, event) = event(found)?;
                *number = of;
                rows.push(event);
            }
        }
        // The place is given with the last row too: whoever delivers needs one to forget up to.
        let next = (!rows.is_empty()).then(|| place.cursor());
        Ok(Page { rows, next })
    }

    async fn events_after(
        &self,
        chain: &str,
        shard: i32,
        number: i64,
        limit: i32,
        until: Deadline,
    ) -> Result<Vec<EventColumns>, StoreError> {
        let (from, to) = (event_key(number), vec![NAME]);
        self.cql
            .read::<EventColumns>(&self.statements.events, values![chain, shard, from, to, limit], until)
            .await
    }

    /// Forgets events up to a place, with their names.
    pub(crate) async fn forget_events(&self, chain: &str, up_to: &Cursor) -> Result<(), StoreError> {
        let place = Place::read(up_to)?;
        for shard in 0..SHARDS {
            let last = place.0[shard.unsigned_abs() as usize];
            loop {
                let until = self.deadline();
                let found = self.events_after(chain, shard, 0, 1_000, until).await?;
                let mut forgot = false;
                for row in found {
                    let (number, event) = event(row)?;
                    if number > last {
                        break;
                    }
                    // The name first: whoever is stopped in between forgets the event the next time.
                    for key in [name_key(&event), event_key(number)] {
                        self.cql
                            .write(&self.statements.forget_event, values![chain, shard, key], until)
                            .await?;
                        between!("scylla/event-forgotten");
                    }
                    forgot = true;
                }
                if !forgot {
                    break;
                }
            }
        }
        Ok(())
    }

    pub(crate) async fn park(
        &self,
        chain: &str,
        member: &MemberId,
        key: &[u8],
        why: &str,
        at_ms: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let values = values![chain, member.as_str(), key, why, at_ms];
        self.cql.write(&self.statements.put_parked, values, until).await
    }

    pub(crate) async fn unpark(
        &self,
        chain: &str,
        member: &MemberId,
        key: &[u8],
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.cql.write(&self.statements.unpark, values![chain, member.as_str(), key], until).await
    }

    /// Entries that wait for a person, by member.
    pub(crate) async fn list_parked(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<ParkedRow>, StoreError> {
        // The key's length is one byte; the member's name is the rest.
        let (member, key) = match after.0.split_first() {
            None => ("", &[][..]),
            Some((length, rest)) => {
                let (key, member) = rest.split_at_checked(usize::from(*length)).ok_or_else(foreign_cursor)?;
                (std::str::from_utf8(member).map_err(|_| foreign_cursor())?, key)
            }
        };
        let limit = limit.clamp(1, 10_000);
        let ask = i32::try_from(limit).unwrap_or(1);
        let rows = self
            .cql
            .read::<(String, Vec<u8>, String, i64)>(
                &self.statements.parked,
                values![chain, member, key, ask],
                self.deadline(),
            )
            .await?;
        let next = rows.last().filter(|_| rows.len() >= limit).map(|(member, key, ..)| {
            let mut cursor = vec![u8::try_from(key.len()).unwrap_or(u8::MAX)];
            cursor.extend_from_slice(key);
            cursor.extend_from_slice(member.as_bytes());
            Cursor(cursor)
        });
        let rows = rows.into_iter().map(|(member, key, why, at_ms)| {
            Ok(ParkedRow { member: bytes::member(member)?, key: bytes::key(&key)?, why, at_ms })
        });
        Ok(Page { rows: rows.collect::<Result<_, StoreError>>()?, next })
    }
}

/// An event with its number.
fn event(columns: EventColumns) -> Result<(i64, OutboxEvent), StoreError> {
    let (Some(number), Some(member), Some(epoch), Some(version), Some(index), Some(at_ms), Some(kind), body) =
        columns
    else {
        return Err(damaged("an event"));
    };
    let event = OutboxEvent {
        member: bytes::member(member)?,
        epoch: counted(epoch)?,
        version: counted(version)?,
        index: index.cast_unsigned(),
        at_ms,
        kind,
        body: body.unwrap_or_default(),
    };
    Ok((number, event))
}
