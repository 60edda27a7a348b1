//! What time brings, merges, what is put aside, and what pricing is told.

use suanpan_domain::{BusinessTime, MonthDay};
use suanpan_ledger::command::Effect;
use suanpan_ledger::head::Status;
use suanpan_ledger::policy::{LimitPeriod, OfferName};
use suanpan_ledger::{Action, Applied, Emit, EntryKey, Head, snapshot};

use crate::policy_words::policy_of;
use crate::script::{Script, check, instant, member, offer};
use crate::world::World;

#[test]
fn birthdays() {
    for (rule, enrol, steps, expected) in [
        ("to come", "enrol birthday 03-01", "work", "due 2026-03-01_00:00, points 0"),
        (
            "at the beginning of the day",
            "enrol birthday 03-01",
            "at 2026-03-01; work",
            "points 7, wallet 1, due 2027-03-01_00:00",
        ),
        (
            "once a year",
            "enrol birthday 03-01",
            "at 2026-03-01; work; at 2027-03-01; work",
            "points 14, wallet 2",
        ),
        ("29 February is the 28th in common years", "enrol birthday 02-29", "work", "due 2026-02-28_00:00"),
        ("and itself in leap years", "enrol birthday 02-29", "at 2027-02-28; work", "due 2028-02-29_00:00"),
        ("the day of enrolment counts", "enrol birthday 01-15", "work", "points 7, due 2027-01-15_00:00"),
        ("the day before does not", "enrol birthday 01-14", "work", "points 0, due 2027-01-14_00:00"),
        ("made up for within a month", "enrol birthday 03-01", "at 2026-03-31; work", "points 7"),
        (
            "not longer",
            "enrol birthday 03-01",
            "at 2026-04-01; work; at 2026-04-02; adjust 1",
            "points 1, due 2027-03-01_00:00",
        ),
        ("over New Year", "enrol birthday 12-31", "at 2027-01-02; work", "points 7, due 2027-12-31_00:00"),
        ("blocked members too", "enrol birthday 03-01", "block; at 2026-03-01; work", "points 7"),
        ("nobody who left", "enrol birthday 03-01", "close; work", "due never"),
    ] {
        check(rule, "birthday 7", &format!("{enrol}; {steps}"), expected);
    }
}

#[test]
fn the_archive() {
    for (rule, policy, steps, expected) in [
        ("bodies rest for their days", "archive 400", "work", "due 2027-03-21_12:00"),
        ("then they move", "archive 400", "at 2027-03-21 12:00; work", "emits 1, due never"),
        (
            "what came since moves later",
            "archive 400",
            "at 2027-03-01; adjust 5; at 2027-03-21 12:00; work",
            "emits 1, due 2027-04-20_12:00",
        ),
        ("a tick before its time", "archive 400", "tick", "nothing"),
    ] {
        check(rule, policy, &format!("enrol; {steps}"), expected);
    }
}

