//! What the driver's errors mean: certainly not executed, perhaps executed, or refused for good.

use std::io;
use std::path::PathBuf;

use scylla::errors::{DbError, ExecutionError, NewSessionError, PrepareError, RequestAttemptError};
use scylla::statement::Consistency;
use suanpan_store::StoreError;

/// Why a store could not be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No node could be reached, or none lets us in.
    #[error("no connection to the cluster")]
    Session(#[source] Box<NewSessionError>),
    /// A statement is not known to the servers.
    #[error("the servers do not take `{statement}`")]
    Prepare {
        /// Its text.
        statement: &'static str,
        /// What they said.
        source: Box<PrepareError>,
    },
    /// A statement of a migration, or of looking at the store, failed.
    #[error("`{statement}` failed")]
    Statement {
        /// Its text.
        statement: String,
        /// What the servers said.
        source: Box<ExecutionError>,
    },
    /// A statement of a migration was repeated for a time, and never answered with yes or no.
    #[error(
        "`{statement}` was not answered in {tries} tries within {seconds} s. Nothing is lost: see that all nodes are up and agree \
         on the schema (`nodetool describecluster`), then run the same command again"
    )]
    Unanswered {
        /// Its text.
        statement: String,
        /// How often it was sent.
        tries: u32,
        /// For how long.
        seconds: u64,
        /// What came of the last try.
        source: Box<ExecutionError>,
    },
    /// The keyspace has no store, or an older one.
    #[error("keyspace {keyspace} has schema {schema}, this release needs {ours}: migrate it first")]
    Old {
        /// Where.
        keyspace: String,
        /// What is there; 0 for nothing.
        schema: u32,
        /// What is needed.
        ours: u32,
    },
    /// A newer release wrote it and does not let this one in; or what it says of itself cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others decide at other levels, and would not see our decisions.
    #[error("the store decides at {theirs}, the options say {ours}: all processes have to agree")]
    Levels {
        /// What the store says.
        theirs: String,
        /// What the options say.
        ours: &'static str,
    },
    /// Others decide in another data centre, and would not see our decisions.
    #[error(
        "the store is at home in data centre {theirs}, the options say {ours}: all processes have to agree"
    )]
    Home {
        /// What the store says.
        theirs: String,
        /// What the options say.
        ours: String,
    },
    /// There are copies in several data centres, decisions are known in one of them, and nobody says in which.
    #[error(
        "the store has copies in data centres {centres} and decides in one of them: name it, first to `suanpan migrate`, then to \
         all processes"
    )]
    NoHome {
        /// Where there are copies.
        centres: String,
    },
    /// A keyspace's name is one that cannot be written without quotes.
    #[error("a keyspace's name has 1 to 48 letters, digits and underscores, and begins with a letter: {0:?}")]
    Keyspace(String),
    /// No server was named.
    #[error("no server of a cluster is named")]
    Nowhere,
    /// A password or certificates cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is to be trusted cannot be read.
    #[error("certificates: {0}")]
    Tls(String),
}

/// What became of a statement that was answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It was certainly not executed and may be tried again.
    NotExecuted(String),
    /// It may have been executed.
    Unknown(String),
    /// It was certainly not executed, and never will be as it is.
    Refused(String),
}

/// The one place that decides whether a write may have happened. The driver may grow new errors, which its enums say by
/// `non_exhaustive`: those are unknown, which is always safe.
pub(crate) fn failure(error: &ExecutionError) -> Failure {
    let told = error.to_string();
    match error {
        ExecutionError::BadQuery(_) => Failure::Refused(told),
        ExecutionError::EmptyPlan
        | ExecutionError::PrepareError(_)
        | ExecutionError::ConnectionPoolError(_) => Failure::NotExecuted(told),
        ExecutionError::LastAttemptError(attempt) => attempted(attempt, told),
        ExecutionError::RequestTimeout(_)
        | ExecutionError::UseKeyspaceError(_)
        | ExecutionError::SchemaAgreementError(_)
        | ExecutionError::MetadataError(_)
        | _ => Failure::Unknown(told),
    }
}

