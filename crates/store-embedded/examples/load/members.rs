//! Reads of the whole store: a walk over all rows, and the worker's scan over many members of whom one in a thousand is
//! due.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use suanpan_store::{Cursor, Store};
use suanpan_store_embedded::EmbeddedStore;

use crate::sell::name;

/// Reads every head and every row of a store, as the audit does.
#[expect(clippy::float_arithmetic, reason = "a rate, no money")]
pub(crate) async fn walk(store: &EmbeddedStore) -> f64 {
    let begun = Instant::now();
    let mut after = Cursor::default();
    let mut rows = 0;
    let cpu = cpu_ms();
    loop {
        let page = store.walk(&after, 4_096).await.expect("a walk");
        rows += page.rows.len();
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    if let (Some(before), Some(after)) = (cpu, cpu_ms()) {
        println!("  walk: {rows} rows in {} ms of processor time", after - before);
    }
    rows as f64 / begun.elapsed().as_secs_f64()
}

/// Processor time of this process so far, milliseconds, where the system tells: on a busy machine it says more than the
/// clock.
pub(crate) fn cpu_ms() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(ticks * 10)
}

/// The time of the shorter one of two passes over so many members, of whom one in a thousand is due.
pub(crate) fn scan(path: &Path, members: u64) -> Duration {
    drop(EmbeddedStore::open(path).expect("a new file"));
    // Only the columns that a scan looks at: heads are not read.
    let mut file = Connection::open(path).expect("the file");
    let writing = file.transaction().expect("a transaction");
    writing.execute("INSERT INTO chain(id, name) VALUES (1, 'chain')", []).expect("a chain");
    {
        let mut insert = writing
            .prepare("INSERT INTO head(chain, epoch, ver, as_of, due_at, fmt, name) VALUES (1, 1, 7, ?1, ?2, 1, ?3)")
            .expect("a statement");
        for number in 0..members {
            let due_ms: i64 = if number % 1_000 == 500 { 1_000 } else { 1_800_000_000_000 };
            insert.execute((1_764_000_000_000_i64, due_ms, name(number))).expect("a row");
        }
    }
    writing.commit().expect("all members");
    drop(file);
    let store = EmbeddedStore::open(path).expect("the file");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pass = || {
        let begun = Instant::now();
        let mut after = Cursor::default();
        let (mut due, mut seen) = (0, 0);
        loop {
            let part = runtime
                .block_on(store.scan_due(None, None, &after, 1_764_000_000_000, 100_000))
                .expect("a scan");
            due += part.due.len() as u64;
            seen += part.looked_at;
            match part.next {
                Some(next) => after = next,
                None => break,
            }
        }
        assert_eq!((seen, due), (members, members / 1_000));
        begun.elapsed()
    };
    pass().min(pass())
}
