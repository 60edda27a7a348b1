//! Executing one offer on the state of a basket (docs/pricing.md, section 4).

mod amounts;
mod limits;
mod percents;
mod prices;
mod special;
mod thresholds;
pub(crate) mod units;

use suanpan_domain::quote::Missing;
use suanpan_domain::{OfferRef, Reason};
use suanpan_program::model::{Effect, ShippingEffect, UnitCount};

use crate::allocate::Slot;
use crate::compile::{CompiledOffer, CompiledSelection};
use crate::ground::{Ground, SET_BUY, SET_TARGET};
use crate::state::{Run, State};
pub(crate) use limits::{Cut, Room, Rooms, cap_of, keep_sku_floor, settle_takes, take_level};
use limits::{apply_takes, cap_without_guard, refusal};
pub(crate) use thresholds::{amounts_at, missing_of};
use thresholds::{lacking, measure_of, steps_of};

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
    /// Taken out while an effect on units is executed.
    pub(crate) units: Option<Box<units::UnitWork>>,
    /// Runs of the line that a fixed price lowers.
    pub(crate) runs: Vec<Run>,
    /// Units that a fixed price lowers: line, run, what it takes from each.
    pub(crate) staged: Vec<(u32, Run, i64)>,
    /// A second state for what-ifs.
    pub(crate) trial: State,
    pub(crate) alone: State,
    /// Places that are listed for a moment.
    pub(crate) lists: Lists,
    /// What each member of a group would take from one line.
    pub(crate) contenders: Vec<(i64, usize)>,
    pub(crate) floors: amounts::FloorWork,
    pub(crate) tax: crate::settle::TaxWork,
}

/// Lists that nobody uses at the moment. Recursions take one and give it back, so that memory is asked for once.
#[derive(Debug, Default)]
pub(crate) struct Lists(Vec<Vec<usize>>);

impl Lists {
    /// An empty list.
    pub(crate) fn take(&mut self) -> Vec<usize> {
        self.0.pop().unwrap_or_default()
    }

    pub(crate) fn give(&mut self, mut list: Vec<usize>) {
        list.clear();
        self.0.push(list);
    }
}

/// A gift that an offer gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GiftGiven {
    pub(crate) choice: u32,
    pub(crate) units: i64,
    pub(crate) from_basket: bool,
}

/// The lines of one of a candidate's sets on which it may act now.
#[inline(always)]
pub(crate) fn live_lines(
    ground: &Ground<'_>,
    state: &State,
    candidate: usize,
    which: usize,
    selection: Option<&CompiledSelection>,
    out: &mut Vec<u64>,
) {
    out.clear();
    // Mostly one word: no copy by call.
    ground.set(candidate, which).iter().for_each(|word| out.push(*word));
    let undiscounted_only = selection.is_some_and(|selection| selection.undiscounted_only);
    if !state.blocked.is_empty() || undiscounted_only {
        skip_lines(ground, state, candidate, which, undiscounted_only, out);
    }
}

/// Takes out the lines that a candidate must skip.
fn skip_lines(
    ground: &Ground<'_>,
    state: &State,
    candidate: usize,
    which: usize,
    undiscounted_only: bool,
    live: &mut [u64],
) {
    if !state.blocked.is_empty() {
        // Losing a line to another member of a line group changes no threshold.
        let rows = if which == SET_BUY { &state.closed } else { &state.blocked };
        let row = candidate * ground.words;
        for (word, blocked) in live.iter_mut().zip(&rows[row..row + ground.words]) {
            *word &= !blocked;
        }
    }
    if undiscounted_only {
        for line in 0..ground.lines.len() {
            let changed = state.is_changed(ground.lines, line);
            live[line / 64] &= !(u64::from(changed) << (line % 64));
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
    // What shipping lowers is shipping, whatever its threshold looks at.
    let selection = offer.and_then(|offer| match (&offer.target, &offer.effect) {
        (Some(target), _) => Some(target),
        (None, Effect::Shipping(_)) => None,
        (None, _) => Some(&offer.buy),
    });
    live_lines(ground, state, candidate, SET_TARGET, selection, &mut work.live);
}

fn live_buy(ground: &Ground<'_>, state: &State, work: &mut Work, candidate: usize, offer: &CompiledOffer) {
    live_lines(ground, state, candidate, SET_BUY, Some(&offer.buy), &mut work.live_buy);
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
    // Something of what `buy` names has to be there, on lines that the offer does not skip.
    if offer.buy.undiscounted_only && offer.target.is_some()
        || !state.closed.is_empty() && !offer.buy.is_everything
    {
        live_buy(ground, state, work, candidate, offer);
        if work.live_buy.iter().all(|word| *word == 0) {
            return Given::nothing(Reason::ExcludedBy);
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
        | Effect::Entitlement(_) => {
            live_buy(ground, state, work, candidate, offer);
            if !offer.buy.is_everything && work.live_buy.iter().all(|word| *word == 0) {
                return Given::nothing(Reason::ExcludedBy);
            }
            Given::full(0, 1)
        }
        Effect::SetPrice { .. }
        | Effect::Bundle { .. }
        | Effect::NthUnit { .. }
        | Effect::BuyGet { .. }
        | Effect::Gift { .. } => Given::nothing(Reason::NoCompleteGroup),
    }
}
