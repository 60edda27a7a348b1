//! Bounds of what is asked for: at the bound it passes, one beyond it is refused with its field. Sales are facts here, so
//! that nothing else refuses them.

use std::sync::Arc;

use suanpan_domain::limits::{AMOUNT_MINOR_MAX, BASKET_CODES_MAX, QUANTITY_MILLI_MAX};
use suanpan_ledger::codec::{encode_head, head_bytes};
use suanpan_ledger::command::{Effect, Wanted, WantedLine};
use suanpan_ledger::head::{Counter, CouponId, Lot, NEVER_MS, OfferKey, Period};
use suanpan_ledger::limits::{
    ANSWER_BYTES_MAX, HEAD_BYTES_MAX, LOTS_MAX, NAME_BYTES_MAX, POINTS_MAX, REASON_BYTES_MAX,
    SALE_COUPONS_MAX, SALE_GLOBAL_USES_MAX, SALE_LINES_MAX, SALE_USES_MAX, TENDERS_MAX,
};
use suanpan_ledger::sale::{GlobalUse, IssuedCoupons, LimitedUse, Sale, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Applied, Command, Head, Refusal, apply};

use crate::policy_words::policy_of;
use crate::script::{Script, line_of, offer};

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// A sale of so many lines of 1 each.
fn lines(sale: &mut Sale, count: usize) {
    let run = SaleRun { units: 1, paid_minor: 1, tax_minor: 0, points_value_minor: 0, points_earned: 0 };
    sale.lines = (0..count).map(|place| line_of(place, vec![run], false, 1_000)).collect();
    sale.due_minor = count as i64;
    sale.tenders = vec![Tender { kind: "cash".to_owned(), amount_minor: count as i64 }];
}

/// What a command is refused with: the fields that are out of range. Empty when it passes.
fn refused(script: &mut Script, action: Action) -> Vec<String> {
    match script.world.run(action) {
        Ok(Applied::Changed(_)) => Vec::new(),
        Ok(other) => panic!("{other:?}"),
        Err(conflicts) => {
            assert!(conflicts.iter().all(|conflict| conflict.reason == Refusal::OutOfRange), "{conflicts:?}");
            conflicts.into_iter().map(|conflict| conflict.subject).collect()
        }
    }
}

fn check(bound: &str, at: usize, field: &str, mut asked: impl FnMut(&mut Script, usize) -> Action) {
    for (count, expected) in [(at, vec![]), (at + 1, vec![field.to_owned()])] {
        let mut script = Script::new(policy_of(""));
        script.step("enrol");
        let action = asked(&mut script, count);
        assert_eq!(refused(&mut script, action), expected, "{bound}: {count}");
    }
}

