//! Tables, how an older keyspace becomes a newer one, and what the store says of itself.

mod change;
mod home;

use std::time::{SystemTime, UNIX_EPOCH};

use scylla::client::session::Session;
use suanpan_store::{Meta, StoreError};

use crate::error::{ConnectError, damaged};
use crate::options::{Levels, Options, Replication};
use crate::session;

/// The schema that this release writes.
pub(crate) const SCHEMA: u32 = 6;
/// The first schema whose release reads archived rows. From the first body that moves on no earlier one may come in.
pub(crate) const ARCHIVE_SINCE: u32 = 4;
/// The first schema whose release finds shards of limits that others handed over to. From the first one on no earlier one may
/// come in.
pub(crate) const HANDOVER_SINCE: u32 = 5;
/// The first schema whose release finds events in buckets. From the first one on no earlier one may come in.
pub(crate) const BUCKETS_SINCE: u32 = 6;

/// What makes a keyspace of schema `n` one of schema `n + 1`, from 0. Append only: keyspaces that exist have run the old
/// ones. Every statement may run twice, as it does when a migration is interrupted.
const MIGRATIONS: &[Migration] = &[
    Migration { cql: include_str!("../migrations/0001_first.cql"), min_reader: 1, min_writer: 1 },
    Migration { cql: include_str!("../migrations/0002_guest_debts.cql"), min_reader: 1, min_writer: 1 },
    Migration { cql: include_str!("../migrations/0003_away.cql"), min_reader: 1, min_writer: 1 },
    Migration { cql: include_str!("../migrations/0004_archive.cql"), min_reader: 1, min_writer: 1 },
    Migration { cql: include_str!("../migrations/0005_handover.cql"), min_reader: 1, min_writer: 1 },
    Migration { cql: include_str!("../migrations/0006_outbox_buckets.cql"), min_reader: 1, min_writer: 1 },
];

const _: () = assert!(MIGRATIONS.len() == SCHEMA as usize);

struct Migration {
    cql: &'static str,
    /// The oldest release, by its schema, that understands what this one leaves behind.
    min_reader: u32,
    /// The oldest release, by its schema, that may still write into it.
    min_writer: u32,
}

/// Where the store says of itself what it is; made before the first migration, which is noted in it.
const META: &str = "CREATE TABLE IF NOT EXISTS meta (key text PRIMARY KEY, value text)";

/// Brings a keyspace to this release's schema; makes it when there is none. Safe to repeat, and while others run: what is
/// running goes on as long as the new schema lets it. What passes, such as a broken connection or somebody else's change at
/// the same moment, is waited out: each statement is repeated for two minutes.
///
/// # Errors
/// [`ConnectError`]; [`StoreError::TooNew`] in it when a newer release was here.
pub async fn migrate(options: &Options) -> Result<Meta, ConnectError> {
    check_keyspace(&options.keyspace)?;
    let session = session::connect_to_change(options, None).await?;
    let replication = match &options.replication {
        Replication::Nodes(copies) => format!("'class': 'SimpleStrategy', 'replication_factor': {copies}"),
        Replication::DataCentres(centres) => {
            let centres: Vec<String> = centres
                .iter()
                .map(|(name, copies)| format!("'{}': {copies}", name.replace('\'', "''")))
                .collect();
            format!("'class': 'NetworkTopologyStrategy', {}", centres.join(", "))
        }
    };
    let keyspace = &options.keyspace;
    let make = format!("CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{{replication}}}");
    change::change(&session, &make).await?;
    change::enter(&session, keyspace).await?;
    change::change(&session, META).await?;
    home::check_new(&session, options).await?;
    set_once(&session, "epoch", "1").await?;
    set_once(&session, "levels", options.levels.name()).await?;
    let before = read(&session, options.levels).await?;
    check(&before)?;
    home::keep(&session, options).await?;
    for migration in &MIGRATIONS[before.schema as usize..] {
        for statement in statements(migration.cql) {
            if adds_column(&statement) {
                change::add_column(&session, &keyspace.to_lowercase(), &statement).await?;
            } else {
                change::change(&session, &statement).await?;
            }
        }
    }
    if let Some(newest) = MIGRATIONS.last().filter(|_| before.schema < SCHEMA) {
        // Who was kept out, as by the first archived body, stays so. The schema comes last: who sees it sees all of it.
        for (key, value) in [
            ("min_reader", newest.min_reader.max(before.min_reader)),
            ("min_writer", newest.min_writer.max(before.min_writer)),
            ("schema", SCHEMA),
        ] {
            let set = format!("UPDATE meta SET value = '{value}' WHERE key = '{key}' IF EXISTS");
            change::query(&session, &set).await?;
            set_once(&session, key, &value.to_string()).await?;
        }
    }
    read(&session, options.levels).await
}

