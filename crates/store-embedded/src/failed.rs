//! What went wrong inside, before it is told to a caller.

use rusqlite::ErrorCode;
use suanpan_store::StoreError;

/// Why a step inside a transaction did not succeed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// This job asked for what cannot be; it has written nothing, the others of its batch go on.
    Job(StoreError),
    /// SQLite failed; what the job wrote so far has to be rolled back.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Job(error)
    }
}

/// For reads, and for writes that were rolled back: certainly not executed.
impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Job(error) => error,
            Failed::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    Self::Corrupt(error.to_string())
                }
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
                _ => Self::Refused(error.to_string()),
            },
        }
    }
}

/// Whether the writer must not go on after this error: what it holds in memory may not be what is on the disk.
pub(crate) fn is_fatal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
        )
    )
}

/// What lies in the file is not what this release wrote.
pub(crate) fn damaged(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt(what.into())
}
