//! Coupons are not wasted (docs/pricing.md, rule 42).

use suanpan_program::model::{AmountPer, Effect, OffAmount, PercentBasis, RoundAt};

use super::search::objective;
use super::{Dropped, Selected, Without, choose_and_execute};
use crate::execute::Work;
use crate::ground::{Ground, SET_TARGET, bits};
use crate::planted::{self, Bug};
use crate::state::State;

/// Drops coupons that gain nothing, or less than their `min_gain`, one by one. Gives whether any was dropped.
pub(super) fn drop_wasted(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    selected: &mut Selected,
) -> bool {
    let mut any = false;
    while !planted::is(Bug::CouponWasted)
        && let Some((coupon, gain)) = find_wasted(ground, state, work, selected)
    {
        any = true;
        // Where priority decides, only a `min_gain` drops a coupon.
        selected.dropped[coupon] = Some(if gain > 0 || is_by_priority(ground) {
            Dropped::MinGain { gain }
        } else {
            Dropped::LeftOut { difference: -gain }
        });
    }
    any
}

fn is_by_priority(ground: &Ground<'_>) -> bool {
    ground.compiled.selection() == suanpan_program::model::SelectionMode::ByPriority
}

/// The first giving coupon that is wasted, lowest priority first, last id first, and what it gains. The choice without it
/// stands in `selected` and `state` then.
///
/// Coupons that give nothing go before it in the same order, for as long as its gain is looked for: one that is not used is
/// no reason to drop one that is.
fn find_wasted(
    ground: &Ground<'_>,
    state: &mut State,
    work: &mut Work,
    selected: &mut Selected,
) -> Option<(usize, i64)> {
    let count = ground.candidates.len();
    // Where priority decides, a coupon is only dropped when it says so itself.
    let by_priority = is_by_priority(ground);
    let droppable = |candidate: usize, selected: &Selected, state: &State| {
        ground.candidates[candidate].is_coupon()
            && (!by_priority || ground.terms(candidate).min_gain.is_some())
            && selected.kept[candidate]
            && state.times[candidate] > 0
            && saves_money(ground, candidate)
    };
    if (0..count).all(|candidate| {
        !droppable(candidate, selected, state) || surely_gains(ground, state, work, selected, candidate)
    }) {
        return None;
    }
    let idle =
        |candidate: usize, state: &State| saves_money(ground, candidate) && state.times[candidate] == 0;
    let mut coupons = work.lists.take();
    coupons.extend(
        (0..count)
            .filter(|&candidate| ground.candidates[candidate].is_coupon() && !selected.excluded[candidate])
            .filter(|&candidate| droppable(candidate, selected, state) || idle(candidate, state)),
    );
    // By place at last, so that no two are equal.
    coupons.sort_unstable_by(|&a, &b| {
        let priority = |candidate: usize| ground.candidates[candidate].priority;
        priority(a).cmp(&priority(b)).then_with(|| ground.id(b).cmp(ground.id(a))).then(b.cmp(&a))
    });
    let with = objective(ground, state, work);
    let mut without = selected.without.take().unwrap_or_default();
    let mut unused = work.lists.take();
    let mut wasted = None;
    for &coupon in &coupons {
        if idle(coupon, state) {
            unused.push(coupon);
            continue;
        }
        if surely_gains(ground, state, work, selected, coupon) {
            continue;
        }
        choose_without(ground, work, selected, &mut without, (coupon, &unused));
        let gain = objective(ground, &without.state, work) - with;
        let least = i64::from(!by_priority);
        let wanted = ground.terms(coupon).min_gain.map_or(least, |gain| gain.minor().max(least));
        if gain < wanted {
            if !unused.is_empty() {
                choose_without(ground, work, selected, &mut without, (coupon, &[]));
            }
            selected.swap_choice(&mut without.selected);
            std::mem::swap(state, &mut without.state);
            wasted = Some((coupon, gain));
            break;
        }
    }
    selected.without = Some(without);
    work.lists.give(unused);
    work.lists.give(coupons);
    wasted
}