#[test]
fn what_waits() {
    for (rule, steps, expected) in [
        (
            "accrued in the order of writing",
            "confirm S1 pays 9 earns 1; confirm S2 pays 9 earns 2; accrue S2",
            "nothing, pending 2",
        ),
        (
            "the first first",
            "confirm S1 pays 9 earns 1; confirm S2 pays 9 earns 2; accrue S1",
            "done, points 1, pending 1, emitting 1",
        ),
        ("once", "confirm S1 pays 9 earns 1; accrue S1; accrue S1", "known Confirmed, points 1"),
        ("what is owed is cleared", "confirm S1 pays 9 earns 1; accrue S1; clear", "done, emitting 0"),
        ("clearing nothing", "clear", "nothing"),
        (
            "parked",
            "confirm S1 pays 9 earns 1; confirm S2 pays 9 earns 2; park S1; work",
            "points 2, parked 1, pending 0",
        ),
        (
            "as long as nobody has listed it, somebody has to",
            "confirm S1 pays 9 earns 1; park S1",
            "emitting 1, pending 0",
        ),
        ("parked again", "confirm S1 pays 9 earns 1; park S1; park S1", "known Parked, parked 1"),
        ("accrued, it is not parked", "confirm S1 pays 9 earns 1; work; park S1", "nothing"),
        ("its returns too", "confirm S1 pays 9; park S1; clear; return R1 of S1 all", "parked 2, emitting 1"),
        (
            "its returns with it",
            "confirm S1 pays 9 earns 1; park S1; return R1 of S1 all; work",
            "parked 2, pending 0, refund 9 tax 0 restored 0 back 1",
        ),
        (
            "also one that waits already",
            "confirm S1 pays 9 earns 1; return R1 of S1 all; park S1; work",
            "parked 2, pending 0",
        ),
        (
            "the sale first",
            "confirm S1 pays 9 earns 1; return R1 of S1 all; park S1; work; unpark R1 of S1",
            "refused EntriesPending",
        ),
        (
            "back in their order",
            "confirm S1 pays 9 earns 1; return R1 of S1 all; park S1; work; unpark S1; unpark R1 of S1; work",
            "points 0, earned 1, parked 0, pending 0",
        ),
        ("not parked", "confirm S1 pays 9; unpark S1", "nothing"),
        (
            "what cannot be read",
            "confirm S1 pays 9 earns 1; confirm S2 pays 9 earns 2; park-unread S1; work",
            "points 2, parked 1, pending 0",
        ),
        ("it waits for a person", "confirm S1 pays 9; park-unread S1; work; close", "refused EntriesPending"),
        ("parked once", "confirm S1 pays 9; park-unread S1; park-unread S1", "nothing, parked 1"),
        ("accrued, it is not parked", "confirm S1 pays 9 earns 1; work; park-unread S1", "nothing"),
        ("it comes back", "confirm S1 pays 9 earns 1; park-unread S1; unpark S1; work", "points 1, parked 0"),
        (
            "once",
            "confirm S1 pays 9 earns 1; park-unread S1; unpark S1; work; unpark S1",
            "nothing, parked 0",
        ),
        (
            "its returns are parked with it",
            "confirm S1 pays 9 earns 1; return R1 of S1 all; park-unread S1; work",
            "parked 2, pending 0",
        ),
        (
            "also one that comes later",
            "confirm S1 pays 9 earns 1; park-unread S1; work; return R1 of S1 all; work",
            "parked 2, pending 0",
        ),
        (
            "the sale before them",
            "confirm S1 pays 9 earns 1; return R1 of S1 all; park-unread S1; work; unpark R1 of S1",
            "refused EntriesPending",
        ),
        (
            "and all is well",
            "confirm S1 pays 9 earns 1; return R1 of S1 all; park-unread S1; work; unpark S1; unpark R1 of S1; work",
            "points 0, earned 1, parked 0, pending 0",
        ),
    ] {
        check(rule, "", &format!("enrol; {steps}"), expected);
    }
}

/// The effect that the row of the latest version owes somebody else.
pub(crate) fn owed(world: &World) -> Effect {
    let row = world.rows.values().max_by_key(|row| row.version).expect("a row");
    let mut effects = row.emits.iter().filter_map(|emit| match emit {
        Emit::Effect { effect, .. } => Some(effect.clone()),
        _ => None,
    });
    effects.next_back().expect("an effect")
}

pub(crate) fn deliver(
    world: &mut World,
    source: &str,
    effect: Effect,
) -> Result<Applied, suanpan_ledger::refusal::Conflicts> {
    let id = EntryKey::effect_of(&member(source), &EntryKey::Time(1), world.head.version as u32);
    world.run(Action::Effect { id, source: member(source), effect })
}

pub(crate) fn lived(policy: &str, steps: &str) -> Script {
    let mut script = Script::new(policy_of(policy));
    for step in steps.split(';') {
        let outcome = script.step(step.trim());
        assert!(!outcome.starts_with("refused"), "{step}: {outcome}");
    }
    script
}

