//! Numbers of chains, and the next guest's: what the writer remembers from one transaction to the next.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use crate::schema::GUEST_IDS_FROM;

/// Chains whose numbers are remembered; beyond, all are forgotten and asked for again.
const CHAINS_MAX: usize = 1_024;

/// What the writer remembers. Nothing of a transaction that was rolled back.
pub(crate) struct Names {
    chains: HashMap<String, i64>,
    next_guest: Option<i64>,
    /// The store's epoch.
    pub(crate) epoch: u64,
}

impl Names {
    pub(crate) fn new(epoch: u64) -> Self {
        Self { chains: HashMap::new(), next_guest: None, epoch }
    }

    pub(crate) fn forget(&mut self) {
        self.chains.clear();
        self.next_guest = None;
    }

    /// The number of a chain that has anything.
    pub(crate) fn chain(&mut self, connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
        if let Some(id) = self.chains.get(name) {
            return Ok(Some(*id));
        }
        let found = chain(connection, name)?;
        if let Some(id) = found {
            self.remember(name, id);
        }
        Ok(found)
    }

    /// The number of a chain, which begins here when it had nothing.
    pub(crate) fn chain_or_new(&mut self, connection: &Connection, name: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.chain(connection, name)? {
            return Ok(id);
        }
        connection.prepare_cached("INSERT INTO chain(name) VALUES (?1)")?.execute([name])?;
        let id = connection.last_insert_rowid();
        self.remember(name, id);
        Ok(id)
    }

    fn remember(&mut self, name: &str, id: i64) {
        if self.chains.len() >= CHAINS_MAX {
            self.chains.clear();
        }
        self.chains.insert(name.to_owned(), id);
    }

    /// A number for a guest's sale, above all others.
    pub(crate) fn next_guest(&mut self, connection: &Connection) -> rusqlite::Result<i64> {
        let next = match self.next_guest {
            Some(next) => next,
            None => {
                let last: Option<i64> =
                    connection.query_row("SELECT max(id) FROM guest", [], |row| row.get(0))?;
                last.map_or(GUEST_IDS_FROM, |last| last + 1)
            }
        };
        self.next_guest = Some(next + 1);
        Ok(next)
    }
}

/// The number of a chain that has anything.
pub(crate) fn chain(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM chain WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}
