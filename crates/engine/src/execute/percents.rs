//! Percent off (docs/pricing.md, rule 15).

use suanpan_domain::Rate;
use suanpan_program::model::{PercentBasis, RoundAt};

use super::{Cut, Given, Rooms, Take, Work, amounts, settle_takes, take_level, units};
use crate::compile::CompiledOffer;
use crate::ground::{Ground, bits};
use crate::planted::{self, Bug};
use crate::state::State;

#[inline]
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

/// What lines cost when the percent is taken of it.
#[inline]
fn amounts_before<'a>(
    ground: &Ground<'a>,
    state: &'a State,
    basis: PercentBasis,
) -> impl Fn(usize) -> i64 + 'a {
    let row = match basis {
        PercentBasis::Running => Some(&state.running[..]),
        PercentBasis::Layer => Some(&state.entered[..]),
        PercentBasis::List => None,
    };
    let lines = ground.lines;
    move |line| row.map_or_else(|| lines[line].gross, |row| row[line])
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
    let cut = {
        let (rooms, amounts) =
            (Rooms::new(ground, state, candidate), amounts_before(ground, state, terms.basis));
        let Work { takes, live, .. } = work;
        bits(live).fold(Cut::default(), |cut, line| {
            let (amount, exceeds) = rooms.of(line).take(rate.of(amounts(line), rounding));
            if amount > 0 {
                takes.push(Take { line: line as u32, amount });
            }
            cut | exceeds
        })
    };
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
    let sum: i64 = bits(&work.live).map(amounts_before(ground, state, terms.basis)).sum();
    amounts::once(ground, state, work, candidate, rate.of(sum, ground.compiled.rounding()))
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
    let running = ground.terms(candidate).basis == PercentBasis::Running;
    if running && take_level(ground, state, work, candidate, |amount| Some(rate.of(amount, rounding))) {
        return settle_takes(ground, state, work, candidate, Cut::default());
    }
    units::percent_of_each(ground, state, work, candidate, offer, rate)
}
