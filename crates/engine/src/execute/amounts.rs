//! Amounts off (docs/pricing.md, rules 16 and 20).

use suanpan_domain::{OfferRef, Reason};
use suanpan_program::model::{AllocationWeight, AmountPer, OffAmount, TaxBasis};

use super::{
    Cut, Given, Rooms, Take, Work, apply_takes, cap_of, keep_sku_floor, refusal, settle_takes, take_level,
    units,
};
use crate::allocate::{Slot, allocate, allocate_whole};
use crate::compile::CompiledOffer;
use crate::gather::convert;
use crate::ground::{Ground, bits};
use crate::state::State;

pub(super) fn run(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    amount: OffAmount,
    per: AmountPer,
) -> Given {
    let amount = match amount {
        OffAmount::Fixed(amount) => amount.minor(),
        OffAmount::Presented => presented(ground, candidate),
    };
    match per {
        AmountPer::Basket => once(ground, state, work, candidate, amount),
        AmountPer::Line => by_line(ground, state, work, candidate, amount),
        AmountPer::Unit => by_unit(ground, state, work, candidate, offer, amount),
    }
}

/// What a paper coupon says.
pub(super) fn presented(ground: &Ground<'_>, candidate: usize) -> i64 {
    let facts = &ground.candidates[candidate];
    match (facts.source, facts.paper) {
        (OfferRef::Program(_), Some(paper)) => ground.basket.paper_coupons[paper as usize].value.minor(),
        _ => 0,
    }
}

/// One amount, divided between the live lines.
pub(super) fn once(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    amount: i64,
) -> Given {
    let (cap, binding) = cap_of(ground, state, candidate);
    let terms = ground.terms(candidate);
    let wanted = amount.min(cap);
    work.wanted = amount;
    let Work { takes, live, slots, floors, .. } = work;
    let (mut free, mut by_law) = (0, false);
    let rooms = Rooms::new(ground, state, candidate);
    let weight = ground.weight();
    // Every slot is written: what stands there from the offer before need not be cleared first.
    slots.resize(live.iter().map(|word| word.count_ones() as usize).sum(), Slot::default());
    let is_whole = weight == AllocationWeight::Amount && rooms.are_whole();
    if is_whole {
        for (slot, line) in slots.iter_mut().zip(bits(live)) {
            let all = state.running[line].max(0);
            free += all;
            *slot = Slot::new(line as u32, all, all);
        }
    } else {
        for (slot, line) in slots.iter_mut().zip(bits(live)) {
            let room = rooms.of(line);
            free += room.free;
            by_law |= room.by_law;
            *slot = Slot::new(line as u32, weight_of(ground, weight, line, room.running), room.most());
        }
    }
    if terms.all_or_nothing && (wanted < amount || free < wanted) {
        return Given::nothing(refusal(ground, state, work, candidate, free < amount));
    }
    if is_whole {
        allocate_whole(ground.method(), wanted, free, slots);
    } else {
        allocate(ground.method(), wanted, slots);
    }
    if terms.floor_sku.is_some() {
        keep_sku_floors(ground, state, candidate, wanted, slots, floors);
    }
    let mut all_take = true;
    takes.extend(slots.iter().map(|slot| {
        all_take &= slot.share > 0;
        Take { line: slot.key, amount: slot.share }
    }));
    if !all_take {
        takes.retain(|take| take.amount > 0);
    }
    let given = apply_takes(ground, state, takes, candidate);
    by_law = by_law && given < wanted && is_held_by_law(ground, state, candidate, &work.slots);
    let reason = if wanted < amount { binding } else { None };
    let reason = reason.or(by_law.then_some(Reason::LegalMinimum));
    match (given, reason) {
        (0, Some(reason)) if wanted == 0 || by_law => Given::nothing(reason),
        (0, _) => Given::nothing(Reason::NothingLeftToDiscount),
        (given, reason) => Given { reason, prorated: work.takes.len() > 1, ..Given::full(given, 1) },
    }
}

