//! Stops the writer between any two of its steps.

use std::process::abort;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use suanpan_store::StoreError;
use suanpan_store_embedded::EmbeddedStore;

use crate::account::{ask, history, member};
use crate::plan::{count, listen, start};
use crate::scratch::Scratch;
use crate::seller::{MEMBERS, STOP};

/// Every place that a decision about a member passes.
const PLACES: [&str; 7] = [
    "embedded/viewed",
    "embedded/decided",
    "embedded/head-written",
    "embedded/row-written",
    "embedded/before-commit",
    "embedded/committed",
    "embedded/answered",
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

/// A commit that the disk refuses, and one whose answer is lost: both unknown, and the file tells.
pub(crate) fn a_commit_that_fails_is_unknown() -> u64 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let scratch = Scratch::new();
    for (place, written) in [("embedded/commit-fails", false), ("embedded/commit-answer-lost", true)] {
        let path = scratch.file(&place.replace('/', "-"));
        let store = Arc::new(EmbeddedStore::open(&path).expect("a new file"));
        runtime.block_on(async {
            ask(store.as_ref(), &member("anna"), 0).await.expect("a write");
            fail::cfg(place, "return").expect("a place that can fail");
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
