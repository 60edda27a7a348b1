//! Bundles, so many units, cuts and gifts by hand. Amounts in minor units.

use suanpan_domain::{Line, LinePrice, Money, Quantity, Rate, Sku};
use suanpan_program::model::{
    AmountPer, BundlePrice, Effect, OffAmount, Offer, Pick, Selection, Threshold, UnitCount, UnitLimitPer,
};

use super::build::{basket, execute_all, line, offer, program, skus};
use super::cases::{bundle, check, check_offer, get, gift, limited, nth, part, percent, run};

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
    let executed = |offer: Offer, lines: Vec<Line>, chosen: &[&str]| {
        let mut basket = basket(lines);
        if !chosen.is_empty() {
            let skus = chosen.iter().map(|sku| Sku::new(*sku).unwrap()).collect();
            basket.gift_choices.push(suanpan_domain::GiftChoice { offer: "o".to_owned(), skus });
        }
        execute_all(&program(vec![offer]), &basket, None)
    };
    let given = |offer: Offer, lines: Vec<Line>, chosen: &[&str]| {
        let outcome = executed(offer, lines, chosen);
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
    // Without a choice of what is on offer it is no candidate at all.
    assert!(executed(choice(), lines(), &[]).offers.is_empty());
    assert!(executed(choice(), lines(), &["tie"]).offers.is_empty());
    assert_eq!(given(choice(), lines(), &["cup", "pen"]), free(30, vec![(0, 1, true)]));
    // One for every two of four: no unit of the four can be done without. Of five one can.
    let every = || Offer { buy: skus(&["a"]), ..gift(&["a"], 1, Some(2)) };
    let given_of = |units| given(every(), vec![line("a", 100, units)], &[]);
    // Of one unit none are two: no candidate.
    assert!(executed(every(), vec![line("a", 100, 1)], &[]).offers.is_empty());
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
