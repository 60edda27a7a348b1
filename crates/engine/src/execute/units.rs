//! Effects on units (docs/pricing.md, section 5).
//!
//! Units are never taken apart: an effect sees classes of equal units of a line, says how many of each are bought and
//! which rewards others get, and identical groups are counted, not repeated. What it costs grows with the runs of the
//! lines, not with their units.

mod bound;
mod bundle;
mod buy_get;
mod classes;
mod finish;
mod gift;
mod groups;
mod limited;
mod sets;
mod spread;

use suanpan_domain::{Rate, Reason, Rounding};
use suanpan_program::model::{Effect, GroupForm, Pick, UnitReward};

use super::{Given, Work, live_target};
use crate::compile::CompiledOffer;
use crate::ground::{Ground, bits};
use crate::state::{Run, State};

pub(crate) use bound::{gift_word, shares_units, upper_bound};
use classes::{Class, Piece, Reward, Segment, Span};
use spread::Spread;

/// Reusable memory of unit effects.
#[derive(Debug, Default)]
pub(crate) struct UnitWork {
    runs: Vec<Run>,
    /// Lines that the effect at hand looks at.
    spans: Vec<Span>,
    segments: Vec<Segment>,
    classes: Vec<Class>,
    /// Places of classes in the order of the effect at hand, and by what they were ordered.
    order: Vec<u32>,
    keys: Vec<(i64, i64, u32)>,
    rewards: Vec<Reward>,
    pieces: Vec<Piece>,
    fresh: Vec<Piece>,
    /// One group: places of classes and units of each.
    members: Vec<(u32, i64)>,
    spread: Spread,
    /// By line: in which of the effect's selections it is, as bits.
    masks: Vec<u32>,
    /// Classes and units given to each part of a bundle, in order.
    assigned: [Vec<(u32, i64)>; bundle::PARTS_MAX],
    /// Places of classes in the order of what they count for a purchase.
    by_measure: Vec<u32>,
    /// Gifts: places in the offer's list and how many of each, in order.
    chosen: Vec<(u32, i64)>,
    /// Units that gifts have taken: line, how many, what they cost together.
    left_out: Vec<(u32, i64, i64)>,
}

/// Executes an effect on units: `nth_unit`, `set_price`, `bundle`, `get`, `gift`, and what has `units {at_most}`.
pub(crate) fn execute(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    times_max: u32,
) -> Given {
    let mut units = work.units.take().unwrap_or_default();
    units.begin();
    let mut call = Call { ground, state, work, units: &mut units, candidate, offer, times_max };
    let given = match &offer.effect {
        Effect::NthUnit { group_size, form, reward, off, times } => {
            groups::run(&mut call, *group_size, *form, *reward, *off, *times)
        }
        Effect::SetPrice { units, price, form, times } => {
            sets::run(&mut call, *units, price.minor(), *form, *times)
        }
        Effect::Bundle { parts, price, times } => bundle::run(&mut call, parts, *price, *times),
        Effect::BuyGet { buy, get_units, off, pick, times, .. } => {
            let deal = buy_get::Deal { buy: *buy, get_units: *get_units, off: *off, pick: *pick };
            buy_get::run(&mut call, deal, *times)
        }
        Effect::Gift { of, choose, per_units } => gift::run(&mut call, of, *choose, *per_units),
        Effect::PercentOff(_) | Effect::AmountOff { .. } | Effect::UnitPrice(_) => limited::run(&mut call),
        Effect::PriceList(_)
        | Effect::Steps(_)
        | Effect::Repeat { .. }
        | Effect::Shipping(_)
        | Effect::Match { .. }
        | Effect::PointsFixed(_)
        | Effect::PointsTimes(_)
        | Effect::IssueCoupon { .. }
        | Effect::Entitlement(_) => Given::nothing(Reason::NoCompleteGroup),
    };
    work.units = Some(units);
    given
}

/// A percent of every unit of the target, each rounded by itself: percents at `round_at: unit`.
pub(crate) fn percent_of_each(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    candidate: usize,
    offer: &CompiledOffer,
    rate: Rate,
) -> Given {
    let mut units = work.units.take().unwrap_or_default();
    units.begin();
    let times_max = u32::MAX;
    let mut call = Call { ground, state, work, units: &mut units, candidate, offer, times_max };
    let given = limited::percent(&mut call, rate);
    work.units = Some(units);
    given
}

/// One execution of an effect on units.
struct Call<'a, 'g> {
    ground: &'a Ground<'g>,
    state: &'a mut State,
    work: &'a mut Work,
    units: &'a mut UnitWork,
    candidate: usize,
    offer: &'a CompiledOffer,
    times_max: u32,
}

impl Call<'_, '_> {
    /// Collects the units of the target's live lines; the reason when there are none.
    fn collect_target(&mut self) -> Result<(), Reason> {
        live_target(self.ground, self.state, self.work, self.candidate, Some(self.offer));
        if self.work.live.iter().all(|word| *word == 0) {
            return Err(Reason::ExcludedBy);
        }
        for line in bits(&self.work.live) {
            self.units.collect(self.ground, self.state, self.offer.pool, line, 1);
        }
        Ok(())
    }

    /// How many applications the offer, its limits and the search allow.
    fn times_max(&self, times: Option<u32>) -> i64 {
        i64::from(times.unwrap_or(u32::MAX).min(self.times_max))
    }

    /// Offers of the layers `price` and `item` leave price-overridden lines alone (docs/pricing.md, rule 8).
    fn spares_overridden(&self) -> bool {
        let compiled = self.ground.compiled;
        self.offer.layer == compiled.layer_price || self.offer.layer == compiled.layer_item
    }
}

/// Which units make the first group.
const fn pick_of(form: GroupForm) -> Pick {
    match form {
        GroupForm::DearestFirst => Pick::Dearest,
        GroupForm::CheapestFirst => Pick::Cheapest,
    }
}

/// A number of applications as quotes state it.
fn times_of(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What one unit gets, cut to what it costs, and whether it was cut.
fn reward_of(off: UnitReward, amount: i64, rounding: Rounding) -> (i64, bool) {
    let wanted = match off {
        UnitReward::PercentOff(rate) => rate.of(amount, rounding),
        UnitReward::AmountOff(off) => off.minor(),
        UnitReward::UnitPrice(price) => (amount - price.minor()).max(0),
    };
    (wanted.clamp(0, amount.max(0)), wanted > amount)
}

/// The largest number up to a bound that goes; smaller ones go too, 0 always does.
fn largest(at_most: i64, goes: impl Fn(i64) -> bool) -> i64 {
    if goes(at_most) {
        return at_most;
    }
    let (mut low, mut high) = (0, at_most);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if goes(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests;
