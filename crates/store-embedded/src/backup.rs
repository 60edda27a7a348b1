//! Copies of a file: while it is in use, and back.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use suanpan_store::{Meta, StoreError};

use crate::bytes;
use crate::failed::{Failed, damaged};
use crate::open::{self, Lock, beside};
use crate::schema;

/// Pages of one step of a copy: 32 MiB.
const STEP_PAGES: i32 = 4_096;

/// What a checked file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// What it says of itself.
    pub meta: Meta,
    /// Members' heads.
    pub members: u64,
    /// Guests' sales.
    pub guests: u64,
    /// Rows of both.
    pub entries: u64,
}

fn told(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Refused(format!("{}: {error}", path.display()))
}

fn only_new(path: &Path) -> Result<(), StoreError> {
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(told(path, &"is there already")),
        Err(error) => Err(told(path, &error)),
    }
}

/// Checks a file from its pages up and counts it: SQLite's own check, and that what belongs together is there.
///
/// # Errors
/// [`StoreError::Corrupt`] with the first findings.
pub fn check(path: &Path) -> Result<Contents, StoreError> {
    let connection = open::reader(path)?;
    check_connection(&connection)
}

/// What SQLite finds wrong with a file, and what is there without what it belongs to: ten sentences of each kind at most.
pub(crate) fn damage(path: &Path) -> Result<Vec<String>, StoreError> {
    let connection = open::reader(path)?;
    let run = || -> Result<Vec<String>, Failed> {
        let mut found = integrity(&connection)?;
        // Of a file whose pages are damaged nothing else can be said.
        if found.is_empty() {
            found = headless(&connection)?;
            found.extend(bodiless(&connection)?);
            found.extend(unclaimed(&connection)?);
        }
        Ok(found)
    };
    run().map_err(StoreError::from)
}

/// What a walk passes over, so that everybody else is still looked at: ten sentences of each kind at most.
pub(crate) fn passed_over(path: &Path) -> Result<Vec<String>, StoreError> {
    let connection = open::reader(path)?;
    let run = || -> Result<Vec<String>, Failed> {
        // One state: a member who comes meanwhile has all of its parts or none.
        let state = connection.unchecked_transaction()?;
        let mut found = headless(&state)?;
        found.extend(bodiless(&state)?);
        Ok(found)
    };
    run().map_err(StoreError::from)
}

/// Heads without their blob, and rows without their body.
fn bodiless(connection: &Connection) -> Result<Vec<String>, Failed> {
    let mut found = Vec::new();
    let heads =
        "SELECT h.name FROM head h WHERE NOT EXISTS (SELECT 1 FROM head_blob b WHERE b.id = h.id) LIMIT 10";
    let mut heads = connection.prepare(heads)?;
    let mut heads = heads.query([])?;
    while let Some(row) = heads.next()? {
        let name: String = row.get(0)?;
        found.push(format!("the head of member {name} is without its bytes"));
    }
    let rows =
        "SELECT coalesce((SELECT 'member ' || name FROM head WHERE id = e.owner), 'guest number ' || e.owner)
                FROM entry e WHERE NOT EXISTS (SELECT 1 FROM entry_body b WHERE b.id = e.body) LIMIT 10";
    let mut rows = connection.prepare(rows)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let owner: String = row.get(0)?;
        found.push(format!("a row of {owner} is without its body"));
    }
    Ok(found)
}

/// Rows whose owner is gone.
fn headless(connection: &Connection) -> Result<Vec<String>, Failed> {
    let sql = "SELECT owner FROM (SELECT DISTINCT owner FROM entry) WHERE owner NOT IN (SELECT id FROM head)
               AND owner NOT IN (SELECT id FROM guest) LIMIT 10";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let owner: i64 = row.get(0)?;
        let who = if owner < schema::GUEST_IDS_FROM { "member" } else { "guest" };
        found.push(format!("rows of {who} number {owner}, which has no head"));
    }
    Ok(found)
}

/// Sales that nobody finds by their ids, because the claim that was written with them is gone.
fn unclaimed(connection: &Connection) -> Result<Vec<String>, Failed> {
    let mut found = Vec::new();
    for owners in ["head", "guest"] {
        // The key of a sale is a byte and the id; a return's has another id behind it.
        let sql = format!(
            "SELECT substr(e.key, 2) FROM {owners} o CROSS JOIN entry e ON e.owner = o.id
             WHERE length(e.key) = 17 AND substr(e.key, 1, 1) = x'01' AND NOT EXISTS
                 (SELECT 1 FROM claim c WHERE c.chain = o.chain AND c.checkout = substr(e.key, 2) AND c.owner = o.id)
             LIMIT 10"
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            found.push(format!(
                "sale {}: its claim is gone, so that nobody finds it by its id",
                bytes::checkout(id)?
            ));
        }
    }
    found.truncate(10);
    Ok(found)
}

