//! Bytes of heads and rows: golden ones, those of another format, and any at all.

use proptest::prelude::*;
use suanpan_ledger::codec::{DecodeError, decode_entry, decode_head, encode_entry, encode_head, head_bytes};
use suanpan_ledger::{EntryKey, Head};

use crate::policy_words::policy_of;
use crate::script::Script;

/// A member with something of everything.
fn full() -> Script {
    let mut script = Script::new(policy_of(
        "expire 12, delay 14, review 9, birthday 7, referral 30, days 30, tier base, tier silver spend 50 valid 12",
    ));
    for step in [
        "enrol birthday 02-29 by m2",
        "adjust 300 until 2026-06-01",
        "adjust 20 until 2026-03-01",
        "grant c1 until 2026-02-01",
        "grant c2",
        "activity o5",
        "confirm S1 line 3x20+5+2&1x19 line 1500g777+0+9 points 15 use o1/2 cash 2 brings o3 first",
        "work",
        "fact S2 pays 10 points 900 worth 9 coupon c9",
        "return R1 of S1 L1[0] L2=500",
        "confirm S3 pays 70 earns 7",
        "park S3",
        "adjust 5000",
        "reserve S4 pays 70 points 40 worth 40 coupon c2 use o1/2 use o7/3",
        "lock m3",
        "send 7",
    ] {
        let outcome = script.step(step);
        assert!(!outcome.starts_with("refused"), "{step}: {outcome}");
    }
    script
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_bytes() {
    let script = full();
    let mut lines = vec![format!("head {}", hex(&encode_head(&script.world.head)))];
    lines.extend(script.world.rows.values().map(|row| format!("row {}", hex(&encode_entry(row)))));
    let text = lines.join("\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ledger/golden-1.txt");
    let golden = std::fs::read_to_string(path).expect("the bytes of format 1");
    assert_eq!(text, golden, "format 1 has changed: write a new format, and go on reading this one");
    for line in golden.lines() {
        let (kind, hex) = line.split_once(' ').expect("a kind");
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        match kind {
            "head" => assert_eq!(decode_head(&bytes).as_ref(), Ok(&script.world.head)),
            _ => assert!(decode_entry(&bytes).is_ok()),
        }
    }
}

#[test]
fn what_is_no_head() {
    let head = encode_head(&full().world.head);
    assert_eq!(head_bytes(&full().world.head), head.len());
    let changed = |place: usize, byte: u8| {
        let mut bytes = head.clone();
        bytes[place] = byte;
        bytes
    };
    let mut longer = head.clone();
    longer.push(0);
    for (bytes, expected) in [
        (vec![], "there are no bytes"),
        (changed(0, 2), "damaged: a row, archived, and no head"),
        (changed(0, 0), "damaged: there is no format 0"),
        (longer, "damaged: decode error: something stands behind the end"),
        (vec![1, 0xa0], "damaged: decode error: a map has to be of open length"),
        (vec![1, 0xbf, 1, 1, 1, 1, 0xff], "damaged: decode error: fields do not ascend"),
        (vec![1, 0xbf, 0x18, 99, 1, 0xff], "damaged: decode error: an unknown field of a head"),
        (vec![1, 0xbf, 4, 9, 0xff], "damaged: no status"),
        (
            vec![1, 0xbf, 4, 2, 10, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            "damaged: decode error: a list is cut off",
        ),
        (vec![1, 0xbf, 4, 2, 10, 0x83, 9, 5, 0, 0xff], "it contradicts itself: points do not balance"),
        (vec![1, 0xbf, 4, 2, 12, 0x20, 0xff], "it contradicts itself"),
    ] {
        let error = decode_head(&bytes).expect_err("is no head");
        assert!(error.to_string().starts_with(expected), "{bytes:?}: {error}");
    }
    for cut in 0..head.len() {
        assert!(decode_head(&head[..cut]).is_err(), "cut off at {cut}");
    }
    assert_eq!(decode_entry(&[3]), Err(DecodeError::Newer { format: 3 }));
    assert!(decode_entry(&[1, 0xbf, 0xff]).expect_err("no key").to_string().contains("no key"));
}

proptest! {
    #![proptest_config(crate::cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let with_format = [&[1], bytes.as_slice()].concat();
        for bytes in [&bytes, &with_format] {
            let _ = EntryKey::from_bytes(bytes);
            let _ = decode_entry(bytes);
            if let Ok(head) = decode_head(bytes) {
                prop_assert_eq!(decode_head(&encode_head(&head)), Ok(head));
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn damaged_bytes_are_read_or_refused(flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4)) {
        use std::sync::LazyLock;
        static ALL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
            let world = full().world;
            std::iter::once(encode_head(&world.head)).chain(world.rows.values().map(encode_entry)).collect()
        });
        for bytes in ALL.iter() {
            let mut bytes = bytes.clone();
            for (place, byte) in &flips {
                let place = place % bytes.len();
                bytes[place] = *byte;
            }
            if let Ok(entry) = decode_entry(&bytes) {
                prop_assert_eq!(decode_entry(&encode_entry(&entry)), Ok(entry));
            }
            if let Ok(head) = decode_head(&bytes) {
                prop_assert_eq!(decode_head(&encode_head(&head)), Ok(head));
            }
        }
    }
}

#[test]
fn a_typical_member_is_small() {
    let mut script = Script::new(policy_of("expire 12"));
    for step in
        ["enrol", "grant c1", "confirm S1 pays 100 earns 1", "work", "confirm S2 pays 100 earns 1", "work"]
    {
        script.step(step);
    }
    let bytes = head_bytes(&script.world.head);
    assert!(bytes < 200, "{bytes}");
    assert!(head_bytes(&Head::guest()) < 8);
}
