//! The floor: the statements of the store, with its bytes and its settings, in a bare loop; two commits of 64 members
//! each, as the worker needs two.

use std::path::Path;
use std::time::Instant;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection};
use suanpan_domain::CheckoutId;
use suanpan_ledger::EntryKey;

use crate::{CHAIN, NOW_MS, id, member};

const BATCH: u64 = 64;
const HEAD: &str =
    "SELECT h.id, b.bytes FROM head h JOIN head_blob b ON b.id = h.id WHERE h.chain = ?1 AND h.name = ?2";
const ROW: &str =
    "SELECT b.id, b.bytes FROM entry e JOIN entry_body b ON b.id = e.body WHERE e.owner = ?1 AND e.key = ?2";

/// Bytes that the worker wrote for one member.
struct Written {
    head: Vec<u8>,
    row: Vec<u8>,
    event: Vec<u8>,
}

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("the file");
    for (pragma, value) in [("synchronous", 2), ("wal_autocheckpoint", 0), ("cache_size", -65_536)] {
        connection.pragma_update(None, pragma, value).expect("a setting");
    }
    connection.set_prepared_statement_cache_capacity(64);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).expect("a setting");
    connection
}

fn chain(connection: &Connection) -> i64 {
    connection
        .query_row("SELECT id FROM chain WHERE name = ?1", [CHAIN], |row| row.get(0))
        .expect("the chain")
}

fn key(number: u64) -> Vec<u8> {
    EntryKey::Checkout(CheckoutId::from_bytes(id(number)).expect("version 7")).to_bytes()
}

/// What the worker left of the first member in a store that it went through.
fn written(path: &Path) -> Written {
    let connection = open(path);
    let (owner, head): (i64, Vec<u8>) = connection
        .query_row(HEAD, (chain(&connection), member(0).as_str()), |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("a member");
    let row = connection.query_row(ROW, (owner, key(0)), |row| row.get(1)).expect("a row");
    let event =
        connection.query_row("SELECT body FROM outbox LIMIT 1", [], |row| row.get(0)).expect("an event");
    Written { head, row, event }
}

/// Accruals in a second, on a copy of the store before the worker came.
#[expect(clippy::float_arithmetic, reason = "a rate, no money")]
pub(crate) fn accruals(copy: &Path, worked: &Path, members: u64) -> f64 {
    let written = written(worked);
    let connection = open(copy);
    let floor = Floor { chain: chain(&connection), connection, written };
    let begun = Instant::now();
    for first in (0..members).step_by(usize::try_from(BATCH).expect("small")) {
        let batch = || first..(first + BATCH).min(members);
        for accrues in [true, false] {
            floor.run("BEGIN IMMEDIATE");
            batch().for_each(|number| floor.step(number, accrues));
            floor.run("COMMIT");
        }
    }
    members as f64 / begun.elapsed().as_secs_f64()
}

struct Floor {
    connection: Connection,
    chain: i64,
    written: Written,
}

impl Floor {
    fn run(&self, sql: &str) {
        self.statement(sql).execute([]).expect("a transaction");
    }

    fn statement(&self, sql: &str) -> CachedStatement<'_> {
        self.connection.prepare_cached(sql).expect("a statement")
    }

    /// One of a member's two writes: reads head and row as a decision sees them, writes them, and the event with the
    /// first.
    fn step(&self, number: u64, accrues: bool) {
        let (who, key) = (member(number), key(number));
        let seen = |row: &rusqlite::Row<'_>| {
            std::hint::black_box(row.get_ref(1)?.as_blob()?);
            row.get(0)
        };
        let owner: i64 = self.statement(HEAD).query_row((self.chain, who.as_str()), seen).expect("a member");
        let body: i64 = self.statement(ROW).query_row((owner, &key), seen).expect("a row");
        self.statement(
            "UPDATE head SET epoch = ?2, ver = ?3, as_of = ?4, due_at = ?5, fmt = ?6 WHERE id = ?1",
        )
        .execute((owner, 1, 3, NOW_MS, NOW_MS, 1))
        .expect("a head");
        self.statement("UPDATE head_blob SET bytes = ?2 WHERE id = ?1")
            .execute((owner, &self.written.head))
            .expect("a blob");
        self.statement("UPDATE entry_body SET bytes = ?2 WHERE id = ?1")
            .execute((body, &self.written.row))
            .expect("a body");
        self.statement("UPDATE entry SET state = ?3, ver = ?4 WHERE owner = ?1 AND key = ?2")
            .execute((owner, key, 2, 2))
            .expect("a row");
        if accrues {
            self.statement(
                "INSERT INTO outbox(chain, member, epoch, ver, idx, at, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT DO NOTHING",
            )
            .execute((self.chain, who.as_str(), 1, 2, 0, NOW_MS, "points_earned", &self.written.event))
            .expect("an event");
        }
    }
}
