//! The suite that every store passes, plain and behind a store that loses answers.

use std::sync::Arc;

use suanpan_store::conformance::CHECKS;
use suanpan_store::{Faults, FaultyStore, Store};

use crate::keyspace::{open, options};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_check_holds() {
    let store = open(options()).await;
    suanpan_store::conformance::run(|| Arc::clone(&store) as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_check_holds_when_answers_are_lost() {
    let store = open(options()).await;
    let seed = 1;
    let faulty = Arc::new(FaultyStore::new(Arc::clone(&store) as Arc<dyn Store>, seed, Faults::default()));
    for check in CHECKS {
        println!("seed {seed}: {}", check.name);
        (check.run)(Arc::clone(&faulty) as Arc<dyn Store>, check.name).await;
    }
    assert!(faulty.injected() > 100, "{} faults", faulty.injected());
}
