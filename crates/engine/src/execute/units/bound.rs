//! What the search needs to know of unit effects without executing them.

use suanpan_domain::{Money, Rate, Rounding, divide_i128};
use suanpan_program::model::{
    AllocationBasis, AmountPer, BundlePrice, Effect, GroupForm, OffAmount, PercentBasis, Pick, RewardOver,
    UnitCount, UnitLimitPer, UnitReward,
};

use crate::compile::CompiledOffer;
use crate::evaluate::{overridden, selected};
use crate::execute::amounts;
use crate::ground::{Ground, SET_BUY, SET_PARTS, SET_TARGET, bits};
use crate::state::State;

/// The most that a unit effect can give on any state whose lines cost at most what they cost in this one, whatever
/// was consumed before. Which unit carries which part of a line's amount is not known then, so only line amounts and
/// numbers of units count.
pub(crate) fn upper_bound(
    ground: &Ground<'_>,
    state: &State,
    candidate: usize,
    offer: &CompiledOffer,
) -> i64 {
    let facts = &ground.candidates[candidate];
    let lines = |which: usize| bits(ground.set(candidate, which));
    let sum = |which: usize| lines(which).map(|line| state.running[line]).sum::<i64>();
    let units = |which: usize| lines(which).map(|line| ground.lines[line].units).sum::<i64>();
    let often = |times: Option<u32>| i64::from(times.unwrap_or(u32::MAX).min(facts.times_max));
    let rounding = offer.rounding;
    let (rewarded_lines, wanted) = match &offer.effect {
        Effect::NthUnit { group_size, form, reward, off, times } => {
            let groups = (units(SET_TARGET) / group_size.max(&1)).min(often(*times));
            let total = sum(SET_TARGET);
            // The nth in order costs no more than each of those on its dear side: nth of them, itself included, when
            // the dearest come first.
            let (number, share) = match (reward.all_units, form, reward.over) {
                (true, ..) => (groups * group_size, total),
                (false, GroupForm::DearestFirst, RewardOver::Each | RewardOver::All) => {
                    (groups, total / reward.nth.max(1))
                }
                (false, GroupForm::CheapestFirst, RewardOver::Each | RewardOver::All) => {
                    (groups, total / (group_size - reward.nth + 1).max(1))
                }
            };
            (target_room(ground, state, candidate), rewards(*off, share, number, rounding))
        }
        Effect::SetPrice { units: size, price, times, .. } => {
            let sets = (units(SET_TARGET) / size.max(&1)).min(often(*times));
            let wanted = if sets > 0 { (sum(SET_TARGET) - price.minor()).max(0) } else { 0 };
            (target_room(ground, state, candidate), wanted)
        }
        Effect::Bundle { parts, price, times } => {
            let count = |part: usize| units(SET_PARTS + part) / parts[part].units.max(1);
            let bundles = (0..parts.len()).map(count).min().unwrap_or(0).min(often(*times));
            let mut seen = UnionSums::default();
            for word in 0..ground.words {
                let row =
                    (0..parts.len()).fold(0, |row, part| row | ground.set(candidate, SET_PARTS + part)[word]);
                seen.add(ground, state, word, row);
            }
            let wanted = match price {
                _ if bundles == 0 => 0,
                BundlePrice::Price(price) => (seen.running - price.minor()).max(0),
                BundlePrice::AmountOff(off) => off.minor().saturating_mul(bundles).min(seen.running),
                BundlePrice::PercentOff(rate) => {
                    let each: i64 = parts.iter().map(|part| part.units).sum();
                    percents(*rate, seen.running, bundles.saturating_mul(each), rounding)
                }
            };
            (seen.room, wanted)
        }
        Effect::BuyGet { buy, get_units, off, pick, times, .. } => {
            let mut number = units(SET_TARGET) / get_units.max(&1);
            let mut share = sum(SET_TARGET);
            match buy {
                UnitCount::Units(bought) => {
                    number = number.min(units(SET_BUY) / bought.max(&1));
                    if *pick == Pick::Cheapest && offer.target.is_none() {
                        // The targets are the cheapest of what is bought and got.
                        number = number.min(units(SET_TARGET) / (get_units + bought).max(1));
                        let exact = i128::from(share) * i128::from(*get_units);
                        let of = i128::from((get_units + bought).max(1));
                        share = divide_i128(exact, of, Rounding::Down) as i64;
                    }
                }
                UnitCount::Spend(spend) => number = number.min(sum(SET_BUY) / spend.minor().max(1)),
                UnitCount::Weight(_) => {}
            }
            let number = number.min(often(*times)).saturating_mul(*get_units);
            let mut room = target_room(ground, state, candidate);
            if ground.compiled.allocation().basis == AllocationBasis::SourceAndTarget {
                room = i64::MAX;
            }
            (room, rewards(*off, share, number, rounding))
        }
        Effect::Gift { of, .. } => {
            let given = |line: &usize| {
                let sku = ground.basket.lines[ground.lines[*line].first as usize].sku.as_str();
                of.iter().any(|offered| offered == sku)
            };
            let lines = (0..ground.lines.len()).filter(given);
            let room = lines.map(|line| room(ground, state, line)).sum();
            (room, i64::MAX)
        }
        Effect::PercentOff(rate) => {
            let basis = |line: usize| match offer.terms.basis {
                PercentBasis::Running => state.running[line],
                // What a line cost when its layer began is at most its gross.
                PercentBasis::Layer | PercentBasis::List => ground.lines[line].gross,
            };
            let total = lines(SET_TARGET).map(basis).sum();
            let number = limited_units(ground, candidate, offer);
            (target_room(ground, state, candidate), percents(*rate, total, number, rounding))
        }
        Effect::AmountOff { amount, per } => {
            let amount = match amount {
                OffAmount::Fixed(amount) => amount.minor(),
                OffAmount::Presented => amounts::presented(ground, candidate),
            };
            let times = match per {
                AmountPer::Basket => 1,
                AmountPer::Line => lines(SET_TARGET).count() as i64,
                AmountPer::Unit => limited_units(ground, candidate, offer),
            };
            (target_room(ground, state, candidate), amount.saturating_mul(times))
        }
        // Prices leave what they leave; the lines themselves bound it.
        _ => (target_room(ground, state, candidate), i64::MAX),
    };
    let guard = if facts.guard_exempt { i64::MAX } else { ground.guard.max(0) };
    let cap = ground.terms(candidate).cap.map_or(i64::MAX, Money::minor);
    wanted.min(rewarded_lines).min(cap).min(facts.budget_left).min(guard).max(0)
}

