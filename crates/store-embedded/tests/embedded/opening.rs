//! A file is opened by one process, by a release that may, and has what was answered.

use rusqlite::Connection;
use suanpan_store::{Store, StoreError};
use suanpan_store_embedded::EmbeddedStore;

use crate::account::{ask, history, member};
use crate::scratch::Scratch;

#[tokio::test]
async fn what_was_answered_is_there_again() {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    for round in 0..3 {
        let store = EmbeddedStore::open(&path).expect("the same file");
        for number in 10 * round..10 * (round + 1) {
            ask(&store, &member("anna"), number).await.expect("a write");
        }
        assert_eq!(history(&store, &member("anna")).await.len() as u64, 10 * (round + 1));
    }
    // Closed in order, the log is folded back: the file alone is the store.
    let log = scratch.file("store-wal");
    assert!(std::fs::metadata(&log).map_or(0, |log| log.len()) == 0, "{}", log.display());
}

#[tokio::test]
async fn a_second_opening_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    let first = EmbeddedStore::open(&path).expect("a new file");
    let refused = EmbeddedStore::open(&path).err().expect("two writers");
    assert!(
        matches!(&refused, StoreError::Unavailable(text) if text.contains("another process")),
        "{refused}"
    );
    ask(&first, &member("anna"), 0).await.expect("the first goes on");
    drop(first);
    EmbeddedStore::open(&path).expect("free again");
}

#[test]
fn a_newer_file_and_a_strange_one_are_refused() {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    drop(EmbeddedStore::open(&path).expect("a new file"));
    let file = Connection::open(&path).expect("the file");
    file.execute("UPDATE meta SET value = 9 WHERE key IN ('schema', 'min_writer')", []).expect("a newer one");
    drop(file);
    let refused = EmbeddedStore::open(&path).err().expect("too new");
    assert!(matches!(refused, StoreError::TooNew { schema: 9, min_writer: 9, .. }), "{refused}");

    let strange = scratch.file("strange");
    Connection::open(&strange).and_then(|file| file.execute_batch("CREATE TABLE a(b)")).expect("a database");
    assert!(matches!(EmbeddedStore::open(&strange).err(), Some(StoreError::Refused(_))));
    let text = scratch.file("text");
    std::fs::write(&text, "no database at all, but longer than a header of one: ".repeat(40))
        .expect("a file");
    assert!(matches!(EmbeddedStore::open(&text).err(), Some(StoreError::Corrupt(_))));
    assert!(matches!(EmbeddedStore::open(&scratch.file("no/folder")).err(), Some(StoreError::Refused(_))));
}

#[tokio::test]
async fn a_damaged_page_is_found_and_no_answer() {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    let store = EmbeddedStore::open(&path).expect("a new file");
    for number in 0..200 {
        ask(&store, &member("anna"), number).await.expect("a write");
    }
    drop(store);
    let bytes = std::fs::read(&path).expect("the file");
    let mut found = 0;
    for page in 1..bytes.len() / 8_192 {
        let mut damaged = bytes.clone();
        damaged[page * 8_192..page * 8_192 + 64].fill(0x5a);
        std::fs::write(&path, &damaged).expect("a damaged file");
        // Whatever is read of it is an error or a check that finds it; never a panic.
        let Ok(store) = EmbeddedStore::open(&path) else {
            found += 1;
            continue;
        };
        let _ = store.chains().await;
        found += usize::from(matches!(store.check(), Err(StoreError::Corrupt(_))));
        // Not closed in order: the next round writes the file anew.
        drop(store);
    }
    let pages = bytes.len() / 8_192 - 1;
    assert_eq!(found, pages, "{pages} pages");
}
