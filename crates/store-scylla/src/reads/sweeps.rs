//! Reads of everybody: the worker's scan, and the walk of audit and export.

use scylla::DeserializeRow;
use suanpan_ledger::codec;
use suanpan_store::{
    Cursor, DueRow, EVERYBODY_MS, FeedRow, Owner, Page, Part, RawEntry, RawHead, RawRow, Scanned, StoreError,
};

use crate::bytes::{self, ANCHOR, counted, foreign_cursor};
use crate::error::damaged;
use crate::feed;
use crate::inner::{Inner, PARTS, tokens_of};
use crate::session::{Deadline, values};

/// Heads of one statement of a scan.
const SCAN_MAX: usize = 5_000;
/// Rows of one piece of a walk.
const WALK_MAX: usize = 10_000;

/// A partition's name as a cursor has it: the length of the chain's name, the chain, the id.
fn named(cursor: &mut Vec<u8>, chain: &str, id: &str) {
    cursor.push(u8::try_from(chain.len()).unwrap_or(u8::MAX));
    cursor.extend_from_slice(chain.as_bytes());
    cursor.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
    cursor.extend_from_slice(id.as_bytes());
}

/// Takes a text with its length from the beginning of a cursor.
fn text<'c>(cursor: &mut &'c [u8]) -> Result<&'c str, StoreError> {
    let (length, rest) = cursor.split_first().ok_or_else(foreign_cursor)?;
    let (text, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(foreign_cursor)?;
    *cursor = rest;
    std::str::from_utf8(text).map_err(|_| foreign_cursor())
}

impl Inner {
    /// Looks at members' heads in the order of their tokens.
    pub(crate) async fn scan(
        &self,
        chain: Option<&str>,
        part: Option<Part>,
        after: &Cursor,
        now_ms: i64,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        let (heads, next) = self.heads(part, after, limit).await?;
        let ours = heads.into_iter().filter(|head| chain.is_none_or(|chain| chain == head.row.chain));
        Ok(due(ours, next, now_ms))
    }

    /// As [`scan`](Self::scan), and writes rows of the feed again that may be lost. They are there when it is answered.
    pub(crate) async fn scan_and_tell(
        &self,
        part: Part,
        after: &Cursor,
        now_ms: i64,
        since_ms: Option<i64>,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        let (heads, next) = self.heads(Some(part), after, limit).await?;
        let lately = feed::told_again(since_ms);
        let changed = heads.iter().filter(|head| lately.contains(&head.written_ms));
        self.tell_again(part, changed.map(|head| &head.row)).await?;
        Ok(due(heads, next, now_ms))
    }

