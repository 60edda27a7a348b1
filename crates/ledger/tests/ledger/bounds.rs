//! Every bound of `limits.rs`, and what happens at it.

use suanpan_ledger::codec::head_bytes;
use suanpan_ledger::command::Effect;
use suanpan_ledger::head::{Counter, Lot, OfferKey, Period};
use suanpan_ledger::limits::{
    COUNTERS_MAX, COUPONS_MAX, DAYS_MAX, DELAYED_MAX, EMITTING_BEGUN_MAX, EMITTING_MAX, HEAD_BYTES_MAX,
    HEAD_BYTES_SOFT, HOLDS_MAX, LOTS_MAX, MONTHS_MAX, PENDING_MAX, POINTS_MAX, RETURNS_MAX, SUM_MAX,
};
use suanpan_ledger::{Action, Actor, Applied, Command, Refusal, apply};

use crate::life::deliver;
use crate::policy_words::policy_of;
use crate::script::{Script, instant};

fn script(policy: &str) -> Script {
    let mut script = Script::new(policy_of(policy));
    assert_eq!(script.step("enrol"), "done");
    script
}

fn done(script: &mut Script, step: &str) {
    assert_eq!(script.step(step), "done", "{step}");
}

#[test]
fn lots_that_expire_closest_together_are_joined() {
    let mut script = script("");
    for day in 0..LOTS_MAX as i64 {
        // Days apart, but for one pair that is an hour apart.
        let at_ms = instant("2026-02-01") + day * 86_400_000;
        let action = Action::Adjust {
            request: [day as u8; 16],
            content_hash: [0; 32],
            points: 10,
            expires_ms: Some(at_ms),
        };
        script.world.run(action).expect("fits");
    }
    let before = script.world.head.lots.clone();
    assert_eq!(before.len(), LOTS_MAX);
    done(&mut script, "adjust 5 until 2026-02-10_01:00");
    let lots = &script.world.head.lots;
    assert_eq!(lots.len(), LOTS_MAX);
    assert!(!lots.iter().any(|lot| lot.expires_ms == instant("2026-02-10")));
    let joined =
        lots.iter().find(|lot| lot.expires_ms == instant("2026-02-10_01:00")).expect("with the later expiry");
    assert_eq!(joined.points, 15);
    // A reservation of a lot that is joined keeps its points.
    done(&mut script, "reserve S1 pays 1 points 20 worth 20");
    done(&mut script, "adjust 5 until 2026-02-01_01:00");
    assert_eq!(script.world.head.holds[0].points[0].expires_ms, instant("2026-02-01_01:00"));
    done(&mut script, "confirm S1 pays 1 points 20 worth 20");
    assert_eq!(script.world.head.sums.spent, 20);
}

#[test]
fn delayed_points_that_are_released_closest_together_are_joined() {
    let mut script = script("delay 20, expire 12");
    for day in 1..=DELAYED_MAX + 3 {
        script.world.now_ms = instant("2026-01-15") + day as i64 * 3_600_000;
        done(&mut script, &format!("confirm S{day} pays 1 earns 1"));
        script.world.work();
    }
    assert_eq!(script.world.head.delayed.len(), DELAYED_MAX);
    assert_eq!(
        script.world.head.delayed.iter().map(|delayed| delayed.points).sum::<i64>(),
        DELAYED_MAX as i64 + 3
    );
}

#[test]
fn a_full_wallet_refuses_a_grant_and_replaces_for_a_sale() {
    let mut script = script("");
    for number in 0..COUPONS_MAX {
        done(&mut script, &format!("grant c{} until 2026-03-{:02}", number + 1, number % 27 + 1));
        script.world.work();
    }
    assert_eq!(script.step("grant c99"), "refused HeadFull");
    done(&mut script, "confirm S1 pays 1 brings o3");
    script.world.work();
    assert_eq!(script.world.head.coupons.len(), COUPONS_MAX);
    assert!(
        !script.world.head.coupons.iter().any(|coupon| coupon.id.0[0] == 1),
        "the first to expire has gone"
    );
    // When every coupon is held, none comes.
    let ids: Vec<String> =
        script.world.head.coupons.iter().map(|coupon| coupon.id.0[0].to_string()).collect();
    assert_eq!(ids.len(), COUPONS_MAX);
}

