//! Members' heads in memory, as they were committed last: what a node reads before every sale, without a statement, a page
//! or another thread.
//!
//! The writer puts in what it committed, before anybody is answered. A read that finds nothing here puts in what it found
//! in the file, unless the writer was there meanwhile.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use suanpan_ledger::Head;
use suanpan_store::{MemberRow, StoreError};

use crate::bytes;

/// Bytes of heads and names that are kept, in both generations: some 100,000 members.
const BYTES_MAX: usize = 64 << 20;
/// Parts with a lock each, so that readers seldom meet.
const PARTS: usize = 16;
/// What a kept head costs beside its bytes and its name.
const OVERHEAD_BYTES: usize = 96;

/// A head as it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) due_at_ms: Option<i64>,
}

impl Kept {
    /// The head, never below the store's epoch.
    pub(crate) fn row(&self, epoch: u64) -> Result<MemberRow, StoreError> {
        let mut head: Head = bytes::head(&self.bytes)?;
        head.epoch = head.epoch.max(epoch);
        Ok(MemberRow { head, due_at_ms: self.due_at_ms })
    }
}

/// The heads.
pub(crate) struct Heads {
    hasher: RandomState,
    parts: [Mutex<Part>; PARTS],
    part_bytes_max: usize,
}

/// Two generations: what is used moves into the young one, and when that is full the old one goes.
#[derive(Default)]
struct Part {
    young: HashMap<Box<str>, Kept>,
    old: HashMap<Box<str>, Kept>,
    young_bytes: usize,
    /// Commits that changed a head of this part.
    commits: u64,
    /// Nothing is kept any more.
    ended: bool,
}

/// What a read has to bring to [`Heads::found`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missed(u64);

/// The name of a member's head here. A member's own has no control characters, so that no two pairs run together.
pub(crate) fn name(chain: &str, member: &str) -> Box<str> {
    [chain, "\0", member].concat().into_boxed_str()
}

impl Heads {
    pub(crate) fn new() -> Self {
        Self::of_bytes(BYTES_MAX)
    }

    fn of_bytes(bytes_max: usize) -> Self {
        Self {
            hasher: RandomState::default(),
            parts: Default::default(),
            part_bytes_max: bytes_max / PARTS / 2,
        }
    }

    fn part(&self, name: &str) -> MutexGuard<'_, Part> {
        let place = self.hasher.hash_one(name) as usize % PARTS;
        self.parts[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The head of this name, or what to bring when it is found in the file.
    pub(crate) fn get(&self, name: &str) -> Result<Kept, Missed> {
        let mut part = self.part(name);
        if let Some(kept) = part.young.get(name) {
            return Ok(kept.clone());
        }
        let Some((name, kept)) = part.old.remove_entry(name) else { return Err(Missed(part.commits)) };
        part.put(name, kept.clone(), self.part_bytes_max);
        Ok(kept)
    }

    /// What a read found in the file. It is left out when a commit changed something since: it may be older than that.
    pub(crate) fn found(&self, name: Box<str>, missed: Missed, kept: Kept) {
        let mut part = self.part(&name);
        if part.commits == missed.0 {
            part.put(name, kept, self.part_bytes_max);
        }
    }

    /// What the writer committed.
    pub(crate) fn committed(&self, name: Box<str>, kept: Kept) {
        let mut part = self.part(&name);
        part.commits += 1;
        part.old.remove(&name);
        part.put(name, kept, self.part_bytes_max);
    }

    /// Forgets everything for good: nobody knows what the file has.
    pub(crate) fn end(&self) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            *part = Part { commits: part.commits + 1, ended: true, ..Part::default() };
        }
    }
}

impl Part {
    fn put(&mut self, name: Box<str>, kept: Kept, bytes_max: usize) {
        if self.ended {
            return;
        }
        self.young_bytes += name.len() + kept.bytes.len() + OVERHEAD_BYTES;
        if let Some(before) = self.young.insert(name, kept) {
            // The name is the same, and its room was taken already.
            self.young_bytes -= before.bytes.len() + OVERHEAD_BYTES;
        }
        if self.young_bytes > bytes_max {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(byte: u8) -> Kept {
        Kept { bytes: Arc::from([byte; 200].as_slice()), due_at_ms: Some(i64::from(byte)) }
    }

    #[test]
    fn a_read_that_a_commit_overtook_is_left_out() {
        let heads = Heads::new();
        let of = |member: &str| name("chain", member);
        let missed = heads.get(&of("a")).unwrap_err();
        heads.committed(of("a"), kept(2));
        heads.found(of("a"), missed, kept(1));
        assert_eq!(heads.get(&of("a")), Ok(kept(2)));
        let missed = heads.get(&of("b")).unwrap_err();
        heads.found(of("b"), missed, kept(3));
        assert_eq!(heads.get(&of("b")), Ok(kept(3)));
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let heads = Heads::of_bytes(PARTS * 2 * 3_000);
        let of = |number: usize| name("chain", &format!("m-{number:06}"));
        heads.committed(of(0), kept(7));
        for number in 1..10_000 {
            heads.committed(of(number), kept(1));
            assert_eq!(heads.get(&of(0)), Ok(kept(7)), "{number}");
        }
        let bytes = |part: &HashMap<Box<str>, Kept>| {
            part.iter().map(|(name, kept)| name.len() + kept.bytes.len()).sum::<usize>()
        };
        for part in &heads.parts {
            let part = part.lock().unwrap();
            assert!(bytes(&part.young) + bytes(&part.old) <= 2 * 3_300);
        }
    }

    #[test]
    fn nothing_is_kept_after_the_end() {
        let heads = Heads::new();
        heads.committed(name("chain", "a"), kept(1));
        let missed = heads.get(&name("chain", "b")).unwrap_err();
        heads.end();
        heads.found(name("chain", "b"), missed, kept(1));
        heads.committed(name("chain", "c"), kept(1));
        for member in ["a", "b", "c"] {
            assert!(heads.get(&name("chain", member)).is_err(), "{member}");
        }
    }
}
