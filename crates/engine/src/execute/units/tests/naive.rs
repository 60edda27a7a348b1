//! The same effects on units that are taken apart: slow, and close to the words of docs/pricing.md.

mod alone;
mod prices;
mod settle;
mod together;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use suanpan_domain::{Basket, Line, LinePrice, Rate, Rounding, divide_i128};
use suanpan_program::model::{
    AllocationMethod, Effect, GroupForm, Offer, Program, RewardOver, Selection, Selector, UnitReward,
};

use crate::allocate::{Slot, allocate};

/// A unit: its line, and its place in the line.
pub(super) type UnitId = (usize, usize);

pub(super) struct Unit {
    pub(super) amount: i64,
    pub(super) consumed: BTreeSet<String>,
}

/// What an offer did: what it took from each line, applications, gifts of each choice from the basket and added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Did {
    pub(super) takes: Vec<i64>,
    pub(super) times: i64,
    pub(super) gifts: Vec<(i64, i64)>,
}

pub(super) struct Naive<'a> {
    program: &'a Program,
    basket: &'a Basket,
    /// In tie order; nothing is merged.
    pub(super) lines: Vec<&'a Line>,
    pub(super) units: Vec<Vec<Unit>>,
    pub(super) reserved: Vec<i64>,
    changed: Vec<bool>,
    /// The layer at hand, and what units cost when it began.
    layer: usize,
    entered: Vec<Vec<i64>>,
    guard: i64,
}

/// The formed units of an effect, with what each is to get; none for bought ones.
type Formed = Vec<(UnitId, Option<i64>)>;

pub(super) fn weighed(line: &Line) -> bool {
    line.weighed || !line.quantity.is_whole()
}

fn gross(line: &Line) -> i64 {
    match line.price {
        LinePrice::Unit(price) => price.times(line.quantity, Rounding::HalfUp).minor(),
        LinePrice::Total(total) => total.minor(),
    }
}

/// Requested price in millionths.
pub(super) fn requested(line: &Line) -> i64 {
    match line.price {
        LinePrice::Unit(price) => price.micro(),
        LinePrice::Total(total) => total.minor() * 1_000_000 * 1_000 / line.quantity.milli(),
    }
}

/// The pool in which an offer consumes units.
fn pool_of(offer: &Offer) -> Option<&str> {
    let named = offer.stacking.pool.as_deref();
    match offer.effect {
        Effect::PercentOff(_) | Effect::AmountOff { .. } | Effect::UnitPrice(_) => {
            named.filter(|_| offer.terms.units.is_some())
        }
        _ => Some(named.unwrap_or("default")),
    }
}

fn level(amount: i64, units: usize) -> Vec<i64> {
    let n = units as i64;
    (0..n).map(|unit| amount / n + i64::from(unit < amount % n)).collect()
}

fn selects(selection: &Selection, line: &Line) -> bool {
    match &selection.selector {
        Selector::Sku(skus) => skus.iter().any(|sku| sku == line.sku.as_str()),
        _ => true,
    }
}

impl<'a> Naive<'a> {
    pub(super) fn new(program: &'a Program, basket: &'a Basket) -> Self {
        let mut lines: Vec<&Line> = basket.lines.iter().collect();
        lines.sort_by_key(|line| (line.sku.as_str(), requested(line)));
        let units = lines.iter().map(|line| {
            let count = if weighed(line) { 1 } else { line.quantity.units() as usize };
            let amounts = level(gross(line), count);
            amounts.into_iter().map(|amount| Unit { amount, consumed: BTreeSet::new() }).collect()
        });
        let all: i64 = lines.iter().map(|line| gross(line)).sum();
        let guard = program.maximum_discount.map_or(i64::MAX, |share| all * share.ppm() / 1_000_000);
        let units: Vec<Vec<Unit>> = units.collect();
        let n = lines.len();
        let entered = Vec::new();
        Self {
            program,
            basket,
            lines,
            units,
            reserved: vec![0; n],
            changed: vec![false; n],
            layer: usize::MAX,
            entered,
            guard,
        }
    }

    fn running(&self, line: usize) -> i64 {
        self.units[line].iter().map(|unit| unit.amount).sum()
    }

    fn amount(&self, (line, place): UnitId) -> i64 {
        self.units[line][place].amount
    }

    fn live(&self, selection: &Selection, acts: bool) -> Vec<usize> {
        let all = 0..self.lines.len();
        all.filter(|&line| {
            selects(selection, self.lines[line])
                && !(selection.undiscounted_only && self.changed[line])
                && !(acts && self.spares(line))
        })
        .collect()
    }

    /// Price-overridden lines take nothing in the layers `price` and `item`.
    fn spares(&self, line: usize) -> bool {
        self.layer <= 1 && self.lines[line].price_overridden
    }

