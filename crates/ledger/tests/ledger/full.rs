//! Heads that are full to the byte, and counters without room: what happens at each bound, and that it is that bound.

use suanpan_ledger::codec::head_bytes;
use suanpan_ledger::command::Effect;
use suanpan_ledger::head::{
    Activity, Counter, Coupon, CouponId, Delayed, Lot, OfferKey, Pending, Period, Status,
};
use suanpan_ledger::limits::{
    ACTIVITIES_MAX, COUNTERS_MAX, COUPONS_MAX, DELAYED_MAX, HEAD_BYTES_ACCRUE, HEAD_BYTES_FIT,
    HEAD_BYTES_SOFT, LOTS_MAX, MONTHS_MAX, PURCHASES_MAX, SUM_MAX,
};
use suanpan_ledger::{Applied, EntryKey, Head};

use crate::life::deliver;
use crate::policy_words::policy_of;
use crate::script::{START, Script, checkout, instant, member};
use crate::world::World;

/// A member with lots, coupons, counters and months that fill a head, and a name whose length fills it to the byte.
fn filled(lots: usize, delayed: usize, name_bytes: usize) -> Head {
    let later = instant("2030-01-01");
    let mut head = Head { status: Status::Active, version: 1 << 20, ..Head::absent() };
    (head.as_of_ms, head.policy_version) = (instant(START), 1);
    for number in 0..lots as i64 {
        head.lots.push(Lot { expires_ms: later + number * 1_000, points: 1 << 36, held: 0 });
    }
    for number in 0..delayed as i64 {
        let (release_ms, checkout) = (later + number * 1_000, checkout(&format!("S{}", number + 1)));
        let expires_ms = later + 1_000_000_000;
        head.delayed.push(Delayed { release_ms, expires_ms, points: 1 << 36, checkout: Some(checkout) });
    }
    head.sums.earned = (lots + delayed) as i64 * (1 << 36);
    for number in 0..COUPONS_MAX as u8 {
        let (id, campaign) = (CouponId([number; 16]), OfferKey(u64::MAX));
        head.coupons.push(Coupon { id, campaign, expires_ms: later, held: false });
    }
    for number in 0..COUNTERS_MAX as u64 {
        head.counters.push(Counter { offer: OfferKey(1 << 40 | number), period: Period::Lifetime, used: 1 });
    }
    for at in 0..MONTHS_MAX as i32 {
        // The last is January 2026.
        let month = (2026 - 1970) * 12 - MONTHS_MAX as i32 + 1 + at;
        head.months.push(Activity { at: month, spend_minor: 1 << 30, purchases: 1, activity_points: 0 });
    }
    head.merge_lock = Some(member(&"x".repeat(name_bytes)));
    head
}

fn script(head: &Head) -> Script {
    let mut script = Script::new(policy_of(""));
    script.world = World::new(script.world.policy.clone(), head.clone());
    script.world.now_ms = instant(START);
    script
}

/// Names of all lengths: the head grows by a byte with each. The largest that passes, as it is then, and what the next
/// one is answered.
fn last_that_passes(
    lots: usize,
    delayed: usize,
    change: impl Fn(&mut Head),
    passes: impl Fn(&mut Script) -> Result<(), String>,
) -> (Head, String) {
    let mut last = None;
    for name_bytes in 30..128 {
        let mut head = filled(lots, delayed, name_bytes);
        change(&mut head);
        let mut script = script(&head);
        match passes(&mut script) {
            Ok(()) => last = Some((head, script.world.head)),
            Err(outcome) => {
                let (before, after) =
                    last.unwrap_or_else(|| panic!("{} bytes: {outcome}", head_bytes(&head)));
                assert_eq!(head_bytes(&before) + 1, head_bytes(&head), "a byte more");
                return (after, outcome);
            }
        }
    }
    panic!("everything passes: {:?}", last.map(|(before, after)| (head_bytes(&before), head_bytes(&after))));
}

fn done(script: &mut Script, step: &str) -> Result<(), String> {
    Some(script.step(step)).filter(|outcome| outcome != "done").map_or(Ok(()), Err)
}

#[test]
fn nothing_is_added_by_choice_above_the_soft_bound() {
    let waits = |head: &mut Head| {
        let key = EntryKey::Checkout(checkout("S9"));
        head.emitting.push(Pending { version: 1, key });
    };
    for (step, change, expected) in [
        ("reserve S1 pays 1", None, "refused HeadFull"),
        ("adjust 5 until 2031-01-01", None, "refused HeadFull"),
        // What is due may make room.
        ("reserve S1 pays 1", Some(waits), "accrue-first"),
        ("adjust 5 until 2031-01-01", Some(waits), "accrue-first"),
    ] {
        let change = |head: &mut Head| {
            head.coupons.truncate(20);
            if let Some(change) = change {
                change(head);
            }
        };
        let (last, outcome) = last_that_passes(50, 18, change, |script| done(script, step));
        assert_eq!((head_bytes(&last), outcome.as_str()), (HEAD_BYTES_SOFT, expected), "{step}");
    }
}

