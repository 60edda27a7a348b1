//! Cases worked by hand. Amounts in minor units.

use suanpan_domain::{Line, LinePrice, Money, Quantity, Rate, Reason, Rounding, Sku};
use suanpan_program::model::{
    AllocationBasis, AmountPer, BundlePart, BundlePrice, Effect, GroupForm, GroupReward, OffAmount, Offer,
    Pick, RewardOver, Selection, Threshold, UnitCount, UnitLimit, UnitLimitPer, UnitReward,
};

use super::build::{Outcome, basket, execute_all, line, offer, program, skus};

fn percent(percent: u16) -> UnitReward {
    UnitReward::PercentOff(Rate::from_percent(percent))
}

fn nth(size: i64, nth: i64, off: UnitReward) -> Effect {
    Effect::NthUnit {
        group_size: size,
        form: GroupForm::DearestFirst,
        reward: GroupReward { nth, over: RewardOver::Each, all_units: false },
        off,
        times: None,
    }
}

fn from_cheapest(size: i64, nth: i64, over: RewardOver, all_units: bool, off: UnitReward) -> Effect {
    Effect::NthUnit {
        group_size: size,
        form: GroupForm::CheapestFirst,
        reward: GroupReward { nth, over, all_units },
        off,
        times: None,
    }
}

fn set(units: i64, price: i64, form: GroupForm) -> Effect {
    Effect::SetPrice { units, price: Money::from_minor(price), form, times: None }
}

fn get(buy: UnitCount, units: i64, off: UnitReward) -> Effect {
    Effect::BuyGet { buy, get: None, get_units: units, off, pick: Pick::Cheapest, times: None }
}

fn run(offers: Vec<Offer>, lines: Vec<Line>) -> Outcome {
    execute_all(&program(offers), &basket(lines), None)
}

/// One offer on some lines; what it takes from each line, in tie order.
fn check(name: &str, effect: Effect, lines: &[(&str, i64, i64)], expected: &[i64], times: u32) {
    check_offer(name, offer("o", effect), lines, expected, times);
}

fn check_offer(name: &str, offer: Offer, lines: &[(&str, i64, i64)], expected: &[i64], times: u32) {
    let lines: Vec<Line> = lines.iter().map(|(sku, price, units)| line(sku, *price, *units)).collect();
    let outcome = run(vec![offer], lines);
    let mut taken = vec![0; outcome.running.len()];
    for take in &outcome.offer("o").takes {
        taken[take.line as usize] = take.amount;
    }
    assert_eq!(taken, expected, "{name}: {outcome:#?}");
    assert_eq!(outcome.offer("o").given.times, times, "{name}: {outcome:#?}");
    assert_eq!(outcome.amount("o"), expected.iter().sum::<i64>(), "{name}");
    assert!(outcome.offer("o").bound >= outcome.amount("o"), "{name}: {outcome:#?}");
}

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
        get: Some(skus(&["shirt", "shirt2"])),
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
        get: Some(skus(&["coffee"])),
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
        get: Some(skus(&["a", "b"])),
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

fn part(names: &[&str], units: i64, pick: Pick) -> BundlePart {
    BundlePart { selection: skus(names), units, pick }
}

fn bundle(parts: Vec<BundlePart>, price: BundlePrice) -> Effect {
    Effect::Bundle { parts, price, times: None }
}

#[test]
fn bundles() {
    let price = |price| BundlePrice::Price(Money::from_minor(price));
    let apart =
        |price| bundle(vec![part(&["a"], 1, Pick::Dearest), part(&["b", "c"], 2, Pick::Cheapest)], price);
    let lines = [("a", 30, 2), ("b", 10, 3), ("c", 20, 1)];
    // 30 + 10 + 10 and 30 + 10 + 20.
    check("apart", apart(price(40)), &lines, &[6 + 10, 4 + 3, 7], 2);
    check("one is not below its sum", apart(price(50)), &lines, &[5, 2, 3], 1);
    check("off", apart(BundlePrice::AmountOff(Money::from_minor(5))), &lines, &[3 + 2, 2 + 1, 2], 2);
    let half = BundlePrice::PercentOff(Rate::from_percent(50));
    check("percent", apart(half), &lines, &[30, 15, 10], 2);
    // `b` can be either part: the dearest first, as long as both can be filled.
    let either = bundle(vec![part(&["a", "b"], 1, Pick::Dearest), part(&["b"], 1, Pick::Dearest)], half);
    check("overlap", either.clone(), &[("a", 10, 1), ("b", 20, 2)], &[0, 20], 1);
    check("the rest stays fillable", either.clone(), &[("a", 30, 2), ("b", 20, 2)], &[30, 20], 2);
    check("thousands", either, &[("a", 30, 4000), ("b", 20, 2000)], &[30_000, 20_000], 2000);
}

