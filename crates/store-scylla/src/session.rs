//! The driver's session, and the three ways to use it: read, write, decide.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::ExecutionError;
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::response::query_result::QueryResult;
use scylla::serialize::value::SerializeValue;
use scylla::statement::batch::Batch;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlValue, Row};
use suanpan_store::StoreError;

use crate::error::{ConnectError, Failure, damaged, failure};
use crate::options::Options;
use crate::routing::Conditional;

/// What is bound to a statement.
pub(crate) type Values<'v> = &'v [&'v (dyn SerializeValue + Sync)];

/// Values of a statement in the order of its marks.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$(&$value as &(dyn scylla::serialize::value::SerializeValue + Sync)),*] };
}
pub(crate) use values;

/// Pings go so often, and are waited for so long: a frozen node is noticed, and others asked, before a till is asked why it waits.
const PING_EVERY: Duration = Duration::from_millis(500);
const PING_WITHIN: Duration = Duration::from_secs(1);
/// Both where the schema is changed, which keeps a server busy for seconds: a slow one is not a frozen one.
const PING_OF_CHANGES: Duration = Duration::from_secs(30);
/// A read that is not answered for so long is asked of one more node, and whoever answers first is heard: far longer than
/// a read takes, so that it costs nothing but where a node is away.
const ASK_ANOTHER_AFTER: Duration = Duration::from_millis(300);
/// One change of the schema may take so long.
const CHANGE_WITHIN: Duration = Duration::from_secs(60);
/// The first pause before a repetition, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(4);
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// Until when a call goes on trying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// Pauses that grow, each with a part of chance, so that two who met do not meet again.
pub(crate) struct Pauses {
    before: u32,
    shortest: Duration,
    longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self::between(PAUSE_MIN, PAUSE_MAX)
    }
}

impl Pauses {
    pub(crate) const fn between(shortest: Duration, longest: Duration) -> Self {
        Self { before: 0, shortest, longest }
    }

    /// No pause before the second try, where it most often tells that the first one did it.
    pub(crate) async fn pause_after_first(&mut self) {
        if self.before > 0 {
            self.pause().await;
        }
        self.before = self.before.max(1);
    }

    pub(crate) async fn pause(&mut self) {
        let longest = self.shortest.saturating_mul(1 << self.before.min(8)).min(self.longest);
        self.before += 1;
        // The keys of the standard hash maps are random; that is enough to spread retries.
        let per_mille = (RandomState::new().build_hasher().finish() % 1_000) as u32;
        tokio::time::sleep(longest * (250 + per_mille * 3 / 4) / 1_000).await;
    }
}

/// What became of a conditional write.
#[derive(Debug)]
pub(crate) enum Applied {
    /// It is written.
    Yes,
    /// Something else is there.
    No(Found),
}

/// What stood in the way: the columns of the condition, by name; a missing one is null.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<(String, CqlValue)>);

impl Found {
    fn value(&self, column: &str) -> Option<&CqlValue> {
        self.0.iter().find(|(name, _)| name == column).map(|(_, value)| value)
    }

    pub(crate) fn bigint(&self, column: &str) -> Option<i64> {
        self.value(column).and_then(CqlValue::as_bigint)
    }

    pub(crate) fn int(&self, column: &str) -> Option<i32> {
        self.value(column).and_then(CqlValue::as_int)
    }
}

/// Connects; `keyspace` is used when it is there.
pub(crate) async fn connect(options: &Options, keyspace: Option<&str>) -> Result<Session, ConnectError> {
    let pings = Pings { every: PING_EVERY, within: PING_WITHIN };
    connect_with(options, keyspace, options.request_within, pings).await
}

/// As [`connect`], with the patience that changes of the schema need.
pub(crate) async fn connect_to_change(
    options: &Options,
    keyspace: Option<&str>,
) -> Result<Session, ConnectError> {
    let pings = Pings { every: PING_OF_CHANGES, within: PING_OF_CHANGES };
    connect_with(options, keyspace, options.request_within.max(CHANGE_WITHIN), pings).await
}

