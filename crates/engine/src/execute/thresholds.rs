//! What thresholds, steps and multiples see (docs/pricing.md, rules 11 to 13 and 23).

use suanpan_domain::quote::Missing;
use suanpan_domain::{Money, Reason};
use suanpan_program::model::{AmountAt, Saving, Threshold, UnitCount};

use super::{Given, Work, amounts, live_buy, percents};
use crate::compile::CompiledOffer;
use crate::gather::reach;
use crate::ground::Ground;
use crate::state::State;

/// What a threshold still lacks on some lines.
pub(crate) fn missing_of(ground: &Ground<'_>, state: &State, threshold: &Threshold, live: &[u64]) -> Missing {
    let amount = amounts_at(ground, state, threshold.at);
    reach(ground.compiled, threshold, live, ground.lines, ground.tax_rates, amount).1
}

/// Line amounts as a threshold sees them.
pub(crate) fn amounts_at<'a>(
    ground: &Ground<'a>,
    state: &'a State,
    at: AmountAt,
) -> impl Fn(usize) -> i64 + 'a {
    let n = ground.lines.len();
    let row: Option<&[i64]> = match at {
        AmountAt::Running => Some(&state.running),
        AmountAt::List => None,
        AmountAt::AfterLayer(layer) => {
            let row = ground.compiled.marked_layers.binary_search(&(layer as u16));
            match row {
                Ok(row) if state.layer > layer as u16 => Some(&state.marks[row * n..(row + 1) * n]),
                // A layer that is not done yet counts as it stands.
                _ => Some(&state.running),
            }
        }
    };
    let lines = ground.lines;
    move |line| row.map_or(lines[line].gross, |row| row[line])
}

/// What an offer's steps or multiples see of the lines that it buys, in the measure of a reach.
pub(super) fn measure_of(
    ground: &Ground<'_>,
    state: &State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    measure: UnitCount,
) -> i64 {
    live_buy(ground, state, work, candidate, offer);
    let (at, tax) =
        offer.threshold.map_or((AmountAt::Running, None), |threshold| (threshold.at, threshold.tax));
    let threshold = Threshold { reach: measure, at, tax };
    let amount = amounts_at(ground, state, at);
    reach(ground.compiled, &threshold, &work.live_buy, ground.lines, ground.tax_rates, amount).0
}

pub(super) fn lacking(measure: UnitCount, short: i64) -> Missing {
    use suanpan_domain::Quantity;
    match measure {
        UnitCount::Spend(_) => Missing::Amount(Money::from_minor(short)),
        UnitCount::Units(_) => Missing::Quantity(Quantity::from_units(short)),
        UnitCount::Weight(_) => Missing::Weight(Quantity::from_milli(short)),
    }
}

pub(super) fn steps_of(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    steps: &[suanpan_program::model::SaveStep],
) -> Given {
    let value = |reach: UnitCount| match reach {
        UnitCount::Spend(amount) => amount.minor(),
        UnitCount::Units(units) => units,
        UnitCount::Weight(quantity) => quantity.milli(),
    };
    // The highest step that is reached; reaches of different measures are each compared with their own.
    let mut best: Option<usize> = None;
    let mut short: Option<Missing> = None;
    for (place, step) in steps.iter().enumerate() {
        let measure = measure_of(ground, state, work, candidate, offer, step.reach);
        if measure >= value(step.reach) {
            best = Some(place);
            short = None;
        } else if short.is_none() {
            short = Some(lacking(step.reach, value(step.reach) - measure));
        }
    }
    let Some(step) = best else {
        return Given { missing: short.unwrap_or_default(), ..Given::nothing(Reason::ThresholdNotMet) };
    };
    let given = match steps[step].save {
        Saving::Amount(amount) => amounts::once(ground, state, work, candidate, amount.minor()),
        Saving::Percent(rate) => percents::run(ground, state, work, candidate, offer, rate),
    };
    // What the next step would need, for the shopper who is near it.
    Given { missing: short.unwrap_or_default(), ..given }
}
