//! From what files say to what a program means: defaults, references, and what no single key can show.

mod conditions;
mod coupons;
mod effect;
mod idle;
mod names;
mod offer;
mod points;
mod program;
mod references;
mod rewards;
mod selector;
mod stacking;
mod tiers;
mod warnings;

pub(crate) use program::{program, read_currency};
