//! Percents, amounts and prices on so many units (docs/pricing.md, rules 20, 21 and 34).

use suanpan_domain::{Quantity, Rate, Reason, Rounding, UnitPrice};
use suanpan_program::model::{
    AllocationMethod, AmountPer, Effect, OffAmount, PercentBasis, Pick, UnitLimit, UnitLimitPer,
};

use super::classes::{Class, Piece, Role, dearest_first};
use super::{Call, UnitWork};
use crate::execute::{Given, amounts};
use crate::state::{Run, push_level};

pub(super) fn run(call: &mut Call<'_, '_>) -> Given {
    if let Err(reason) = call.collect_target() {
        return Given::nothing(reason);
    }
    choose(call.units, call.offer.terms.units);
    if call.units.members.is_empty() {
        return Given::nothing(Reason::NoCompleteGroup);
    }
    let cut = match &call.offer.effect {
        Effect::PercentOff(rate) => return percents(call, *rate),
        Effect::AmountOff { amount, per } => amount_off(call, *amount, *per),
        Effect::UnitPrice(price) => {
            unit_price(call, *price);
            false
        }
        _ => false,
    };
    call.finish(1, cut)
}

/// A percent of all units of the target, each rounded by itself.
pub(super) fn percent(call: &mut Call<'_, '_>, rate: Rate) -> Given {
    if let Err(reason) = call.collect_target() {
        return Given::nothing(reason);
    }
    choose(call.units, None);
    percents(call, rate)
}

/// A percent of the chosen units.
fn percents(call: &mut Call<'_, '_>, rate: Rate) -> Given {
    if call.offer.terms.basis != PercentBasis::Running {
        return percent_of_earlier(call, rate);
    }
    let rounding = call.offer.rounding;
    let cut = each(call.units, |amount| rate.of(amount, rounding));
    call.finish(1, cut)
}

/// Notes the first so many units of each line or of the basket in `members`; all when there is no limit.
fn choose(units: &mut UnitWork, limit: Option<UnitLimit>) {
    let pick = limit.map_or(Pick::Dearest, |limit| limit.pick);
    let by_line = limit.is_some_and(|limit| limit.per == UnitLimitPer::Line);
    if by_line {
        units.sort_lines(pick);
    } else {
        units.sort(pick);
    }
    let at_most = limit.map_or(i64::MAX, |limit| limit.at_most);
    let UnitWork { members, order, classes, .. } = units;
    members.clear();
    let (mut line, mut left) = (None, at_most);
    for &class in order.iter() {
        let facts = &classes[class as usize];
        if by_line && line != Some(facts.line) {
            (line, left) = (Some(facts.line), at_most);
        }
        let taken = facts.count.min(left);
        left -= taken;
        if taken > 0 {
            members.push((class, taken));
        }
    }
}

/// Gives each chosen unit what it is to get, cut to what it costs; whether any was cut.
fn each(units: &mut UnitWork, wanted: impl Fn(i64) -> i64) -> bool {
    let mut cut = false;
    for place in 0..units.members.len() {
        let (class, count) = units.members[place];
        let amount = units.classes[class as usize].amount;
        let wanted = wanted(amount);
        cut |= wanted > amount;
        units.reward(class, wanted.clamp(0, amount.max(0)), count);
    }
    cut
}