#[test]
fn sales_have_bounds() {
    type Change = fn(&mut Sale, usize);
    let rows: [(&str, usize, &str, Change); 17] = [
        ("SALE_LINES_MAX", SALE_LINES_MAX, "lines", lines),
        ("TENDERS_MAX", TENDERS_MAX, "tenders", |sale, count| {
            sale.tenders.resize(count, Tender { kind: "card".to_owned(), amount_minor: 0 });
        }),
        ("SALE_COUPONS_MAX, used", SALE_COUPONS_MAX, "coupons", |sale, count| {
            sale.coupons = (0..count).map(|number| CouponId([number as u8; 16])).collect();
        }),
        ("SALE_COUPONS_MAX, brought", SALE_COUPONS_MAX, "issued", |sale, count| {
            sale.issued =
                vec![IssuedCoupons { campaign: offer("o3"), count: count as u32, expires_ms: NEVER_MS }];
        }),
        ("SALE_COUPONS_MAX, campaigns", SALE_COUPONS_MAX, "issued", |sale, count| {
            sale.issued =
                vec![IssuedCoupons { campaign: offer("o3"), count: 0, expires_ms: NEVER_MS }; count];
        }),
        ("SALE_USES_MAX", SALE_USES_MAX, "uses", |sale, count| {
            let counter = |number| Counter { offer: OfferKey(number), period: Period::Lifetime, used: 1 };
            sale.uses =
                (0..count as u64).map(|number| LimitedUse { counter: counter(number), limit: 9 }).collect();
        }),
        ("SALE_GLOBAL_USES_MAX", SALE_GLOBAL_USES_MAX, "global_uses", |sale, count| {
            let used = GlobalUse { offer: offer("o4"), uses: 1, amount_minor: 0, given_back_if_whole: false };
            sale.global_uses = vec![used; count];
        }),
        ("BASKET_CODES_MAX", BASKET_CODES_MAX, "codes", |sale, count| {
            sale.codes = (0..count).map(|number| [number as u8; 16]).collect();
        }),
        ("NAME_BYTES_MAX, program", NAME_BYTES_MAX, "program_version", |sale, bytes| {
            sale.program_version = text(bytes);
        }),
        ("NAME_BYTES_MAX, line", NAME_BYTES_MAX, "lines[0].id", |sale, bytes| sale.lines[0].id = text(bytes)),
        ("NAME_BYTES_MAX, article", NAME_BYTES_MAX, "lines[0].sku", |sale, bytes| {
            sale.lines[0].sku = text(bytes);
        }),
        ("NAME_BYTES_MAX, tender", NAME_BYTES_MAX, "tenders[0].kind", |sale, bytes| {
            sale.tenders[0].kind = text(bytes);
        }),
        ("AMOUNT_MINOR_MAX, qualifying", AMOUNT_MINOR_MAX as usize, "qualifying", |sale, minor| {
            sale.qualifying_minor = minor as i64;
        }),
        ("POINTS_MAX", POINTS_MAX as usize, "points_used", |sale, points| sale.points_used = points as i64),
        ("a wall clock", 1_080, "utc_offset_minutes", |sale, minutes| {
            sale.utc_offset_minutes = minutes as i32
        }),
        ("NEVER_MS", NEVER_MS as usize, "business_ms", |sale, ms| sale.business_ms = ms as i64),
        ("QUANTITY_MILLI_MAX", QUANTITY_MILLI_MAX as usize, "lines[0].quantity", |sale, milli| {
            (sale.lines[0].weighed, sale.lines[0].quantity_milli) = (true, milli as i64);
        }),
    ];
    for (bound, at, field, change) in rows {
        check(bound, at, field, |script, count| {
            let mut action = script.action(&["fact", "S1", "pays", "1", "counts", "1"]);
            if let Action::Confirm { sale, .. } = &mut action {
                change(Arc::make_mut(sale), count);
            }
            action
        });
    }
}

#[test]
fn commands_have_bounds() {
    check("ANSWER_BYTES_MAX, paid", ANSWER_BYTES_MAX, "answer", |script, bytes| {
        let mut action = script.action(&["confirm", "S1", "pays", "1"]);
        if let Action::Confirm { answer, .. } = &mut action {
            *answer = vec![7; bytes];
        }
        action
    });
    check("ANSWER_BYTES_MAX, held", ANSWER_BYTES_MAX, "answer", |script, bytes| {
        let mut action = script.action(&["reserve", "S1", "pays", "1"]);
        if let Action::Reserve { answer, .. } = &mut action {
            *answer = vec![7; bytes];
        }
        action
    });
    check("REASON_BYTES_MAX, parked", REASON_BYTES_MAX, "why", |script, bytes| {
        script.step("confirm S1 pays 1");
        let mut action = script.action(&["park", "S1"]);
        if let Action::Park { why, .. } = &mut action {
            *why = text(bytes);
        }
        action
    });
    check("LOTS_MAX and debt, received", LOTS_MAX + 4, "lots", |_, count| Action::Effect {
        id: [1; 16],
        source: crate::script::member("m2"),
        effect: Effect::Transfer { lots: vec![Lot { expires_ms: NEVER_MS, points: 1, held: 0 }; count] },
    });
    check("POINTS_MAX, received", POINTS_MAX as usize, "points", |_, points| Action::Effect {
        id: [1; 16],
        source: crate::script::member("m2"),
        effect: Effect::ReferralTakenBack { points: points as i64 },
    });
    check("POINTS_MAX, by hand", POINTS_MAX as usize, "points", |script, points| {
        script.action(&["adjust", &points.to_string()])
    });
}