/// After a keyspace was restored from a copy, while nothing runs on it: raises the epoch, so that nothing that is remembered
/// from after the copy counts as newer, and empties the feed. Repeated, the epoch rises once more, which does no harm. By the
/// clock of this machine, so that one copy that is restored twice gives two epochs, and the later one is the higher: versions
/// and events of the life in between do not come again with other content.
///
/// # Errors
/// [`ConnectError`]; [`ConnectError::Old`] where there is no store of this release's schema.
pub async fn after_restore(options: &Options) -> Result<Meta, ConnectError> {
    check_keyspace(&options.keyspace)?;
    let session = session::connect_to_change(options, Some(&options.keyspace)).await?;
    let Meta { epoch, .. } = found(&session, options).await?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let next = (epoch + 1).max(seconds);
    let raise = format!("UPDATE meta SET value = '{next}' WHERE key = 'epoch' IF value = '{epoch}'");
    change::query(&session, &raise).await?;
    change::query(&session, "TRUNCATE feed").await?;
    read(&session, options.levels).await
}

/// What a running process finds.
pub(crate) async fn found(session: &Session, options: &Options) -> Result<Meta, ConnectError> {
    let old = |schema| ConnectError::Old { keyspace: options.keyspace.clone(), schema, ours: SCHEMA };
    let meta = read(session, options.levels).await.map_err(|error| match error {
        // Without the table there was no migration.
        ConnectError::Statement { source, .. } if source.to_string().contains("meta") => old(0),
        error => error,
    })?;
    check(&meta)?;
    if meta.schema < SCHEMA {
        return Err(old(meta.schema));
    }
    home::check(session, options).await?;
    Ok(meta)
}

fn check(meta: &Meta) -> Result<(), StoreError> {
    if meta.min_reader > SCHEMA || meta.min_writer > SCHEMA {
        let Meta { schema, min_reader, min_writer, .. } = *meta;
        return Err(StoreError::TooNew { schema, min_reader, min_writer, ours: SCHEMA });
    }
    Ok(())
}

async fn read(session: &Session, levels: Levels) -> Result<Meta, ConnectError> {
    let result = change::look(session, "SELECT key, value FROM meta", levels.regular()).await?;
    let unreadable = |error: &dyn std::fmt::Display| damaged(format!("meta: {error}"));
    let result = result.into_rows_result().map_err(|error| unreadable(&error))?;
    let rows = result.rows::<(String, Option<String>)>().map_err(|error| unreadable(&error))?;
    let mut meta = Meta { epoch: 1, schema: 0, min_reader: 0, min_writer: 0 };
    for row in rows {
        let (key, value) = row.map_err(|error| unreadable(&error))?;
        let value = value.unwrap_or_default();
        let number = || value.parse::<u32>().map_err(|_| damaged(format!("meta {key}: {value}")));
        match key.as_str() {
            "epoch" => meta.epoch = value.parse().map_err(|_| damaged(format!("meta {key}: {value}")))?,
            "schema" => meta.schema = number()?,
            "min_reader" => meta.min_reader = number()?,
            "min_writer" => meta.min_writer = number()?,
            "levels" if value != levels.name() => {
                return Err(ConnectError::Levels { theirs: value, ours: levels.name() });
            }
            // A newer release may say more of itself; whether we may come in stands above.
            _ => {}
        }
    }
    Ok(meta)
}

async fn set_once(session: &Session, key: &str, value: &str) -> Result<(), ConnectError> {
    let text = format!("INSERT INTO meta (key, value) VALUES ('{key}', '{value}') IF NOT EXISTS");
    // What a conditional write answers does not matter: whoever was first said the same.
    change::query(session, &text).await.map(drop)
}

/// A keyspace's name goes into texts as it is.
pub(crate) fn check_keyspace(name: &str) -> Result<(), ConnectError> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if letters && name.len() <= 48 && name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Ok(());
    }
    Err(ConnectError::Keyspace(name.to_owned()))
}

/// Whether a statement adds a column to a table, which cannot be said so that it may run twice.
fn adds_column(statement: &str) -> bool {
    statement.starts_with("ALTER TABLE ") && statement.contains(" ADD ")
}

/// The statements of a migration, without comments.
fn statements(cql: &str) -> Vec<String> {
    let text: String =
        cql.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
    text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_may_run_twice() {
        for migration in MIGRATIONS {
            let statements = statements(migration.cql);
            assert!(!statements.is_empty());
            for statement in statements {
                // An option may be set as often as one likes. A column cannot be added so on both servers: `change` looks
                // whether it is there, one at a time.
                let sets_option = statement.starts_with("ALTER TABLE ") && statement.contains(" WITH ");
                let adds_one = adds_column(&statement) && !statement.contains(',');
                let makes_table = statement.starts_with("CREATE TABLE IF NOT EXISTS ");
                assert!(sets_option || adds_one || makes_table, "{statement}");
                // Names that one of the two servers alone knows.
                for alone in [
                    "tablets",
                    "MATERIALIZED",
                    "INDEX",
                    "IncrementalCompaction",
                    "UnifiedCompaction",
                    "paxos_",
                ] {
                    assert!(!statement.contains(alone), "{alone} in {statement}");
                }
            }
            assert!(migration.min_reader <= SCHEMA && migration.min_writer <= SCHEMA);
        }
    }

    #[test]
    fn keyspaces_have_plain_names() {
        for (name, fine) in [
            ("suanpan", true),
            ("a_1", true),
            ("", false),
            ("1a", false),
            ("a-b", false),
            ("a; DROP KEYSPACE b", false),
            (&"x".repeat(49), false),
        ] {
            assert_eq!(check_keyspace(name).is_ok(), fine, "{name}");
        }
    }
}
