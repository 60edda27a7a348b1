//! Members, their rows, and sales by their ids.

use rusqlite::{Connection, OptionalExtension};
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::{Entry, EntryKey, State};
use suanpan_store::{CheckoutFilter, Cursor, FoundCheckout, Order, Owner, Page, StoreError};

use crate::archive;
use crate::bytes::{self, cursor_number, foreign_cursor, number_cursor};
use crate::failed::Failed;
use crate::heads::Kept;
use crate::names::chain as chain_id;
use crate::writer::view::{claimants, owner, owner_id, row, with_returns};

pub(crate) fn member(
    connection: &Connection,
    chain: &str,
    member: &MemberId,
) -> Result<Option<Kept>, Failed> {
    Ok(connection
        .prepare_cached(
            "SELECT h.due_at, b.bytes FROM chain c JOIN head h ON h.chain = c.id JOIN head_blob b ON b.id = h.id
             WHERE c.name = ?1 AND h.name = ?2",
        )?
        .query_row((chain, member.as_str()), |row| {
            Ok(Kept { due_at_ms: row.get(0)?, bytes: row.get_ref(1)?.as_blob()?.into() })
        })
        .optional()?)
}

/// The page that these rows make, when one more than `limit` was asked for.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(cursor) } else { None };
    Page { rows, next }
}