#[test]
fn two_members_become_one() {
    let policy = "delay 14, tier base, tier silver spend 500, tier gold spend 1000";
    let mut survivor =
        lived(policy, "enrol; adjust 10 until 2026-06-01; confirm S1 pays 300 use o1/5; work; lock m2");
    let mut source = lived(
        policy,
        "enrol birthday 05-05; fact S7 pays 600 points 4 worth 4 use o1/5; adjust 30 until 2026-06-01; grant c1; \
         confirm S8 pays 10 earns 9; work",
    );
    assert_eq!(source.step("confirm S9 pays 1"), "done");
    assert_eq!(source.step("close-into m1"), "refused EntriesPending");
    source.step("work");
    assert_eq!(source.step("close-into m1"), "done");
    assert_eq!(source.world.head.status, Status::Closed { survivor: Some(member("m1")) });
    assert_eq!(source.step("adjust 5"), "refused MemberClosed");

    let estate = owed(&source.world);
    assert!(matches!(deliver(&mut survivor.world, "m2", estate), Ok(Applied::Changed(_))));
    let state = survivor.state();
    let of = |name: &str| state.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    // 10 and 30 less the debt of 4, which its own adjustment had paid; 9 still wait.
    assert_eq!(of("lots"), Some("36@2026-06-01_00:00"));
    assert_eq!((of("delayed"), of("debt")), (Some("9"), Some("0")));
    assert_eq!((of("coupons"), of("counters")), (Some("c1"), Some("o1:2")));
    assert_eq!((of("lifetime"), of("tier")), (Some("911"), Some("silver")));
    assert_eq!((of("first"), of("purchases")), (Some("S1"), Some("4")));
    assert_eq!(survivor.world.head.birthday, MonthDay::new(5, 5));
    assert_eq!(survivor.world.head.merge_lock, None);

    // A return of the source's sale reaches the survivor: 4 points back, 9 not taken from it.
    source.step("clear");
    assert_eq!(source.step("return R1 of S7 all"), "done");
    assert_eq!(source.world.head.emitting.len(), 1);
    let returned = owed(&source.world);
    assert!(matches!(deliver(&mut survivor.world, "m2", returned), Ok(Applied::Changed(_))));
    let state = survivor.state();
    let of = |name: &str| state.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!((of("points"), of("lifetime"), of("purchases")), (Some("40"), Some("311"), Some("3")));
}

#[test]
fn merges_wait_and_withdraw() {
    for (rule, steps, expected) in [
        ("a lock keeps from closing", "lock m2; close-into m9", "refused MergeInProgress"),
        ("and from another lock", "lock m2; lock m3", "refused MergeInProgress"),
        ("given up", "lock m2 as 7; unlock as 7; close", "done"),
        ("given up twice", "lock m2 as 7; unlock as 7; unlock as 7", "known Cancelled"),
        ("a late lock finds that", "unlock as 7; lock m2 as 7", "known Cancelled"),
        ("and another one goes", "unlock as 7; lock m2 as 7; lock m2 as 8", "done"),
        ("open holds keep from it", "reserve S1 pays 9; close-into m9", "refused HoldsOpen"),
        ("and parked entries", "confirm S1 pays 9; park S1; close-into m9", "refused EntriesPending"),
        ("only a lock is unlocked", "adjust 5 as 7; unlock as 7", "refused ContentDiffers"),
        ("again", "close-into m9 as 7; close-into m9 as 7", "known Done"),
    ] {
        check(rule, "", &format!("enrol; {steps}"), expected);
    }
}

#[test]
fn two_wallets_with_one_coupon_id() {
    let mut survivor = lived("", "enrol; grant c1; lock m2");
    let mut source = lived("", "enrol; grant c1");
    source.step("work");
    source.step("close-into m1");
    deliver(&mut survivor.world, "m2", owed(&source.world)).expect("is taken over");
    assert_eq!(survivor.world.head.coupons.len(), 2);
}

