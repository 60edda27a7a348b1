//! Places of units, cuts, and what is left.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use suanpan_domain::{Quantity, Rounding, UnitPrice};
use suanpan_program::model::{
    AllocationBasis, AmountPer, BundlePrice, CountsAs, Effect, OffAmount, Offer, PercentBasis, UnitReward,
};

use super::{Did, Formed, Naive, UnitId, pool_of, requested, weighed};
use crate::allocate::{Slot, allocate};

impl Naive<'_> {
    /// Among equal units of a line bought ones stand in front, rewarded ones behind, the larger rewards last.
    pub(super) fn place(&self, offer: &Offer, formed: Formed) -> Formed {
        let pool = pool_of(offer);
        let mut placed = Formed::new();
        let kinds: BTreeSet<(usize, i64)> =
            formed.iter().map(|(unit, _)| (unit.0, self.amount(*unit))).collect();
        for (line, amount) in kinds {
            let mut alike = self.free_units(&[line], pool);
            alike.retain(|&unit| self.amount(unit) == amount);
            let gets: Vec<Option<i64>> = formed
                .iter()
                .filter(|(unit, _)| unit.0 == line && self.amount(*unit) == amount)
                .map(|(_, get)| *get)
                .collect();
            let mut rewards: Vec<i64> = gets.iter().flatten().copied().collect();
            rewards.sort_unstable();
            let bought = gets.len() - rewards.len();
            placed.extend(alike[..bought].iter().map(|&unit| (unit, None)));
            let from = alike.len() - rewards.len();
            placed.extend(alike[from..].iter().zip(rewards).map(|(&unit, reward)| (unit, Some(reward))));
        }
        placed
    }

    pub(super) fn settle(
        &mut self,
        offer: &Offer,
        pool: Option<&str>,
        formed: Formed,
        times: i64,
        gifts: Vec<(i64, i64)>,
    ) -> Did {
        let n = self.lines.len();
        let terms = &offer.terms;
        let nothing = || Did { takes: vec![0; n], times: 0, gifts: Vec::new() };
        let mut cut = false;
        let cut_to_amount = |naive: &Self, unit: UnitId, get: Option<i64>, cut: &mut bool| {
            get.map(|get| {
                *cut |= get > naive.amount(unit);
                get.min(naive.amount(unit))
            })
        };
        // What a bundle or an amount for several units was cut to is seen by its own.
        cut |= self.was_cut(offer, &formed, times);
        let at_first = terms.basis != PercentBasis::Running && matches!(offer.effect, Effect::PercentOff(_));
        let formed: Formed =
            formed.into_iter().map(|(unit, get)| (unit, cut_to_amount(self, unit, get, &mut cut))).collect();
        let mut placed = if at_first { formed } else { self.place(offer, formed) };
        placed.sort_by_key(|(unit, _)| *unit);
        let mut takes = vec![0; n];
        for line in 0..n {
            let facts = self.lines[line];
            let legal = facts.legal_minimum.map_or(0, |minimum| {
                UnitPrice::from_minor(minimum.minor()).times(facts.quantity, Rounding::Up).minor()
            });
            let free = (self.running(line) - self.reserved[line] - legal).max(0);
            if let Some(floor) = terms.floor_unit_price {
                let of = if weighed(facts) { facts.quantity } else { Quantity::from_units(1) };
                let floor = UnitPrice::from_minor(floor.minor()).times(of, Rounding::Up).minor();
                for (unit, get) in placed.iter_mut().filter(|(unit, _)| unit.0 == line) {
                    *get = get.map(|get| get.min((self.amount(*unit) - floor).max(0)));
                }
            }
            if let Some(floor) = terms.floor_line {
                let above = (self.running(line) - floor.minor()).max(0);
                take_back(&mut placed, line, |sum| sum - above.min(sum));
            }
            take_back(&mut placed, line, |sum| {
                cut |= sum > free;
                sum - free.min(sum)
            });
        }
        if let Some(floor) = terms.floor_sku {
            let skus: BTreeSet<&str> = self.lines.iter().map(|line| line.sku.as_str()).collect();
            for sku in skus {
                let of: Vec<usize> = (0..n).filter(|&line| self.lines[line].sku.as_str() == sku).collect();
                let all: i64 = of.iter().map(|&line| self.running(line)).sum();
                let taken: i64 =
                    placed.iter().filter(|(unit, _)| of.contains(&unit.0)).filter_map(|(_, get)| *get).sum();
                let mut back = (floor.minor() - (all - taken)).clamp(0, taken);
                for &line in of.iter().rev() {
                    take_back(&mut placed, line, |sum| {
                        let part = back.min(sum);
                        back -= part;
                        part
                    });
                }
            }
        }
        let total: i64 = placed.iter().filter_map(|(_, get)| *get).sum();
        let tender = offer.counts_as == CountsAs::Tender;
        let cap = terms.cap.map_or(i64::MAX, |cap| cap.minor());
        let cap = cap.min(if tender { i64::MAX } else { self.guard });
        if terms.all_or_nothing && (cut || total > cap) {
            return nothing();
        }
        if total > cap {
            let mut order: Vec<usize> =
                (0..placed.len()).filter(|&place| placed[place].1 > Some(0)).collect();
            order.sort_by_key(|&place| {
                let unit = placed[place].0;
                (Reverse(self.amount(unit)), Reverse(requested(self.lines[unit.0])), unit)
            });
            let computed = |place: &usize| placed[*place].1.unwrap_or(0);
            let mut slots: Vec<Slot> =
                order.iter().map(|place| Slot::new(0, computed(place), computed(place))).collect();
            allocate(self.program.allocation.method, cap, &mut slots);
            for (place, slot) in order.iter().zip(&slots) {
                placed[*place].1 = Some(slot.share);
            }
        }
        let total: i64 = placed.iter().filter_map(|(_, get)| *get).sum();
        if total == 0 {
            let added: Vec<(i64, i64)> = gifts.iter().map(|(_, added)| (0, *added)).collect();
            if added.iter().all(|(_, added)| *added == 0) {
                return nothing();
            }
            return Did { times, gifts: added, ..nothing() };
        }
        for (unit, get) in placed {
            let (line, place) = unit;
            takes[line] += get.unwrap_or(0);
            // A unit that was to be a gift and was cut to nothing is none.
            let kept = matches!(offer.effect, Effect::Gift { .. }) && get == Some(0);
            if let Some(pool) = pool.filter(|_| !kept) {
                self.units[line][place].consumed.insert(pool.to_owned());
            }
            if tender {
                self.reserved[line] += get.unwrap_or(0);
            } else {
                self.units[line][place].amount -= get.unwrap_or(0);
            }
            self.changed[line] |= get.unwrap_or(0) > 0;
        }
        if !tender && self.guard != i64::MAX {
            self.guard -= total;
        }
        Did { takes, times, gifts }
    }

    /// Amounts for several units together that are more than these cost.
    pub(super) fn was_cut(&self, offer: &Offer, formed: &Formed, times: i64) -> bool {
        let cost: i64 = formed.iter().map(|(unit, _)| self.amount(*unit)).sum();
        match &offer.effect {
            Effect::AmountOff { amount: OffAmount::Fixed(amount), per: AmountPer::Basket } => {
                amount.minor() > cost
            }
            Effect::AmountOff { amount: OffAmount::Fixed(amount), per: AmountPer::Line } => {
                (0..self.lines.len()).any(|line| {
                    let own: Vec<i64> = formed
                        .iter()
                        .filter(|(unit, _)| unit.0 == line)
                        .map(|(unit, _)| self.amount(*unit))
                        .collect();
                    !own.is_empty() && amount.minor() > own.iter().sum()
                })
            }
            // A bundle that gives all that it costs, and less than it should.
            Effect::Bundle { price: BundlePrice::AmountOff(off), .. } => {
                formed.iter().filter_map(|(_, get)| *get).sum::<i64>() < off.minor() * times
            }
            Effect::BuyGet { off, .. }
                if self.program.allocation.basis == AllocationBasis::SourceAndTarget =>
            {
                // Only an amount can be more than a unit costs.
                matches!(off, UnitReward::AmountOff(_))
                    && formed.iter().filter_map(|(_, get)| *get).sum::<i64>()
                        < self.reward(*off, 0) * times * get_units(offer)
            }
            _ => false,
        }
    }
}

fn get_units(offer: &Offer) -> i64 {
    match &offer.effect {
        Effect::BuyGet { get_units, .. } => *get_units,
        _ => 0,
    }
}

/// Takes back from the last rewarded unit of a line.
fn take_back(placed: &mut Formed, line: usize, back: impl FnOnce(i64) -> i64) {
    let sum = placed.iter().filter(|(unit, _)| unit.0 == line).filter_map(|(_, get)| *get).sum();
    let mut back = back(sum);
    for (_, get) in placed.iter_mut().rev().filter(|(unit, _)| unit.0 == line) {
        if let Some(get) = get {
            let part = back.min(*get);
            *get -= part;
            back -= part;
        }
    }
}
