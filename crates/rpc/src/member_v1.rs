//! Generated from `proto/suanpan/member/v1`: messages, their proto3 JSON mapping, client and server.

pub use crate::generated::suanpan::member::v1::*;