#[test]
fn a_sale_accrues_first_above_its_bound() {
    let waits = |head: &mut Head| {
        head.pending.push(Pending { version: 1, key: EntryKey::Checkout(checkout("S9")) });
    };
    for step in ["confirm S1 pays 1", "fact S1 pays 1"] {
        // The head before is what counts.
        let before = std::cell::Cell::new(0);
        let (_, outcome) = last_that_passes(62, 28, waits, |script| {
            let bytes = head_bytes(&script.world.head);
            done(script, step)?;
            before.set(bytes);
            Ok(())
        });
        assert_eq!((before.get(), outcome.as_str()), (HEAD_BYTES_ACCRUE, "accrue-first"), "{step}");
    }
    // With nothing that could be accrued the sale goes on.
    let mut script = script(&filled(LOTS_MAX, DELAYED_MAX, 100));
    assert!(head_bytes(&script.world.head) > HEAD_BYTES_ACCRUE);
    assert_eq!(script.step("confirm S1 pays 1"), "done");
}

#[test]
fn lots_are_joined_above_what_fits() {
    let (last, _) = last_that_passes(
        64,
        31,
        |_| {},
        |script| {
            done(script, "cancel S90")?;
            let lots = script.world.head.lots.len();
            if lots == 64 { Ok(()) } else { Err(format!("{lots} lots")) }
        },
    );
    assert_eq!(head_bytes(&last), HEAD_BYTES_FIT);
}

#[test]
fn activities_have_room_for_so_many_counters() {
    let lifetime = (0..).map(|number| (100 + number, Period::Lifetime));
    // 10 January is over everywhere on the 15th, 14 January is not.
    let ended = (0..).map(|number| (100 + number, Period::Day(20_463)));
    let new = (0..).map(|number| (100 + number, Period::Day(20_467)));
    let head = |counters: Vec<(u64, Period)>| {
        let mut head = Head { status: Status::Active, policy_version: 1, ..Head::absent() };
        let counter = |(offer, period)| Counter { offer: OfferKey(offer), period, used: 1 };
        head.activities = counters.into_iter().map(counter).collect();
        head
    };
    // A review counts by day and for ever: two counters.
    for (rule, counters, expected) in [
        ("room for both", lifetime.clone().take(ACTIVITIES_MAX - 2).collect(), "done"),
        ("for one", lifetime.clone().take(ACTIVITIES_MAX - 1).collect(), "refused HeadFull"),
        ("for none", lifetime.take(ACTIVITIES_MAX).collect(), "refused HeadFull"),
        ("days that are over give way", ended.take(ACTIVITIES_MAX).collect(), "done"),
        ("others do not", new.take(ACTIVITIES_MAX).collect::<Vec<_>>(), "refused HeadFull"),
    ] {
        let mut script = script(&head(counters));
        script.world = World::new(policy_of("review 9"), script.world.head.clone());
        script.world.now_ms = instant(START);
        assert_eq!(script.step("activity o5"), expected, "{rule}");
        assert!(script.world.head.activities.len() <= ACTIVITIES_MAX, "{rule}");
    }
}

/// A merge cannot be refused any more when the estate arrives: counters that have no room are left out.
#[test]
fn a_merge_leaves_out_counters_without_room() {
    let counters = |from: u64, count: usize| -> Vec<Counter> {
        let counter = |offer| Counter { offer: OfferKey(offer), period: Period::Lifetime, used: 2 };
        (from..from + count as u64).map(counter).collect()
    };
    let member = |from, uses, activities| Head {
        status: Status::Active,
        policy_version: 1,
        counters: counters(from, uses),
        activities: counters(from, activities),
        ..Head::absent()
    };
    let mut survivor = script(&member(100, COUNTERS_MAX - 1, ACTIVITIES_MAX - 1));
    let estate = member(99, 3, 3);
    let effect = Effect::Merged { estate: suanpan_ledger::codec::encode_head(&estate) };
    assert!(matches!(deliver(&mut survivor.world, "m2", effect), Ok(Applied::Changed(_))));
    let head = &survivor.world.head;
    for (list, most) in [(&head.counters, COUNTERS_MAX), (&head.activities, ACTIVITIES_MAX)] {
        let used: Vec<_> = list.iter().map(|counter| (counter.offer.0, counter.used)).take(4).collect();
        assert_eq!((list.len(), used.as_slice()), (most, [(99, 2), (100, 4), (101, 4), (102, 2)].as_slice()));
    }
}

#[test]
fn a_life_has_an_end() {
    type Change = fn(&mut Head, i64);
    let rows: [(&str, i64, Change); 4] = [
        ("SUM_MAX, points", SUM_MAX, |head, sum| (head.sums.earned, head.sums.spent) = (sum, sum)),
        ("SUM_MAX, money", SUM_MAX, |head, sum| head.lifetime.spend_minor = sum),
        ("SUM_MAX, money given back", SUM_MAX, |head, sum| head.lifetime.spend_minor = -sum),
        ("PURCHASES_MAX", i64::from(PURCHASES_MAX), |head, count| head.lifetime.purchases = count as i32),
    ];
    for (bound, most, change) in rows {
        for (value, expected) in [(most, "done"), (most + 1, "refused OutOfRange")] {
            let mut head = Head { status: Status::Active, policy_version: 1, ..Head::absent() };
            change(&mut head, value);
            assert_eq!(script(&head).step("adjust 1"), expected, "{bound}: {value}");
        }
    }
}

/// Every bound has its row: one that is added without is found.
#[test]
fn every_bound_has_a_row() {
    let limits = include_str!("../../src/limits.rs");
    let tests = [include_str!("bounds.rs"), include_str!("full.rs"), include_str!("shapes.rs")].concat();
    let names = limits.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        // Once where it is imported, once where it is used.
        assert!(tests.matches(name).count() >= 2, "{name} has no row");
    }
}
