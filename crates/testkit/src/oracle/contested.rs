//! Which candidates are contested, so that leaving them out is tried (rule 40 and the contract's section 5).

use std::collections::BTreeSet;

use suanpan_domain::{OfferKind, Rounding};
use suanpan_program::model::{
    AllocationBasis, AmountAt, AmountPer, BundlePrice, Effect, ExclusiveScope, GroupScope, RoundAt, Saving,
    Selector, ShippingEffect, TaxBasis, UnitCount,
};

use super::arithmetic::rounded;
use super::candidates::{Candidate, measure_of_line, wanted};
use super::execute::{Choice, World, execute, pool_of};

/// What has to be searched.
pub(super) struct Contested {
    pub(super) searched: BTreeSet<usize>,
    /// Candidates that share a pool and units, directly or through others.
    pub(super) pools: Vec<Vec<usize>>,
}

pub(super) fn contested(world: &World<'_>, active: &BTreeSet<usize>) -> Contested {
    let finder = Finder { world, active };
    let mut searched = BTreeSet::new();
    finder.conflicts(&mut searched);
    finder.thresholds(&mut searched);
    finder.prices(&mut searched);
    // An exclusive offer that would give nothing is not kept (38), so it has to be tried without.
    searched.extend(active.iter().filter(|index| finder.of(**index).offer.stacking.exclusive.is_some()));
    let pools = finder.pools();
    searched.extend(pools.iter().flatten());
    Contested { searched, pools }
}

/// Whether two candidates belong to classes that do not combine; said on one side is enough.
pub(super) fn classes_conflict(world: &World<'_>, one: &Candidate, two: &Candidate) -> bool {
    world.program.combine.iter().any(|combine| {
        let against = |a: &Candidate, b: &Candidate| {
            a.in_class(&combine.class) && combine.not_with.iter().any(|class| b.in_class(class))
        };
        against(one, two) || against(two, one)
    })
}

/// Whether two candidates share a unit pool and units.
pub(super) fn share_units(world: &World<'_>, one: &Candidate, two: &Candidate) -> bool {
    let pool = pool_of(one);
    if pool.is_none() || pool != pool_of(two) {
        return false;
    }
    let lines = one.acts_on(world.lines, true);
    two.acts_on(world.lines, true).iter().any(|line| lines.contains(line))
}

struct Finder<'w, 'a> {
    world: &'w World<'a>,
    active: &'w BTreeSet<usize>,
}

impl Finder<'_, '_> {
    fn of(&self, index: usize) -> &Candidate {
        &self.world.candidates[index]
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.active
            .iter()
            .flat_map(|one| self.active.iter().filter(move |two| *two > one).map(move |two| (*one, *two)))
    }

    /// Lines that an offer may lower.
    fn lowers(&self, index: usize) -> BTreeSet<usize> {
        let candidate = self.of(index);
        if candidate.earns() {
            return BTreeSet::new();
        }
        if let Effect::Match { offer, .. } = &candidate.offer.effect {
            return self
                .active
                .iter()
                .filter(|other| self.of(**other).offer.id == *offer && **other != index)
                .filter(|other| !matches!(self.of(**other).offer.effect, Effect::Match { .. }))
                .flat_map(|other| self.lowers(*other))
                .collect();
        }
        let bought_too = self.world.program.allocation.basis == AllocationBasis::SourceAndTarget;
        candidate.acts_on(self.world.lines, bought_too).into_iter().collect()
    }

    /// (a): groups, classes, exclusive offers.
    fn conflicts(&self, searched: &mut BTreeSet<usize>) {
        for (group, policy) in self.world.program.groups.iter().enumerate() {
            let members: Vec<usize> = self
                .active
                .iter()
                .copied()
                .filter(|index| self.of(*index).offer.stacking.groups.contains(&group))
                .collect();
            if policy.scope == GroupScope::Basket && members.len() > policy.at_most as usize {
                searched.extend(members);
            }
        }
        for (one, two) in self.pairs() {
            if classes_conflict(self.world, self.of(one), self.of(two))
                || self.excludes(one, two)
                || self.excludes(two, one)
            {
                searched.extend([one, two]);
            }
        }
    }

