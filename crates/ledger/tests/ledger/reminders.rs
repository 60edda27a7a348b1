//! Points that lapse soon are announced: every one once, ahead, or at once when it comes later than that.

use suanpan_ledger::codec::{decode_head, encode_head};
use suanpan_ledger::limits::LOTS_MAX;
use suanpan_ledger::{Action, Applied};

use crate::life::{deliver, lived, owed};
use crate::script::{check, instant};

/// A lot that was announced on 10 March.
const ANNOUNCED: &str = "adjust 5 until 2026-04-10; at 2026-03-10; work";

#[test]
fn every_lot_is_announced_once() {
    let remind = "expire 12, remind 1";
    for (rule, policy, steps, expected) in [
        (
            "a month ahead",
            remind,
            "adjust 5 until 2026-04-10; work",
            "reminded none, due 2026-03-10_00:00".to_owned(),
        ),
        ("once", remind, ANNOUNCED, "reminded 5@2026-04-10_00:00, emits 1, due 2026-04-10_00:00".to_owned()),
        (
            "not again with the lot's other points",
            remind,
            &format!("{ANNOUNCED}; at 2026-03-20; adjust 1 until 2027-01-01; work"),
            "reminded 5@2026-04-10_00:00".to_owned(),
        ),
        (
            "for each lot",
            remind,
            "adjust 5 until 2026-04-10; adjust 6 until 2026-04-11; at 2026-03-12; work",
            "reminded 5@2026-04-10_00:00 6@2026-04-11_00:00, due 2026-04-10_00:00".to_owned(),
        ),
        (
            "one that comes later has its own",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-05-10; work"),
            "reminded 5@2026-04-10_00:00, due 2026-04-10_00:00".to_owned(),
        ),
        (
            "and its time",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-05-10; work; at 2026-04-12; work"),
            "reminded 5@2026-04-10_00:00 6@2026-05-10_00:00".to_owned(),
        ),
        (
            "inside the month, at once",
            remind,
            "adjust 5 until 2026-02-01; work",
            "reminded 5@2026-02-01_00:00, due 2026-02-01_00:00".to_owned(),
        ),
        (
            "points that come with an earlier expiry are due at once",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-03-20"),
            "reminded 5@2026-04-10_00:00, due 2026-02-20_00:00".to_owned(),
        ),
        (
            "and announced",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-03-20; work; at 2026-03-11; work"),
            "reminded 5@2026-04-10_00:00 6@2026-03-20_00:00, due 2026-03-20_00:00".to_owned(),
        ),
        (
            "with the same expiry they alone",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-04-10; work; at 2026-03-11; work"),
            "reminded 5@2026-04-10_00:00 6@2026-04-10_00:00, lots 11@2026-04-10_00:00, due 2026-04-10_00:00"
                .to_owned(),
        ),
        (
            "several, the soonest first",
            remind,
            &format!(
                "{ANNOUNCED}; adjust 6 until 2026-04-01; adjust 7 until 2026-03-20; adjust 1 until 2026-04-01; work"
            ),
            "reminded 5@2026-04-10_00:00 7@2026-03-20_00:00 7@2026-04-01_00:00".to_owned(),
        ),
        (
            // Done on 1 February, so that they lapse when 1 April is over.
            "for an activity of last month",
            "expire 2, remind 1, review 9",
            &format!("{ANNOUNCED}; activity o5 on 2026-02-01; work"),
            "reminded 5@2026-04-10_00:00 10@2026-04-02_00:00".to_owned(),
        ),
        (
            "from another member",
            remind,
            &format!("{ANNOUNCED}; receive 4 until 2026-03-20; work"),
            "reminded 5@2026-04-10_00:00 4@2026-03-20_00:00".to_owned(),
        ),
        (
            // Released on 26 March, lapse when 15 April is over.
            "released late",
            "expire 3, remind 1, delay 70",
            "confirm S1 pays 1 earns 7; work; adjust 5 until 2026-04-20; at 2026-03-20; work; at 2026-03-26; work",
            "reminded 5@2026-04-20_00:00 7@2026-04-16_00:00".to_owned(),
        ),
        (
            "what was spent before comes back",
            remind,
            "adjust 9 until 2026-04-10; confirm S1 pays 1 points 4 worth 4; at 2026-03-10; work; return R1 of S1 all; \
             work",
            "reminded 5@2026-04-10_00:00 4@2026-04-10_00:00, points 9".to_owned(),
        ),
        (
            // They live to the end of the thirtieth day, 9 April.
            "what had lapsed comes back anew",
            remind,
            "adjust 4 until 2026-02-10; adjust 5 until 2026-04-20; confirm S1 pays 1 points 4 worth 4; at 2026-03-20; \
             work; at 2026-03-10; return R1 of S1 all; work",
            "reminded 5@2026-04-20_00:00 4@2026-04-20_00:00".to_owned(),
        ),
        (
            "what was spent at once is not announced",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-03-20; confirm S1 pays 1 points 6 worth 6; work"),
            "reminded 5@2026-04-10_00:00, points 5".to_owned(),
        ),
        (
            "of what was spent in part, the rest",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-03-20; send 4; work"),
            "reminded 5@2026-04-10_00:00 2@2026-03-20_00:00".to_owned(),
        ),
        (
            "what pays a debt is not",
            remind,
            &format!("{ANNOUNCED}; adjust -7; adjust 6 until 2026-03-20; work"),
            "reminded 5@2026-04-10_00:00 4@2026-03-20_00:00".to_owned(),
        ),
        (
            "what has lapsed meanwhile is not",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-03-20; at 2026-03-20; work"),
            "reminded 5@2026-04-10_00:00, expired 6, due 2026-04-10_00:00".to_owned(),
        ),
        (
            "held points are announced, and not for ever",
            remind,
            &format!(
                "{ANNOUNCED}; adjust 6 until 2026-03-20; reserve S1 pays 1 points 6 worth 6 until 2026-06-01; \
                 at 2026-03-21; work"
            ),
            "reminded 5@2026-04-10_00:00, held 6, due 2026-04-10_00:00".to_owned(),
        ),
        (
            "a shorter time ahead counts for what comes from then on",
            "expire 12, remind 2",
            "adjust 5 until 2026-04-10; at 2026-02-10; work; policy expire 12 + remind 1 + version 2; work; \
             adjust 6 until 2026-04-05; work",
            "reminded 5@2026-04-10_00:00, due 2026-03-05_00:00".to_owned(),
        ),
        (
            "and is kept",
            "expire 12, remind 2",
            "adjust 5 until 2026-04-10; at 2026-02-10; work; policy expire 12 + remind 1 + version 2; work; \
             adjust 6 until 2026-04-05; at 2026-03-05; work",
            "reminded 5@2026-04-10_00:00 6@2026-04-05_00:00".to_owned(),
        ),
        (
            "a longer one brings forward what was not announced",
            remind,
            &format!("{ANNOUNCED}; adjust 6 until 2026-05-01; policy expire 12 + remind 2 + version 2; work"),
            "reminded 5@2026-04-10_00:00 6@2026-05-01_00:00".to_owned(),
        ),
        (
            "without reminders nothing is",
            "expire 12",
            &format!("{ANNOUNCED}; adjust 6 until 2026-03-20; work"),
            "reminded none, due 2026-03-20_00:00".to_owned(),
        ),
        (
            "what came while there were none is when there are again",
            remind,
            &format!(
                "{ANNOUNCED}; policy expire 12 + version 2; work; adjust 6 until 2026-03-20; work; \
                 policy expire 12 + remind 1 + version 3; work"
            ),
            "reminded 5@2026-04-10_00:00 6@2026-03-20_00:00".to_owned(),
        ),
        (
            "whoever leaves is not reminded",
            remind,
            &format!("{ANNOUNCED}; clear; adjust 6 until 2026-03-20; close; work"),
            "reminded 5@2026-04-10_00:00, due never".to_owned(),
        ),
    ] {
        check(rule, policy, &format!("enrol; {steps}"), &expected);
    }
}

