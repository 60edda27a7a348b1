//! What bounds every offer: caps, budgets, the maximum discount, floors, and what is free (docs/pricing.md, rules 14 to 18).

use suanpan_domain::{Money, Reason};
use suanpan_program::model::Terms;

use super::{Given, Take, Work};
use crate::allocate::{Slot, allocate};
use crate::ground::{Ground, bits};
use crate::lines::LineFacts;
use crate::planted::{self, Bug};
use crate::state::State;

/// The most that an offer may take: its cap, what its budget has left and what the maximum discount allows; and which
/// of them binds.
#[inline]
pub(crate) fn cap_of(ground: &Ground<'_>, state: &State, candidate: usize) -> (i64, Option<Reason>) {
    let least = if ground.candidates[candidate].capped {
        cap_without_guard(ground, state, candidate)
    } else {
        (i64::MAX, None)
    };
    let exempt = ground.candidates[candidate].guard_exempt;
    if !exempt && state.guard_left < least.0 {
        return (state.guard_left.max(0), Some(Reason::MaximumDiscount));
    }
    least
}

/// The same as far as the offer itself limits it.
pub(super) fn cap_without_guard(
    ground: &Ground<'_>,
    state: &State,
    candidate: usize,
) -> (i64, Option<Reason>) {
    let facts = &ground.candidates[candidate];
    let mut cap = ground.terms(candidate).cap.map_or(i64::MAX, Money::minor);
    let mut budget = facts.budget_left;
    if cap.min(budget) != i64::MAX && (facts.code.is_some() || facts.paper.is_some()) {
        // Presentations of one offer share its cap and its budget.
        // Where units are contested a later one may have executed already.
        let others = ground.candidates.iter().zip(&state.given).enumerate();
        let gave: i64 = others
            .filter(|(at, (other, _))| *at != candidate && other.source == facts.source)
            .map(|(_, (_, given))| *given)
            .sum();
        cap = cap.saturating_sub(gave).max(0);
        budget = budget.saturating_sub(gave).max(0);
    }
    let mut least = (cap, None);
    if budget < least.0 {
        least = (budget, Some(Reason::BudgetUsedUp));
    }
    least
}

/// Why an offer that gives all of what stands in `work.wanted` or nothing gives nothing: the maximum discount where
/// nothing else is in its way.
#[cold]
pub(super) fn refusal(
    ground: &Ground<'_>,
    state: &State,
    work: &mut Work,
    candidate: usize,
    cut: bool,
) -> Reason {
    let fits = !cut && work.wanted <= cap_without_guard(ground, state, candidate).0;
    // What is refused was not taken back from anybody.
    work.wanted = 0;
    if fits { Reason::MaximumDiscount } else { Reason::AllOrNothing }
}

/// What offers may take from lines.
#[derive(Clone, Copy)]
pub(crate) struct Rooms<'a> {
    lines: &'a [LineFacts],
    running: &'a [i64],
    /// What is reserved of lines, where offers may not take all that they cost.
    reserved: Option<&'a [i64]>,
    /// The offer's terms, where it has floors.
    floors: Option<&'a Terms>,
}

/// What an offer may take from a line.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    /// What is free of it.
    pub(crate) free: i64,
    /// What lies above the offer's own floors.
    pub(crate) above_floors: i64,
    /// What it costs now.
    pub(crate) running: i64,
    /// Whether more of it would be free but for its legal minimum.
    pub(crate) by_law: bool,
}

/// What cut what an offer wanted of its lines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cut {
    /// Anything but the offer's own floors did.
    pub(crate) any: bool,
    /// A legal minimum did.
    pub(crate) by_law: bool,
}

impl std::ops::BitOr for Cut {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self { any: self.any | other.any, by_law: self.by_law | other.by_law }
    }
}

impl Room {
    /// The most that it can give.
    #[inline]
    pub(crate) fn most(self) -> i64 {
        self.free.min(self.above_floors)
    }

    /// What is taken of what is wanted, and what cut it.
    #[inline]
    pub(crate) fn take(self, wanted: i64) -> (i64, Cut) {
        let above = wanted.min(self.above_floors);
        let over = above > self.free;
        let cut = Cut { any: over || wanted > self.running, by_law: over && self.by_law };
        (above.min(self.free), cut)
    }
}

impl<'a> Rooms<'a> {
    pub(crate) fn new(ground: &Ground<'a>, state: &'a State, candidate: usize) -> Self {
        let terms = ground.terms(candidate);
        let has_floor = terms.floor_unit_price.is_some() || terms.floor_line.is_some();
        let floors = Some(terms).filter(|_| has_floor && !planted::is(Bug::FloorIgnored));
        let reserved = state.holds_back.then_some(&state.reserved[..]);
        Self { lines: ground.lines, running: &state.running, reserved, floors }
    }

    /// Whether all that lines cost may be taken.
    pub(crate) fn are_whole(&self) -> bool {
        self.reserved.is_none() && self.floors.is_none()
    }

    #[inline]
    pub(crate) fn of(&self, line: usize) -> Room {
        let running = self.running[line];
        let (reserved, least) =
            self.reserved.map_or((0, 0), |reserved| (reserved[line], self.lines[line].legal_minimum));
        let free = (running - reserved - least).max(0);
        let by_law = least > 0 && running > reserved;
        let floor = self.floors.and_then(|terms| floor_of(terms, &self.lines[line]));
        let above_floors = floor.map_or(i64::MAX, |floor| (running - floor).max(0));
        Room { free, above_floors, running, by_law }
    }
}

