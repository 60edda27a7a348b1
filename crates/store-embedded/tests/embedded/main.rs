//! What the embedded store does as a store, and what only a file can do: be opened, copied, cut off, be full.

mod account;
mod backup;
mod conformance;
mod disk;
mod opening;
mod scratch;