fn of(script: &crate::script::Script, name: &str) -> String {
    let state = script.state();
    state.into_iter().find(|(known, _)| *known == name).expect("is known").1
}

/// Both members were told of some of their points. Nobody is told twice, and what neither was told of is announced.
#[test]
fn a_merge_announces_what_was_not() {
    let remind = "expire 12, remind 1";
    for (rule, survivors, sources, expected) in [
        (
            "both were told",
            "adjust 5 until 2026-04-10; at 2026-03-10; work",
            "adjust 6 until 2026-04-10; at 2026-03-10; work",
            "5@2026-04-10_00:00",
        ),
        (
            "the survivor alone",
            "adjust 5 until 2026-04-10; at 2026-03-10; work",
            "at 2026-03-10; adjust 6 until 2026-04-10",
            "5@2026-04-10_00:00 6@2026-04-10_00:00",
        ),
        (
            "the source alone",
            "at 2026-03-10; adjust 5 until 2026-04-10",
            "adjust 6 until 2026-04-10; at 2026-03-10; work",
            "5@2026-04-10_00:00",
        ),
        (
            "the source of more",
            "adjust 5 until 2026-04-01; at 2026-03-10; work; adjust 1 until 2026-04-08",
            "adjust 6 until 2026-04-10; adjust 7 until 2026-04-01; at 2026-03-10; work; adjust 2 until 2026-04-01",
            "5@2026-04-01_00:00 2@2026-04-01_00:00 1@2026-04-08_00:00",
        ),
        (
            "of what pays the survivor's debt, what was not announced first",
            "adjust -3; at 2026-03-10; work",
            "adjust 6 until 2026-04-10; at 2026-03-10; work; adjust 4 until 2026-04-10",
            "1@2026-04-10_00:00",
        ),
    ] {
        let mut survivor = lived(remind, &format!("enrol; {survivors}; lock m2"));
        let mut source = lived(remind, &format!("enrol; {sources}; clear; close-into m1"));
        assert_eq!(source.world.head.unannounced, [], "{rule}");
        let estate = owed(&source.world);
        assert!(matches!(deliver(&mut survivor.world, "m2", estate), Ok(Applied::Changed(_))), "{rule}");
        survivor.step("work");
        assert_eq!(of(&survivor, "reminded"), expected, "{rule}");
        source.step("work");
    }
}

