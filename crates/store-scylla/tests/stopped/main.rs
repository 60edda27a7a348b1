//! Stops a call between any two of its statements, as a process that ends there, and lets another one go on: in the end
//! everything is as if nobody had been stopped. `cargo xtask test` runs this; by hand:
//! `SUANPAN_CQL=127.0.0.1:9042 cargo test -p suanpan-store-scylla --features cql-tests,failpoints --test stopped`.

mod away;
mod before;
#[path = "../cql/events.rs"]
mod events;
#[path = "../cql/keyspace.rs"]
mod keyspace;
mod rare;
mod retried;
#[path = "../cql/script.rs"]
mod script;
mod summed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use suanpan_checkout::{BooksError, Verb};
use suanpan_ledger::command::Fact;
use suanpan_store::{CodeState, Store, StoreError};
use suanpan_store_scylla::{Options, ScyllaStore};

use script::{CALLS, Call, Everything, books, call, checkout, code, everything, guest, prepare};

/// Held by a test as long as it stops calls: the places are the program's.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Every place between two statements of the script. Others are in `rare.rs`.
const PLACES: [&str; 33] = [
    "scylla/own-seen",
    "scylla/day-listed",
    "scylla/claimed",
    "scylla/claims-read",
    "scylla/others-seen",
    "scylla/round-read",
    "scylla/turn-taken",
    "scylla/other-kept-out",
    "scylla/seen-in-turn",
    "scylla/looked",
    "scylla/chain-listed",
    "scylla/fenced",
    "scylla/shard-seen",
    "scylla/capacity-sent",
    "scylla/capacity-arrived",
    "scylla/transfer-closed",
    "scylla/successor-made",
    "scylla/handed-over",
    "scylla/taken-over",
    "scylla/limit-held",
    "scylla/code-held",
    "scylla/debt-listed",
    "scylla/anchored",
    "scylla/head-written",
    "scylla/share-seen",
    "scylla/limit-settled",
    "scylla/code-seen",
    "scylla/code-settled",
    "scylla/events-out",
    "scylla/row-paid",
    "scylla/paid",
    "scylla/body-archived",
    "scylla/body-moved",
];

/// The keyspace of all these tests, of which each has chains of its own: a small server that is given one for each of them has
/// no memory left for anything else.
async fn shared() -> Options {
    static SHARED: tokio::sync::OnceCell<Options> = tokio::sync::OnceCell::const_new();
    let make = || async {
        let options = keyspace::options();
        drop(keyspace::open(options.clone()).await);
        options
    };
    SHARED.get_or_init(make).await.clone()
}

/// A process that works on the store.
async fn process(options: &Options) -> Arc<dyn Store> {
    Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store"))
}

/// Lets a script run, stopped once at a place after some passes of it; whether it was stopped, and what there is.
async fn run<S: Copy + std::fmt::Debug>(
    options: &Options,
    chain: &str,
    stop: Option<(&str, u64)>,
    (steps, step_of): (&[S], impl AsyncFn(Arc<dyn Store>, &str, S) -> Result<(), BooksError>),
) -> (bool, Everything) {
    prepare(process(options).await.as_ref(), chain).await;
    let mut store = process(options).await;
    let stopped = Arc::new(AtomicBool::new(false));
    if let Some((place, passes)) = stop {
        fail::cfg(place, &format!("{passes}*off->1*return->off")).expect("a place that can be stopped at");
    }
    for step in steps {
        loop {
            match step_of(Arc::clone(&store), chain, *step).await {
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
    // Before anything is refused, all capacity arrives that somebody left on its way.
    let too_much = away::sell(Arc::clone(&store), chain, guest(99), (99, Verb::Confirm, 1_000)).await;
    assert!(matches!(too_much, Err(BooksError::Refused(_))), "{too_much:?}");
    let found = everything(store.as_ref(), chain).await;
    (stopped.load(Ordering::Relaxed), found)
}

/// A guest's sale that was paid for already, stopped before its use of the limit is counted: nobody works for a guest, so that
/// whoever asks for the answer counts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_guest_owes_is_paid_by_whoever_asks_for_the_sale() {
    let _alone = ALONE.lock().await;
    let (next, chain) = a_fact_that_stopped_at("scylla/head-written", "asked-for").await;
    assert_eq!(used(&*next, chain).await, 0, "it was stopped before");
    assert!(next.find_checkout(chain, checkout(20)).await.expect("a store").is_some());
    assert_eq!(used(&*next, chain).await, 1);
}

/// The same when nobody asks: it is on the list of the worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_guest_owes_is_paid_by_the_worker() {
    let _alone = ALONE.lock().await;
    let (next, chain) = a_fact_that_stopped_at("scylla/head-written", "worked-for").await;
    let now_ms = next.clock_ms().await.expect("a store").expect("a clock");
    next.pay_guests(now_ms).await.expect("a store");
    assert_eq!(used(&*next, chain).await, 0, "whoever wrote it may be about to pay");
    next.pay_guests(now_ms + 30_000).await.expect("a store");
    assert_eq!(used(&*next, chain).await, 1);
    next.pay_guests(now_ms + 30_000).await.expect("a store");
    assert_eq!(used(&*next, chain).await, 1, "once");
}

/// A debt of a row that was never written is forgotten, and does not keep the sale from being recorded later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debt_without_its_row_keeps_nobody_from_selling() {
    let _alone = ALONE.lock().await;
    let (next, chain) = a_fact_that_stopped_at("scylla/debt-listed", "never-written").await;
    let now_ms = next.clock_ms().await.expect("a store").expect("a clock");
    for later_ms in [30_000, 90_000] {
        next.pay_guests(now_ms + later_ms).await.expect("a store");
        assert_eq!(used(&*next, chain).await, 0);
    }
    call(&books(Arc::clone(&next), chain), A_FACT).await.expect("recorded");
    assert_eq!(used(&*next, chain).await, 1);
}

