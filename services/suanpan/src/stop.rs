//! Stops the process between two steps of its store, in tests that look at what it leaves behind.

use std::process::abort;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names a place and how often it is passed before: `embedded/committed=12`.
const STOP: &str = "SUANPAN_STOP";

/// Aborts at the place that the environment names, if it names one.
pub(crate) fn where_told() {
    let Ok(stop) = std::env::var(STOP) else { return };
    let named = stop.split_once('=').and_then(|(place, passes)| Some((place, passes.parse::<u64>().ok()?)));
    let Some((place, passes)) = named else { panic!("{STOP}={stop} is not a place and a number") };
    let left = AtomicU64::new(passes);
    let stopping = fail::cfg_callback(place, move || {
        if left.fetch_sub(1, Ordering::Relaxed) == 0 {
            abort();
        }
    });
    stopping.unwrap_or_else(|error| panic!("{STOP}={stop}: {error}"));
}