/// At the bound of lots an announced one is never joined to one that will be: its points would be announced again.
#[test]
fn joined_lots_are_announced_once() {
    let mut script =
        lived("expire 12, remind 1", "enrol; adjust 5 until 2026-04-10; adjust 6 until 2026-04-11");
    for number in 2..LOTS_MAX as i64 {
        let action = Action::Adjust {
            request: [number as u8; 16],
            content_hash: [0; 32],
            points: 1,
            expires_ms: Some(instant("2027-01-01") + number * 10 * 86_400_000),
        };
        script.world.run(action).expect("fits");
    }
    for (step, lots) in [
        ("at 2026-03-10", LOTS_MAX),
        ("work", LOTS_MAX),
        // A second announced lot joins the first.
        ("adjust 7 until 2026-04-09", LOTS_MAX),
        ("at 2026-03-11", LOTS_MAX),
        ("work", LOTS_MAX),
    ] {
        script.step(step);
        assert_eq!(script.world.head.lots.len(), lots, "{step}");
    }
    assert_eq!(of(&script, "reminded"), "5@2026-04-10_00:00 7@2026-04-10_00:00 6@2026-04-11_00:00");
}

/// Heads with points to announce have a format of their own, read and refused as all others.
#[test]
fn golden_bytes_of_points_to_announce() {
    let script = lived(
        "expire 12, remind 1",
        "enrol; adjust 5 until 2026-04-10; at 2026-03-10; work; adjust 6 until 2026-03-20; adjust 300 until 2026-04-10",
    );
    let bytes = encode_head(&script.world.head);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let golden = include_str!("golden-3.txt").trim_end();
    assert_eq!(hex, golden, "format 3 has changed: write a new format, and go on reading this one");
    assert_eq!(decode_head(&bytes).as_ref(), Ok(&script.world.head));
    let changed = |place: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[place] = byte;
        bytes
    };
    // The list stands last: field 27, four values, 2026-03-20 and 6, 2026-04-10 and 300.
    let tail = [
        0x18, 27, 0x84, 0x1a, 0x69, 0xbc, 0x8e, 0x00, 6, 0x1a, 0x69, 0xd8, 0x3d, 0x80, 0x19, 0x01, 0x2c, 0xff,
    ];
    assert!(bytes.ends_with(&tail), "{hex}");
    let list = bytes.len() - tail.len();
    for (bytes, expected) in [
        (changed(0, 1), "damaged: decode error: an unknown field of a head"),
        (changed(0, 2), "damaged: a row, archived, and no head"),
        (changed(0, 4), "format 4 is newer than those that this version reads"),
        (changed(list + 8, 7), "it contradicts itself: points to announce are in no lot"),
        (changed(list + 8, 0), "it contradicts itself: points to announce are in no lot"),
        (changed(list + 7, 1), "it contradicts itself: points to announce are in no lot"),
    ] {
        let error = decode_head(&bytes).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}