fn attempted(error: &RequestAttemptError, told: String) -> Failure {
    match error {
        RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_) => {
            Failure::Refused(told)
        }
        RequestAttemptError::UnableToAllocStreamId => Failure::NotExecuted(told),
        RequestAttemptError::DbError(error, _) => answered(error, told),
        RequestAttemptError::BrokenConnectionError(_)
        | RequestAttemptError::BodyExtensionsParseError(_)
        | RequestAttemptError::CqlResultParseError(_)
        | RequestAttemptError::CqlErrorParseError(_)
        | RequestAttemptError::UnexpectedResponse(_)
        | RequestAttemptError::RepreparedIdChanged { .. }
        | RequestAttemptError::RepreparedIdMissingInBatch
        | RequestAttemptError::NonfinishedPagingState
        | _ => Failure::Unknown(told),
    }
}

fn answered(error: &DbError, told: String) -> Failure {
    match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::AlreadyExists { .. }
        | DbError::AuthenticationError
        | DbError::Unauthorized
        | DbError::ConfigError => Failure::Refused(told),
        DbError::IsBootstrapping | DbError::RateLimitReached { .. } | DbError::Unprepared { .. } => {
            Failure::NotExecuted(told)
        }
        // Too few nodes for the promise: nothing was begun. Too few for the commit: it may be half done.
        DbError::Unavailable { consistency: Consistency::Serial | Consistency::LocalSerial, .. } => {
            Failure::NotExecuted(told)
        }
        DbError::Unavailable { .. }
        | DbError::FunctionFailure { .. }
        | DbError::Overloaded
        | DbError::TruncateError
        | DbError::ReadTimeout { .. }
        | DbError::WriteTimeout { .. }
        | DbError::ReadFailure { .. }
        | DbError::WriteFailure { .. }
        | DbError::ServerError
        | DbError::ProtocolError
        | DbError::Other(_)
        | _ => Failure::Unknown(told),
    }
}

/// What lies in a column is not what this release wrote.
pub(crate) fn damaged(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt(what.into())
}

pub(crate) fn contract(what: impl Into<String>) -> StoreError {
    StoreError::Contract(what.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use scylla::errors::WriteType;

    #[test]
    fn only_what_was_surely_not_begun_counts_as_not_executed() {
        let db = |error| ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, String::new()));
        let unavailable = |consistency| DbError::Unavailable { consistency, required: 2, alive: 1 };
        let timeout = |write_type| DbError::WriteTimeout {
            consistency: Consistency::LocalSerial,
            received: 1,
            required: 2,
            write_type,
        };
        let kind = |failure| match failure {
            Failure::NotExecuted(_) => "not executed",
            Failure::Unknown(_) => "unknown",
            Failure::Refused(_) => "refused",
        };
        for (error, expected) in [
            (ExecutionError::EmptyPlan, "not executed"),
            (ExecutionError::RequestTimeout(std::time::Duration::from_secs(1)), "unknown"),
            (db(unavailable(Consistency::LocalSerial)), "not executed"),
            (db(unavailable(Consistency::Serial)), "not executed"),
            (db(unavailable(Consistency::LocalQuorum)), "unknown"),
            (db(timeout(WriteType::Cas)), "unknown"),
            (db(timeout(WriteType::Simple)), "unknown"),
            (db(DbError::IsBootstrapping), "not executed"),
            (db(DbError::Overloaded), "unknown"),
            (db(DbError::ServerError), "unknown"),
            (db(DbError::Invalid), "refused"),
            (db(DbError::Unauthorized), "refused"),
            (ExecutionError::LastAttemptError(RequestAttemptError::UnableToAllocStreamId), "not executed"),
            (ExecutionError::LastAttemptError(RequestAttemptError::RepreparedIdMissingInBatch), "unknown"),
        ] {
            assert_eq!(kind(failure(&error)), expected, "{error}");
        }
    }
}
