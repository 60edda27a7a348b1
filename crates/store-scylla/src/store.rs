//! The store, opened.

mod verbs;

use std::sync::{Arc, Mutex};

use suanpan_domain::CheckoutId;
use suanpan_store::{Owner, StoreError};

use crate::error::ConnectError;
use crate::feed::Feed;
use crate::inner::{Inner, Known};
use crate::options::Options;
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
    /// [`ConnectError::Old`] before the migration, [`StoreError::TooNew`] after a newer release's,
    /// [`ConnectError::Levels`] when others decide at other levels, and when nobody answers.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        schema::check_keyspace(&options.keyspace)?;
        let session = session::connect(&options, Some(&options.keyspace)).await?;
        let meta = schema::found(&session, &options).await?;
        let mut statements = Statements::prepare(&session, options.levels).await?;
        let cql = Cql::new(session);
        statements.route_conditional(&cql.conditional());
        Ok(Self(Arc::new(Inner {
            cql: Arc::new(cql),
            statements,
            options,
            meta,
            queues: Queues::default(),
            feed: Feed::new(),
            chains: Known::default(),
            days: Known::default(),
            paid: Known::default(),
            shards: Mutex::default(),
        })))
    }

    /// Releases what is held of a chain's limits for sales that are gone, and settles what was sold. Sales whose time is
    /// over at `now_ms` (Unix milliseconds) and that are still reserved are given back: their reservations have to be ended.
    ///
    /// # Errors
    /// As every reading and writing method of the store.
    pub async fn sweep_holds(
        &self,
        chain: &str,
        now_ms: i64,
    ) -> Result<Vec<(Owner, CheckoutId)>, StoreError> {
        self.0.sweep(chain, now_ms).await
    }
}
