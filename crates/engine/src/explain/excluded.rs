//! Who took the lines of an offer that had none left.

use suanpan_domain::OfferRef;
use suanpan_program::model::{Effect, ExclusiveScope};

use crate::compile::CompiledSelection;
use crate::evaluate::selected as selects;
use crate::ground::{Ground, SET_BUY, SET_PARTS, SET_TARGET, bits};
use crate::record::Record;
use crate::select::Selected;

/// The offer that kept a candidate from lines that it cannot do without: from the first of them, in tie order.
pub(super) fn winner(
    ground: &Ground<'_>,
    record: &Record,
    selected: &Selected,
    candidate: usize,
) -> Option<OfferRef> {
    let offer = ground.offer(candidate);
    let target = offer.and_then(|offer| match (&offer.target, &offer.effect) {
        (Some(target), _) => Some(target),
        (None, Effect::Shipping(_)) => None,
        (None, _) => Some(&offer.buy),
    });
    let parts = offer.map_or(&[][..], |offer| &offer.parts).iter().enumerate();
    let parts = parts.map(|(part, selection)| (SET_PARTS + part, Some(selection)));
    let mut sets = [(SET_BUY, offer.map(|offer| &offer.buy)), (SET_TARGET, target)].into_iter().chain(parts);
    let first = sets.find_map(|(set, selection)| {
        let lines = bits(ground.set(candidate, set));
        let mut holders =
            lines.map(|line| holder(ground, record, selected, candidate, (set, selection), line));
        let first = holders.next()??;
        holders.all(|holder| holder.is_some()).then_some(first)
    })?;
    Some(ground.candidates[first].source)
}

/// Who kept a candidate from one line of a set.
fn holder(
    ground: &Ground<'_>,
    record: &Record,
    selected: &Selected,
    candidate: usize,
    (set, selection): (usize, Option<&CompiledSelection>),
    line: usize,
) -> Option<usize> {
    // What is bought may lie on lines that a line group gives to another.
    let beaten = if set == SET_BUY { None } else { record.beaten_by(candidate, line) };
    let exclusive = || {
        let holds = |other: usize| {
            other != candidate
                && selected.kept[other]
                && ground.offer(other).is_some_and(|offer| offer.exclusive == Some(ExclusiveScope::Line))
                && selects(ground, other, line / 64) >> (line % 64) & 1 == 1
        };
        let closed = ground.compiled.has_conflicts && ground.candidates[candidate].lowers;
        if closed { (0..ground.candidates.len()).find(|&other| holds(other)) } else { None }
    };
    let discounted = || {
        let changed = selection.is_some_and(|selection| selection.undiscounted_only);
        let first = if changed { record.first_change(line) } else { None };
        first.filter(|&first| place_of(selected, first) < place_of(selected, candidate))
    };
    beaten.or_else(exclusive).or_else(discounted)
}

/// When a candidate executes.
fn place_of(selected: &Selected, candidate: usize) -> usize {
    let place = selected.order.iter().position(|&other| other as usize == candidate);
    place.unwrap_or(candidate)
}
