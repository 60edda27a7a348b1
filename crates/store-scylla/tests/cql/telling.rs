//! Changes whose row of the feed was lost are told again by a pass.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use suanpan_store::{Cursor, Part, Store};
use suanpan_store_scylla::ScyllaStore;

use crate::keyspace::{open, options};
use crate::script::{Call, books, call};

/// Longer than a change's own row may be on its way.
const SETTLED: Duration = Duration::from_millis(2_200);

/// Chains of the rows that lie in the feed.
async fn feed(session: &Session, keyspace: &str) -> Vec<String> {
    let rows = session.query_unpaged(format!("SELECT chain FROM {keyspace}.feed"), ()).await.expect("read");
    let rows = rows.into_rows_result().expect("rows");
    let mut chains: Vec<String> =
        rows.rows::<(String,)>().expect("texts").map(|row| row.expect("a text").0).collect();
    chains.sort_unstable();
    chains
}

/// A pass over everything, in small pieces.
async fn pass(store: &ScyllaStore, since_ms: Option<i64>) -> u64 {
    let mut looked_at = 0;
    for part in (0..store.parts()).map(Part) {
        let mut after = Cursor::default();
        loop {
            let piece = store.scan_and_tell(part, &after, 0, since_ms, 1).await.expect("scanned");
            looked_at += piece.looked_at;
            let Some(next) = piece.next else { break };
            after = next;
        }
    }
    looked_at
}

#[tokio::test]
async fn a_lost_row_comes_again_with_a_pass_and_that_of_a_quiet_member_does_not() {
    let options = options();
    let keyspace = options.keyspace.clone();
    let node = open(options.clone()).await;
    let session =
        SessionBuilder::new().known_node(&options.contact_points[0]).build().await.expect("a session");
    let enrol = async |chain: &'static str| {
        call(&books(Arc::clone(&node) as Arc<dyn Store>, chain), Call::Enrol).await.expect("a member");
    };
    enrol("quiet").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let since_ms = node.clock_ms().await.expect("answered");
    tokio::time::sleep(Duration::from_millis(20)).await;
    enrol("lost").await;
    // Nobody waits for rows of the feed: they have to be there before they can be lost.
    for _ in 0..100 {
        if feed(&session, &keyspace).await.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(feed(&session, &keyspace).await, ["lost", "quiet"]);
    session.query_unpaged(format!("TRUNCATE {keyspace}.feed"), ()).await.expect("emptied");

    // A node that tails the feed, and a worker that has seen nothing of it.
    let (reader, worker) = (open(options.clone()).await, open(options.clone()).await);
    let mut places = Vec::new();
    for part in (0..reader.parts()).map(Part) {
        places.push(reader.feed(part, &Cursor::default(), 0, 10).await.expect("a place").next);
    }
    tokio::time::sleep(SETTLED).await;
    assert_eq!(pass(&worker, since_ms).await, 2);
    assert_eq!(feed(&session, &keyspace).await, ["lost"]);
    let mut heard = Vec::new();
    for _ in 0..20 {
        for (part, after) in places.iter_mut().enumerate() {
            let page = reader.feed(Part(part as u32), after, 20, 10).await.expect("a page");
            *after = page.next;
            heard.extend(page.rows.into_iter().map(|row| (row.chain, row.version)));
        }
    }
    assert_eq!(heard, [("lost".to_owned(), 1)]);

    // What is known to lie there is not written again, by whoever wrote it or by whoever read it there.
    pass(&worker, since_ms).await;
    pass(&reader, since_ms).await;
    assert_eq!(feed(&session, &keyspace).await, ["lost"]);
    // Without a complete pass before, everything is told that the feed would still have.
    let fresh = open(options).await;
    pass(&fresh, None).await;
    assert!(feed(&session, &keyspace).await.contains(&"quiet".to_owned()));
}

#[tokio::test]
async fn the_beginning_of_the_latest_complete_pass_is_kept_for_all_processes() {
    let options = options();
    let (one, other) = (open(options.clone()).await, open(options).await);
    assert_eq!(one.passed(Part(3)).await, Ok(None));
    for (store, began_ms, kept_ms) in [(&one, 100, 100), (&other, 90, 100), (&one, 110, 110)] {
        store.set_passed(Part(3), began_ms).await.expect("kept");
        assert_eq!(other.passed(Part(3)).await, Ok(Some(kept_ms)), "{began_ms}");
    }
    assert_eq!(one.passed(Part(4)).await, Ok(None));
    assert_eq!(one.chains().await.expect("answered"), Vec::<String>::new(), "of no chain");
}