fn integrity(connection: &Connection) -> Result<Vec<String>, Failed> {
    let mut statement = connection.prepare("PRAGMA integrity_check(10)")?;
    let mut found: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    if found.first().map(String::as_str) == Some("ok") {
        found.clear();
    }
    Ok(found)
}

pub(crate) fn check_connection(connection: &Connection) -> Result<Contents, StoreError> {
    let run = || -> Result<Contents, Failed> {
        let found = integrity(connection)?;
        if !found.is_empty() {
            return Err(damaged(found.join("; ")).into());
        }
        let meta = schema::read(connection)?;
        let count = |sql: &str| -> Result<u64, Failed> {
            let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
            Ok(bytes::counted(count)?)
        };
        for (what, sql) in [
            (
                "heads without their blob",
                "SELECT count(*) FROM head h WHERE NOT EXISTS (SELECT 1 FROM head_blob b WHERE b.id = h.id)",
            ),
            (
                "rows without their body",
                "SELECT count(*) FROM entry e WHERE NOT EXISTS (SELECT 1 FROM entry_body b WHERE b.id = e.body)",
            ),
            (
                // The name of the body is the last of what stays, before the end of its map.
                "archived rows without their body",
                "SELECT count(*) FROM entry e JOIN entry_body b ON b.id = e.body WHERE substr(b.bytes, 1, 1) = x'02'
                 AND NOT EXISTS (SELECT 1 FROM archive a
                     WHERE a.owner = e.owner AND a.ver = e.ver AND a.digest = substr(b.bytes, -17, 16))",
            ),
        ] {
            let missing = count(sql)?;
            if missing > 0 {
                return Err(damaged(format!("{missing} {what}")).into());
            }
        }
        Ok(Contents {
            meta,
            members: count("SELECT count(*) FROM head")?,
            guests: count("SELECT count(*) FROM guest")?,
            entries: count("SELECT count(*) FROM entry")?,
        })
    };
    run().map_err(StoreError::from)
}

/// Copies one state of the source into a new file, which is durable and checked when this returns.
pub(crate) fn copy(source: &Connection, to: &Path) -> Result<Contents, StoreError> {
    only_new(to)?;
    let run = || -> Result<(), Failed> {
        let mut target = Connection::open(to)?;
        // One read transaction keeps the state: without it every commit would begin the copy anew.
        let state = source.unchecked_transaction()?;
        state.query_row("SELECT count(*) FROM meta", [], |_| Ok(()))?;
        {
            let backup = Backup::new(&state, &mut target)?;
            loop {
                match backup.step(STEP_PAGES)? {
                    StepResult::Done => break,
                    StepResult::More => {}
                    _ => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        }
        state.commit()?;
        // One file that can be carried away: no log beside it.
        target.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
        Ok(())
    };
    let copied = run().map_err(StoreError::from).and_then(|()| {
        let file = std::fs::File::open(to).map_err(|error| told(to, &error))?;
        file.sync_all().map_err(|error| told(to, &error))?;
        if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let folder = std::fs::File::open(folder).map_err(|error| told(folder, &error))?;
            folder.sync_all().map_err(|error| told(to, &error))?;
        }
        check(to)
    });
    if copied.is_err() {
        // A copy that is not whole must not be found.
        let _ = std::fs::remove_file(to);
    }
    copied
}

/// Makes a store of a backup, in a new file. Its epoch is above the backup's, so that whatever was written after the
/// backup and still lives somewhere (a cache, another system) is older than anything this store writes.
///
/// Stop everything that used the store before: this cannot know them.
///
/// # Errors
/// [`StoreError::Corrupt`] when the backup is damaged, [`StoreError::Refused`] when the target is there already,
/// [`StoreError::TooNew`] for a backup of a newer release.
pub fn restore(backup: &Path, target: &Path) -> Result<Contents, StoreError> {
    for path in [target.to_owned(), beside(target, "-wal"), beside(target, "-shm")] {
        only_new(&path)?;
    }
    let lock = Lock::take(target)?;
    let source = open::reader(backup)?;
    check_connection(&source)?;
    copy(&source, target)?;
    let raise = || -> Result<(), Failed> {
        let mut connection = Connection::open(target)?;
        connection.pragma_update(None, "synchronous", "full")?;
        schema::migrate(&mut connection)?;
        // Seconds, so that the same backup restored twice gives two epochs, and the later one is the higher.
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let seconds = crate::bytes::count_column(seconds)?;
        connection.execute("UPDATE meta SET value = max(value + 1, ?1) WHERE key = 'epoch'", [seconds])?;
        Ok(())
    };
    let raised = raise().map_err(StoreError::from).and_then(|()| check(target));
    if raised.is_err() {
        let _ = std::fs::remove_file(target);
    }
    drop(lock);
    raised
}