    fn free_units(&self, lines: &[usize], pool: Option<&str>) -> Vec<UnitId> {
        let units =
            lines.iter().flat_map(|&line| (0..self.units[line].len()).map(move |place| (line, place)));
        units
            .filter(|&(line, place)| pool.is_none_or(|pool| !self.units[line][place].consumed.contains(pool)))
            .collect()
    }

    fn dearest(&self, mut units: Vec<UnitId>) -> Vec<UnitId> {
        units.sort_by_key(|&(line, place)| {
            (Reverse(self.amount((line, place))), Reverse(requested(self.lines[line])), line, place)
        });
        units
    }

    fn cheapest(&self, mut units: Vec<UnitId>) -> Vec<UnitId> {
        units.sort_by_key(|&(line, place)| {
            (self.amount((line, place)), requested(self.lines[line]), line, place)
        });
        units
    }

    fn percent(&self, amount: i64, rate: Rate) -> i64 {
        divide_i128(i128::from(amount * rate.ppm()), 1_000_000, self.program.rounding) as i64
    }

    fn reward(&self, off: UnitReward, amount: i64) -> i64 {
        match off {
            UnitReward::PercentOff(rate) => self.percent(amount, rate),
            UnitReward::AmountOff(off) => off.minor(),
            UnitReward::UnitPrice(price) => (amount - price.minor()).max(0),
        }
    }

    /// Executes an offer.
    pub(super) fn execute(&mut self, offer: &Offer) -> Did {
        if self.layer != offer.layer {
            self.layer = offer.layer;
            let amounts = |units: &Vec<Unit>| units.iter().map(|unit| unit.amount).collect();
            self.entered = self.units.iter().map(amounts).collect();
        }
        let nothing = || Did { takes: vec![0; self.lines.len()], times: 0, gifts: Vec::new() };
        if offer.threshold.is_some() && !self.threshold_met(offer, &[]) {
            return nothing();
        }
        let pool = pool_of(offer);
        let target = self.live(offer.target.as_deref().unwrap_or(&offer.buy), true);
        let (formed, times, gifts) = match &offer.effect {
            Effect::NthUnit { group_size, form, reward, off, times } => {
                let units = self.in_form(self.free_units(&target, pool), *form);
                let size = *group_size as usize;
                let groups: Vec<&[UnitId]> =
                    units.chunks_exact(size).take(times.map_or(usize::MAX, |times| times as usize)).collect();
                let all: Vec<UnitId> = groups.concat();
                let nth = reward.nth as usize;
                let rewarded: Vec<UnitId> = if reward.all_units {
                    all.clone()
                } else if reward.over == RewardOver::Each {
                    groups.iter().map(|group| group[nth - 1]).collect()
                } else {
                    all[(nth - 1) * groups.len()..nth * groups.len()].to_vec()
                };
                let get =
                    |unit: UnitId| rewarded.contains(&unit).then(|| self.reward(*off, self.amount(unit)));
                (all.iter().map(|&unit| (unit, get(unit))).collect(), groups.len() as i64, vec![])
            }
            Effect::SetPrice { units: size, price, form, times } => {
                let units = self.in_form(self.free_units(&target, pool), *form);
                let mut formed = Formed::new();
                let mut sets = 0;
                for set in units.chunks_exact(*size as usize) {
                    if times.is_some_and(|times| sets == i64::from(times)) {
                        break;
                    }
                    let sum: i64 = set.iter().map(|&unit| self.amount(unit)).sum();
                    if sum > price.minor() {
                        formed.extend(self.spread(set.to_vec(), sum - price.minor()));
                        sets += 1;
                    } else if *form == GroupForm::DearestFirst {
                        break;
                    }
                }
                (formed, sets, vec![])
            }
            Effect::Bundle { .. } => {
                let (formed, times) = self.bundle(offer, pool);
                (formed, times, vec![])
            }
            Effect::BuyGet { .. } => {
                let (formed, times) = self.buy_get(offer, pool);
                (formed, times, vec![])
            }
            Effect::Gift { .. } => self.gift(offer, pool),
            Effect::UnitPrice(price) if offer.terms.units.is_none() => {
                return self.prices(offer, &target, *price);
            }
            _ => {
                let units = self.chosen(offer, &target, pool);
                let times = i64::from(!units.is_empty());
                (self.limited(offer, units), times, vec![])
            }
        };
        self.settle(offer, pool, formed, times, gifts)
    }

    fn in_form(&self, units: Vec<UnitId>, form: GroupForm) -> Vec<UnitId> {
        match form {
            GroupForm::DearestFirst => self.dearest(units),
            GroupForm::CheapestFirst => self.cheapest(units),
        }
    }

    fn spread(&self, units: Vec<UnitId>, amount: i64) -> Formed {
        let units = self.dearest(units);
        let mut slots: Vec<Slot> =
            units.iter().map(|&unit| Slot::new(0, self.amount(unit), self.amount(unit))).collect();
        allocate(AllocationMethod::LargestRemainder, amount, &mut slots);
        units.iter().zip(&slots).map(|(&unit, slot)| (unit, Some(slot.share))).collect()
    }
}
