//! Protobuf in and out: decodes and names every bad field, encodes, maps errors to status.
//!
//! A request's bytes pass [`codec`], which refuses lists that are too long before anything is allocated for them, and
//! become a message of [`v1`]; [`decode`] checks every field of it and hands domain values on. The way back is
//! [`encode`]. Errors become a gRPC status in [`status`] alone.
//!
//! What this crate does not do: it prices nothing, looks nothing up and opens no socket.

pub mod admin_v1;
pub mod bounds;
pub mod checkout_v1;
pub mod codec;
pub mod content;
pub mod decode;
pub mod encode;
mod generated;
mod hex;
pub mod member_v1;
pub mod problem;
pub mod status;
pub mod v1;
