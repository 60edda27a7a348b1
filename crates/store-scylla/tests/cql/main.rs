//! What the store does on a real server. `cargo xtask test` starts one and runs this; by hand:
//! `cargo xtask cassandra up` and `SUANPAN_CQL=127.0.0.1:9042 cargo test -p suanpan-store-scylla --features cql-tests`.

mod conformance;
mod crowd;
mod events;
mod keyspace;
mod late;
mod lines;
mod opening;
mod outbox;
mod same;
mod script;
mod several;
mod telling;
