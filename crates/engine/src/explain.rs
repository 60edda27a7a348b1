//! The account of every offer: applied, refused and why.

mod near;

use suanpan_domain::quote::{Missing, OfferOutcome};
use suanpan_domain::{Money, OfferRef, Quote, Reason};
use suanpan_program::model::{AmountAt, Threshold, UnitCount};

use crate::execute::Take;
use crate::gather::{Refused, entry_of, reach};
use crate::ground::{Ground, SET_TARGET, bits};
use crate::record::Record;
use crate::select::{Dropped, Selected};

pub(crate) use near::near_misses;

/// Fills the rows of offers: candidates in the order of execution, then the refused by id.
pub(crate) fn account(
    ground: &Ground<'_>,
    refused: &[Refused],
    record: &Record,
    selected: &Selected,
    offer_points: &[i64],
    quote: &mut Quote,
) {
    quote.offers.clear();
    for place in 0..ground.candidates.len() {
        let candidate = selected.order.get(place).map_or(place, |candidate| *candidate as usize);
        let facts = &ground.candidates[candidate];
        let mut row =
            OfferOutcome { code: facts.code, paper: facts.paper, ..OfferOutcome::new(facts.source) };
        match record.given[candidate] {
            Some(given) => {
                row.applied = given.times > 0;
                row.amount = Money::from_minor(given.amount);
                row.times = given.times;
                row.points = offer_points.get(candidate).copied().unwrap_or(0);
                row.reason = given.reason;
                row.missing = if row.applied { Missing::Nothing } else { given.missing };
                row.needs_hold = row.applied && facts.needs_hold;
                if given.reason == Some(Reason::ExcludedBy) {
                    row.winner = bits(ground.set(candidate, SET_TARGET))
                        .find_map(|line| record.first_change(line))
                        .map(|first| ground.candidates[first].source);
                }
            }
            None => explain_dropped(&mut row, selected.dropped[candidate]),
        }
        quote.offers.push(row);
    }
    quote.offers.extend(refused.iter().map(|refused| {
        let missing = missing_then(ground, refused, record);
        let reason = if missing == Missing::Nothing { refused.reason } else { Reason::ThresholdNotMet };
        OfferOutcome {
            code: refused.code,
            paper: refused.paper,
            reason: Some(reason),
            missing,
            ..OfferOutcome::new(refused.source)
        }
    }));
}

/// What a threshold out of reach lacks of the amounts that ran when the offer would have executed (docs/pricing.md, rule 13).
fn missing_then(ground: &Ground<'_>, refused: &Refused, record: &Record) -> Missing {
    let (Some(set), OfferRef::Program(place)) = (refused.near, refused.source) else {
        return refused.missing;
    };
    let offer = &ground.compiled.offers[place as usize];
    // Units and weights lack the same whatever lines cost.
    let moves = |threshold: &Threshold| {
        threshold.at != AmountAt::List && matches!(threshold.reach, UnitCount::Spend(_))
    };
    let Some(threshold) = entry_of(offer).filter(moves) else { return refused.missing };
    let start = set as usize * ground.words;
    let comes_before = |candidate: usize| {
        let facts = &ground.candidates[candidate];
        let earlier = (facts.layer, -i64::from(facts.priority), facts.source)
            < (offer.layer, -i64::from(offer.priority), refused.source);
        match threshold.at {
            AmountAt::AfterLayer(layer) => earlier && usize::from(facts.layer) <= layer,
            AmountAt::Running | AmountAt::List => earlier,
        }
    };
    let set = &ground.sets[start..start + ground.words];
    let in_set = |take: &&Take| set[take.line as usize / 64] >> (take.line % 64) & 1 == 1;
    // What lowered lines of the set before.
    let lowering = || {
        let before = record.recorded().filter(|recorded| {
            !ground.candidates[recorded.candidate].tender && comes_before(recorded.candidate)
        });
        before.flat_map(|recorded| recorded.takes).filter(in_set)
    };
    let converts = threshold.tax.is_some_and(|tax| tax != ground.compiled.program.price_mode);
    if let (Missing::Amount(short), false) = (refused.missing, converts) {
        // No line for itself: what was missing of the gross, and what was taken off since.
        let taken = lowering().fold(0, |sum, take| sum + take.amount);
        return Missing::Amount(short + Money::from_minor(taken));
    }
    let taken = |line: usize| -> i64 {
        lowering().filter(|take| take.line as usize == line).map(|take| take.amount).sum()
    };
    let amount = |line: usize| ground.lines[line].gross - taken(line);
    reach(ground.compiled, &threshold, set, ground.lines, ground.tax_rates, amount).1
}

fn explain_dropped(row: &mut OfferOutcome, dropped: Option<Dropped>) {
    match dropped {
        Some(Dropped::Excluded { winner }) => {
            row.reason = Some(Reason::ExcludedBy);
            row.winner = winner;
        }
        Some(Dropped::LeftOut { difference }) => {
            row.reason = Some(Reason::LeftOut);
            row.difference = Money::from_minor(difference);
        }
        Some(Dropped::MinGain { gain }) => {
            row.reason = Some(Reason::MinGain);
            row.difference = Money::from_minor(gain);
        }
        Some(Dropped::Silent(reason)) => row.reason = Some(reason),
        None => row.reason = Some(Reason::ExcludedBy),
    }
}
