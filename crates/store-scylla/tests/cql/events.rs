//! Events of one member, put out and looked at.

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use suanpan_domain::MemberId;
use suanpan_store::{Cursor, Derived, OutboxEvent, Owner, Scope, Store, Write, decide_with};
use suanpan_store_scylla::{Options, ScyllaStore};

pub(crate) const CHAIN: &str = "c";

/// An event of the only member.
pub(crate) fn event(version: u64) -> OutboxEvent {
    OutboxEvent {
        member: MemberId::new("anna").expect("a name"),
        epoch: 1,
        version,
        index: 0,
        at_ms: 1_764_000_000_000,
        kind: "points_earned".to_owned(),
        body: b"{}".to_vec(),
    }
}

pub(crate) async fn put(store: &ScyllaStore, events: &[OutboxEvent]) {
    let scope = Scope::of(Owner::Member(event(1).member));
    let derived = events.iter().cloned().map(Derived::Outbox).collect();
    let write = Write { derived, ..Write::default() };
    decide_with(store, CHAIN, scope, move |_| (write.clone().into(), ())).await.expect("put out");
}

/// Versions of the events after a place, in their order, and the place behind them.
pub(crate) async fn versions(store: &ScyllaStore, after: &Cursor, limit: usize) -> (Vec<u64>, Cursor) {
    let page = store.outbox(CHAIN, after, limit).await.expect("events");
    (page.rows.iter().map(|event| event.version).collect(), page.next.unwrap_or_else(|| after.clone()))
}

pub(crate) async fn session(options: &Options) -> Session {
    SessionBuilder::new().known_node(&options.contact_points[0]).build().await.expect("a session")
}

/// The shard of the only member: whichever has something.
pub(crate) async fn shard(session: &Session, keyspace: &str, table: &str) -> i32 {
    let text = format!("SELECT shard FROM {keyspace}.{table} LIMIT 1");
    let rows = session.query_unpaged(text, ()).await.expect("read").into_rows_result().expect("rows");
    rows.single_row::<(i32,)>().expect("a row").0
}

pub(crate) fn event_key(number: i64) -> Vec<u8> {
    [&[1][..], &number.to_be_bytes()].concat()
}
