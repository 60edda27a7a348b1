//! Events in buckets: one bucket after another, and what is never read again.

use scylla::client::session::Session;
use suanpan_store::{Cursor, Store};
use suanpan_store_scylla::{Options, ScyllaStore};

use crate::events::{CHAIN, event, event_key, put, session, shard, versions};
use crate::keyspace::{open, options};

/// How many events and names lie in each bucket.
async fn lying(session: &Session, options: &Options, shard: i32) -> Vec<i64> {
    let mut counts = Vec::new();
    for bucket in 1_i64..=9 {
        let text = format!(
            "SELECT count(key) FROM {}.outbox_bucket WHERE chain = '{CHAIN}' AND shard = {shard} AND bucket = {bucket} AND key > 0x00",
            options.keyspace
        );
        let rows = session.query_unpaged(text, ()).await.expect("read").into_rows_result().expect("rows");
        counts.push(rows.single_row::<(i64,)>().expect("a count").0);
    }
    while counts.last() == Some(&0) {
        counts.pop();
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_follows_another_and_each_event_is_there_once() {
    let mut options = options();
    options.events_per_bucket = 2;
    let store = open(options.clone()).await;
    let other = ScyllaStore::connect(options.clone()).await.expect("a store");
    for version in 1..=7 {
        put(if version % 2 == 0 { &store } else { &other }, &[event(version)]).await;
    }
    // Again, by processes that know all of it, a part, or nothing: also what lies in buckets that were closed long ago.
    let fresh = ScyllaStore::connect(options.clone()).await.expect("a store");
    for again in [&*store, &other, &fresh] {
        put(again, &[event(1), event(4), event(7)]).await;
    }
    let session = session(&options).await;
    let shard = shard(&session, &options.keyspace, "outbox_bucket").await;
    assert_eq!(lying(&session, &options, shard).await, [4, 4, 4, 2]);
    let (all, _) = versions(&store, &Cursor::default(), 100).await;
    assert_eq!(all, [1, 2, 3, 4, 5, 6, 7]);
    // Some at a time, whichever process is asked.
    let (mut after, mut found) = (Cursor::default(), Vec::new());
    for asked in [&*store, &other, &fresh, &*store] {
        let (some, next) = versions(asked, &after, 3).await;
        found.extend(some);
        after = next;
    }
    assert_eq!(found, all);
    put(&fresh, &[event(8)]).await;
    assert_eq!(versions(&store, &after, 3).await.0, [8]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_is_never_read_again() {
    let mut options = options();
    options.events_per_bucket = 2;
    let store = open(options.clone()).await;
    for version in 1..=7 {
        put(&store, &[event(version)]).await;
    }
    let (first, up_to) = versions(&store, &Cursor::default(), 5).await;
    assert_eq!(first, [1, 2, 3, 4, 5]);
    store.forget_outbox(CHAIN, &up_to).await.expect("forgotten");
    let session = session(&options).await;
    let shard = shard(&session, &options.keyspace, "outbox_bucket").await;
    assert_eq!(lying(&session, &options, shard).await, [0, 0, 4, 2], "whole buckets are empty");
    // Whoever reads there stumbles.
    for (bucket, number) in [(1_i64, 1_i64), (2, 3), (3, 5)] {
        let text = format!(
            "INSERT INTO {}.outbox_bucket (chain, shard, bucket, key, number) VALUES ('{CHAIN}', {shard}, {bucket}, ?, null)",
            options.keyspace
        );
        session.query_unpaged(text, (event_key(number),)).await.expect("written");
    }
    let fresh = ScyllaStore::connect(options.clone()).await.expect("a store");
    for reader in [&*store, &fresh] {
        let (rest, end) = versions(reader, &Cursor::default(), 100).await;
        assert_eq!(rest, [6, 7]);
        reader.forget_outbox(CHAIN, &up_to).await.expect("forgotten again");
        assert_eq!(versions(reader, &up_to, 100).await, (vec![6, 7], end));
    }
    let (_, end) = versions(&store, &Cursor::default(), 100).await;
    store.forget_outbox(CHAIN, &end).await.expect("forgotten");
    put(&fresh, &[event(8), event(9)]).await;
    assert_eq!(versions(&store, &Cursor::default(), 100).await.0, [8, 9]);
}