#[test]
fn holds_are_few() {
    let mut script = script("");
    for number in 0..HOLDS_MAX {
        done(&mut script, &format!("reserve S{number} pays 1"));
    }
    assert_eq!(script.step("reserve S99 pays 1"), "refused HeadFull");
    assert_eq!(script.step("confirm S99 pays 1"), "done", "a sale needs no hold");
}

#[test]
fn counters_give_way_when_their_period_is_over() {
    for (period, refused) in
        [(Period::Lifetime, true), (Period::Month(672), false), (Period::Year(2026), true)]
    {
        let mut script = script("");
        script.world.now_ms = instant("2026-06-01");
        script.world.head.counters = (0..COUNTERS_MAX as u64)
            .map(|offer| Counter { offer: OfferKey(100 + offer), period, used: 1 })
            .collect();
        let head = script.world.head.clone();
        script.world = crate::world::World::new(script.world.policy.clone(), head);
        script.world.now_ms = instant("2026-06-01");
        let expected = if refused { "refused HeadFull" } else { "done" };
        assert_eq!(script.step("reserve S1 pays 1 use o1/1"), expected, "{period:?}");
        assert_eq!(script.step("fact S2 pays 1 use o2/1"), if refused { "overrun HeadFull" } else { "done" });
        assert_eq!(script.world.head.counters.len(), COUNTERS_MAX, "{period:?}");
        if !refused {
            assert_eq!(script.step("confirm S1 pays 1 use o1/1"), "done");
        }
    }
}

#[test]
fn months_and_days_that_no_window_reaches_go() {
    let mut script = script("days 62");
    for day in 0..800 {
        script.world.now_ms = instant("2026-01-01") + day * 86_400_000;
        done(&mut script, &format!("confirm S{day} pays 1"));
        script.world.work();
    }
    assert_eq!(script.world.head.months.len(), MONTHS_MAX);
    assert_eq!(script.world.head.days.len(), DAYS_MAX);
    assert_eq!(script.world.head.lifetime.spend_minor, 800);
}

#[test]
fn a_confirm_accrues_first_when_much_is_pending() {
    let mut script = script("");
    for number in 0..PENDING_MAX {
        done(&mut script, &format!("confirm S{number} pays 10 earns 1"));
    }
    assert_eq!(script.step("confirm S99 pays 10"), "accrue-first");
    assert_eq!(script.step("fact S99 pays 10"), "accrue-first");
    assert_eq!(script.step("return R1 of S1 all"), "accrue-first");
    assert_eq!(script.step("confirm S0 pays 10 earns 1"), "known Confirmed", "what is known needs no room");
    assert!(script.world.work_once());
    done(&mut script, "confirm S99 pays 10");
}

#[test]
fn nothing_is_accrued_while_too_much_is_not_out() {
    let mut script = script("");
    for number in 0..=EMITTING_BEGUN_MAX {
        done(&mut script, &format!("confirm S{number} pays 10 earns 1"));
    }
    for number in 0..EMITTING_BEGUN_MAX {
        done(&mut script, &format!("accrue S{number}"));
    }
    assert_eq!(script.step(&format!("accrue S{EMITTING_BEGUN_MAX}")), "nothing");
    assert_eq!(script.step("grant c1"), "accrue-first");
    assert_eq!(script.step("send 1"), "accrue-first");
    // Lapses wait, unspendable: they owe a message too.
    script.step("adjust 1");
    done(&mut script, "clear");
    done(&mut script, &format!("accrue S{EMITTING_BEGUN_MAX}"));
}

