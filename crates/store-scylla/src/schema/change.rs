//! Changes of the schema, repeated until they are known to be made: a busy server takes seconds for one, a connection may
//! break meanwhile, and somebody else may change the schema at the same moment. All of them may run twice.

use std::future::Future;
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::response::query_result::QueryResult;
use scylla::statement::{Consistency, Statement};

use crate::error::{ConnectError, damaged};
use crate::session::Pauses;

/// Tries of one statement begin for so long.
const REPEAT_FOR: Duration = Duration::from_secs(120);
/// The first pause before a repetition, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Changes the schema, and waits until all nodes know it: the next statement may reach any of them. Also when nothing was
/// left to change, since then somebody else has just done it.
pub(super) async fn change(session: &Session, text: &str) -> Result<(), ConnectError> {
    repeated(text, move || async move {
        session.query_unpaged(text, ()).await?;
        session.await_schema_agreement().await?;
        Ok(())
    })
    .await
}

/// Adds a column. A second run is told from a mistake by the column, which is there then: `IF NOT EXISTS` is known to one of
/// the two servers alone.
pub(super) async fn add_column(session: &Session, keyspace: &str, text: &str) -> Result<(), ConnectError> {
    let mut words = text.split_whitespace();
    let (table, column) = (words.nth(2).unwrap_or_default(), words.nth(1).unwrap_or_default());
    let columns = format!(
        "SELECT column_name FROM system_schema.columns WHERE keyspace_name = '{keyspace}' AND table_name = '{table}'"
    );
    let is_there = async || -> Result<bool, ConnectError> {
        let result = look(session, &columns, Consistency::One).await?;
        let result = result.into_rows_result().map_err(|error| damaged(format!("columns: {error}")))?;
        let mut rows = result.rows::<(String,)>().map_err(|error| damaged(format!("columns: {error}")))?;
        Ok(rows.any(|row| row.is_ok_and(|(name,)| name == column)))
    };
    if is_there().await? {
        return Ok(());
    }
    match change(session, text).await {
        // Somebody else added it meanwhile.
        Err(ConnectError::Statement { .. }) if is_there().await? => Ok(()),
        ended => ended,
    }
}

/// Runs a statement that changes no schema and may run twice.
pub(super) async fn query(session: &Session, text: &str) -> Result<QueryResult, ConnectError> {
    repeated(text, move || session.query_unpaged(text, ())).await
}

/// Reads, at a level, and again until it is answered.
pub(super) async fn look(
    session: &Session,
    text: &str,
    level: Consistency,
) -> Result<QueryResult, ConnectError> {
    let look = move || {
        let mut statement = Statement::new(text);
        statement.set_consistency(level);
        session.query_unpaged(statement, ())
    };
    repeated(text, look).await
}

/// Speaks of a keyspace that was made before.
pub(super) async fn enter(session: &Session, keyspace: &str) -> Result<(), ConnectError> {
    let enter = move || async move { Ok(session.use_keyspace(keyspace, false).await?) };
    repeated(&format!("USE {keyspace}"), enter).await
}

async fn repeated<T, Try: Future<Output = Result<T, ExecutionError>>>(
    text: &str,
    run: impl Fn() -> Try,
) -> Result<T, ConnectError> {
    let began = Instant::now();
    let mut pauses = Pauses::between(PAUSE_MIN, PAUSE_MAX);
    let mut tries = 0;
    loop {
        let source = match run().await {
            Ok(done) => return Ok(done),
            Err(error) => Box::new(error),
        };
        tries += 1;
        let statement = text.to_owned();
        if !passes(&source) {
            return Err(ConnectError::Statement { statement, source });
        }
        if began.elapsed() >= REPEAT_FOR {
            let seconds = began.elapsed().as_secs();
            return Err(ConnectError::Unanswered { statement, tries, seconds, source });
        }
        pauses.pause().await;
    }
}

