//! Tables, and how an older file becomes a newer one.

use rusqlite::Connection;
use suanpan_store::{Meta, StoreError};

use crate::failed::{Failed, damaged};

/// The schema that this release writes.
pub(crate) const SCHEMA: u32 = 2;
/// The first schema whose release reads archived rows. From the first body that moves on no earlier one may come in.
pub(crate) const ARCHIVE_SINCE: u32 = 2;

/// What makes a file of schema `n` one of schema `n + 1`, from 0. Append only: files that exist have run the old ones.
const MIGRATIONS: &[Migration] = &[
    Migration { sql: FIRST, min_reader: 1, min_writer: 1 },
    Migration { sql: ARCHIVE, min_reader: 1, min_writer: 1 },
];

const _: () = assert!(MIGRATIONS.len() == SCHEMA as usize);

#[derive(Clone, Copy)]
struct Migration {
    sql: &'static str,
    /// The oldest release, by its schema, that understands what this one leaves behind.
    min_reader: u32,
    /// The oldest release, by its schema, that may still write into it.
    min_writer: u32,
}

/// Guests' sales have ids of their own, above all members', so that their rows lie together and no scan of members meets
/// them.
pub(crate) const GUEST_IDS_FROM: i64 = 1 << 40;

/// Marks the file as one of ours ("SUAN").
pub(crate) const APPLICATION_ID: i32 = 0x5355_414e;