#[test]
fn effects_of_others_have_places_of_their_own() {
    let reward = Effect::ReferralReward { points: 5, friend_points: 0 };
    let lot = |points| Lot { expires_ms: instant("2026-06-01"), points, held: 0 };
    let transfer = Effect::Transfer { lots: vec![lot(5)] };
    let mut script = script("review 9");
    done(&mut script, "adjust 100 until 2026-06-01");
    for _ in 0..EMITTING_BEGUN_MAX {
        done(&mut script, "send 1");
    }
    for begun in ["send 1", "grant c1", "adjust 1", "activity o5"] {
        assert_eq!(script.step(begun), "accrue-first", "{begun}");
    }
    for (rule, effect, expected, emitting) in [
        ("a transfer tells nothing", &transfer, "done", EMITTING_BEGUN_MAX),
        ("a reward is told", &reward, "done", EMITTING_BEGUN_MAX + 1),
        ("and another", &reward, "done", EMITTING_MAX),
        ("there is no place", &reward, "accrue-first", EMITTING_MAX),
        ("a transfer needs none", &transfer, "done", EMITTING_MAX),
    ] {
        let applied = deliver(&mut script.world, "m2", effect.clone());
        assert_eq!(script.outcome(applied), expected, "{rule}");
        assert_eq!(script.world.head.emitting.len(), emitting, "{rule}");
    }
    // What is told alone is out with its row, whatever it stands behind.
    done(&mut script, "clear-told");
    assert_eq!(script.world.head.emitting.len(), EMITTING_BEGUN_MAX);
    assert_eq!(script.step("clear-told"), "nothing", "what is sent stays until it has arrived");
    assert_eq!(script.step("send 1"), "accrue-first");
    let applied = deliver(&mut script.world, "m2", reward);
    assert_eq!(script.outcome(applied), "done");
}

#[test]
fn lapses_wait_while_too_much_is_not_out() {
    let mut script = script("");
    done(&mut script, "adjust 50 until 2026-02-01");
    for number in 0..EMITTING_BEGUN_MAX {
        done(&mut script, &format!("confirm S{number} pays 10"));
        done(&mut script, &format!("accrue S{number}"));
    }
    script.step("at 2026-02-02");
    done(&mut script, "confirm S90 pays 10");
    assert_eq!(script.world.head.sums.expired, 0);
    assert_eq!(script.step("confirm S91 pays 10 points 1 worth 1"), "refused PointsShort");
    script.world.work();
    assert_eq!(script.world.head.sums.expired, 50);
}

#[test]
fn returns_of_one_sale_are_bounded() {
    let mut script = script("");
    done(&mut script, &format!("confirm S1 line {}x1", RETURNS_MAX + 1));
    for number in 0..RETURNS_MAX {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&(number as u16).to_be_bytes());
        let back = Action::Return {
            checkout: crate::script::checkout("S1"),
            return_id: suanpan_domain::ReturnId::from_bytes(id),
            content_hash: [0; 32],
            business_ms: 0,
            wanted: suanpan_ledger::command::Wanted::Lines(vec![suanpan_ledger::command::WantedLine {
                line: "L1".to_owned(),
                quantity_milli: 1_000,
                units: vec![],
            }]),
            repriced: None,
            fact: false,
        };
        script.world.work();
        assert!(matches!(script.world.run(back), Ok(Applied::Changed(_))), "{number}");
    }
    script.world.work();
    assert_eq!(script.step("return R255 of S1 L1=1000"), "refused TooManyReturns");
    assert_eq!(script.step("return R255 of S1 all"), "done");
}

#[test]
fn amounts_have_ranges() {
    let most = POINTS_MAX;
    for (step, expected) in [
        (format!("adjust {most}"), "done"),
        (format!("adjust {}", most + 1), "refused OutOfRange"),
        (format!("adjust {}", -most - 1), "refused OutOfRange"),
        ("confirm S1 pays 1000000000001 counts 1".to_owned(), "refused OutOfRange"),
        ("fact S1 pays 1000000000001".to_owned(), "refused OutOfRange OutOfRange"),
        (format!("confirm S1 pays 1 points {} worth 1", most + 1), "refused OutOfRange"),
        ("send 0".to_owned(), "refused OutOfRange"),
        ("confirm S1 line 1000001x1".to_owned(), "refused OutOfRange"),
        ("grant c1 until 2026-01-15".to_owned(), "refused OutOfRange"),
    ] {
        assert_eq!(script("").step(&step), expected, "{step}");
    }
}

