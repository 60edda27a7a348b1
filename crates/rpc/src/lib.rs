//! Protobuf in and out: decodes and names every bad field, encodes, maps errors to status.
