//! Measures the targets of selling on a cluster and prints a line for each: name, measured, must, aim, verdict, separated by
//! tabs. An argument measures the targets whose names contain it.
//!
//! Needs a server: `SUANPAN_CQL=host:port`, which `cargo xtask targets` starts and sets. A second argument, `durable`, says that
//! it answers after the disk has it (`commitlog_sync: batch`), and measures what is published of that. A *floor* is a bare loop of the
//! store's statements with the same bytes, consistency and settings, by the driver alone. Callers, node and server share the
//! machine.

#![allow(clippy::float_arithmetic)] // Ratios of rates; no money is near.

mod floor;
mod hall;
mod sstables;

use std::time::Duration;

use floor::Floor;
use hall::{Hall, MEMBERS};
use sstables::SpreadOut;

/// The allocator of the service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rounds, each of every part in turn; their median counts.
const ROUNDS: usize = 5;
/// One part of a round.
const PART: Duration = Duration::from_secs(3);
/// Callers at once.
const TILLS: u64 = 64;
/// Members that a scan looks at.
const SCANNED: u64 = 500_000;
/// Members whose heads are spread over files, few enough for one file each time, and over how many.
const SPREAD: u64 = 20_000;
const SPREADS: [u32; 3] = [1, 4, 16];
/// Sales that wait when accruals are measured.
const WAITING: u64 = 3_000;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let Some(endpoint) = std::env::var("SUANPAN_CQL").ok().filter(|given| !given.is_empty()) else {
        eprintln!("error: SUANPAN_CQL=host:port names no server; `cargo xtask targets` starts one");
        std::process::exit(2);
    };
    let targets: &[(&str, Target)] = match std::env::args().nth(2).as_deref() {
        Some("durable") => &[("cluster_durable", durable)],
        _ => &[
            ("cluster_confirm", confirms),
            ("cluster_hot_member", hot_member),
            ("cluster_accruals", accruals),
            ("cluster_scan", scan),
            ("cluster_sstables", sstables),
        ],
    };
    for (name, target) in targets {
        if name.contains(&wanted) || wanted.starts_with(name) {
            target(&endpoint);
        }
    }
}

/// Measures some rows on a server.
type Target = fn(&str);

fn row(name: &str, measured: f64, unit: &str, must: f64, aim: f64) {
    let verdict = if measured >= must { "pass" } else { "miss" };
    let places = if unit == "x" { 2 } else { 0 };
    println!("{name}\t{measured:.places$}{unit}\t>= {must}{unit}\t>= {aim}{unit}\t{verdict}");
}

/// A figure without a bound.
fn told(name: &str, measured: &str) {
    println!("{name}\t{measured}\t-\t-\tpass");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn confirms(endpoint: &str) {
    let mut hall = Hall::open(endpoint, "confirms");
    hall.enrol(MEMBERS);
    hall.confirms(TILLS, MEMBERS, Duration::from_secs(1));
    let floor = Floor::open(hall.runtime(), endpoint, hall.keyspace(), hall.written());
    floor.grow(MEMBERS);
    hall.confirms(TILLS, MEMBERS, PART);
    hall.forget_waits();
    let (mut of_floor, mut of_update, mut sold, mut bare) = (Vec::new(), Vec::new(), 0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        let all = floor.confirms(TILLS, MEMBERS, PART);
        let node = hall.confirms(TILLS, MEMBERS, PART);
        let update = floor.updates(TILLS, MEMBERS, PART);
        of_floor.push(100.0 * node / all);
        of_update.push(100.0 * node / update);
        (sold, bare) = (sold.max(node), bare.max(all));
    }
    row("cluster: confirms, 64 callers / floor", median(of_floor), " %", 60.0, 85.0);
    row("cluster: confirms, 64 callers / conditional update alone", median(of_update), " %", 30.0, 40.0);
    told("cluster: confirms/s; floor", &format!("{sold:.0}; {bare:.0}"));
    let (p50, p99) = hall.waits();
    told("cluster: a confirm, 64 callers: p50; p99", &format!("{p50:.1}; {p99:.1} ms"));
}

/// What a confirm costs when every write is on the disk before it is answered.
fn durable(endpoint: &str) {
    let mut hall = Hall::open(endpoint, "durable");
    hall.enrol(MEMBERS);
    let floor = {
        hall.confirms(TILLS, MEMBERS, Duration::from_secs(1));
        Floor::open(hall.runtime(), endpoint, hall.keyspace(), hall.written())
    };
    floor.grow(MEMBERS);
    hall.confirms(TILLS, MEMBERS, PART);
    hall.forget_waits();
    let (mut sold, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(floor.confirms(TILLS, MEMBERS, PART));
        sold.push(hall.confirms(TILLS, MEMBERS, PART));
    }
    let (sold, bare) = (median(sold), median(bare));
    told("cluster, commitlog_sync batch: confirms/s; floor", &format!("{sold:.0}; {bare:.0}"));
    let (p50, p99) = hall.waits();
    told("cluster, commitlog_sync batch: a confirm, 64 callers: p50; p99", &format!("{p50:.1}; {p99:.1} ms"));
}

fn hot_member(endpoint: &str) {
    let mut hall = Hall::open(endpoint, "hot");
    hall.enrol(2);
    let _worker = hall.work();
    hall.confirms(TILLS, 1, Duration::from_secs(1));
    let (mut ratios, mut alone, mut together) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let one = hall.confirms(1, 1, PART);
        let all = hall.confirms(TILLS, 1, PART);
        ratios.push(100.0 * all / one);
        alone.push(one);
        together.push(all);
    }
    row("cluster: one hot member, 64 tills / one till", median(ratios), " %", 80.0, 100.0);
    let (alone, together) = (median(alone), median(together));
    told("cluster: one hot member, sales/s of one till; of 64", &format!("{alone:.0}; {together:.0}"));
}

