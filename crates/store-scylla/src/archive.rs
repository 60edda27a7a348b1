//! The archive: bodies of members' old rows, in partitions by year that only their readers touch. A body is there before it
//! leaves its place, and leaves it on the condition that it is still the one that was read; so whoever is stopped between
//! the two has lost nothing, and whoever writes the row meanwhile is not written over.

use std::sync::atomic::Ordering;

use futures_util::future::try_join_all;
use suanpan_domain::MemberId;
use suanpan_ledger::{Archived, Entry, codec};
use suanpan_store::{ArchivedRows, Cursor, StoreError};

use crate::bytes::{self, ANCHOR, count_column};
use crate::error::damaged;
use crate::failpoint::between;
use crate::inner::Inner;
use crate::schema::ARCHIVE_SINCE;
use crate::session::{Applied, Deadline, values};

/// Rows that one call looks through at most.
const ROWS_MAX: usize = 256;
/// Bodies that one call asks the archive for at a time.
const AT_ONCE: usize = 32;

impl Inner {
    /// Moves the bodies of a member's old rows.
    pub(crate) async fn archive_rows(
        &self,
        chain: &str,
        member: &MemberId,
        before_ms: i64,
        after: &Cursor,
        limit: usize,
    ) -> Result<ArchivedRows, StoreError> {
        let until = self.deadline();
        let id = member.as_str();
        let from = if after.0.is_empty() { ANCHOR } else { after.0.as_slice() };
        let limit = limit.clamp(1, ROWS_MAX);
        let ask = i32::try_from(limit).unwrap_or(1);
        let rows = self
            .cql
            .read::<(Vec<u8>, Option<Vec<u8>>)>(&self.statements.bodies, values![chain, id, from, ask], until)
            .await?;
        let next = rows.last().filter(|_| rows.len() >= limit).map(|(key, _)| Cursor(key.clone()));
        let mut moved = 0;
        for (key, body) in rows {
            // A mark has no body, and of an archived row the archive has it.
            let Some(body) = body.filter(|body| !codec::is_archived(body)) else { continue };
            let stays = Archived::of(&body, before_ms).map_err(|error| damaged(format!("entry: {error}")))?;
            let Some(stays) = stays else { continue };
            self.keep_others_out(ARCHIVE_SINCE, until).await?;
            let (version, digest) = (count_column(stays.version)?, stays.digest.as_slice());
            let values = values![chain, id, stays.year(), version, digest, body];
            self.cql.write(&self.statements.put_body, values, until).await?;
            between!("scylla/body-archived");
            let values = values![codec::encode_archived(&stays), chain, id, key, body];
            // Not applied: the row was written meanwhile, or another worker was faster.
            if let Applied::Yes = self.cql.decide(&self.statements.leave_body, values, until).await? {
                moved += 1;
            }
            between!("scylla/body-moved");
        }
        Ok(ArchivedRows { moved, next })
    }

    /// Before the first body moves, or the first shard hands over: keeps out releases of an earlier schema than `since`, which
    /// would find what they cannot read.
    pub(crate) async fn keep_others_out(&self, since: u32, until: Deadline) -> Result<(), StoreError> {
        if self.kept_out_before.load(Ordering::Relaxed) >= since {
            return Ok(());
        }
        for key in ["min_reader", "min_writer"] {
            loop {
                let row = self
                    .cql
                    .read_one::<(Option<String>,)>(&self.statements.said, values![key], until)
                    .await?;
                let said = row.and_then(|(said,)| said).unwrap_or_default();
                let least = said.parse::<u32>().map_err(|_| damaged(format!("meta {key}: {said}")))?;
                if least >= since {
                    break;
                }
                let values = values![since.to_string(), key, said];
                self.cql.decide(&self.statements.say, values, until).await?;
                between!("scylla/others-kept-out");
            }
        }
        self.kept_out_before.fetch_max(since, Ordering::Relaxed);
        Ok(())
    }

    /// An archived body as its bytes are; none when it is not there.
    pub(crate) async fn archived_body(
        &self,
        chain: &str,
        id: &str,
        stays: &Archived,
        until: Deadline,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (version, digest) = (count_column(stays.version)?, stays.digest.as_slice());
        let values = values![chain, id, stays.year(), version, digest];
        let row =
            self.cql.read_one::<(Option<Vec<u8>>,)>(&self.statements.archived_body, values, until).await?;
        Ok(row.and_then(|(body,)| body))
    }

    /// A row as it was, from what lies in its place.
    async fn whole(&self, chain: &str, id: &str, lying: &[u8], until: Deadline) -> Result<Entry, StoreError> {
        if !codec::is_archived(lying) {
            return bytes::entry(lying);
        }
        let stays = codec::decode_archived(lying).map_err(|error| damaged(format!("entry: {error}")))?;
        let body = self.archived_body(chain, id, &stays, until).await?;
        let body = body.ok_or_else(|| damaged("the archive does not have the body of a row"))?;
        stays.entry(&body).map_err(|error| damaged(format!("archive: {error}")))
    }

    /// Rows as they were, in their order, from what lies in the places of an owner's.
    pub(crate) async fn all_whole(
        &self,
        chain: &str,
        id: &str,
        lying: &[Vec<u8>],
        until: Deadline,
    ) -> Result<Vec<Entry>, StoreError> {
        // Nearly always: nothing has to be fetched.
        if !lying.iter().any(|row| codec::is_archived(row)) {
            return lying.iter().map(|row| bytes::entry(row)).collect();
        }
        let mut entries = Vec::with_capacity(lying.len());
        for some in lying.chunks(AT_ONCE) {
            entries.extend(try_join_all(some.iter().map(|row| self.whole(chain, id, row, until))).await?);
        }
        Ok(entries)
    }
}
