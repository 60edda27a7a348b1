//! From a commit to its answers: what was committed is synced to the disk, told to feed and heads, and answered then, in the
//! order of the commits.
//!
//! The writer hands that over and goes on with its next batch: SQLite commits without a sync (`synchronous=NORMAL`), this
//! thread syncs the log, and one sync serves all commits before it. The log holds frames in the order of the commits, each
//! chained to the one before, so that after a loss of power it ends at a whole commit, and not before one that was synced.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use suanpan_store::StoreError;

use super::answers::{self, Outcome, Waiter};
use super::{Changed, PoisonOnPanic, Queue};
use crate::failpoint::{between, may_fail};
use crate::heads;
use crate::open::beside;
use crate::shared::Shared;

/// Batches that wait while one is synced. More would only be a longer way for the jobs in them.
const WAITING_MAX: usize = 1;

/// What a transaction leaves behind.
pub(crate) struct Committed {
    /// Of all commits, which one.
    pub(crate) number: u64,
    pub(crate) changed: Vec<Changed>,
    pub(crate) answers: Vec<(Waiter, Outcome)>,
}

/// The log of a file, for syncs beside SQLite's own.
pub(crate) struct Log(File);

impl Log {
    /// The log of a file that some connection has read: it is there from then on, and stays while one is open.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let log = File::open(beside(path, "-wal"))?;
        // That the log is there must survive as well.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(Self(log))
    }

    fn sync(&self) -> io::Result<()> {
        may_fail!("embedded/sync-fails", io::Error::other("no sync"));
        self.0.sync_data()
    }
}

/// The writer's end.
pub(crate) struct Durable {
    log: Arc<Log>,
    shared: Arc<Shared>,
    batches: Option<SyncSender<Committed>>,
    thread: Option<JoinHandle<()>>,
}

impl Durable {
    /// Starts the thread.
    pub(crate) fn start(log: Log, shared: &Arc<Shared>, jobs: &Arc<Queue>) -> io::Result<Self> {
        let (batches, waiting) = sync_channel(WAITING_MAX);
        let log = Arc::new(log);
        let (inside, synced, jobs) = (Arc::clone(shared), Arc::clone(&log), Arc::clone(jobs));
        let thread = std::thread::Builder::new().name("store-sync".to_owned()).spawn(move || {
            let guard = PoisonOnPanic(&inside, &jobs);
            serve(&synced, &inside, &waiting);
            std::mem::forget(guard);
        })?;
        Ok(Self { log, shared: Arc::clone(shared), batches: Some(batches), thread: Some(thread) })
    }

    /// Syncs and answers a batch: here, when nobody waits for the writer and it is the only one, or on the thread.
    pub(crate) fn finish(&self, committed: Committed, here: bool) {
        let is_next = committed.number == self.shared.progress.synced() + 1;
        if here && is_next {
            finish(&self.log, &self.shared, vec![committed]);
        } else {
            self.hand_over(committed);
        }
    }

    /// Answers those who changed nothing, once what they saw is on the disk.
    pub(crate) fn pass_on(&self, unchanged: Committed) {
        if unchanged.number <= self.shared.progress.synced() {
            answers::answer_all(unchanged.answers.into_iter());
        } else {
            self.hand_over(unchanged);
        }
    }

    /// Gives a batch to the thread.
    fn hand_over(&self, committed: Committed) {
        let left = match &self.batches {
            Some(batches) => batches.send(committed).err().map(|back| back.0),
            None => Some(committed),
        };
        // A thread that is gone has poisoned the store.
        if let Some(committed) = left {
            finish(&self.log, &self.shared, vec![committed]);
        }
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // Its panic has poisoned the store.
            let _ = thread.join();
        }
    }
}

fn serve(log: &Log, shared: &Shared, batches: &Receiver<Committed>) {
    while let Ok(first) = batches.recv() {
        let committed = std::iter::once(first).chain(batches.try_iter()).collect();
        finish(log, shared, committed);
    }
}

fn finish(log: &Log, shared: &Shared, committed: Vec<Committed>) {
    // After one sync that failed, no later one can be believed.
    let all_synced = committed.last().is_none_or(|last| last.number <= shared.progress.synced());
    let synced = if shared.poisoned.load(Ordering::Acquire) {
        Err(io::Error::other("an earlier one failed"))
    } else if all_synced {
        Ok(())
    } else {
        log.sync()
    };
    if let Err(error) = &synced {
        shared.poison(&error.to_string());
    }
    for Committed { number, changed, answers } in committed {
        if let Err(error) = &synced {
            let unknown = StoreError::Unknown(error.to_string());
            // Who was refused was refused whatever became of the others.
            answers::answer_all(
                answers.into_iter().map(|(waiter, outcome)| (waiter, outcome.and(Err(unknown.clone())))),
            );
            continue;
        }
        between!("embedded/synced");
        for Changed { row, kept } in &changed {
            shared.heads.committed(heads::name(&row.chain, row.member.as_str()), kept.clone());
        }
        shared.feed.publish(changed.into_iter().map(|changed| changed.row));
        shared.progress.reached(number);
        answers::answer_all(answers.into_iter());
    }
}
