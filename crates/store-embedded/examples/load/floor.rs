//! The floor: the statements of the store, with its bytes and its settings, in a bare loop. Like the store it folds its log
//! back into the file once a second; it has no thread beside it that could.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension};
use suanpan_ledger::EntryKey;

use crate::sell::{checkout, spread};

/// How long the log grows before it is folded back: as in the store.
const FOLD_EVERY: Duration = Duration::from_secs(1);

/// Decisions in a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// In all of the time.
    pub(crate) whole: f64,
    /// In the time of the transactions, as if nobody had to fold the log.
    pub(crate) unfolded: f64,
}

pub(crate) struct Floor {
    connection: Connection,
    members: u64,
    name: fn(u64) -> String,
    chain: i64,
    next: u64,
    accrued: u64,
    /// Time of transactions since the log was folded.
    since_fold: Duration,
    /// A head and a row of a confirmed sale, and of an accrued one, as the store writes them.
    written: [(Vec<u8>, Vec<u8>); 2],
}

const HEAD: &str =
    "SELECT h.id, b.bytes FROM head h JOIN head_blob b ON b.id = h.id WHERE h.chain = ?1 AND h.name = ?2";
const ROW: &str =
    "SELECT b.id, b.bytes FROM entry e JOIN entry_body b ON b.id = e.body WHERE e.owner = ?1 AND e.key = ?2";

impl Floor {
    /// Numbers above all sales of the store.
    const FIRST: u64 = 1 << 32;

    /// A loop on a file whose chain has members of these names. `written` is what a confirm and an accrual write: head and
    /// row.
    pub(crate) fn open(
        path: &Path,
        chain: &str,
        name: fn(u64) -> String,
        members: u64,
        written: [(Vec<u8>, Vec<u8>); 2],
    ) -> Self {
        let connection = Connection::open(path).expect("the file");
        for (pragma, value) in [("synchronous", 2), ("wal_autocheckpoint", 0), ("cache_size", -65_536)] {
            connection.pragma_update(None, pragma, value).expect("a setting");
        }
        connection.set_prepared_statement_cache_capacity(64);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).expect("a setting");
        let chain = connection
            .query_row("SELECT id FROM chain WHERE name = ?1", [chain], |row| row.get(0))
            .expect("the chain");
        Self {
            connection,
            members,
            name,
            chain,
            next: Self::FIRST,
            accrued: Self::FIRST,
            since_fold: Duration::ZERO,
            written,
        }
    }

    pub(crate) fn close(self) {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a folded log");
    }

    fn run(&self, sql: &str) {
        self.connection.prepare_cached(sql).expect("a statement").execute([]).expect("a transaction");
    }

    /// Counts what `one` did.
    #[expect(clippy::float_arithmetic, reason = "rates, no money")]
    fn batches(&mut self, size: u64, lasts: Duration, mut one: impl FnMut(&mut Self) -> bool) -> Rate {
        let mut count = 0_u64;
        let (mut spent, mut folding) = (Duration::ZERO, Duration::ZERO);
        let mut more = true;
        while more && spent + folding < lasts {
            let begun = Instant::now();
            self.run("BEGIN IMMEDIATE");
            for _ in 0..size {
                more = one(self);
                if !more {
                    break;
                }
                count += 1;
            }
            self.run("COMMIT");
            let took = begun.elapsed();
            spent += took;
            self.since_fold += took;
            if self.since_fold >= FOLD_EVERY {
                folding += self.fold();
            }
        }
        let count = count as f64;
        Rate { whole: count / (spent + folding).as_secs_f64(), unfolded: count / spent.as_secs_f64() }
    }

    /// Folds the log back and begins it anew: the file stays and is written over. How long it took.
    fn fold(&mut self) -> Duration {
        let begun = Instant::now();
        self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).expect("a new log");
        self.since_fold = Duration::ZERO;
        begun.elapsed()
    }

    /// Lets the log grow to the size in which it stays.
    pub(crate) fn grow(&mut self) {
        self.confirms(64, 2 * FOLD_EVERY);
        self.fold();
    }

    pub(crate) fn confirms(&mut self, size: u64, lasts: Duration) -> Rate {
        self.batches(size, lasts, |floor| {
            floor.confirm();
            true
        })
    }

    pub(crate) fn accruals(&mut self, size: u64, lasts: Duration) -> Rate {
        self.batches(size, lasts, |floor| {
            if floor.accrued == floor.next {
                return false;
            }
            floor.accrue();
            true
        })
    }

    fn statement(&self, sql: &str) -> rusqlite::CachedStatement<'_> {
        self.connection.prepare_cached(sql).expect("a statement")
    }

    /// Reads the head as the store does.
    fn head(&self, number: u64) -> i64 {
        let name = (self.name)(spread(number, self.members));
        self.statement(HEAD)
            .query_row((self.chain, name), |row| {
                std::hint::black_box(row.get_ref(1)?.as_blob()?);
                row.get(0)
            })
            .expect("a member")
    }

    fn confirm(&mut self) {
        let number = self.next;
        self.next += 1;
        let checkout = checkout(number);
        let key = EntryKey::Checkout(checkout).to_bytes();
        let owner = self.head(number);
        let row: Option<i64> =
            self.statement(ROW).query_row((owner, &key), |row| row.get(0)).optional().expect("a read");
        assert!(row.is_none());
        let claimed: Option<i64> = self
            .statement("SELECT owner FROM claim WHERE chain = ?1 AND checkout = ?2")
            .query_row((self.chain, checkout.as_bytes()), |row| row.get(0))
            .optional()
            .expect("a read");
        assert!(claimed.is_none());
        self.write_head(owner, &self.written[0].0);
        self.statement("INSERT INTO entry_body(bytes) VALUES (?1)")
            .execute([&self.written[0].1])
            .expect("a body");
        let body = self.connection.last_insert_rowid();
        self.statement("INSERT INTO entry(owner, key, state, ver, body) VALUES (?1, ?2, ?3, ?4, ?5)")
            .execute((owner, key, 2, 2, body))
            .expect("a row");
        self.statement("INSERT INTO claim(chain, checkout, owner) VALUES (?1, ?2, ?3)")
            .execute((self.chain, checkout.as_bytes(), owner))
            .expect("a claim");
    }

    fn accrue(&mut self) {
        let number = self.accrued;
        self.accrued += 1;
        let key = EntryKey::Checkout(checkout(number)).to_bytes();
        let owner = self.head(number);
        let body: i64 = self
            .statement(ROW)
            .query_row((owner, &key), |row| {
                std::hint::black_box(row.get_ref(1)?.as_blob()?);
                row.get(0)
            })
            .expect("a row");
        self.write_head(owner, &self.written[1].0);
        self.statement("UPDATE entry_body SET bytes = ?2 WHERE id = ?1")
            .execute((body, &self.written[1].1))
            .expect("a body");
        self.statement("UPDATE entry SET state = ?3, ver = ?4 WHERE owner = ?1 AND key = ?2")
            .execute((owner, key, 2, 2))
            .expect("a row");
    }

    fn write_head(&self, owner: i64, bytes: &[u8]) {
        self.statement(
            "UPDATE head SET epoch = ?2, ver = ?3, as_of = ?4, due_at = ?5, fmt = ?6 WHERE id = ?1",
        )
        .execute((owner, 1, 2, 1_764_000_000_000_i64, 1_764_000_000_000_i64, 1))
        .expect("a head");
        self.statement("UPDATE head_blob SET bytes = ?2 WHERE id = ?1")
            .execute((owner, bytes))
            .expect("a blob");
    }
}
