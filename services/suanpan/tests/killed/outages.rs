//! Outages by a seeded plan, while tills sell: nodes, workers and servers are killed and frozen, one or two at a time, and
//! come back, nodes and workers with clocks that are a little or far off.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::cluster::{Cluster, Kind, OF_EACH};
use crate::corner::{Corner, Stock};
use crate::plan::floor;
use crate::proof::{Survived, prove};
use crate::server::House as _;
use crate::servers::{self, Server};
use crate::till;

/// Tills at once.
const TILLS: u64 = 24;
/// A clock that is so far off is still one to sell by.
const OFF_ALLOWED_MS: i64 = 1_000;
/// With one that is so far off nothing is sold.
const OFF_TOO_FAR_MS: i64 = 60_000;
/// What a worker's lease lasts; frozen for longer, it comes back to duties that another has.
const LEASE: Duration = Duration::from_secs(3);

/// What happened.
#[derive(Clone, Copy, Debug, Default)]
struct Outages {
    kills: usize,
    freezes: usize,
    wrong_clocks: usize,
}

/// Lets a cluster live through outages for so long; everything that was answered is true afterwards.
pub(crate) async fn a_cluster_under_outages(seed: u64, lasts: Duration) {
    let mut servers = servers::all();
    let stock = Stock { uses: 400, budget_minor: 60_000, codes: 300, members: 24 };
    let ours = servers.iter().map(Server::endpoint).collect::<Vec<_>>().join(",");
    let corner = Corner::open_on(&servers::given().unwrap_or(ours), seed, stock).await;
    let mut cluster = Cluster::of(&corner);
    let floor = floor(seed, &corner, &cluster);
    let mut chance = Chance::of(seed, u64::MAX);
    cluster.open().await;
    till::enrol_all(&floor).await;
    let tills = till::open(&floor, TILLS);
    let begun = Instant::now();
    let mut outages = Outages::default();
    while begun.elapsed() < lasts {
        tokio::time::sleep(Duration::from_millis(chance.next() % 1_500)).await;
        cluster.check();
        one(&mut chance, &mut cluster, &mut servers, &mut outages).await;
    }
    floor.closed.store(true, Ordering::Relaxed);
    tills.join_all().await;
    let sold_for = begun.elapsed();
    cluster.close().await;
    let again = floor.log.again.load(Ordering::Relaxed);
    let Survived { checkouts, sold, returns, answers, events } =
        prove(&corner, &mut cluster, &floor.log).await;
    assert!(sold * 4 > checkouts, "few of it is sold: {sold} of {checkouts}");
    let Outages { kills, freezes, wrong_clocks } = outages;
    println!(
        "{checkouts} checkouts ({sold} sold, {returns} returns, {answers} answers, {events} events) survived {kills} kills, \
         {freezes} freezes and {wrong_clocks} wrong clocks in {:.1} s; {again} calls were sent again",
        sold_for.as_secs_f32(),
    );
}

/// One outage, and what comes after it.
async fn one(chance: &mut Chance, cluster: &mut Cluster<'_>, servers: &mut [Server], outages: &mut Outages) {
    let place = chance.below(OF_EACH);
    let kind = if chance.one_in(2) { Kind::Node } else { Kind::Worker };
    // A majority has to be left.
    let kinds = if servers.len() < 3 { 6 } else { 8 };
    match chance.below(kinds) {
        0..=3 => {
            cluster.kill(kind, place);
            outages.kills += 1;
            tokio::time::sleep(Duration::from_millis(chance.next() % 1_000)).await;
            let ahead_ms = clock(chance, place, outages);
            cluster.start(kind, place, ahead_ms).await;
        }
        4..=5 => {
            cluster.freeze(kind, place);
            outages.freezes += 1;
            // A lease ends meanwhile, more often than not.
            let frozen = LEASE / 2 + Duration::from_millis(chance.next() % 4_000);
            // Something may happen to the other one of its kind.
            if chance.one_in(3) {
                tokio::time::sleep(frozen / 2).await;
                let other = OF_EACH - 1 - place;
                cluster.kill(kind, other);
                outages.kills += 1;
                cluster.start(kind, other, 0).await;
            }
            tokio::time::sleep(frozen).await;
            cluster.thaw(kind, place);
        }
        6 => {
            let server = chance.below(servers.len());
            servers[server].freeze();
            outages.freezes += 1;
            tokio::time::sleep(Duration::from_millis(1_000 + chance.next() % 8_000)).await;
            servers[server].thaw();
        }
        _ => {
            let server = chance.below(servers.len());
            servers[server].kill();
            outages.kills += 1;
            tokio::time::sleep(Duration::from_millis(chance.next() % 2_000)).await;
            servers[server].start();
            servers[server].serves().await;
        }
    }
}

/// How far the clock of a process that starts is ahead. One of each kind has always one to sell by.
fn clock(chance: &mut Chance, place: usize, outages: &mut Outages) -> i64 {
    match chance.below(6) {
        0 => chance.within(-OFF_ALLOWED_MS, OFF_ALLOWED_MS),
        1..=2 if place == 0 => {
            outages.wrong_clocks += 1;
            if chance.one_in(2) { OFF_TOO_FAR_MS } else { -OFF_TOO_FAR_MS }
        }
        _ => 0,
    }
}
