//! Measures the targets of selling and prints a line for each: name, measured, must, aim, verdict, separated by tabs. An
//! argument measures the targets whose names contain it.
//!
//! The *floor* is a bare loop of the store's statements with the same bytes and settings (`floor.rs` of the store's load
//! program). Callers, node and store share the machine: what a caller costs is part of what is measured.

#![allow(clippy::float_arithmetic)] // Ratios of rates; no money is near.

#[path = "../../benches/ledger/account.rs"]
mod account;
mod after_a_kill;
#[path = "../../../crates/store-embedded/examples/load/floor.rs"]
#[allow(dead_code)] // accruals have a measuring program of their own
mod floor;
mod hall;
mod line;
#[path = "../../../crates/store-embedded/examples/load/members.rs"]
#[allow(dead_code)] // the audit walks by itself
mod members;
#[path = "../../../crates/store-embedded/examples/load/sell.rs"]
#[allow(dead_code)] // the store's own callers are not needed here
mod sell;
mod till;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use floor::Floor;
use hall::Hall;
use suanpan_ledger::codec::{decode_head, encode_entry, encode_head};
use suanpan_ledger::{Applied, apply};

/// The allocator of the service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Members that buy.
const MEMBERS: u64 = 20_000;
/// Rounds, each of every part in turn; their median counts.
const ROUNDS: usize = 5;
/// One part of a round.
const PART: Duration = Duration::from_secs(2);
/// Members that a scan looks at.
const SCANNED: u64 = 10_000_000;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    if wanted == after_a_kill::SELL {
        let path = std::env::args().nth(2).expect("a path");
        after_a_kill::sell(Path::new(&path));
    }
    let folder = std::env::temp_dir().join(format!("suanpan-selling-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let targets: [(&str, Target); 6] = [
        ("confirm_grpc", confirms),
        ("hot_member", hot_member),
        ("ledger_apply", ledger_apply),
        ("audit", audit),
        ("scan", scan),
        ("reopen", reopen),
    ];
    for (name, target) in targets {
        if name.contains(&wanted) || wanted.starts_with(name) {
            target(&folder);
        }
    }
    // What is left behind lies in the folder for temporary files.
    let _ = std::fs::remove_dir_all(&folder);
}

/// Measures some rows in a folder.
type Target = fn(&Path);

/// A figure that has to be large.
fn row(name: &str, measured: f64, unit: &str, must: f64, aim: f64) {
    let verdict = if measured >= must { "pass" } else { "miss" };
    println!("{name}\t{measured:.0}{unit}\t>= {must}{unit}\t>= {aim}{unit}\t{verdict}");
}

/// A figure that has to be small.
fn time_row(name: &str, measured: f64, unit: &str, must: f64, aim: f64) {
    let verdict = if measured <= must { "pass" } else { "miss" };
    println!("{name}\t{measured:.2}{unit}\t<= {must}{unit}\t<= {aim}{unit}\t{verdict}");
}