#[cold]
fn floor_of(terms: &Terms, facts: &LineFacts) -> Option<i64> {
    use suanpan_domain::{Quantity, Rounding, UnitPrice};
    let by_unit = terms.floor_unit_price.map(|price| {
        let quantity = Quantity::from_milli(facts.quantity_milli);
        UnitPrice::from_minor(price.minor()).times(quantity, Rounding::Up).minor()
    });
    match (by_unit, terms.floor_line.map(Money::minor)) {
        (None, None) => None,
        (unit, line) => Some(unit.unwrap_or(i64::MIN).max(line.unwrap_or(i64::MIN))),
    }
}

/// Lets lines of one sku give back, from the last, what would take the sku below the offer's floor for it.
pub(crate) fn keep_sku_floor(ground: &Ground<'_>, state: &State, candidate: usize, takes: &mut [Take]) {
    let Some(floor) = ground.terms(candidate).floor_sku else { return };
    let sku = |line: u32| &ground.basket.lines[ground.lines[line as usize].first as usize].sku;
    let mut end = takes.len();
    while end > 0 {
        let name = sku(takes[end - 1].line);
        let start = takes[..end].iter().rposition(|take| sku(take.line) != name).map_or(0, |place| place + 1);
        // Lines of the sku that the offer does not touch count too.
        let all: i64 = (0..ground.lines.len())
            .filter(|&line| ground.lines[line].quantity_milli > 0 && sku(line as u32) == name)
            .map(|line| state.running[line])
            .sum();
        let taken: i64 = takes[start..end].iter().map(|take| take.amount).sum();
        let mut back = (floor.minor() - (all - taken)).clamp(0, taken);
        for take in takes[start..end].iter_mut().rev() {
            let part = back.min(take.amount);
            take.amount -= part;
            back -= part;
        }
        end = start;
    }
}

/// Computes takes unit by unit where that is the same as by the line: all live lines are level and nothing cuts what
/// their units give. `each` gives none where it would be cut. Otherwise nothing is taken.
pub(crate) fn take_level(
    ground: &Ground<'_>,
    state: &State,
    work: &mut Work,
    candidate: usize,
    each: impl Fn(i64) -> Option<i64>,
) -> bool {
    let terms = ground.terms(candidate);
    let floors = terms.floor_unit_price.is_some() || terms.floor_line.is_some() || terms.floor_sku.is_some();
    let mut left = cap_of(ground, state, candidate).0;
    let Work { takes, live, .. } = work;
    let plain = !floors
        && bits(live).all(|line| {
            let units = ground.lines[line].units;
            if units <= 0 || !state.units.is_level(line) {
                return units <= 0;
            }
            let (least, larger) =
                (state.running[line].div_euclid(units), state.running[line].rem_euclid(units));
            let low = each(least).map(|low| low * (units - larger));
            let high = if larger > 0 { each(least + 1).map(|high| high * larger) } else { Some(0) };
            let (Some(low), Some(high)) = (low, high) else { return false };
            let amount = low + high;
            left -= amount;
            if amount > 0 {
                takes.push(Take { line: line as u32, amount });
            }
            left >= 0 && amount <= state.free(ground.lines, line)
        });
    if !plain {
        takes.clear();
    }
    plain
}

/// Settles takes that were computed line by line: floors of skus, then the cap, divided by the computed amounts; then
/// lets the state follow.
pub(crate) fn settle_takes(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    cut: Cut,
) -> Given {
    let terms = ground.terms(candidate);
    if terms.floor_sku.is_some() {
        keep_sku_floor(ground, state, candidate, &mut work.takes);
    }
    let total: i64 = work.takes.iter().map(|take| take.amount).sum();
    let (cap, binding) = cap_of(ground, state, candidate);
    work.wanted = total;
    let mut reason = cut.by_law.then_some(Reason::LegalMinimum);
    if terms.all_or_nothing && (cut.any || total > cap) {
        work.takes.clear();
        return Given::nothing(refusal(ground, state, work, candidate, cut.any));
    }
    if total > cap {
        reason = binding;
        work.slots.clear();
        work.slots.extend(work.takes.iter().map(|take| Slot::new(take.line, take.amount, take.amount)));
        if planted::is(Bug::CapCutsFirstLine) {
            work.slots.iter_mut().fold(total - cap, |over, slot| {
                slot.share = (slot.room - over).max(0);
                (over - slot.room).max(0)
            });
        } else {
            allocate(ground.method(), cap, &mut work.slots);
        }
        for (take, slot) in work.takes.iter_mut().zip(&work.slots) {
            take.amount = slot.share;
        }
    }
    if total > cap || terms.floor_sku.is_some() {
        work.takes.retain(|take| take.amount > 0);
    }
    let given = apply_takes(ground, state, &work.takes, candidate);
    match (given, reason) {
        (0, Some(reason)) => Given::nothing(reason),
        (0, None) => Given::nothing(Reason::NothingLeftToDiscount),
        (amount, reason) => Given { reason, ..Given::full(amount, 1) },
    }
}

/// Lowers (or reserves) what takes say, of which none is empty. Units follow. Gives what was taken from all lines.
#[inline(always)]
pub(super) fn apply_takes(ground: &Ground<'_>, state: &mut State, takes: &[Take], candidate: usize) -> i64 {
    let offer = &ground.candidates[candidate];
    let State { running, reserved, units, .. } = state;
    let mut total = 0;
    if offer.tender {
        for take in takes {
            total += take.amount;
            reserved[take.line as usize] += take.amount;
        }
    } else {
        for take in takes {
            let line = take.line as usize;
            total += take.amount;
            let before = running[line];
            running[line] = before - take.amount;
            units.rescale(line, before, before - take.amount);
        }
    }
    state.holds_back |= offer.tender;
    if !offer.guard_exempt && !offer.tender && state.guard_left != i64::MAX {
        state.guard_left -= total;
    }
    total
}
