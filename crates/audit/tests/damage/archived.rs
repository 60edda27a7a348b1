//! A life whose bodies lie in the archive balances as it did before; damage to either half of a row is found.

use rusqlite::Connection;
use suanpan_audit::{Code, audit};
use suanpan_ledger::codec::{decode_archived, decode_entry, encode_archived, encode_entry, is_archived};
use suanpan_ledger::{Archived, Entry, EntryKey};
use suanpan_store::{Cursor, Store};
use suanpan_store_embedded::{EmbeddedStore, check};

use crate::planted::differs;
use crate::scratch::{Scratch, copy_of_a_life};
use crate::till::{CHAIN, START_MS, back, checkout, member};

/// Moves every body that may move, and says how many that were.
async fn archive(store: &EmbeddedStore) -> u32 {
    let mut moved = 0;
    for who in ["anna", "bert", "carla", "dora"] {
        let mut after = Cursor::default();
        loop {
            let before_ms = START_MS + 86_400_000;
            let rows = store.archive(CHAIN, &member(who), before_ms, &after, 5).await.expect("a write");
            moved += rows.moved;
            let Some(next) = rows.next else { break };
            after = next;
        }
    }
    moved
}

#[tokio::test]
async fn an_archived_life_balances() {
    let scratch = Scratch::new();
    let file = scratch.file("life.db");
    copy_of_a_life(&file).await;
    let store = EmbeddedStore::open(&file).expect("a store");
    let before = audit(&store, None, |_| {}).await.expect("a report");
    let moved = archive(&store).await;
    assert!(moved >= 10, "{moved} bodies moved");
    let after = audit(&store, None, |_| {}).await.expect("a report");
    assert!(after.balances(), "{after}");
    assert_eq!(after.counts, before.counts);
    // A copy has both halves, and says from which release on it can be read.
    let copy = scratch.file("copy.db");
    store.backup(&copy).expect("a copy");
    let meta = check(&copy).expect("a sound copy").meta;
    assert_eq!((meta.min_reader, meta.min_writer), (2, 2));
}

/// The file, open for damage.
struct File(Connection);

impl File {
    fn run(&self, sql: &str, values: impl rusqlite::Params) {
        assert_eq!(self.0.execute(sql, values).expect("a statement"), 1, "{sql}");
    }

    /// What stays of a row, with the number of its place, and of its body in the archive.
    fn halves(&self, who: &str, key: EntryKey) -> (i64, Archived, i64) {
        let (place, lying, owner): (i64, Vec<u8>, i64) = self
            .0
            .query_row(
                "SELECT b.id, b.bytes, e.owner FROM entry e JOIN entry_body b ON b.id = e.body
                 JOIN head h ON h.id = e.owner WHERE h.name = ?1 AND e.key = ?2",
                (who, key.to_bytes()),
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .expect("a row");
        assert!(is_archived(&lying), "{key:?} is not archived");
        let stays = decode_archived(&lying).expect("what stays");
        let version = i64::try_from(stays.version).expect("a small version");
        let body = self
            .0
            .query_row(
                "SELECT id FROM archive WHERE owner = ?1 AND ver = ?2 AND digest = ?3",
                (owner, version, stays.digest),
                |row| row.get(0),
            )
            .expect("its body");
        (place, stays, body)
    }

    fn stays(&self, who: &str, key: EntryKey, damage: impl FnOnce(&mut Archived)) {
        let (place, mut stays, _) = self.halves(who, key);
        damage(&mut stays);
        self.run("UPDATE entry_body SET bytes = ?1 WHERE id = ?2", (encode_archived(&stays), place));
    }

    fn body(&self, who: &str, key: EntryKey, damage: impl FnOnce(&mut Entry)) {
        let (.., id) = self.halves(who, key);
        let bytes: Vec<u8> = self
            .0
            .query_row("SELECT bytes FROM archive WHERE id = ?1", [id], |row| row.get(0))
            .expect("a body");
        let mut entry = decode_entry(&bytes).expect("a sound body");
        damage(&mut entry);
        self.run("UPDATE archive SET bytes = ?1 WHERE id = ?2", (encode_entry(&entry), id));
    }
}

fn sale() -> EntryKey {
    EntryKey::Checkout(checkout(1))
}

fn returned() -> EntryKey {
    EntryKey::Return(checkout(1), back(1))
}

type Damage = (&'static str, &'static [Code], fn(&File));

const DAMAGES: &[Damage] = &[
    ("a total that stays", &[Code::ArchiveDiffers], |file| {
        file.stays("anna", sale(), |stays| stays.sale.as_mut().expect("totals").due_minor += 1);
    }),
    ("a quantity that stays", &[Code::ArchiveDiffers], |file| {
        file.stays("anna", returned(), |stays| {
            stays.returned.as_mut().expect("totals").quantities[0].1 += 1;
        });
    }),
    ("a hash that stays", &[Code::ArchiveDiffers], |file| {
        file.stays("anna", sale(), |stays| stays.content_hash = Some([0x77; 32]));
    }),
    ("an answer in the archive", &[Code::ArchiveDiffers], |file| {
        file.body("anna", sale(), |entry| entry.answer = b"another".to_vec());
    }),
    ("money in the archive", &[Code::ArchiveDiffers], |file| {
        file.body("anna", returned(), |entry| {
            entry.returned.as_mut().expect("a return").refund_minor += 1;
        });
    }),
    ("a return that is gone from the archive", &[Code::RowUnreadable], |file| {
        let (.., body) = file.halves("anna", returned());
        file.run("DELETE FROM archive WHERE id = ?1", [body]);
    }),
];

#[tokio::test]
async fn damage_to_either_half_is_found_and_named() {
    let mut wrong = Vec::new();
    for (name, codes, damage) in DAMAGES {
        let scratch = Scratch::new();
        let path = scratch.file("damaged.db");
        copy_of_a_life(&path).await;
        let store = EmbeddedStore::open(&path).expect("a store");
        archive(&store).await;
        drop(store);
        damage(&File(Connection::open(&path).expect("a file")));
        let store = EmbeddedStore::open(&path).expect("a store");
        let report = audit(&store, None, |_| {}).await.expect("a report");
        wrong.extend(differs(name, codes, &report));
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), DAMAGES.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_copy_without_an_archived_body_is_not_whole() {
    let scratch = Scratch::new();
    let path = scratch.file("damaged.db");
    copy_of_a_life(&path).await;
    let store = EmbeddedStore::open(&path).expect("a store");
    archive(&store).await;
    drop(store);
    check(&path).expect("a sound file");
    let file = File(Connection::open(&path).expect("a file"));
    let (.., body) = file.halves("anna", sale());
    file.run("DELETE FROM archive WHERE id = ?1", [body]);
    drop(file);
    let error = check(&path).expect_err("a body is missing");
    assert!(error.to_string().contains("1 archived rows without their body"), "{error}");
}
