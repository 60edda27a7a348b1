//! Workers side by side: each looks after its share, and takes over what one that is gone leaves.

use std::sync::Arc;
use std::time::Duration;

use suanpan_accrual_worker::{Pace, Policies, StoredPolicies, Worker};
use suanpan_checkout::Verb;
use suanpan_store::{Owner, Store};
use suanpan_store_embedded::EmbeddedStore;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::lossy::LossyFeed;
use super::shop::{Folder, Shop, checkout, hurry, member, sale};

const PROGRAM: &str = "
program: sunrise
currency: EUR
engine_edition: 1
points: { earn: { per: 1.00 }, offset: { value: 0.01 } }
";
const PARTS: u32 = 8;
const MEMBERS: usize = 64;
const LEASE: Duration = Duration::from_millis(300);

/// A worker that runs, and what ends it in order.
struct Running {
    worker: Arc<Worker>,
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

fn start(shop: &Shop) -> Running {
    let policies: Arc<dyn Policies> = Arc::new(StoredPolicies::new(Arc::clone(&shop.store), shop.clock()));
    let pace = Pace { lease: LEASE, ..hurry() };
    let worker = Arc::new(Worker::new(Arc::clone(&shop.store), policies, shop.clock(), pace, Vec::new()));
    let (stop, stopped) = oneshot::channel::<()>();
    let running = Arc::clone(&worker);
    let task = tokio::spawn(async move {
        running.run(async move { _ = stopped.await }).await;
    });
    Running { worker, task, stop }
}

/// How many parts each holder has now, the fewest first.
async fn shares(shop: &Shop) -> Vec<usize> {
    let leases = shop.store.leases(shop.now_ms()).await.expect("leases");
    let mut counts = std::collections::HashMap::<&str, usize>::new();
    for lease in leases.iter().filter(|lease| lease.duty.starts_with("part/")) {
        *counts.entry(&lease.holder).or_default() += 1;
    }
    let mut shares: Vec<usize> = counts.into_values().collect();
    shares.sort_unstable();
    shares
}

/// Waits until the parts are shared so. The clock goes on meanwhile, so that leases of the dead end.
async fn wait_for(shop: &Shop, expected: &[usize]) {
    for _ in 0..2_000 {
        if shares(shop).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        shop.set_now(shop.now_ms() + 5);
    }
    panic!("the parts are shared as {:?}, not as {expected:?}", shares(shop).await);
}

/// Every member buys once more, and everything is accrued in the end.
async fn everybody_buys(shop: &Shop, round: u64) {
    for number in 0..MEMBERS {
        let id = checkout(shop.now_ms(), round * 1_000 + number as u64);
        let sale = sale(shop.now_ms(), 1_000, 10, 0);
        shop.sell(Owner::Member(member(number)), id, sale, Verb::Confirm).await;
    }
    shop.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_share_the_parts_and_take_over_what_the_dead_leave() {
    let folder = Folder::new();
    let inner: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.file("store")).expect("a store"));
    let shop = Shop::of(Arc::new(LossyFeed::new(inner, PARTS)), 1_764_000_000_000);
    shop.publish(PROGRAM).await;
    for number in 0..MEMBERS {
        shop.enrol(&member(number), None, None).await;
    }
    let first = start(&shop);
    wait_for(&shop, &[8]).await;
    everybody_buys(&shop, 1).await;

    let second = start(&shop);
    wait_for(&shop, &[4, 4]).await;
    let accrued = || [&first, &second].map(|running| running.worker.status().read().accrued);
    let before = accrued();
    everybody_buys(&shop, 2).await;
    // A worker counts a step a moment after it is done.
    for _ in 0..400 {
        if accrued().iter().sum::<u64>() >= 2 * MEMBERS as u64 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let after = accrued();
    assert_eq!(after.iter().sum::<u64>(), 2 * MEMBERS as u64, "each sale once");
    assert!(after.iter().zip(before).all(|(after, before)| *after > before), "both worked: {after:?}");

    // One is gone without a word: what it held passes on by time.
    first.task.abort();
    wait_for(&shop, &[8]).await;
    everybody_buys(&shop, 3).await;

    // One ends in order: the next need not wait for its time.
    let third = start(&shop);
    wait_for(&shop, &[4, 4]).await;
    second.stop.send(()).expect("it runs");
    second.task.await.expect("no panic");
    assert_eq!(shares(&shop).await, [4], "its parts are free at once");
    wait_for(&shop, &[8]).await;
    everybody_buys(&shop, 4).await;
    third.task.abort();
    for number in 0..MEMBERS {
        let points: i64 = shop.head(&member(number)).await.lots.iter().map(|lot| lot.points).sum();
        assert_eq!(points, 4 * 10, "member {number}");
    }
}
