//! Stops the writer between any two of its steps.

use std::process::abort;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use suanpan_store::{Cursor, Order, Store as _, StoreError};
use suanpan_store_embedded::EmbeddedStore;

use crate::account::{CHAIN, ask, history, member};
use crate::plan::{count, listen, start};
use crate::scratch::Scratch;
use crate::seller::{MEMBERS, STOP};

/// Every place that a decision about a member passes, and those of the archive.
const PLACES: [&str; 10] = [
    "embedded/viewed",
    "embedded/decided",
    "embedded/head-written",
    "embedded/row-written",
    "embedded/before-commit",
    "embedded/committed",
    "embedded/synced",
    "embedded/answered",
    "embedded/body-archived",
    "embedded/body-moved",
];

/// In the process that is stopped: `place=how often it is passed before`.
pub(crate) fn stop_at(stop: &str) {
    let (place, passes) = stop.split_once('=').expect("a place and a number");
    let left = AtomicU64::new(passes.parse().expect("a number"));
    fail::cfg_callback(place, move || {
        if left.fetch_sub(1, Ordering::Relaxed) == 0 {
            abort();
        }
    })
    .expect("a place that can be stopped at");
}

pub(crate) fn killed_between_any_two_steps() -> u64 {
    let scratch = Scratch::new();
    for (number, place) in PLACES.into_iter().enumerate() {
        let path = scratch.file(&format!("store-{number}"));
        let mut answered = vec![0; MEMBERS as usize];
        for passes in [0, 1, 7, 40, 203] {
            let mut child = start(&path, &[(STOP, &format!("{place}={passes}"))]);
            let said = listen(&mut child);
            let status = child.wait().expect("it stops by itself");
            assert!(!status.success(), "it passed {place}");
            for (all, last) in answered.iter_mut().zip(said.join().expect("what it said").answered) {
                *all = (*all).max(last);
            }
            let total = count(&path, &answered);
            println!("{place} after {passes}: {total} decisions");
        }
    }
    println!("test killed_between_any_two_steps ... ok");
    1
}

/// A commit that the disk refuses, one whose answer is lost, and one that is not synced: all unknown, and the file tells.
pub(crate) fn a_commit_that_fails_is_unknown() -> u64 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let scratch = Scratch::new();
    for (place, written) in [
        ("embedded/commit-fails", false),
        ("embedded/commit-answer-lost", true),
        ("embedded/sync-fails", true),
    ] {
        let path = scratch.file(&place.replace('/', "-"));
        let store = Arc::new(EmbeddedStore::open(&path).expect("a new file"));
        runtime.block_on(async {
            ask(store.as_ref(), &member("anna"), 0).await.expect("a write");
            fail::cfg(place, "return").expect("a place that can fail");
            // Whoever changes nothing needs no disk.
            ask(store.as_ref(), &member("anna"), 0).await.expect("an answer that was given");
            let waiting = {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.poisoned().await })
            };
            let error = ask(store.as_ref(), &member("anna"), 1).await.expect_err("the disk failed");
            assert!(matches!(error, StoreError::Unknown(_)), "{place}: {error}");
            waiting.await.expect("whoever waits is told");
            assert!(store.is_poisoned());
            let error =
                ask(store.as_ref(), &member("bela"), 0).await.expect_err("nothing is written any more");
            assert!(matches!(error, StoreError::Unavailable(_)), "{place}: {error}");
            // Nobody knows whether what a reader sees will be there after a loss of power.
            let error = store.member(CHAIN, &member("anna")).await.expect_err("nothing is told of it");
            assert!(matches!(error, StoreError::Unavailable(_)), "{place}: {error}");
            fail::remove(place);
        });
        drop(store);
        let store = EmbeddedStore::open(&path).expect("it opens again");
        runtime.block_on(async {
            let there = history(&store, &member("anna")).await.contains(&1);
            assert_eq!(there, written, "{place}");
            // The same request settles it.
            ask(&store, &member("anna"), 1).await.expect("a write");
            assert_eq!(history(&store, &member("anna")).await.len(), 2);
        });
    }
    println!("test a_commit_that_fails_is_unknown ... ok");
    1
}

/// What a reader, or whoever repeats a request, sees before it is on the disk is told when it is.
pub(crate) fn a_read_waits_for_the_disk() -> u64 {
    const SYNC: Duration = Duration::from_millis(400);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let scratch = Scratch::new();
    let store = Arc::new(EmbeddedStore::open(&scratch.file("slow-disk")).expect("a new file"));
    runtime.block_on(async {
        ask(store.as_ref(), &member("anna"), 0).await.expect("a write");
        fail::cfg("embedded/sync-fails", &format!("sleep({})", SYNC.as_millis())).expect("a place");
        let begun = Instant::now();
        let writing = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { ask(store.as_ref(), &member("anna"), 1).await })
        };
        loop {
            let page = store.entries(CHAIN, &member("anna"), Order::OldestFirst, &Cursor::default(), 9).await;
            if page.expect("rows").rows.len() == 2 {
                break;
            }
        }
        assert!(begun.elapsed() >= SYNC, "told after {:?}", begun.elapsed());
        writing.await.expect("no panic").expect("a write");
        // The first to be asked writes, the others repeat what it wrote.
        let begun = Instant::now();
        let asked: Vec<_> = (0..4)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { ask(store.as_ref(), &member("anna"), 2).await })
            })
            .collect();
        for asked in asked {
            asked.await.expect("no panic").expect("an answer");
            assert!(begun.elapsed() >= SYNC, "told after {:?}", begun.elapsed());
        }
        fail::remove("embedded/sync-fails");
    });
    println!("test a_read_waits_for_the_disk ... ok");
    1
}
