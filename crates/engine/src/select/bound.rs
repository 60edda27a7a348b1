//! The least that a choice can still come to.

use suanpan_program::model::{Effect, PercentBasis, RoundAt, Saving, UnitCount};

use super::search::Question;
use crate::compile::CompiledOffer;
use crate::execute::units;
use crate::ground::{Ground, SET_BUY, SET_TARGET, bits};
use crate::state::State;

/// How much one candidate can take at most.
#[derive(Clone, Copy, Debug)]
enum Most {
    /// So much.
    Amount(i64),
    /// A share of what all lines together cost by then, and some minor units of rounding.
    Share { ppm: i64, slack: i64 },
    /// The highest step that the current amounts reach.
    Steps,
    /// Nothing: it lowers nothing.
    Nothing,
}

/// Bounds of all candidates of a question.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    most: Vec<Most>,
    /// What each candidate is worth beside money.
    worth: Vec<i64>,
    /// Added tax that negative lines give back at most.
    tax_back: i64,
    /// Before anything executes.
    first: State,
}

impl Bounds {
    pub(super) fn read(&mut self, question: &Question<'_, '_>) {
        let ground = question.ground;
        let first = &mut self.first;
        first.begin(ground, i64::MAX);
        self.most.clear();
        self.worth.clear();
        let negative = ground
            .lines
            .iter()
            .zip(ground.tax_rates)
            .filter(|(line, rates)| line.gross < 0 && rates.added_ppm > 0);
        self.tax_back = negative
            .map(|(line, rates)| {
                (i128::from(-line.gross) * i128::from(rates.added_ppm) / 1_000_000) as i64 + 8
            })
            .sum();
        for candidate in 0..ground.candidates.len() {
            self.worth.push(ground.terms(candidate).worth.minor().max(0));
            self.most.push(most_of(ground, first, candidate));
        }
    }

    /// A lower bound of the objective of every choice that agrees with what is decided before `place`.
    pub(super) fn lowest(
        &self,
        question: &Question<'_, '_>,
        state: &State,
        kept: &[bool],
        placed: &[bool],
        place: usize,
    ) -> i64 {
        let ground = question.ground;
        // Negative lines take part in nothing; what is reserved still runs.
        let mut least: i64 = state.running.iter().filter(|running| **running > 0).sum();
        let negative: i64 = state.running.iter().filter(|running| **running < 0).sum();
        let mut beside: i64 = state.reserved.iter().sum();
        let mut worth: i64 = state.worth;
        for candidate in 0..ground.candidates.len() {
            let ahead = candidate >= place
                || question.contest.cluster[candidate] != u32::MAX
                    && !placed[candidate]
                    && state.times[candidate] == 0;
            if !ahead || !kept[candidate] || placed[candidate] {
                continue;
            }
            if question.conflicts.any && !question.conflicts.could_stand(&state.gave, candidate) {
                continue;
            }
            worth += self.worth[candidate];
            least = match self.most[candidate] {
                Most::Amount(amount) if ground.candidates[candidate].tender => {
                    beside += amount;
                    least
                }
                Most::Amount(amount) => least - amount,
                Most::Share { ppm, slack } => {
                    least - (i128::from(least.max(0)) * i128::from(ppm) / 1_000_000) as i64 - 1 - slack
                }
                Most::Steps if ground.candidates[candidate].tender => {
                    beside += best_step(ground, state, candidate);
                    least
                }
                Most::Steps => least - best_step(ground, state, candidate),
                Most::Nothing => least,
            };
        }
        least.max(0) + negative - self.tax_back - beside - worth
    }
}

