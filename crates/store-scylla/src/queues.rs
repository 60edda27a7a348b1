//! One queue for each thing that is written conditionally: writers of one process take turns, instead of outbidding each
//! other at the servers, where 64 of them get less than a fifth of what one gets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// What has a queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    /// A sale's id, for whoever claims it.
    Sale(String, [u8; 16]),
    /// An owner's head.
    Owner(String, String),
    /// A look at a sale that holds something.
    Look(String, [u8; 16]),
    /// A shard of a limit.
    Shard(String, i64, i32),
    /// A shard of the outbox.
    Outbox(String, i32),
}

/// Queues that somebody stands in; others are forgotten.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<Turn, Arc<tokio::sync::Mutex<()>>>>);

impl Queues {
    /// Waits for the turn, which ends when what is given is dropped. Whoever takes several takes them in the order of
    /// [`Turn`]'s variants.
    pub(crate) async fn turn(&self, of: Turn) -> OwnedMutexGuard<()> {
        self.queue(of).lock_owned().await
    }

    /// The turn, when nobody has it.
    pub(crate) fn free(&self, of: Turn) -> Option<OwnedMutexGuard<()>> {
        self.queue(of).try_lock_owned().ok()
    }

    fn queue(&self, of: Turn) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.len() >= QUEUES_SWEPT_AT {
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
        }
        Arc::clone(queues.entry(of).or_default())
    }
}

/// From so many queues on, those in which nobody stands are dropped before a new one is made.
const QUEUES_SWEPT_AT: usize = 4_096;
