//! The published examples: read as the format says, in balance, and harmless when bytes are turned over.

use suanpan_domain::MemberId;
use suanpan_store::{Owner, RawEntry, RawHead};

use super::Account;
use crate::decode::{Row, read_head, read_row};

const GOLDEN: &str = include_str!("../../../ledger/tests/ledger/golden-1.txt");

fn bytes(line: &str) -> Vec<u8> {
    let digits = line.split_once(' ').expect("a kind and digits").1.as_bytes();
    let byte =
        |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits");
    digits.chunks(2).map(byte).collect()
}

/// The member of the examples, in the order of a walk.
fn member() -> (RawHead, Vec<RawEntry>) {
    let mut lines = GOLDEN.lines();
    let head = bytes(lines.next().expect("a head"));
    let read = read_head(&head).expect("a head that can be read");
    let head = RawHead {
        chain: "chain".to_owned(),
        owner: Owner::Member(MemberId::new("m1").expect("a name")),
        epoch: read.epoch,
        version: read.version,
        as_of_ms: read.as_of_ms,
        due_at_ms: Some(0),
        bytes: head,
    };
    let rows = lines.map(|line| {
        let bytes = bytes(line);
        let mut row = Row::default();
        read_row(&bytes, &mut row).expect("a row that can be read");
        RawEntry {
            key: row.key.as_bytes().to_vec(),
            state: row.state,
            version: row.version,
            bytes,
            stays: None,
        }
    });
    let mut rows: Vec<RawEntry> = rows.collect();
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    (head, rows)
}

fn prove(account: &mut Account, head: &RawHead, rows: &[RawEntry]) {
    account.begin(head);
    rows.iter().for_each(|row| account.row(row));
    account.end();
}

#[test]
fn the_examples_balance() {
    let (head, rows) = member();
    let mut account = Account::default();
    // Twice: what the first time left in memory says nothing the second time.
    for _ in 0..2 {
        prove(&mut account, &head, &rows);
        let wrong: Vec<String> = account
            .wrong
            .iter()
            .map(|wrong| format!("{} {}: {}", wrong.code, wrong.subject, wrong.text))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    assert_eq!(account.counts.entries, rows.len() as u64);
}

/// Points to announce are part of the lots.
#[test]
fn a_head_with_points_to_announce() {
    let mut bytes =
        bytes(&format!("head {}", include_str!("../../../ledger/tests/ledger/golden-3.txt").trim_end()));
    let head = read_head(&bytes).expect("a head that can be read");
    let lots: Vec<_> = head.lots.iter().map(|lot| (lot.expires_s, lot.points)).collect();
    // 20 March and 10 April 2026.
    assert_eq!(lots, [(1_773_964_800, 6), (1_775_779_200, 305)]);
    assert_eq!(head.balance(), 311);
    bytes[0] = 1;
    assert!(read_head(&bytes).is_err(), "format 1 has no such field");
}

#[test]
fn no_bytes_are_too_odd() {
    let (head, rows) = member();
    let mut account = Account::default();
    let (mut unread, mut odd) = (0, 0);
    for place in 0..head.bytes.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut damaged = head.clone();
            damaged.bytes[place] ^= flip;
            prove(&mut account, &damaged, &rows);
            unread += usize::from(read_head(&damaged.bytes).is_err());
            odd += usize::from(!account.wrong.is_empty());
        }
    }
    for (number, row) in rows.iter().enumerate() {
        for place in 0..row.bytes.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut damaged = rows.clone();
                damaged[number].bytes[place] ^= flip;
                prove(&mut account, &head, &damaged);
                odd += usize::from(!account.wrong.is_empty());
            }
            let mut cut = Row::default();
            assert!(read_row(&row.bytes[..place], &mut cut).is_err(), "{place} bytes of row {number}");
        }
    }
    assert!(unread > 100 && odd > 1_000, "{unread} heads unread, {odd} found");
}
