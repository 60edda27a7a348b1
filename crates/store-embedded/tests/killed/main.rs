//! A process that sells is killed again and again; what it had answered is there, nothing is there twice.
//!
//! Runs itself as the process that is killed. Ten times, fifty with `SUANPAN_LONG=1`; with the feature `failpoints` also
//! at every place between two steps of the writer. Prints its seed; `SUANPAN_SEED=<seed>` runs the same plan again.

#[path = "../embedded/account.rs"]
mod account;
mod plan;
#[path = "../embedded/scratch.rs"]
mod scratch;
mod seller;
#[cfg(feature = "failpoints")]
mod stopped;

use std::time::Instant;

fn main() {
    if std::env::var_os(seller::FILE).is_some() {
        seller::sell();
        return;
    }
    let begun = Instant::now();
    let mut passed = 0;
    passed += plan::killed_at_any_moment();
    #[cfg(feature = "failpoints")]
    {
        passed += stopped::killed_between_any_two_steps();
        passed += stopped::a_commit_that_fails_is_unknown();
        passed += stopped::a_read_waits_for_the_disk();
    }
    println!(
        "test result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s",
        begun.elapsed().as_secs_f32()
    );
}
