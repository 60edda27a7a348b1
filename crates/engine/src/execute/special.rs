//! Adding to another offer (docs/pricing.md, rule 24).

use suanpan_domain::{Money, Rate, Reason};

use super::{Cut, Given, Room, Rooms, Take, Work, settle_takes};
use crate::allocate::{Slot, allocate};
use crate::compile::CompiledOffer;
use crate::ground::Ground;
use crate::state::State;
use suanpan_domain::OfferRef;
use suanpan_program::model::AllocationMethod;

/// The chain adds to each application of another offer.
pub(super) fn matching(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    percent: Rate,
    together_at_most: Option<Money>,
) -> Given {
    let Some(other) = offer.matches else { return Given::nothing(Reason::NothingToMatch) };
    let matchable = std::mem::take(&mut state.matchable);
    let rooms = Rooms::new(ground, state, candidate);
    let mut any = false;
    let mut cut = Cut::default();
    let mut start = 0;
    while start < matchable.len() {
        let presentation = matchable[start].0;
        let end = matchable[start..]
            .iter()
            .position(|(other, ..)| *other != presentation)
            .map_or(matchable.len(), |length| start + length);
        let takes = &matchable[start..end];
        start = end;
        if ground.candidates[presentation as usize].source != OfferRef::Program(other) {
            continue;
        }
        any = true;
        let gave: i64 = takes.iter().map(|(_, _, amount)| *amount).sum();
        let wanted = percent.of(gave, ground.compiled.rounding());
        let wanted = together_at_most.map_or(wanted, |most| wanted.min((most.minor() - gave).max(0)));
        work.slots.clear();
        work.slots.extend(takes.iter().map(|(_, line, amount)| Slot::new(*line, *amount, i64::MAX)));
        allocate(AllocationMethod::LargestRemainder, wanted, &mut work.slots);
        for slot in &work.slots {
            let line = slot.key as usize;
            let before: i64 =
                work.takes.iter().filter(|take| take.line == slot.key).map(|take| take.amount).sum();
            let Room { free, above_floors, by_law, .. } = rooms.of(line);
            let above = slot.share.min(above_floors.saturating_sub(before).max(0));
            let amount = above.min((free - before).max(0));
            cut.any |= above > amount || slot.share > state.running[line] - before;
            cut.by_law |= above > amount && by_law;
            match work.takes.iter_mut().find(|take| take.line == slot.key) {
                Some(take) => take.amount += amount,
                None if amount > 0 => work.takes.push(Take { line: slot.key, amount }),
                None => {}
            }
        }
    }
    state.matchable = matchable;
    if !any {
        return Given::nothing(Reason::NothingToMatch);
    }
    work.takes.sort_unstable_by_key(|take| take.line);
    settle_takes(ground, state, work, candidate, cut)
}
