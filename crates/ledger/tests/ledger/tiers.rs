//! Tiers: up at accrual, never down inside their validity, at its end what the policy says.

use crate::script::{Script, check, instant};
use suanpan_ledger::progress;
use suanpan_ledger::progress::{Standing, What};

#[test]
fn k05_tiers_by_spend() {
    // Spent before, this sale: from ERPNext's test of loyalty programs.
    let policy = "tier base, tier silver spend 10000, tier gold spend 20000";
    for (before, sale, expected) in [
        (0, 6_000, "base"),
        (0, 15_000, "silver"),
        (0, 25_000, "gold"),
        (4_000, 500, "base"),
        (8_000, 3_000, "silver"),
        (18_000, 3_000, "gold"),
        (22_000, 5_000, "gold"),
    ] {
        let steps = format!("enrol; confirm S1 pays {before}; confirm S2 pays {sale}; work");
        check("K05", policy, &steps, &format!("tier {expected}"));
    }
}

const YEARLY: &str = "tier base, tier silver spend 1000 in year valid 12 grace 10 points 5 coupon o7, \
                      tier gold spend 3000 in year valid 12 grace 10 points 50";

#[test]
fn up_at_once_and_down_at_the_end() {
    for (rule, policy, steps, expected) in [
        ("not by a confirm", YEARLY, "confirm S1 pays 1000", "tier base"),
        ("but by its accrual", YEARLY, "confirm S1 pays 1000; work", "tier silver, until 2027-01-16_00:00"),
        ("with its welcome", YEARLY, "confirm S1 pays 1000; work", "points 5, wallet 1"),
        ("one below is not enough", YEARLY, "confirm S1 pays 999; work", "tier base, wallet 0"),
        ("over one", YEARLY, "confirm S1 pays 3000; work", "tier gold, points 50, wallet 0"),
        (
            "a return never lowers it inside its validity",
            YEARLY,
            "confirm S1 pays 1000; work; return R1 of S1 all; work",
            "tier silver, lifetime 0, purchases 0",
        ),
        (
            "nor a new year",
            YEARLY,
            "confirm S1 pays 1000; work; at 2027-01-25 23:59; work",
            "tier silver, due 2027-01-26_00:00",
        ),
        (
            "at the end and its grace it is looked at again",
            YEARLY,
            "confirm S1 pays 1000; work; at 2027-01-26; work",
            "tier base, until never",
        ),
        (
            "kept when qualified anew, for another period",
            YEARLY,
            "confirm S1 pays 1000; work; at 2027-01-20; confirm S2 pays 1000; work; at 2027-01-26; work",
            "tier silver, until 2028-01-27_00:00, points 5",
        ),
        (
            "one that comes late is judged on its day",
            YEARLY,
            "confirm S1 pays 1000; work; at 2027-01-20; confirm S2 pays 1000; work; at 2027-06-01; work",
            "tier silver, until 2028-01-27_00:00",
        ),
        ("down by several", YEARLY, "confirm S1 pays 3000; work; at 2027-01-26; work", "tier base"),
        (
            "or to what is qualified for",
            YEARLY,
            "confirm S1 pays 3000; work; at 2027-01-20; confirm S2 pays 1500; work; at 2027-01-26; work",
            "tier silver, points 50",
        ),
        (
            "one level at most",
            "tier base, tier silver spend 1000 in year, tier gold spend 3000 in year valid 12 end one-down",
            "confirm S1 pays 3000; work; at 2027-01-16; work",
            "tier silver",
        ),
        (
            "or never",
            "tier base, tier gold spend 3000 in year valid 12 end keep",
            "confirm S1 pays 3000; work; at 2027-01-16; work",
            "tier gold, until 2028-01-17_00:00",
        ),
    ] {
        check(rule, policy, &format!("enrol; {steps}"), expected);
    }
}

