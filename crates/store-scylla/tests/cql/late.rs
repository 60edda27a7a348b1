//! Rows of the feed that come to be seen after rows that are later.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::value::CqlTimeuuid;
use suanpan_store::{Cursor, Part, Store};

use crate::keyspace::{open, options};

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the end of time")
}

/// The id that a server would have given a row at an instant.
fn made_at(at_ms: i64) -> CqlTimeuuid {
    let steps = 0x01b2_1dd2_1381_4000 + at_ms.cast_unsigned() * 10_000;
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&(steps as u32).to_be_bytes());
    bytes[4..6].copy_from_slice(&((steps >> 32) as u16).to_be_bytes());
    bytes[6..8].copy_from_slice(&((steps >> 48) as u16 | 0x1000).to_be_bytes());
    bytes[8] = 0x80;
    CqlTimeuuid::from_bytes(bytes)
}

/// A row of the first part that was made so long ago and comes to be seen now.
async fn put(session: &Session, keyspace: &str, member: &str, ago_ms: i64) {
    let at_ms = now_ms() - ago_ms;
    let insert = format!(
        "INSERT INTO {keyspace}.feed (part, bucket, at, chain, member, epoch, ver, due_at) VALUES (0, ?, ?, 'c', ?, 1, 1, 1)"
    );
    session.query_unpaged(insert, (at_ms.div_euclid(60_000), made_at(at_ms), member)).await.expect("written");
}

#[tokio::test]
async fn a_row_is_told_once_however_late_it_comes() {
    let options = options();
    let keyspace = options.keyspace.clone();
    let reader = open(options.clone()).await;
    let session =
        SessionBuilder::new().known_node(&options.contact_points[0]).build().await.expect("a session");
    let mut after = reader.feed(Part(0), &Cursor::default(), 0, 10).await.expect("a place").next;
    let mut told = Vec::new();
    // Each behind one that is later; so late, and so soon told.
    for (late_ms, within_ms) in [(0, 1_500), (600, 1_500), (4_000, 7_000), (8_500, 7_000)] {
        let (newer, late) = (format!("newer-{late_ms}"), format!("late-{late_ms}"));
        for (member, ago_ms, within_ms) in [(newer, 0, 1_500), (late, late_ms, within_ms)] {
            put(&session, &keyspace, &member, ago_ms).await;
            let put_at = Instant::now();
            loop {
                let page = reader.feed(Part(0), &after, 100, 10).await.expect("a page");
                after = page.next;
                let rows = page.rows.iter().map(|row| row.member.as_str().to_owned());
                let found = told.len();
                told.extend(rows);
                if told[found..].contains(&member) {
                    break;
                }
                assert!(
                    put_at.elapsed() < Duration::from_millis(within_ms),
                    "{member} is not told: {told:?}"
                );
            }
        }
    }
    // All of the time in which a row may come late is read once more meanwhile.
    for _ in 0..6 {
        let page = reader.feed(Part(0), &after, 1_000, 10).await.expect("a page");
        after = page.next;
        told.extend(page.rows.iter().map(|row| row.member.as_str().to_owned()));
    }
    assert_eq!(told.len(), 8, "each once: {told:?}");
}
