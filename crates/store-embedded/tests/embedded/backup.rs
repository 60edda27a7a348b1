//! Copies of a store in use, and stores made of copies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use suanpan_store::{Store, StoreError};
use suanpan_store_embedded::{EmbeddedStore, check, restore};

use crate::account::{ask, history, member};
use crate::scratch::Scratch;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_under_traffic_is_one_state() {
    let scratch = Scratch::new();
    let store = Arc::new(EmbeddedStore::open(&scratch.file("store")).expect("a new file"));
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
            tokio::spawn(async move {
                let member = member(&format!("member-{writer}"));
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) || number < 50 {
                    ask(store.as_ref(), &member, number).await.expect("a write");
                    number += 1;
                }
                number
            })
        })
        .collect();
    let mut copies = Vec::new();
    for number in 0..5 {
        let (store, to) = (Arc::clone(&store), scratch.file(&format!("copy-{number}")));
        copies.push(tokio::task::spawn_blocking(move || store.backup(&to)).await.expect("no panic"));
    }
    stop.store(true, Ordering::Relaxed);
    let mut written = Vec::new();
    for writer in writers {
        written.push(writer.await.expect("no panic"));
    }
    let mut before = 0;
    for (number, copied) in copies.into_iter().enumerate() {
        let copied = copied.expect("a copy");
        let path = scratch.file(&format!("copy-{number}"));
        assert_eq!(check(&path).expect("a sound copy"), copied);
        assert!(copied.entries >= before, "later copies have more");
        before = copied.entries;
        let copy = EmbeddedStore::open(&path).expect("a copy is a store");
        let mut entries = 0;
        for writer in 0..8 {
            // Each history has no hole: its head and its rows are of one moment.
            let there = history(&copy, &member(&format!("member-{writer}"))).await;
            assert!(there.iter().copied().eq(0..there.len() as u64));
            assert!(there.len() as u64 <= written[writer]);
            entries += there.len() as u64;
        }
        assert_eq!(entries, copied.entries);
    }
    assert!(before > 0);
    let again = store.backup(&scratch.file("copy-0")).expect_err("is there already");
    assert!(matches!(again, StoreError::Refused(_)), "{again}");
}

#[tokio::test]
async fn a_restored_store_is_of_a_higher_epoch() {
    let scratch = Scratch::new();
    let store = EmbeddedStore::open(&scratch.file("store")).expect("a new file");
    for number in 0..5 {
        ask(&store, &member("anna"), number).await.expect("a write");
    }
    let copy = scratch.file("copy");
    let copied = store.backup(&copy).expect("a copy");
    ask(&store, &member("anna"), 5).await.expect("written after the copy");
    let before = store.member("chain", &member("anna")).await.expect("a read").expect("a member").head;

    let restored = restore(&copy, &scratch.file("restored")).expect("a store");
    assert!(restored.meta.epoch > copied.meta.epoch);
    assert_eq!((restored.members, restored.entries), (copied.members, copied.entries));
    assert_eq!(check(&copy).expect("the copy is as it was"), copied);
    let store = EmbeddedStore::open(&scratch.file("restored")).expect("a store");
    assert_eq!(store.meta().await.expect("a read").epoch, restored.meta.epoch);
    assert_eq!(history(&store, &member("anna")).await.len(), 5);
    // What was written after the copy is older than anything this store says.
    let head = store.member("chain", &member("anna")).await.expect("a read").expect("a member").head;
    assert!((head.epoch, head.version) > (before.epoch, before.version));
    ask(&store, &member("anna"), 77).await.expect("it goes on");
    let head = store.member("chain", &member("anna")).await.expect("a read").expect("a member").head;
    assert_eq!((head.epoch, head.version), (restored.meta.epoch, 6));

    let there = restore(&copy, &scratch.file("restored")).expect_err("is there already");
    assert!(matches!(there, StoreError::Refused(_)), "{there}");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let second = restore(&copy, &scratch.file("second")).expect("a store");
    assert!(second.meta.epoch > restored.meta.epoch, "restored twice, two epochs");
}

#[tokio::test]
async fn a_damaged_copy_is_not_restored() {
    let scratch = Scratch::new();
    let store = EmbeddedStore::open(&scratch.file("store")).expect("a new file");
    for number in 0..50 {
        ask(&store, &member("anna"), number).await.expect("a write");
    }
    let copy = scratch.file("copy");
    store.backup(&copy).expect("a copy");
    let mut bytes = std::fs::read(&copy).expect("the copy");
    let page = bytes.len() / 8_192 - 1;
    bytes[page * 8_192..page * 8_192 + 64].fill(0x5a);
    std::fs::write(&copy, &bytes).expect("a damaged copy");
    let refused = restore(&copy, &scratch.file("restored")).expect_err("it is damaged");
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
    assert!(!scratch.file("restored").exists());
    assert!(restore(&scratch.file("nothing"), &scratch.file("restored")).is_err());
}
