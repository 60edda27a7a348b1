//! A disk that is full, and a log that was cut off.

use std::time::Duration;

use suanpan_store::{Cursor, Store, StoreError};
use suanpan_store_embedded::{EmbeddedStore, Options, check};

use crate::account::{ask, history, member};
use crate::scratch::Scratch;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_file_refuses_and_stays_sound() {
    let scratch = Scratch::new();
    let path = scratch.file("store");
    let options = Options { pages_max: Some(80), ..Options::default() };
    let store = std::sync::Arc::new(EmbeddedStore::open_with(&path, &options).expect("a new file"));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                let member = member(&format!("member-{writer}"));
                let mut written = 0;
                loop {
                    match ask(store.as_ref(), &member, written).await {
                        Ok(()) => written += 1,
                        Err(StoreError::Refused(text)) => {
                            assert!(text.contains("full"), "{text}");
                            return written;
                        }
                        Err(error) => panic!("{error}"),
                    }
                    assert!(written < 100_000, "it is never full");
                }
            })
        })
        .collect();
    let mut written = Vec::new();
    for writer in writers {
        written.push(writer.await.expect("no panic"));
    }
    assert!(!store.is_poisoned(), "nothing is unknown: it was rolled back");
    for (writer, written) in written.iter().enumerate() {
        let there = history(&store, &member(&format!("member-{writer}"))).await;
        assert!(there.iter().copied().eq(0..*written), "exactly what was answered");
    }
    // What needs no room goes on.
    assert!(ask(store.as_ref(), &member("member-0"), 0).await.is_ok());
    store.check().expect("a sound file");
    drop(store);
    // With room again it goes on where it was.
    let store = EmbeddedStore::open(&path).expect("the same file");
    for (writer, written) in written.iter().enumerate() {
        ask(&store, &member(&format!("member-{writer}")), *written).await.expect("room");
    }
    assert!(store.set_position("chain", "p", 1, &Cursor::default()).await.expect("room"));
}

#[tokio::test]
async fn a_log_that_was_cut_off_opens_at_its_last_commit() {
    let scratch = Scratch::new();
    // Nothing is folded back: the log has every commit.
    let options = Options { checkpoint_every: Duration::from_secs(3_600), ..Options::default() };
    let store = EmbeddedStore::open_with(&scratch.file("store"), &options).expect("a new file");
    let log = scratch.file("store-wal");
    let bytes_of = |path| std::fs::metadata(path).map_or(0, |log| usize::try_from(log.len()).unwrap_or(0));
    let mut ends = Vec::new();
    for number in 0..6 {
        ask(&store, &member("anna"), number).await.expect("a write");
        ends.push(bytes_of(&log));
    }
    let file = std::fs::read(scratch.file("store")).expect("the file");
    let whole = std::fs::read(&log).expect("its log");
    for (commits, pair) in ends.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        assert!(from < to, "each commit appends");
        // Cut in the commit's first frame, in its middle, one byte short of its end; and not at all.
        for (cut, there) in
            [(from + 1, 0), (from + 24 + 4_096, 0), ((from + to) / 2, 0), (to - 1, 0), (to, 1)]
        {
            let name = format!("cut-{cut}");
            let path = scratch.file(&name);
            std::fs::write(&path, &file).expect("a copy");
            std::fs::write(scratch.file(&format!("{name}-wal")), &whole[..cut]).expect("a part of the log");
            let cut_off = EmbeddedStore::open(&path).expect("it opens");
            let there = commits as u64 + 1 + there;
            assert!(history(&cut_off, &member("anna")).await.iter().copied().eq(0..there), "cut at {cut}");
            ask(&cut_off, &member("anna"), 1_000).await.expect("it goes on");
            drop(cut_off);
            check(&path).expect("a sound file");
        }
    }
    // A frame that was half written over with noise is not taken either.
    let mut noisy = whole.clone();
    let last = ends[ends.len() - 2];
    noisy[last + 2_000..last + 2_100].fill(0xee);
    let path = scratch.file("noisy");
    std::fs::write(&path, &file).expect("a copy");
    std::fs::write(scratch.file("noisy-wal"), &noisy).expect("a noisy log");
    let store = EmbeddedStore::open(&path).expect("it opens");
    assert_eq!(history(&store, &member("anna")).await.len(), 5);
}
