//! What a decision sees, read inside the writer's transaction.

use rusqlite::{Connection, OptionalExtension};
use suanpan_domain::CheckoutId;
use suanpan_ledger::{Entry, EntryKey, Head};
use suanpan_store::{Elsewhere, Owner, Read, Scope, View};

use crate::archive;
use crate::bytes;
use crate::failed::{Failed, damaged};
use crate::schema::GUEST_IDS_FROM;
use crate::writer::Writing;
use crate::writer::{codes, limits};

/// A view with where its rows lie.
pub(super) struct Seen {
    pub(super) view: View,
    /// None while the chain has nothing.
    pub(super) chain: Option<i64>,
    /// The scope's owner first, then those of `elsewhere`.
    pub(super) owners: Vec<Place>,
}

/// Where an owner's rows lie.
pub(super) struct Place {
    pub(super) owner: Owner,
    /// None while it has no head.
    pub(super) id: Option<i64>,
    /// Epoch and version of the seen head.
    pub(super) epoch: u64,
    pub(super) version: u64,
    pub(super) as_of_ms: i64,
    /// Rows that were looked for, with the number of their body when they are there.
    pub(super) rows: Vec<(EntryKey, Option<i64>)>,
}

pub(super) fn load(writing: &mut Writing<'_>, chain: &str, scope: &Scope) -> Result<Seen, Failed> {
    let connection = writing.connection;
    let epoch = writing.names.epoch;
    let chain = writing.names.chain(connection, chain)?;
    let (id, head) = match chain {
        Some(chain) => head(connection, chain, &scope.owner, epoch)?,
        None => (None, missing(&scope.owner, epoch)),
    };
    let mut own = place(scope.owner.clone(), id, &head);
    let mut entries = Vec::with_capacity(scope.reads.len());
    for read in &scope.reads {
        match (*read, id) {
            (Read::Entry(key), Some(id)) => {
                let found = row(connection, id, key)?;
                own.rows.push((key, found.as_ref().map(|(body, _)| *body)));
                entries.extend(found.map(|(_, entry)| entry));
            }
            (Read::Entry(key), None) => own.rows.push((key, None)),
            (Read::WithReturns(checkout), id) => {
                let found = match id {
                    Some(id) => with_returns(connection, id, checkout)?,
                    None => Vec::new(),
                };
                if found.first().is_none_or(|(_, entry)| entry.key != EntryKey::Checkout(checkout)) {
                    own.rows.push((EntryKey::Checkout(checkout), None));
                }
                own.rows.extend(found.iter().map(|(body, entry)| (entry.key, Some(*body))));
                entries.extend(found.into_iter().map(|(_, entry)| entry));
            }
        }
    }
    if scope.reads.len() > 1 {
        entries.sort_by_key(|entry| entry.key);
        entries.dedup_by_key(|entry| entry.key);
    }
    let mut owners = vec![own];
    let mut elsewhere = Vec::new();
    if let (true, Some(chain), Some(checkout)) = (scope.claim, chain, scope.checkout) {
        for other in claimants(connection, chain, checkout)?.into_iter().filter(|other| Some(*other) != id) {
            let owner = owner(connection, other)?;
            let (id, head) = self::head(connection, chain, &owner, epoch)?;
            let key = EntryKey::Checkout(checkout);
            if let Some((body, entry)) = row(connection, other, key)? {
                let mut place = place(owner.clone(), id, &head);
                place.rows.push((key, Some(body)));
                owners.push(place);
                let limits = limits::of_sale(connection, chain, other, checkout, &entry)?;
                elsewhere.push(Elsewhere { owner, head, entry, limits });
            }
        }
    }
    let limits = limits::views(connection, chain, id, scope)?;
    let codes = codes::views(connection, chain, scope)?;
    Ok(Seen { view: View { head, entries, elsewhere, limits, codes, fenced: None }, chain, owners })
}

fn place(owner: Owner, id: Option<i64>, head: &Head) -> Place {
    Place { owner, id, epoch: head.epoch, version: head.version, as_of_ms: head.as_of_ms, rows: Vec::new() }
}

fn missing(owner: &Owner, epoch: u64) -> Head {
    let mut head = match owner {
        Owner::Member(_) => Head::absent(),
        Owner::Guest(_) => Head::guest(),
    };
    head.epoch = head.epoch.max(epoch);
    head
}

