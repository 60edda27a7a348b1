//! The store of one machine: a SQLite file, one thread that writes, a few that read.
//!
//! - **One writer, commits in groups.** What waits runs in one transaction, up to 256 decisions; they see each other. A hot
//!   member costs no more than many cold ones.
//! - **Nothing is answered before it is on the disk**, neither a decision nor what a reader saw. A thread syncs what was
//!   committed while the writer goes on.
//! - **Readers beside it**, each on one state of the file. Long reads go in pieces. Heads of members that were read or
//!   written lately are in memory.
//! - **The log is folded back beside the writer**, not inside a commit.
//! - **One process for a file.** A second one is refused.
//! - **An error of the disk in a commit** leaves its outcome unknown: all who wait are told so, nothing is written any
//!   more, and the file has to be opened again ([`EmbeddedStore::poisoned`]).
//!
//! A file in use is never copied by hand: [`EmbeddedStore::backup`] does it, [`restore`] makes a store of the copy.
//!
//! This crate computes nothing of points or money: deciders do, with the ledger.

mod archive;
mod backup;
mod bytes;
mod checkpoint;
mod embedded;
mod failed;
mod failpoint;
mod feed;
mod heads;
mod leases;
mod names;
mod open;
mod progress;
mod reader;
mod schema;
mod shared;
mod writer;

pub use backup::{Contents, check, restore};
pub use embedded::EmbeddedStore;
pub use open::Options;
