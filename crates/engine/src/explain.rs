//! The account of every offer: applied, refused and why.

mod excluded;
mod near;

use suanpan_domain::quote::{Missing, OfferOutcome};
use suanpan_domain::{Money, OfferRef, Quote, Reason};
use suanpan_program::model::{AmountAt, Threshold, UnitCount};

use crate::execute::Take;
use crate::gather::{Refused, reach};
use crate::ground::Ground;
use crate::record::{Record, Recorded};
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
    quote.offers.extend((0..ground.candidates.len()).map(|place| {
        let candidate = selected.order.get(place).map_or(place, |candidate| *candidate as usize);
        let facts = &ground.candidates[candidate];
        let unsaid = OfferOutcome { code: facts.code, paper: facts.paper, ..OfferOutcome::new(facts.source) };
        let Some(given) = record.given[candidate] else {
            return dropped_row(unsaid, selected.dropped[candidate]);
        };
        let applied = given.times > 0;
        OfferOutcome {
            applied,
            reason: given.reason,
            amount: Money::from_minor(given.amount),
            times: given.times,
            missing: if applied { Missing::Nothing } else { given.missing },
            winner: if given.reason == Some(Reason::ExcludedBy) {
                excluded::winner(ground, record, selected, candidate)
            } else {
                None
            },
            points: offer_points.get(candidate).copied().unwrap_or(0),
            needs_hold: applied && facts.needs_hold,
            ..unsaid
        }
    }));
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
    let Some(threshold) = offer.entry.filter(moves) else { return refused.missing };
    let start = set as usize * ground.words;
    let comes_before = |candidate: usize| {
        let facts = &ground.candidates[candidate];
        let earlier = (facts.turn, facts.source) < (offer.candidate.turn, refused.source);
        match threshold.at {
            AmountAt::AfterLayer(layer) => earlier && usize::from(facts.layer) <= layer,
            AmountAt::Running | AmountAt::List => earlier,
        }
    };
    let set = &ground.sets[start..start + ground.words];
    let amount_in_set = |take: &Take| {
        // Without a branch: which lines are in the set could only be guessed.
        let outside = (set[take.line as usize / 64] >> (take.line % 64) & 1) as i64 - 1;
        take.amount & !outside
    };
    let lowers_before = |recorded: &Recorded<'_>| {
        !ground.candidates[recorded.candidate].tender && comes_before(recorded.candidate)
    };
    let converts = threshold.tax.is_some_and(|tax| tax != ground.compiled.program.price_mode);
    if let (Missing::Amount(short), false) = (refused.missing, converts) {
        // No line for itself: what was missing of the gross, and what was taken off since.
        let before = record.recorded().filter(lowers_before);
        let taken = before.map(|recorded| recorded.takes.iter().map(amount_in_set).sum::<i64>()).sum();
        return Missing::Amount(short + Money::from_minor(taken));
    }
    let taken = |line: usize| -> i64 {
        let before = record.recorded().filter(lowers_before).flat_map(|recorded| recorded.takes);
        before.filter(|take| take.line as usize == line).map(amount_in_set).sum()
    };
    let amount = |line: usize| ground.lines[line].gross - taken(line);
    reach(ground.compiled, &threshold, set, ground.lines, ground.tax_rates, amount).1
}

/// The row of a candidate that was not kept.
#[cold]
fn dropped_row(unsaid: OfferOutcome, dropped: Option<Dropped>) -> OfferOutcome {
    let (reason, winner, difference) = match dropped {
        Some(Dropped::Excluded { winner }) => (Reason::ExcludedBy, winner, 0),
        Some(Dropped::LeftOut { difference }) => (Reason::LeftOut, None, difference),
        Some(Dropped::MinGain { gain }) => (Reason::MinGain, None, gain),
        Some(Dropped::Silent(reason)) => (reason, None, 0),
        None => (Reason::ExcludedBy, None, 0),
    };
    OfferOutcome { reason: Some(reason), winner, difference: Money::from_minor(difference), ..unsaid }
}
