//! What the benches measure, and the baselines that they measure against.

pub mod hardwired;
pub mod measure;
pub mod programs;
pub mod random;
pub mod w1;
