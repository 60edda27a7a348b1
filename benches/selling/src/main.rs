//! Measures the targets of selling and prints a line for each: name, measured, must, aim, verdict, separated by tabs. An
//! argument measures the targets whose names contain it.
//!
//! The *floor* is a bare loop of the store's statements with the same bytes and settings (`floor.rs` of the store's load
//! program). Callers, node and store share the machine: what a caller costs is part of what is measured.

#![allow(clippy::float_arithmetic)] // Ratios of rates; no money is near.

#[path = "../../../crates/store-embedded/examples/load/floor.rs"]
#[allow(dead_code)] // accruals have a measuring program of their own
mod floor;
mod hall;
#[path = "../../../crates/store-embedded/examples/load/sell.rs"]
#[allow(dead_code)] // the store's own callers are not needed here
mod sell;

use std::time::Duration;

use floor::Floor;
use hall::Hall;

/// Members that buy.
const MEMBERS: u64 = 20_000;
/// Rounds, each of every part in turn; their median counts.
const ROUNDS: usize = 5;
/// One part of a round.
const PART: Duration = Duration::from_secs(2);

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("suanpan-selling-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let is_wanted = |name: &str| name.contains(&wanted) || wanted.starts_with(name);
    if is_wanted("confirm_grpc") {
        confirms(&folder);
    }
    if is_wanted("hot_member") {
        hot_member(&folder);
    }
    // What is left behind lies in the folder for temporary files.
    let _ = std::fs::remove_dir_all(&folder);
}

fn row(name: &str, measured: f64, must: f64, aim: f64) {
    let verdict = if measured >= must { "pass" } else { "miss" };
    println!("{name}\t{measured:.0} %\t>= {must} %\t>= {aim} %\t{verdict}");
}

/// A figure without a bound.
fn told(name: &str, measured: &str) {
    println!("{name}\t{measured}\t-\t-\tpass");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn confirms(folder: &std::path::Path) {
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
    let (mut many, mut one) = (Vec::new(), Vec::new());
    let (mut best_many, mut best_one) = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        let bare = floor.confirms(64, PART);
        let sold = hall.confirms(64, MEMBERS, PART);
        many.push(100.0 * sold / bare);
        best_many = best_many.max(sold);
        let bare = floor.confirms(1, PART);
        let sold = hall.confirms(1, MEMBERS, PART);
        one.push(100.0 * sold / bare);
        best_one = best_one.max(sold);
    }
    row("confirms over gRPC, 64 callers / floor of 64", median(many), 50.0, 80.0);
    row("confirms over gRPC, 1 caller / floor one by one", median(one), 50.0, 80.0);
    told("confirms/s over gRPC, 64 callers; 1 caller", &format!("{best_many:.0}; {best_one:.0}"));
    for (callers, p50, p99) in hall.waits() {
        told(&format!("a confirm, {callers} callers: p50; p99"), &format!("{p50:.2}; {p99:.2} ms"));
    }
}

/// A member whom every till knows, with the worker beside the node: against tills with members of their own.
fn hot_member(folder: &std::path::Path) {
    let mut hall = Hall::make(&folder.join("hot"), MEMBERS);
    hall.work();
    hall.confirms(64, MEMBERS, Duration::from_secs(1));
    let ratios = (0..ROUNDS)
        .map(|_| {
            let cold = hall.confirms(64, MEMBERS, PART);
            100.0 * hall.confirms(64, 1, PART) / cold
        })
        .collect();
    row("one hot member, 64 tills / different members", median(ratios), 50.0, 100.0);
}
