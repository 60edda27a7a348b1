//! The same calls leave the same bytes in both stores.

use std::sync::Arc;

use suanpan_store::Store;
use suanpan_store_embedded::EmbeddedStore;
use suanpan_store_scylla::ScyllaStore;

use crate::keyspace::{open, options};
use crate::script::{CALLS, books, call, everything, prepare};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_stores_have_the_same_in_the_end() {
    let chain = "chain";
    let folder = std::env::temp_dir().join(format!("suanpan-same-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let embedded = Arc::new(EmbeddedStore::open(&folder.join("store")).expect("a new file"));
    let mut options = options();
    options.uses_per_shard = 1;
    // Shards hand over, and again.
    options.rows_per_shard = 2;
    let scylla: Arc<ScyllaStore> = open(options).await;
    let stores: [Arc<dyn Store>; 2] = [embedded, scylla];
    let mut told = Vec::new();
    for store in &stores {
        prepare(store.as_ref(), chain).await;
        let books = books(Arc::clone(store), chain);
        let mut answers = Vec::new();
        for step in CALLS {
            answers.push(call(&books, *step).await);
        }
        told.push((answers, everything(store.as_ref(), chain).await));
    }
    assert_eq!(told[0], told[1]);
    drop(stores);
    // What is left behind lies in the folder for temporary files.
    let _ = std::fs::remove_dir_all(&folder);
}
