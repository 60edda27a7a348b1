//! What all calls of a store share.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use scylla::statement::batch::{Batch, BatchType};
use suanpan_domain::CheckoutId;
use suanpan_store::{Meta, Owner, Part, StoreError};

use crate::bytes;
use crate::feed::Feed;
use crate::options::Options;
use crate::outbox::{Ends, Waiting};
use crate::queues::Queues;
use crate::session::{Cql, Deadline, values};
use crate::statements::Statements;

/// Into how many parts the members fall, by the first bits of their tokens. Part of the schema: the feed is written by it.
pub(crate) const PARTS: u32 = 16;

/// Things that are remembered so as not to be done again; beyond so many of a kind, all are forgotten.
const REMEMBERED_MAX: usize = 65_536;

pub(crate) struct Inner {
    pub(crate) cql: Arc<Cql>,
    pub(crate) statements: Statements,
    pub(crate) options: Options,
    pub(crate) meta: Meta,
    pub(crate) queues: Queues,
    /// Events that wait for the turn of their shard.
    pub(crate) waiting: Waiting,
    pub(crate) feed: Feed,
    /// Chains that are listed.
    pub(crate) chains: Known<String>,
    /// Days of a chain's sales that are listed.
    pub(crate) days: Known<(String, i32)>,
    /// Rows whose debts to limits, codes and lists are paid, with the version that owed them.
    pub(crate) paid: Known<(String, String, Vec<u8>, u64)>,
    /// Reservations, by chain, checkout and owner, that were seen to stand a moment ago.
    pub(crate) standing: Lately<(String, CheckoutId, String)>,
    /// Releases of an earlier schema than this one are kept out.
    pub(crate) kept_out_before: AtomicU32,
    /// Shards that limits were made with; their number never changes.
    pub(crate) shards: Mutex<HashMap<(String, i64), i32>>,
    /// The last shard that is known of a limit's line, where it is not the first.
    pub(crate) lines: Mutex<HashMap<(String, i64, i32), i32>>,
    /// Shards of the outbox all of whose names are in one bucket.
    pub(crate) outbox_ends: Mutex<HashMap<(String, i32), Ends>>,
}

/// What was done before.
pub(crate) struct Known<T>(Mutex<HashSet<T>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::new(HashSet::new()))
    }
}

impl<T: Eq + Hash> Known<T> {
    pub(crate) fn has(&self, what: &T) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(what)
    }

    pub(crate) fn add(&self, what: T) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(what);
    }
}

/// What was seen a moment ago.
pub(crate) struct Lately<T>(Mutex<HashMap<T, Instant>>);

/// How long a moment is.
const MOMENT: Duration = Duration::from_secs(5);

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Eq + Hash> Lately<T> {
    pub(crate) fn has(&self, what: &T, now: Instant) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(what).is_some_and(|at| now.saturating_duration_since(*at) < MOMENT)
    }

    pub(crate) fn add(&self, what: T, now: Instant) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED_MAX {
            seen.clear();
        }
        seen.insert(what, now);
    }
}

/// Whose share of limits and codes something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) checkout: CheckoutId,
    pub(crate) owner: Owner,
}

impl Inner {
    /// The end of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::within(self.options.call_within)
    }

    /// Conditional statements on one partition that are carried out together or not at all.
    pub(crate) fn batch(&self) -> Batch {
        let mut batch = Batch::new(BatchType::Logged);
        batch.set_consistency(self.options.levels.regular());
        batch.set_serial_consistency(Some(self.options.levels.serial()));
        batch.set_load_balancing_policy(Some(self.cql.conditional()));
        batch
    }

    /// Lists a chain that is written to for the first time by this process.
    pub(crate) async fn list_chain(&self, chain: &str, until: Deadline) -> Result<(), StoreError> {
        let name = chain.to_owned();
        if !self.chains.has(&name) {
            self.cql.write(&self.statements.chain, values![chain], until).await?;
            self.chains.add(name);
        }
        Ok(())
    }

    /// The part that a member belongs to.
    pub(crate) fn part(&self, chain: &str, owner: &Owner) -> Result<Part, StoreError> {
        let id = bytes::id(owner);
        let token = self.statements.head.of(owner).calculate_token(&(chain, id.as_str()));
        let token = token.map_err(|error| StoreError::Refused(error.to_string()))?;
        Ok(token.map_or(Part(0), |token| part_of(token.value())))
    }
}

/// Parts have equal shares of the tokens, in their order.
fn part_of(token: i64) -> Part {
    let from_the_lowest = token.cast_unsigned() ^ (1 << 63);
    Part((from_the_lowest >> (64 - PARTS.trailing_zeros())) as u32)
}

/// The tokens of a part, both ends included.
pub(crate) const fn tokens_of(part: Part) -> (i64, i64) {
    let width = 64 - PARTS.trailing_zeros();
    let first = (part.0 as u64) << width;
    let last = first | ((1 << width) - 1);
    ((first ^ (1 << 63)).cast_signed(), (last ^ (1 << 63)).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_forgotten_after_a_moment() {
        let (seen, at) = (Lately::default(), Instant::now());
        assert!(!seen.has(&1, at));
        seen.add(1, at);
        assert!(seen.has(&1, at + MOMENT - Duration::from_millis(1)));
        assert!(!seen.has(&1, at + MOMENT));
        assert!(!seen.has(&2, at));
        seen.add(1, at + MOMENT);
        assert!(seen.has(&1, at + MOMENT), "seen again");
        (2..=REMEMBERED_MAX + 1).for_each(|what| seen.add(what, at + MOMENT));
        assert!(!seen.has(&1, at + MOMENT), "of too many all are forgotten");
    }

    #[test]
    fn parts_cover_every_token_once() {
        let mut next = i64::MIN;
        for part in 0..PARTS {
            let (first, last) = tokens_of(Part(part));
            assert_eq!(first, next);
            for token in [first, first + 1, last - 1, last] {
                assert_eq!(part_of(token), Part(part), "{token}");
            }
            next = last.wrapping_add(1);
        }
        assert_eq!(next, i64::MIN, "the last one ends where the first begins");
    }
}
