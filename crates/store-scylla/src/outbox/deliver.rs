//! Events on their way to whoever delivers them: where they stand, shard by shard, and forgetting those that all have.

use suanpan_store::{Cursor, OutboxEvent, Page, StoreError};

use crate::bytes::{self, counted, foreign_cursor};
use crate::error::damaged;
use crate::failpoint::between;
use crate::inner::Inner;
use crate::outbox::buckets::Ends;
use crate::outbox::{NAME, SHARDS, event_key, name_key};
use crate::session::{Deadline, values};

/// Events of one read while those are forgotten that came before there were buckets.
const FORGOTTEN_AT_ONCE: i32 = 1_000;

/// How far somebody is in one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct At {
    /// The last number that was given of those before there were buckets.
    before: i64,
    /// A bucket and the last number that was given; numbers go on from bucket to bucket.
    bucket: i64,
    number: i64,
}

/// How far in each shard.
#[derive(Debug, PartialEq, Eq)]
struct Place([At; SHARDS as usize]);

impl Place {
    fn read(cursor: &Cursor) -> Result<Self, StoreError> {
        let mut place = Self([At::default(); SHARDS as usize]);
        if cursor.0.is_empty() {
            return Ok(place);
        }
        let (numbers, rest) = cursor.0.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|bytes| i64::from_be_bytes(*bytes));
        // One number for each shard was given before there were buckets.
        let whole = match numbers.len() {
            count if count == place.0.len() => false,
            count if count == place.0.len() * 3 => true,
            _ => return Err(foreign_cursor()),
        };
        if !rest.is_empty() {
            return Err(foreign_cursor());
        }
        for at in &mut place.0 {
            at.before = numbers.next().unwrap_or_default();
            if whole {
                at.bucket = numbers.next().unwrap_or_default();
                at.number = numbers.next().unwrap_or_default();
            }
        }
        Ok(place)
    }

    fn cursor(&self) -> Cursor {
        let numbers = self.0.iter().flat_map(|at| [at.before, at.bucket, at.number]);
        Cursor(numbers.flat_map(i64::to_be_bytes).collect())
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
        for (shard, at) in (0..SHARDS).zip(&mut place.0) {
            if rows.len() == limit {
                break;
            }
            let ends = self.ends(chain, shard, until).await?;
            self.events_before(chain, shard, (at, ends), (&mut rows, limit), until).await?;
            self.events_in_buckets(chain, shard, (at, ends), (&mut rows, limit), until).await?;
        }
        // The place is given with the last row too: whoever delivers needs one to forget up to.
        let next = (!rows.is_empty()).then(|| place.cursor());
        Ok(Page { rows, next })
    }

    /// Adds those that were put out before there were buckets.
    async fn events_before(
        &self,
        chain: &str,
        shard: i32,
        (at, ends): (&mut At, Ends),
        (rows, limit): (&mut Vec<OutboxEvent>, usize),
        until: Deadline,
    ) -> Result<(), StoreError> {
        // What is forgotten left marks behind, which a read would go through.
        let last = at.before.max(ends.before_gone);
        if last + 1 >= ends.before_next {
            return Ok(());
        }
        for found in self.some_before(chain, shard, last, left(rows, limit), until).await? {
            let (number, event) = event(found)?;
            at.before = number;
            rows.push(event);
        }
        Ok(())
    }

    async fn some_before(
        &self,
        chain: &str,
        shard: i32,
        number: i64,
        limit: i32,
        until: Deadline,
    ) -> Result<Vec<EventColumns>, StoreError> {
        let (from, to) = (event_key(number), vec![NAME]);
        let values = values![chain, shard, from, to, limit];
        self.cql.read::<EventColumns>(&self.statements.events_before, values, until).await
    }

    /// Adds those of buckets. A bucket that is not the last one was closed before it is read: all of it is seen before the next
    /// one is.
    async fn events_in_buckets(
        &self,
        chain: &str,
        shard: i32,
        (at, ends): (&mut At, Ends),
        (rows, limit): (&mut Vec<OutboxEvent>, usize),
        until: Deadline,
    ) -> Result<(), StoreError> {
        if ends.first == 0 {
            return Ok(());
        }
        let (first, mut number) = (at.bucket, at.number).max((ends.first, ends.forgot));
        for bucket in first..=ends.last {
            let ask = left(rows, limit);
            if ask == 0 {
                break;
            }
            let (from, to) = (event_key(number), vec![NAME]);
            let values = values![chain, shard, bucket, from, to, ask];
            for found in self.cql.read::<EventColumns>(&self.statements.events, values, until).await? {
                let (of, event) = event(found)?;
                number = of;
                (at.bucket, at.number) = (bucket, number);
                rows.push(event);
            }
        }
        Ok(())
    }

    /// Forgets events up to a place, with their names.
    pub(crate) async fn forget_events(&self, chain: &str, up_to: &Cursor) -> Result<(), StoreError> {
        let place = Place::read(up_to)?;
        for (shard, at) in (0..SHARDS).zip(place.0) {
            self.forget_before(chain, shard, at.before).await?;
            self.forget_buckets(chain, shard, (at.bucket, at.number), self.deadline()).await?;
        }
        Ok(())
    }

    /// Forgets those up to a number that were put out before there were buckets.
    async fn forget_before(&self, chain: &str, shard: i32, last: i64) -> Result<(), StoreError> {
        if !self.ends(chain, shard, self.deadline()).await?.has_before() {
            return Ok(());
        }
        loop {
            let until = self.deadline();
            // What has a number by now is there for the next read.
            let ends = self.ends_by(&self.statements.outbox_ends_now, chain, shard, until).await?;
            let found = self.some_before(chain, shard, ends.before_gone, FORGOTTEN_AT_ONCE, until).await?;
            // An earlier release forgot, and did not say how far.
            let mut gone = if found.is_empty() { ends.before_next - 1 } else { ends.before_gone };
            for row in found {
                let (number, event) = event(row)?;
                if number > last {
                    break;
                }
                // The name first: whoever is stopped in between forgets the event the next time.
                for key in [name_key(&event), event_key(number)] {
                    let values = values![chain, shard, key];
                    self.cql.write(&self.statements.forget_event_before, values, until).await?;
                    between!("scylla/event-forgotten");
                }
                gone = number;
            }
            if gone <= ends.before_gone {
                return Ok(());
            }
            let before = (ends.before_gone > 0).then_some(ends.before_gone);
            // Not applied: somebody else forgot as well. The next look tells.
            let values = values![gone, chain, shard, before];
            self.cql.decide(&self.statements.gone_before, values, until).await?;
            if until.is_over() {
                return Err(StoreError::Busy);
            }
        }
    }
}

/// How many more events a page takes.
fn left(rows: &[OutboxEvent], limit: usize) -> i32 {
    i32::try_from(limit.saturating_sub(rows.len())).unwrap_or(i32::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_given_also_before_there_were_buckets() {
        let place = Place([1, 2, 3, 4].map(|before| At { before, bucket: before + 10, number: before + 20 }));
        assert_eq!(Place::read(&place.cursor()), Ok(place));
        let before = Cursor([1_i64, 2, 3, 4].into_iter().flat_map(i64::to_be_bytes).collect());
        let of = |before| At { before, ..At::default() };
        assert_eq!(Place::read(&before), Ok(Place([1, 2, 3, 4].map(of))));
        assert_eq!(Place::read(&Cursor::default()), Ok(Place([At::default(); SHARDS as usize])));
        for length in [1, 8, 33, 64, 95, 97] {
            assert_eq!(Place::read(&Cursor(vec![1; length])), Err(foreign_cursor()), "{length}");
        }
    }
}
