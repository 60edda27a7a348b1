//! Generated from `proto/suanpan/pricing/v1`: messages, their proto3 JSON mapping, client and server.

pub use crate::generated::suanpan::pricing::v1::*;

/// The encoded `FileDescriptorSet` of all packages, with comments, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suanpan_descriptors.bin"));
