//! Outages by a seeded plan, while tills sell: nodes and workers are killed and frozen, and come back with clocks that are
//! a little or far off; meanwhile one server after the other is killed or frozen.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::cluster::{Cluster, Kind, OF_EACH, Start};
use crate::corner::{Corner, Stock};
use crate::plan::floor;
use crate::proof::{Survived, prove};
use crate::server::House as _;
use crate::servers::{self, Server};
use crate::till::{self, Floor};
use crate::upkeep;

/// Tills at once. More of them sell no more on two cores, and keep servers that start from getting there.
const TILLS: u64 = 16;
/// A clock that is so far off is still one to sell by.
const OFF_ALLOWED_MS: i64 = 1_000;
/// With one that is so far off nothing is sold.
const OFF_TOO_FAR_MS: i64 = 60_000;
/// What a worker's lease lasts; frozen for longer, it comes back to duties that another has.
const LEASE: Duration = Duration::from_secs(3);
/// Between which statements nodes and workers freeze, and how often these are passed before at most: what is rare is not
/// passed often. Whoever comes back after others did its work has to find out.
const NODE_FREEZES_AT: [(&str, usize); 18] = [
    ("scylla/own-seen", 100),
    ("scylla/claimed", 40),
    ("scylla/claims-read", 40),
    ("scylla/round-read", 10),
    ("scylla/turn-taken", 10),
    ("scylla/other-kept-out", 10),
    ("scylla/seen-in-turn", 10),
    ("scylla/looked", 100),
    ("scylla/shard-seen", 10),
    ("scylla/limit-held", 10),
    ("scylla/code-held", 4),
    ("scylla/debt-listed", 40),
    ("scylla/head-written", 40),
    ("scylla/share-seen", 10),
    ("scylla/limit-settled", 10),
    ("scylla/code-seen", 4),
    ("scylla/code-settled", 4),
    ("scylla/paid", 40),
];
const WORKER_FREEZES_AT: [(&str, usize); 4] =
    [("scylla/looked", 40), ("scylla/head-written", 20), ("scylla/events-out", 20), ("scylla/paid", 20)];
/// What has an outage, in turn.
const KINDS: [Kind; 2] = [Kind::Node, Kind::Worker];
/// Of outages of servers one in so many is a kill.
const KILL_ONE_IN: usize = 4;
/// How long tills sell while a server starts. Then they leave it the processors: on two of them it could take minutes.
const SELLS_WITHOUT: Duration = Duration::from_secs(15);
/// How long a process may take until it comes there; one that does not is killed.
const COMES_WITHIN: Duration = Duration::from_secs(4);

/// What happened.
#[derive(Clone, Copy, Debug, Default)]
struct Outages {
    kills: usize,
    /// Of those, how often a node was, with calls that it had not answered.
    of_nodes: usize,
    freezes: usize,
    between_statements: usize,
    wrong_clocks: usize,
}

impl Outages {
    fn kill(&mut self, cluster: &mut Cluster<'_>, kind: Kind, place: usize) {
        cluster.kill(kind, place);
        self.kills += 1;
        self.of_nodes += usize::from(kind == Kind::Node);
    }
}

/// A day with outages.
struct Day {
    begun: Instant,
    lasts: Duration,
    floor: Arc<Floor>,
}

impl Day {
    fn is_over(&self) -> bool {
        self.begun.elapsed() >= self.lasts
    }

    fn sales(&self) -> u64 {
        self.floor.sales.load(Ordering::Relaxed)
    }

    /// Tells of an outage that began then, after so many sales.
    fn tell(&self, (at, sales): (Instant, u64), what: &str) {
        let (began, took) = ((at - self.begun).as_secs_f32(), at.elapsed().as_secs_f32());
        println!("{began:>6.1} s: {what}; {took:.1} s, {} sales meanwhile", self.sales() - sales);
    }
}

