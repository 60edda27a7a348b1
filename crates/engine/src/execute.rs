//! Executing one offer on the state of a basket (docs/pricing.md, section 4).

mod amounts;
mod percents;
mod prices;
mod special;
pub(crate) mod units;

use suanpan_domain::quote::Missing;
use suanpan_domain::{Money, OfferRef, Reason};
use suanpan_program::model::{AmountAt, Effect, Saving, ShippingEffect, Threshold, UnitCount};

use crate::allocate::{Slot, allocate};
use crate::compile::{CompiledOffer, CompiledSelection};
use crate::gather::reach;
use crate::ground::{Ground, SET_BUY, SET_TARGET, bits};
use crate::state::State;

/// What an offer takes from one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Take {
    pub(crate) line: u32,
    pub(crate) amount: i64,
}

/// What became of one execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    /// Taken off, or reserved by a tender coupon.
    pub(crate) amount: i64,
    /// Applications; above 0 also for what gives no money.
    pub(crate) times: u32,
    /// Why nothing, or not in full.
    pub(crate) reason: Option<Reason>,
    pub(crate) missing: Missing,
    /// For [`Reason::ExcludedBy`] by `discounted: false`: nothing here; the caller knows who came first.
    pub(crate) prorated: bool,
}

impl Given {
    pub(crate) const fn nothing(reason: Reason) -> Self {
        Self { amount: 0, times: 0, reason: Some(reason), missing: Missing::Nothing, prorated: false }
    }

    pub(crate) const fn full(amount: i64, times: u32) -> Self {
        Self { amount, times, reason: None, missing: Missing::Nothing, prorated: false }
    }
}

/// Reusable memory of executing offers.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// What the offer that was executed last took, by line.
    pub(crate) takes: Vec<Take>,
    /// Gifts of the offer that was executed last: place in its list, units, whether a unit of the basket was zeroed.
    pub(crate) gifts: Vec<GiftGiven>,
    pub(crate) slots: Vec<Slot>,
    /// What the offer at hand would take without any cap.
    pub(crate) wanted: i64,
    /// Lines that are live for the offer at hand.
    pub(crate) live: Vec<u64>,
    pub(crate) live_buy: Vec<u64>,
    pub(crate) units: units::UnitWork,
    /// A second state for what-ifs.
    pub(crate) trial: State,
    pub(crate) alone: State,
}

/// A gift that an offer gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GiftGiven {
    pub(crate) choice: u32,
    pub(crate) units: i64,
    pub(crate) from_basket: bool,
}

impl Work {
    /// The lines of one of a candidate's sets on which it may act now.
    pub(crate) fn live_lines(
        &self,
        ground: &Ground<'_>,
        state: &State,
        candidate: usize,
        which: usize,
        selection: Option<&CompiledSelection>,
        out: &mut Vec<u64>,
    ) {
        out.clear();
        out.extend_from_slice(ground.set(candidate, which));
        if !state.blocked.is_empty() {
            let row = candidate * ground.words;
            for (word, blocked) in out.iter_mut().zip(&state.blocked[row..row + ground.words]) {
                *word &= !blocked;
            }
        }
        if selection.is_some_and(|selection| selection.undiscounted_only) {
            for (word, changed) in out.iter_mut().zip(&state.changed) {
                *word &= !changed;
            }
        }
    }
}

