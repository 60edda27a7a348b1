//! One decision: view, decider, checks, writes; in this order, so that what is refused has written nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use suanpan_ledger::limits::HEAD_BYTES_MAX;
use suanpan_ledger::{EntryKey, codec};
use suanpan_store::{Decider, Derived, FeedRow, HeadWrite, Owner, Scope, StoreError, Verdict, Write};

use crate::bytes::{count_column, state_column, told};
use crate::failed::Failed;
use crate::failpoint::between;
use crate::heads::Kept;
use crate::writer::shares::Shares;
use crate::writer::view::{self, Place, Seen};
use crate::writer::{Changed, Writing, rows};

/// Shows the decider a view and writes its verdict.
pub(crate) fn decide(
    writing: &mut Writing<'_>,
    chain: &str,
    scope: &Scope,
    decider: &mut dyn Decider,
) -> Result<(), Failed> {
    let seen = view::load(writing, chain, scope)?;
    between!("embedded/viewed");
    let verdict = catch_unwind(AssertUnwindSafe(|| decider.decide(&seen.view)))
        .map_err(|panic| StoreError::Panicked(panic_text(&*panic)))?;
    between!("embedded/decided");
    let Verdict::Write(write) = verdict else { return Ok(()) };
    let plan = Plan::check(writing.connection, &seen, scope, &write)?;
    plan.write(writing, chain, &seen, scope, &write)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a text".to_owned())
}

pub(super) fn contract(text: impl Into<String>) -> StoreError {
    StoreError::Contract(text.into())
}

/// Everything that a write computes, checked before its first statement.
struct Plan {
    heads: Vec<PlannedHead>,
    shares: Shares,
}

struct PlannedHead {
    /// Its place among the seen owners.
    place: usize,
    head: Vec<u8>,
    entry: Vec<u8>,
    key: Vec<u8>,
    /// The body that is replaced; none for a new row.
    body: Option<i64>,
}

impl Plan {
    fn check(connection: &Connection, seen: &Seen, scope: &Scope, write: &Write) -> Result<Self, Failed> {
        let mut heads: Vec<PlannedHead> = Vec::with_capacity(write.heads.len());
        for head in &write.heads {
            let place = seen
                .owners
                .iter()
                .position(|place| place.owner == head.owner)
                .ok_or_else(|| contract(format!("{} is not in the view", told(&head.owner))))?;
            if heads.iter().any(|planned| planned.place == place) {
                return Err(contract(format!("{} is written twice", told(&head.owner))).into());
            }
            heads.push(planned_head(connection, &seen.owners[place], place, head)?);
        }
        let own_has_a_head = seen.owners[0].id.is_some() || heads.iter().any(|head| head.place == 0);
        let moves = !write.limits.is_empty() || !write.codes.is_empty();
        if moves && !own_has_a_head {
            return Err(contract("limits and codes for an owner without a head").into());
        }
        Ok(Self { heads, shares: Shares::check(connection, seen, scope, write)? })
    }

    fn write(
        &self,
        writing: &mut Writing<'_>,
        chain_name: &str,
        seen: &Seen,
        scope: &Scope,
        write: &Write,
    ) -> Result<(), Failed> {
        let connection = writing.connection;
        let chain = match seen.chain {
            Some(chain) => chain,
            None => writing.names.chain_or_new(connection, chain_name)?,
        };
        let mut ids: Vec<Option<i64>> = seen.owners.iter().map(|place| place.id).collect();
        for (planned, head) in self.heads.iter().zip(&write.heads) {
            let place = &seen.owners[planned.place];
            let id = write_head(writing, chain, place, planned, head)?;
            between!("embedded/head-written");
            write_row(connection, chain, id, planned, head)?;
            between!("embedded/row-written");
            ids[planned.place] = Some(id);
            if let Owner::Member(member) = &head.owner {
                let row = FeedRow {
                    chain: chain_name.to_owned(),
                    member: member.clone(),
                    epoch: head.change.head.epoch,
                    version: head.change.head.version,
                    due_at_ms: head.due_at_ms,
                };
                let kept = Kept { bytes: planned.head.as_slice().into(), due_at_ms: head.due_at_ms };
                writing.changed.push(Changed { row, kept });
            }
        }
        self.shares.write(connection, chain, scope, &ids)?;
        for derived in &write.derived {
            write_derived(connection, chain, &scope.owner, derived)?;
            between!("embedded/derived-written");
        }
        Ok(())
    }
}

