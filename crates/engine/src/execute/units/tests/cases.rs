//! Offers in a few words, and the check of one of them on a basket.

use suanpan_domain::{Line, Money, Rate};
use suanpan_program::model::{
    BundlePart, BundlePrice, Effect, GroupForm, GroupReward, Offer, Pick, RewardOver, UnitCount, UnitLimit,
    UnitLimitPer, UnitReward,
};

use super::build::{Outcome, basket, execute_all, line, offer, program, skus};

pub(super) fn percent(percent: u16) -> UnitReward {
    UnitReward::PercentOff(Rate::from_percent(percent))
}

pub(super) fn nth(size: i64, nth: i64, off: UnitReward) -> Effect {
    Effect::NthUnit {
        group_size: size,
        form: GroupForm::DearestFirst,
        reward: GroupReward { nth, over: RewardOver::Each, all_units: false },
        off,
        times: None,
    }
}

pub(super) fn from_cheapest(
    size: i64,
    nth: i64,
    over: RewardOver,
    all_units: bool,
    off: UnitReward,
) -> Effect {
    Effect::NthUnit {
        group_size: size,
        form: GroupForm::CheapestFirst,
        reward: GroupReward { nth, over, all_units },
        off,
        times: None,
    }
}

pub(super) fn set(units: i64, price: i64, form: GroupForm) -> Effect {
    Effect::SetPrice { units, price: Money::from_minor(price), form, times: None }
}

pub(super) fn get(buy: UnitCount, units: i64, off: UnitReward) -> Effect {
    Effect::BuyGet { buy, get: None, get_units: units, off, pick: Pick::Cheapest, times: None }
}

pub(super) fn run(offers: Vec<Offer>, lines: Vec<Line>) -> Outcome {
    execute_all(&program(offers), &basket(lines), None)
}

/// One offer on some lines; what it takes from each line, in tie order.
pub(super) fn check(name: &str, effect: Effect, lines: &[(&str, i64, i64)], expected: &[i64], times: u32) {
    check_offer(name, offer("o", effect), lines, expected, times);
}

pub(super) fn check_offer(
    name: &str,
    offer: Offer,
    lines: &[(&str, i64, i64)],
    expected: &[i64],
    times: u32,
) {
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

pub(super) fn part(names: &[&str], units: i64, pick: Pick) -> BundlePart {
    BundlePart { selection: skus(names), units, pick }
}

pub(super) fn bundle(parts: Vec<BundlePart>, price: BundlePrice) -> Effect {
    Effect::Bundle { parts, price, times: None }
}

pub(super) fn limited(effect: Effect, at_most: i64, per: UnitLimitPer, pick: Pick) -> Offer {
    let mut offer = offer("o", effect);
    offer.terms.units = Some(UnitLimit { at_most, per, pick });
    offer
}

pub(super) fn gift(of: &[&str], choose: u32, per_units: Option<i64>) -> Offer {
    let of = of.iter().map(|sku| (*sku).to_owned()).collect();
    offer("o", Effect::Gift { of, choose, per_units })
}