/// Whoever was away between the sale and its settlement, and comes back when the sale has come back too, leaves its code alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_came_back_is_not_used_by_a_late_settlement() {
    let _alone = ALONE.lock().await;
    let options = shared().await;
    let (chain, next) = ("late", process(&options).await);
    prepare(next.as_ref(), chain).await;
    fail::cfg("scylla/head-written", "1*pause->off").expect("a place that can be stopped at");
    let sold = Call::Sell { owner: Some(4), checkout: 4, verb: Verb::Confirm, points: 0, code: Some(2) };
    let late = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async { call(&books(process(&options).await, chain), sold).await })
    });
    while next.find_checkout(chain, checkout(4)).await.expect("a store").is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let state = async || next.code(chain, code(2)).await.expect("a store").expect("a code").state;
    assert!(matches!(state().await, CodeState::Used { .. }), "whoever asked for the sale has settled it");
    call(&books(Arc::clone(&next), chain), Call::GiveBack(4)).await.expect("it came back");
    assert_eq!(state().await, CodeState::Free);
    fail::remove("scylla/head-written");
    late.join().expect("no panic").expect("it was sold");
    assert_eq!(state().await, CodeState::Free);
}

/// A guest's sale that was paid for already, and takes something of a limit.
const A_FACT: Call =
    Call::Sell { owner: Some(20), checkout: 20, verb: Verb::Record(Fact::Offline), points: 0, code: None };

/// A store and a chain of its own on which a process stopped at a place while it recorded a guest's sale.
async fn a_fact_that_stopped_at(place: &str, chain: &'static str) -> (Arc<dyn Store>, &'static str) {
    let options = shared().await;
    let first = process(&options).await;
    prepare(first.as_ref(), chain).await;
    fail::cfg(place, "1*return->off").expect("a place that can be stopped at");
    let stopped = call(&books(first, chain), A_FACT).await;
    fail::remove(place);
    assert!(matches!(stopped, Err(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    (process(&options).await, chain)
}

/// Uses of all limits together.
async fn used(store: &dyn Store, chain: &str) -> i64 {
    let limits = store.limits(chain).await.expect("a store");
    limits.iter().map(|limit| limit.used.uses + limit.overrun.uses).sum()
}

/// The main script, call by call.
async fn of_main(store: Arc<dyn Store>, chain: &str, step: Call) -> Result<(), BooksError> {
    call(&books(store, chain), step).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_between_any_two_statements() {
    let _alone = ALONE.lock().await;
    let mut options = shared().await;
    // Three shards, so that capacity has to move.
    options.uses_per_shard = 1;
    // Shards that hand over, and again.
    options.rows_per_shard = 2;
    let (_, expected) = run(&options, "never-stopped", None, (CALLS, of_main)).await;
    let mut stops = 0;
    for place in PLACES {
        stops += stopped_at_each_pass(&options, place, &expected, (CALLS, of_main)).await;
    }
    println!("{stops} stops, each followed by another process");
}

/// Runs a script again and again, stopped at a place later each time, until it is not stopped any more; how often it was.
async fn stopped_at_each_pass<S: Copy + std::fmt::Debug>(
    options: &Options,
    place: &str,
    expected: &Everything,
    (steps, step_of): (&[S], impl AsyncFn(Arc<dyn Store>, &str, S) -> Result<(), BooksError>),
) -> u64 {
    for passes in 0.. {
        let chain = format!("{}-{passes}", place.replace('/', "-"));
        let (stopped, found) = run(options, &chain, Some((place, passes)), (steps, &step_of)).await;
        assert_eq!(found, expected.of_chain(&chain), "stopped at {place} after {passes} passes");
        if !stopped {
            assert!(passes > 0, "the script never passes {place}");
            println!("{place}: {passes} stops");
            return passes;
        }
    }
    unreachable!("there are fewer passes")
}
