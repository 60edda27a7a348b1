//! Writes beside decisions: look-ups, limits, codes, programs, positions, the outbox.

use rusqlite::{Connection, OptionalExtension};
use suanpan_domain::MemberId;
use suanpan_ledger::EntryKey;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{
    Activation, CodeHash, CodesAdded, Cursor, LINK_SETTLES_MS, LimitCap, Linked, LookupKey, OutboxEvent,
    ProgramRow, StoreError,
};

use crate::bytes::{self, count_column, counted, cursor_number, lookup_column};
use crate::failed::Failed;
use crate::writer::{Writing, codes, limits};

pub(super) fn put_event(connection: &Connection, chain: i64, event: &OutboxEvent) -> Result<(), Failed> {
    let (epoch, version) = (count_column(event.epoch)?, count_column(event.version)?);
    connection
        .prepare_cached(
            "INSERT INTO outbox(chain, member, epoch, ver, idx, at, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO NOTHING",
        )?
        .execute((
            chain,
            event.member.as_str(),
            epoch,
            version,
            event.index,
            event.at_ms,
            &event.kind,
            &event.body,
        ))?;
    Ok(())
}

pub(super) fn put_parked(
    connection: &Connection,
    chain: i64,
    member: &MemberId,
    key: EntryKey,
    why: &str,
    at_ms: i64,
) -> Result<(), Failed> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO parked(chain, member, key, why, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((chain, member.as_str(), key.to_bytes(), why, at_ms))?;
    Ok(())
}

pub(super) fn remove_parked(
    connection: &Connection,
    chain: i64,
    member: &MemberId,
    key: EntryKey,
) -> Result<(), Failed> {
    connection
        .prepare_cached("DELETE FROM parked WHERE chain = ?1 AND member = ?2 AND key = ?3")?
        .execute((chain, member.as_str(), key.to_bytes()))?;
    Ok(())
}

fn has_head(connection: &Connection, chain: i64, member: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM head WHERE chain = ?1 AND name = ?2)")?
        .query_row((chain, member), |row| row.get(0))
}

