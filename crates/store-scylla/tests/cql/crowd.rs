//! Several processes at one store, as far as one test program can be several: each has its session, queues and memory.

use std::sync::Arc;

use suanpan_store::Store;
use suanpan_store::conformance::CHECKS;
use suanpan_store_scylla::ScyllaStore;

use crate::keyspace::{open, options};
use crate::several::Several;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_check_holds_on_three_processes() {
    let options = options();
    let mut stores = vec![open(options.clone()).await];
    for _ in 0..2 {
        stores.push(Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store")));
    }
    let several = Arc::new(Several::new(stores));
    for check in CHECKS {
        println!("{}", check.name);
        (check.run)(Arc::clone(&several) as Arc<dyn Store>, check.name).await;
    }
}