    /// Whether an exclusive candidate meets another one: on the basket, or on a line that both select or that the
    /// other's threshold counts.
    fn excludes(&self, exclusive: usize, other: usize) -> bool {
        let other = self.of(other);
        match self.of(exclusive).offer.stacking.exclusive {
            None => false,
            _ if other.earns() => false,
            Some(ExclusiveScope::Basket) => true,
            Some(ExclusiveScope::Line) => {
                let closed = self.of(exclusive).selects(self.world.lines);
                let acts = other.selects(self.world.lines);
                let measures = other.offer.threshold.is_some()
                    || other.offer.buy.selector != Selector::Everything
                    || matches!(
                        other.offer.effect,
                        Effect::Steps(_) | Effect::Repeat { .. } | Effect::Gift { .. }
                    );
                closed.iter().any(|line| {
                    acts.contains(line)
                        || (measures && other.is_bought(*line, self.world.lines))
                        || matches!(other.offer.effect, Effect::Match { .. })
                })
            }
        }
    }

    /// What an offer gives alone; a match with its other offer.
    fn alone(&self, index: usize) -> i64 {
        let mut kept: Vec<usize> = match &self.of(index).offer.effect {
            Effect::Match { offer, .. } => {
                self.active.iter().copied().filter(|other| self.of(*other).offer.id == *offer).collect()
            }
            _ => Vec::new(),
        };
        kept.retain(|other| *other != index);
        kept.push(index);
        kept.sort_unstable();
        execute(self.world, &Choice { kept, ..Choice::default() }).given[index].amount
    }

    /// Whether an offer gives something on the requested amounts, with all units.
    fn gives_alone(&self, index: usize) -> bool {
        pool_of(self.of(index)).is_some()
            && execute(self.world, &Choice { kept: vec![index], ..Choice::default() }).given[index].gives()
    }

    /// (b): thresholds on running amounts that earlier offers may break, and what moves their shares.
    fn thresholds(&self, searched: &mut BTreeSet<usize>) {
        let mut movable: Vec<usize> = Vec::new();
        for index in self.active {
            let Some((lines, steps, until_layer)) = self.running_steps(*index) else { continue };
            let earlier: Vec<usize> = self
                .active
                .iter()
                .copied()
                .filter(|other| *other < *index && self.of(*other).offer.layer <= until_layer)
                .filter(|other| !self.of(*other).is_tender())
                .filter(|other| self.lowers(*other).iter().any(|line| lines.contains(line)))
                .collect();
            let high: i64 = lines.iter().map(|line| self.entering(*index, *line)).sum();
            let sum: i64 = lines.iter().map(|line| self.world.lines[*line].gross).sum();
            let mut low = high;
            for other in &earlier {
                low -= self.in_basis(*index, &lines, self.alone(*other).min(sum) + lines.len() as i64);
            }
            if steps.iter().any(|step| low < *step && *step <= high) && !earlier.is_empty() {
                searched.insert(*index);
                searched.extend(&earlier);
                movable.extend(earlier);
            }
        }
        // What moves the share of an allocated offer so contested, transitively.
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        while let Some(index) = movable.pop() {
            let lines = self.lowers(index);
            if !seen.insert(index) || !allocated(self.of(index)) || lines.len() < 2 {
                continue;
            }
            for other in self.active.iter().filter(|other| **other < index) {
                if self.lowers(*other).iter().any(|line| lines.contains(line)) {
                    searched.insert(*other);
                    movable.push(*other);
                }
            }
        }
    }

    /// What a line adds to the threshold at the amounts that enter the first layer.
    fn entering(&self, index: usize, line: usize) -> i64 {
        let merged = &self.world.lines[line];
        if matches!(self.of(index).offer.effect, Effect::BuyGet { .. })
            && self.of(index).offer.threshold.is_none()
        {
            return merged.gross;
        }
        let spend = UnitCount::Spend(suanpan_domain::Money::ZERO);
        measure_of_line(self.world.program, self.of(index), spend, merged, merged.gross)
    }

    /// An amount taken off the lines, in the tax basis of the threshold: with added tax it weighs more.
    fn in_basis(&self, index: usize, lines: &BTreeSet<usize>, amount: i64) -> i64 {
        let basis = self.of(index).offer.threshold.and_then(|threshold| threshold.tax);
        if basis == Some(TaxBasis::Included) && self.world.program.price_mode == TaxBasis::Excluded {
            let rate =
                lines.iter().map(|line| self.world.lines[*line].sum_of_rates(false)).max().unwrap_or(0);
            return rounded(i128::from(amount) * i128::from(1_000_000 + rate), 1_000_000, Rounding::Up);
        }
        amount
    }

