//! Generated from `proto/suanpan/checkout/v1`: messages, their proto3 JSON mapping, client and server.

pub use crate::generated::suanpan::checkout::v1::*;
