//! Which rows of the feed the servers have, as far as this process knows: it read them there, or its own write was answered.
//! Without it every pass would tell all changes of the last minute again.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use suanpan_store::FeedRow;

/// Rows that are known, the last ones: those of some minutes. What is forgotten is told once more.
const ROWS_MAX: usize = 262_144;

#[derive(Default)]
pub(crate) struct Lying {
    hasher: RandomState,
    rows: Mutex<Rows>,
}

/// Hashes of 64 bits with keys of this process: that two of some hundred thousand rows have one is less likely than that a
/// row is lost twice.
#[derive(Default)]
struct Rows {
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Lying {
    fn hash(&self, row: &FeedRow) -> u64 {
        self.hasher.hash_one((&row.chain, &row.member, row.epoch, row.version))
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, row: &FeedRow) {
        let hash = self.hash(row);
        let mut rows = self.rows();
        if !rows.known.insert(hash) {
            return;
        }
        rows.order.push_back(hash);
        if rows.order.len() > ROWS_MAX
            && let Some(oldest) = rows.order.pop_front()
        {
            rows.known.remove(&oldest);
        }
    }

    pub(crate) fn knows(&self, row: &FeedRow) -> bool {
        self.rows().known.contains(&self.hash(row))
    }
}
