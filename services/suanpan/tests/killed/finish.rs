//! The end of a day: a worker whose clock is ahead ends what was left reserved, and does everything that waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use suanpan_accrual_worker::outbox::FileSink;
use suanpan_accrual_worker::{Pace, Policies, StoredPolicies, Worker};
use suanpan_domain::MemberId;
use suanpan_store::{CodeState, Cursor, HolderState, Store, Taken};

use crate::chance::now_ms;
use crate::corner::{CHAIN, Corner};

/// How far the clock is ahead: longer than any reservation holds.
const AHEAD_MS: i64 = 20 * 60_000;
/// How long the worker may take on a busy machine, where a call that servers do not answer is given up after 30 s.
const PATIENCE: Duration = Duration::from_secs(120);

/// Works until nothing waits any more, and nothing is held.
pub(crate) async fn settle(corner: &Corner) {
    let store = corner.store().await;
    let clock = || -> suanpan_accrual_worker::Clock { Arc::new(|| now_ms() + AHEAD_MS) };
    let policies: Arc<dyn Policies> = Arc::new(StoredPolicies::new(Arc::clone(&store), clock()));
    let pace = Pace {
        pass_every: Duration::from_millis(50),
        tend_every: Duration::from_millis(100),
        codes_every: Duration::ZERO,
        retry_first: Duration::from_millis(20),
        // It is ahead on purpose.
        clock_off_max: Duration::MAX,
        ..Pace::default()
    };
    let sink = Arc::new(FileSink::new(corner.events_file()));
    let worker = Worker::new(Arc::clone(&store), Arc::clone(&policies), clock(), pace, vec![sink]);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let watch = async {
        let begun = Instant::now();
        loop {
            let waits = waits(corner, &*store).await;
            if waits.is_empty() {
                break;
            }
            if begun.elapsed() >= PATIENCE {
                let (why, status) = (why(corner, &policies).await, worker.status().read());
                panic!("it still waits for {waits:?}: {why:#?}, {status:#?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let _ = stop.send(());
    };
    let stopped = async move {
        let _ = stopped.await;
    };
    tokio::join!(worker.run(stopped), watch);
}

/// What is not done yet, at most a few things.
async fn waits(corner: &Corner, store: &dyn Store) -> Vec<String> {
    let mut waits = Vec::new();
    for name in corner.members() {
        let id = MemberId::new(name.as_str()).expect("a member");
        let Some(row) = store.member(CHAIN, &id).await.expect("a store") else { continue };
        let head = row.head;
        if !(head.holds.is_empty() && head.pending.is_empty() && head.emitting.is_empty()) {
            let (holds, pending, emitting) = (head.holds.len(), head.pending.len(), head.emitting.len());
            waits.push(format!("{name}: {holds} holds, {pending} pending, {emitting} emitting"));
        }
    }
    let limits = store.limits(CHAIN).await.expect("a store");
    if limits.iter().any(|limit| limit.held != Taken::default()) {
        waits.push("a held limit".to_owned());
    }
    for code in corner.codes() {
        let found = store.code(CHAIN, corner.hash(&code)).await.expect("a store");
        if found.is_some_and(|found| matches!(found.state, CodeState::Held { .. })) {
            waits.push(format!("{code} is held"));
            break;
        }
    }
    let events = store.outbox(CHAIN, &Cursor::default(), 1).await.expect("a store");
    if !events.rows.is_empty() {
        waits.push("events in the outbox".to_owned());
    }
    waits
}

/// What becomes of whatever is not done, when it is tried once more by itself.
async fn why(corner: &Corner, policies: &Arc<dyn Policies>) -> Vec<String> {
    let books = policies.books(CHAIN).await.expect("the program").expect("a program");
    let now_ms = now_ms() + AHEAD_MS;
    let mut why = Vec::new();
    for name in corner.members() {
        let id = MemberId::new(name.as_str()).expect("a member");
        let begun = Instant::now();
        let worked = tokio::time::timeout(PATIENCE, books.work(&id, now_ms)).await;
        let took = begun.elapsed();
        if !matches!(worked, Ok(Ok(done)) if done == Default::default()) {
            why.push(format!("{name}: {worked:?} in {took:?}"));
        }
    }
    for limit in books.store.limits(CHAIN).await.expect("a store") {
        let page = books.store.limit_holders(CHAIN, limit.offer, &Cursor::default(), 10_000).await;
        let held = page.expect("a store").rows.into_iter();
        for named in held.filter(|named| named.holder.state == HolderState::Held) {
            let ended = books.end_expired(named.owner.clone(), named.checkout, now_ms).await;
            why.push(format!("{limit:?}: {named:?}: {ended:?}"));
        }
    }
    why
}