#[test]
fn sums_of_a_life_end() {
    let mut script = script("");
    script.world.head.sums.earned = SUM_MAX + 1;
    script.world.head.sums.spent = SUM_MAX + 1;
    let head = script.world.head.clone();
    script.world = crate::world::World::new(script.world.policy.clone(), head);
    let refused = script.world.run(Action::Tick).expect_err("is at its end");
    assert_eq!((refused[0].reason, refused[0].subject.as_str()), (Refusal::OutOfRange, "sums"));
    // What adds nothing goes on.
    let action = Action::Cancel { checkout: crate::script::checkout("S1") };
    let command = Command { now_ms: 0, actor: Actor::default(), action };
    assert!(matches!(
        apply(&script.world.policy, &script.world.head, &[], &command),
        Ok(Applied::Changed(_))
    ));
}

/// Fills a member with everything there is, at the largest numbers, and goes on selling: the head stays within its
/// bytes, and nothing that has to be recorded is lost.
#[test]
fn a_head_at_all_bounds_fits() {
    let mut script = script("delay 400, days 62, expire 24, review 60000");
    let mut largest = 0;
    for day in 0..400_i64 {
        script.world.now_ms = instant("2026-01-15") + day * 86_400_000;
        let at_ms = script.world.now_ms + (day + 2) * 86_400_000;
        let big = POINTS_MAX / 4_000 + day;
        for (kind, points) in [(1, big), (2, -big / 2)] {
            let action = Action::Adjust {
                request: [[kind, day as u8, (day >> 8) as u8, 0]; 4].concat().try_into().expect("16 bytes"),
                content_hash: [0; 32],
                points,
                expires_ms: Some(at_ms),
            };
            must_go_on(&mut script, action);
        }
        for step in [
            format!("grant c{} until 2029-01-01", day % 200),
            format!(
                "reserve S{} pays 100 points 3 worth 3 coupon c{} use o{day}/9 until 2027-01-01",
                day + 1_000,
                day % 200
            ),
            "activity o5".to_owned(),
        ] {
            script.step(&step);
        }
        let step = format!(
            "fact S{day} pays 999999999999 earns {big} use o{}/1 brings o3 on 2026-01-15",
            day + 5_000
        );
        for _ in 0..200 {
            let outcome = script.step(&step);
            if outcome != "accrue-first" {
                assert!(outcome == "done" || outcome.starts_with("overrun"), "{outcome}");
                break;
            }
            assert!(script.world.work_once());
        }
        assert!(script.world.rows.len() > day as usize);
        let bytes = head_bytes(&script.world.head);
        assert!(bytes <= HEAD_BYTES_MAX, "{bytes}");
        largest = largest.max(bytes);
    }
    assert!(largest > HEAD_BYTES_SOFT, "the bounds were reached: {largest}");
    script.world.work();
    let facts =
        script.world.rows.values().filter(|row| row.sale.is_some() && row.accrued_version != 0).count();
    assert_eq!(facts, 400, "every fact was recorded and accrued");
}

fn must_go_on(script: &mut Script, action: Action) {
    for _ in 0..200 {
        match script.world.run(action.clone()) {
            Ok(Applied::AccrueFirst) => assert!(script.world.work_once()),
            Ok(_) => return,
            Err(conflicts) => {
                assert!(
                    conflicts.iter().all(|conflict| conflict.reason == Refusal::HeadFull),
                    "{conflicts:?}"
                );
                return;
            }
        }
    }
    panic!("accrual makes no room");
}
