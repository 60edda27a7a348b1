//! Fixed prices (docs/pricing.md, rules 21 and 22).

use suanpan_domain::{Quantity, Rounding, UnitPrice};

use super::{Given, Take, Work, room_of, settle_takes};
use crate::ground::{Ground, bits};
use crate::state::State;

/// Each live line costs so much for a unit, never more than now.
pub(super) fn unit_price(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    price: UnitPrice,
) -> Given {
    to_prices(ground, state, work, candidate, |_| Some(price))
}

/// Prices by sku.
pub(super) fn price_list(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    list: &[(String, UnitPrice)],
) -> Given {
    to_prices(ground, state, work, candidate, |line| {
        let sku = &ground.basket.lines[ground.lines[line].first as usize].sku;
        let found = list.binary_search_by(|(listed, _)| listed.as_str().cmp(sku.as_str())).ok()?;
        Some(list[found].1)
    })
}

fn to_prices(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    price_of: impl Fn(usize) -> Option<UnitPrice>,
) -> Given {
    let mut cut = false;
    let mut runs = std::mem::take(&mut work.units.runs);
    for line in bits(&work.live) {
        let Some(price) = price_of(line) else { continue };
        let facts = &ground.lines[line];
        let wanted = if facts.weighed || state.units.is_level(line) {
            // All units alike: the line is priced as one, so that a sub-cent price rounds once.
            let quantity = Quantity::from_milli(facts.quantity_milli);
            state.running[line] - price.times(quantity, Rounding::HalfUp).minor()
        } else {
            runs.clear();
            state.units.push_runs(line, facts.units, state.running[line], &mut runs);
            let each = price.times(Quantity::from_units(1), Rounding::HalfUp).minor();
            runs.iter().map(|run| run.count * (run.amount - each).max(0)).sum()
        };
        let amount = wanted.min(room_of(ground, state, candidate, line));
        cut |= wanted > state.free(ground.lines, line);
        if amount > 0 {
            work.takes.push(Take { line: line as u32, amount });
        }
    }
    work.units.runs = runs;
    settle_takes(ground, state, work, candidate, cut)
}

/// Each live line costs so much as a whole, never more than now.
pub(super) fn line_price(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    price: i64,
) -> Given {
    let mut cut = false;
    let Work { takes, live, .. } = work;
    for line in bits(live) {
        let wanted = state.running[line] - price;
        let amount = wanted.min(room_of(ground, state, candidate, line));
        cut |= wanted > state.free(ground.lines, line);
        if amount > 0 {
            takes.push(Take { line: line as u32, amount });
        }
    }
    settle_takes(ground, state, work, candidate, cut)
}

/// All that is free.
pub(super) fn free(ground: &Ground<'_>, state: &mut State, work: &mut Work, candidate: usize) -> Given {
    let Work { takes, live, .. } = work;
    for line in bits(live) {
        let amount = room_of(ground, state, candidate, line);
        if amount > 0 {
            takes.push(Take { line: line as u32, amount });
        }
    }
    settle_takes(ground, state, work, candidate, false)
}
