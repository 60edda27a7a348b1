//! The scan: looks at every head there is, again and again, at a pace. A worker that has nothing else finds everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use suanpan_store::{Cursor, Part, StoreError};
use tokio::sync::{mpsc, watch};

use super::crew::{Job, UpTo};
use super::{Shared, told};
use crate::status::Pass;

/// Heads of one read: some hundredths of a second, so that a pass takes turns with other readers.
const HEADS_PER_READ: usize = 50_000;

/// A pass tells the feed again of what was written since the last complete one began, and so much before: longer than any call
/// may take to be seen, and than clocks may be apart.
const SEEN_WITHIN_MS: i64 = 60_000;
/// How often it is kept when passes began; what a younger pass than the kept one saw is known to be in the feed.
const KEPT_EVERY_MS: i64 = 10_000;

/// When the latest complete passes over parts began, as far as this worker knows: what the store keeps may be later.
#[derive(Default)]
pub(crate) struct Passed(Mutex<HashMap<Part, i64>>);

impl Passed {
    /// Since when changes are to be told again; none for all that the feed would have.
    async fn since(&self, shared: &Shared, part: Part, now_ms: i64) -> Result<Option<i64>, StoreError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&part).copied();
        let began_ms = match known.filter(|began_ms| now_ms - began_ms < SEEN_WITHIN_MS) {
            Some(began_ms) => Some(began_ms),
            // Another worker had the part meanwhile, or this one begins.
            None => shared.store.passed(part).await?,
        };
        Ok(began_ms.map(|began_ms| began_ms - SEEN_WITHIN_MS))
    }

    /// A pass over a part is complete.
    async fn note(&self, shared: &Shared, part: Part, began_ms: i64) -> Result<(), StoreError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&part).copied();
        if known.is_none_or(|known| began_ms - known >= KEPT_EVERY_MS) {
            shared.store.set_passed(part, began_ms).await?;
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(part, began_ms);
        }
        Ok(())
    }
}

/// Makes passes until the worker is told to end.
pub(crate) async fn again_and_again(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut failures = 0;
    loop {
        let began = tokio::time::Instant::now();
        let result = tokio::select! {
            result = pass_own(&shared) => result,
            () = told(&mut stopped) => return,
        };
        let until = match result {
            Ok(_) => {
                failures = 0;
                began + shared.pace.pass_every
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, "a pass over the store failed; it begins again");
                tokio::time::Instant::now() + shared.pace.wait_after(failures)
            }
        };
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = shared.lagged.notified() => {}
            () = told(&mut stopped) => return,
        }
    }
}

/// One pass over the parts that are this worker's now. Waits while it has none.
async fn pass_own(shared: &Shared) -> Result<Pass, StoreError> {
    let mut parts = shared.duties.parts();
    while parts.is_empty() {
        shared.lagged.notified().await;
        parts = shared.duties.parts();
    }
    pass(shared, &parts, |part| shared.duties.has_part(part)).await
}

/// One pass over parts as long as they are `ours`, and everything that it found.
pub(crate) async fn pass(
    shared: &Shared,
    parts: &[Part],
    ours: impl Fn(Part) -> bool + Send,
) -> Result<Pass, StoreError> {
    let began = Instant::now();
    let now_ms = (shared.clock)();
    shared.crew.next_pass();
    let (token, mut all_done) = mpsc::channel(1);
    let mut pass = Pass::default();
    'parts: for &part in parts {
        // One that was given up meanwhile is looked through by whoever has it now.
        if !ours(part) {
            continue;
        }
        let mut after = Cursor::default();
        let began_ms = (shared.clock)();
        let since_ms = shared.passed.since(shared, part, began_ms).await?;
        loop {
            let piece = shared.store.scan_and_tell(part, &after, now_ms, since_ms, HEADS_PER_READ).await?;
            pass.looked_at += piece.looked_at;
            for row in piece.due {
                pass.due += 1;
                let job = Job { chain: row.chain, member: row.member };
                if !shared.crew.rests(&job) {
                    let up_to = UpTo { version: (row.epoch, row.version), at_ms: row.due_at_ms };
                    shared.crew.offer(job, up_to, Some(&token)).await;
                    if !ours(part) {
                        continue 'parts;
                    }
                }
            }
            wait_for_pace(began, pass.looked_at, shared.pace.heads_per_second).await;
            let Some(next) = piece.next else { break };
            after = next;
        }
        shared.passed.note(shared, part, began_ms).await?;
    }
    pass.scanned_in = began.elapsed();
    drop(token);
    // Ends when the last job has let its token go.
    while all_done.recv().await.is_some() {}
    pass.took = began.elapsed();
    shared.board.passed(pass);
    tracing::debug!(
        looked_at = pass.looked_at,
        due = pass.due,
        scanned_in = ?pass.scanned_in,
        took = ?pass.took,
        "a pass over the store"
    );
    Ok(pass)
}

/// Waits until so many at such a rate may have been done since the beginning.
pub(crate) async fn wait_for_pace(began: Instant, done: u64, per_second: u64) {
    let planned = Duration::from_micros(done.saturating_mul(1_000_000) / per_second.max(1));
    if let Some(ahead) = planned.checked_sub(began.elapsed()) {
        tokio::time::sleep(ahead).await;
    }
}