/// Lets a cluster live through outages for so long; everything that was answered is true afterwards.
pub(crate) async fn a_cluster_under_outages(seed: u64, lasts: Duration) {
    let mut servers = servers::all();
    let stock = Stock { uses: 400, budget_minor: 60_000, codes: 300, members: 24 };
    let ours = servers.iter().map(Server::endpoint).collect::<Vec<_>>().join(",");
    let corner = Corner::open_on(&servers::given().unwrap_or(ours), seed, stock).await;
    let mut cluster = Cluster::of(&corner);
    let floor = floor(seed, &corner, &cluster);
    cluster.open().await;
    till::enrol_all(&floor).await;
    let tills = till::open(&floor, TILLS);
    let day = Day { begun: Instant::now(), lasts, floor: Arc::clone(&floor) };
    upkeep::write_members(&corner);
    let nodes = cluster.addresses();
    let (of_processes, of_servers, imports) = tokio::join!(
        outages_of_processes(seed, &day, &corner, &mut cluster),
        outages_of_servers(Chance::of(seed, u64::MAX - 1), &day, &mut servers),
        upkeep::import(&corner, &nodes),
    );
    println!("{imports} runs of an import that two began at once");
    floor.closed.store(true, Ordering::Relaxed);
    tills.join_all().await;
    let sold_for = day.begun.elapsed();
    cluster.close().await;
    let again = floor.log.again.load(Ordering::Relaxed);
    let Survived { checkouts, sold, returns, answers, events } =
        prove(&corner, &mut cluster, &floor.log).await;
    assert!(sold * 4 > checkouts, "few of it is sold: {sold} of {checkouts}");
    let Outages { kills, of_nodes, freezes, between_statements, wrong_clocks } = of_processes;
    assert!(
        of_nodes > 0 && kills > of_nodes && again > 0,
        "no node or no worker was killed, or nobody noticed"
    );
    println!(
        "{checkouts} checkouts ({sold} sold, {returns} returns, {answers} answers, {events} events) survived {} kills \
         ({of_nodes} of nodes, {} of servers), {} freezes ({} of servers, {between_statements} between two statements) and \
         {wrong_clocks} wrong clocks in {:.1} s; {again} calls were sent again",
        kills + of_servers.kills,
        of_servers.kills,
        freezes + of_servers.freezes,
        of_servers.freezes,
        sold_for.as_secs_f32(),
    );
}

/// Nodes and workers, one or two at a time, one of each kind is always left.
async fn outages_of_processes(seed: u64, day: &Day, corner: &Corner, cluster: &mut Cluster<'_>) -> Outages {
    let mut chance = Chance::of(seed, u64::MAX);
    let mut outages = Outages::default();
    // From where the seed says, one after the other.
    let (mut of_nodes, mut of_workers) = (chance.below(usize::MAX), chance.below(usize::MAX));
    let (mut turn, mut is_restored) = (0, false);
    while !day.is_over() || turn < KINDS.len() || !is_restored {
        if !is_restored && day.begun.elapsed() >= day.lasts / 2 {
            let begins = (Instant::now(), day.sales());
            cluster.close().await;
            upkeep::restored(corner).await;
            cluster.open().await;
            is_restored = true;
            day.tell(begins, "the store restored");
        }
        tokio::time::sleep(Duration::from_millis(chance.next() % 1_000)).await;
        cluster.check();
        let begins = (Instant::now(), day.sales());
        let place = chance.below(OF_EACH);
        let kind = in_turn(&KINDS, &mut turn);
        // The first of each kind is killed, so that no plan is without.
        let how = if turn > KINDS.len() { chance.below(8) } else { 0 };
        let what = match how {
            0..=2 => killed(&mut chance, cluster, (kind, place), &mut outages).await,
            3..=4 => frozen(&mut chance, cluster, (kind, place), &mut outages).await,
            _ => {
                let (statements, passes) = match kind {
                    Kind::Node => in_turn(&NODE_FREEZES_AT, &mut of_nodes),
                    Kind::Worker => in_turn(&WORKER_FREEZES_AT, &mut of_workers),
                };
                let at = (statements, chance.below(passes));
                frozen_between_statements(&mut chance, cluster, (kind, place), at, &mut outages).await
            }
        };
        day.tell(begins, &what);
    }
    outages
}