/// Executes a candidate: computes what it gives and lets the state follow. The takes stand in `work.takes`.
pub(crate) fn execute(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    times_max: u32,
) -> Given {
    work.takes.clear();
    work.gifts.clear();
    let times_max = times_max.min(ground.candidates[candidate].times_max);
    let given = match ground.offer(candidate) {
        None => manual(ground, state, work, candidate),
        Some(offer) => program_offer(ground, state, work, candidate, offer, times_max),
    };
    state.given[candidate] = given.amount;
    state.times[candidate] = given.times;
    if given.reason == Some(Reason::MaximumDiscount) {
        let allowed = cap_without_guard(ground, state, candidate).0;
        state.guard_cut += (work.wanted.min(allowed) - given.amount).max(0);
    }
    if given.times > 0 {
        // A gift that zeroes units of the basket shows in what the basket costs; its worth would count twice.
        let counted = work.gifts.is_empty() || work.gifts.iter().any(|gift| !gift.from_basket);
        state.worth += if counted { ground.terms(candidate).worth.minor() } else { 0 };
        state.gave[candidate / 64] |= 1 << (candidate % 64);
    }
    if ground.candidates[candidate].matched {
        let takes = work.takes.iter().map(|take| (candidate as u32, take.line, take.amount));
        state.matchable.extend(takes);
    }
    given
}

fn manual(ground: &Ground<'_>, state: &mut State, work: &mut Work, candidate: usize) -> Given {
    use suanpan_domain::{ManualTarget, ManualValue};
    let OfferRef::Manual(place) = ground.candidates[candidate].source else {
        return Given::nothing(Reason::NothingSelected);
    };
    let manual = &ground.basket.manual_discounts[place as usize];
    live_target(ground, state, work, candidate, None);
    match (manual.value, &manual.target) {
        (ManualValue::Percent(rate), ManualTarget::Line(_)) => {
            percents::by_line(ground, state, work, candidate, rate)
        }
        (ManualValue::Percent(rate), ManualTarget::Basket) => {
            percents::once(ground, state, work, candidate, rate)
        }
        (ManualValue::Amount(amount), _) => amounts::once(ground, state, work, candidate, amount.minor()),
    }
}

fn live_target(
    ground: &Ground<'_>,
    state: &State,
    work: &mut Work,
    candidate: usize,
    offer: Option<&CompiledOffer>,
) {
    let selection = offer.map(|offer| offer.target.as_ref().unwrap_or(&offer.buy));
    let mut live = std::mem::take(&mut work.live);
    work.live_lines(ground, state, candidate, SET_TARGET, selection, &mut live);
    work.live = live;
}

fn live_buy(ground: &Ground<'_>, state: &State, work: &mut Work, candidate: usize, offer: &CompiledOffer) {
    let mut live = std::mem::take(&mut work.live_buy);
    work.live_lines(ground, state, candidate, SET_BUY, Some(&offer.buy), &mut live);
    work.live_buy = live;
}

