//! Keys that lead to members.

use suanpan_domain::MemberId;
use suanpan_store::{Cursor, LINK_SETTLES_MS, Linked, LookupKey, Owner, Page, StoreError};

use crate::bytes::{self, foreign_cursor, lookup_column, lookup_kind};
use crate::error::damaged;
use crate::inner::Inner;
use crate::session::{Applied, Pauses, values};

/// The member that a key leads to, and since when.
type Link = (Option<String>, Option<i64>);

impl Inner {
    pub(crate) async fn link_key(
        &self,
        chain: &str,
        key: LookupKey,
        member: &MemberId,
        now_ms: i64,
    ) -> Result<Linked, StoreError> {
        let until = self.deadline();
        self.list_chain(chain, until).await?;
        let kind = lookup_column(key.kind);
        let mut pauses = Pauses::default();
        loop {
            let found = self
                .cql
                .read_one::<Link>(&self.statements.lookup, values![chain, kind, key.hash], until)
                .await?;
            let (to, linked_ms) = found.unwrap_or_default();
            if let Some(other) = to.clone().filter(|other| other != member.as_str()) {
                let other = bytes::member(other)?;
                let settled = now_ms.saturating_sub(linked_ms.unwrap_or_default()) >= LINK_SETTLES_MS;
                if !settled || self.version(chain, &Owner::Member(other.clone()), until).await?.is_some() {
                    return Ok(Linked::To(other));
                }
            }
            let name = member.as_str();
            let values = values![name, now_ms, chain, kind, key.hash, to, linked_ms];
            if let Applied::Yes = self.cql.decide(&self.statements.link, values, until).await? {
                return Ok(Linked::Yes);
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    pub(crate) async fn unlink_key(
        &self,
        chain: &str,
        key: LookupKey,
        member: &MemberId,
    ) -> Result<(), StoreError> {
        let (kind, name) = (lookup_column(key.kind), member.as_str());
        let values = values![chain, kind, key.hash, name];
        // Not applied: it leads elsewhere, or nowhere already.
        self.cql.decide(&self.statements.unlink, values, self.deadline()).await.map(|_| ())
    }

    pub(crate) async fn look_up(&self, chain: &str, key: LookupKey) -> Result<Option<MemberId>, StoreError> {
        let until = self.deadline();
        let kind = lookup_column(key.kind);
        let found = self
            .cql
            .read_one::<Link>(&self.statements.lookup_read, values![chain, kind, key.hash], until)
            .await?;
        let Some(name) = found.and_then(|(to, _)| to) else { return Ok(None) };
        let member = bytes::member(name)?;
        // A member without a head was never enrolled: the key leads nowhere.
        let head = self.version(chain, &Owner::Member(member.clone()), until).await?;
        Ok(head.map(|_| member))
    }

    /// All links of a chain, in the order in which the servers keep them. Looks at those of other chains too.
    pub(crate) async fn list_links(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(LookupKey, MemberId)>, StoreError> {
        type Row = (String, i32, Vec<u8>, Option<String>);
        let until = self.deadline();
        let limit = i32::try_from(limit.clamp(1, 10_000)).unwrap_or(1);
        let rows = if after.0.is_empty() {
            self.cql.read::<Row>(&self.statements.lookups, values![limit], until).await?
        } else {
            let (kind, rest) = after.0.split_first_chunk::<4>().ok_or_else(foreign_cursor)?;
            let (hash, of) = rest.split_first_chunk::<16>().ok_or_else(foreign_cursor)?;
            let of = std::str::from_utf8(of).map_err(|_| foreign_cursor())?;
            let kind = i32::from_be_bytes(*kind);
            let values = values![of, kind, hash.as_slice(), limit];
            self.cql.read::<Row>(&self.statements.lookups_after, values, until).await?
        };
        let next =
            rows.last().filter(|_| rows.len() as i64 >= i64::from(limit)).map(|(of, kind, hash, _)| {
                let mut cursor = kind.to_be_bytes().to_vec();
                cursor.extend_from_slice(hash);
                cursor.extend_from_slice(of.as_bytes());
                Cursor(cursor)
            });
        let mut found = Vec::new();
        for (of, kind, hash, to) in rows {
            let Some(to) = to.filter(|_| of == chain) else { continue };
            let hash = hash.as_slice().try_into().map_err(|_| damaged("the hash of a look-up"))?;
            found.push((LookupKey { kind: lookup_kind(kind)?, hash }, bytes::member(to)?));
        }
        Ok(Page { rows: found, next })
    }
}
