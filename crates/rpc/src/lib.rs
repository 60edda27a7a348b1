//! Protobuf in and out: decodes and names every bad field, encodes, maps errors to status.
//!
//! Generated messages live in [`v1`]; their reference documentation is the comments of the files in `proto/`.
//! What this crate does not do: it prices nothing, looks nothing up and opens no socket.

pub mod v1;