/// What decisions and scans read (`head`, `entry`, `claim`) is narrow and stands apart from what they do not
/// (`head_blob`, `entry_body`). Bodies are numbered as they come, so that a commit appends them to few pages, whoever's
/// they are.
const FIRST: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE chain(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE head(id INTEGER PRIMARY KEY, chain INTEGER NOT NULL, epoch INTEGER NOT NULL, ver INTEGER NOT NULL,
    as_of INTEGER NOT NULL, due_at INTEGER, fmt INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX head_name ON head(chain, name);
CREATE TABLE head_blob(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE guest(id INTEGER PRIMARY KEY, chain INTEGER NOT NULL, epoch INTEGER NOT NULL, ver INTEGER NOT NULL,
    as_of INTEGER NOT NULL, fmt INTEGER NOT NULL, checkout BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX guest_checkout ON guest(chain, checkout);
CREATE TABLE entry(owner INTEGER NOT NULL, key BLOB NOT NULL, state INTEGER NOT NULL, ver INTEGER NOT NULL,
    body INTEGER NOT NULL, PRIMARY KEY(owner, key)) STRICT, WITHOUT ROWID;
CREATE TABLE entry_body(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE claim(chain INTEGER NOT NULL, checkout BLOB NOT NULL, owner INTEGER NOT NULL,
    PRIMARY KEY(chain, checkout, owner)) STRICT, WITHOUT ROWID;
CREATE TABLE limit_cap(chain INTEGER NOT NULL, offer INTEGER NOT NULL, is_set INTEGER NOT NULL, cap_uses INTEGER,
    cap_amount INTEGER, used_uses INTEGER NOT NULL, used_amount INTEGER NOT NULL, held_uses INTEGER NOT NULL,
    held_amount INTEGER NOT NULL, overrun_uses INTEGER NOT NULL, overrun_amount INTEGER NOT NULL,
    PRIMARY KEY(chain, offer)) STRICT, WITHOUT ROWID;
CREATE TABLE limit_holder(chain INTEGER NOT NULL, offer INTEGER NOT NULL, checkout BLOB NOT NULL,
    owner INTEGER NOT NULL, state INTEGER NOT NULL, uses INTEGER NOT NULL, amount INTEGER NOT NULL,
    until INTEGER NOT NULL, PRIMARY KEY(chain, offer, checkout, owner)) STRICT, WITHOUT ROWID;
CREATE TABLE code(chain INTEGER NOT NULL, hash BLOB NOT NULL, campaign INTEGER NOT NULL, state INTEGER NOT NULL,
    checkout BLOB, owner INTEGER, until INTEGER NOT NULL, PRIMARY KEY(chain, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE lookup(chain INTEGER NOT NULL, kind INTEGER NOT NULL, hash BLOB NOT NULL, member TEXT NOT NULL,
    linked INTEGER NOT NULL, PRIMARY KEY(chain, kind, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, chain INTEGER NOT NULL, member TEXT NOT NULL,
    epoch INTEGER NOT NULL, ver INTEGER NOT NULL, idx INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX outbox_event ON outbox(chain, member, epoch, ver, idx);
CREATE TABLE parked(chain INTEGER NOT NULL, member TEXT NOT NULL, key BLOB NOT NULL, why TEXT NOT NULL,
    at INTEGER NOT NULL, PRIMARY KEY(chain, member, key)) STRICT, WITHOUT ROWID;
CREATE TABLE position(chain INTEGER NOT NULL, name TEXT NOT NULL, fence INTEGER NOT NULL, cursor BLOB NOT NULL,
    PRIMARY KEY(chain, name)) STRICT, WITHOUT ROWID;
CREATE TABLE program(chain INTEGER NOT NULL, version TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX program_version ON program(chain, version);
CREATE TABLE activation(chain INTEGER NOT NULL, generation INTEGER NOT NULL, version TEXT NOT NULL,
    at INTEGER NOT NULL, PRIMARY KEY(chain, generation)) STRICT, WITHOUT ROWID;
INSERT INTO meta(key, value) VALUES ('epoch', 1);
";

/// Bodies of old rows, apart from those that decisions and lists still read.
const ARCHIVE: &str = "
CREATE TABLE archive(id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, ver INTEGER NOT NULL, digest BLOB NOT NULL,
    bytes BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX archive_body ON archive(owner, ver, digest);
";

/// Brings a file to this release's schema, in one transaction. A file of a newer release is left alone; it opens when
/// that release lets this one write.
pub(crate) fn migrate(connection: &mut Connection) -> Result<Meta, StoreError> {
    migrate_with(connection, MIGRATIONS)
}

fn migrate_with(connection: &mut Connection, migrations: &[Migration]) -> Result<Meta, StoreError> {
    let fresh: bool = connection
        .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
        .map_err(Failed::from)
        .map_err(StoreError::from)?;
    if !fresh {
        let meta = read(connection)?;
        check(&meta, migrations.len() as u32)?;
        if meta.schema as usize >= migrations.len() {
            return Ok(meta);
        }
    }
    let run = |connection: &mut Connection| -> Result<(), Failed> {
        let transaction = connection.transaction()?;
        let before = if fresh { None } else { Some(read(&transaction)?) };
        let from = before.map_or(0, |meta| meta.schema as usize);
        for migration in &migrations[from..] {
            transaction.execute_batch(migration.sql)?;
        }
        let newest = migrations.last().ok_or_else(|| damaged("there is no migration"))?;
        for (key, value) in [
            ("schema", migrations.len() as u32),
            // Who was kept out, as by the first archived body, stays so.
            ("min_reader", newest.min_reader.max(before.map_or(0, |meta| meta.min_reader))),
            ("min_writer", newest.min_writer.max(before.map_or(0, |meta| meta.min_writer))),
        ] {
            transaction.execute("INSERT OR REPLACE INTO meta(key, value) VALUES (?1, ?2)", (key, value))?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()?;
        Ok(())
    };
    run(connection)?;
    read(connection)
}

fn check(meta: &Meta, ours: u32) -> Result<(), StoreError> {
    if meta.min_reader > ours || meta.min_writer > ours {
        return Err(StoreError::TooNew {
            schema: meta.schema,
            min_reader: meta.min_reader,
            min_writer: meta.min_writer,
            ours,
        });
    }
    Ok(())
}

/// Reads what the file says of itself.
pub(crate) fn read(connection: &Connection) -> Result<Meta, StoreError> {
    let ours: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(Failed::from)
        .map_err(StoreError::from)?;
    if ours != APPLICATION_ID {
        return Err(StoreError::Refused("the file is a database of something else".to_owned()));
    }
    let value = |key: &str| -> Result<u64, StoreError> {
        connection
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get::<_, i64>(0))
            .map_err(Failed::from)
            .map_err(StoreError::from)
            .and_then(|value| u64::try_from(value).map_err(|_| StoreError::Corrupt(format!("meta {key}"))))
    };
    let small = |key: &str| -> Result<u32, StoreError> {
        u32::try_from(value(key)?).map_err(|_| StoreError::Corrupt(format!("meta {key}")))
    };
    Ok(Meta {
        epoch: value("epoch")?,
        schema: small("schema")?,
        min_reader: small("min_reader")?,
        min_writer: small("min_writer")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of this release and one more.
    fn with_next(min_reader: u32, min_writer: u32) -> Vec<Migration> {
        let sql = "ALTER TABLE chain ADD COLUMN note TEXT;";
        MIGRATIONS.iter().copied().chain([Migration { sql, min_reader, min_writer }]).collect()
    }

    #[test]
    fn a_file_of_the_first_release_gets_an_archive() {
        let mut file = Connection::open_in_memory().unwrap();
        let first = Meta { epoch: 1, schema: 1, min_reader: 1, min_writer: 1 };
        assert_eq!(migrate_with(&mut file, &MIGRATIONS[..1]).unwrap(), first);
        assert!(file.prepare("SELECT * FROM archive").is_err());
        assert_eq!(migrate(&mut file).unwrap(), Meta { schema: 2, ..first });
        assert!(file.prepare("SELECT owner, ver, digest, bytes FROM archive").is_ok());
        // The release before may still come in: nothing is archived.
        assert!(migrate_with(&mut file, &MIGRATIONS[..1]).is_ok());
    }

    #[test]
    fn an_older_file_becomes_a_newer_one() {
        let mut file = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut file).unwrap(), Meta { epoch: 1, schema: 2, min_reader: 1, min_writer: 1 });
        file.execute("UPDATE meta SET value = 7 WHERE key = 'epoch'", []).unwrap();
        let newer = Meta { epoch: 7, schema: 3, min_reader: 1, min_writer: 3 };
        for _ in 0..2 {
            assert_eq!(migrate_with(&mut file, &with_next(1, 3)).unwrap(), newer);
        }
        file.execute("INSERT INTO chain(name, note) VALUES ('a', 'b')", []).unwrap();
    }

    #[test]
    fn a_newer_file_says_who_may() {
        for (min_reader, min_writer, may) in
            [(1, 1, true), (2, 2, true), (1, 3, false), (3, 3, false), (3, 1, false)]
        {
            let mut file = Connection::open_in_memory().unwrap();
            migrate_with(&mut file, &with_next(min_reader, min_writer)).unwrap();
            let told = migrate(&mut file);
            if may {
                assert_eq!(told.unwrap().schema, 3);
            } else {
                let schema = 3;
                assert_eq!(told, Err(StoreError::TooNew { schema, min_reader, min_writer, ours: 2 }));
            }
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_the_file_as_it_was() {
        let mut file = Connection::open_in_memory().unwrap();
        let before = migrate(&mut file).unwrap();
        let mut broken = with_next(1, 1);
        broken[2].sql = "CREATE TABLE half(a INTEGER) STRICT; ALTER TABLE nowhere ADD COLUMN note TEXT;";
        assert!(migrate_with(&mut file, &broken).is_err());
        assert_eq!(migrate(&mut file).unwrap(), before);
        assert!(file.prepare("SELECT * FROM half").is_err());
    }

    #[test]
    fn the_file_of_something_else_is_left_alone() {
        let mut file = Connection::open_in_memory().unwrap();
        file.execute_batch("CREATE TABLE theirs(a INTEGER)").unwrap();
        assert!(matches!(migrate(&mut file), Err(StoreError::Refused(_))));
    }
}
