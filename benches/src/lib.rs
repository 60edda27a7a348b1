//! Criterion benches, one file per hot path.
