//! Random offers, one after the other, on counted units and on units that are taken apart.

use proptest::prelude::*;
use suanpan_domain::{Basket, GiftChoice, Line, LineId, LinePrice, Money, Quantity, Rate, Rounding, Sku};
use suanpan_program::model::{
    AllocationBasis, AllocationMethod, AmountPer, BundlePart, BundlePrice, CountsAs, Effect, GroupForm,
    GroupReward, OffAmount, Offer, PercentBasis, Pick, Program, RewardOver, RoundAt, Selection, Terms,
    Threshold, UnitCount, UnitLimit, UnitLimitPer, UnitReward,
};

use super::build::{basket, execute_all, line, offer, program, skus};
use super::naive::{Did, Naive};

const SKUS: [&str; 4] = ["a", "b", "c", "d"];

fn money(amount: i64) -> Money {
    Money::from_minor(amount)
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let one = (0..4_usize, 0..40_i64, 1..=3_i64, 0..12_u8, prop::option::weighted(0.1, 1..15_i64));
    prop::collection::vec(one, 1..=4).prop_map(|parts| {
        let mut lines: Vec<Line> = Vec::new();
        for (sku, price, units, sort, legal) in parts {
            let mut made = line(SKUS[sku], price, units);
            match sort {
                0 => made.quantity = Quantity::from_milli(734),
                1 => made.price = LinePrice::Total(money(price + 1)),
                2 => made.price_overridden = true,
                _ => {}
            }
            made.id = LineId::new(format!("line-{}", lines.len())).unwrap();
            made.legal_minimum = legal.map(money);
            let known = |other: &Line| {
                other.sku == made.sku && super::naive::requested(other) == super::naive::requested(&made)
            };
            if !lines.iter().any(known) {
                lines.push(made);
            }
        }
        lines
    })
}

fn selection() -> impl Strategy<Value = Selection> {
    let some = prop::sample::subsequence(SKUS.to_vec(), 1..=3).prop_map(|some| skus(&some));
    prop_oneof![2 => Just(Selection::default()), 3 => some].prop_flat_map(|selection| {
        prop::bool::weighted(0.05)
            .prop_map(move |undiscounted_only| Selection { undiscounted_only, ..selection.clone() })
    })
}

fn form() -> impl Strategy<Value = GroupForm> {
    prop_oneof![Just(GroupForm::DearestFirst), Just(GroupForm::CheapestFirst)]
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![Just(Pick::Dearest), Just(Pick::Cheapest)]
}

fn rate() -> impl Strategy<Value = Rate> {
    prop_oneof![Just(10), Just(33), Just(50), Just(100)].prop_map(Rate::from_percent)
}

fn reward() -> impl Strategy<Value = UnitReward> {
    prop_oneof![
        3 => rate().prop_map(UnitReward::PercentOff),
        1 => (0..20_i64).prop_map(|amount| UnitReward::AmountOff(money(amount))),
        1 => (0..20_i64).prop_map(|amount| UnitReward::UnitPrice(money(amount))),
    ]
}

fn times() -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.3, 1..3_u32)
}

fn count() -> impl Strategy<Value = UnitCount> {
    prop_oneof![
        4 => (1..4_i64).prop_map(UnitCount::Units),
        2 => (1..50_i64).prop_map(|amount| UnitCount::Spend(money(amount))),
        1 => (1..900_i64).prop_map(|milli| UnitCount::Weight(Quantity::from_milli(milli))),
    ]
}

