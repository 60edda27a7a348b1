//! The buckets of a shard of the outbox. Each is a partition with the numbers from where the one before it ended, and takes so
//! many events, or those of a day; then it is closed, for good, and another one begins. So no partition grows without end, and
//! what was delivered goes as a whole: a bucket's rows by one deletion, which nobody ever reads through, since what is asked for
//! begins behind it.
//!
//! A bucket says itself whether it is open, by the next free number: everything that is put into it is conditional on that. In
//! the partition that was all of the shard before there were buckets stand the first one that has something left, and the last
//! one, which is raised when the one before it is closed and before it has anything.

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use scylla::statement::prepared::PreparedStatement;
use suanpan_store::StoreError;

use crate::bytes::ANCHOR;
use crate::failpoint::between;
use crate::inner::Inner;
use crate::outbox::{EVENT, NAME};
use crate::schema::BUCKETS_SINCE;
use crate::session::{Applied, Deadline, values};

/// A bucket is closed when an event is to come into it that is later than its first one by so much: of a chain in which little
/// happens, what was delivered goes all the same.
const BUCKET_MS: i64 = 86_400_000;
/// Buckets that are looked at together.
const BUCKETS_AT_ONCE: usize = 16;

/// Where the events of a shard are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The next free number of the partition that was all of the shard before; 0 when it has none.
    pub(super) before_next: i64,
    /// Its last number that is forgotten.
    pub(super) before_gone: i64,
    /// The first bucket with events that are not forgotten; 0 when none ever began.
    pub(super) first: i64,
    /// The last number that is forgotten of it, and of those before it.
    pub(super) forgot: i64,
    /// The last bucket.
    pub(super) last: i64,
}

impl Ends {
    /// Whether there may be events from before there were buckets.
    pub(super) const fn has_before(&self) -> bool {
        self.before_gone + 1 < self.before_next
    }
}

/// A bucket as it was seen, with the keys that were asked for and are there.
pub(super) struct Bucket {
    pub(super) number: i64,
    pub(super) state: State,
    pub(super) keys: Vec<Vec<u8>>,
}

/// Whether a bucket takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has not begun.
    Nothing,
    /// It goes on with this number. It began with another one, and with an event of this instant.
    Open { next: i64, begins: i64, since_ms: i64 },
    /// Closed: the one after it begins with this number.
    Closed { next: i64 },
}

impl State {
    /// A closed bucket keeps its next number with the other sign: whoever saw it open finds it changed.
    const fn of(next: Option<i64>, begins: Option<i64>, since_ms: Option<i64>) -> Self {
        match (next, begins, since_ms) {
            (Some(next), ..) if next < 0 => Self::Closed { next: -next },
            (Some(next), Some(begins), Some(since_ms)) => Self::Open { next, begins, since_ms },
            _ => Self::Nothing,
        }
    }

    /// Whether an open one takes no more, of so many at most, when the latest that is to come is of this instant.
    pub(super) const fn is_full(self, events_max: i64, latest_ms: i64) -> bool {
        match self {
            Self::Open { next, begins, since_ms } => {
                next > begins
                    && (next - begins >= events_max || latest_ms.saturating_sub(since_ms) >= BUCKET_MS)
            }
            Self::Nothing | Self::Closed { .. } => false,
        }
    }
}

impl Inner {
    /// Where the events of a shard are, by the servers.
    pub(super) async fn ends(&self, chain: &str, shard: i32, until: Deadline) -> Result<Ends, StoreError> {
        self.ends_by(&self.statements.outbox_ends, chain, shard, until).await
    }