#[test]
fn an_estate_that_is_none() {
    let mut survivor = lived("", "enrol");
    for estate in [vec![], vec![9], vec![1, 0xff], vec![1; 5_000]] {
        let refused = deliver(&mut survivor.world, "m2", Effect::Merged { estate });
        assert!(refused.is_err_and(|conflicts| conflicts[0].subject == "estate"));
    }
}

#[test]
fn what_pricing_is_told() {
    let mut script = lived(
        "expire 12, tier base, tier gold spend 100",
        "enrol birthday 02-29; adjust 30 until 2026-02-01; adjust 50; grant c1 until 2026-02-01; grant c2; grant c3",
    );
    let name = |key: &str, per_member, of_birthday| OfferName {
        key: offer(key),
        id: format!("offer-{key}"),
        per_member,
        of_birthday,
    };
    script.world.policy.offers = vec![
        name("o1", Some((5, LimitPeriod::Lifetime)), false),
        name("o2", Some((5, LimitPeriod::Month)), false),
        name("o8", None, false),
    ];
    let told = |script: &Script, at: &str| {
        let business = BusinessTime { unix_ms: instant(at), utc_offset_minutes: 0 };
        snapshot(&script.world.policy, &script.world.head, &member("m1"), instant(at), business)
    };
    let now = told(&script, "2026-01-20");
    assert_eq!((now.points, now.tier.as_deref(), now.first_purchase), (80, None, Some(true)));
    assert_eq!(now.enrolled_on.map(|date| date.to_string()).as_deref(), Some("2026-01-15"));
    assert_eq!(now.birthday, MonthDay::new(2, 29));
    let coupons: Vec<_> =
        now.coupons.iter().map(|coupon| (coupon.id.as_str(), coupon.expires_unix_ms)).collect();
    let id = |digit: &str| digit.repeat(16);
    assert_eq!(
        coupons,
        [
            (id("01").as_str(), Some(instant("2026-02-01"))),
            (id("02").as_str(), None),
            (id("03").as_str(), None)
        ]
    );
    assert!(now.coupons.iter().all(|coupon| coupon.campaign == "offer-o8"));
    assert_eq!(now.counters, Some(vec![]));

    script.step("reserve S1 pays 200 points 40 worth 40 coupon c2 use o1/5 use o2/5 first until 2026-03-01");
    let later = told(&script, "2026-02-02");
    // The hold took the 30 that lapse first, and 10; 40 of the others are left.
    assert_eq!((later.points, later.first_purchase), (40, Some(false)));
    assert_eq!(later.coupons.len(), 1, "one has lapsed, one is held");
    let counters = later.counters.expect("they are known");
    assert_eq!(counters.iter().map(|c| (c.offer.as_str(), c.used)).collect::<Vec<_>>(), [("offer-o1", 1)]);

    script.step("confirm S1 pays 200 points 40 worth 40 coupon c2 use o1/5 use o2/5 first until 2026-03-01");
    script.step("work");
    let sold = told(&script, "2026-01-20");
    assert_eq!((sold.points, sold.tier.as_deref(), sold.first_purchase), (40, Some("gold"), Some(false)));
    assert_eq!(sold.version, script.world.head.version);

    // An offer for birthdays counts in its own period: only a year is the birthday's.
    for (per, counted) in [(LimitPeriod::Lifetime, true), (LimitPeriod::Month, false)] {
        script.world.policy.offers[0] = name("o1", Some((5, per)), true);
        let counters = told(&script, "2026-02-20").counters.expect("they are known");
        assert_eq!(!counters.is_empty(), counted, "{per:?}");
    }

    let nobody = snapshot(&script.world.policy, &Head::absent(), &member("m9"), 0, BusinessTime::default());
    assert_eq!((nobody.points, nobody.enrolled_on, nobody.version), (0, None, 0));
}
