//! What a scan tells again: rows may be lost, and whoever remembers members has to hear of every change some time.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::stream::{self, TryStreamExt as _};
use suanpan_store::{FeedRow, Part, StoreError};

use super::bucket_now;
use crate::bytes::count_column;
use crate::inner::Inner;
use crate::session::{Values, values};

/// Rows end by themselves after so long.
const KEPT_MS: i64 = 3_600_000;
/// So old a change is before it is told again: its own row is on its way until then.
const ON_ITS_WAY_MS: i64 = 2_000;
/// Rows of a scan that are written again at once.
const AGAIN_AT_ONCE: usize = 32;

/// Since when and until when heads were written, by the servers' clocks, whose changes a scan tells again.
pub(crate) fn told_again(since_ms: Option<i64>) -> Range<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    told_again_at(now.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)), since_ms)
}

fn told_again_at(now_ms: i64, since_ms: Option<i64>) -> Range<i64> {
    // What is older would have ended by itself: whoever missed it reads everything anew.
    let oldest = now_ms - KEPT_MS;
    since_ms.map_or(oldest, |since_ms| since_ms.max(oldest))..now_ms - ON_ITS_WAY_MS
}

impl Inner {
    /// Tells changes again whose rows are not known to be there. Readers take a row that comes twice once.
    pub(crate) async fn tell_again<'r>(
        &self,
        part: Part,
        rows: impl Iterator<Item = &'r FeedRow>,
    ) -> Result<(), StoreError> {
        let until = self.deadline();
        let lost: Vec<&FeedRow> = rows.filter(|row| !self.feed.lying.knows(row)).collect();
        stream::iter(lost.into_iter().map(Ok))
            .try_for_each_concurrent(AGAIN_AT_ONCE, |row| async move {
                if let Some(tail) = self.feed.tail(part) {
                    tail.push(row.clone());
                }
                let (part, bucket) = (part.0.cast_signed(), bucket_now());
                let (epoch, version) = (count_column(row.epoch)?, count_column(row.version)?);
                let (chain, member) = (row.chain.as_str(), row.member.as_str());
                let values: Values<'_> = values![part, bucket, chain, member, epoch, version, row.due_at_ms];
                self.cql.write(&self.statements.feed_row, values, until).await?;
                self.feed.lying.note(row);
                Ok(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_feed_would_still_have_and_has_settled_is_told_again() {
        let now_ms = 1_764_000_000_000;
        let until_ms = now_ms - 2_000;
        for (since_ms, expected) in [
            (None, now_ms - 3_600_000..until_ms),
            (Some(0), now_ms - 3_600_000..until_ms),
            (Some(now_ms - 60_000), now_ms - 60_000..until_ms),
        ] {
            assert_eq!(told_again_at(now_ms, since_ms), expected, "{since_ms:?}");
        }
        assert!(told_again_at(now_ms, Some(now_ms - 1_000)).is_empty(), "its own row is on its way");
    }
}