fn in_turn<T: Copy>(of: &[T], turn: &mut usize) -> T {
    *turn = turn.wrapping_add(1);
    of[*turn % of.len()]
}

async fn killed(
    chance: &mut Chance,
    cluster: &mut Cluster<'_>,
    (kind, place): (Kind, usize),
    outages: &mut Outages,
) -> String {
    outages.kill(cluster, kind, place);
    tokio::time::sleep(Duration::from_millis(chance.next() % 1_000)).await;
    let ahead_ms = clock(chance, place, outages);
    cluster.start(kind, place, Start { ahead_ms, ..Start::default() }).await;
    format!("{kind:?} {place} killed, back with a clock {ahead_ms} ms ahead")
}

async fn frozen(
    chance: &mut Chance,
    cluster: &mut Cluster<'_>,
    (kind, place): (Kind, usize),
    outages: &mut Outages,
) -> String {
    cluster.freeze(kind, place);
    let others = thawed_later(chance, cluster, (kind, place), outages).await;
    format!("{kind:?} {place} frozen{others}")
}

async fn frozen_between_statements(
    chance: &mut Chance,
    cluster: &mut Cluster<'_>,
    (kind, place): (Kind, usize),
    at: (&'static str, usize),
    outages: &mut Outages,
) -> String {
    outages.kill(cluster, kind, place);
    cluster.start(kind, place, Start { freezes_at: Some(at), ..Start::default() }).await;
    let (statements, begun) = (at.0, Instant::now());
    while !cluster.is_frozen(kind, place) {
        if begun.elapsed() > COMES_WITHIN {
            // It could freeze at any moment, unseen.
            outages.kill(cluster, kind, place);
            cluster.start(kind, place, Start::default()).await;
            return format!("{kind:?} {place} killed, as it did not come to {statements}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    outages.between_statements += 1;
    let others = thawed_later(chance, cluster, (kind, place), outages).await;
    format!("{kind:?} {place} frozen at {statements}{others}")
}

/// Lets a frozen process go on after a while; something may have happened to the other one of its kind.
async fn thawed_later(
    chance: &mut Chance,
    cluster: &mut Cluster<'_>,
    (kind, place): (Kind, usize),
    outages: &mut Outages,
) -> &'static str {
    outages.freezes += 1;
    // A lease ends meanwhile, more often than not.
    let lasts = LEASE / 2 + Duration::from_millis(chance.next() % 3_500);
    let mut others = "";
    if chance.one_in(3) {
        tokio::time::sleep(lasts / 2).await;
        let other = OF_EACH - 1 - place;
        outages.kill(cluster, kind, other);
        cluster.start(kind, other, Start::default()).await;
        others = ", the other killed";
    }
    tokio::time::sleep(lasts / 2).await;
    cluster.thaw(kind, place);
    others
}

/// Servers, one at a time: a majority is left. None of those that are not ours.
async fn outages_of_servers(mut chance: Chance, day: &Day, servers: &mut [Server]) -> Outages {
    let mut outages = Outages::default();
    if servers.len() < 3 {
        return outages;
    }
    // One of the first is a kill, so that each plan has one: a server takes long to come back while the others are busy.
    let kill_at = chance.below(3);
    for turn in 0.. {
        if day.is_over() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1_000 + chance.next() % 2_500)).await;
        let begins = (Instant::now(), day.sales());
        let number = chance.below(servers.len());
        let server = &mut servers[number];
        if turn % KILL_ONE_IN == kill_at {
            server.kill();
            outages.kills += 1;
            tokio::time::sleep(Duration::from_millis(chance.next() % 2_000)).await;
            server.start();
            if tokio::time::timeout(SELLS_WITHOUT, server.serves()).await.is_err() {
                day.floor.rests.store(true, Ordering::Relaxed);
                server.serves().await;
                day.floor.rests.store(false, Ordering::Relaxed);
            }
            day.tell(begins, &format!("server {number} killed"));
        } else {
            server.freeze();
            outages.freezes += 1;
            tokio::time::sleep(Duration::from_millis(500 + chance.next() % 4_000)).await;
            server.thaw();
            day.tell(begins, &format!("server {number} frozen"));
        }
    }
    outages
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
