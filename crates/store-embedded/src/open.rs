//! Opens a file: the lock, the connections, the schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use suanpan_store::StoreError;

use crate::failed::Failed;

/// How a file is opened. The default is what a service wants.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that read, each with a connection.
    pub readers: usize,
    /// Pages of 8 KiB that the file may have at most; a write that needs more is refused. None is as the disk has.
    pub pages_max: Option<u32>,
    /// How often the log is folded back into the file, beside the writer.
    pub checkpoint_every: Duration,
    /// From this size on the log begins anew, for which commits wait a moment. Bytes; it may grow to some times as much within
    /// a second of many sales, or while somebody reads for long, as a backup does.
    pub log_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            pages_max: None,
            checkpoint_every: Duration::from_secs(1),
            log_bytes_max: 64 << 20,
        }
    }
}

/// Bytes of a page: a row of a sale and its head fit one each.
pub(crate) const PAGE_BYTES: u32 = 8_192;
/// Statements that a connection keeps prepared: all that there are.
const STATEMENTS_MAX: usize = 128;
/// Waits of SQLite itself. Only a foreign process that looks into the file can cause one.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// Keeps other processes from the file while it is open.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// The path of a file's lock, log or index.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Lock {
    /// Takes the lock of a file, which ends with the process at the latest.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let lock = beside(path, ".lock");
        let told =
            |error: &dyn std::fmt::Display| StoreError::Refused(format!("{}: {error}", lock.display()));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(|error| told(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
                "another process has {} open; only one may",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(told(&error)),
        }
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Plans do not depend on bound values. Without this SQLite plans a join anew each time that it is bound, which costs
    // more than to run it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // The writer commits; folding the log back is the checkpoint's work.
    connection.pragma_update(None, "wal_autocheckpoint", 0)
}

/// The connection that writes; makes the file when there is none.
pub(crate) fn writer(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, Failed> {
        let connection = Connection::open(path)?;
        // Says nothing to a file that has pages already.
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
        if mode != "wal" {
            return Err(StoreError::Refused(format!("no write-ahead log here, but {mode}")).into());
        }
        // Commits are synced by a thread of their own, before anybody is answered.
        connection.pragma_update(None, "synchronous", "normal")?;
        prepare(&connection)?;
        if let Some(pages) = options.pages_max {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        Ok(connection)
    };
    open().map_err(StoreError::from)
}

/// A connection that reads.
pub(crate) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, Failed> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        prepare(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    open().map_err(StoreError::from)
}

/// The connection that folds the log back.
pub(crate) fn checkpointer(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, Failed> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        prepare(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        // It comes again: it need not wait for a reader.
        connection.busy_timeout(Duration::ZERO)?;
        Ok(connection)
    };
    open().map_err(StoreError::from)
}
