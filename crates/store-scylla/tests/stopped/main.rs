//! Stops a call between any two of its statements, as a process that ends there, and lets another one go on: in the end
//! everything is as if nobody had been stopped. `cargo xtask test` runs this; by hand:
//! `SUANPAN_CQL=127.0.0.1:9042 cargo test -p suanpan-store-scylla --features cql-tests,failpoints --test stopped`.

#[path = "../cql/keyspace.rs"]
mod keyspace;
#[path = "../cql/script.rs"]
mod script;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use suanpan_checkout::BooksError;
use suanpan_store::{Store, StoreError};
use suanpan_store_scylla::{Options, ScyllaStore};

use script::{CALLS, Everything, books, call, everything, prepare};

/// Every place between two statements.
const PLACES: [&str; 16] = [
    "scylla/claimed",
    "scylla/turn-taken",
    "scylla/other-kept-out",
    "scylla/looked",
    "scylla/fenced",
    "scylla/capacity-sent",
    "scylla/capacity-arrived",
    "scylla/limit-held",
    "scylla/code-held",
    "scylla/anchored",
    "scylla/head-written",
    "scylla/limit-settled",
    "scylla/code-settled",
    "scylla/events-out",
    "scylla/row-paid",
    "scylla/paid",
];

/// A process that works on the store.
async fn process(options: &Options) -> Arc<dyn Store> {
    Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store"))
}

/// Lets the script run, stopped once at a place after some passes of it; whether it was stopped, and what there is.
async fn run(options: &Options, chain: &str, stop: Option<(&str, u64)>) -> (bool, Everything) {
    let mut store = process(options).await;
    prepare(store.as_ref(), chain).await;
    let stopped = Arc::new(AtomicBool::new(false));
    if let Some((place, passes)) = stop {
        fail::cfg(place, &format!("{passes}*off->1*return->off")).expect("a place that can be stopped at");
    }
    let calls = AtomicU64::new(0);
    for step in CALLS {
        loop {
            calls.fetch_add(1, Ordering::Relaxed);
            match call(&books(Arc::clone(&store), chain), *step).await {
                Ok(()) => break,
                Err(BooksError::Store(StoreError::Unknown(why))) if why.starts_with("stopped at") => {
                    assert!(!stopped.swap(true, Ordering::Relaxed), "stopped once");
                    // Nothing that the first process knew is known to the next.
                    store = process(options).await;
                }
                Err(error) => panic!("{step:?} with a stop at {stop:?}: {error:?}"),
            }
        }
    }
    if let Some((place, _)) = stop {
        fail::remove(place);
    }
    let found = everything(store.as_ref(), chain).await;
    (stopped.load(Ordering::Relaxed), found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_between_any_two_statements() {
    let mut options = keyspace::options();
    // Three shards, so that capacity has to move.
    options.uses_per_shard = 1;
    drop(keyspace::open(options.clone()).await);
    let (_, expected) = run(&options, "never-stopped", None).await;
    let mut stops = 0;
    for place in PLACES {
        for passes in 0.. {
            let chain = format!("{}-{passes}", place.replace('/', "-"));
            let (stopped, found) = run(&options, &chain, Some((place, passes))).await;
            let expected = expected.of_chain(&chain);
            assert_eq!(found, expected, "stopped at {place} after {passes} passes");
            if !stopped {
                assert!(passes > 0, "the script never passes {place}");
                println!("{place}: {passes} stops");
                break;
            }
            stops += 1;
        }
    }
    println!("{stops} stops, each followed by another process");
}