/// Whether the same statement may go well in a moment. It may run twice, so that all does which is no plain no.
fn passes(error: &ExecutionError) -> bool {
    match error {
        // A data centre that does not exist.
        ExecutionError::BadQuery(_) | ExecutionError::EmptyPlan => false,
        ExecutionError::LastAttemptError(attempt) => match attempt {
            RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_) => {
                false
            }
            RequestAttemptError::DbError(error, _) => answer_passes(error),
            // What the driver may grow, as everywhere here, passes: at worst it is told about later.
            _ => true,
        },
        ExecutionError::PrepareError(_)
        | ExecutionError::ConnectionPoolError(_)
        | ExecutionError::RequestTimeout(_)
        | ExecutionError::UseKeyspaceError(_)
        | ExecutionError::SchemaAgreementError(_)
        | ExecutionError::MetadataError(_)
        | _ => true,
    }
}

fn answer_passes(error: &DbError) -> bool {
    match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::AuthenticationError
        | DbError::Unauthorized
        | DbError::ConfigError => false,
        // `IF NOT EXISTS` looked before somebody else made it; the next try finds it.
        DbError::AlreadyExists { .. }
        // Two changes met: either server says so as a fault of its own.
        | DbError::ServerError
        | DbError::IsBootstrapping
        | DbError::RateLimitReached { .. }
        | DbError::Unprepared { .. }
        | DbError::Unavailable { .. }
        | DbError::FunctionFailure { .. }
        | DbError::Overloaded
        | DbError::TruncateError
        | DbError::ReadTimeout { .. }
        | DbError::WriteTimeout { .. }
        | DbError::ReadFailure { .. }
        | DbError::WriteFailure { .. }
        | DbError::ProtocolError
        | DbError::Other(_)
        | _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scylla::errors::{BrokenConnectionErrorKind, ConnectionPoolError, SchemaAgreementError, WriteType};

    #[test]
    fn what_may_go_well_in_a_moment_is_repeated() {
        let attempt = ExecutionError::LastAttemptError;
        let db = |error| attempt(RequestAttemptError::DbError(error, String::new()));
        let table = || DbError::AlreadyExists { keyspace: "k".to_owned(), table: "t".to_owned() };
        let timeout = DbError::WriteTimeout {
            consistency: Consistency::LocalSerial,
            received: 1,
            required: 2,
            write_type: WriteType::Cas,
        };
        let unavailable =
            DbError::Unavailable { consistency: Consistency::LocalQuorum, required: 2, alive: 1 };
        let broken = BrokenConnectionErrorKind::KeepaliveTimeout(std::net::Ipv4Addr::LOCALHOST.into());
        for (error, expected) in [
            (attempt(RequestAttemptError::BrokenConnectionError(broken.into())), true),
            (attempt(RequestAttemptError::UnableToAllocStreamId), true),
            (ExecutionError::RequestTimeout(Duration::from_secs(1)), true),
            (ExecutionError::ConnectionPoolError(ConnectionPoolError::Initializing), true),
            (
                ExecutionError::SchemaAgreementError(SchemaAgreementError::Timeout(Duration::from_secs(60))),
                true,
            ),
            (db(table()), true),
            (db(DbError::ServerError), true),
            (db(DbError::Overloaded), true),
            (db(DbError::IsBootstrapping), true),
            (db(timeout), true),
            (db(unavailable), true),
            (ExecutionError::EmptyPlan, false),
            (db(DbError::SyntaxError), false),
            (db(DbError::Invalid), false),
            (db(DbError::ConfigError), false),
            (db(DbError::Unauthorized), false),
            (db(DbError::AuthenticationError), false),
        ] {
            assert_eq!(passes(&error), expected, "{error}");
        }
    }

    #[tokio::test]
    async fn a_no_ends_the_tries_at_once() {
        let tries = std::cell::Cell::new(0);
        let run = || {
            tries.set(tries.get() + 1);
            std::future::ready(match tries.get() {
                1 => Err(ExecutionError::RequestTimeout(Duration::from_secs(1))),
                2 => Err(ExecutionError::EmptyPlan),
                _ => Ok(()),
            })
        };
        assert!(matches!(repeated("DROP", run).await, Err(ConnectError::Statement { .. })));
        assert_eq!(tries.get(), 2);
        repeated("CREATE", run).await.expect("the third one");
        assert_eq!(tries.get(), 3);
    }
}
