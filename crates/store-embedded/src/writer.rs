//! The one thread that writes. It takes what waits, runs it in one transaction, commits, and answers then: commands of
//! a batch see each other, and nothing is answered before it is on the disk.

pub(crate) mod codes;
mod decide;
pub(crate) mod limits;
mod queue;
mod rows;
mod shares;
pub(crate) mod view;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use suanpan_store::{FeedRow, StoreError};
use tokio::sync::oneshot;

pub(crate) use decide::decide;
pub(crate) use queue::{Queue, Refused};
pub(crate) use rows::{
    activate, active, add_codes, forget_outbox, link, put_program, set_limit, set_position, unlink,
};

use crate::failed::{Failed, is_fatal};
use crate::failpoint::{between, may_fail};
use crate::heads::{self, Kept};
use crate::names::Names;
use crate::shared::Shared;

/// Jobs of one commit. More would let the first one wait longer than its own commit takes.
const BATCH_MAX: usize = 256;

/// What runs inside a transaction; again when the transaction of its batch was rolled back because of another job.
pub(crate) type Work = Box<dyn FnMut(&mut Writing<'_>) -> Result<(), Failed> + Send>;

/// One caller's work and where its answer goes.
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) answer: oneshot::Sender<Result<(), StoreError>>,
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
pub(crate) fn run(connection: Connection, jobs: &Queue, shared: &Arc<Shared>, epoch: u64) {
    let mut writer = Writer { connection, names: Names::new(epoch), changed: Vec::new() };
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut pace = Pace::default();
    while jobs.take(&mut batch, pace.last, pace.patience()) {
        pace.begin(batch.len());
        // A checkpoint that empties the log and a commit take turns, so that neither polls for the other.
        let turn = shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
        writer.batch(&mut batch, shared);
        drop(turn);
        pace.end();
        if shared.poisoned.load(Ordering::Acquire) {
            break;
        }
    }
    for job in jobs.end() {
        answer(job.answer, Err(shared.closed()));
    }
}

/// How long a batch waits for more. Callers that were answered together ask again together: a commit for the first of
/// them would leave all others waiting for the next one, and halve the rate.
#[derive(Default)]
struct Pace {
    /// Jobs of the last batch.
    last: usize,
    /// What its transaction and commit took.
    took: Duration,
    begun: Option<Instant>,
}

impl Pace {
    /// As long as a batch is smaller than the last one, it takes what comes within a quarter of the time that a commit
    /// takes. A single caller never waits.
    fn patience(&self) -> Duration {
        self.took / 4
    }

    fn begin(&mut self, jobs: usize) {
        self.last = jobs;
        self.begun = Some(Instant::now());
    }

    fn end(&mut self) {
        self.took = self.begun.take().map_or(Duration::ZERO, |begun| begun.elapsed());
    }
}

struct Writer {
    connection: Connection,
    names: Names,
    changed: Vec<Changed>,
}

/// How the transaction of a batch ended.
enum Ended {
    Committed,
    /// Certainly nothing is written.
    RolledBack(rusqlite::Error),
    /// The commit failed: what was asked for may be written or not.
    Unknown(rusqlite::Error),
}

impl Writer {
    fn batch(&mut self, batch: &mut Vec<Job>, shared: &Shared) {
        let mut results = Vec::with_capacity(batch.len());
        match self.transaction(batch, &mut results) {
            Ended::Committed => {
                between!("embedded/committed");
                shared.commits.fetch_add(1, Ordering::Relaxed);
                for Changed { row, kept } in &self.changed {
                    shared.heads.committed(heads::name(&row.chain, row.member.as_str()), kept.clone());
                }
                shared.feed.publish(self.changed.drain(..).map(|changed| changed.row));
                for (job, result) in batch.drain(..).zip(results) {
                    answer(job.answer, result);
                    between!("embedded/answered");
                }
            }
            Ended::RolledBack(error) => {
                self.forget();
                // A transaction that cannot even be rolled back would swallow whatever comes next.
                if is_fatal(&error) || !self.connection.is_autocommit() {
                    shared.poison(&error.to_string());
                    for job in batch.drain(..) {
                        answer(job.answer, Err(StoreError::Unavailable(error.to_string())));
                    }
                } else if batch.len() == 1 {
                    for job in batch.drain(..) {
                        answer(job.answer, Err(Failed::from(rusqlite_again(&error)).into()));
                    }
                } else {
                    // One of them is at fault, or the disk is full for all: each by itself knows.
                    for job in std::mem::take(batch) {
                        let mut alone = vec![job];
                        if shared.poisoned.load(Ordering::Acquire) {
                            answer_all(alone, &shared.closed());
                        } else {
                            self.batch(&mut alone, shared);
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
                    answer(job.answer, result.and(Err(unknown.clone())));
                }
            }
        }
    }

    fn transaction(&mut self, batch: &mut [Job], results: &mut Vec<Result<(), StoreError>>) -> Ended {
        if let Err(error) = execute(&self.connection, "BEGIN IMMEDIATE") {
            return Ended::RolledBack(error);
        }
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
        match self.commit() {
            Ok(()) => Ended::Committed,
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

fn answer_all(jobs: Vec<Job>, error: &StoreError) {
    for job in jobs {
        answer(job.answer, Err(error.clone()));
    }
}

fn answer(to: oneshot::Sender<Result<(), StoreError>>, result: Result<(), StoreError>) {
    // Whoever does not wait any more has given up knowing.
    let _ = to.send(result);
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
