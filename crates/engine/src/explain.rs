//! The account of every offer: applied, refused and why.

mod near;

use suanpan_domain::quote::{Missing, OfferOutcome};
use suanpan_domain::{Money, Quote, Reason};

use crate::gather::Refused;
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
                        .find_map(|line| record.first_change[line])
                        .map(|first| ground.candidates[first as usize].source);
                }
            }
            None => explain_dropped(&mut row, selected.dropped[candidate]),
        }
        quote.offers.push(row);
    }
    quote.offers.extend(refused.iter().map(|refused| OfferOutcome {
        code: refused.code,
        paper: refused.paper,
        reason: Some(refused.reason),
        missing: refused.missing,
        ..OfferOutcome::new(refused.source)
    }));
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
