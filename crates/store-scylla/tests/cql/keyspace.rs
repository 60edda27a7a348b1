//! A keyspace of a test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use suanpan_store_scylla::{Options, ScyllaStore, migrate};

/// Options for a keyspace that nobody else has.
pub(crate) fn options() -> Options {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let Ok(server) = std::env::var("SUANPAN_CQL") else {
        panic!(
            "these tests need a server: start one with `cargo xtask cassandra up` and set SUANPAN_CQL=127.0.0.1:9042"
        );
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Options::at(server, format!("test_{now}_{}_{number}", std::process::id()))
}

/// A store in a new keyspace.
pub(crate) async fn open(options: Options) -> Arc<ScyllaStore> {
    migrate(&options).await.expect("a keyspace");
    Arc::new(ScyllaStore::connect(options).await.expect("a store"))
}
