//! Generated from `proto/suanpan/pricing/v1`: messages, their proto3 JSON mapping, client and server.

#![allow(missing_docs, unreachable_pub, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/suanpan.pricing.v1.rs"));
include!(concat!(env!("OUT_DIR"), "/suanpan.pricing.v1.serde.rs"));

/// The encoded `FileDescriptorSet` of the package, with comments, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suanpan_descriptors.bin"));