fn accruals(endpoint: &str) {
    let hall = Hall::open(endpoint, "accruals");
    hall.enrol(WAITING);
    hall.confirm_each(WAITING);
    // Where no worker is: the bytes of its heads say that something is due.
    let floor = Floor::open(hall.runtime(), endpoint, &hall.bare_keyspace(), hall.written());
    floor.grow(WAITING);
    let (mut of_floor, mut of_one) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let one = hall.accrue(1, WAITING);
        hall.confirm_each(WAITING);
        let bare = floor.accruals(256, WAITING);
        let two = hall.accrue(2, WAITING);
        hall.confirm_each(WAITING);
        of_floor.push(100.0 * one / bare);
        of_one.push(two / one);
        told("cluster: accruals/s by one worker; two; floor", &format!("{one:.0}; {two:.0}; {bare:.0}"));
    }
    row("cluster: accruals of one worker / floor", median(of_floor), " %", 60.0, 85.0);
    row("cluster: accruals of two workers / one", median(of_one), "x", 1.3, 1.6);
}

fn scan(endpoint: &str) {
    let hall = Hall::open(endpoint, "scan");
    hall.enrol(1);
    let floor = Floor::open(hall.runtime(), endpoint, hall.keyspace(), hall.head());
    floor.fill(SCANNED);
    hall.rest();
    let mut ratios = Vec::new();
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let bare = floor.scan(SCANNED);
        let scanned = hall.scan(SCANNED);
        ratios.push(100.0 * scanned / bare);
        best = best.max(scanned);
    }
    row("cluster: scan of 500,000 members / bare SELECT DISTINCT", median(ratios), " %", 60.0, 90.0);
    told("cluster: members scanned a second", &format!("{best:.0}"));
}

/// What a pass costs when the heads of members are spread over files of the server.
fn sstables(endpoint: &str) {
    let hall = Hall::open(endpoint, "sstables");
    hall.enrol(1);
    let floor = Floor::open(hall.runtime(), endpoint, hall.keyspace(), hall.head());
    let mut files = SpreadOut::begin(&floor);
    let (mut names, mut figures) = (Vec::new(), Vec::new());
    for spread in SPREADS {
        files.spread_over(spread);
        hall.rest();
        let rates = (0..ROUNDS).map(|_| hall.scan(SPREAD)).collect();
        names.push(spread.to_string());
        figures.push(format!("{:.1}", 1_000_000.0 / median(rates)));
    }
    let name = format!("cluster: a member scanned, its head in {} SSTables", names.join("; "));
    told(&name, &format!("{} us", figures.join("; ")));
}