fn most_of(ground: &Ground<'_>, first: &State, candidate: usize) -> Most {
    let lines = bits(ground.set(candidate, SET_TARGET));
    let gross: i64 = lines.map(|line| ground.lines[line].gross).sum();
    let cap = ground.terms(candidate).cap.map_or(i64::MAX, suanpan_domain::Money::minor);
    let Some(offer) = ground.offer(candidate) else { return Most::Amount(gross) };
    if !offer.candidate.lowers {
        return Most::Nothing;
    }
    let whole = (0..ground.lines.len()).all(|line| {
        ground.set(candidate, SET_TARGET)[line / 64] >> (line % 64) & 1 == 1 || ground.lines[line].gross <= 0
    });
    match &offer.effect {
        Effect::PercentOff(rate) if offer.terms.units.is_none() => {
            let count = rounded_parts(ground, candidate, offer);
            let share = (i128::from(gross) * i128::from(rate.ppm()) / 1_000_000) as i64 + count + 1;
            if whole
                && cap == i64::MAX
                && !ground.candidates[candidate].tender
                && offer.terms.basis == PercentBasis::Running
            {
                Most::Share { ppm: rate.ppm().min(1_000_000), slack: count }
            } else {
                Most::Amount(share.min(cap))
            }
        }
        Effect::AmountOff {
            amount: suanpan_program::model::OffAmount::Fixed(amount),
            per: suanpan_program::model::AmountPer::Basket,
        } => Most::Amount(amount.minor().min(cap).min(gross)),
        Effect::Steps(_) => Most::Steps,
        Effect::Match { .. } => {
            Most::Amount(cap.min(ground.lines.iter().map(|line| line.gross.max(0)).sum()))
        }
        Effect::SetPrice { .. }
        | Effect::Bundle { .. }
        | Effect::NthUnit { .. }
        | Effect::BuyGet { .. }
        | Effect::Gift { .. } => Most::Amount(units::upper_bound(ground, first, candidate, offer).min(cap)),
        _ if offer.terms.units.is_some() => {
            Most::Amount(units::upper_bound(ground, first, candidate, offer).min(cap))
        }
        // By itself on the requested amounts: it only gives less on lower ones.
        _ => Most::Amount(gross.min(cap)),
    }
}

/// Of how many parts a percent of an offer rounds each: its lines, or their units.
pub(super) fn rounded_parts(ground: &Ground<'_>, candidate: usize, offer: &CompiledOffer) -> i64 {
    let lines = bits(ground.set(candidate, SET_TARGET));
    match offer.round_at {
        RoundAt::Unit => lines.map(|line| ground.lines[line].units).sum(),
        RoundAt::Line | RoundAt::Offer => lines.count() as i64,
    }
}

/// The most that the steps of an offer can save on what its lines cost now.
fn best_step(ground: &Ground<'_>, state: &State, candidate: usize) -> i64 {
    let Some(offer) = ground.offer(candidate) else { return 0 };
    let Effect::Steps(steps) = &offer.effect else { return 0 };
    let at_list =
        offer.threshold.is_some_and(|threshold| threshold.at != suanpan_program::model::AmountAt::Running);
    let converted = offer.threshold.is_some_and(|threshold| threshold.tax.is_some());
    let spend: i64 = bits(ground.set(candidate, SET_BUY)).map(|line| state.running[line]).sum();
    let target: i64 = bits(ground.set(candidate, SET_TARGET)).map(|line| state.running[line]).sum();
    let basis = match offer.terms.basis {
        PercentBasis::Running => target,
        // What a line cost when its layer began is at most its gross.
        PercentBasis::Layer | PercentBasis::List => {
            bits(ground.set(candidate, SET_TARGET)).map(|line| ground.lines[line].gross).sum()
        }
    };
    let lines = rounded_parts(ground, candidate, offer);
    steps
        .iter()
        .filter(|step| match step.reach {
            UnitCount::Spend(amount) => at_list || converted || amount.minor() <= spend,
            UnitCount::Units(_) | UnitCount::Weight(_) => true,
        })
        .map(|step| match step.save {
            Saving::Amount(amount) => amount.minor().min(target),
            Saving::Percent(rate) => {
                ((i128::from(basis) * i128::from(rate.ppm()) / 1_000_000) as i64 + lines + 1).min(target)
            }
        })
        .max()
        .unwrap_or(0)
}
