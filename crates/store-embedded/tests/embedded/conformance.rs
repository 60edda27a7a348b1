//! The suite that every store passes, plain and behind a store that loses answers.

use std::sync::Arc;

use suanpan_store::conformance::CHECKS;
use suanpan_store::{Faults, FaultyStore, Store};
use suanpan_store_embedded::EmbeddedStore;

use crate::scratch::Scratch;

fn store(scratch: &Scratch) -> Arc<EmbeddedStore> {
    Arc::new(EmbeddedStore::open(&scratch.file("store")).expect("a new store"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_check_holds() {
    let scratch = Scratch::new();
    let store = store(&scratch);
    suanpan_store::conformance::run(|| Arc::clone(&store) as Arc<dyn Store>).await;
    let contents = store.check().expect("a sound file");
    assert!(contents.members > 50 && contents.guests > 50 && contents.entries > 500, "{contents:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_check_holds_when_answers_are_lost() {
    for seed in [1, 2, 3] {
        let scratch = Scratch::new();
        let store = store(&scratch);
        let faulty =
            Arc::new(FaultyStore::new(Arc::clone(&store) as Arc<dyn Store>, seed, Faults::default()));
        for check in CHECKS {
            println!("seed {seed}: {}", check.name);
            (check.run)(Arc::clone(&faulty) as Arc<dyn Store>, check.name).await;
        }
        assert!(faulty.injected() > 100, "{} faults", faulty.injected());
        store.check().expect("a sound file");
    }
}
