//! Percent off (docs/pricing.md, rule 15).

use suanpan_domain::{Rate, divide_i128};
use suanpan_program::model::{PercentBasis, RoundAt};

use super::{Given, Rooms, Take, Work, amounts, settle_takes, take_level, units};
use crate::compile::CompiledOffer;
use crate::ground::{Ground, bits};
use crate::planted::{self, Bug};
use crate::state::State;

pub(super) fn run(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    rate: Rate,
) -> Given {
    match offer.round_at {
        RoundAt::Line => by_line(ground, state, work, candidate, rate),
        RoundAt::Offer => once(ground, state, work, candidate, rate),
        RoundAt::Unit => by_unit(ground, state, work, candidate, offer, rate),
    }
}

#[inline]
fn basis(ground: &Ground<'_>, state: &State, basis: PercentBasis, line: usize) -> i64 {
    match basis {
        PercentBasis::Running => state.running[line],
        PercentBasis::Layer => state.entered[line],
        PercentBasis::List => ground.lines[line].gross,
    }
}

/// Each line by itself.
pub(super) fn by_line(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    rate: Rate,
) -> Given {
    let terms = ground.terms(candidate);
    let down = planted::is(Bug::PercentRoundedDown);
    let rounding = if down { suanpan_domain::Rounding::Down } else { ground.compiled.rounding() };
    let mut cut = false;
    let rooms = Rooms::new(ground, state, candidate);
    let Work { takes, live, .. } = work;
    for line in bits(live) {
        let exact = i128::from(basis(ground, state, terms.basis, line)) * i128::from(rate.ppm());
        let wanted = divide_i128(exact, 1_000_000, rounding) as i64;
        let (amount, exceeds) = rooms.of(line).take(wanted);
        cut |= exceeds;
        if amount > 0 {
            takes.push(Take { line: line as u32, amount });
        }
    }
    settle_takes(ground, state, work, candidate, cut)
}

/// Rounded once, then divided.
pub(super) fn once(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    rate: Rate,
) -> Given {
    let terms = ground.terms(candidate);
    // The lines of a basket together fit an amount.
    let sum: i64 = bits(&work.live).map(|line| basis(ground, state, terms.basis, line)).sum();
    let amount = divide_i128(i128::from(sum) * i128::from(rate.ppm()), 1_000_000, ground.compiled.rounding());
    amounts::once(ground, state, work, candidate, i64::try_from(amount).unwrap_or(i64::MAX))
}

/// Each unit by itself. Level lines that nothing cuts stay level, so that their sums are enough; the others are
/// lowered unit by unit.
fn by_unit(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    rate: Rate,
) -> Given {
    let rounding = ground.compiled.rounding();
    let each =
        |amount: i64| divide_i128(i128::from(amount) * i128::from(rate.ppm()), 1_000_000, rounding) as i64;
    let running = ground.terms(candidate).basis == PercentBasis::Running;
    if running && take_level(ground, state, work, candidate, |amount| Some(each(amount))) {
        return settle_takes(ground, state, work, candidate, false);
    }
    units::percent_of_each(ground, state, work, candidate, offer, rate)
}