fn planned_head(
    connection: &Connection,
    seen: &Place,
    place: usize,
    head: &HeadWrite,
) -> Result<PlannedHead, Failed> {
    let after = &head.change.head;
    let who = told(&head.owner);
    if after.version != seen.version + 1 || after.epoch < seen.epoch || after.as_of_ms < seen.as_of_ms {
        return Err(contract(format!(
            "{who}: from {}.{} at {} to {}.{} at {}",
            seen.epoch, seen.version, seen.as_of_ms, after.epoch, after.version, after.as_of_ms
        ))
        .into());
    }
    count_column(after.version)?;
    count_column(after.epoch)?;
    let bytes = codec::encode_head(after);
    if bytes.len() > HEAD_BYTES_MAX {
        return Err(contract(format!("{who}: a head of {} bytes", bytes.len())).into());
    }
    let entry = &head.change.entry;
    let body = match seen.rows.iter().find(|(key, _)| *key == entry.key) {
        Some((_, body)) => *body,
        // A row that the decision did not ask for is a new one, such as what time brought.
        None => match seen.id {
            Some(id) if view::row(connection, id, entry.key)?.is_some() => {
                return Err(contract(format!("{who}: a row is there that the decision did not see")).into());
            }
            _ => None,
        },
    };
    Ok(PlannedHead { place, head: bytes, entry: codec::encode_entry(entry), key: entry.key.to_bytes(), body })
}

/// Writes the head and gives the number of its owner.
fn write_head(
    writing: &mut Writing<'_>,
    chain: i64,
    seen: &Place,
    planned: &PlannedHead,
    write: &HeadWrite,
) -> Result<i64, Failed> {
    let connection = writing.connection;
    let head = &write.change.head;
    let (epoch, version) = (count_column(head.epoch)?, count_column(head.version)?);
    let format = planned.head.first().copied().unwrap_or_default();
    match (&write.owner, seen.id) {
        (Owner::Member(_), Some(id)) => {
            connection
                .prepare_cached(
                    "UPDATE head SET epoch = ?2, ver = ?3, as_of = ?4, due_at = ?5, fmt = ?6 WHERE id = ?1",
                )?
                .execute((id, epoch, version, head.as_of_ms, write.due_at_ms, format))?;
            connection
                .prepare_cached("UPDATE head_blob SET bytes = ?2 WHERE id = ?1")?
                .execute((id, &planned.head))?;
            Ok(id)
        }
        (Owner::Member(member), None) => {
            connection
                .prepare_cached(
                    "INSERT INTO head(chain, epoch, ver, as_of, due_at, fmt, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute((chain, epoch, version, head.as_of_ms, write.due_at_ms, format, member.as_str()))?;
            let id = connection.last_insert_rowid();
            connection
                .prepare_cached("INSERT INTO head_blob(id, bytes) VALUES (?1, ?2)")?
                .execute((id, &planned.head))?;
            Ok(id)
        }
        (Owner::Guest(_), Some(id)) => {
            connection
                .prepare_cached(
                    "UPDATE guest SET epoch = ?2, ver = ?3, as_of = ?4, fmt = ?5, bytes = ?6 WHERE id = ?1",
                )?
                .execute((id, epoch, version, head.as_of_ms, format, &planned.head))?;
            Ok(id)
        }
        (Owner::Guest(checkout), None) => {
            let id = writing.names.next_guest(connection)?;
            connection
                .prepare_cached(
                    "INSERT INTO guest(id, chain, epoch, ver, as_of, fmt, checkout, bytes)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute((
                    id,
                    chain,
                    epoch,
                    version,
                    head.as_of_ms,
                    format,
                    checkout.as_bytes(),
                    &planned.head,
                ))?;
            Ok(id)
        }
    }
}

/// Writes the row, and the claim of a sale that is new.
fn write_row(
    connection: &Connection,
    chain: i64,
    owner: i64,
    planned: &PlannedHead,
    write: &HeadWrite,
) -> Result<(), Failed> {
    let entry = &write.change.entry;
    let (state, version) = (state_column(entry.state), count_column(entry.version)?);
    if let Some(body) = planned.body {
        connection
            .prepare_cached("UPDATE entry_body SET bytes = ?2 WHERE id = ?1")?
            .execute((body, &planned.entry))?;
        connection
            .prepare_cached("UPDATE entry SET state = ?3, ver = ?4 WHERE owner = ?1 AND key = ?2")?
            .execute((owner, &planned.key, state, version))?;
        return Ok(());
    }
    connection.prepare_cached("INSERT INTO entry_body(bytes) VALUES (?1)")?.execute([&planned.entry])?;
    let body = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO entry(owner, key, state, ver, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((owner, &planned.key, state, version, body))?;
    if let EntryKey::Checkout(checkout) = entry.key {
        connection
            .prepare_cached("INSERT INTO claim(chain, checkout, owner) VALUES (?1, ?2, ?3)")?
            .execute((chain, checkout.as_bytes(), owner))?;
    }
    Ok(())
}

fn write_derived(
    connection: &Connection,
    chain: i64,
    owner: &Owner,
    derived: &Derived,
) -> Result<(), Failed> {
    match (derived, owner) {
        (Derived::Outbox(event), _) => rows::put_event(connection, chain, event),
        (Derived::Parked { key, why, at_ms }, Owner::Member(member)) => {
            rows::put_parked(connection, chain, member, *key, why, *at_ms)
        }
        (Derived::Unparked { key }, Owner::Member(member)) => {
            rows::remove_parked(connection, chain, member, *key)
        }
        // A guest's sale is never accrued, so it has nothing to park.
        (Derived::Parked { .. } | Derived::Unparked { .. }, Owner::Guest(_)) => Ok(()),
    }
}
