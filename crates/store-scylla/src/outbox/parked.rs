//! The list of parked entries, which people read.

use suanpan_domain::MemberId;
use suanpan_store::{Cursor, Page, ParkedRow, StoreError};

use crate::bytes::{self, foreign_cursor};
use crate::inner::Inner;
use crate::session::{Deadline, values};

impl Inner {
    pub(crate) async fn park(
        &self,
        chain: &str,
        member: &MemberId,
        key: &[u8],
        why: &str,
        at_ms: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let values = values![chain, member.as_str(), key, why, at_ms];
        self.cql.write(&self.statements.put_parked, values, until).await
    }

    pub(crate) async fn unpark(
        &self,
        chain: &str,
        member: &MemberId,
        key: &[u8],
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.cql.write(&self.statements.unpark, values![chain, member.as_str(), key], until).await
    }

    /// Entries that wait for a person, by member.
    pub(crate) async fn list_parked(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<ParkedRow>, StoreError> {
        // The key's length is one byte; the member's name is the rest.
        let (member, key) = match after.0.split_first() {
            None => ("", &[][..]),
            Some((length, rest)) => {
                let (key, member) = rest.split_at_checked(usize::from(*length)).ok_or_else(foreign_cursor)?;
                (std::str::from_utf8(member).map_err(|_| foreign_cursor())?, key)
            }
        };
        let limit = limit.clamp(1, 10_000);
        let ask = i32::try_from(limit).unwrap_or(1);
        let rows = self
            .cql
            .read::<(String, Vec<u8>, String, i64)>(
                &self.statements.parked,
                values![chain, member, key, ask],
                self.deadline(),
            )
            .await?;
        let next = rows.last().filter(|_| rows.len() >= limit).map(|(member, key, ..)| {
            let mut cursor = vec![u8::try_from(key.len()).unwrap_or(u8::MAX)];
            cursor.extend_from_slice(key);
            cursor.extend_from_slice(member.as_bytes());
            Cursor(cursor)
        });
        let rows = rows.into_iter().map(|(member, key, why, at_ms)| {
            Ok(ParkedRow { member: bytes::member(member)?, key: bytes::key(&key)?, why, at_ms })
        });
        Ok(Page { rows: rows.collect::<Result<_, StoreError>>()?, next })
    }
}