    pub(super) async fn ends_by(
        &self,
        statement: &PreparedStatement,
        chain: &str,
        shard: i32,
        until: Deadline,
    ) -> Result<Ends, StoreError> {
        type Row = (Vec<u8>, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
        let row = self.cql.read_one::<Row>(statement, values![chain, shard, ANCHOR], until).await?;
        let (_, next, gone, first, forgot, last) = row.unwrap_or_default();
        Ok(Ends {
            before_next: next.unwrap_or_default(),
            before_gone: gone.unwrap_or_default(),
            first: first.unwrap_or_default(),
            forgot: forgot.unwrap_or_default(),
            last: last.unwrap_or_default(),
        })
    }

    /// The same for whoever puts events out: there is a bucket then, which may be closed by now. Remembered as long as all names
    /// are in it.
    pub(super) async fn ends_to_write(
        &self,
        chain: &str,
        shard: i32,
        until: Deadline,
    ) -> Result<Ends, StoreError> {
        let name = (chain.to_owned(), shard);
        let known = self.outbox_ends().get(&name).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        loop {
            let ends = self.ends(chain, shard, until).await?;
            if ends.first > 0 {
                if ends.first == ends.last && !ends.has_before() {
                    self.outbox_ends().insert(name, ends);
                }
                return Ok(ends);
            }
            // A release that knows no buckets would not deliver what is in them.
            self.keep_others_out(BUCKETS_SINCE, until).await?;
            self.cql.decide(&self.statements.begin_outbox, values![chain, shard, ANCHOR], until).await?;
            between!("scylla/outbox-begun");
        }
    }

    fn outbox_ends(&self) -> std::sync::MutexGuard<'_, std::collections::HashMap<(String, i32), Ends>> {
        self.outbox_ends.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Looks at a bucket, and for some keys in it.
    pub(super) async fn bucket(
        &self,
        chain: &str,
        shard: i32,
        number: i64,
        mut keys: Vec<Vec<u8>>,
        until: Deadline,
    ) -> Result<Bucket, StoreError> {
        type Row = (Vec<u8>, Option<i64>, Option<i64>, Option<i64>);
        // Its row is there since it began: with it comes the next free number.
        keys.push(ANCHOR.to_vec());
        let values = values![chain, shard, number, keys];
        let rows = self.cql.read::<Row>(&self.statements.events_known, values, until).await?;
        let state =
            rows.first().map_or(State::Nothing, |(_, next, begins, since)| State::of(*next, *begins, *since));
        let keys = rows.into_iter().map(|(key, ..)| key).collect();
        Ok(Bucket { number, state, keys })
    }

    /// Those of some names that are in closed buckets, or in what was put out before there were any. Nothing comes into those
    /// any more, so that they may be looked at one after the other.
    pub(super) async fn names_before(
        &self,
        chain: &str,
        shard: i32,
        ends: Ends,
        names: &[Vec<u8>],
        until: Deadline,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        if ends.has_before() {
            let values = values![chain, shard, names];
            let rows =
                self.cql.read::<(Vec<u8>,)>(&self.statements.events_known_before, values, until).await?;
            found.extend(rows.into_iter().map(|(key,)| key));
        }
        let looks = iter(ends.first..ends.last)
            .map(|number| self.bucket(chain, shard, number, names.to_vec(), until));
        let closed: Vec<Bucket> = looks.buffer_unordered(BUCKETS_AT_ONCE).try_collect().await?;
        found.extend(closed.into_iter().flat_map(|bucket| bucket.keys));
        Ok(found)
    }

    /// Begins a bucket where the one before it ended.
    pub(super) async fn begin_bucket(
        &self,
        chain: &str,
        shard: i32,
        number: i64,
        since_ms: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let begins = match self.bucket(chain, shard, number - 1, Vec::new(), until).await?.state {
            State::Closed { next } => next,
            State::Nothing | State::Open { .. } => 1,
        };
        let values = values![begins, begins, since_ms, chain, shard, number, ANCHOR];
        self.cql.decide(&self.statements.begin_bucket, values, until).await?;
        between!("scylla/events-begun");
        Ok(())
    }

    /// Closes a bucket that goes on with this number, unless something comes into it before.
    pub(super) async fn close_bucket(
        &self,
        chain: &str,
        shard: i32,
        number: i64,
        next: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.cql
            .decide(&self.statements.next_event, values![-next, chain, shard, number, next], until)
            .await?;
        between!("scylla/bucket-closed");
        Ok(())
    }

    /// A bucket was found closed: the one after it is the last, unless somebody got further.
    pub(super) async fn follow_bucket(
        &self,
        chain: &str,
        shard: i32,
        closed: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.cql
            .decide(&self.statements.last_bucket, values![closed + 1, chain, shard, closed], until)
            .await?;
        self.outbox_ends().remove(&(chain.to_owned(), shard));
        between!("scylla/bucket-followed");
        Ok(())
    }

    /// Forgets what is up to a number of a bucket, and all buckets before it.
    pub(super) async fn forget_buckets(
        &self,
        chain: &str,
        shard: i32,
        (bucket, number): (i64, i64),
        until: Deadline,
    ) -> Result<(), StoreError> {
        loop {
            let ends = self.ends(chain, shard, until).await?;
            if bucket > ends.last || (bucket, number) <= (ends.first, ends.forgot) {
                return Ok(());
            }
            // Their rows first: whoever is stopped in between empties them again.
            for emptied in ends.first..bucket {
                let values = values![chain, shard, emptied, [EVENT].as_slice(), [NAME + 1].as_slice()];
                self.cql.write(&self.statements.empty_bucket, values, until).await?;
                between!("scylla/bucket-emptied");
            }
            let values = values![bucket, number, chain, shard, ends.first, ends.forgot];
            if let Applied::Yes = self.cql.decide(&self.statements.forget_events, values, until).await? {
                between!("scylla/events-forgotten");
                return Ok(());
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_full_of_events_or_of_a_day() {
        let open = |next| State::of(Some(next), Some(5), Some(1_000));
        for (state, latest_ms, full) in [
            (open(5), i64::MAX, false),
            (open(6), 1_000, false),
            (open(7), 0, false),
            (open(8), 1_000, true),
            (open(6), 999 + BUCKET_MS, false),
            (open(6), 1_000 + BUCKET_MS, true),
            (State::of(Some(-8), Some(5), Some(1_000)), 1_000, false),
            (State::of(None, None, None), 1_000, false),
        ] {
            assert_eq!(state.is_full(3, latest_ms), full, "{state:?} {latest_ms}");
        }
        assert_eq!(State::of(Some(-8), Some(5), Some(1)), State::Closed { next: 8 });
    }
}
