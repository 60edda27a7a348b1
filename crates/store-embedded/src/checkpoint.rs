//! Folds the log back into the file, beside the writer: inside a commit it would cost 47 ms now and then.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::open::beside;
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

fn run(
    connection: &Connection,
    log: &PathBuf,
    shared: &Shared,
    stopped: &Receiver<()>,
    every: Duration,
    log_bytes_max: u64,
) {
    loop {
        let end = !matches!(stopped.recv_timeout(every), Err(RecvTimeoutError::Timeout));
        if shared.poisoned.load(Ordering::Acquire) {
            // What the disk holds is not known: the next opening reads the log.
            if end {
                return;
            }
            continue;
        }
        // An error here loses nothing, and comes again or is met by the writer.
        let _ = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)");
        let bytes = std::fs::metadata(log).map_or(0, |log| log.len());
        if bytes > log_bytes_max || (end && bytes > 0) {
            let turn = shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
            drop(turn);
        }
        if end {
            return;
        }
    }
}

fn checkpoint(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.query_row(sql, [], |_| Ok(()))
}
