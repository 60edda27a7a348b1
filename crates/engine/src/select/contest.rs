//! Which candidates are contested (contract, section 5; docs/pricing.md, rule 40).

use suanpan_domain::{LineKind, Rate};
use suanpan_program::model::{
    AmountAt, AmountPer, BundlePrice, Effect, GroupForm, GroupReward, OffAmount, Pick, RewardOver, TaxBasis,
    UnitCount, UnitReward,
};

use super::bound::rounded_parts;
use super::conflicts::{Conflicts, share_units, touches};
use crate::compile::CompiledOffer;
use crate::evaluate::{overridden, selected};
use crate::execute::{Work, execute};
use crate::gather::convert;
use crate::ground::{Ground, SET_BUY, SET_PARTS, SET_TARGET, bits};
use crate::planted::{self, Bug};
use crate::state::State;

/// Which candidates the search decides about, and how units are shared.
#[derive(Debug, Default)]
pub(crate) struct Contest {
    /// By candidate.
    pub(crate) contested: Vec<bool>,
    /// By candidate: the cluster of those that share units with it; `u32::MAX` for none.
    pub(crate) cluster: Vec<u32>,
    pub(crate) clusters: u32,
    pub(crate) any: bool,
    /// Exclusive candidates that have to do with no other one: taken where they give something.
    pub(crate) lone: Vec<bool>,
    /// What each candidate gives by itself, once asked for.
    pub(crate) alone: Vec<Option<i64>>,
    /// How often it is applied by itself, where that was asked for.
    alone_times: Vec<u32>,
    /// Sum of the amounts entering the first layer on each candidate's target.
    gross: Vec<i64>,
    reaches: Vec<i64>,
    /// Allocated candidates whose earlier ones are contested already.
    moved: Vec<bool>,
    /// Lines that the exclusive candidate at hand closes to others.
    closed: Vec<u64>,
}

/// Clusters larger than this keep the order of their offers.
pub(crate) const CLUSTER_MAX: usize = 5;

impl Contest {
    /// Finds the contested candidates. `excluded` are out of the question.
    pub(crate) fn read(
        &mut self,
        ground: &Ground<'_>,
        conflicts: &Conflicts,
        excluded: &[bool],
        work: &mut Work,
    ) {
        let count = ground.candidates.len();
        self.contested.clear();
        self.contested.resize(count, false);
        self.cluster.clear();
        self.cluster.resize(count, u32::MAX);
        self.clusters = 0;
        self.any = false;
        self.alone.clear();
        self.alone.resize(count, None);
        self.alone_times.clear();
        self.alone_times.resize(count, 0);
        self.gross.clear();
        self.gross.extend((0..count).map(|candidate| {
            (0..ground.words)
                .map(|word| {
                    let lines = [selected(ground, candidate, word)];
                    bits(&lines).map(|line| ground.lines[word * 64 + line].gross).sum::<i64>()
                })
                .sum::<i64>()
        }));
        self.moved.clear();
        self.moved.resize(count, false);
        self.lone.clear();
        self.lone.resize(count, false);
        if conflicts.any {
            for (candidate, contested) in self.contested.iter_mut().enumerate() {
                *contested = !excluded[candidate] && conflicts.stands_against_any(candidate, excluded);
            }
        }
        self.share(ground, excluded, work);
        for later in 0..count {
            if excluded[later] {
                continue;
            }
            let Some(offer) = ground.offer(later) else { continue };
            if sets_price(offer) && ground.candidates[later].lowers {
                self.contest_before(ground, excluded, later);
            }
            if looks_at_running(offer) {
                self.contest_threshold(ground, excluded, later, offer, work);
            }
        }
        for (candidate, contested) in self.contested.iter_mut().enumerate() {
            // An exclusive offer is not kept where it gives nothing, whether or not anything stands against it.
            let exclusive = !excluded[candidate] && conflicts.exclusive[candidate].is_some();
            self.lone[candidate] =
                exclusive && !*contested && !keeps_others_out(ground, excluded, candidate, &mut self.closed);
            *contested |= exclusive;
        }
        self.any =
            self.contested.iter().any(|contested| *contested) && !planted::is(Bug::ContestedNotSearched);
    }

