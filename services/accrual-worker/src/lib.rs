//! Does what waits and what time makes due, for every member, and tells the world.
//!
//! A [`Worker`] finds work in two ways: the store's feed, within a second of a commit, and a paced scan of all heads that
//! finds whatever the feed lost and whatever time made due. What is due is the ledger's to say, and each step is one
//! conditional write of [`suanpan_checkout::Books`]; so any number of workers, killed at any moment, do each thing once.
//! Events that follow from the steps lie in the store's outbox and are brought to [`outbox`] sinks, in order and at
//! least once.
//!
//! The clock is passed in; nothing here reads another one. Timers only wait. One machine has one process for a file: it
//! runs this library beside its node.

mod admin;
mod config;
mod policies;
mod start;
mod status;
mod worker;

pub mod outbox;
pub mod parked;

pub use config::{LogFormat, Options};
pub use policies::{Policies, PoliciesError, StoredPolicies};
pub use start::{StartError, log, run, until_told_to_end};
pub use status::{Pass, SinkState, Status, StatusBoard};
pub use worker::{Clock, Ended, Pace, Worker, system_clock};