/// An owner's head with the number of its row; never below the store's epoch.
pub(crate) fn head(
    connection: &Connection,
    chain: i64,
    owner: &Owner,
    epoch: u64,
) -> Result<(Option<i64>, Head), Failed> {
    let found = match owner {
        Owner::Member(member) => connection
            .prepare_cached(
                "SELECT h.id, b.bytes FROM head h JOIN head_blob b ON b.id = h.id WHERE h.chain = ?1 AND h.name = ?2",
            )?
            .query_row((chain, member.as_str()), |row| decoded(row, bytes::head))
            .optional()?,
        Owner::Guest(checkout) => connection
            .prepare_cached("SELECT id, bytes FROM guest WHERE chain = ?1 AND checkout = ?2")?
            .query_row((chain, checkout.as_bytes()), |row| decoded(row, bytes::head))
            .optional()?,
    };
    let Some((id, head)) = found else { return Ok((None, missing(owner, epoch))) };
    let mut head = head?;
    head.epoch = head.epoch.max(epoch);
    Ok((Some(id), head))
}

/// Decodes the blob in column 1 where it lies.
fn decoded<T>(row: &rusqlite::Row<'_>, decode: impl Fn(&[u8]) -> T) -> rusqlite::Result<(i64, T)> {
    Ok((row.get(0)?, decode(row.get_ref(1)?.as_blob()?)))
}

/// One row with the number of its body.
pub(crate) fn row(
    connection: &Connection,
    owner: i64,
    key: EntryKey,
) -> Result<Option<(i64, Entry)>, Failed> {
    let found = connection
        .prepare_cached(
            "SELECT b.id, b.bytes FROM entry e JOIN entry_body b ON b.id = e.body WHERE e.owner = ?1 AND e.key = ?2",
        )?
        .query_row((owner, key.to_bytes()), |row| decoded(row, archive::lying))
        .optional()?;
    Ok(match found {
        Some((body, lying)) => Some((body, archive::whole(connection, owner, lying?)?)),
        None => None,
    })
}

/// A sale and its returns, which begin with the bytes of its key.
pub(crate) fn with_returns(
    connection: &Connection,
    owner: i64,
    checkout: CheckoutId,
) -> Result<Vec<(i64, Entry)>, Failed> {
    let first = EntryKey::Checkout(checkout).to_bytes();
    let last = EntryKey::Return(checkout, suanpan_domain::ReturnId::from_bytes([0xff; 16])).to_bytes();
    let mut statement = connection.prepare_cached(
        "SELECT b.id, b.bytes FROM entry e JOIN entry_body b ON b.id = e.body
         WHERE e.owner = ?1 AND e.key BETWEEN ?2 AND ?3 ORDER BY e.key",
    )?;
    let mut rows = statement.query((owner, first, last))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (body, lying) = decoded(row, archive::lying)?;
        found.push((body, archive::whole(connection, owner, lying?)?));
    }
    Ok(found)
}

/// Numbers of all owners that have a row under this id.
pub(crate) fn claimants(
    connection: &Connection,
    chain: i64,
    checkout: CheckoutId,
) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT owner FROM claim WHERE chain = ?1 AND checkout = ?2")?
        .query_map((chain, checkout.as_bytes()), |row| row.get(0))?
        .collect()
}

/// Who has this number.
///
/// # Errors
/// [`suanpan_store::StoreError::Corrupt`] when its head is gone.
pub(crate) fn owner(connection: &Connection, id: i64) -> Result<Owner, Failed> {
    match owner_with_head(connection, id)? {
        Some(owner) => Ok(owner),
        None => Err(damaged(format!("owner number {id} has no head")).into()),
    }
}

/// Who has a share in the name of a sale. One whose head is gone must not keep all other shares from being read: of it the
/// sale alone is known, and it counts as a guest's.
pub(crate) fn owner_of_share(
    connection: &Connection,
    id: i64,
    checkout: CheckoutId,
) -> Result<Owner, Failed> {
    Ok(owner_with_head(connection, id)?.unwrap_or(Owner::Guest(checkout)))
}

fn owner_with_head(connection: &Connection, id: i64) -> Result<Option<Owner>, Failed> {
    if id >= GUEST_IDS_FROM {
        let checkout = connection
            .prepare_cached("SELECT checkout FROM guest WHERE id = ?1")?
            .query_row([id], |row| Ok(bytes::checkout(row.get_ref(0)?.as_blob()?)))
            .optional()?;
        Ok(checkout.transpose()?.map(Owner::Guest))
    } else {
        let name: Option<String> = connection
            .prepare_cached("SELECT name FROM head WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(name.map(bytes::member).transpose()?.map(Owner::Member))
    }
}

/// The number of an owner that has a head.
pub(crate) fn owner_id(connection: &Connection, chain: i64, owner: &Owner) -> rusqlite::Result<Option<i64>> {
    match owner {
        Owner::Member(member) => connection
            .prepare_cached("SELECT id FROM head WHERE chain = ?1 AND name = ?2")?
            .query_row((chain, member.as_str()), |row| row.get(0))
            .optional(),
        Owner::Guest(checkout) => connection
            .prepare_cached("SELECT id FROM guest WHERE chain = ?1 AND checkout = ?2")?
            .query_row((chain, checkout.as_bytes()), |row| row.get(0))
            .optional(),
    }
}
