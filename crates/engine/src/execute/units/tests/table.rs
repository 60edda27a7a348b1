//! Groups, sets, buying and getting by hand. Amounts in minor units.

use suanpan_domain::{Money, Reason, Rounding};
use suanpan_program::model::{
    AllocationBasis, BundlePrice, Effect, GroupForm, GroupReward, Pick, RewardOver, UnitCount, UnitReward,
};

use super::build::{basket, execute_all, line, offer, program, skus};
use super::cases::{bundle, check, check_offer, from_cheapest, get, nth, part, percent, run, set};

#[test]
fn groups() {
    check("E01: three for two", nth(3, 3, percent(100)), &[("a", 1200, 3)], &[1200], 1);
    let all = from_cheapest(2, 1, RewardOver::Each, true, percent(100));
    check("E13: the two cheapest are free", all, &[("a", 6500, 2), ("b", 3000, 1)], &[6500, 3000], 1);
    let all = from_cheapest(2, 1, RewardOver::Each, true, UnitReward::UnitPrice(Money::from_minor(2000)));
    check("E15: each for 20.00", all, &[("a", 6000, 2), ("b", 3000, 1)], &[4000, 1000], 1);
    let lines = [("a", 1000, 10), ("b", 2000, 10)];
    let each = from_cheapest(4, 4, RewardOver::Each, false, percent(10));
    check("E17: in each group", each, &lines, &[200, 600], 5);
    let all = from_cheapest(4, 4, RewardOver::All, false, percent(10));
    check("E17: across all groups", all, &lines, &[0, 1000], 5);
    for (units, taken, times) in [(1, 0, 0), (2, 1000, 1), (3, 1000, 1), (4, 2000, 2)] {
        let effect = Effect::NthUnit {
            group_size: 2,
            form: GroupForm::DearestFirst,
            reward: GroupReward { nth: 2, over: RewardOver::Each, all_units: true },
            off: UnitReward::AmountOff(Money::from_minor(500)),
            times: None,
        };
        check("E19: 5 off each unit of pairs", effect, &[("a", 1000, units)], &[taken], times);
    }
    let nine: Vec<(String, i64, i64)> = (1..10).map(|n| (format!("t{n}"), n * 500, 1)).collect();
    let nine: Vec<(&str, i64, i64)> = nine.iter().map(|(sku, price, n)| (sku.as_str(), *price, *n)).collect();
    let each = from_cheapest(3, 2, RewardOver::Each, false, percent(100));
    check("E27: in each", each, &nine, &[0, 1000, 0, 0, 2500, 0, 0, 4000, 0], 3);
    let all = from_cheapest(3, 2, RewardOver::All, false, percent(100));
    check("E27: across all", all, &nine, &[0, 0, 0, 2000, 2500, 3000, 0, 0, 0], 3);
}

#[test]
fn discounts_are_cut_down_where_the_program_says_so() {
    for (place, taken) in [(1, 199), (3, 100)] {
        let mut program = program(vec![offer("o", nth(3, place, percent(10)))]);
        program.rounding = Rounding::Down;
        let lines = vec![line("a", 1999, 1), line("b", 1599, 1), line("c", 1000, 1)];
        let outcome = execute_all(&program, &basket(lines), None);
        assert_eq!(outcome.amount("o"), taken, "E29");
    }
}

#[test]
fn sets() {
    let dearest = |price| set(2, price, GroupForm::DearestFirst);
    let cheapest = |price| set(2, price, GroupForm::CheapestFirst);
    check(
        "E15: the two cheapest for 50",
        cheapest(5000),
        &[("a", 6000, 2), ("b", 3000, 1)],
        &[2667, 1333],
        1,
    );
    check("pairs within and across lines", dearest(15), &[("a", 10, 3), ("b", 8, 2)], &[5 + 2, 1], 2);
    check("a set that is not below its sum", dearest(16), &[("a", 10, 2), ("b", 8, 2)], &[4, 0], 1);
    check("cheap sets are passed over", cheapest(16), &[("a", 10, 2), ("b", 8, 2)], &[4, 0], 1);
    check("thousands", dearest(15), &[("a", 10, 6000)], &[15_000], 3000);
    let outcome = run(vec![offer("o", dearest(15))], vec![line("a", 10, 6000)]);
    let runs: Vec<_> = outcome.runs[0].iter().map(|run| (run.count, run.amount)).collect();
    assert_eq!(runs, [(3000, 8), (3000, 7)]);
}

#[test]
fn pools() {
    let effect = get(UnitCount::Units(50), 1000, percent(100));
    let second = get(UnitCount::Units(10), 20, percent(100));
    let mut first = offer("fifty", effect);
    first.priority = 1;
    let outcome = run(vec![first, offer("ten", second)], vec![line("a", 250, 1080)]);
    assert_eq!((outcome.amount("fifty"), outcome.amount("ten")), (250_000, 5_000), "E07");
    assert_eq!(outcome.running, [15_000]);
    assert!(outcome.runs[0].len() <= 5, "{outcome:?}");
    // E21, one after the other: the pairs are gone.
    let half = offer("half", nth(2, 2, percent(50)));
    let mut second = offer("second", nth(2, 2, percent(50)));
    second.stacking.pool = Some("other".to_owned());
    let outcome = run(vec![half, second], vec![line("a", 1500, 4)]);
    assert_eq!((outcome.amount("half"), outcome.amount("second")), (1500, 750 + 375));
    let twice = vec![offer("half", nth(2, 2, percent(50))), offer("second", nth(2, 2, percent(50)))];
    let outcome = run(twice, vec![line("a", 1500, 5)]);
    assert_eq!((outcome.amount("half"), outcome.amount("second")), (1500, 0));
    assert_eq!(outcome.reason("second"), Some(Reason::NoCompleteGroup));
}

