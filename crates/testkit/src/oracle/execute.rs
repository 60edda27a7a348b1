//! One choice executed: layer by layer, offer by offer, as sections 3 to 5 of `docs/pricing.md` say.

mod bundles;
mod get;
mod gifts;
mod groups;
mod lines;

use std::collections::{BTreeMap, BTreeSet};

use suanpan_domain::{Basket, Member};
use suanpan_program::model::{
    AmountAt, Effect, ExclusiveScope, GroupScope, Program, Selection, Selector, UnitCount,
};

use super::candidates::{Candidate, measure_of_line, wanted};
use super::lines::Merged;
use super::state::{Given, State, Unit};

/// What does not change from choice to choice.
pub(super) struct World<'a> {
    pub(super) program: &'a Program,
    pub(super) basket: &'a Basket,
    pub(super) member: Option<&'a Member>,
    pub(super) lines: &'a [Merged<'a>],
    pub(super) candidates: &'a [Candidate],
}

/// Which candidates are kept, in the order of execution, and how often unit effects may be applied (38).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Choice {
    pub(super) kept: Vec<usize>,
    pub(super) applications: BTreeMap<usize, i64>,
}

impl Choice {
    pub(super) fn keeps(&self, candidate: usize) -> bool {
        self.kept.contains(&candidate)
    }
}

/// What a choice comes to.
#[derive(Clone, Debug)]
pub(super) struct Outcome<'a> {
    pub(super) state: State<'a>,
    /// By candidate; nothing for those that are not kept.
    pub(super) given: Vec<Given>,
}

impl Outcome<'_> {
    pub(super) fn gives(&self, candidate: usize) -> bool {
        self.given[candidate].gives()
    }
}

/// How an offer takes what it takes.
pub(super) enum Plan {
    Nothing,
    /// So much of each line.
    Lines(Vec<i64>),
    /// So much of each line; lines in the map take it from these units (21).
    Prices(Vec<i64>, BTreeMap<usize, Vec<i64>>),
    /// So much of each unit; whether that is less than promised; units that are used up.
    Units {
        wanted: Vec<(Unit, i64)>,
        cut: bool,
        used: Vec<Unit>,
    },
    /// An amount over lines.
    Amount(i64, Vec<usize>),
    /// Points, a coupon to come, an entitlement.
    Beside,
}

/// An execution under way.
pub(super) struct Run<'w, 'a> {
    pub(super) world: &'w World<'a>,
    pub(super) choice: &'w Choice,
    pub(super) state: State<'a>,
    pub(super) given: Vec<Given>,
    /// Lines that line groups close to a candidate (39).
    skipped: BTreeSet<(usize, usize)>,
    /// Lines that each kept line-exclusive candidate closes to the others (38).
    exclusive: Vec<(usize, Vec<usize>)>,
}

pub(super) fn execute<'a>(world: &World<'a>, choice: &Choice) -> Outcome<'a> {
    let exclusive = choice
        .kept
        .iter()
        .filter(|index| world.candidates[**index].offer.stacking.exclusive == Some(ExclusiveScope::Line))
        .map(|index| (*index, world.candidates[*index].selects(world.lines)))
        .collect();
    let mut run = Run {
        world,
        choice,
        state: State::new(world.program, world.lines),
        given: vec![Given::default(); world.candidates.len()],
        skipped: BTreeSet::new(),
        exclusive,
    };
    for layer in 0..world.program.layers.len() {
        run.state.entered = run.state.running.clone();
        run.state.entered_units = run.state.units.clone();
        run.settle_line_groups(layer);
        for index in &choice.kept {
            if world.candidates[*index].offer.layer == layer {
                let mut given = run.apply(*index);
                given.running_after = run.state.running.clone();
                run.given[*index] = given;
            }
        }
        run.state.after_layer.push(run.state.running.clone());
    }
    Outcome { state: run.state, given: run.given }
}

