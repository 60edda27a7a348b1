//! Reads of the whole store, piece by piece, so that none holds up the folding back of the log.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};
use suanpan_store::{
    Cursor, DueRow, EVERYBODY_MS, Owner, Page, RawEntry, RawHead, RawRow, Scanned, StoreError,
};

use crate::archive;
use crate::bytes::{self, counted, cursor_number, foreign_cursor, number_cursor};
use crate::failed::{Failed, damaged};
use crate::names::chain as chain_id;
use crate::schema::GUEST_IDS_FROM;
use crate::writer::view::owner_id;

/// Heads of one piece of a scan at most: some 0.1 s.
const SCAN_MAX: usize = 500_000;
/// Rows of one piece of a walk at most: some 16 MiB.
const WALK_MAX: usize = 16_384;

pub(crate) fn scan_due(
    connection: &Connection,
    chain: Option<&str>,
    after: &Cursor,
    now_ms: i64,
    limit: usize,
) -> Result<Scanned, Failed> {
    let after = cursor_number(after, 0)?;
    let window = i64::try_from(limit.clamp(1, SCAN_MAX)).unwrap_or(1);
    let last: i64 = connection
        .prepare_cached("SELECT coalesce(max(id), 0) FROM head")?
        .query_row([], |row| row.get(0))?;
    let to = after.saturating_add(window).min(last);
    let only = match chain {
        Some(chain) => match chain_id(connection, chain)? {
            Some(id) => Some(id),
            None => return Ok(Scanned { due: Vec::new(), looked_at: 0, next: None }),
        },
        None => None,
    };
    let mut statement = connection.prepare_cached(
        "SELECT h.name, h.epoch, h.ver, coalesce(h.due_at, ?5), c.name FROM head h CROSS JOIN chain c ON c.id = h.chain
         WHERE h.id > ?1 AND h.id <= ?2 AND coalesce(h.due_at, ?5) <= ?3 AND (?4 IS NULL OR h.chain = ?4) ORDER BY h.id",
    )?;
    let mut rows = statement.query((after, to, now_ms, only, EVERYBODY_MS))?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        due.push(DueRow {
            member: bytes::member(row.get(0)?)?,
            epoch: counted(row.get(1)?)?,
            version: counted(row.get(2)?)?,
            due_at_ms: row.get(3)?,
            chain: row.get(4)?,
        });
    }
    let looked_at = u64::try_from(to - after).unwrap_or_default();
    Ok(Scanned { due, looked_at, next: (to < last).then(|| number_cursor(to)) })
}

/// Where a walk stands: after this row of this owner; an empty key is its head, [`AFTER_ALL`] all its rows.
struct Standing {
    owner: i64,
    key: Vec<u8>,
}

/// Greater than every key.
const AFTER_ALL: u8 = 0xff;

impl Standing {
    fn read(cursor: &Cursor) -> Result<Self, StoreError> {
        if cursor.0.is_empty() {
            return Ok(Self { owner: 0, key: vec![AFTER_ALL] });
        }
        let (owner, key) = cursor.0.split_first_chunk::<8>().ok_or_else(foreign_cursor)?;
        Ok(Self { owner: i64::from_be_bytes(*owner), key: key.to_vec() })
    }

    fn cursor(&self) -> Cursor {
        let mut cursor = self.owner.to_be_bytes().to_vec();
        cursor.extend_from_slice(&self.key);
        Cursor(cursor)
    }
}

