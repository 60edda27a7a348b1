//! Fixed prices (docs/pricing.md, rules 21 and 22).

use suanpan_domain::{Quantity, Rounding, UnitPrice};

use super::{Cut, Given, Rooms, Take, Work, settle_takes};
use crate::ground::{Ground, bits};
use crate::state::{Run, State};

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
    let mut cut = Cut::default();
    let mut runs = std::mem::take(&mut work.runs);
    let mut staged = std::mem::take(&mut work.staged);
    staged.clear();
    let rooms = Rooms::new(ground, state, candidate);
    for line in bits(&work.live) {
        let Some(price) = price_of(line) else { continue };
        let facts = &ground.lines[line];
        let wanted = if facts.weighed || units_alike(ground, state, line, &mut runs) {
            // All units alike: the line is priced as one, so that a sub-cent price rounds once.
            let quantity = Quantity::from_milli(facts.quantity_milli);
            state.running[line] - price.times(quantity, Rounding::HalfUp).minor()
        } else {
            let each = price.times(Quantity::from_units(1), Rounding::HalfUp).minor();
            staged.extend(runs.iter().map(|run| (line as u32, *run, (run.amount - each).max(0))));
            runs.iter().map(|run| run.count * (run.amount - each).max(0)).sum()
        };
        let (amount, exceeds) = rooms.of(line).take(wanted);
        cut = cut | exceeds;
        if amount > 0 {
            work.takes.push(Take { line: line as u32, amount });
        }
    }
    let given = settle_takes(ground, state, work, candidate, cut);
    if !ground.candidates[candidate].tender {
        place_on_units(state, work, &staged, &mut runs);
    }
    work.runs = runs;
    work.staged = staged;
    given
}

/// Whether a line's units differ by one minor unit at most; if not, its runs stand in `runs`.
fn units_alike(ground: &Ground<'_>, state: &State, line: usize, runs: &mut Vec<Run>) -> bool {
    if state.units.is_level(line) {
        return true;
    }
    runs.clear();
    state.units.push_runs(line, ground.lines[line].units, state.running[line], runs);
    let amounts = || runs.iter().map(|run| run.amount);
    amounts().max().unwrap_or(0) - amounts().min().unwrap_or(0) <= 1
}

/// Lets what was taken sit on the units that it was computed for; cuts take back from the last of them.
fn place_on_units(state: &mut State, work: &Work, staged: &[(u32, Run, i64)], runs: &mut Vec<Run>) {
    for take in &work.takes {
        let first = staged.partition_point(|(line, ..)| *line < take.line);
        let of_line = &staged[first..];
        let of_line = &of_line[..of_line.partition_point(|(line, ..)| *line == take.line)];
        if of_line.is_empty() {
            continue;
        }
        let mut left = take.amount;
        runs.clear();
        for (_, run, each) in of_line {
            // Whole units first, then the rest of what was taken.
            let whole = if *each > 0 { (left / each).min(run.count) } else { run.count };
            left -= whole * each;
            let part = if whole < run.count { left } else { 0 };
            left -= part;
            let one = i64::from(part > 0);
            runs.push(Run { count: whole, amount: run.amount - each, ..*run });
            runs.push(Run { count: one, amount: run.amount - part, ..*run });
            runs.push(Run { count: run.count - whole - one, ..*run });
        }
        state.units.set_runs(take.line as usize, runs.iter().copied());
    }
}

/// Each live line costs so much as a whole, never more than now.
pub(super) fn line_price(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    price: i64,
) -> Given {
    let mut cut = Cut::default();
    let rooms = Rooms::new(ground, state, candidate);
    let Work { takes, live, .. } = work;
    for line in bits(live) {
        let wanted = state.running[line] - price;
        let (amount, exceeds) = rooms.of(line).take(wanted);
        cut = cut | exceeds;
        if amount > 0 {
            takes.push(Take { line: line as u32, amount });
        }
    }
    settle_takes(ground, state, work, candidate, cut)
}

/// All that is free.
pub(super) fn free(ground: &Ground<'_>, state: &mut State, work: &mut Work, candidate: usize) -> Given {
    let rooms = Rooms::new(ground, state, candidate);
    let Work { takes, live, .. } = work;
    let mut cut = Cut::default();
    for line in bits(live) {
        let room = rooms.of(line);
        let amount = room.most();
        cut.by_law |= room.by_law && room.free < room.above_floors;
        if amount > 0 {
            takes.push(Take { line: line as u32, amount });
        }
    }
    settle_takes(ground, state, work, candidate, cut)
}
