//! Generated from `proto/suanpan/admin/v1`: messages, their proto3 JSON mapping, client and server.

pub use crate::generated::suanpan::admin::v1::*;
