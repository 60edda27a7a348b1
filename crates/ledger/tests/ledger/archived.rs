//! What stays of archived rows: which rows may move, what is left of them, and its bytes.

use std::sync::Arc;

use proptest::prelude::*;
use suanpan_domain::ReturnId;
use suanpan_ledger::archive::{Archived, ReturnTotals, SaleTotals};
use suanpan_ledger::codec::{
    DecodeError, decode_archived, decode_entry, encode_archived, encode_entry, is_archived,
};
use suanpan_ledger::sale::{Returned, ReturnedLine, Sale, SaleLine};
use suanpan_ledger::{Actor, Entry, EntryKey, State, Verb};

const WRITTEN_MS: i64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z

/// A paid and accrued sale with a line and an answer.
fn sold() -> Entry {
    let line =
        SaleLine { id: "1".to_owned(), sku: "tea".to_owned(), quantity_milli: 3_000, ..SaleLine::default() };
    let sale = Sale {
        lines: vec![line],
        due_minor: 1_000,
        cash_rounding_minor: -1,
        points_used: 20,
        points_value_minor: 200,
        points_earned: 10,
        qualifying_minor: 800,
        ..Sale::default()
    };
    Entry {
        key: EntryKey::Checkout("0198c0de-7a10-7000-8000-0000000000a1".parse().expect("an id")),
        state: State::Confirmed,
        verb: Verb::Sale,
        version: 7,
        written_ms: WRITTEN_MS,
        reserve_hash: Some([0x11; 32]),
        content_hash: Some([0x22; 32]),
        actor: Actor::default(),
        until_ms: 0,
        sale: Some(Arc::new(sale)),
        returned: None,
        answer: vec![0xaa; 300],
        movements: Vec::new(),
        accrued_version: 8,
        overruns: Vec::new(),
        emits: Vec::new(),
        other: None,
        note: String::new(),
    }
}

fn came_back() -> Entry {
    let line = |line, quantity_milli| ReturnedLine {
        line,
        quantity_milli,
        units: Vec::new(),
        refund_minor: 0,
        tax_minor: 0,
        points_value_minor: 0,
        points_earned: 0,
    };
    let returned = Returned {
        lines: vec![line(0, 1_000), line(2, -500)],
        refund_minor: 334,
        tax_minor: 53,
        points_restored: 6,
        points_taken_back: 4,
        qualifying_minor: 270,
        ..Returned::default()
    };
    let EntryKey::Checkout(checkout) = sold().key else { panic!("a sale") };
    Entry {
        key: EntryKey::Return(checkout, ReturnId::from_bytes([9; 16])),
        state: State::Done,
        verb: Verb::Return,
        sale: None,
        returned: Some(Box::new(returned)),
        reserve_hash: None,
        ..sold()
    }
}

#[test]
fn which_rows_may_move() {
    type Change = fn(&mut Entry);
    let table: [(&str, Change, i64, bool); 9] = [
        ("an old sale", |_| {}, WRITTEN_MS + 1, true),
        ("one of that very instant", |_| {}, WRITTEN_MS, false),
        ("one that is held", |row| row.state = State::Reserved, i64::MAX, false),
        ("one that waits for a person", |row| row.state = State::Parked, i64::MAX, false),
        ("one that waits for its accrual", |row| row.accrued_version = 0, i64::MAX, false),
        (
            "one that was given up, and says nothing",
            |row| {
                (row.state, row.sale, row.answer) = (State::Cancelled, None, Vec::new());
            },
            i64::MAX,
            false,
        ),
        ("a return", |row| *row = came_back(), i64::MAX, true),
        (
            "a change by hand with a long answer",
            |row| {
                (row.key, row.verb, row.sale) = (EntryKey::Request([5; 16]), Verb::Adjust, None);
            },
            i64::MAX,
            true,
        ),
        (
            "what time brought",
            |row| {
                let blank = Entry {
                    sale: None,
                    answer: Vec::new(),
                    reserve_hash: None,
                    content_hash: None,
                    ..sold()
                };
                *row = Entry { key: EntryKey::Time(7), verb: Verb::Time, state: State::Done, ..blank };
            },
            i64::MAX,
            false,
        ),
    ];
    for (what, change, before_ms, moves) in table {
        let mut row = sold();
        change(&mut row);
        let body = encode_entry(&row);
        let stays = Archived::of(&body, before_ms).expect("a row");
        assert_eq!(stays.is_some(), moves, "{what}");
        let Some(stays) = stays else { continue };
        let bytes = encode_archived(&stays);
        assert!(is_archived(&bytes) && !is_archived(&body) && bytes.len() < body.len(), "{what}");
        assert_eq!(decode_archived(&bytes).as_ref(), Ok(&stays), "{what}");
        assert_eq!(stays.entry(&body).as_ref(), Ok(&row), "{what}");
        assert_eq!((stays.key, stays.state, stays.year()), (row.key, row.state, 2026), "{what}");
    }
}

