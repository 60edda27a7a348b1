//! Lists: look-ups, limits, codes, programs, parked entries, the outbox.

use rusqlite::{Connection, OptionalExtension};
use suanpan_domain::MemberId;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{
    Activation, CodeHash, CodeView, Cursor, LimitView, LookupKey, NamedHolder, Order, OutboxEvent, Page,
    ParkedRow, ProgramRow, Taken,
};

use crate::bytes::{
    self, counted, cursor_number, foreign_cursor, lookup_column, lookup_kind, number_cursor, offer_column,
};
use crate::failed::Failed;
use crate::names::chain as chain_id;
use crate::reader::accounts::{ask, cursor_checkout, page};
use crate::writer::view::owner_of_share;
use crate::writer::{codes, limits};

fn nothing<T>() -> Page<T> {
    Page { rows: Vec::new(), next: None }
}

pub(crate) fn lookup(
    connection: &Connection,
    chain: &str,
    key: LookupKey,
) -> Result<Option<MemberId>, Failed> {
    // A member without a head was never enrolled: the key leads nowhere.
    let found: Option<String> = connection
        .prepare_cached(
            "SELECT l.member FROM chain c JOIN lookup l ON l.chain = c.id
             JOIN head h ON h.chain = c.id AND h.name = l.member
             WHERE c.name = ?1 AND l.kind = ?2 AND l.hash = ?3",
        )?
        .query_row((chain, lookup_column(key.kind), key.hash), |row| row.get(0))
        .optional()?;
    Ok(found.map(bytes::member).transpose()?)
}

