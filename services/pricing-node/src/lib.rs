//! Stateless gRPC node that prices baskets.
//!
//! A node loads one chain's program ([`Chain`]), optionally members and usage from local files ([`Members`],
//! [`read_usage`]), and serves `suanpan.pricing.v1.PricingService` with health and reflection until it is told to stop
//! ([`serve`]). It keeps nothing between calls. Listener and stop signal are passed in, so that a test starts it on
//! port 0. With a store ([`Node::selling`]) it sells too: `suanpan.checkout.v1.CheckoutService` and
//! `suanpan.member.v1.MemberService`.
//!
//! What it does not do: it prices nothing itself (`suanpan-engine` does) and knows no message's fields
//! (`suanpan-rpc` does).

mod admin;
mod backup;
mod chain;
mod config;
mod connections;
mod failure;
mod keys;
mod lanes;
mod members;
mod node;
mod recent;
mod sales;
mod server;
mod service;
mod start;
mod zones;

pub use backup::{Backup, Copied};
pub use chain::{Chain, ChainError};
pub use config::{Conflict, LogFormat, NoPeriod, Options, Period};
pub use failure::Failure;
pub use keys::{KeysError, kept_keys, keys};
pub use members::{FactsError, Members, read_usage};
pub use node::{Answer, Node};
pub use sales::{CLOCK_OFF_MS_MAX_DEFAULT, HORIZON_MS_DEFAULT, Selling, code_hash, lookup_key};
pub use server::{Drain, Ended, Listeners, ServeError, serve};
pub use start::{Backing, StartError, log, run, stored_chain, until_told_to_end};
pub use zones::UnknownZone;
