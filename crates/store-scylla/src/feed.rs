//! Which heads changed. Every commit writes a row that lives for an hour, not awaited; it may be lost, and the scan finds
//! what it told, and tells it again. A reader keeps what it has read in memory, one ring for each part, into which the commits of its own
//! process go at once.

mod again;
mod asked;
mod lying;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use scylla::value::CqlTimeuuid;
use suanpan_store::{Cursor, FeedPage, FeedRow, Owner, Part, StoreError};
use tokio::sync::{Notify, Semaphore};

use crate::bytes::{count_column, counted, foreign_cursor, member};
use crate::inner::{Inner, PARTS};
use crate::session::{Values, values};
pub(crate) use again::told_again;
use asked::{Asked, bucket_of};
use lying::Lying;

/// Rows that are remembered of a part.
const ROWS_MAX: usize = 16_384;
/// Rows that are known, so that none is told twice: those of the time in which a row may come late, and more.
const KNOWN_MAX: usize = 65_536;
/// The longest wait of one call.
const WAIT_MS_MAX: u64 = 60_000;
/// The servers are asked so often while somebody waits.
const ASK_EVERY: Duration = Duration::from_millis(150);
/// Rows that are being written; more are lost.
const WRITES_MAX: usize = 1_024;

pub(crate) struct Feed {
    /// Tells this process from others, whose places mean nothing here.
    opening: u64,
    parts: Vec<Tail>,
    writes: Arc<Semaphore>,
    /// Rows that the servers have, as far as this process knows.
    lying: Arc<Lying>,
}

/// What a reader knows of a part.
struct Tail {
    state: tokio::sync::Mutex<Option<Asked>>,
    ring: std::sync::Mutex<Ring>,
    news: Notify,
}

#[derive(Default)]
struct Ring {
    /// Whether anybody reads this part here.
    is_read: bool,
    /// Place of the first row.
    first: u64,
    rows: VecDeque<FeedRow>,
    known: HashSet<(String, String, u64, u64)>,
    order: VecDeque<(String, String, u64, u64)>,
}

impl Ring {
    fn push(&mut self, row: FeedRow) -> bool {
        let name = (row.chain.clone(), row.member.as_str().to_owned(), row.epoch, row.version);
        if !self.note(name) {
            return false;
        }
        self.rows.push_back(row);
        if self.rows.len() > ROWS_MAX {
            self.rows.pop_front();
            self.first += 1;
        }
        true
    }

    /// Whether a row is new.
    fn note(&mut self, name: (String, String, u64, u64)) -> bool {
        if !self.known.insert(name.clone()) {
            return false;
        }
        self.order.push_back(name);
        if self.order.len() > KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    fn end(&self) -> u64 {
        self.first + self.rows.len() as u64
    }
}

impl Feed {
    pub(crate) fn new() -> Self {
        let opening = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        let tail = || Tail {
            state: tokio::sync::Mutex::new(None),
            ring: std::sync::Mutex::new(Ring::default()),
            news: Notify::new(),
        };
        Self {
            opening,
            parts: (0..PARTS).map(|_| tail()).collect(),
            writes: Arc::new(Semaphore::new(WRITES_MAX)),
            lying: Arc::new(Lying::default()),
        }
    }

