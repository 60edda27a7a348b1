//! Measuring as ratios inside one run: the parts are timed in turn, so that a machine whose speed drifts slows all of them.

#![allow(clippy::float_arithmetic)] // Ratios of times; no money is near.

use std::time::{Duration, Instant};

/// Rounds of an interleaved measurement.
const ROUNDS: usize = 31;

/// The median time of one call of each of two functions, timed in turn, and the median of the ratios of neighbouring rounds.
pub fn ratio(mut measured: impl FnMut(), mut baseline: impl FnMut()) -> (Duration, Duration, f64) {
    measured();
    baseline();
    let mut rounds: Vec<(Duration, Duration)> =
        (0..ROUNDS).map(|_| (time(&mut measured), time(&mut baseline))).collect();
    let mut ratios: Vec<f64> = rounds.iter().map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    let middle = ROUNDS / 2;
    rounds.sort();
    let a = rounds[middle].0;
    rounds.sort_by_key(|(_, b)| *b);
    (a, rounds[middle].1, ratios[middle])
}

/// The time of one call.
pub fn time(mut call: impl FnMut()) -> Duration {
    let start = Instant::now();
    call();
    start.elapsed()
}

/// The smallest of five times: an absolute figure on a machine that others use too.
pub fn best_of_five(mut call: impl FnMut() -> Duration) -> Duration {
    (0..5).map(|_| call()).min().unwrap_or_default()
}

/// Median and 99th percentile.
#[must_use]
pub fn median_and_p99(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    (at(50).copied().unwrap_or_default(), at(99).copied().unwrap_or_default())
}