/// Whether two unit effects may want the same units: they share a pool, and lines.
pub(crate) fn shares_units(ground: &Ground<'_>, a: usize, b: usize) -> bool {
    let pool = |candidate: usize| ground.offer(candidate).map_or(0, |offer| offer.pool);
    if pool(a) & pool(b) == 0 {
        return false;
    }
    (0..ground.words).any(|word| lines_word(ground, a, word) & lines_word(ground, b, word) != 0)
}

/// One word of the lines whose units an offer may consume.
fn lines_word(ground: &Ground<'_>, candidate: usize, word: usize) -> u64 {
    match ground.offer(candidate).map(|offer| &offer.effect) {
        Some(Effect::Gift { of, .. }) => gift_word(ground, candidate, of, word),
        _ => selected(ground, candidate, word),
    }
}

/// One word of the lines in which a gift's articles may be found.
pub(crate) fn gift_word(ground: &Ground<'_>, candidate: usize, of: &[String], word: usize) -> u64 {
    let layer = ground.candidates[candidate].layer;
    let until = ground.lines.len().min((word + 1) * 64);
    let articles = (word * 64..until).fold(0, |row, line| {
        let facts = &ground.lines[line];
        let sku = ground.basket.lines[facts.first as usize].sku.as_str();
        let offered = facts.open && facts.is_merchandise() && of.iter().any(|offered| offered == sku);
        row | u64::from(offered) << (line % 64)
    });
    articles & !overridden(ground, layer, word)
}

/// What a line can give at most.
fn room(ground: &Ground<'_>, state: &State, line: usize) -> i64 {
    (state.running[line] - ground.lines[line].legal_minimum).max(0)
}

fn target_room(ground: &Ground<'_>, state: &State, candidate: usize) -> i64 {
    bits(ground.set(candidate, SET_TARGET)).map(|line| room(ground, state, line)).sum()
}

/// Sums over lines that are in several sets, each once.
#[derive(Default)]
struct UnionSums {
    running: i64,
    room: i64,
}

impl UnionSums {
    fn add(&mut self, ground: &Ground<'_>, state: &State, word: usize, row: u64) {
        for bit in bits(&[row]) {
            self.running += state.running[word * 64 + bit];
            self.room += room(ground, state, word * 64 + bit);
        }
    }
}

/// Units that `units {at_most}` leaves at most.
fn limited_units(ground: &Ground<'_>, candidate: usize, offer: &CompiledOffer) -> i64 {
    let units = bits(ground.set(candidate, SET_TARGET)).map(|line| ground.lines[line].units);
    match offer.terms.units {
        Some(limit) if limit.per == UnitLimitPer::Line => units.map(|units| units.min(limit.at_most)).sum(),
        Some(limit) => units.sum::<i64>().min(limit.at_most),
        None => units.sum(),
    }
}

/// What so many units that cost so much together can be given.
fn rewards(off: UnitReward, amount: i64, units: i64, rounding: Rounding) -> i64 {
    match off {
        _ if units <= 0 => 0,
        UnitReward::PercentOff(rate) => percents(rate, amount, units, rounding),
        UnitReward::AmountOff(off) => off.minor().saturating_mul(units).min(amount),
        UnitReward::UnitPrice(_) => amount,
    }
}

/// A share of what some units cost together, each rounded by itself.
fn percents(rate: Rate, amount: i64, units: i64, rounding: Rounding) -> i64 {
    let exact = i128::from(amount) * i128::from(rate.ppm());
    let share = divide_i128(exact, 1_000_000, Rounding::Up) as i64;
    // What each unit can win by rounding.
    let won = match rounding {
        _ if rate >= Rate::WHOLE => 0,
        Rounding::Down => 0,
        Rounding::HalfUp | Rounding::HalfEven | Rounding::HalfDown => units / 2 + 1,
        Rounding::Up => units,
    };
    share.saturating_add(won).min(amount.max(0))
}