    /// The lines and amounts of a threshold on running spend, and the last layer that it depends on.
    fn running_steps(&self, index: usize) -> Option<(BTreeSet<usize>, Vec<i64>, usize)> {
        let candidate = self.of(index);
        let at = candidate.offer.threshold.map_or(AmountAt::Running, |threshold| threshold.at);
        let layer = match at {
            AmountAt::Running => candidate.offer.layer,
            AmountAt::AfterLayer(layer) => layer.min(candidate.offer.layer),
            AmountAt::List => return None,
        };
        let counted: BTreeSet<usize> =
            (0..self.world.lines.len()).filter(|line| candidate.counts(*line, self.world.lines)).collect();
        let high: i64 = counted.iter().map(|line| self.entering(index, *line)).sum();
        let mut steps = Vec::new();
        let spend = |reach: UnitCount| matches!(reach, UnitCount::Spend(_)).then(|| wanted(reach));
        steps.extend(candidate.offer.threshold.and_then(|threshold| spend(threshold.reach)));
        match &candidate.offer.effect {
            Effect::Steps(all) => steps.extend(all.iter().filter_map(|step| spend(step.reach))),
            Effect::Repeat { every, times, .. } => steps.extend(multiples(spend(*every), *times, high)),
            Effect::BuyGet { buy, times, .. } => {
                let sources: BTreeSet<usize> = (0..self.world.lines.len())
                    .filter(|line| candidate.may_take(&candidate.offer.buy, *line, self.world.lines))
                    .collect();
                let high: i64 = sources.iter().map(|line| self.world.lines[*line].gross).sum();
                let bought: Vec<i64> = multiples(spend(*buy), *times, high);
                if !bought.is_empty() && steps.is_empty() {
                    return Some((sources, bought, candidate.offer.layer));
                }
                steps.extend(bought);
            }
            _ => {}
        }
        (!steps.is_empty()).then_some((counted, steps, layer))
    }

    /// (d): what executes before an offer that is all or nothing or sets a price, on its lines.
    fn prices(&self, searched: &mut BTreeSet<usize>) {
        for index in self.active {
            let offer = &self.of(*index).offer;
            let sets_a_price = match &offer.effect {
                Effect::SetPrice { .. } | Effect::UnitPrice(_) => true,
                Effect::Bundle { price, .. } => matches!(price, BundlePrice::Price(_)),
                _ => false,
            };
            if !offer.terms.all_or_nothing && !sets_a_price {
                continue;
            }
            let lines = self.lowers(*index);
            for other in self.active.iter().filter(|other| *other < index) {
                if self.lowers(*other).iter().any(|line| lines.contains(line)) {
                    searched.extend([*index, *other]);
                }
            }
        }
    }

    /// (c): components of candidates that share a pool and units.
    fn pools(&self) -> Vec<Vec<usize>> {
        let mut components: Vec<BTreeSet<usize>> = Vec::new();
        // What gives nothing by itself contests no units.
        let alone: BTreeSet<usize> =
            self.active.iter().copied().filter(|index| self.gives_alone(*index)).collect();
        for (one, two) in self.pairs() {
            let both = alone.contains(&one) && alone.contains(&two);
            if !both || !share_units(self.world, self.of(one), self.of(two)) {
                continue;
            }
            let mut joined = BTreeSet::from([one, two]);
            components.retain(|component| {
                let meets = component.contains(&one) || component.contains(&two);
                if meets {
                    joined.extend(component);
                }
                !meets
            });
            components.push(joined);
        }
        components.into_iter().map(|component| component.into_iter().collect()).collect()
    }
}

fn multiples(every: Option<i64>, times: Option<u32>, high: i64) -> Vec<i64> {
    let Some(every) = every else { return Vec::new() };
    let most = (high / every).min(times.map_or(i64::MAX, i64::from));
    (1..=most.max(1)).map(|multiple| multiple * every).collect()
}

/// An amount, or a percent rounded for the offer, divided between lines.
fn allocated(candidate: &Candidate) -> bool {
    let offer = &candidate.offer;
    let selects =
        !offer.buy.is_everything() || offer.target.as_ref().is_some_and(|target| !target.is_everything());
    let percent_at_offer = match offer.terms.round_at {
        Some(round_at) => round_at == RoundAt::Offer,
        None => !selects && offer.kind != OfferKind::Tier,
    } && offer.terms.units.is_none();
    match &offer.effect {
        Effect::AmountOff { per, .. } => *per == AmountPer::Basket && offer.terms.units.is_none(),
        Effect::PercentOff(_) => percent_at_offer,
        Effect::Steps(steps) => {
            percent_at_offer || steps.iter().any(|step| matches!(step.save, Saving::Amount(_)))
        }
        Effect::Repeat { .. } => true,
        Effect::Shipping(ShippingEffect::AmountOff(_)) => true,
        _ => false,
    }
}
