//! Gifts: a unit of the basket costs nothing, or an article is added (docs/pricing.md, rule 36).

use suanpan_domain::quote::Missing;
use suanpan_domain::{Quantity, Reason};
use suanpan_program::model::{AmountAt, Pick, UnitCount};

use super::{Call, times_of};
use crate::execute::{GiftGiven, Given, amounts_at, live_buy};
use crate::gather::{counted, reach};
use crate::ground::{Ground, SET_BUY};
use crate::lines::LineFacts;

pub(super) fn run(call: &mut Call<'_, '_>, of: &[String], choose: u32, per_units: Option<i64>) -> Given {
    let ground = call.ground;
    live_buy(ground, call.state, call.work, call.candidate, call.offer);
    // Goods come with goods. Where `buy` names nothing, none in particular have to be left for it.
    if counted(ground.set(call.candidate, SET_BUY), ground.lines).next().is_none() {
        return Given::nothing(Reason::NothingSelected);
    }
    if !call.offer.buy.is_everything && call.work.live_buy.iter().all(|word| *word == 0) {
        return Given::nothing(Reason::ExcludedBy);
    }
    // The search varies no gifts; only the limit per basket bounds them.
    let times_max = i64::from(ground.candidates[call.candidate].times_max);
    let mut times = times_max.min(1);
    if let Some(every) = per_units {
        let every = every.max(1);
        let selected = selected_units(call);
        if selected < every {
            let missing = Missing::Quantity(Quantity::from_units(every - selected));
            return Given { missing, ..Given::nothing(Reason::ThresholdNotMet) };
        }
        times = times_max.min(selected / every);
    }
    let reason = match choose_gifts(call, of, choose, times) {
        Ok(reason) => reason,
        Err(reason) => return Given::nothing(reason),
    };
    collect(call, of);
    call.units.left_out.clear();
    let needed_units = per_units.map_or(0, |every| every.saturating_mul(times));
    for place in 0..call.units.chosen.len() {
        let (choice, count) = call.units.chosen[place];
        give(call, of, choice, count, needed_units);
    }
    let mut given = Given { reason, ..Given::full(0, times_of(times)) };
    if !call.units.left_out.is_empty() {
        let taken = call.finish(times, false);
        if taken.amount > 0 {
            given.amount = taken.amount;
            given.reason = taken.reason.or(reason);
        } else {
            call.work.gifts.retain(|gift| !gift.from_basket);
            let all_or_nothing = call.offer.terms.all_or_nothing
                && matches!(taken.reason, Some(Reason::AllOrNothing | Reason::MaximumDiscount));
            if call.work.gifts.is_empty() || all_or_nothing {
                call.work.gifts.clear();
                return taken;
            }
        }
    }
    given
}

fn selected_units(call: &Call<'_, '_>) -> i64 {
    let lines = call.ground.lines;
    counted(&call.work.live_buy, lines).map(|line| lines[line].units).sum()
}

/// Notes which gifts are given: all of the list, or what the request chose among it. Gives why some are missing.
fn choose_gifts(
    call: &mut Call<'_, '_>,
    of: &[String],
    choose: u32,
    times: i64,
) -> Result<Option<Reason>, Reason> {
    let chosen = &mut call.units.chosen;
    chosen.clear();
    if of.len() <= choose as usize {
        chosen.extend((0..of.len() as u32).map(|choice| (choice, times)));
        return Ok(None);
    }
    let mut left = i64::from(choose).saturating_mul(times);
    let (mut named, mut not_offered) = (false, false);
    let id = call.ground.id(call.candidate);
    let choices = call.ground.basket.gift_choices.iter().filter(|choice| choice.offer == id);
    for sku in choices.flat_map(|choice| &choice.skus) {
        if left == 0 {
            break;
        }
        named = true;
        let Some(choice) = of.iter().position(|offered| offered == sku.as_str()) else {
            not_offered = true;
            continue;
        };
        left -= 1;
        match chosen.last_mut() {
            Some((last, count)) if *last == choice as u32 => *count += 1,
            _ => chosen.push((choice as u32, 1)),
        }
    }
    match (named, chosen.is_empty()) {
        (false, _) => Err(Reason::ChoiceNeeded),
        (true, true) => Err(Reason::ChoiceNotOffered),
        (true, false) if not_offered => Ok(Some(Reason::ChoiceNotOffered)),
        (true, false) => Ok((left > 0).then_some(Reason::ChoiceNeeded)),
    }
}