    /// (c): what shares a unit pool and units with another.
    fn share(&mut self, ground: &Ground<'_>, excluded: &[bool], work: &mut Work) {
        let count = ground.candidates.len();
        for a in 0..count {
            if excluded[a] || ground.offer(a).is_none_or(|offer| offer.pool == 0) {
                continue;
            }
            for b in a + 1..count {
                if excluded[b] || !share_units(ground, a, b) {
                    continue;
                }
                // One that forms nothing with all units forms nothing with fewer.
                if !self.gives_alone(ground, a, work) || !self.gives_alone(ground, b, work) {
                    continue;
                }
                self.contested[a] = true;
                self.contested[b] = true;
                let (from, to) = match (self.cluster[a], self.cluster[b]) {
                    (u32::MAX, u32::MAX) => {
                        self.cluster[a] = self.clusters;
                        self.clusters += 1;
                        (u32::MAX, self.cluster[a])
                    }
                    (u32::MAX, other) => {
                        self.cluster[a] = other;
                        continue;
                    }
                    (own, other) => (other, own),
                };
                self.cluster[b] = to;
                if from != u32::MAX && from != to {
                    for cluster in &mut self.cluster {
                        if *cluster == from {
                            *cluster = to;
                        }
                    }
                }
            }
        }
    }

    /// (d): what executes before an offer that sets a price, or gives all or nothing, and touches its lines.
    fn contest_before(&mut self, ground: &Ground<'_>, excluded: &[bool], later: usize) {
        let offer = ground.offer(later);
        let parts = offer.map_or(0, |offer| offer.parts.len());
        for earlier in 0..later {
            if excluded[earlier] || !ground.candidates[earlier].lowers {
                continue;
            }
            let touched = if parts > 0 {
                (0..parts).any(|part| touches(ground, earlier, ground.set(later, SET_PARTS + part)))
            } else {
                touches(ground, earlier, ground.set(later, SET_TARGET))
            };
            if touched {
                self.contested[earlier] = true;
                self.contested[later] = true;
            }
        }
    }

    /// (b): offers before a threshold on running amounts that can push it below.
    fn contest_threshold(
        &mut self,
        ground: &Ground<'_>,
        excluded: &[bool],
        later: usize,
        offer: &CompiledOffer,
        work: &mut Work,
    ) {
        let until = match offer.threshold.map(|threshold| threshold.at) {
            Some(AmountAt::AfterLayer(layer)) => layer as u16,
            _ => u16::MAX,
        };
        let set = ground.set(later, SET_BUY);
        // In the threshold's own tax basis; what others give counts at most so much more in it.
        let mode = ground.compiled.program.price_mode;
        let basis = offer.threshold.and_then(|threshold| threshold.tax).unwrap_or(mode);
        // What has to be bought for `get` is counted unit by unit, of whatever it names.
        let buys = offer.threshold.is_none() && matches!(offer.effect, Effect::BuyGet { .. });
        let spared = |line: usize| {
            buys && overridden(ground, offer.layer, line / 64) >> (line % 64) & 1 == 1
                || !buys && matches!(ground.lines[line].kind, LineKind::GiftCard | LineKind::Deposit)
        };
        let seen = || bits(set).filter(|&line| !spared(line));
        let high: i64 =
            seen().map(|line| convert(ground.lines[line].gross, ground.tax_rates[line], mode, basis)).sum();
        let most_added = if basis == TaxBasis::Included && basis != mode {
            ground.tax_rates.iter().map(|rates| rates.added_ppm).max().unwrap_or(0)
        } else {
            0
        };
        let in_basis = |amount: i64| {
            amount.saturating_add((i128::from(amount) * i128::from(most_added) / 1_000_000) as i64)
        };
        self.reaches_of(offer, high);
        let Some(&highest) = self.reaches.iter().filter(|reach| **reach <= high).max() else { return };
        let lines = seen().count() as i64;
        let earlier = || {
            (0..later).filter(|&earlier| {
                let facts = &ground.candidates[earlier];
                !excluded[earlier]
                    && facts.lowers
                    && !facts.tender
                    && facts.layer <= until
                    && touches(ground, earlier, set)
            })
        };
        // A quick bound first: most thresholds are safe.
        let quick: i64 =
            earlier().map(|earlier| in_basis(self.quick_bound(ground, earlier)).min(high) + lines).sum();
        if high - quick >= highest {
            return;
        }
        let mut moved = work.lists.take();
        moved.extend(earlier());
        let low = high
            - moved
                .iter()
                .map(|&earlier| in_basis(self.alone(ground, earlier, work)).min(high) + lines)
                .sum::<i64>();
        let contested = self.reaches.iter().any(|reach| low < *reach && *reach <= high);
        if !contested || moved.is_empty() {
            return work.lists.give(moved);
        }
        self.contested[later] = true;
        moved.iter().for_each(|earlier| self.contested[*earlier] = true);
        // Offers that move the share of an allocated offer are contested with it.
        while let Some(candidate) = moved.pop() {
            if !is_allocated(ground, candidate) || std::mem::replace(&mut self.moved[candidate], true) {
                continue;
            }
            let target = ground.set(candidate, SET_TARGET);
            for before in 0..candidate {
                let facts = &ground.candidates[before];
                if !excluded[before]
                    && facts.lowers
                    && !facts.tender
                    && !self.contested[before]
                    && touches(ground, before, target)
                {
                    self.contested[before] = true;
                    moved.push(before);
                }
            }
        }
        work.lists.give(moved);
    }

