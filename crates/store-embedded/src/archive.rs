//! The archive: bodies of old rows, in a table that nothing but their readers touches. What stays in a row's place names
//! its body by a hash, so that a body is never written over, and one that is written twice is the same.

use rusqlite::{Connection, OptionalExtension};
use suanpan_domain::MemberId;
use suanpan_ledger::{Archived, Entry, codec};
use suanpan_store::{ArchivedRows, Cursor, Owner, StoreError};

use crate::bytes::{self, count_column};
use crate::failed::{Failed, damaged};
use crate::failpoint::between;
use crate::schema::ARCHIVE_SINCE;
use crate::writer::Writing;
use crate::writer::view::owner_id;

/// Rows that one call looks through at most: none holds up the writer for long.
const ROWS_MAX: usize = 1_024;

/// What is found in a row's place.
pub(crate) enum Lying {
    /// All of it.
    Whole(Box<Entry>),
    /// What stays when the body is archived.
    Archived(Box<Archived>),
}

/// Reads what is in a row's place.
pub(crate) fn lying(bytes: &[u8]) -> Result<Lying, StoreError> {
    if codec::is_archived(bytes) {
        let stays = codec::decode_archived(bytes).map_err(|error| damaged(format!("entry: {error}")))?;
        return Ok(Lying::Archived(Box::new(stays)));
    }
    bytes::entry(bytes).map(|entry| Lying::Whole(Box::new(entry)))
}

/// A row as it was, wherever its body lies.
pub(crate) fn whole(connection: &Connection, owner: i64, lying: Lying) -> Result<Entry, Failed> {
    match lying {
        Lying::Whole(entry) => Ok(*entry),
        Lying::Archived(stays) => {
            let body = body(connection, owner, &stays)?
                .ok_or_else(|| damaged("the archive does not have the body of a row"))?;
            Ok(stays.entry(&body).map_err(|error| damaged(format!("archive: {error}")))?)
        }
    }
}

/// The archived body of a row, as its bytes are; none when it is not there.
pub(crate) fn body(connection: &Connection, owner: i64, stays: &Archived) -> Result<Option<Vec<u8>>, Failed> {
    Ok(connection
        .prepare_cached("SELECT bytes FROM archive WHERE owner = ?1 AND ver = ?2 AND digest = ?3")?
        .query_row((owner, count_column(stays.version)?, stays.digest), |row| row.get(0))
        .optional()?)
}

/// Moves the bodies of a member's old rows.
pub(crate) fn archive(
    writing: &mut Writing<'_>,
    chain: &str,
    member: &MemberId,
    before_ms: i64,
    after: &Cursor,
    limit: usize,
) -> Result<ArchivedRows, Failed> {
    let connection = writing.connection;
    let owner = match writing.names.chain(connection, chain)? {
        Some(chain) => owner_id(connection, chain, &Owner::Member(member.clone()))?,
        None => None,
    };
    let mut done = ArchivedRows { moved: 0, next: None };
    let Some(owner) = owner else { return Ok(done) };
    let limit = limit.clamp(1, ROWS_MAX);
    let mut statement = connection.prepare_cached(
        "SELECT e.key, b.id, b.bytes FROM (SELECT key, body FROM entry WHERE owner = ?1 AND key > ?2 ORDER BY key LIMIT ?3) e
         JOIN entry_body b ON b.id = e.body ORDER BY e.key",
    )?;
    let rows: Vec<(Vec<u8>, i64, Vec<u8>)> = statement
        .query_map((owner, &after.0, i64::try_from(limit).unwrap_or(1)), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    if rows.len() >= limit {
        done.next = rows.last().map(|(key, ..)| Cursor(key.clone()));
    }
    for (_, id, body) in rows {
        if codec::is_archived(&body) {
            continue;
        }
        let stays = Archived::of(&body, before_ms).map_err(|error| damaged(format!("entry: {error}")))?;
        let Some(stays) = stays else { continue };
        connection
            .prepare_cached(
                "INSERT INTO archive(owner, ver, digest, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute((owner, count_column(stays.version)?, stays.digest, &body))?;
        between!("embedded/body-archived");
        connection
            .prepare_cached("UPDATE entry_body SET bytes = ?2 WHERE id = ?1")?
            .execute((id, codec::encode_archived(&stays)))?;
        between!("embedded/body-moved");
        done.moved += 1;
    }
    if done.moved > 0 {
        // A release that knows no archive would find rows that it cannot read.
        connection
            .prepare_cached(
                "UPDATE meta SET value = ?1 WHERE key IN ('min_reader', 'min_writer') AND value < ?1",
            )?
            .execute([ARCHIVE_SINCE])?;
    }
    Ok(done)
}

/// What lies in a row's place, and its body where that is archived.
pub(crate) fn raw(
    connection: &Connection,
    owner: i64,
    lying: Vec<u8>,
) -> Result<(Vec<u8>, Option<Vec<u8>>), Failed> {
    if !codec::is_archived(&lying) {
        return Ok((lying, None));
    }
    let found = match codec::decode_archived(&lying) {
        Ok(stays) => body(connection, owner, &stays)?,
        // Whoever reads the row finds it unreadable.
        Err(_) => None,
    };
    Ok(match found {
        Some(body) => (body, Some(lying)),
        None => (lying, None),
    })
}
