//! The one binary: demo, serve, quote, check, schema, explain.

fn main() {}