fn effect() -> impl Strategy<Value = Effect> {
    let nth = (1..5_i64, 0..4_i64, form(), any::<bool>(), prop::bool::weighted(0.2), reward(), times())
        .prop_map(|(size, nth, form, over, all_units, off, times)| Effect::NthUnit {
            group_size: size,
            form,
            reward: GroupReward {
                nth: nth % size + 1,
                over: if over { RewardOver::All } else { RewardOver::Each },
                all_units,
            },
            off,
            times,
        });
    let set = (1..5_i64, 0..60_i64, form(), times())
        .prop_map(|(units, price, form, times)| Effect::SetPrice { units, price: money(price), form, times });
    let part = (selection(), 1..3_i64, pick()).prop_map(|(selection, units, pick)| BundlePart {
        selection,
        units,
        pick,
    });
    let price = prop_oneof![
        2 => (0..60_i64).prop_map(|price| BundlePrice::Price(money(price))),
        1 => rate().prop_map(BundlePrice::PercentOff),
        1 => (0..50_i64).prop_map(|amount| BundlePrice::AmountOff(money(amount))),
    ];
    let bundle = (prop::collection::vec(part, 1..=3), price, times())
        .prop_map(|(parts, price, times)| Effect::Bundle { parts, price, times });
    let get = (count(), prop::option::of(selection()), 1..3_i64, reward(), pick(), times()).prop_map(
        |(buy, get, get_units, off, pick, times)| Effect::BuyGet {
            buy,
            get: get.map(Box::new),
            get_units,
            off,
            pick,
            times,
        },
    );
    let gift = (
        prop::sample::subsequence(vec!["a", "b", "c", "towel"], 1..=3),
        1..3_u32,
        prop::option::of(1..4_i64),
    )
        .prop_map(|(of, choose, per_units)| Effect::Gift {
            of: of.into_iter().map(str::to_owned).collect(),
            choose,
            per_units,
        });
    prop_oneof![3 => nth, 3 => set, 3 => bundle, 4 => get, 2 => gift, 3 => limited()]
}

fn limited() -> impl Strategy<Value = Effect> {
    let per = prop_oneof![Just(AmountPer::Unit), Just(AmountPer::Line), Just(AmountPer::Basket)];
    prop_oneof![
        rate().prop_map(Effect::PercentOff),
        (0..60_i64, per)
            .prop_map(|(amount, per)| Effect::AmountOff { amount: OffAmount::Fixed(money(amount)), per }),
        (0..30_000_000_i64).prop_map(|price| Effect::UnitPrice(suanpan_domain::UnitPrice::from_micro(price))),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let rare = |most: i64| prop::option::weighted(0.1, 0..most);
    let basis = prop_oneof![3 => Just(PercentBasis::Running), 1 => Just(PercentBasis::List), 1 => Just(PercentBasis::Layer)];
    (rare(40), rare(20), rare(40), rare(60), prop::bool::weighted(0.1), basis).prop_map(
        |(cap, unit, line, sku, all_or_nothing, basis)| Terms {
            cap: cap.map(money),
            floor_unit_price: unit.map(money),
            floor_line: line.map(money),
            floor_sku: sku.map(money),
            all_or_nothing,
            basis,
            ..Terms::default()
        },
    )
}

fn one_offer() -> impl Strategy<Value = Offer> {
    let per = prop_oneof![Just(UnitLimitPer::Line), Just(UnitLimitPer::Basket)];
    let limit = (1..4_i64, per, pick()).prop_map(|(at_most, per, pick)| UnitLimit { at_most, per, pick });
    let limit = prop::option::weighted(0.6, limit);
    let pool = prop::option::weighted(0.3, prop_oneof![Just("default"), Just("own")]);
    let threshold = prop::option::weighted(0.2, count());
    (effect(), selection(), terms(), limit, pool, threshold, prop::bool::weighted(0.1)).prop_map(
        |(effect, buy, terms, limit, pool, threshold, tender)| {
            let limited =
                matches!(effect, Effect::PercentOff(_) | Effect::AmountOff { .. } | Effect::UnitPrice(_));
            let mut made = offer("", effect);
            // The parts of a bundle are what is bought.
            if !matches!(made.effect, Effect::Bundle { .. }) {
                made.buy = buy;
            }
            made.terms = terms.into();
            if limited {
                made.terms.units = limit;
                made.terms.round_at = Some(RoundAt::Unit);
            }
            if let (None, Effect::AmountOff { per, .. }) = (limit, &mut made.effect) {
                *per = AmountPer::Unit;
            }
            made.stacking.pool = pool.map(str::to_owned);
            made.threshold = threshold.map(|reach| Threshold { reach, at: Default::default(), tax: None });
            if tender {
                made.counts_as = CountsAs::Tender;
            }
            made
        },
    )
}

fn case() -> impl Strategy<Value = (Program, Basket)> {
    let method = prop_oneof![
        Just(AllocationMethod::LargestRemainder),
        Just(AllocationMethod::LastLineTakesRest),
        Just(AllocationMethod::HalfDownThenFirst),
        Just(AllocationMethod::Cascade),
    ];
    let rounding = prop_oneof![Just(Rounding::HalfUp), Just(Rounding::Down), Just(Rounding::Up)];
    let chosen = prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("towel"), Just("x")], 0..4);
    let guard = prop::option::weighted(0.15, prop_oneof![Just(20), Just(50)]);
    let offers = prop::collection::vec(one_offer(), 1..=3);
    let second_layer = 1..4_usize;
    (lines(), offers, method, prop::bool::weighted(0.2), rounding, guard, chosen, second_layer).prop_map(
        |(lines, mut offers, method, shared, rounding, guard, chosen, second_layer)| {
            for (place, offer) in offers.iter_mut().enumerate() {
                offer.id = format!("o{place}");
                offer.layer = if place < second_layer { 1 } else { 3 };
            }
            let mut basket = basket(lines);
            let skus: Vec<Sku> = chosen.iter().map(|sku| Sku::new(*sku).unwrap()).collect();
            let ids = offers.iter().map(|offer| offer.id.clone());
            basket.gift_choices = ids.map(|offer| GiftChoice { offer, skus: skus.clone() }).collect();
            let mut program = program(offers);
            program.allocation.method = method;
            program.rounding = rounding;
            program.maximum_discount = guard.map(Rate::from_percent);
            if shared {
                program.allocation.basis = AllocationBasis::SourceAndTarget;
            }
            (program, basket)
        },
    )
}

