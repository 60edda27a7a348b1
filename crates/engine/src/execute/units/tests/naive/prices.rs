//! Fixed prices without a limit on units: by the line, and by the unit where a line's units differ.

use std::collections::BTreeSet;

use suanpan_domain::{Quantity, Rounding, UnitPrice};
use suanpan_program::model::{AllocationMethod, CountsAs, Offer};

use super::{Did, Naive, weighed};
use crate::allocate::{Slot, allocate};

impl Naive<'_> {
    pub(super) fn prices(&mut self, offer: &Offer, target: &[usize], price: UnitPrice) -> Did {
        let n = self.lines.len();
        let terms = &offer.terms;
        let mut takes = vec![0; n];
        let mut by_unit: Vec<Option<Vec<i64>>> = vec![None; n];
        let mut cut = false;
        for &line in target {
            let facts = self.lines[line];
            let amounts: Vec<i64> = self.units[line].iter().map(|unit| unit.amount).collect();
            let spread = amounts.iter().max().unwrap() - amounts.iter().min().unwrap();
            let wanted = if weighed(facts) || spread <= 1 {
                (self.running(line) - price.times(facts.quantity, Rounding::HalfUp).minor()).max(0)
            } else {
                let each = price.times(Quantity::from_units(1), Rounding::HalfUp).minor();
                let wants: Vec<i64> = amounts.iter().map(|amount| (amount - each).max(0)).collect();
                let sum = wants.iter().sum();
                by_unit[line] = Some(wants);
                sum
            };
            let legal = facts.legal_minimum.map_or(0, |legal| {
                UnitPrice::from_minor(legal.minor()).times(facts.quantity, Rounding::Up).minor()
            });
            let free = (self.running(line) - self.reserved[line] - legal).max(0);
            let mut floor = terms.floor_line.map_or(i64::MIN, |floor| floor.minor());
            if let Some(unit) = terms.floor_unit_price {
                let unit = UnitPrice::from_minor(unit.minor()).times(facts.quantity, Rounding::Up);
                floor = floor.max(unit.minor());
            }
            let above = self.running(line).saturating_sub(floor).max(0);
            cut |= wanted.min(above) > free;
            takes[line] = wanted.min(free).min(above);
        }
        if let Some(floor) = terms.floor_sku {
            let skus: BTreeSet<&str> = self.lines.iter().map(|line| line.sku.as_str()).collect();
            for sku in skus {
                let of: Vec<usize> = (0..n).filter(|&line| self.lines[line].sku.as_str() == sku).collect();
                let all: i64 = of.iter().map(|&line| self.running(line)).sum();
                let taken: i64 = of.iter().map(|&line| takes[line]).sum();
                let mut back = (floor.minor() - (all - taken)).clamp(0, taken);
                for &line in of.iter().rev() {
                    let part = back.min(takes[line]);
                    takes[line] -= part;
                    back -= part;
                }
            }
        }
        let tender = offer.counts_as == CountsAs::Tender;
        let cap =
            terms.cap.map_or(i64::MAX, |cap| cap.minor()).min(if tender { i64::MAX } else { self.guard });
        let total: i64 = takes.iter().sum();
        if total == 0 || terms.all_or_nothing && (cut || total > cap) {
            return Did { takes: vec![0; n], ..Did::default() };
        }
        if total > cap {
            let mut slots: Vec<Slot> = takes.iter().map(|take| Slot::new(0, *take, *take)).collect();
            allocate(self.program.allocation.method, cap, &mut slots);
            takes = slots.iter().map(|slot| slot.share).collect();
        }
        let total: i64 = takes.iter().sum();
        for line in 0..n {
            let taken = takes[line];
            self.changed[line] |= taken > 0;
            if tender {
                self.reserved[line] += taken;
                continue;
            }
            if taken == 0 {
                continue;
            }
            let shares = by_unit[line].take().unwrap_or_else(|| {
                let weights: Vec<i64> = self.units[line].iter().map(|unit| unit.amount).collect();
                let mut slots: Vec<Slot> =
                    weights.iter().map(|weight| Slot::new(0, *weight, *weight)).collect();
                allocate(AllocationMethod::LargestRemainder, self.running(line) - taken, &mut slots);
                weights.iter().zip(&slots).map(|(weight, slot)| weight - slot.share).collect()
            });
            let mut over = shares.iter().sum::<i64>() - taken;
            for (unit, share) in self.units[line].iter_mut().zip(&shares).rev() {
                let back = over.min(*share);
                over -= back;
                unit.amount -= share - back;
            }
        }
        if !tender && self.guard != i64::MAX {
            self.guard -= total;
        }
        Did { takes, times: i64::from(total > 0), gifts: Vec::new() }
    }
}