/// How a server that says nothing is noticed.
struct Pings {
    every: Duration,
    within: Duration,
}

async fn connect_with(
    options: &Options,
    keyspace: Option<&str>,
    request_within: Duration,
    pings: Pings,
) -> Result<Session, ConnectError> {
    let mut policy = DefaultPolicy::builder().token_aware(true);
    if let Some(centre) = &options.local_data_centre {
        policy = policy.prefer_datacenter(centre.clone());
    }
    let profile = ExecutionProfile::builder()
        .consistency(options.levels.regular())
        .serial_consistency(Some(options.levels.serial()))
        .request_timeout(Some(request_within))
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        // Of statements that change nothing, which alone are marked as those that may be sent twice.
        .speculative_execution_policy(Some(Arc::new(SimpleSpeculativeExecutionPolicy {
            max_retry_count: 1,
            retry_interval: ASK_ANOTHER_AFTER,
        })))
        .load_balancing_policy(policy.build())
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&options.contact_points)
        .default_execution_profile_handle(profile.into_handle())
        .pool_size(PoolSize::PerShard(options.connections))
        .keepalive_interval(pings.every)
        .keepalive_timeout(pings.within)
        .connection_timeout(options.request_within)
        .tcp_nodelay(true);
    if let Some(keyspace) = keyspace {
        builder = builder.use_keyspace(keyspace, false);
    }
    if let Some(login) = &options.login {
        builder = builder.user(&login.user, &login.password);
    }
    if let Some(tls) = &options.tls {
        builder = builder.tls_context(Some(Arc::clone(&tls.0)));
    }
    builder.build().await.map_err(|error| ConnectError::Session(Box::new(error)))
}

/// The session of a running store.
pub(crate) struct Cql {
    session: Session,
    conditional: Conditional,
}

