//! The store, opened.

mod verbs;

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use crate::error::ConnectError;
use crate::feed::Feed;
use crate::inner::{Inner, Known, Lately};
use crate::options::Options;
use crate::outbox::Waiting;
use crate::queues::Queues;
use crate::schema;
use crate::session::{self, Cql};
use crate::statements::Statements;

/// A store in a keyspace of a cluster, shared with any number of other processes.
pub struct ScyllaStore(pub(crate) Arc<Inner>);

impl ScyllaStore {
    /// Connects to a store that was [migrated](crate::migrate).
    ///
    /// # Errors
    /// [`ConnectError::Old`] before the migration, `StoreError::TooNew` after a newer release's,
    /// [`ConnectError::Levels`] when others decide at other levels, and when nobody answers.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        schema::check_keyspace(&options.keyspace)?;
        let session = session::connect(&options, Some(&options.keyspace)).await?;
        let meta = schema::found(&session, &options).await?;
        let mut statements = Statements::prepare(&session, &options.keyspace, options.levels).await?;
        let cql = Cql::new(session);
        statements.route_conditional(&cql.conditional());
        Ok(Self(Arc::new(Inner {
            cql: Arc::new(cql),
            statements,
            options,
            meta,
            queues: Queues::default(),
            waiting: Waiting::default(),
            feed: Feed::new(),
            chains: Known::default(),
            days: Known::default(),
            paid: Known::default(),
            standing: Lately::default(),
            kept_out_before: AtomicU32::new(0),
            shards: Mutex::default(),
            lines: Mutex::default(),
            outbox_ends: Mutex::default(),
        })))
    }
}