fn program_offer(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    times_max: u32,
) -> Given {
    if let Some(threshold) = &offer.threshold {
        live_buy(ground, state, work, candidate, offer);
        let missing = missing_of(ground, state, threshold, &work.live_buy);
        if missing != Missing::Nothing {
            return Given { missing, ..Given::nothing(Reason::ThresholdNotMet) };
        }
    }
    match &offer.effect {
        Effect::SetPrice { .. }
        | Effect::Bundle { .. }
        | Effect::NthUnit { .. }
        | Effect::BuyGet { .. }
        | Effect::Gift { .. } => return units::execute(ground, state, work, candidate, offer, times_max),
        Effect::PercentOff(_) | Effect::AmountOff { .. } | Effect::UnitPrice(_)
            if offer.terms.units.is_some() =>
        {
            return units::execute(ground, state, work, candidate, offer, times_max);
        }
        _ => {}
    }
    live_target(ground, state, work, candidate, Some(offer));
    let acts_on_lines = !matches!(
        offer.effect,
        Effect::Match { .. } | Effect::PointsFixed(_) | Effect::IssueCoupon { .. } | Effect::Entitlement(_)
    );
    if acts_on_lines && work.live.iter().all(|word| *word == 0) {
        return Given::nothing(Reason::ExcludedBy);
    }
    match &offer.effect {
        Effect::PercentOff(rate) => percents::run(ground, state, work, candidate, offer, *rate),
        Effect::AmountOff { amount, per } => {
            amounts::run(ground, state, work, candidate, offer, *amount, *per)
        }
        Effect::UnitPrice(price) => prices::unit_price(ground, state, work, candidate, *price),
        Effect::PriceList(list) => prices::price_list(ground, state, work, candidate, list),
        Effect::Steps(steps) => steps_of(ground, state, work, candidate, offer, steps),
        Effect::Repeat { every, off, times } => {
            let measure = measure_of(ground, state, work, candidate, offer, *every);
            let every_value = match every {
                UnitCount::Spend(amount) => amount.minor(),
                UnitCount::Units(units) => *units,
                UnitCount::Weight(quantity) => quantity.milli(),
            };
            let count = measure.div_euclid(every_value.max(1)).min(i64::from(times.unwrap_or(u32::MAX)));
            let count = count.min(i64::from(times_max)).max(0);
            if count == 0 {
                let missing = lacking(*every, every_value - measure);
                return Given { missing, ..Given::nothing(Reason::ThresholdNotMet) };
            }
            let amount = off.minor().saturating_mul(count);
            let given = amounts::once(ground, state, work, candidate, amount);
            let next = every_value.saturating_mul(count.saturating_add(1)) - measure;
            let more = count < i64::from(times.unwrap_or(u32::MAX)).min(i64::from(times_max));
            let missing = if more { lacking(*every, next) } else { Missing::Nothing };
            Given { missing, times: if given.times > 0 { count as u32 } else { 0 }, ..given }
        }
        Effect::Shipping(shipping) => match shipping {
            ShippingEffect::Free => prices::free(ground, state, work, candidate),
            ShippingEffect::PercentOff(rate) => percents::by_line(ground, state, work, candidate, *rate),
            ShippingEffect::AmountOff(amount) => {
                amounts::once(ground, state, work, candidate, amount.minor())
            }
            ShippingEffect::Price(price) => prices::line_price(ground, state, work, candidate, price.minor()),
        },
        Effect::Match { percent, together_at_most, .. } => {
            special::matching(ground, state, work, candidate, offer, *percent, *together_at_most)
        }
        Effect::PointsFixed(_)
        | Effect::PointsTimes(_)
        | Effect::IssueCoupon { .. }
        | Effect::Entitlement(_) => Given::full(0, 1),
        Effect::SetPrice { .. }
        | Effect::Bundle { .. }
        | Effect::NthUnit { .. }
        | Effect::BuyGet { .. }
        | Effect::Gift { .. } => Given::nothing(Reason::NoCompleteGroup),
    }
}

/// What a threshold still lacks on some lines.
pub(crate) fn missing_of(ground: &Ground<'_>, state: &State, threshold: &Threshold, live: &[u64]) -> Missing {
    let amount = amounts_at(ground, state, threshold.at);
    reach(ground.compiled, threshold, live, ground.lines, ground.tax_rates, amount).1
}

