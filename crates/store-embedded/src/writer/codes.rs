//! Codes that can be used once.

use rusqlite::{Connection, OptionalExtension};
use suanpan_store::{CodeHash, CodeHolder, CodeState, CodeView, Scope};

use crate::bytes::{self, offer_column};
use crate::failed::{Failed, damaged};
use crate::writer::view::owner_of_share;

/// A code as its columns have it: campaign, state, checkout, owner, until.
pub(crate) struct CodeColumns {
    campaign: i64,
    state: u8,
    checkout: Option<Vec<u8>>,
    owner: Option<i64>,
    until_ms: i64,
}

/// Columns `campaign, state, checkout, owner, until`, the first of which is `at`.
pub(crate) fn columns(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<CodeColumns> {
    Ok(CodeColumns {
        campaign: row.get(at)?,
        state: row.get(at + 1)?,
        checkout: row.get(at + 2)?,
        owner: row.get(at + 3)?,
        until_ms: row.get(at + 4)?,
    })
}

/// The code that the columns speak of.
pub(crate) fn code(connection: &Connection, columns: CodeColumns) -> Result<CodeView, Failed> {
    let by = || -> Result<CodeHolder, Failed> {
        match (&columns.checkout, columns.owner) {
            (Some(checkout), Some(id)) => {
                let checkout = bytes::checkout(checkout)?;
                Ok(CodeHolder { checkout, owner: owner_of_share(connection, id, checkout)? })
            }
            _ => Err(damaged("a code that is held by nobody").into()),
        }
    };
    let state = match columns.state {
        0 => CodeState::Free,
        1 => CodeState::Held { by: by()?, until_ms: columns.until_ms },
        2 => CodeState::Used { by: by()? },
        _ => return Err(damaged("state of a code").into()),
    };
    Ok(CodeView { campaign: bytes::offer(columns.campaign), state })
}

/// One code; none when it was never added.
pub(crate) fn load(connection: &Connection, chain: i64, hash: CodeHash) -> Result<Option<CodeView>, Failed> {
    let found = connection
        .prepare_cached(
            "SELECT campaign, state, checkout, owner, until FROM code WHERE chain = ?1 AND hash = ?2",
        )?
        .query_row((chain, hash.0), |row| columns(row, 0))
        .optional()?;
    found.map(|columns| code(connection, columns)).transpose()
}

/// The scope's codes.
pub(super) fn views(
    connection: &Connection,
    chain: Option<i64>,
    scope: &Scope,
) -> Result<Vec<Option<CodeView>>, Failed> {
    scope
        .codes
        .iter()
        .map(|hash| match chain {
            Some(chain) => load(connection, chain, *hash),
            None => Ok(None),
        })
        .collect()
}

/// Writes where a code stands; `owner` is the number of its holder.
pub(super) fn write(
    connection: &Connection,
    chain: i64,
    hash: CodeHash,
    state: &CodeState,
    owner: i64,
) -> Result<(), Failed> {
    let (column, by, until_ms) = match state {
        CodeState::Free => (0_u8, None, 0),
        CodeState::Held { by, until_ms } => (1, Some(by), *until_ms),
        CodeState::Used { by } => (2, Some(by), 0),
    };
    connection
        .prepare_cached(
            "UPDATE code SET state = ?3, checkout = ?4, owner = ?5, until = ?6 WHERE chain = ?1 AND hash = ?2",
        )?
        .execute((
            chain,
            hash.0,
            column,
            by.map(|by| *by.checkout.as_bytes()),
            by.map(|_| owner),
            until_ms,
        ))?;
    Ok(())
}

/// Adds a code; what was there already is told by its campaign.
pub(super) fn add(
    connection: &Connection,
    chain: i64,
    campaign: suanpan_ledger::head::OfferKey,
    hash: CodeHash,
) -> Result<Option<suanpan_ledger::head::OfferKey>, Failed> {
    let added = connection
        .prepare_cached(
            "INSERT INTO code(chain, hash, campaign, state, until) VALUES (?1, ?2, ?3, 0, 0) ON CONFLICT DO NOTHING",
        )?
        .execute((chain, hash.0, offer_column(campaign)))?;
    if added == 1 {
        return Ok(None);
    }
    let known: i64 = connection
        .prepare_cached("SELECT campaign FROM code WHERE chain = ?1 AND hash = ?2")?
        .query_row((chain, hash.0), |row| row.get(0))?;
    Ok(Some(bytes::offer(known)))
}