fn limited(effect: Effect, at_most: i64, per: UnitLimitPer, pick: Pick) -> Offer {
    let mut offer = offer("o", effect);
    offer.terms.units = Some(UnitLimit { at_most, per, pick });
    offer
}

#[test]
fn some_units_only() {
    let off = |amount, per| Effect::AmountOff { amount: OffAmount::Fixed(Money::from_minor(amount)), per };
    let lines = [("a", 100, 2), ("b", 50, 3)];
    let per_unit = |amount| off(amount, AmountPer::Unit);
    let check = |name, offer, expected: &[i64]| check_offer(name, offer, &lines, expected, 1);
    check("E25", limited(per_unit(200), 1, UnitLimitPer::Basket, Pick::Cheapest), &[0, 50]);
    check("dearest", limited(per_unit(30), 3, UnitLimitPer::Basket, Pick::Dearest), &[60, 30]);
    check("per line", limited(per_unit(30), 1, UnitLimitPer::Line, Pick::Dearest), &[30, 30]);
    let percent = || Effect::PercentOff(Rate::from_percent(33));
    check("percent", limited(percent(), 3, UnitLimitPer::Basket, Pick::Dearest), &[66, 17]);
    let once = off(100, AmountPer::Basket);
    check("spread", limited(once, 3, UnitLimitPer::Basket, Pick::Dearest), &[40 + 40, 20]);
    let each_line = off(70, AmountPer::Line);
    check("by line", limited(each_line, 1, UnitLimitPer::Line, Pick::Dearest), &[70, 50]);
    let price = Effect::UnitPrice(suanpan_domain::UnitPrice::from_micro(59_500_000));
    check("price", limited(price, 2, UnitLimitPer::Line, Pick::Dearest), &[80, 0]);
}

#[test]
fn cuts() {
    let free = || offer("o", nth(2, 2, percent(100)));
    let lines = [("a", 10, 2), ("b", 7, 2), ("c", 5, 2)];
    check_offer("no cut", free(), &lines, &[10, 7, 5], 3);
    let mut capped = free();
    capped.terms.cap = Some(Money::from_minor(11));
    check_offer("the cap is divided by what was computed", capped.clone(), &lines, &[5, 4, 2], 3);
    capped.terms.all_or_nothing = true;
    check_offer("all or nothing", capped, &lines, &[0, 0, 0], 0);
    let mut floored = free();
    floored.terms.floor_unit_price = Some(Money::from_minor(6));
    check_offer("floor of a unit", floored, &lines, &[4, 1, 0], 3);
    let mut floored = free();
    floored.terms.floor_line = Some(Money::from_minor(12));
    check_offer("floor of a line", floored, &lines, &[8, 2, 0], 3);
    let mut nothing = free();
    nothing.terms.cap = Some(Money::ZERO);
    check_offer("nothing is consumed for nothing", nothing, &lines, &[0, 0, 0], 0);
    let mut tender = free();
    tender.counts_as = suanpan_program::model::CountsAs::Tender;
    let outcome = run(vec![tender], vec![line("a", 10, 2)]);
    assert_eq!((outcome.running[0], outcome.reserved[0]), (20, 10));
    let runs: Vec<_> = outcome.runs[0].iter().map(|run| (run.count, run.amount, run.consumed)).collect();
    assert_eq!(runs, [(2, 10, 1)]);
    let mut legal = line("a", 10, 2);
    legal.legal_minimum = Some(Money::from_minor(7));
    let outcome = run(vec![free()], vec![legal]);
    assert_eq!(outcome.amount("o"), 6);
}

fn gift(of: &[&str], choose: u32, per_units: Option<i64>) -> Offer {
    let of = of.iter().map(|sku| (*sku).to_owned()).collect();
    offer("o", Effect::Gift { of, choose, per_units })
}

