//! Stopped between any two steps of the store while whole checkouts pass through; and a log whose last commit was torn.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::corner::{Corner, Stock};
use crate::plan::floor;
use crate::proof::prove;
use crate::server::Keeper;
use crate::till::{self, Floor};
use crate::wal::{Tear, tear};

/// Every place, and how often it is passed at most before the process stops there: what is rare is not passed often.
const PLACES: [(&str, usize); 13] = [
    ("embedded/viewed", 200),
    ("embedded/decided", 200),
    ("embedded/head-written", 200),
    ("embedded/row-written", 200),
    ("embedded/derived-written", 40),
    ("embedded/limit-written", 6),
    ("embedded/holder-written", 6),
    ("embedded/code-written", 6),
    ("embedded/before-commit", 100),
    ("embedded/committed", 100),
    ("embedded/synced", 100),
    ("embedded/answered", 200),
    ("worker/delivered", 10),
];
/// How long a process may take until it comes to its place.
const PATIENCE: Duration = Duration::from_secs(60);
/// What limits every kind of thing.
const STOCK: Stock = Stock { uses: 200, budget_minor: 100_000, codes: 300, members: 12 };

/// Stops at every place so many times, on one store.
pub(crate) async fn between_any_two_steps(seed: u64, times: usize) {
    let corner = Corner::open("stopped", STOCK).await;
    let mut keeper = Keeper::of(&corner);
    let floor = floor(seed, &corner, &keeper);
    let mut chance = Chance::of(seed, u64::MAX);
    keeper.start(&[]).await;
    till::enrol_all(&floor).await;
    keeper.end().await;
    let tills = till::open(&floor, 12);
    for _ in 0..times {
        let mut places = PLACES;
        chance.shuffle(&mut places);
        for (place, passes_max) in places {
            dies_at(&mut keeper, place, chance.below(passes_max)).await;
        }
    }
    let sales = close(&floor, &mut keeper, tills).await;
    let survived = prove(&corner, &mut keeper, &floor.log).await;
    println!(
        "{} checkouts ({sales} customers) survived {times} stops at each of {} places",
        survived.checkouts,
        PLACES.len()
    );
}

/// Runs a process until it stops at the place.
async fn dies_at(keeper: &mut Keeper<'_>, place: &str, passes: usize) {
    let stop = format!("{place}={passes}");
    keeper.starts(&[("SUANPAN_STOP", &stop)]).await;
    let begun = Instant::now();
    while !keeper.has_died() {
        assert!(begun.elapsed() < PATIENCE, "it does not come to {stop}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Sells a little more, and lets the tills end what they began.
async fn close(floor: &Arc<Floor>, keeper: &mut Keeper<'_>, tills: tokio::task::JoinSet<()>) -> u64 {
    keeper.start(&[]).await;
    let sales = floor.sales.load(Ordering::Relaxed);
    while floor.sales.load(Ordering::Relaxed) < sales + 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    floor.closed.store(true, Ordering::Relaxed);
    tills.join_all().await;
    keeper.end().await;
    floor.sales.load(Ordering::Relaxed)
}

/// Stops after a commit that nobody was told of, and tears that commit off the log as a disk does that was writing it when
/// the power went: in each of several ways.
pub(crate) async fn a_torn_log(seed: u64) {
    let corner = Corner::open("torn", STOCK).await;
    let mut keeper = Keeper::of(&corner);
    let floor = floor(seed, &corner, &keeper);
    let mut chance = Chance::of(seed, u64::MAX - 1);
    keeper.start(&[]).await;
    till::enrol_all(&floor).await;
    keeper.end().await;
    let tills = till::open(&floor, 12);
    let mut torn = 0;
    for way in Tear::ALL {
        let mut tried = 0;
        loop {
            dies_at(&mut keeper, "embedded/committed", 20 + chance.below(120)).await;
            // A commit that was folded back already cannot be torn off any more: then again.
            if tear(&corner.store_file(), way) {
                torn += 1;
                break;
            }
            tried += 1;
            assert!(tried < 10, "every commit is folded back at once");
        }
    }
    close(&floor, &mut keeper, tills).await;
    let survived = prove(&corner, &mut keeper, &floor.log).await;
    println!("{} checkouts survived {torn} torn logs", survived.checkouts);
}