/// Whether a legal minimum keeps more from being taken of one of the lines, now that they gave their shares.
#[cold]
fn is_held_by_law(ground: &Ground<'_>, state: &State, candidate: usize, slots: &[Slot]) -> bool {
    let rooms = Rooms::new(ground, state, candidate);
    // A slot without room from the beginning has no weight any more.
    let has_weight = |line, running| weight_of(ground, ground.weight(), line, running) > 0;
    slots.iter().any(|slot| {
        let (line, room) = (slot.key as usize, rooms.of(slot.key as usize));
        room.by_law && room.free == 0 && room.above_floors > 0 && has_weight(line, room.running)
    })
}

/// Working memory of floors of skus.
#[derive(Debug, Default)]
pub(crate) struct FloorWork {
    /// What is taken of lines whose floor is reached.
    fixed: Vec<Take>,
    /// What the others would take, and what their floors leave of it.
    wished: Vec<Take>,
    kept: Vec<Take>,
}

/// Lets skus whose floor their shares pass give back from their last lines; their lines are fixed so, and the rest is divided
/// again between the others.
fn keep_sku_floors(
    ground: &Ground<'_>,
    state: &State,
    candidate: usize,
    wanted: i64,
    slots: &mut [Slot],
    FloorWork { fixed, wished, kept }: &mut FloorWork,
) {
    fixed.clear();
    loop {
        let shares = slots.iter().filter(|slot| slot.weight > 0);
        wished.clear();
        wished.extend(shares.map(|slot| Take { line: slot.key, amount: slot.share }));
        kept.clone_from(wished);
        keep_sku_floor(ground, state, candidate, kept);
        if kept == wished {
            break;
        }
        let sku = |line: u32| &ground.basket.lines[ground.lines[line as usize].first as usize].sku;
        let gave_back = |take: &&Take| {
            let same = kept.iter().zip(wished.iter()).filter(|(now, _)| sku(now.line) == sku(take.line));
            same.into_iter().any(|(now, then)| now != then)
        };
        fixed.extend(kept.iter().filter(gave_back));
        for slot in slots.iter_mut() {
            let is_fixed = fixed.iter().any(|take| take.line == slot.key);
            *slot = Slot::new(slot.key, if is_fixed { 0 } else { slot.weight }, slot.room);
        }
        let rest = wanted - fixed.iter().map(|take| take.amount).sum::<i64>();
        allocate(ground.method(), rest, slots);
    }
    for slot in slots.iter_mut() {
        if let Some(take) = fixed.iter().find(|take| take.line == slot.key) {
            slot.share = take.amount;
        }
    }
}

/// What a line weighs when an amount is divided; zero lines weigh nothing.
#[inline]
fn weight_of(ground: &Ground<'_>, weight: AllocationWeight, line: usize, running: i64) -> i64 {
    if running <= 0 {
        return 0;
    }
    let mode = ground.compiled.program.price_mode;
    match weight {
        AllocationWeight::Amount => running,
        AllocationWeight::Units => ground.lines[line].units,
        AllocationWeight::AmountTaxExcluded => {
            convert(running, ground.tax_rates[line], mode, TaxBasis::Excluded)
        }
        AllocationWeight::AmountTaxIncluded => {
            convert(running, ground.tax_rates[line], mode, TaxBasis::Included)
        }
    }
}

/// The amount from each line; nothing moves to another.
fn by_line(ground: &Ground<'_>, state: &mut State, work: &mut Work, candidate: usize, amount: i64) -> Given {
    let mut cut = Cut::default();
    let rooms = Rooms::new(ground, state, candidate);
    let Work { takes, live, .. } = work;
    for line in bits(live) {
        let (taken, exceeds) = rooms.of(line).take(amount);
        cut = cut | exceeds;
        if taken > 0 {
            takes.push(Take { line: line as u32, amount: taken });
        }
    }
    settle_takes(ground, state, work, candidate, cut)
}

/// The amount from each unit; nothing moves to another.
fn by_unit(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    amount: i64,
) -> Given {
    if take_level(ground, state, work, candidate, |unit| (amount <= unit).then_some(amount)) {
        return settle_takes(ground, state, work, candidate, Cut::default());
    }
    units::execute(ground, state, work, candidate, offer, u32::MAX)
}