/// Takes in the units of the basket that may be given.
fn collect(call: &mut Call<'_, '_>, of: &[String]) {
    let ground = call.ground;
    let spares_overridden = call.spares_overridden();
    let row = call.candidate * ground.words;
    let blocked = call.state.blocked.get(row..row + ground.words).unwrap_or_default();
    let is_blocked = |line: usize| blocked.get(line / 64).is_some_and(|word| word >> (line % 64) & 1 == 1);
    call.units.masks.clear();
    call.units.masks.resize(ground.lines.len(), 0);
    for &(choice, _) in &call.units.chosen {
        for line in lines_of(ground, &of[choice as usize]) {
            let facts = &ground.lines[line];
            if may_be_given(facts) && !(spares_overridden && facts.overridden) && !is_blocked(line) {
                call.units.masks[line] = 1;
            }
        }
    }
    for line in 0..ground.lines.len() {
        if call.units.masks[line] == 1 {
            call.units.collect(ground, call.state, call.offer.pool, line, 1);
        }
    }
    call.units.sort(Pick::Cheapest);
}

/// Goods and services that take discounts.
fn may_be_given(facts: &LineFacts) -> bool {
    facts.open && facts.is_merchandise()
}

/// The lines of a sku; lines stand in the order of skus.
fn lines_of(ground: &Ground<'_>, sku: &str) -> std::ops::Range<usize> {
    let name = |facts: &LineFacts| ground.basket.lines[facts.first as usize].sku.as_str();
    let start = ground.lines.partition_point(|facts| name(facts) < sku);
    let count = ground.lines[start..].iter().take_while(|facts| name(facts) == sku).count();
    start..start + count
}

/// Gives so many of one article: units of the basket that the offer can do without, cheapest first; else new ones.
fn give(call: &mut Call<'_, '_>, of: &[String], choice: u32, count: i64, needed_units: i64) {
    let lines = lines_of(call.ground, &of[choice as usize]);
    let mut left = count;
    for place in 0..call.units.order.len() {
        let class = call.units.order[place];
        let facts = call.units.classes[class as usize];
        if left == 0 {
            break;
        }
        if facts.amount <= 0 || !lines.contains(&(facts.line as usize)) {
            continue;
        }
        let at_most = left.min(facts.count - facts.rewarded);
        let spared = |units: i64| still_met(call, (facts.line, units, units * facts.amount), needed_units);
        let taken = super::largest(at_most, spared);
        if taken > 0 {
            call.units.reward(class, facts.amount, taken);
            call.units.left_out.push((facts.line, taken, taken * facts.amount));
            left -= taken;
        }
    }
    for (units, from_basket) in [(count - left, true), (left, false)] {
        if units > 0 {
            call.work.gifts.push(GiftGiven { choice, units, from_basket });
        }
    }
}

/// Whether the offer's own threshold, and its number of times, hold without the units that gifts took and some more.
fn still_met(call: &Call<'_, '_>, more: (u32, i64, i64), needed_units: i64) -> bool {
    let (ground, state, live) = (call.ground, &*call.state, &call.work.live_buy);
    let left_out = |line: usize| {
        let entries = call.units.left_out.iter().chain(std::iter::once(&more));
        entries
            .filter(|entry| entry.0 as usize == line)
            .fold((0, 0), |(units, amount), entry| (units + entry.1, amount + entry.2))
    };
    let units =
        || counted(live, ground.lines).map(|line| ground.lines[line].units - left_out(line).0).sum::<i64>();
    if needed_units > 0 && units() < needed_units {
        return false;
    }
    let Some(threshold) = &call.offer.threshold else { return true };
    match threshold.reach {
        UnitCount::Units(least) => units() >= least,
        UnitCount::Weight(least) => {
            let weighed = counted(live, ground.lines)
                .filter(|&line| ground.lines[line].weighed && left_out(line).0 == 0)
                .map(|line| ground.lines[line].quantity_milli);
            weighed.sum::<i64>() >= least.milli()
        }
        UnitCount::Spend(_) => {
            let at = amounts_at(ground, state, threshold.at);
            let amount = |line: usize| match left_out(line) {
                (0, _) => at(line),
                (_, amount) if threshold.at == AmountAt::Running => at(line) - amount,
                (units, _) => {
                    first_units(at(line), ground.lines[line].units, ground.lines[line].units - units)
                }
            };
            reach(ground.compiled, threshold, live, ground.lines, ground.tax_rates, amount).1
                == Missing::Nothing
        }
    }
}

/// What the first so many of a line's units cost when its amount is divided level, larger ones first.
fn first_units(amount: i64, units: i64, first: i64) -> i64 {
    let units = units.max(1);
    amount.div_euclid(units) * first + amount.rem_euclid(units).min(first)
}