pub(crate) fn lookups(
    connection: &Connection,
    chain: &str,
    after: &Cursor,
    limit: usize,
) -> Result<Page<(LookupKey, MemberId)>, Failed> {
    let Some(chain) = chain_id(connection, chain)? else { return Ok(nothing()) };
    let (kind, hash) = match after.0.split_first() {
        None => (0, [0; 16]),
        Some((kind, hash)) => (*kind, hash.try_into().map_err(|_| foreign_cursor())?),
    };
    let mut statement = connection.prepare_cached(
        "SELECT kind, hash, member FROM lookup WHERE chain = ?1 AND (kind, hash) > (?2, ?3) ORDER BY kind, hash LIMIT ?4",
    )?;
    let mut rows = statement.query((chain, kind, hash, ask(limit)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key = LookupKey { kind: lookup_kind(row.get(0)?)?, hash: row.get(1)? };
        found.push((key, bytes::member(row.get(2)?)?));
    }
    Ok(page(found, limit, |(key, _)| {
        let mut cursor = vec![lookup_column(key.kind)];
        cursor.extend_from_slice(&key.hash);
        Cursor(cursor)
    }))
}

pub(crate) fn outbox(
    connection: &Connection,
    chain: &str,
    after: &Cursor,
    limit: usize,
) -> Result<Page<OutboxEvent>, Failed> {
    let after = cursor_number(after, 0)?;
    let Some(chain) = chain_id(connection, chain)? else { return Ok(nothing()) };
    let mut statement = connection.prepare_cached(
        "SELECT id, member, epoch, ver, idx, at, kind, body FROM outbox WHERE chain = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    )?;
    let mut rows = statement.query((chain, after, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    let mut found = Vec::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        last = Some(row.get(0)?);
        found.push(OutboxEvent {
            member: bytes::member(row.get(1)?)?,
            epoch: counted(row.get(2)?)?,
            version: counted(row.get(3)?)?,
            index: row.get(4)?,
            at_ms: row.get(5)?,
            kind: row.get(6)?,
            body: row.get(7)?,
        });
    }
    // The cursor is given with the last row too: whoever delivers needs a place to forget up to.
    Ok(Page { rows: found, next: last.map(number_cursor) })
}

pub(crate) fn position(
    connection: &Connection,
    chain: &str,
    name: &str,
) -> Result<Option<(u64, Cursor)>, Failed> {
    let found: Option<(i64, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT p.fence, p.cursor FROM chain c JOIN position p ON p.chain = c.id WHERE c.name = ?1 AND p.name = ?2",
        )?
        .query_row((chain, name), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match found {
        Some((fence, cursor)) => Some((counted(fence)?, Cursor(cursor))),
        None => None,
    })
}

pub(crate) fn parked(
    connection: &Connection,
    chain: &str,
    after: &Cursor,
    limit: usize,
) -> Result<Page<ParkedRow>, Failed> {
    let Some(chain) = chain_id(connection, chain)? else { return Ok(nothing()) };
    // The key's length is one byte; the member's name is the rest.
    let (member, key) = match after.0.split_first() {
        None => ("", &[][..]),
        Some((length, rest)) => {
            let (key, member) = rest.split_at_checked(usize::from(*length)).ok_or_else(foreign_cursor)?;
            (std::str::from_utf8(member).map_err(|_| foreign_cursor())?, key)
        }
    };
    let mut statement = connection.prepare_cached(
        "SELECT member, key, why, at FROM parked WHERE chain = ?1 AND (member, key) > (?2, ?3)
         ORDER BY member, key LIMIT ?4",
    )?;
    let mut rows = statement.query((chain, member, key, ask(limit)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key: Vec<u8> = row.get(1)?;
        found.push(ParkedRow {
            member: bytes::member(row.get(0)?)?,
            key: bytes::key(&key)?,
            why: row.get(2)?,
            at_ms: row.get(3)?,
        });
    }
    Ok(page(found, limit, |row: &ParkedRow| {
        let key = row.key.to_bytes();
        let mut cursor = vec![u8::try_from(key.len()).unwrap_or(u8::MAX)];
        cursor.extend_from_slice(&key);
        cursor.extend_from_slice(row.member.as_str().as_bytes());
        Cursor(cursor)
    }))
}

pub(crate) fn all_limits(connection: &Connection, chain: &str) -> Result<Vec<LimitView>, Failed> {
    let Some(chain) = chain_id(connection, chain)? else { return Ok(Vec::new()) };
    let mut found: Vec<LimitView> = connection
        .prepare_cached(
            "SELECT offer, is_set, cap_uses, cap_amount, used_uses, used_amount, held_uses, held_amount,
                overrun_uses, overrun_amount
             FROM limit_cap WHERE chain = ?1",
        )?
        .query_map([chain], limits::limit)?
        .collect::<rusqlite::Result<_>>()?;
    // Columns have signs, keys have none.
    found.sort_by_key(|limit| limit.offer);
    Ok(found)
}

pub(crate) fn limit_holders(
    connection: &Connection,
    chain: &str,
    offer: OfferKey,
    after: &Cursor,
    limit: usize,
) -> Result<Page<NamedHolder>, Failed> {
    let (checkout, owner_after) = cursor_checkout(after, Order::OldestFirst)?;
    let Some(chain) = chain_id(connection, chain)? else { return Ok(nothing()) };
    let mut statement = connection.prepare_cached(
        "SELECT checkout, owner, state, uses, amount, until FROM limit_holder
         WHERE chain = ?1 AND offer = ?2 AND (checkout, owner) > (?3, ?4) ORDER BY checkout, owner LIMIT ?5",
    )?;
    let mut rows = statement.query((chain, offer_column(offer), checkout, owner_after, ask(limit)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (checkout, id): ([u8; 16], i64) = (row.get(0)?, row.get(1)?);
        let taken = Taken { uses: row.get(3)?, amount_minor: row.get(4)? };
        let checkout = bytes::checkout(&checkout)?;
        let holder = NamedHolder {
            offer,
            checkout,
            owner: owner_of_share(connection, id, checkout)?,
            holder: limits::listed(row.get(2)?, taken, row.get(5)?)?,
        };
        found.push((id, holder));
    }
    let paged = page(found, limit, |(id, row)| {
        let mut cursor = row.checkout.as_bytes().to_vec();
        cursor.extend_from_slice(&id.to_be_bytes());
        Cursor(cursor)
    });
    Ok(Page { rows: paged.rows.into_iter().map(|(_, row)| row).collect(), next: paged.next })
}

pub(crate) fn code(connection: &Connection, chain: &str, hash: CodeHash) -> Result<Option<CodeView>, Failed> {
    match chain_id(connection, chain)? {
        Some(chain) => codes::load(connection, chain, hash),
        None => Ok(None),
    }
}

pub(crate) fn all_codes(
    connection: &Connection,
    chain: &str,
    after: &Cursor,
    limit: usize,
) -> Result<Page<(CodeHash, CodeView)>, Failed> {
    let Some(chain) = chain_id(connection, chain)? else { return Ok(nothing()) };
    if !matches!(after.0.len(), 0 | 16) {
        return Err(foreign_cursor().into());
    }
    let mut statement = connection.prepare_cached(
        "SELECT hash, campaign, state, checkout, owner, until FROM code WHERE chain = ?1 AND hash > ?2
         ORDER BY hash LIMIT ?3",
    )?;
    let mut rows = statement.query((chain, &after.0, ask(limit)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((CodeHash(row.get(0)?), codes::code(connection, codes::columns(row, 1)?)?));
    }
    Ok(page(found, limit, |(hash, _): &(CodeHash, CodeView)| Cursor(hash.0.to_vec())))
}

pub(crate) fn program(
    connection: &Connection,
    chain: &str,
    version: &str,
) -> Result<Option<ProgramRow>, Failed> {
    Ok(connection
        .prepare_cached(
            "SELECT p.version, p.bytes FROM chain c JOIN program p ON p.chain = c.id WHERE c.name = ?1 AND p.version = ?2",
        )?
        .query_row((chain, version), |row| Ok(ProgramRow { version: row.get(0)?, bytes: row.get(1)? }))
        .optional()?)
}

pub(crate) fn activations(connection: &Connection, chain: &str) -> Result<Vec<Activation>, Failed> {
    let mut statement = connection.prepare_cached(
        "SELECT a.generation, a.version, a.at FROM chain c JOIN activation a ON a.chain = c.id WHERE c.name = ?1
         ORDER BY a.generation DESC",
    )?;
    let mut rows = statement.query([chain])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let generation = counted(row.get(0)?)?;
        found.push(Activation { generation, version: row.get(1)?, at_ms: row.get(2)? });
    }
    Ok(found)
}

pub(crate) fn active_program(connection: &Connection, chain: &str) -> Result<Option<Activation>, Failed> {
    match chain_id(connection, chain)? {
        Some(chain) => crate::writer::active(connection, chain),
        None => Ok(None),
    }
}

pub(crate) fn chains(connection: &Connection) -> Result<Vec<String>, Failed> {
    let mut statement = connection.prepare_cached("SELECT name FROM chain ORDER BY name")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