impl Cql {
    pub(crate) fn new(session: Session) -> Self {
        let profile = session.get_default_execution_profile_handle().to_profile();
        let conditional = Conditional::of(profile.get_load_balancing_policy());
        Self { session, conditional }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// The policy that conditional statements are sent by.
    pub(crate) fn conditional(&self) -> Arc<dyn LoadBalancingPolicy> {
        Arc::new(self.conditional.clone())
    }

    /// The same for a statement that failed so often.
    fn conditional_after(&self, failed: usize) -> Arc<dyn LoadBalancingPolicy> {
        Arc::new(self.conditional.after(failed))
    }

    /// Reads rows; again until it is answered.
    pub(crate) async fn read<R>(
        &self,
        statement: &PreparedStatement,
        values: Values<'_>,
        until: Deadline,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
    {
        let mut pauses = Pauses::default();
        loop {
            match self.session.execute_unpaged(statement, values).await {
                Ok(result) => return rows(result),
                Err(error) => self.again(&error, &mut pauses, until).await?,
            }
        }
    }

    /// The one row of a read, or none.
    pub(crate) async fn read_one<R>(
        &self,
        statement: &PreparedStatement,
        values: Values<'_>,
        until: Deadline,
    ) -> Result<Option<R>, StoreError>
    where
        R: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
    {
        Ok(self.read(statement, values, until).await?.into_iter().next())
    }

    /// A pause before the next try of what changes nothing, or the end of trying.
    async fn again(
        &self,
        error: &ExecutionError,
        pauses: &mut Pauses,
        until: Deadline,
    ) -> Result<(), StoreError> {
        match failure(error) {
            Failure::Refused(why) => return Err(StoreError::Refused(why)),
            Failure::NotExecuted(why) | Failure::Unknown(why) if until.is_over() => {
                return Err(StoreError::Unavailable(why));
            }
            Failure::NotExecuted(_) | Failure::Unknown(_) => {}
        }
        pauses.pause().await;
        Ok(())
    }

    /// Writes what may be written again, in any order, until it is known to be there.
    pub(crate) async fn write(
        &self,
        statement: &PreparedStatement,
        values: Values<'_>,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let mut pauses = Pauses::default();
        let mut perhaps = false;
        loop {
            let Err(error) = self.session.execute_unpaged(statement, values).await else { return Ok(()) };
            unknown(failure(&error), &mut perhaps, until)?;
            pauses.pause().await;
        }
    }

    /// Writes conditionally. An unknown outcome is settled by repeating the same write, at another node: it is applied, or
    /// something else is there, which may be what the first try wrote.
    pub(crate) async fn decide(
        &self,
        statement: &PreparedStatement,
        values: Values<'_>,
        until: Deadline,
    ) -> Result<Applied, StoreError> {
        let mut pauses = Pauses::default();
        let mut perhaps = false;
        let mut elsewhere: Option<PreparedStatement> = None;
        let mut failed = 0;
        loop {
            let statement = elsewhere.as_ref().unwrap_or(statement);
            match self.session.execute_unpaged(statement, values).await {
                Ok(result) => return applied(result),
                Err(error) => unknown(failure(&error), &mut perhaps, until)?,
            }
            failed += 1;
            let mut next = statement.clone();
            next.set_load_balancing_policy(Some(self.conditional_after(failed)));
            elsewhere = Some(next);
            pauses.pause().await;
        }
    }

    /// As [`decide`](Self::decide), for several statements on one partition.
    pub(crate) async fn decide_together(
        &self,
        batch: &Batch,
        values: &[Values<'_>],
        until: Deadline,
    ) -> Result<Applied, StoreError> {
        let mut pauses = Pauses::default();
        let mut perhaps = false;
        let mut elsewhere: Option<Batch> = None;
        let mut failed = 0;
        loop {
            let batch = elsewhere.as_ref().unwrap_or(batch);
            match self.session.batch(batch, values).await {
                Ok(result) => return applied(result),
                Err(error) => unknown(failure(&error), &mut perhaps, until)?,
            }
            failed += 1;
            let mut next = batch.clone();
            next.set_load_balancing_policy(Some(self.conditional_after(failed)));
            elsewhere = Some(next);
            pauses.pause().await;
        }
    }
}

/// Ends the tries of a write when it is refused or its time is over. What may have happened once stays unknown.
fn unknown(failure: Failure, perhaps: &mut bool, until: Deadline) -> Result<(), StoreError> {
    let why = match failure {
        Failure::Refused(why) if !*perhaps => return Err(StoreError::Refused(why)),
        Failure::Refused(why) => return Err(StoreError::Unknown(why)),
        Failure::Unknown(why) => {
            *perhaps = true;
            why
        }
        Failure::NotExecuted(why) => why,
    };
    if !until.is_over() {
        return Ok(());
    }
    Err(if *perhaps { StoreError::Unknown(why) } else { StoreError::Unavailable(why) })
}

fn rows<R>(result: QueryResult) -> Result<Vec<R>, StoreError>
where
    R: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
{
    let result = result.into_rows_result().map_err(|error| damaged(error.to_string()))?;
    let rows = result.rows::<R>().map_err(|error| damaged(error.to_string()))?;
    rows.collect::<Result<_, _>>().map_err(|error| damaged(error.to_string()))
}

/// Columns come by name, since there are others when it was not applied, and others again on the other server.
fn applied(result: QueryResult) -> Result<Applied, StoreError> {
    let result = result.into_rows_result().map_err(|error| damaged(error.to_string()))?;
    let names: Vec<String> = result.column_specs().iter().map(|column| column.name().to_owned()).collect();
    let row = result.maybe_first_row::<Row>().map_err(|error| damaged(error.to_string()))?;
    let columns = row.map(|row| row.columns).unwrap_or_default();
    let found: Vec<(String, CqlValue)> =
        names.into_iter().zip(columns).filter_map(|(name, value)| Some((name, value?))).collect();
    let found = Found(found);
    match found.value("[applied]").and_then(CqlValue::as_boolean) {
        Some(true) => Ok(Applied::Yes),
        Some(false) => Ok(Applied::No(found)),
        None => Err(damaged("a conditional write that was not answered as one")),
    }
}