/// A percent of what each unit cost when the layer began, or at first: units stand apart by their places then.
fn percent_of_earlier(call: &mut Call<'_, '_>, rate: Rate) -> Given {
    let units = &mut *call.units;
    each(units, |_| 0);
    units.place();
    let mut cut = false;
    let rounding = call.offer.rounding;
    let UnitWork { spans, pieces, fresh, runs, .. } = units;
    fresh.clear();
    for span in spans {
        let line = span.line as usize;
        let facts = &call.ground.lines[line];
        runs.clear();
        match call.offer.terms.basis {
            PercentBasis::Layer => {
                call.state.units.push_entered(line, facts.units, call.state.entered[line], runs);
            }
            PercentBasis::List | PercentBasis::Running => push_level(facts.gross, facts.units, runs),
        }
        let start = fresh.len();
        let (mut at, mut left) = (0, runs.first().map_or(0, |run| run.count));
        for piece in &pieces[span.pieces.0 as usize..span.pieces.1 as usize] {
            let mut open = piece.run.count;
            while open > 0 {
                while left == 0 && at + 1 < runs.len() {
                    at += 1;
                    left = runs[at].count;
                }
                let part = if left == 0 { open } else { open.min(left) };
                let basis = runs.get(at).map_or(0, |run| run.amount);
                let mut reward = 0;
                if piece.role == Role::Rewarded {
                    let wanted = rate.of(basis, rounding);
                    cut |= wanted > piece.run.amount;
                    reward = wanted.clamp(0, piece.run.amount.max(0));
                }
                fresh.push(Piece { run: Run { count: part, ..piece.run }, reward, ..*piece });
                open -= part;
                left -= part.min(left);
            }
        }
        span.pieces = (start as u32, fresh.len() as u32);
    }
    std::mem::swap(pieces, fresh);
    call.finish_placed(1, cut)
}

fn amount_off(call: &mut Call<'_, '_>, amount: OffAmount, per: AmountPer) -> bool {
    let amount = match amount {
        OffAmount::Fixed(amount) => amount.minor(),
        OffAmount::Presented => amounts::presented(call.ground, call.candidate),
    };
    let units = &mut *call.units;
    let line_of = |units: &UnitWork, place: usize| {
        units.members.get(place).map(|&(class, _)| units.classes[class as usize].line)
    };
    match per {
        AmountPer::Unit => each(units, |_| amount),
        AmountPer::Basket => {
            units.members.sort_unstable_by(|&(a, _), &(b, _)| {
                dearest_first(&units.classes[a as usize], &units.classes[b as usize])
            });
            let end = units.members.len();
            spread(units, amount, 0..end)
        }
        AmountPer::Line => {
            units.members.sort_unstable_by(|&(a, _), &(b, _)| {
                let (a, b) = (&units.classes[a as usize], &units.classes[b as usize]);
                a.line.cmp(&b.line).then(dearest_first(a, b))
            });
            let (mut cut, mut start) = (false, 0);
            while start < units.members.len() {
                let line = line_of(units, start);
                let mut end = start + 1;
                while end < units.members.len() && line_of(units, end) == line {
                    end += 1;
                }
                cut |= spread(units, amount, start..end);
                start = end;
            }
            cut
        }
    }
}

/// Divides an amount, cut to what they cost, between some of the chosen units, which stand in unit order.
fn spread(units: &mut UnitWork, amount: i64, range: std::ops::Range<usize>) -> bool {
    let UnitWork { spread, members, classes, .. } = units;
    spread.begin();
    let mut sum = 0;
    for &(class, count) in &members[range] {
        let each = classes[class as usize].amount;
        sum += each * count;
        spread.push(class, each, count);
    }
    spread.divide(AllocationMethod::LargestRemainder, amount.clamp(0, sum));
    for place in 0..units.spread.parts.len() {
        let part = units.spread.parts[place];
        units.reward(part.key, part.share, part.count);
    }
    amount > sum
}

/// Each chosen unit costs so much, rounded half up; a weighed one so much for its quantity.
fn unit_price(call: &mut Call<'_, '_>, price: UnitPrice) {
    let units = &mut *call.units;
    for place in 0..units.members.len() {
        let (class, count) = units.members[place];
        let Class { line, amount, .. } = units.classes[class as usize];
        let facts = &call.ground.lines[line as usize];
        let quantity =
            if facts.weighed { Quantity::from_milli(facts.quantity_milli) } else { Quantity::from_units(1) };
        let target = price.times(quantity, Rounding::HalfUp).minor();
        units.reward(class, (amount - target).max(0), count);
    }
}
