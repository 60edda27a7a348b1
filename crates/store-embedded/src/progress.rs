//! How far commits have come, and how many of them are on the disk: readers see a commit before it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Counts commits and those that are synced.
#[derive(Default)]
pub(crate) struct Progress {
    begun: AtomicU64,
    synced: Mutex<Synced>,
    further: Condvar,
}

#[derive(Default)]
struct Synced {
    commits: u64,
    /// Nothing is synced any more.
    ended: bool,
}

/// What was read may not be on the disk, and nobody will know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unsynced;

impl Progress {
    /// The number of a commit that is about to be made.
    pub(crate) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Commits begun so far.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }

    /// All commits up to this one are on the disk.
    pub(crate) fn reached(&self, commit: u64) {
        let mut synced = self.lock();
        // Who changed nothing waits for a commit that others have gone beyond meanwhile.
        synced.commits = synced.commits.max(commit);
        drop(synced);
        self.further.notify_all();
    }

    /// Commits that are on the disk.
    pub(crate) fn synced(&self) -> u64 {
        self.lock().commits
    }

    /// Nothing more will be on the disk.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.further.notify_all();
    }

    /// Waits until everything is on the disk that a read could see which has just ended.
    pub(crate) fn wait(&self) -> Result<(), Unsynced> {
        let begun = self.begun();
        let mut synced = self.lock();
        while synced.commits < begun {
            if synced.ended {
                return Err(Unsynced);
            }
            synced = self.further.wait(synced).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Synced> {
        self.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_read_waits_for_what_it_may_have_seen() {
        let progress = Arc::new(Progress::default());
        assert_eq!(progress.wait(), Ok(()), "nothing was committed");
        assert_eq!((progress.begin(), progress.begin()), (1, 2));
        let reading = Arc::clone(&progress);
        let read = std::thread::spawn(move || reading.wait());
        progress.reached(1);
        std::thread::sleep(Duration::from_millis(20));
        assert!(!read.is_finished(), "the second commit is not on the disk");
        progress.reached(2);
        progress.reached(1);
        assert_eq!(read.join().unwrap(), Ok(()));
        assert_eq!((progress.synced(), progress.wait()), (2, Ok(())), "it never goes back");
    }

    #[test]
    fn what_will_never_be_known_is_not_read() {
        let progress = Arc::new(Progress::default());
        progress.reached(progress.begin());
        let lost = progress.begin();
        let reading = Arc::clone(&progress);
        let read = std::thread::spawn(move || reading.wait());
        progress.end();
        assert_eq!(read.join().unwrap(), Err(Unsynced), "commit {lost} ended unknown");
    }
}