    fn tail(&self, part: Part) -> Option<&Tail> {
        self.parts.get(part.0 as usize)
    }
}

impl Tail {
    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn push(&self, row: FeedRow) {
        let mut ring = self.ring();
        if ring.is_read && ring.push(row) {
            drop(ring);
            self.news.notify_waiters();
        }
    }
}

/// The bucket that a row falls into now.
fn bucket_now() -> i64 {
    bucket_of(now_ms())
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Inner {
    /// Tells that a head changed: to readers of this process at once, to others by a row that nobody waits for.
    pub(crate) fn tell(&self, row: FeedRow) -> Result<(), StoreError> {
        let part = self.part(&row.chain, &Owner::Member(row.member.clone()))?;
        if let Some(tail) = self.feed.tail(part) {
            tail.push(row.clone());
        }
        let Ok(permit) = Arc::clone(&self.feed.writes).try_acquire_owned() else { return Ok(()) };
        let (epoch, version) = (count_column(row.epoch)?, count_column(row.version)?);
        let (cql, statement) = (Arc::clone(&self.cql), self.statements.feed_row.clone());
        let lying = Arc::clone(&self.feed.lying);
        tokio::spawn(async move {
            let (part, bucket) = (part.0.cast_signed(), bucket_now());
            let member = row.member.as_str();
            let values: Values<'_> = values![part, bucket, row.chain, member, epoch, version, row.due_at_ms];
            // One try: what is lost, the scan finds.
            if cql.session().execute_unpaged(&statement, values).await.is_ok() {
                lying.note(&row);
            }
            drop(permit);
        });
        Ok(())
    }

    /// Reads what other processes told of a part since the last time.
    async fn ask_feed(&self, part: Part, tail: &Tail) -> Result<(), StoreError> {
        type Columns = (CqlTimeuuid, String, String, i64, i64, Option<i64>);
        let Ok(mut state) = tail.state.try_lock() else { return Ok(()) };
        let (mut asked, begins) = match &*state {
            Some(asked) if asked.last.elapsed() < ASK_EVERY => return Ok(()),
            Some(asked) => (asked.clone(), false),
            None => (Asked::begin(Instant::now(), now_ms()), true),
        };
        let reading = asked.next(Instant::now(), now_ms());
        let (named, until) = (part.0.cast_signed(), self.deadline());
        let mut read = Vec::new();
        for bucket in reading.buckets.clone() {
            let rows = match asked.after(&reading, bucket) {
                None => {
                    self.cql.read::<Columns>(&self.statements.feed, values![named, bucket], until).await?
                }
                Some(at) => {
                    let values = values![named, bucket, at];
                    self.cql.read::<Columns>(&self.statements.feed_after, values, until).await?
                }
            };
            asked.read(&reading, bucket, rows.iter().map(|row| row.0));
            read.extend(rows);
        }
        asked.done(&reading, Instant::now());
        let mut ring = tail.ring();
        let mut news = false;
        for (_, chain, name, epoch, version, due_at_ms) in read {
            let (epoch, version) = (counted(epoch)?, counted(version)?);
            let row = FeedRow { chain, member: member(name)?, epoch, version, due_at_ms };
            self.feed.lying.note(&row);
            if begins {
                // The beginning is now.
                ring.note((row.chain, row.member.as_str().to_owned(), epoch, version));
            } else {
                news |= ring.push(row);
            }
        }
        drop(ring);
        *state = Some(asked);
        if news {
            tail.news.notify_waiters();
        }
        Ok(())
    }

    pub(crate) async fn read_feed(
        &self,
        part: Part,
        after: &Cursor,
        wait_ms: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        let Some(tail) = self.feed.tail(part) else {
            return Err(StoreError::Refused(format!("there are {PARTS} parts")));
        };
        let limit = limit.max(1);
        let place = if after.0.is_empty() {
            tail.ring().is_read = true;
            self.ask_feed(part, tail).await?;
            Some(tail.ring().end())
        } else {
            self.place(after)?
        };
        let until = Instant::now() + Duration::from_millis(wait_ms.min(WAIT_MS_MAX));
        loop {
            let news = tail.news.notified();
            tokio::pin!(news);
            // Listens before it looks, so that nothing comes in between unheard.
            news.as_mut().enable();
            self.ask_feed(part, tail).await?;
            let page = self.page(tail, place, limit);
            let left = until.saturating_duration_since(Instant::now());
            if !page.rows.is_empty() || page.lagged || left.is_zero() {
                return Ok(page);
            }
            let _ = tokio::time::timeout(left.min(ASK_EVERY), news).await;
        }
    }

    /// The place of a cursor; none when it is of another process.
    fn place(&self, cursor: &Cursor) -> Result<Option<u64>, StoreError> {
        let (opening, place) = cursor
            .0
            .split_first_chunk::<8>()
            .filter(|(_, rest)| rest.len() == 8)
            .ok_or_else(foreign_cursor)?;
        let place = place.try_into().map(u64::from_be_bytes).map_err(|_| foreign_cursor())?;
        Ok((u64::from_be_bytes(*opening) == self.feed.opening).then_some(place))
    }

    fn page(&self, tail: &Tail, from: Option<u64>, limit: usize) -> FeedPage {
        let mut ring = tail.ring();
        ring.is_read = true;
        let end = ring.end();
        let lagged = from.is_none_or(|from| from < ring.first);
        // A reader that fell behind goes on from now: the scan that it needs anyway covers all before.
        let place = if lagged { end } else { from.unwrap_or(end).min(end) };
        let skip = usize::try_from(place - ring.first).unwrap_or(usize::MAX);
        let rows: Vec<FeedRow> = ring.rows.iter().skip(skip).take(limit).cloned().collect();
        let mut cursor = self.feed.opening.to_be_bytes().to_vec();
        cursor.extend_from_slice(&(place + rows.len() as u64).to_be_bytes());
        FeedPage { rows, next: Cursor(cursor), lagged }
    }
}
