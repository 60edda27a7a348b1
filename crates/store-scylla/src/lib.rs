//! The store of a cluster: CQL, on ScyllaDB or on Apache Cassandra.
//!
//! - **One conditional write decides.** A member's head and the row of the decision lie in one partition; both change by
//!   one statement, on the condition that nobody was there since they were looked at.
//! - **What lies elsewhere is made safe by order.** An id is claimed before it is used, shares of limits and codes are held
//!   before the write that they are for, and settled after it; what a process that ends leaves behind is finished by whoever
//!   meets it.
//! - **Unknown is not failed.** A conditional write whose answer was lost is repeated as it is until it is known.
//! - **Any number of processes** work on one store; in each, writers of one thing take turns.
//!
//! [`migrate`] makes or upgrades the tables, [`ScyllaStore::connect`] opens them. This crate computes nothing of points or
//! money: deciders do, with the ledger.

mod archive;
mod basis;
mod bytes;
#[cfg(feature = "cli")]
mod cli;
mod codes;
mod decide;
mod error;
mod failpoint;
mod feed;
mod inner;
mod limits;
mod options;
mod outbox;
mod queues;
mod reads;
mod routing;
mod schema;
mod session;
mod statements;
mod store;

#[cfg(feature = "cli")]
pub use cli::{CqlOptions, LevelsName};
pub use error::ConnectError;
#[cfg(feature = "failpoints")]
pub use failpoint::freeze_where_told;
pub use options::{Levels, Login, Options, Replication, Tls};
pub use schema::{after_restore, migrate};
pub use store::ScyllaStore;
