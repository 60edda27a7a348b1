//! The one thread that writes. It takes what waits, runs it in one transaction, commits, and hands the answers over, which go
//! out when the commit is on the disk. Commands of a batch see each other.

mod answers;
pub(crate) mod codes;
mod decide;
mod durable;
pub(crate) mod limits;
mod queue;
mod rows;
mod shares;
pub(crate) mod view;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use suanpan_store::{FeedRow, StoreError};

pub(crate) use answers::{Mailboxes, Waiter, answered};
pub(crate) use decide::decide;
pub(crate) use durable::{Durable, Log};
pub(crate) use queue::{Queue, Refused};
pub(crate) use rows::{
    activate, active, add_codes, forget_outbox, link, put_program, set_limit, set_position, take_position,
    unlink,
};

use durable::Committed;

use crate::failed::{Failed, is_fatal};
use crate::failpoint::{between, may_fail};
use crate::heads::Kept;
use crate::names::Names;
use crate::shared::Shared;

/// Jobs of one commit. More would let the first one wait longer than its own commit takes.
const BATCH_MAX: usize = 256;

/// What runs inside a transaction; again when the transaction of its batch was rolled back because of another job.
pub(crate) type Work = Box<dyn FnMut(&mut Writing<'_>) -> Result<(), Failed> + Send>;

/// One caller's work and where its answer goes.
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) waiter: Waiter,
}

/// What a job may use.
pub(crate) struct Writing<'w> {
    pub(crate) connection: &'w Connection,
    pub(crate) names: &'w mut Names,
    /// Heads that this transaction changes; told when it is committed.
    pub(crate) changed: &'w mut Vec<Changed>,
}

/// A member's head as a transaction leaves it.
pub(crate) struct Changed {
    pub(crate) row: FeedRow,
    pub(crate) kept: Kept,
}

/// Runs until the queue is closed, or until the disk cannot be trusted.
pub(crate) fn run(connection: Connection, jobs: &Queue, shared: &Shared, durable: &Durable, epoch: u64) {
    let mut writer = Writer { connection, names: Names::new(epoch), changed: Vec::new() };
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while jobs.take(&mut batch) {
        // A checkpoint that empties the log and a commit take turns, so that neither polls for the other.
        let turn = shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let is_alone = batch.len() == 1 && jobs.is_empty();
        writer.batch(&mut batch, shared, durable, is_alone);
        drop(turn);
        if shared.poisoned.load(Ordering::Acquire) {
            break;
        }
    }
    for job in jobs.end() {
        job.waiter.answer(Err(shared.closed()));
    }
}

/// A thread that ends in a panic has waiters whose outcome nobody knows, and leaves nobody to write.
pub(crate) struct PoisonOnPanic<'s>(pub(crate) &'s Shared, pub(crate) &'s Queue);

impl Drop for PoisonOnPanic<'_> {
    fn drop(&mut self) {
        self.0.poison("the writer panicked");
        drop(self.1.end());
    }
}

struct Writer {
    connection: Connection,
    names: Names,
    changed: Vec<Changed>,
}

/// How the transaction of a batch ended.
enum Ended {
    /// Which commit it was.
    Committed(u64),
    /// Nothing was written: whoever was refused, or has his answer already, saw commits up to this one.
    Unchanged(u64),
    /// Certainly nothing is written.
    RolledBack(rusqlite::Error),
    /// The commit failed: what was asked for may be written or not.
    Unknown(rusqlite::Error),
}

impl Writer {
    fn batch(&mut self, batch: &mut Vec<Job>, shared: &Shared, durable: &Durable, is_alone: bool) {
        let mut results = Vec::with_capacity(batch.len());
        match self.transaction(batch, shared, &mut results) {
            Ended::Committed(number) => {
                between!("embedded/committed");
                let changed = std::mem::take(&mut self.changed);
                let answers = batch.drain(..).map(|job| job.waiter).zip(results).collect();
                durable.finish(Committed { number, changed, answers }, is_alone);
            }
            Ended::Unchanged(number) => {
                let answers = batch.drain(..).map(|job| job.waiter).zip(results).collect();
                durable.pass_on(Committed { number, changed: Vec::new(), answers });
            }
            Ended::RolledBack(error) => {
                self.forget();
                // A transaction that cannot even be rolled back would swallow whatever comes next.
                if is_fatal(&error) || !self.connection.is_autocommit() {
                    shared.poison(&error.to_string());
                    for job in batch.drain(..) {
                        job.waiter.answer(Err(StoreError::Unavailable(error.to_string())));
                    }
                } else if batch.len() == 1 {
                    for job in batch.drain(..) {
                        job.waiter.answer(Err(Failed::from(rusqlite_again(&error)).into()));
                    }
                } else {
                    // One of them is at fault, or the disk is full for all: each by itself knows.
                    for job in std::mem::take(batch) {
                        if shared.poisoned.load(Ordering::Acquire) {
                            job.waiter.answer(Err(shared.closed()));
                        } else {
                            self.batch(&mut vec![job], shared, durable, false);
                        }
                    }
                }
            }
            Ended::Unknown(error) => {
                self.forget();
                shared.poison(&error.to_string());
                let unknown = StoreError::Unknown(error.to_string());
                for (job, result) in batch.drain(..).zip(results) {
                    // Who was refused was refused whatever became of the others.
                    job.waiter.answer(result.and(Err(unknown.clone())));
                }
            }
        }
    }

    fn transaction(
        &mut self,
        batch: &mut [Job],
        shared: &Shared,
        results: &mut Vec<Result<(), StoreError>>,
    ) -> Ended {
        if let Err(error) = execute(&self.connection, "BEGIN IMMEDIATE") {
            return Ended::RolledBack(error);
        }
        let written = self.connection.total_changes();
        for job in batch {
            let Self { connection, names, changed } = self;
            match (job.work)(&mut Writing { connection, names, changed }) {
                Ok(()) => results.push(Ok(())),
                Err(Failed::Job(error)) => results.push(Err(error)),
                Err(Failed::Sqlite(error)) => {
                    // Fails when SQLite has rolled back by itself, which is what is wanted.
                    let _ = execute(&self.connection, "ROLLBACK");
                    return Ended::RolledBack(error);
                }
            }
        }
        if self.connection.total_changes() == written {
            return match execute(&self.connection, "ROLLBACK") {
                Ok(()) => Ended::Unchanged(shared.progress.begun()),
                Err(error) => Ended::RolledBack(error),
            };
        }
        // Readers may see it from here on.
        let number = shared.progress.begin();
        match self.commit() {
            Ok(()) => Ended::Committed(number),
            Err(error) => {
                let _ = execute(&self.connection, "ROLLBACK");
                Ended::Unknown(error)
            }
        }
    }

    fn commit(&self) -> Result<(), rusqlite::Error> {
        between!("embedded/before-commit");
        may_fail!("embedded/commit-fails");
        execute(&self.connection, "COMMIT")?;
        may_fail!("embedded/commit-answer-lost");
        Ok(())
    }

    /// What was learnt in a transaction that is not there.
    fn forget(&mut self) {
        self.names.forget();
        self.changed.clear();
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// The same error once more: errors of SQLite cannot be copied.
fn rusqlite_again(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, text) => rusqlite::Error::SqliteFailure(*code, text.clone()),
        other => rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR),
            Some(other.to_string()),
        ),
    }
}

/// A place for what a job found out, filled by its last run.
pub(crate) struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    pub(crate) fn set(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