    /// The amounts at which an offer's threshold, steps or multiples are reached, as far as running amounts decide.
    fn reaches_of(&mut self, offer: &CompiledOffer, high: i64) {
        self.reaches.clear();
        if let Some(threshold) = &offer.threshold
            && threshold.at != AmountAt::List
            && let UnitCount::Spend(amount) = threshold.reach
        {
            self.reaches.push(amount.minor());
        }
        if offer.threshold.is_some_and(|threshold| threshold.at == AmountAt::List) {
            return;
        }
        match &offer.effect {
            Effect::Steps(steps) => self.reaches.extend(steps.iter().filter_map(|step| match step.reach {
                UnitCount::Spend(amount) => Some(amount.minor()),
                UnitCount::Units(_) | UnitCount::Weight(_) => None,
            })),
            Effect::Repeat { every: UnitCount::Spend(every), times, .. }
            | Effect::BuyGet { buy: UnitCount::Spend(every), times, .. } => {
                let every = every.minor().max(1);
                let most = (high / every).min(i64::from(times.unwrap_or(u32::MAX)));
                // Only the highest multiples can be out of reach; a long list of small ones says no more.
                self.reaches.extend((1..=most).rev().take(1_000).map(|multiple| multiple * every));
            }
            _ => {}
        }
    }

    /// What a candidate gives at most, without executing it.
    fn quick_bound(&self, ground: &Ground<'_>, candidate: usize) -> i64 {
        let gross = self.gross[candidate];
        let Some(offer) = ground.offer(candidate) else { return gross };
        let lines = ground.lines.len() as i64;
        match &offer.effect {
            Effect::PercentOff(rate) => {
                let share = i128::from(gross) * i128::from(rate.ppm()) / 1_000_000;
                let parts = lines.max(rounded_parts(ground, candidate, offer));
                share as i64 + if offer.terms.units.is_none() { parts } else { gross }
            }
            // The nth of a group that begins with its dearest costs at most an nth of what the first n cost.
            Effect::NthUnit {
                form: GroupForm::DearestFirst,
                reward: GroupReward { nth, over: RewardOver::Each, all_units: false },
                off: UnitReward::PercentOff(rate),
                ..
            } => self.share_bound(ground, candidate, *rate, (1, *nth)),
            // The cheapest y of x + y units cost at most their share of all.
            Effect::BuyGet {
                buy: UnitCount::Units(bought),
                get: None,
                get_units,
                off: UnitReward::PercentOff(rate),
                pick: Pick::Cheapest,
                ..
            } if offer.target.is_none() => {
                self.share_bound(ground, candidate, *rate, (*get_units, bought + get_units))
            }
            Effect::AmountOff { amount: OffAmount::Fixed(amount), per: AmountPer::Basket } => amount.minor(),
            Effect::Gift { .. } | Effect::Match { .. } => i64::MAX / 4,
            _ => gross,
        }
    }