/// A figure without a bound.
fn told(name: &str, measured: &str) {
    println!("{name}\t{measured}\t-\t-\tpass");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A rate, and the processor time of each, microseconds: of this whole process, callers included.
fn with_cpu(measure: impl FnOnce() -> f64) -> (f64, f64) {
    let before = members::cpu_ms();
    let rate = measure();
    let spent_ms = members::cpu_ms().zip(before).map_or(f64::NAN, |(after, before)| (after - before) as f64);
    (rate, spent_ms * 1e3 / (rate * PART.as_secs_f64()))
}

fn confirms(folder: &Path) {
    let (path, copy) = (folder.join("confirms"), folder.join("confirms-floor"));
    let mut hall = Hall::make(&path, MEMBERS);
    // The bytes that the node writes, for the floor to write the same.
    hall.confirms(64, MEMBERS, Duration::from_secs(1));
    let written = hall.written();
    drop(hall);
    std::fs::copy(&path, &copy).expect("a copy of a closed store");
    let mut floor = Floor::open(&copy, hall::CHAIN, hall::name, MEMBERS, written);
    let mut hall = Hall::open(&path);
    floor.grow();
    hall.confirms(64, MEMBERS, Duration::from_secs(2));
    hall.forget_waits();
    let (mut many, mut one, mut many_unfolded) = (Vec::new(), Vec::new(), Vec::new());
    let (mut best_many, mut best_one) = (0.0_f64, 0.0_f64);
    let (mut cpu, mut floor_cpu) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut unfolded = 0.0;
        let (bare, bare_us) = with_cpu(|| {
            let rate = floor.confirms(64, PART);
            unfolded = rate.unfolded;
            rate.whole
        });
        let (sold, sold_us) = with_cpu(|| hall.confirms(64, MEMBERS, PART));
        many.push(100.0 * sold / bare);
        many_unfolded.push(100.0 * sold / unfolded);
        best_many = best_many.max(sold);
        cpu.push(sold_us);
        floor_cpu.push(bare_us);
        let bare = floor.confirms(1, PART).whole;
        let sold = hall.confirms(1, MEMBERS, PART);
        one.push(100.0 * sold / bare);
        best_one = best_one.max(sold);
    }
    row("confirms over gRPC, 64 callers / floor of 64", median(many), " %", 50.0, 80.0);
    row("confirms over gRPC, 1 caller / floor one by one", median(one), " %", 50.0, 80.0);
    let unfolded = median(many_unfolded);
    told(
        "confirms over gRPC, 64 callers / floor whose log is folded for nothing",
        &format!("{unfolded:.0} %"),
    );
    told("confirms/s over gRPC, 64 callers; 1 caller", &format!("{best_many:.0}; {best_one:.0}"));
    let (cpu, floor_cpu) = (median(cpu), median(floor_cpu));
    told("processor time of a confirm, callers included; floor", &format!("{cpu:.0}; {floor_cpu:.0} us"));
    for (callers, p50, p99) in hall.waits() {
        told(&format!("a confirm, {callers} callers: p50; p99"), &format!("{p50:.2}; {p99:.2} ms"));
    }
}

/// A member whom every till knows, with the worker beside the node: against tills with members of their own.
fn hot_member(folder: &Path) {
    let mut hall = Hall::make(&folder.join("hot"), MEMBERS);
    hall.work();
    hall.confirms(64, MEMBERS, Duration::from_secs(1));
    let ratios = (0..ROUNDS)
        .map(|_| {
            let cold = hall.confirms(64, MEMBERS, PART);
            100.0 * hall.confirms(64, 1, PART) / cold
        })
        .collect();
    row("one hot member, 64 tills / different members", median(ratios), " %", 50.0, 100.0);
}

/// A confirm for a member with 50 lots and 20 coupons, from the bytes of the head to the bytes of head and row.
fn ledger_apply(_: &Path) {
    const CONFIRMS: u32 = 20_000;
    let (policy, confirm) = (account::policy(), account::confirm());
    let head = encode_head(&account::member(&policy, 50, 20));
    let once = || {
        let head = decode_head(black_box(&head)).expect("a head");
        let Ok(Applied::Changed(change)) = apply(&policy, &head, &[], black_box(&confirm)) else {
            panic!("is confirmed")
        };
        black_box((encode_head(&change.head), encode_entry(&change.entry)));
    };
    let round = || {
        let begun = Instant::now();
        (0..CONFIRMS).for_each(|_| once());
        begun.elapsed() / CONFIRMS
    };
    let best = (0..5).map(|_| round()).min().unwrap_or_default();
    time_row("ledger_apply of a confirm, 50 lots, 20 coupons", best.as_secs_f64() * 1e6, " us", 10.0, 3.0);
}

/// Proves a store into which tills sold, with the worker beside them.
fn audit(folder: &Path) {
    let mut hall = Hall::make(&folder.join("audit"), MEMBERS);
    hall.work();
    hall.confirms(64, MEMBERS, 4 * PART);
    let best = (0..5).map(|_| hall.audit()).max().unwrap_or_default();
    row("audit, entries/s", best as f64, "", 200_000.0, 1_000_000.0);
}

/// The worker's scan where one member in a thousand is due.
fn scan(folder: &Path) {
    let took = members::scan(&folder.join("scan"), SCANNED);
    time_row("scan of 10 million members, 1 in 1,000 due", took.as_secs_f64(), " s", 60.0, 10.0);
}

/// Kills a node in the middle of its sales and opens what it left.
fn reopen(folder: &Path) {
    let path = folder.join("reopen");
    let took = (0..5).map(|_| after_a_kill::reopen(&path)).max().unwrap_or_default();
    told("reopen after kill -9, the longest of five", &format!("{:.1} ms", took.as_secs_f64() * 1e3));
}