/// Line amounts as a threshold sees them.
fn amounts_at<'a>(ground: &Ground<'a>, state: &'a State, at: AmountAt) -> impl Fn(usize) -> i64 + 'a {
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
fn measure_of(
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

fn lacking(measure: UnitCount, short: i64) -> Missing {
    use suanpan_domain::Quantity;
    match measure {
        UnitCount::Spend(_) => Missing::Amount(Money::from_minor(short)),
        UnitCount::Units(_) => Missing::Quantity(Quantity::from_units(short)),
        UnitCount::Weight(_) => Missing::Quantity(Quantity::from_milli(short)),
    }
}

fn steps_of(
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

/// The most that an offer may take: its cap, what its budget has left and what the maximum discount allows; and which
/// of them binds.
pub(crate) fn cap_of(ground: &Ground<'_>, state: &State, candidate: usize) -> (i64, Option<Reason>) {
    let least = cap_without_guard(ground, state, candidate);
    let exempt = ground.candidates[candidate].guard_exempt;
    if !exempt && state.guard_left < least.0 {
        return (state.guard_left.max(0), Some(Reason::MaximumDiscount));
    }
    least
}

/// The same as far as the offer itself limits it.
fn cap_without_guard(ground: &Ground<'_>, state: &State, candidate: usize) -> (i64, Option<Reason>) {
    let facts = &ground.candidates[candidate];
    let mut cap = ground.terms(candidate).cap.map_or(i64::MAX, Money::minor);
    let mut budget = facts.budget_left;
    if cap.min(budget) != i64::MAX && (facts.code.is_some() || facts.paper.is_some()) {
        // Presentations of one offer share its cap and its budget.
        let before = ground.candidates[..candidate].iter().zip(&state.given);
        let gave: i64 =
            before.filter(|(other, _)| other.source == facts.source).map(|(_, given)| *given).sum();
        cap = cap.saturating_sub(gave).max(0);
        budget = budget.saturating_sub(gave).max(0);
    }
    let mut least = (cap, None);
    if budget < least.0 {
        least = (budget, Some(Reason::BudgetUsedUp));
    }
    least
}

/// What an offer may take from a line: what is free, above its own floors.
pub(crate) fn room_of(ground: &Ground<'_>, state: &State, candidate: usize, line: usize) -> i64 {
    let terms = ground.terms(candidate);
    let free = state.free(ground.lines, line);
    let Some(floor) = floor_of(terms, &ground.lines[line]) else { return free };
    free.min((state.running[line] - floor).max(0))
}

fn floor_of(terms: &suanpan_program::model::Terms, facts: &crate::lines::LineFacts) -> Option<i64> {
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
    cut: bool,
) -> Given {
    let all_or_nothing = ground.terms(candidate).all_or_nothing;
    let mut takes = std::mem::take(&mut work.takes);
    keep_sku_floor(ground, state, candidate, &mut takes);
    work.takes = takes;
    let total: i64 = work.takes.iter().map(|take| take.amount).sum();
    let (cap, binding) = cap_of(ground, state, candidate);
    work.wanted = total;
    let mut reason = None;
    if all_or_nothing && (cut || total > cap) {
        work.takes.clear();
        return Given::nothing(Reason::AllOrNothing);
    }
    if total > cap {
        reason = binding;
        work.slots.clear();
        work.slots.extend(work.takes.iter().map(|take| Slot::new(take.line, take.amount, take.amount)));
        allocate(ground.method(), cap, &mut work.slots);
        for (take, slot) in work.takes.iter_mut().zip(&work.slots) {
            take.amount = slot.share;
        }
    }
    let given = apply_takes(ground, state, work, candidate);
    match (given, reason) {
        (0, Some(reason)) => Given::nothing(reason),
        (0, None) => Given::nothing(Reason::NothingLeftToDiscount),
        (amount, reason) => Given { reason, ..Given::full(amount, 1) },
    }
}

/// Lowers (or reserves) what stands in `work.takes`; drops empty takes. Units follow.
pub(crate) fn apply_takes(ground: &Ground<'_>, state: &mut State, work: &mut Work, candidate: usize) -> i64 {
    let facts = &ground.candidates[candidate];
    work.takes.retain(|take| take.amount > 0);
    let mut total = 0;
    for take in &work.takes {
        let line = take.line as usize;
        total += take.amount;
        if facts.tender {
            state.reserved[line] += take.amount;
        } else {
            let before = state.running[line];
            state.running[line] = before - take.amount;
            state.units.rescale(line, before, before - take.amount);
        }
        state.mark_changed(line);
    }
    if !facts.guard_exempt && !facts.tender && state.guard_left != i64::MAX {
        state.guard_left -= total;
    }
    total
}

/// Iterates the live lines.
pub(crate) fn live(work: &Work) -> impl Iterator<Item = usize> + '_ {
    bits(&work.live)
}
