//! Sales on a cluster while its processes are killed and frozen and their clocks are wrong: every answer that was given stays
//! the answer, and nothing is lost or there twice.
//!
//! Two nodes and two workers on the servers that `cargo xtask cassandra up --nodes 3 --durable --in-memory` started;
//! `cargo xtask test` does all of it. Ninety seconds of it, ten minutes with `SUANPAN_LONG=1`, and until the last outage is
//! over. Prints its seed; `SUANPAN_SEED=<seed>` makes the same plan again.

#![allow(dead_code)] // the driver is shared with the tests of one machine, which need other parts of it

mod call;
mod chance;
mod cluster;
mod corner;
mod finish;
mod outages;
mod plan;
mod proof;
mod request;
mod server;
mod servers;
mod till;
mod upkeep;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

fn main() {
    let begun = Instant::now();
    let long = std::env::var_os("SUANPAN_LONG").is_some();
    let seed = match std::env::var("SUANPAN_SEED").map(|seed| seed.parse::<u64>()) {
        Ok(Ok(seed)) => seed,
        Ok(Err(error)) => panic!("SUANPAN_SEED: {error}"),
        Err(_) => chance::now_ms().cast_unsigned() % 1_000_000_007,
    };
    println!("seed {seed}");
    let lasts = Duration::from_secs(if long { 600 } else { 90 });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(outages::a_cluster_under_outages(seed, lasts));
    }));
    let (result, passed) = if outcome.is_ok() { ("ok", 1) } else { ("FAILED", 0) };
    println!("test a_cluster_under_outages ... {result} ({:.1} s)", begun.elapsed().as_secs_f32());
    if outcome.is_err() {
        let long = if long { "SUANPAN_LONG=1 " } else { "" };
        println!(
            "again: {long}SUANPAN_SEED={seed} cargo test -p suanpan --features cql-tests --test cluster"
        );
    }
    println!(
        "test result: {result}. {passed} passed; {} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s",
        1 - passed,
        begun.elapsed().as_secs_f32()
    );
    if outcome.is_err() {
        std::process::exit(101);
    }
}