pub(crate) fn link(
    writing: &mut Writing<'_>,
    chain: &str,
    key: LookupKey,
    member: &MemberId,
    now_ms: i64,
) -> Result<Linked, Failed> {
    let connection = writing.connection;
    let chain = writing.names.chain_or_new(connection, chain)?;
    let kind = lookup_column(key.kind);
    let found: Option<(String, i64)> = connection
        .prepare_cached("SELECT member, linked FROM lookup WHERE chain = ?1 AND kind = ?2 AND hash = ?3")?
        .query_row((chain, kind, key.hash), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((other, linked_ms)) = found.filter(|(other, _)| other != member.as_str()) {
        let settled = now_ms.saturating_sub(linked_ms) >= LINK_SETTLES_MS;
        if !settled || has_head(connection, chain, &other)? {
            return Ok(Linked::To(bytes::member(other)?));
        }
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO lookup(chain, kind, hash, member, linked) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((chain, kind, key.hash, member.as_str(), now_ms))?;
    Ok(Linked::Yes)
}

pub(crate) fn unlink(
    writing: &mut Writing<'_>,
    chain: &str,
    key: LookupKey,
    member: &MemberId,
) -> Result<(), Failed> {
    let connection = writing.connection;
    if let Some(chain) = writing.names.chain(connection, chain)? {
        connection
            .prepare_cached(
                "DELETE FROM lookup WHERE chain = ?1 AND kind = ?2 AND hash = ?3 AND member = ?4",
            )?
            .execute((chain, lookup_column(key.kind), key.hash, member.as_str()))?;
    }
    Ok(())
}

pub(crate) fn forget_outbox(writing: &mut Writing<'_>, chain: &str, up_to: &Cursor) -> Result<(), Failed> {
    let connection = writing.connection;
    let up_to = cursor_number(up_to, 0)?;
    if let Some(chain) = writing.names.chain(connection, chain)? {
        connection
            .prepare_cached("DELETE FROM outbox WHERE chain = ?1 AND id <= ?2")?
            .execute((chain, up_to))?;
    }
    Ok(())
}

pub(crate) fn take_position(
    writing: &mut Writing<'_>,
    chain: &str,
    name: &str,
) -> Result<(u64, Cursor), Failed> {
    let connection = writing.connection;
    let chain = writing.names.chain_or_new(connection, chain)?;
    let taken = connection
        .prepare_cached(
            "INSERT INTO position(chain, name, fence, cursor) VALUES (?1, ?2, 1, x'')
             ON CONFLICT DO UPDATE SET fence = fence + 1 RETURNING fence, cursor",
        )?
        .query_row((chain, name), |row| Ok((row.get::<_, i64>(0)?, Cursor(row.get(1)?))))?;
    Ok((counted(taken.0)?, taken.1))
}

pub(crate) fn set_position(
    writing: &mut Writing<'_>,
    chain: &str,
    name: &str,
    fence: u64,
    cursor: &Cursor,
) -> Result<bool, Failed> {
    let connection = writing.connection;
    let fence = count_column(fence)?;
    let chain = writing.names.chain_or_new(connection, chain)?;
    let written = connection
        .prepare_cached(
            "INSERT INTO position(chain, name, fence, cursor) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET fence = excluded.fence, cursor = excluded.cursor
             WHERE excluded.fence >= fence",
        )?
        .execute((chain, name, fence, &cursor.0))?;
    Ok(written == 1)
}

pub(crate) fn set_limit(
    writing: &mut Writing<'_>,
    chain: &str,
    offer: OfferKey,
    cap: LimitCap,
) -> Result<LimitCap, Failed> {
    let connection = writing.connection;
    let chain = writing.names.chain_or_new(connection, chain)?;
    let mut limit = limits::load(connection, chain, offer)?;
    let least = limit.used.plus(limit.held);
    let cap = LimitCap {
        uses: cap.uses.map(|uses| uses.max(least.uses)),
        amount_minor: cap.amount_minor.map(|amount| amount.max(least.amount_minor)),
    };
    limit.cap = Some(cap);
    limits::write_limit(connection, chain, &limit)?;
    Ok(cap)
}

pub(crate) fn add_codes(
    writing: &mut Writing<'_>,
    chain: &str,
    campaign: OfferKey,
    hashes: &[CodeHash],
) -> Result<CodesAdded, Failed> {
    let connection = writing.connection;
    let chain = writing.names.chain_or_new(connection, chain)?;
    let mut told = CodesAdded::default();
    for hash in hashes {
        match codes::add(connection, chain, campaign, *hash)? {
            None => told.added += 1,
            Some(known) if known == campaign => told.known += 1,
            Some(_) => told.taken += 1,
        }
    }
    Ok(told)
}

pub(crate) fn put_program(
    writing: &mut Writing<'_>,
    chain: &str,
    program: &ProgramRow,
) -> Result<(), Failed> {
    let connection = writing.connection;
    let chain = writing.names.chain_or_new(connection, chain)?;
    connection
        .prepare_cached(
            "INSERT INTO program(chain, version, bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute((chain, &program.version, &program.bytes))?;
    Ok(())
}

/// The newest activation of a chain.
pub(crate) fn active(connection: &Connection, chain: i64) -> Result<Option<Activation>, Failed> {
    let found = connection
        .prepare_cached(
            "SELECT generation, version, at FROM activation WHERE chain = ?1 ORDER BY generation DESC LIMIT 1",
        )?
        .query_row([chain], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(match found {
        Some((generation, version, at_ms)) => {
            Some(Activation { generation: counted(generation)?, version, at_ms })
        }
        None => None,
    })
}

pub(crate) fn activate(
    writing: &mut Writing<'_>,
    chain: &str,
    version: &str,
    at_ms: i64,
) -> Result<Activation, Failed> {
    let connection = writing.connection;
    let unknown = || StoreError::Refused(format!("program {version} was never put"));
    let chain = writing.names.chain(connection, chain)?.ok_or_else(unknown)?;
    let put: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM program WHERE chain = ?1 AND version = ?2)")?
        .query_row((chain, version), |row| row.get(0))?;
    if !put {
        return Err(unknown().into());
    }
    let before = active(connection, chain)?;
    if let Some(active) = before.as_ref().filter(|active| active.version == version) {
        return Ok(active.clone());
    }
    let generation = before.map_or(1, |active| active.generation + 1);
    connection
        .prepare_cached("INSERT INTO activation(chain, generation, version, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute((chain, count_column(generation)?, version, at_ms))?;
    Ok(Activation { generation, version: version.to_owned(), at_ms })
}