#[test]
fn bought_units_stand_in_front_and_rewarded_ones_behind() {
    let outcome = run(vec![offer("o", nth(2, 2, percent(100)))], vec![line("a", 10, 5)]);
    let runs: Vec<_> = outcome.runs[0].iter().map(|run| (run.count, run.amount, run.consumed)).collect();
    assert_eq!(runs, [(2, 10, 1), (1, 10, 0), (2, 0, 1)]);
}

#[test]
fn buy_and_get() {
    let spend = get(UnitCount::Spend(Money::from_minor(1000)), 1, percent(100));
    check("E03: spend 10", spend, &[("a", 400, 2), ("b", 200, 2)], &[0, 200], 1);
    let four = [("a", 50_000, 1), ("b", 50_000, 1), ("c", 100_000, 1), ("d", 100_000, 1)];
    let two = get(UnitCount::Units(2), 2, percent(100));
    check("E05: the dear ones are bought", two, &four, &[50_000, 50_000, 0, 0], 1);
    let one = || get(UnitCount::Units(2), 1, percent(100));
    check("E11", one(), &[("a", 320, 75)], &[25 * 320], 25);
    check("E11", one(), &[("a", 320, 6)], &[640], 2);
    check("thousands", one(), &[("a", 320, 6000)], &[2000 * 320], 2000);

    let shirts = Effect::BuyGet {
        buy: UnitCount::Units(1),
        get: Some(Box::new(skus(&["shirt", "shirt2"]))),
        get_units: 1,
        off: percent(100),
        pick: Pick::Dearest,
        times: Some(1),
    };
    let mut sweater = offer("o", shirts);
    sweater.buy = skus(&["sweater"]);
    let lines = [("shirt", 500, 2), ("shirt2", 1000, 2), ("sweater", 1000, 2)];
    check_offer("E09: the dearest", sweater, &lines, &[0, 1000, 0], 1);

    let coffee = Effect::BuyGet {
        buy: UnitCount::Units(1),
        get: Some(Box::new(skus(&["coffee"]))),
        get_units: 3,
        off: percent(100),
        pick: Pick::Cheapest,
        times: None,
    };
    let mut machine = offer("o", coffee);
    machine.buy = skus(&["machine"]);
    check_offer("E23", machine, &[("coffee", 1000, 3), ("machine", 50_000, 1)], &[3000, 0], 1);
}

#[test]
fn the_getting_side_passes_over_what_the_buying_side_needs() {
    // Only `a` can be bought, both can be got: the cheapest is `a`, and the purchase needs it.
    let effect = Effect::BuyGet {
        buy: UnitCount::Units(1),
        get: Some(Box::new(skus(&["a", "b"]))),
        get_units: 1,
        off: percent(100),
        pick: Pick::Cheapest,
        times: None,
    };
    let mut offer = offer("o", effect);
    offer.buy = skus(&["a"]);
    check_offer("passed over", offer.clone(), &[("a", 10, 1), ("b", 20, 1)], &[0, 20], 1);
    check_offer("two of them", offer.clone(), &[("a", 10, 2), ("b", 20, 1)], &[10, 0], 1);
    check_offer("twice", offer, &[("a", 10, 2), ("b", 20, 2)], &[0, 40], 2);
}

#[test]
fn buying_and_getting_share_the_discount() {
    let mut program = program(vec![offer("o", get(UnitCount::Units(2), 1, percent(100)))]);
    program.allocation.basis = AllocationBasis::SourceAndTarget;
    let lines = vec![line("a", 10, 2), line("b", 7, 1)];
    let outcome = execute_all(&program, &basket(lines), None);
    // 7 over 10, 10, 7: 2.59, 2.59, 1.81.
    assert_eq!(outcome.running, [20 - 5, 7 - 2], "{outcome:?}");
}

/// What six thousand units of a line become stands in a handful of runs.
#[test]
fn thousands_of_units_stay_a_handful_of_runs() {
    let of = |names: &[&str]| part(names, 1, Pick::Dearest);
    let mut price = set(7, 40, GroupForm::CheapestFirst);
    let effects = [
        nth(7, 3, percent(33)),
        from_cheapest(7, 3, RewardOver::All, false, percent(33)),
        price.clone(),
        bundle(vec![of(&["a"]), of(&["b"]), of(&["a", "b"])], BundlePrice::Price(Money::from_minor(11))),
        get(UnitCount::Units(5), 2, percent(33)),
        get(UnitCount::Spend(Money::from_minor(77)), 2, percent(33)),
        Effect::Gift { of: vec!["a".to_owned()], choose: 1, per_units: Some(3) },
    ];
    for effect in effects {
        for cap in [None, Some(Money::from_minor(4321))] {
            let mut offer = offer("o", effect.clone());
            offer.terms.cap = cap;
            let outcome = run(vec![offer], vec![line("a", 10, 6000), line("b", 7, 6000)]);
            assert!(outcome.runs.iter().all(|runs| runs.len() <= 8), "{effect:?}: {:?}", outcome.runs);
            assert!(outcome.amount("o") > 0 || matches!(effect, Effect::Gift { .. }), "{effect:?}");
        }
    }
    if let Effect::SetPrice { times, .. } = &mut price {
        *times = Some(1);
    }
    check("a thousand sets are passed over at once", price, &[("a", 5, 6000), ("b", 7, 7)], &[1, 6], 1);
}