    async fn heads(
        &self,
        part: Option<Part>,
        after: &Cursor,
        limit: usize,
    ) -> Result<(Vec<Looked>, Option<Cursor>), StoreError> {
        type Row = (String, String, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
        let (first, last) = match part {
            None => (i64::MIN, i64::MAX),
            Some(part) if part.0 < PARTS => tokens_of(part),
            Some(_) => return Ok((Vec::new(), None)),
        };
        let until = self.deadline();
        let limit = i32::try_from(limit.clamp(1, SCAN_MAX)).unwrap_or(1);
        let rows = if after.0.is_empty() {
            self.cql.read::<Row>(&self.statements.scan_from, values![first, last, limit], until).await?
        } else {
            let mut cursor = after.0.as_slice();
            let (of, id) = (text(&mut cursor)?, text(&mut cursor)?);
            self.cql.read::<Row>(&self.statements.scan_after, values![of, id, last, limit], until).await?
        };
        let next = rows.last().filter(|_| rows.len() as i64 >= i64::from(limit)).map(|(of, id, ..)| {
            let mut cursor = Vec::new();
            named(&mut cursor, of, id);
            Cursor(cursor)
        });
        let mut heads = Vec::with_capacity(rows.len());
        for (chain, id, epoch, version, due_at_ms, written_us) in rows {
            // Marks of others' sales make a partition without a head.
            let Some(version) = version else { continue };
            let row = FeedRow {
                chain,
                member: bytes::member(id)?,
                epoch: counted(epoch.unwrap_or_default())?.max(self.meta.epoch),
                version: counted(version)?,
                due_at_ms,
            };
            heads.push(Looked { row, written_ms: written_us.unwrap_or_default().div_euclid(1_000) });
        }
        Ok((heads, next))
    }
}

/// A head that a scan looked at.
struct Looked {
    row: FeedRow,
    /// When its version was written, by the servers' clocks.
    written_ms: i64,
}

/// Those of them that are due.
fn due(heads: impl IntoIterator<Item = Looked>, next: Option<Cursor>, now_ms: i64) -> Scanned {
    let mut scanned = Scanned { due: Vec::new(), looked_at: 0, next };
    for Looked { row, .. } in heads {
        scanned.looked_at += 1;
        let due_at_ms = row.due_at_ms.unwrap_or(EVERYBODY_MS);
        if due_at_ms <= now_ms {
            let FeedRow { chain, member, epoch, version, .. } = row;
            scanned.due.push(DueRow { chain, member, epoch, version, due_at_ms });
        }
    }
    scanned
}

/// Where a walk stands.
struct Standing {
    guests: bool,
    /// The partition it stands in, or behind whose end; none before the first one of the table.
    partition: Option<(String, String)>,
    /// The last row that was given; empty before the head, [`BEHIND`] when the partition is through.
    key: Vec<u8>,
}

/// Greater than every key.
const BEHIND: &[u8] = &[0xff];

impl Standing {
    fn read(cursor: &Cursor) -> Result<Self, StoreError> {
        let Some((table, rest)) = cursor.0.split_first() else {
            return Ok(Self { guests: false, partition: None, key: BEHIND.to_vec() });
        };
        let guests = match table {
            1 => false,
            2 => true,
            _ => return Err(foreign_cursor()),
        };
        if rest.is_empty() {
            return Ok(Self { guests, partition: None, key: BEHIND.to_vec() });
        }
        let mut rest = rest;
        let partition = (text(&mut rest)?.to_owned(), text(&mut rest)?.to_owned());
        Ok(Self { guests, partition: Some(partition), key: rest.to_vec() })
    }

    fn cursor(&self) -> Cursor {
        let mut cursor = vec![if self.guests { 2 } else { 1 }];
        if let Some((chain, id)) = &self.partition {
            named(&mut cursor, chain, id);
            cursor.extend_from_slice(&self.key);
        }
        Cursor(cursor)
    }

    fn owner(&self, id: &str) -> Result<Owner, StoreError> {
        if self.guests { bytes::guest(id) } else { Ok(Owner::Member(bytes::member(id.to_owned())?)) }
    }
}

#[derive(DeserializeRow)]
struct WalkColumns {
    ck: Vec<u8>,
    epoch: Option<i64>,
    ver: Option<i64>,
    as_of: Option<i64>,
    due_at: Option<i64>,
    head: Option<Vec<u8>>,
    state: Option<i32>,
    row_ver: Option<i64>,
    body: Option<Vec<u8>>,
}

impl Inner {
    pub(crate) async fn walk_on(&self, after: &Cursor, limit: usize) -> Result<Page<RawRow>, StoreError> {
        let until = self.deadline();
        let limit = limit.clamp(1, WALK_MAX);
        let mut standing = Standing::read(after)?;
        let mut rows = Vec::new();
        loop {
            if standing.key == BEHIND {
                let found = self.partitions(&standing, limit - rows.len(), until).await?;
                if found.is_empty() {
                    if standing.guests {
                        return Ok(Page { rows, next: None });
                    }
                    standing = Standing { guests: true, partition: None, key: BEHIND.to_vec() };
                    continue;
                }
                for (chain, id, version) in found {
                    standing.partition = Some((chain, id));
                    standing.key = if version.is_some() { Vec::new() } else { BEHIND.to_vec() };
                    self.walk_partition(&mut standing, limit, &mut rows, until).await?;
                    if rows.len() >= limit {
                        return Ok(Page { rows, next: Some(standing.cursor()) });
                    }
                }
            } else {
                self.walk_partition(&mut standing, limit, &mut rows, until).await?;
            }
            if rows.len() >= limit {
                return Ok(Page { rows, next: Some(standing.cursor()) });
            }
        }
    }