/// The same offers with at most so many applications each.
fn at_most(program: &Program, most: u32) -> Program {
    let mut program = program.clone();
    for offer in &mut program.offers {
        if let Effect::NthUnit { times, .. }
        | Effect::SetPrice { times, .. }
        | Effect::Bundle { times, .. }
        | Effect::BuyGet { times, .. } = &mut offer.effect
        {
            *times = Some(times.map_or(most, |times| times.min(most)));
        }
    }
    program
}

fn compare(program: &Program, basket: &Basket, most: Option<u32>) -> Result<(), TestCaseError> {
    let outcome = execute_all(program, basket, most);
    let bounded = most.map(|most| at_most(program, most));
    let program = bounded.as_ref().unwrap_or(program);
    let mut naive = Naive::new(program, basket);
    for offer in &program.offers {
        let expected = naive.execute(offer);
        let Some(executed) = outcome.offers.iter().find(|executed| executed.id == offer.id) else {
            prop_assert!(expected.takes.iter().all(|amount| *amount == 0) && expected.gifts.is_empty());
            continue;
        };
        let mut takes = vec![0; naive.lines.len()];
        executed.takes.iter().for_each(|take| takes[take.line as usize] = take.amount);
        let mut gifts = vec![(0, 0); expected.gifts.len()];
        for gift in &executed.gifts {
            prop_assert!(!gifts.is_empty(), "{executed:?} {expected:?}");
            let (taken, added) = &mut gifts[gift.choice as usize];
            *(if gift.from_basket { taken } else { added }) += gift.units;
        }
        let did = Did { takes, times: i64::from(executed.given.times), gifts };
        prop_assert_eq!(&did, &expected, "{:#?}", offer);
        prop_assert_eq!(executed.given.amount, expected.takes.iter().sum::<i64>());
        prop_assert!(executed.given.amount <= executed.bound, "bound {} {:#?}", executed.bound, offer);
    }
    for (line, units) in naive.units.iter().enumerate() {
        let apart = units.iter().map(|unit| {
            let bit = |pool: &str| u64::from(unit.consumed.contains(pool));
            (unit.amount, bit("default") + bit("own"))
        });
        let counted = outcome.runs[line].iter();
        let counted = counted.flat_map(|run| {
            (0..run.count).map(|_| (run.amount, i64::from(run.consumed.count_ones()) as u64))
        });
        prop_assert_eq!(counted.collect::<Vec<_>>(), apart.collect::<Vec<_>>(), "line {}", line);
        prop_assert_eq!(outcome.reserved[line], naive.reserved[line]);
        prop_assert_eq!(outcome.running[line], units.iter().map(|unit| unit.amount).sum::<i64>());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counted_units_are_priced_like_units_taken_apart((program, basket) in case()) {
        compare(&program, &basket, None)?;
    }

    #[test]
    fn a_bound_on_applications_is_a_number_of_times((mut program, basket) in case(), most in 1..3_u32) {
        program.offers.retain(|offer| !matches!(offer.effect, Effect::Gift { .. }));
        compare(&program, &basket, Some(most))?;
    }
}
