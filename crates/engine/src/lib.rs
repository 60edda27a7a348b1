//! Compiles a program and prices baskets: pure, sync, exact.
//!
//! [`compile()`] turns a program into a [`Compiled`] one with indexes; [`Compiled::quote`] prices a basket from borrowed
//! input into a reused quote, with a reused [`Scratch`] for its work. A quote's way: `gather` finds the offers that hold
//! and the lines that they mean; `select` chooses among them; `evaluate` executes a choice by `execute`; `settle` computes
//! taxes, points and shares of units; `explain` accounts for every offer.
//!
//! There is no clock here, no I/O, no randomness, no log and no metric: same input, same bytes, on any node.

mod allocate;
mod compile;
mod evaluate;
mod execute;
mod explain;
mod gather;
mod ground;
mod lines;
mod multiset;
#[cfg_attr(not(feature = "planted-bugs"), allow(dead_code, unreachable_pub))]
pub mod planted;
mod record;
mod scratch;
mod select;
mod settle;
mod state;

pub use compile::{CompileProblem, Compiled, compile};
pub use scratch::Scratch;