impl<'a> Run<'_, 'a> {
    pub(super) fn candidate(&self, index: usize) -> &Candidate {
        &self.world.candidates[index]
    }

    fn apply(&mut self, index: usize) -> Given {
        let world = self.world;
        let candidate = &world.candidates[index];
        if !self.threshold_met(index) {
            return Given::default();
        }
        match &candidate.offer.effect {
            Effect::Gift { of, choose, per_units } => self.gift(index, of, *choose, *per_units),
            Effect::Match { offer, percent, together_at_most } => {
                self.match_other(index, offer, percent.ppm(), together_at_most.map(|most| most.minor()))
            }
            _ => match self.plan(index) {
                Plan::Nothing => Given::default(),
                Plan::Lines(wanted) => self.state.take_by_line(candidate, wanted),
                Plan::Prices(wanted, of_units) => self.take_prices(candidate, &wanted, &of_units),
                Plan::Amount(amount, over) => self.state.take_amount(candidate, amount, &over),
                Plan::Units { wanted, cut, used } => {
                    let given = self.state.take_by_unit(candidate, &wanted, cut);
                    // One that gives nothing consumes nothing (30).
                    if given.amount > 0
                        && let Some(pool) = pool_of(candidate)
                    {
                        self.state.consumed.extend(used.into_iter().map(|unit| (pool.clone(), unit)));
                    }
                    given
                }
                Plan::Beside => {
                    let acting = self.acting_lines(index, candidate.acting_selection());
                    Given { beside: true, acting, ..Given::default() }
                }
            },
        }
    }

    fn plan(&self, index: usize) -> Plan {
        match &self.candidate(index).offer.effect {
            Effect::PercentOff(rate) => self.percent(index, rate.ppm()),
            Effect::AmountOff { amount, per } => self.amount_off(index, *amount, *per),
            Effect::UnitPrice(price) => self.prices(index, |_| Some(price.micro())),
            Effect::PriceList(prices) => self.prices(index, |sku| {
                prices.iter().find(|(listed, _)| listed == sku).map(|(_, price)| price.micro())
            }),
            Effect::SetPrice { units, price, form, times } => {
                self.sets(index, *units, price.minor(), *form, *times)
            }
            Effect::NthUnit { group_size, form, reward, off, times } => {
                self.nth_unit(index, *group_size, *form, *reward, *off, *times)
            }
            Effect::Bundle { parts, price, times } => self.bundles(index, parts, *price, *times),
            Effect::BuyGet { buy, get, get_units, off, pick, times } => {
                let get = get.as_deref().unwrap_or(&self.candidate(index).offer.buy);
                self.buy_get(index, *buy, get, *get_units, *off, *pick, *times)
            }
            Effect::Steps(steps) => self.steps(index, steps),
            Effect::Repeat { every, off, times } => self.repeat(index, *every, off.minor(), *times),
            Effect::Shipping(shipping) => self.shipping(index, *shipping),
            Effect::PointsFixed(_) | Effect::PointsTimes(_) => self.points(index),
            Effect::IssueCoupon { .. } | Effect::Entitlement(_) => Plan::Beside,
            Effect::Gift { .. } | Effect::Match { .. } => Plan::Nothing,
        }
    }

    fn points(&self, index: usize) -> Plan {
        let candidate = self.candidate(index);
        let lines = self.acting_lines(index, candidate.acting_selection());
        let earns = matches!(candidate.offer.effect, Effect::PointsFixed(_))
            || self.world.program.points.earn.is_some();
        if earns && !lines.is_empty() && self.world.member.is_some() { Plan::Beside } else { Plan::Nothing }
    }

    /// Whether a line is closed to a candidate by a line-exclusive one; effects that earn see all lines (38).
    fn closed(&self, index: usize, line: usize) -> bool {
        !self.candidate(index).earns()
            && self.exclusive.iter().any(|(by, lines)| *by != index && lines.contains(&line))
    }

    /// Lines that a selection of an offer reaches now (6 to 9).
    pub(super) fn acting_lines(&self, index: usize, selection: &Selection) -> Vec<usize> {
        let candidate = self.candidate(index);
        (0..self.world.lines.len())
            .filter(|line| candidate.may_take(selection, *line, self.world.lines))
            .filter(|line| self.open(index, *line, selection))
            .collect()
    }

    pub(super) fn open(&self, index: usize, line: usize, selection: &Selection) -> bool {
        let passed_over = selection.undiscounted_only && self.state.touched(line);
        !(self.skips(index, line) || passed_over)
    }

    /// Whether a candidate takes nothing of a line because of other candidates (38, 39).
    pub(super) fn skips(&self, index: usize, line: usize) -> bool {
        self.closed(index, line) || self.skipped.contains(&(index, line))
    }

    /// What an offer's threshold sees (11).
    pub(super) fn measure(&self, index: usize, reach: UnitCount) -> i64 {
        self.measured_lines(index).into_iter().map(|line| self.measure_line(index, reach, line)).sum()
    }

    pub(super) fn measured_lines(&self, index: usize) -> Vec<usize> {
        let candidate = self.candidate(index);
        (0..self.world.lines.len())
            .filter(|line| candidate.counts(*line, self.world.lines) && !self.closed(index, *line))
            .filter(|line| !(candidate.offer.buy.undiscounted_only && self.state.touched(*line)))
            .collect()
    }

    pub(super) fn measure_line(&self, index: usize, reach: UnitCount, line: usize) -> i64 {
        let candidate = self.candidate(index);
        let at = candidate.offer.threshold.map_or(AmountAt::Running, |threshold| threshold.at);
        let amount = match at {
            AmountAt::Running => self.state.running[line],
            AmountAt::List => self.world.lines[line].gross,
            AmountAt::AfterLayer(layer) => {
                self.state.after_layer.get(layer).unwrap_or(&self.state.running)[line]
            }
        };
        measure_of_line(self.world.program, candidate, reach, &self.world.lines[line], amount)
    }

    /// What `buy` names has to be there (37), and enough of it (11).
    fn threshold_met(&self, index: usize) -> bool {
        let offer = &self.candidate(index).offer;
        let bought = offer.buy.selector == Selector::Everything
            || (0..self.world.lines.len()).any(|line| {
                self.candidate(index).is_bought(line, self.world.lines)
                    && !self.closed(index, line)
                    && !(offer.buy.undiscounted_only && self.state.touched(line))
            });
        bought
            && match offer.threshold {
                None => true,
                Some(threshold) => self.measure(index, threshold.reach) >= wanted(threshold.reach),
            }
    }

    /// How often a unit effect may be applied at most: its own `times`, `per_basket` of an automatic offer (37), and
    /// what the choice says (38).
    pub(super) fn applications(&self, index: usize, times: Option<u32>) -> i64 {
        let candidate = self.candidate(index);
        let per_basket =
            if candidate.is_coupon() { None } else { candidate.offer.limits.per_basket.map(i64::from) };
        let chosen = self.choice.applications.get(&index).copied();
        [times.map(i64::from), per_basket, chosen].into_iter().flatten().min().unwrap_or(i64::MAX)
    }

    /// Line groups are settled line by line when the layer of their earliest kept member begins (39).
    fn settle_line_groups(&mut self, layer: usize) {
        for (group, policy) in self.world.program.groups.iter().enumerate() {
            if policy.scope != GroupScope::Line {
                continue;
            }
            let members: Vec<usize> = self
                .choice
                .kept
                .iter()
                .copied()
                .filter(|index| self.candidate(*index).offer.stacking.groups.contains(&group))
                .collect();
            let earliest = members.iter().map(|index| self.candidate(*index).offer.layer).min();
            if earliest != Some(layer) {
                continue;
            }
            for line in 0..self.world.lines.len() {
                let mut ranked: Vec<(i64, usize)> =
                    members.iter().map(|index| (self.take_off_alone(*index, line), *index)).collect();
                ranked.sort_by_key(|(take_off, index)| {
                    let candidate = self.candidate(*index);
                    (
                        std::cmp::Reverse(*take_off),
                        std::cmp::Reverse(candidate.offer.priority),
                        candidate.offer.id.clone(),
                        candidate.presentation,
                    )
                });
                for (_, index) in ranked.into_iter().skip(policy.at_most as usize) {
                    self.skipped.insert((index, line));
                }
            }
        }
    }

    /// What a member of a line group would take off one line if it executed now, on that line alone (39).
    fn take_off_alone(&self, index: usize, line: usize) -> i64 {
        if !self.threshold_met(index) {
            return 0;
        }
        let candidate = self.candidate(index);
        let alone = |mut wanted: Vec<i64>| {
            wanted.iter_mut().enumerate().filter(|(other, _)| *other != line).for_each(|(_, want)| *want = 0);
            self.state.by_line(candidate, &wanted).map_or(0, |takes| takes.iter().sum())
        };
        match self.plan(index) {
            Plan::Lines(wanted) | Plan::Prices(wanted, _) => alone(wanted),
            Plan::Units { wanted, .. } => {
                let wanted: Vec<(Unit, i64)> =
                    wanted.into_iter().filter(|(unit, _)| unit.0 == line).collect();
                self.state
                    .by_unit(candidate, &wanted, false)
                    .map_or(0, |takes| takes.iter().map(|(_, take)| take).sum())
            }
            Plan::Nothing | Plan::Amount(..) | Plan::Beside => 0,
        }
    }
}

/// The pool in which an offer's units are used up (29).
pub(super) fn pool_of(candidate: &Candidate) -> Option<String> {
    let named = candidate.offer.stacking.pool.clone();
    match candidate.offer.effect {
        Effect::SetPrice { .. }
        | Effect::Bundle { .. }
        | Effect::NthUnit { .. }
        | Effect::BuyGet { .. }
        | Effect::Gift { .. } => Some(named.unwrap_or_else(|| "default".to_owned())),
        _ if candidate.offer.terms.units.is_some() => named,
        _ => None,
    }
}