#[test]
fn what_stays() {
    let of = |row: &Entry| Archived::of(&encode_entry(row), i64::MAX).expect("a row").expect("it moves");
    let totals = SaleTotals {
        due_minor: 1_000,
        cash_rounding_minor: -1,
        points_used: 20,
        points_value_minor: 200,
        points_earned: 10,
        qualifying_minor: 800,
    };
    let sale = of(&sold());
    assert_eq!((sale.sale, &sale.returned), (Some(totals), &None));
    assert_eq!((sale.reserve_hash, sale.content_hash), (Some([0x11; 32]), Some([0x22; 32])));
    let totals = ReturnTotals {
        quantities: vec![(0, 1_000), (2, -500)],
        refund_minor: 334,
        tax_minor: 53,
        points_restored: 6,
        points_taken_back: 4,
        qualifying_minor: 270,
    };
    let back = of(&came_back());
    assert_eq!((back.sale, back.returned), (None, Some(totals)));
}

#[test]
fn another_body_is_not_taken_for_it() {
    let (row, body) = (sold(), encode_entry(&sold()));
    let stays = Archived::of(&body, i64::MAX).expect("a row").expect("it moves");
    let other = Entry { answer: vec![0xab; 300], ..row };
    assert!(matches!(stays.entry(&encode_entry(&other)), Err(DecodeError::Damaged { .. })));
    assert!(stays.entry(&encode_archived(&stays)).is_err(), "what stays is no body");
    assert!(Archived::of(&encode_archived(&stays), i64::MAX).is_err());
    assert_eq!(decode_entry(&encode_archived(&stays)), Err(DecodeError::Newer { format: 2 }));
    let year = |written_ms| Archived { written_ms, ..stays.clone() }.year();
    assert_eq!((year(WRITTEN_MS - 1), year(WRITTEN_MS), year(0)), (2025, 2026, 1970));
}

/// By hand, after the page on the format.
#[test]
fn its_bytes() {
    let mut expected = vec![2, 0xbf, 0x00, 0x51, 2];
    expected.extend([5; 16]); // the key of a request
    expected.extend([0x01, 5, 0x02, 4, 0x03, 7, 0x04, 0x19, 0x03, 0xe8]); // done, adjusted, version 7, at 1,000 ms
    expected.extend([0x06, 0x58, 32]);
    expected.extend([0x22; 32]);
    expected.extend([0x0a, 0x85, 1, 2, 3, 4, 0x20, 0x0b, 0x82, 6, 0x18, 100]); // totals to -1; line 6, 100 thousandths
    expected.extend([0x0d, 8, 0x12, 0x50]);
    expected.extend([0x33; 16]);
    expected.push(0xff);
    let stays = Archived {
        key: EntryKey::Request([5; 16]),
        state: State::Done,
        verb: Verb::Adjust,
        version: 7,
        written_ms: 1_000,
        reserve_hash: None,
        content_hash: Some([0x22; 32]),
        sale: None,
        returned: Some(ReturnTotals {
            quantities: vec![(6, 100)],
            refund_minor: 1,
            tax_minor: 2,
            points_restored: 3,
            points_taken_back: 4,
            qualifying_minor: -1,
        }),
        accrued_version: 8,
        digest: [0x33; 16],
    };
    assert_eq!(encode_archived(&stays), expected);
    assert_eq!(decode_archived(&expected), Ok(stays));
    for cut in 0..expected.len() {
        assert!(decode_archived(&expected[..cut]).is_err(), "cut off at {cut}");
    }
    expected.push(0);
    assert!(decode_archived(&expected).is_err(), "something stands behind the end");
    assert_eq!(decode_archived(&[3]), Err(DecodeError::Newer { format: 3 }));
    assert!(decode_archived(&[1, 0xbf, 0xff]).is_err(), "a whole row");
    assert!(decode_archived(&[2, 0xbf, 0xff]).is_err(), "no key");
}

proptest! {
    #![proptest_config(crate::cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let with_format = [&[2, 0xbf], bytes.as_slice()].concat();
        for bytes in [&bytes, &with_format] {
            if let Ok(stays) = decode_archived(bytes) {
                prop_assert_eq!(decode_archived(&encode_archived(&stays)), Ok(stays));
            }
        }
    }
}