pub(crate) fn walk(connection: &Connection, after: &Cursor, limit: usize) -> Result<Page<RawRow>, Failed> {
    let limit = limit.clamp(1, WALK_MAX);
    let mut standing = Standing::read(after)?;
    let mut rows = Vec::new();
    let mut chains = HashMap::new();
    // Heads and rows are two streams in the order of their owners' numbers.
    let mut statement = connection.prepare_cached(
        "SELECT e.owner, e.key, e.state, e.ver, b.bytes FROM entry e CROSS JOIN entry_body b ON b.id = e.body
         WHERE (e.owner, e.key) > (?1, ?2) ORDER BY e.owner, e.key",
    )?;
    let mut entries =
        Entries { connection, rows: statement.query((standing.owner, &standing.key))?, ahead: None };
    entries.of_owner(&mut standing, limit, &mut rows)?;
    // Members first, guests after them, as their numbers are.
    for guests in [false, true] {
        if rows.len() >= limit || (!guests && standing.owner >= GUEST_IDS_FROM) {
            continue;
        }
        let sql = if guests {
            "SELECT id, chain, epoch, ver, as_of, NULL, checkout, bytes FROM guest WHERE id > ?1 ORDER BY id"
        } else {
            "SELECT h.id, h.chain, h.epoch, h.ver, h.as_of, h.due_at, h.name, b.bytes
             FROM head h CROSS JOIN head_blob b ON b.id = h.id WHERE h.id > ?1 ORDER BY h.id"
        };
        let mut statement = connection.prepare_cached(sql)?;
        let mut heads = statement.query([standing.owner])?;
        while rows.len() < limit
            && let Some(row) = heads.next()?
        {
            standing = Standing { owner: row.get(0)?, key: Vec::new() };
            let owner = if guests {
                Owner::Guest(bytes::checkout(row.get_ref(6)?.as_blob().map_err(rusqlite::Error::from)?)?)
            } else {
                Owner::Member(bytes::member(row.get(6)?)?)
            };
            rows.push(RawRow::Head(RawHead {
                chain: chain_name(connection, &mut chains, row.get(1)?)?,
                owner,
                epoch: counted(row.get(2)?)?,
                version: counted(row.get(3)?)?,
                as_of_ms: row.get(4)?,
                due_at_ms: row.get(5)?,
                bytes: row.get(7)?,
            }));
            entries.of_owner(&mut standing, limit, &mut rows)?;
        }
    }
    let next = (rows.len() >= limit).then(|| standing.cursor());
    Ok(Page { rows, next })
}

/// Rows of all owners, one of them read ahead.
struct Entries<'s> {
    connection: &'s Connection,
    rows: rusqlite::Rows<'s>,
    ahead: Option<(i64, RawEntry)>,
}

impl Entries<'_> {
    fn peek(&mut self) -> Result<Option<i64>, Failed> {
        if self.ahead.is_none()
            && let Some(row) = self.rows.next()?
        {
            let (version, key) = (counted(row.get(3)?)?, row.get(1)?);
            let (owner, state) = (row.get(0)?, row.get(2)?);
            let (bytes, stays) = archive::raw(self.connection, owner, row.get(4)?)?;
            self.ahead = Some((owner, RawEntry { key, state, version, bytes, stays }));
        }
        Ok(self.ahead.as_ref().map(|(owner, _)| *owner))
    }

    /// Rows of the owner that the walk stands at, and moves it behind them.
    fn of_owner(
        &mut self,
        standing: &mut Standing,
        limit: usize,
        found: &mut Vec<RawRow>,
    ) -> Result<(), Failed> {
        while found.len() < limit {
            match self.peek()? {
                Some(owner) if owner == standing.owner => {
                    if let Some((_, entry)) = self.ahead.take() {
                        standing.key.clone_from(&entry.key);
                        found.push(RawRow::Entry(entry));
                    }
                }
                // Its head is gone: that is told with the damage of the file, and the others are walked over.
                Some(owner) if owner < standing.owner => self.ahead = None,
                Some(_) | None => {
                    standing.key = vec![AFTER_ALL];
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn chain_name(connection: &Connection, known: &mut HashMap<i64, String>, id: i64) -> Result<String, Failed> {
    if let Some(name) = known.get(&id) {
        return Ok(name.clone());
    }
    let name: Option<String> = connection
        .prepare_cached("SELECT name FROM chain WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let name = name.ok_or_else(|| damaged(format!("chain {id} has no name")))?;
    known.insert(id, name.clone());
    Ok(name)
}

pub(crate) fn walk_from(
    connection: &Connection,
    chain: &str,
    owner: &Owner,
) -> Result<Option<Cursor>, Failed> {
    let Some(chain) = chain_id(connection, chain)? else { return Ok(None) };
    let id = owner_id(connection, chain, owner)?;
    Ok(id.map(|id| Standing { owner: id - 1, key: vec![AFTER_ALL] }.cursor()))
}
