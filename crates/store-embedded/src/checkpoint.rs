//! Folds the log back into the file, beside the writer: inside a commit it would cost 47 ms now and then.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::open::{PAGE_BYTES, beside};
use crate::shared::Shared;

/// The thread that does it. Ends when it is stopped, with an emptied log.
pub(crate) struct Checkpoints {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(crate) fn start(
        connection: Connection,
        path: &Path,
        shared: Arc<Shared>,
        every: Duration,
        log_bytes_max: u64,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let log = beside(path, "-wal");
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || run(&connection, &log, &shared, &stopped, every, log_bytes_max))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn stop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // Nothing depends on the last checkpoint: the log is read again at the next opening.
            let _ = thread.join();
        }
    }
}

/// A pass that folded back fewer pages than this leaves little for the turn that commits wait for: some 10 ms.
const FEW_PAGES: i64 = 1_000;
/// Passes before a turn at most: a disk that cannot keep up has to be waited for.
const PASSES_MAX: usize = 5;
/// A log that grew larger than so many times its bound, because somebody read for long, is given back to the disk. Those of
/// the busiest seconds stay: to let a log grow costs a commit more than to write over one.
const TRUNCATED_ABOVE: u64 = 16;

fn run(
    connection: &Connection,
    log: &Path,
    shared: &Shared,
    stopped: &Receiver<()>,
    every: Duration,
    log_bytes_max: u64,
) {
    let pages_max = i64::try_from(log_bytes_max / u64::from(PAGE_BYTES)).unwrap_or(i64::MAX);
    let mut seen = 0;
    loop {
        let end = !matches!(stopped.recv_timeout(every), Err(RecvTimeoutError::Timeout));
        let commits = shared.progress.begun();
        // After an error of the disk nothing is touched: the next opening reads the log.
        if commits != seen && !shared.poisoned.load(Ordering::Acquire) {
            seen = commits;
            // An error here loses nothing: it comes again, or the writer meets it.
            let _ = fold(connection, log, shared, pages_max, log_bytes_max);
        }
        if end {
            if !shared.poisoned.load(Ordering::Acquire) {
                let _ = in_turn(connection, shared, "PRAGMA wal_checkpoint(TRUNCATE)");
            }
            return;
        }
    }
}

/// Folds back what is there. A log beyond its bound begins anew, for which commits wait: so that this is short, passes
/// beside them go before, each over what came during the last one.
fn fold(
    connection: &Connection,
    log: &Path,
    shared: &Shared,
    pages_max: i64,
    log_bytes_max: u64,
) -> rusqlite::Result<()> {
    let (mut in_log, mut folded) = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    if in_log <= pages_max {
        return Ok(());
    }
    for _ in 1..PASSES_MAX {
        let before = folded;
        (in_log, folded) = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
        if folded - before < FEW_PAGES {
            break;
        }
    }
    let bytes = std::fs::metadata(log).map_or(0, |log| log.len());
    if bytes > TRUNCATED_ABOVE * log_bytes_max && in_log > 0 {
        in_turn(connection, shared, "PRAGMA wal_checkpoint(TRUNCATE)")
    } else {
        // The file stays and is written over, which a disk does faster than to let one grow.
        in_turn(connection, shared, "PRAGMA wal_checkpoint(RESTART)")
    }
}

/// A checkpoint that commits wait for.
fn in_turn(connection: &Connection, shared: &Shared, sql: &str) -> rusqlite::Result<()> {
    let turn = shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
    let done = checkpoint(connection, sql);
    drop(turn);
    done.map(|_| ())
}

/// Pages in the log, and how many of them are folded back.
fn checkpoint(connection: &Connection, sql: &str) -> rusqlite::Result<(i64, i64)> {
    connection.query_row(sql, [], |row| Ok((row.get(1)?, row.get(2)?)))
}
