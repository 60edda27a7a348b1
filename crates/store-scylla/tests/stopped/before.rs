//! Events that an earlier release put out, before there were buckets.

use std::sync::Arc;

use scylla::client::session::Session;
use suanpan_store::{Cursor, Store, StoreError};
use suanpan_store_scylla::{Options, ScyllaStore, migrate};

use crate::ALONE;
use crate::events::{CHAIN, event, event_key, put, session, shard, versions};
use crate::keyspace::{open, options};

/// A keyspace as a release of schema 5 leaves it, with events 1 to 5 of which the first is forgotten and a sink has had the
/// second.
async fn of_before(options: &Options) -> (Session, i32) {
    let store = open(options.clone()).await;
    put(&store, &[event(1)]).await;
    let session = session(options).await;
    let keyspace = &options.keyspace;
    let shard = shard(&session, keyspace, "outbox_bucket").await;
    drop(store);
    for text in [
        format!("DROP TABLE {keyspace}.outbox_bucket"),
        format!("TRUNCATE {keyspace}.outbox"),
        format!("UPDATE {keyspace}.meta SET value = '5' WHERE key = 'schema' IF EXISTS"),
        format!("UPDATE {keyspace}.meta SET value = '1' WHERE key = 'min_reader' IF EXISTS"),
        format!("UPDATE {keyspace}.meta SET value = '1' WHERE key = 'min_writer' IF EXISTS"),
        format!(
            "UPDATE {keyspace}.outbox SET next = 6, number = 0 WHERE chain = '{CHAIN}' AND shard = {shard} AND key = 0x00"
        ),
    ] {
        session.query_unpaged(text, ()).await.expect("done");
    }
    for number in 2_i64..=5 {
        let event = event(number.unsigned_abs());
        let row = format!(
            "INSERT INTO {keyspace}.outbox (chain, shard, key, number, member, epoch, ver, idx, at, kind, body) VALUES ('{CHAIN}', {shard}, ?, ?, 'anna', 1, ?, 0, ?, ?, ?)"
        );
        let values = (event_key(number), number, number, event.at_ms, &event.kind, &event.body);
        session.query_unpaged(row, values).await.expect("written");
        let name = [&[2][..], &1_u64.to_be_bytes(), &event.version.to_be_bytes(), &[0; 4], b"anna"].concat();
        let row = format!(
            "INSERT INTO {keyspace}.outbox (chain, shard, key, number) VALUES ('{CHAIN}', {shard}, ?, ?)"
        );
        session.query_unpaged(row, (name, number)).await.expect("written");
    }
    (session, shard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_out_before_there_were_buckets_comes_first_and_once() {
    let options = options();
    let (session, shard) = of_before(&options).await;
    assert_eq!(migrate(&options).await.expect("migrated").schema, 6);
    let store = Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store"));
    assert_eq!(versions(&store, &Cursor::default(), 100).await.0, [2, 3, 4, 5]);
    put(&store, &[event(4), event(5), event(6)]).await;
    put(&store, &[event(3), event(7)]).await;
    assert_eq!(versions(&store, &Cursor::default(), 100).await.0, [2, 3, 4, 5, 6, 7]);
    // The place of a sink, as an earlier release kept it.
    let mut place = [0_i64; 4];
    place[shard.unsigned_abs() as usize] = 2;
    let place = Cursor(place.into_iter().flat_map(i64::to_be_bytes).collect());
    let (some, next) = versions(&store, &place, 2).await;
    assert_eq!(some, [3, 4]);
    assert_eq!(versions(&store, &next, 2).await.0, [5, 6]);
    store.forget_outbox(CHAIN, &next).await.expect("forgotten");
    // Nobody looks there again.
    let poison = format!(
        "INSERT INTO {}.outbox (chain, shard, key, kind) VALUES ('{CHAIN}', {shard}, ?, 'x')",
        options.keyspace
    );
    session.query_unpaged(poison, (event_key(3),)).await.expect("written");
    let (rest, end) = versions(&store, &Cursor::default(), 100).await;
    assert_eq!(rest, [5, 6, 7]);
    store.forget_outbox(CHAIN, &end).await.expect("forgotten");
    put(&store, &[event(8)]).await;
    assert_eq!(versions(&store, &Cursor::default(), 100).await.0, [8]);
}

/// An earlier release forgot all, and said nowhere how far it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_release_forgot_is_looked_for_once() {
    let options = options();
    let (session, shard) = of_before(&options).await;
    let rows = format!(
        "DELETE FROM {}.outbox WHERE chain = '{CHAIN}' AND shard = {shard} AND key >= 0x01",
        options.keyspace
    );
    session.query_unpaged(rows, ()).await.expect("deleted");
    migrate(&options).await.expect("migrated");
    let store = ScyllaStore::connect(options.clone()).await.expect("a store");
    put(&store, &[event(6)]).await;
    let (found, end) = versions(&store, &Cursor::default(), 100).await;
    assert_eq!(found, [6]);
    store.forget_outbox(CHAIN, &end).await.expect("forgotten");
    let poison = format!(
        "INSERT INTO {}.outbox (chain, shard, key, kind) VALUES ('{CHAIN}', {shard}, ?, 'x')",
        options.keyspace
    );
    session.query_unpaged(poison, (event_key(3),)).await.expect("written");
    put(&store, &[event(7)]).await;
    assert_eq!(versions(&store, &Cursor::default(), 100).await.0, [7]);
}

/// Whoever forgets ends between an event's name and the event, or after both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_while_what_was_put_out_before_is_forgotten() {
    const AT: &str = "scylla/event-forgotten";
    let _alone = ALONE.lock().await;
    let options = options();
    of_before(&options).await;
    migrate(&options).await.expect("migrated");
    let store = ScyllaStore::connect(options.clone()).await.expect("a store");
    let (_, up_to) = versions(&store, &Cursor::default(), 2).await;
    for (passes, left) in [(0, &[2, 3, 4, 5][..]), (1, &[3, 4, 5])] {
        fail::cfg(AT, &format!("{passes}*off->1*return->off")).expect("a place that can be stopped at");
        let stopped = store.forget_outbox(CHAIN, &up_to).await;
        fail::remove(AT);
        assert!(matches!(stopped, Err(StoreError::Unknown(_))), "{passes}: {stopped:?}");
        assert_eq!(versions(&store, &Cursor::default(), 100).await.0, left, "{passes}");
    }
    store.forget_outbox(CHAIN, &up_to).await.expect("forgotten");
    put(&store, &[event(5), event(6)]).await;
    assert_eq!(versions(&store, &Cursor::default(), 100).await.0, [4, 5, 6]);
}
