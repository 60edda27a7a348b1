//! The feed: what was committed just now. It may lose rows; the scan finds what they said.

use std::collections::HashMap;
use std::sync::Arc;

use suanpan_store::{Cursor, FeedRow, Part};
use tokio::sync::watch;

use super::crew::{Job, UpTo};
use super::{Shared, told, wait};

/// How long one read waits for news.
const WAIT_MS: u64 = 1_000;
/// Rows of one read.
const ROWS_PER_READ: usize = 4_096;

/// Follows the feed of a part while it is this worker's, until the worker is told to end.
pub(crate) async fn follow(shared: Arc<Shared>, part: Part, mut stopped: watch::Receiver<bool>) {
    let mut after = Cursor::default();
    let mut failures = 0;
    loop {
        tokio::select! {
            () = shared.duties.part_held(part) => {}
            () = told(&mut stopped) => return,
        }
        let page = tokio::select! {
            page = shared.store.feed(part, &after, WAIT_MS, ROWS_PER_READ) => page,
            () = shared.duties.part_lost(part) => {
                // When it comes back it begins from then: a pass meets what came between.
                after = Cursor::default();
                continue;
            }
            () = told(&mut stopped) => return,
        };
        match page {
            Ok(page) => {
                failures = 0;
                after = page.next;
                if page.lagged {
                    shared.lagged.notify_one();
                }
                if !page.rows.is_empty() {
                    shared.news.notify_waiters();
                }
                let offers = take(&shared, page.rows);
                tokio::select! {
                    () = offers => {}
                    () = told(&mut stopped) => return,
                }
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, "the feed cannot be read; the scan goes on");
                if wait(&mut stopped, shared.pace.wait_after(failures)).await {
                    return;
                }
            }
        }
    }
}

/// Has everyone worked for about whom something is due by the last of its rows.
async fn take(shared: &Shared, rows: Vec<FeedRow>) {
    let mut last: HashMap<Job, FeedRow> = HashMap::with_capacity(rows.len());
    for row in rows {
        let known = last.entry(Job { chain: row.chain.clone(), member: row.member.clone() });
        // Rows come late now and then.
        let known = known.or_insert_with(|| row.clone());
        if (known.epoch, known.version) < (row.epoch, row.version) {
            *known = row;
        }
    }
    let now_ms = (shared.clock)();
    for (job, row) in last {
        // Who failed is not tried whenever it changes, or a broken member would be tried at the rate of its sales.
        if let Some(at_ms) = row.due_at_ms.filter(|due_ms| *due_ms <= now_ms)
            && !shared.crew.rests(&job)
        {
            shared.crew.offer(job, UpTo { version: (row.epoch, row.version), at_ms }, None).await;
        }
    }
}