#[test]
fn windows() {
    for (rule, policy, steps, expected) in [
        (
            "the month and the one before",
            "tier base, tier gold spend 100 months 1",
            "confirm S1 pays 60; work; at 2026-02-28 23:00; confirm S2 pays 40; work",
            "tier gold",
        ),
        (
            "not two before",
            "tier base, tier gold spend 100 months 1",
            "confirm S1 pays 60; work; at 2026-03-01; confirm S2 pays 40; work",
            "tier base",
        ),
        (
            "days, today included",
            "days 30, tier base, tier gold spend 100 days 30",
            "confirm S1 pays 60; work; at 2026-02-13 01:00; confirm S2 pays 40; work",
            "tier gold",
        ),
        (
            "and no more",
            "days 30, tier base, tier gold spend 100 days 30",
            "confirm S1 pays 60; work; at 2026-02-14 01:00; confirm S2 pays 40; work",
            "tier base",
        ),
        (
            "the calendar year",
            "tier base, tier gold spend 100 in year",
            "confirm S1 pays 60; work; at 2027-01-01; confirm S2 pays 40; work",
            "tier base",
        ),
        (
            "purchases that count, net of whole returns",
            "tier base, tier gold purchases 2",
            "confirm S1 pays 60; return R1 of S1 all; confirm S2 pays 40; work",
            "tier base, purchases 1",
        ),
        (
            "all of them",
            "tier base, tier gold spend 100 purchases 2",
            "confirm S1 pays 100; work",
            "tier base",
        ),
        (
            "any of them",
            "tier base, tier gold spend 100 purchases 2 any of",
            "confirm S1 pays 100; work",
            "tier gold",
        ),
        (
            "activity points",
            "review 9, tier base, tier gold activity 10",
            "activity o5; activity o5",
            "tier gold",
        ),
        (
            "a late return books in its own period, which is not below zero",
            "tier base, tier gold spend 100 in year",
            "confirm S1 pays 90; work; at 2027-02-01; return R1 of S1 all; confirm S2 pays 100; work",
            "tier base, lifetime 100",
        ),
        (
            "and takes nothing from another one",
            "tier base, tier gold spend 100 in year",
            "confirm S1 pays 90; work; at 2027-02-01; return R1 of S1 all; work; at 2028-02-01; confirm S2 pays 100; work",
            "tier gold",
        ),
        (
            "an offline sale counts when it happened",
            "tier base, tier gold spend 100 in year",
            "fact S1 pays 60 on 2025-12-30; confirm S2 pays 60; work",
            "tier base, lifetime 120",
        ),
        (
            "older than any window, it counts for life",
            "tier base, tier gold spend 100",
            "fact S1 pays 100 on 2020-01-01; work",
            "tier gold",
        ),
    ] {
        check(rule, policy, &format!("enrol; {steps}"), expected);
    }
}

#[test]
fn a_new_program() {
    for (rule, steps, expected) in [
        (
            "makes a member due",
            "policy version 2 + tier base + tier gold spend 500",
            "due 2026-01-15_12:00, tier base",
        ),
        (
            "and lifts who qualifies now",
            "policy version 2 + tier base + tier gold spend 500; work",
            "tier gold, due never",
        ),
        (
            "a tier that is gone becomes what is qualified for",
            "confirm S2 pays 4000; work; policy version 2 + tier base + tier silver spend 500; work",
            "tier silver, due never",
        ),
    ] {
        let steps = format!("enrol; confirm S1 pays 600; work; {steps}");
        check(rule, "tier base, tier gold spend 4000", &steps, expected);
    }
}

#[test]
fn progress_says_what_is_missing_and_what_is_lost() {
    let mut script = Script::new(crate::policy_words::policy_of(&format!("{YEARLY}, expire 12")));
    for step in ["enrol", "confirm S1 pays 1200 earns 12", "work"] {
        script.step(step);
    }
    let world = &script.world;
    let standing = progress(&world.policy, &world.head, world.now_ms);
    assert_eq!((standing.tier.as_str(), standing.place), ("silver", 1));
    assert_eq!(standing.until_ms, Some(instant("2027-01-16")));
    assert_eq!(standing.evaluated_ms, Some(instant("2027-01-26")));
    assert_eq!(standing.becomes.as_deref(), Some("base"), "nothing was bought in 2027");
    let next = standing.next.expect("gold is next");
    assert_eq!(next.tier, "gold");
    assert!(!next.standing.is_reached());
    match next.standing {
        Standing::Measure { what, have, need, .. } => {
            assert_eq!((what, have, need), (What::Spend, 1_200, 3_000))
        }
        other => panic!("{other:?}"),
    }
    let lapses: Vec<_> = standing.lapses.iter().map(|lapse| (lapse.points, lapse.expires_ms)).collect();
    assert_eq!(lapses, [(17, instant("2027-01-16"))], "12 earned and 5 of the welcome");
}

#[test]
fn a_window_is_not_below_zero() {
    let mut script = Script::new(crate::policy_words::policy_of("tier base, tier gold spend 100 in year"));
    for step in ["enrol", "confirm S1 pays 90", "work", "at 2027-02-01", "return R1 of S1 all", "work"] {
        script.step(step);
    }
    let world = &script.world;
    let next = progress(&world.policy, &world.head, world.now_ms).next.expect("gold is next");
    match next.standing {
        Standing::Measure { have, need, .. } => assert_eq!((have, need), (0, 100), "90 came back in 2027"),
        other => panic!("{other:?}"),
    }
}
