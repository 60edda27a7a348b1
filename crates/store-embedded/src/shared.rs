//! What the store's threads share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use suanpan_store::StoreError;
use tokio::sync::watch;

use crate::feed::Feed;
use crate::heads::Heads;
use crate::leases::Leases;
use crate::progress::Progress;

pub(crate) struct Shared {
    /// Held during a commit, and by a checkpoint that empties the log.
    pub(crate) turn: Mutex<()>,
    pub(crate) progress: Progress,
    /// Set once, when the writer cannot go on.
    pub(crate) poisoned: AtomicBool,
    why: Mutex<String>,
    told: watch::Sender<bool>,
    pub(crate) feed: Feed,
    pub(crate) leases: Leases,
    pub(crate) heads: Heads,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            turn: Mutex::new(()),
            progress: Progress::default(),
            poisoned: AtomicBool::new(false),
            why: Mutex::new("it is closed".to_owned()),
            told: watch::Sender::new(false),
            feed: Feed::new(),
            leases: Leases::default(),
            heads: Heads::new(),
        }
    }

    /// Nothing is written any more.
    pub(crate) fn poison(&self, why: &str) {
        self.heads.end();
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) =
            format!("it has to be opened again: {why}");
        self.poisoned.store(true, Ordering::Release);
        self.progress.end();
        self.told.send_replace(true);
    }

    /// The refusal of whoever comes after the end.
    pub(crate) fn closed(&self) -> StoreError {
        StoreError::Unavailable(self.why.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.told.subscribe()
    }
}