#[test]
fn gifts() {
    let spend = |offer: Offer, spend| Offer {
        threshold: Some(Threshold {
            reach: UnitCount::Spend(Money::from_minor(spend)),
            at: Default::default(),
            tax: None,
        }),
        ..offer
    };
    let given = |offer: Offer, lines: Vec<Line>, chosen: &[&str]| {
        let mut basket = basket(lines);
        if !chosen.is_empty() {
            let skus = chosen.iter().map(|sku| Sku::new(*sku).unwrap()).collect();
            basket.gift_choices.push(suanpan_domain::GiftChoice { offer: "o".to_owned(), skus });
        }
        let outcome = execute_all(&program(vec![offer]), &basket, None);
        let executed = outcome.offer("o");
        let gifts: Vec<_> =
            executed.gifts.iter().map(|gift| (gift.choice, gift.units, gift.from_basket)).collect();
        (executed.given.amount, executed.given.times, executed.given.reason, gifts)
    };
    let lines = || vec![line("a", 100, 2), line("cup", 30, 1)];
    let free = |amount, gifts| (amount, 1, None, gifts);
    assert_eq!(given(gift(&["cup"], 1, None), lines(), &[]), free(30, vec![(0, 1, true)]));
    // 230 less the cup is 200: at 201 the cup is needed.
    assert_eq!(given(spend(gift(&["cup"], 1, None), 200), lines(), &[]), free(30, vec![(0, 1, true)]));
    assert_eq!(given(spend(gift(&["cup"], 1, None), 201), lines(), &[]), free(0, vec![(0, 1, false)]));
    let choice = || gift(&["cup", "pen"], 1, None);
    assert_eq!(given(choice(), lines(), &["pen"]), free(0, vec![(1, 1, false)]));
    assert_eq!(given(choice(), lines(), &[]), (0, 0, Some(Reason::ChoiceNeeded), vec![]));
    assert_eq!(given(choice(), lines(), &["tie"]), (0, 0, Some(Reason::ChoiceNotOffered), vec![]));
    assert_eq!(given(choice(), lines(), &["cup", "pen"]), free(30, vec![(0, 1, true)]));
    // One for every two of four: no unit of the four can be done without. Of five one can.
    let every = || Offer { buy: skus(&["a"]), ..gift(&["a"], 1, Some(2)) };
    let given_of = |units| given(every(), vec![line("a", 100, units)], &[]);
    assert_eq!(given_of(1), (0, 0, Some(Reason::ThresholdNotMet), vec![]));
    assert_eq!(given_of(4), (0, 2, None, vec![(0, 2, false)]));
    assert_eq!(given_of(5), (100, 2, None, vec![(0, 1, true), (0, 1, false)]));
    assert_eq!(given_of(6001), (100, 3000, None, vec![(0, 1, true), (0, 2999, false)]));
    let outcome =
        run(vec![Offer { buy: Selection::default(), ..every() }], vec![line("a", 5, 9), line("b", 1, 9)]);
    // Nine for eighteen; none can be done without.
    assert_eq!(outcome.offer("o").gifts.iter().map(|gift| gift.units).sum::<i64>(), 9);
}

#[test]
fn weighed_lines_are_one_unit() {
    let mut cheese = line("cheese", 1999, 1);
    cheese.quantity = Quantity::from_milli(734);
    // 1999 x 0.734 = 1467.27.
    let outcome = run(vec![offer("o", nth(1, 1, percent(50)))], vec![cheese.clone()]);
    assert_eq!(outcome.amount("o"), 734);
    let price = Effect::UnitPrice(suanpan_domain::UnitPrice::from_minor(1000));
    let outcome = run(vec![limited(price, 1, UnitLimitPer::Basket, Pick::Dearest)], vec![cheese.clone()]);
    assert_eq!(outcome.amount("o"), 1467 - 734);
    let weight = get(UnitCount::Weight(Quantity::from_milli(700)), 1, percent(100));
    let outcome = run(vec![offer("o", weight)], vec![cheese, line("roll", 50, 3)]);
    assert_eq!(outcome.amount("o"), 50);
}

#[test]
fn three_for_five_has_units_too() {
    let mut three = line("a", 0, 3);
    three.price = LinePrice::Total(Money::from_minor(500));
    let outcome = run(vec![offer("o", nth(3, 3, percent(100)))], vec![three]);
    assert_eq!(outcome.amount("o"), 166);
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
