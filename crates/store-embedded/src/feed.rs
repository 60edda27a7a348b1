//! Which heads changed, in memory: the last ones of this process. What it forgot, the scan finds.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use suanpan_store::{Cursor, FeedPage, FeedRow, StoreError};
use tokio::sync::Notify;

use crate::bytes::foreign_cursor;

/// Rows that are remembered: some seconds at full rate, 10 MB at most.
const ROWS_MAX: usize = 65_536;
/// The longest wait of one call.
const WAIT_MS_MAX: u64 = 60_000;

pub(crate) struct Feed {
    /// Tells this opening of the file from earlier ones, whose positions mean nothing here.
    opening: u64,
    rows: Mutex<Rows>,
    news: Notify,
}

struct Rows {
    /// Position of the first row.
    first: u64,
    rows: VecDeque<FeedRow>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        let opening = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        Self { opening, rows: Mutex::new(Rows { first: 0, rows: VecDeque::new() }), news: Notify::new() }
    }

    /// Takes rows over, in the order of their commits.
    pub(crate) fn publish(&self, changed: impl ExactSizeIterator<Item = FeedRow>) {
        if changed.len() == 0 {
            return;
        }
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.rows.extend(changed);
        while rows.rows.len() > ROWS_MAX {
            rows.rows.pop_front();
            rows.first += 1;
        }
        drop(rows);
        self.news.notify_waiters();
    }

    pub(crate) async fn after(
        &self,
        cursor: &Cursor,
        wait_ms: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        let limit = limit.max(1);
        let mut from = self.start(cursor)?;
        let news = self.news.notified();
        tokio::pin!(news);
        // Listens before it looks, so that nothing comes in between unheard.
        news.as_mut().enable();
        let page = self.page(&mut from, limit);
        if !page.rows.is_empty() || page.lagged || wait_ms == 0 {
            return Ok(page);
        }
        let _ = tokio::time::timeout(Duration::from_millis(wait_ms.min(WAIT_MS_MAX)), news).await;
        Ok(self.page(&mut from, limit))
    }

    /// The position of a cursor; none when it is of an earlier opening.
    fn start(&self, cursor: &Cursor) -> Result<Option<u64>, StoreError> {
        if cursor.0.is_empty() {
            return Ok(Some(self.end()));
        }
        let (opening, position) = cursor
            .0
            .split_first_chunk::<8>()
            .filter(|(_, rest)| rest.len() == 8)
            .ok_or_else(foreign_cursor)?;
        let position = position.try_into().map(u64::from_be_bytes).map_err(|_| foreign_cursor())?;
        Ok((u64::from_be_bytes(*opening) == self.opening).then_some(position))
    }

    fn end(&self) -> u64 {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.first + rows.rows.len() as u64
    }

    fn page(&self, from: &mut Option<u64>, limit: usize) -> FeedPage {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let end = rows.first + rows.rows.len() as u64;
        let lagged = from.is_none_or(|from| from < rows.first);
        // A reader that fell behind goes on from now: the scan that it needs anyway covers all before.
        let position = if lagged { end } else { from.unwrap_or(end).min(end) };
        let skip = usize::try_from(position - rows.first).unwrap_or(usize::MAX);
        let page: Vec<FeedRow> = rows.rows.iter().skip(skip).take(limit).cloned().collect();
        let next = position + page.len() as u64;
        *from = Some(next);
        let mut cursor = self.opening.to_be_bytes().to_vec();
        cursor.extend_from_slice(&next.to_be_bytes());
        FeedPage { rows: page, next: Cursor(cursor), lagged }
    }
}