/// Coupons that give points, gifts, benefits or other coupons are never dropped for want of saving.
fn saves_money(ground: &Ground<'_>, candidate: usize) -> bool {
    ground
        .offer(candidate)
        .is_some_and(|offer| offer.candidate.lowers && !matches!(offer.effect, Effect::Gift { .. }))
}

/// Chooses without one coupon and without unused ones, with the nodes that are left. What that search did not find out is not
/// known of the quote.
fn choose_without(
    ground: &Ground<'_>,
    work: &mut Work,
    selected: &mut Selected,
    without: &mut Without,
    (coupon, unused): (usize, &[usize]),
) {
    let Without { selected: without, state } = without;
    without.excluded.clone_from(&selected.excluded);
    without.excluded[coupon] = true;
    unused.iter().for_each(|unused| without.excluded[*unused] = true);
    without.dropped.clear();
    without.dropped.resize(ground.candidates.len(), None);
    without.conflicts.read(ground);
    (without.outcome, without.nodes) = (selected.outcome, selected.nodes);
    choose_and_execute(ground, state, work, without);
    (selected.outcome, selected.nodes) = (without.outcome, without.nodes);
}

impl Selected {
    /// Changes choices with another; what was said of dropped coupons stays.
    pub(super) fn swap_choice(&mut self, other: &mut Selected) {
        std::mem::swap(&mut self.kept, &mut other.kept);
        std::mem::swap(&mut self.order, &mut other.order);
        std::mem::swap(&mut self.times, &mut other.times);
        std::mem::swap(&mut self.excluded, &mut other.excluded);
        std::mem::swap(&mut self.contest, &mut other.contest);
        self.simple = other.simple;
    }
}

/// A cheap proof that a coupon gains: what executes after it gives back at most its share of the coupon's amount and some
/// rounding.
fn surely_gains(
    ground: &Ground<'_>,
    state: &State,
    work: &mut Work,
    selected: &Selected,
    coupon: usize,
) -> bool {
    surely_gains_unchosen(ground, state, selected, coupon)
        || !selected.simple && surely_gains_anywhere(ground, state, work, selected, coupon)
}

/// The same where a choice was made: a coupon that takes something from every choice in which it is not, whatever that
/// choice is. Nothing that executes after it may look at what it lowers; then the best choice without it, with it added, would
/// cost less and still no less than the best choice of all.
fn surely_gains_anywhere(
    ground: &Ground<'_>,
    state: &State,
    work: &mut Work,
    selected: &Selected,
    coupon: usize,
) -> bool {
    let best = objective(ground, state, work);
    let worth = (0..ground.candidates.len()).any(|candidate| ground.terms(candidate).worth.minor() != 0);
    let bounded = ground.guard != i64::MAX
        || ground.compiled.has_line_groups
        || ground.lines.iter().any(|line| line.legal_minimum > 0)
        || ground.tax_rates.iter().any(|rates| rates.added_ppm > 0)
        || ground.candidates.iter().any(|candidate| candidate.tender || candidate.matched);
    let alone = !selected.conflicts.stands_against_any(coupon, &selected.excluded)
        && selected.contest.cluster.get(coupon).is_none_or(|cluster| *cluster == u32::MAX);
    if is_by_priority(ground)
        || best <= 0
        || worth
        || bounded
        || !alone
        || ground.terms(coupon).min_gain.is_some()
    {
        return false;
    }
    // Every line that costs anything, so that what is left of the basket is left for the coupon.
    let whole = |candidate: usize| {
        let target = ground.set(candidate, SET_TARGET);
        (0..ground.lines.len())
            .all(|line| target[line / 64] >> (line % 64) & 1 == 1 || ground.lines[line].gross <= 0)
    };
    let plain = |candidate: usize| {
        ground.offer(candidate).filter(|offer| {
            let terms = &offer.terms;
            offer.threshold.is_none()
                && offer.exclusive.is_none()
                && terms.cap.is_none()
                && offer.limits.budget.is_none()
                && terms.units.is_none()
                && !terms.all_or_nothing
                && offer.round_at != RoundAt::Unit
                && terms.basis == PercentBasis::Running
                && terms.floor_unit_price.is_none()
                && terms.floor_line.is_none()
                && terms.floor_sku.is_none()
                && !offer.buy.undiscounted_only
                && !offer.target.as_ref().is_some_and(|target| target.undiscounted_only)
        })
    };
    if !whole(coupon) {
        return false;
    }
    let lines = ground.lines.len() as i64 + 1;
    let share = |amount: i64, ppm: i64| (i128::from(amount) * i128::from(ppm) / 1_000_000) as i64;
    let mut left = match plain(coupon).map(|offer| &offer.effect) {
        Some(Effect::AmountOff { amount: OffAmount::Fixed(amount), per: AmountPer::Basket }) => {
            amount.minor().min(best)
        }
        Some(Effect::PercentOff(rate)) => share(best, rate.ppm()) - lines,
        _ => return false,
    };
    for later in coupon + 1..ground.candidates.len() {
        if selected.excluded[later] || !ground.candidates[later].lowers {
            continue;
        }
        match plain(later).filter(|_| whole(later)).map(|offer| &offer.effect) {
            Some(Effect::PercentOff(rate)) if rate.ppm() < 1_000_000 => {
                left = share(left, 1_000_000 - rate.ppm()) - lines;
            }
            // Something is left in the end, so it was not cut.
            Some(Effect::AmountOff { amount: OffAmount::Fixed(_), per: AmountPer::Basket }) => {}
            _ => return false,
        }
    }
    left > 0
}