    /// The next partitions behind where a walk stands.
    async fn partitions(
        &self,
        standing: &Standing,
        limit: usize,
        until: Deadline,
    ) -> Result<Vec<(String, String, Option<i64>)>, StoreError> {
        type Row = (String, String, Option<i64>);
        let limit = i32::try_from(limit.clamp(1, 200)).unwrap_or(1);
        let of = |twin: &'_ crate::statements::Twin| {
            if standing.guests { twin.guests().clone() } else { twin.members().clone() }
        };
        match &standing.partition {
            None => self.cql.read::<Row>(&of(&self.statements.owners), values![limit], until).await,
            Some((chain, id)) => {
                let values = values![chain, id, limit];
                self.cql.read::<Row>(&of(&self.statements.owners_after), values, until).await
            }
        }
    }

    /// Goes on in a partition: its head first, when it was not given yet, then its rows, as far as there is room.
    async fn walk_partition(
        &self,
        standing: &mut Standing,
        limit: usize,
        found: &mut Vec<RawRow>,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let Some((chain, id)) = standing.partition.clone() else { return Ok(()) };
        let owner = standing.owner(&id)?;
        while standing.key != BEHIND && found.len() < limit {
            let begins = standing.key.is_empty();
            let from = if begins { ANCHOR } else { &standing.key };
            let ask = i32::try_from(limit - found.len()).unwrap_or(1);
            let values = values![chain, id, from, ask];
            let rows =
                self.cql.read::<WalkColumns>(self.statements.walk_rows.of(&owner), values, until).await?;
            let full = rows.len() as i64 >= i64::from(ask);
            for row in rows {
                if standing.key.is_empty() {
                    let (Some(version), Some(head)) = (row.ver, row.head) else {
                        return Err(damaged(format!("{} has rows and no head", bytes::told(&owner))));
                    };
                    found.push(RawRow::Head(RawHead {
                        chain: chain.clone(),
                        owner: owner.clone(),
                        epoch: counted(row.epoch.unwrap_or_default())?,
                        version: counted(version)?,
                        as_of_ms: row.as_of.unwrap_or_default(),
                        due_at_ms: row.due_at,
                        bytes: head,
                    }));
                    standing.key = ANCHOR.to_vec();
                    if found.len() >= limit {
                        return Ok(());
                    }
                }
                standing.key.clone_from(&row.ck);
                // A mark is no row of the ledger's.
                let (Some(lying), Some(version), Some(state)) = (row.body, row.row_ver, row.state) else {
                    continue;
                };
                let (bytes, stays) = self.raw(&chain, &id, lying, until).await?;
                let state = u8::try_from(state).map_err(|_| damaged("state of a row"))?;
                let version = counted(version)?;
                found.push(RawRow::Entry(RawEntry { key: row.ck, state, version, bytes, stays }));
            }
            if !full {
                standing.key = BEHIND.to_vec();
            }
        }
        Ok(())
    }

    /// A row's bytes from wherever they lie, and what lies in its place where that is another one.
    async fn raw(
        &self,
        chain: &str,
        id: &str,
        lying: Vec<u8>,
        until: Deadline,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), StoreError> {
        if !codec::is_archived(&lying) {
            return Ok((lying, None));
        }
        let body = match codec::decode_archived(&lying) {
            Ok(stays) => self.archived_body(chain, id, &stays, until).await?,
            // Whoever reads the row finds it unreadable.
            Err(_) => None,
        };
        Ok(match body {
            Some(body) => (body, Some(lying)),
            None => (lying, None),
        })
    }

    pub(crate) async fn walk_begins(&self, chain: &str, owner: &Owner) -> Result<Option<Cursor>, StoreError> {
        let head = self.version(chain, owner, self.deadline()).await?;
        let partition = Some((chain.to_owned(), bytes::id(owner)));
        let guests = matches!(owner, Owner::Guest(_));
        Ok(head.map(|_| Standing { guests, partition, key: Vec::new() }.cursor()))
    }
}
