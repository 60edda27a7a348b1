//! Sales over gRPC while the real process is killed again and again: every answer that was given stays the answer, and
//! nothing is lost or there twice.
//!
//! Starts the binary on a store in a folder for temporary files. Ten kills, fifty with `SUANPAN_LONG=1`; besides, races and
//! a disk that is full. With the feature `failpoints` instead: stopped between any two steps, and a log whose last commit
//! was torn. Prints its seed; `SUANPAN_SEED=<seed>` runs the same plan again.

// Stops need not everything that kills, races and full disks need.
#![cfg_attr(feature = "failpoints", allow(dead_code))]

mod call;
mod chance;
mod corner;
mod finish;
#[cfg(not(feature = "failpoints"))]
mod full;
mod plan;
mod proof;
#[cfg(not(feature = "failpoints"))]
mod races;
mod request;
mod server;
#[cfg(feature = "failpoints")]
mod stopped;
mod till;
mod upkeep;
#[cfg(feature = "failpoints")]
mod wal;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

fn main() {
    let begun = Instant::now();
    let long = std::env::var_os("SUANPAN_LONG").is_some();
    let named = std::env::var("SUANPAN_SEED").ok();
    let seed = match named.as_ref().map(|seed| seed.parse::<u64>()) {
        Some(Ok(seed)) => seed,
        Some(Err(error)) => panic!("SUANPAN_SEED: {error}"),
        None => chance::now_ms().cast_unsigned() % 1_000_000_007,
    };
    println!("seed {seed}");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (mut passed, mut failed) = (0, 0);
    let mut part = |name: &str, run: &mut dyn FnMut()| {
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(run));
        let took = begun.elapsed().as_secs_f32();
        if outcome.is_ok() {
            passed += 1;
            println!("test {name} ... ok ({took:.1} s)");
        } else {
            failed += 1;
            let long = if long { "SUANPAN_LONG=1 " } else { "" };
            let feature = if cfg!(feature = "failpoints") { " --features failpoints" } else { "" };
            println!("test {name} ... FAILED ({took:.1} s)");
            println!("again: {long}SUANPAN_SEED={seed} cargo test -p suanpan{feature} --test killed");
        }
    };
    #[cfg(not(feature = "failpoints"))]
    {
        let kills = if long { 50 } else { 10 };
        part("races", &mut || runtime.block_on(races::races(seed)));
        part("killed_at_any_moment", &mut || runtime.block_on(plan::killed_at_any_moment(seed, kills)));
        part("no_room", &mut || runtime.block_on(full::no_room(seed)));
        part("a_full_disk", &mut || runtime.block_on(full::a_full_disk(seed)));
    }
    #[cfg(feature = "failpoints")]
    {
        let times = if long { 5 } else { 1 };
        part("stopped_between_any_two_steps", &mut || {
            runtime.block_on(stopped::between_any_two_steps(seed, times));
        });
        part("a_torn_log", &mut || runtime.block_on(stopped::a_torn_log(seed)));
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "test result: {result}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s",
        begun.elapsed().as_secs_f32()
    );
    if failed > 0 {
        std::process::exit(101);
    }
}