/// A cheap proof that a coupon gains where nothing was chosen.
fn surely_gains_unchosen(ground: &Ground<'_>, state: &State, selected: &Selected, coupon: usize) -> bool {
    let bounded = ground.guard != i64::MAX
        || ground.lines.iter().any(|line| line.legal_minimum > 0)
        || state.reserved.iter().any(|reserved| *reserved > 0);
    if !selected.simple || bounded || ground.terms(coupon).min_gain.is_some() {
        return false;
    }
    let lines = ground.lines.len() as i64 + 1;
    let mut left = state.given[coupon];
    for later in coupon + 1..ground.candidates.len() {
        if !selected.kept[later] || !ground.candidates[later].lowers {
            continue;
        }
        let Some(offer) = ground.offer(later) else { return false };
        let terms = &offer.terms;
        if terms.floor_unit_price.is_some() || terms.floor_line.is_some() || terms.floor_sku.is_some() {
            return false;
        }
        // What passes over lines that the coupon lowered may give more without it.
        if offer.buy.undiscounted_only || offer.target.as_ref().is_some_and(|target| target.undiscounted_only)
        {
            return false;
        }
        // A `match` of this coupon only adds to its gain, any other matches what stays the same.
        match &offer.effect {
            Effect::PercentOff(rate)
                if offer.terms.units.is_none()
                    && offer.round_at != RoundAt::Unit
                    && rate.ppm() < 1_000_000 =>
            {
                match offer.terms.basis {
                    PercentBasis::Running => {
                        left = (i128::from(left) * i128::from(1_000_000 - rate.ppm()) / 1_000_000) as i64
                            - lines;
                    }
                    // It takes what it would take without the coupon, unless what runs cut it.
                    PercentBasis::List => {
                        let target = bits(ground.set(later, SET_TARGET));
                        let list: i64 = target.map(|line| ground.lines[line].gross).sum();
                        let whole = (i128::from(list) * i128::from(rate.ppm()) / 1_000_000) as i64;
                        if state.given[later] + lines < whole {
                            return false;
                        }
                        left -= lines + lines;
                    }
                    PercentBasis::Layer => return false,
                }
            }
            Effect::AmountOff { amount: OffAmount::Fixed(amount), per: AmountPer::Basket }
                if amount.minor() == state.given[later] => {}
            _ => return false,
        }
    }
    // Whether the added tax falls with the net, up to rounding once for each line and rate.
    left > if ground.tax_rates.iter().any(|rates| rates.added_ppm > 0) { lines } else { 0 }
}