    /// A share of a part of what a candidate acts on, and one minor unit of rounding for each unit.
    fn share_bound(&self, ground: &Ground<'_>, candidate: usize, rate: Rate, (part, of): (i64, i64)) -> i64 {
        let exact = i128::from(self.gross[candidate]) * i128::from(rate.ppm()) * i128::from(part);
        let units: i64 = bits(ground.set(candidate, SET_TARGET)).map(|line| ground.lines[line].units).sum();
        (exact / (1_000_000 * i128::from(of.max(1)))) as i64 + units + 1
    }

    /// Whether a candidate gives anything by itself.
    fn gives_alone(&mut self, ground: &Ground<'_>, candidate: usize, work: &mut Work) -> bool {
        self.alone(ground, candidate, work);
        self.alone_times[candidate] > 0
    }

    /// What a candidate gives by itself on the requested amounts.
    pub(crate) fn alone(&mut self, ground: &Ground<'_>, candidate: usize, work: &mut Work) -> i64 {
        if let Some(amount) = self.alone[candidate] {
            return amount;
        }
        let mut state = std::mem::take(&mut work.alone);
        alone_state(ground, candidate, &mut state, work);
        let amount = state.given[candidate];
        self.alone_times[candidate] = state.times[candidate];
        work.alone = state;
        self.alone[candidate] = Some(amount);
        amount
    }
}

/// Whether an exclusive candidate closes lines to others that do not select them: a gift is found wherever its articles are,
/// a `match` takes where the other offer took.
fn keeps_others_out(ground: &Ground<'_>, excluded: &[bool], exclusive: usize, closed: &mut Vec<u64>) -> bool {
    let elsewhere = |other: &usize| {
        let effect = ground.offer(*other).map(|offer| &offer.effect);
        !excluded[*other] && matches!(effect, Some(Effect::Gift { .. } | Effect::Match { .. }))
    };
    let mut others = (0..ground.candidates.len()).filter(elsewhere).peekable();
    if others.peek().is_none() {
        return false;
    }
    closed.clear();
    closed.extend((0..ground.words).map(|word| selected(ground, exclusive, word)));
    others.any(|other| other != exclusive && touches(ground, other, closed))
}

/// Executes one candidate by itself; a `match` together with what it adds to.
fn alone_state(ground: &Ground<'_>, candidate: usize, state: &mut State, work: &mut Work) {
    state.begin(ground, ground.guard);
    if let Some(other) = ground.offer(candidate).and_then(|offer| offer.matches) {
        for earlier in 0..candidate {
            if ground.candidates[earlier].source == suanpan_domain::OfferRef::Program(other) {
                execute(ground, state, work, earlier, u32::MAX);
            }
        }
    }
    state.layer = u16::MAX;
    execute(ground, state, work, candidate, u32::MAX);
}

/// Offers that set a price, or give all or nothing, are contested by what executes before them.
fn sets_price(offer: &CompiledOffer) -> bool {
    offer.terms.all_or_nothing
        || match &offer.effect {
            Effect::SetPrice { .. } | Effect::UnitPrice(_) => true,
            Effect::Bundle { price, .. } => matches!(price, BundlePrice::Price(_)),
            _ => false,
        }
}

/// Whether an offer's reach depends on running amounts.
fn looks_at_running(offer: &CompiledOffer) -> bool {
    let threshold = offer.threshold.is_some_and(|threshold| {
        threshold.at != AmountAt::List && matches!(threshold.reach, UnitCount::Spend(_))
    });
    threshold
        || matches!(
            offer.effect,
            Effect::Steps(_) | Effect::Repeat { .. } | Effect::BuyGet { buy: UnitCount::Spend(_), .. }
        )
}

/// Whether an offer divides one amount between lines.
fn is_allocated(ground: &Ground<'_>, candidate: usize) -> bool {
    use suanpan_program::model::{AmountPer, RoundAt};
    let Some(offer) = ground.offer(candidate) else { return true };
    match &offer.effect {
        Effect::PercentOff(_) => offer.round_at == RoundAt::Offer || offer.terms.cap.is_some(),
        Effect::AmountOff { per, .. } => *per == AmountPer::Basket || offer.terms.cap.is_some(),
        Effect::Steps(_) | Effect::Repeat { .. } | Effect::Shipping(_) => true,
        _ => offer.terms.cap.is_some() || offer.limits.budget.is_some(),
    }
}