/// How many rows to ask for: one more than are given, within what a column takes.
pub(crate) fn ask(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

pub(crate) fn entries(
    connection: &Connection,
    chain: &str,
    member: &MemberId,
    order: Order,
    after: &Cursor,
    limit: usize,
) -> Result<Page<Entry>, Failed> {
    let (sql, first) = match order {
        // Finds the versions in the narrow rows first: bodies are read for the page alone.
        Order::NewestFirst => (
            "SELECT b.bytes FROM (SELECT body, ver FROM entry WHERE owner = ?1 AND ver < ?2 ORDER BY ver DESC LIMIT ?3) e
             JOIN entry_body b ON b.id = e.body ORDER BY e.ver DESC",
            i64::MAX,
        ),
        Order::OldestFirst => (
            "SELECT b.bytes FROM (SELECT body, ver FROM entry WHERE owner = ?1 AND ver > ?2 ORDER BY ver LIMIT ?3) e
             JOIN entry_body b ON b.id = e.body ORDER BY e.ver",
            0,
        ),
    };
    let after = cursor_number(after, first)?;
    let Some(id) = member_id(connection, chain, member)? else {
        return Ok(Page { rows: Vec::new(), next: None });
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((id, after, ask(limit)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let lying = archive::lying(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
        found.push(archive::whole(connection, id, lying)?);
    }
    Ok(page(found, limit, |entry: &Entry| number_cursor(i64::try_from(entry.version).unwrap_or(i64::MAX))))
}

fn member_id(connection: &Connection, chain: &str, member: &MemberId) -> Result<Option<i64>, Failed> {
    match chain_id(connection, chain)? {
        Some(chain) => Ok(owner_id(connection, chain, &Owner::Member(member.clone()))?),
        None => Ok(None),
    }
}

/// The row that speaks for the sale: paid, else held, else given up.
const fn rank(state: State) -> u8 {
    match state {
        State::Confirmed | State::Parked | State::Done => 0,
        State::Reserved => 1,
        State::Cancelled => 2,
        State::Fenced => 3,
    }
}

pub(crate) fn find_checkout(
    connection: &Connection,
    chain: &str,
    checkout: CheckoutId,
) -> Result<Option<FoundCheckout>, Failed> {
    let Some(chain) = chain_id(connection, chain)? else { return Ok(None) };
    let mut best: Option<(u8, i64)> = None;
    for id in claimants(connection, chain, checkout)? {
        if let Some((_, entry)) = row(connection, id, EntryKey::Checkout(checkout))?
            && best.is_none_or(|(best, _)| rank(entry.state) < best)
        {
            best = Some((rank(entry.state), id));
        }
    }
    let Some((_, id)) = best else { return Ok(None) };
    let mut rows = with_returns(connection, id, checkout)?.into_iter().map(|(_, entry)| entry);
    let owner = owner(connection, id)?;
    Ok(rows.next().map(|entry| FoundCheckout { owner, entry, returns: rows.collect() }))
}

/// The first id that a till can have made at an instant.
fn first_id_at(ms: i64) -> [u8; 16] {
    let mut id = [0; 16];
    let ms = ms.clamp(0, (1 << 48) - 1).to_be_bytes();
    id[..6].copy_from_slice(&ms[2..]);
    id
}

pub(crate) fn list_checkouts(
    connection: &Connection,
    chain: &str,
    filter: &CheckoutFilter,
    after: &Cursor,
    limit: usize,
) -> Result<Page<FoundCheckout>, Failed> {
    let Some(chain) = chain_id(connection, chain)? else { return Ok(Page { rows: Vec::new(), next: None }) };
    let low = first_id_at(filter.from_ms.unwrap_or(0));
    let high = filter.before_ms.map_or([0xff; 16], first_id_at);
    let only = match &filter.member {
        Some(member) => match owner_id(connection, chain, &Owner::Member(member.clone()))? {
            Some(id) => Some(id),
            None => return Ok(Page { rows: Vec::new(), next: None }),
        },
        None => None,
    };
    let listed = match only {
        Some(id) => listed_of_member(connection, id, filter.order, low, high, after, limit)?,
        None => listed_of_chain(connection, chain, filter.order, low, high, after, limit)?,
    };
    let next = if listed.len() > limit {
        listed.get(limit.saturating_sub(1)).map(|(id, checkout)| checkout_cursor(*checkout, *id))
    } else {
        None
    };
    let mut rows = Vec::new();
    for (id, checkout) in listed.into_iter().take(limit) {
        let Some((_, entry)) = row(connection, id, EntryKey::Checkout(bytes::checkout(&checkout)?))? else {
            continue;
        };
        // The row of the owner that won stands in the list too.
        if entry.state != State::Fenced {
            rows.push(FoundCheckout { owner: owner(connection, id)?, entry, returns: Vec::new() });
        }
    }
    Ok(Page { rows, next })
}

fn checkout_cursor(checkout: [u8; 16], owner: i64) -> Cursor {
    let mut cursor = checkout.to_vec();
    cursor.extend_from_slice(&owner.to_be_bytes());
    Cursor(cursor)
}

/// A sale and the number of its owner, as cursors of holders and lists have them; the ends when there is none.
pub(crate) fn cursor_checkout(cursor: &Cursor, order: Order) -> Result<([u8; 16], i64), StoreError> {
    if cursor.0.is_empty() {
        return Ok(match order {
            Order::NewestFirst => ([0xff; 16], i64::MAX),
            Order::OldestFirst => ([0; 16], -1),
        });
    }
    let (checkout, owner) = cursor.0.split_first_chunk::<16>().ok_or_else(foreign_cursor)?;
    let owner = owner.try_into().map(i64::from_be_bytes).map_err(|_| foreign_cursor())?;
    Ok((*checkout, owner))
}

fn listed_of_chain(
    connection: &Connection,
    chain: i64,
    order: Order,
    low: [u8; 16],
    high: [u8; 16],
    after: &Cursor,
    limit: usize,
) -> Result<Vec<(i64, [u8; 16])>, Failed> {
    let (checkout, owner) = cursor_checkout(after, order)?;
    let sql = match order {
        Order::NewestFirst => {
            "SELECT owner, checkout FROM claim WHERE chain = ?1 AND checkout >= ?2 AND checkout < ?3
             AND (checkout, owner) < (?4, ?5) ORDER BY checkout DESC, owner DESC LIMIT ?6"
        }
        Order::OldestFirst => {
            "SELECT owner, checkout FROM claim WHERE chain = ?1 AND checkout >= ?2 AND checkout < ?3
             AND (checkout, owner) > (?4, ?5) ORDER BY checkout, owner LIMIT ?6"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement
        .query_map((chain, low, high, checkout, owner, ask(limit)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn listed_of_member(
    connection: &Connection,
    owner: i64,
    order: Order,
    low: [u8; 16],
    high: [u8; 16],
    after: &Cursor,
    limit: usize,
) -> Result<Vec<(i64, [u8; 16])>, Failed> {
    let (checkout, _) = cursor_checkout(after, order)?;
    let tag = |id: &[u8; 16]| -> Vec<u8> {
        // The tag of sales before sixteen bytes that need not be a whole id.
        let mut key = sale_tag().to_vec();
        key.extend_from_slice(id);
        key
    };
    // Returns have longer keys that begin with their sale's.
    let sql = match order {
        Order::NewestFirst => {
            "SELECT key FROM entry WHERE owner = ?1 AND key >= ?2 AND key < ?3 AND key < ?4 AND length(key) = 17
             ORDER BY key DESC LIMIT ?5"
        }
        Order::OldestFirst => {
            "SELECT key FROM entry WHERE owner = ?1 AND key >= ?2 AND key < ?3 AND key > ?4 AND length(key) = 17
             ORDER BY key LIMIT ?5"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((owner, tag(&low), tag(&high), tag(&checkout), ask(limit)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key: Vec<u8> = row.get(0)?;
        if let EntryKey::Checkout(checkout) = bytes::key(&key)? {
            found.push((owner, *checkout.as_bytes()));
        }
    }
    Ok(found)
}

/// The first byte of the keys of sales.
fn sale_tag() -> [u8; 1] {
    let mut id = first_id_at(0);
    id[6] = 0x70;
    let key = CheckoutId::from_bytes(id).map(|id| EntryKey::Checkout(id).to_bytes()).unwrap_or_default();
    [key.first().copied().unwrap_or_default()]
}