/// Lines of a return, and units of one of its lines.
#[test]
fn returns_have_bounds() {
    let line = |units| WantedLine { line: "L1".to_owned(), quantity_milli: 0, units };
    for (rule, wanted, expected) in [
        ("SALE_LINES_MAX lines", vec![line(vec![]); SALE_LINES_MAX], None),
        ("one more", vec![line(vec![]); SALE_LINES_MAX + 1], Some("lines")),
        ("none", vec![], Some("lines")),
        ("SALE_LINES_MAX units", vec![line((0..SALE_LINES_MAX as u32).collect())], None),
        ("one more unit", vec![line((0..=SALE_LINES_MAX as u32).collect())], Some("lines[0].units")),
    ] {
        let mut script = Script::new(policy_of(""));
        script.step("enrol");
        script.step("confirm S1 line 2000x1");
        let mut action = script.action(&["return", "R1", "of", "S1", "L1", "fact"]);
        if let Action::Return { wanted: asked, .. } = &mut action {
            *asked = Wanted::Lines(wanted);
        }
        assert_eq!(refused(&mut script, action), Vec::from_iter(expected), "{rule}");
    }
}

#[test]
fn who_asks_has_bounds() {
    let actor = |id, channel, reason| Actor {
        id: text(id),
        channel: text(channel),
        reason: text(reason),
        ..Actor::default()
    };
    for (actor, now_ms, expected) in [
        (actor(NAME_BYTES_MAX, NAME_BYTES_MAX, REASON_BYTES_MAX), NEVER_MS, None),
        (actor(NAME_BYTES_MAX + 1, 0, 0), 0, Some("actor.id")),
        (actor(0, NAME_BYTES_MAX + 1, 0), 0, Some("actor.channel")),
        (actor(0, 0, REASON_BYTES_MAX + 1), 0, Some("actor.reason")),
        (actor(0, 0, 0), NEVER_MS + 1, Some("now")),
        (actor(0, 0, 0), -1, Some("now")),
    ] {
        let enrol =
            Action::Enrol { request: [1; 16], content_hash: [0; 32], birthday: None, referred_by: None };
        let command = Command { now_ms, actor, action: enrol };
        let found = apply(&policy_of(""), &Head::absent(), &[], &command).err().map(|found| found[0].clone());
        assert_eq!(found.map(|conflict| conflict.subject).as_deref(), expected);
    }
}

/// What a member leaves to another one is a head, and has its bound.
#[test]
fn an_estate_has_the_bound_of_a_head() {
    let mut estate = Head { status: suanpan_ledger::head::Status::Active, ..Head::absent() };
    // Counters until it is nearly full, then a name that fits.
    let counter =
        |offer| Counter { offer: OfferKey(u64::MAX - offer), period: Period::Lifetime, used: u32::MAX };
    for offer in (0..).take_while(|offer| *offer < 300) {
        estate.counters.insert(0, counter(offer));
    }
    while head_bytes(&estate) > HEAD_BYTES_MAX - 100 {
        estate.counters.remove(0);
    }
    let name = (1..).find(|bytes| {
        estate.merge_lock = Some(crate::script::member(&text(*bytes)));
        head_bytes(&estate) == HEAD_BYTES_MAX + 1
    });
    for (bytes, expected) in
        [(name.expect("fits") - 1, vec![]), (name.expect("fits"), vec!["estate".to_owned()])]
    {
        estate.merge_lock = Some(crate::script::member(&text(bytes)));
        let mut script = Script::new(policy_of(""));
        script.step("enrol");
        let effect = Effect::Merged { estate: encode_head(&estate) };
        let action = Action::Effect { id: [1; 16], source: crate::script::member("m2"), effect };
        assert_eq!(refused(&mut script, action), expected, "{} bytes", head_bytes(&estate));
    }
}
