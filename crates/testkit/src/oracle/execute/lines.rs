//! Percents, amounts, prices, steps, repeats and shipping (rules 15, 16, 20 to 23, 34).

use std::collections::BTreeMap;

use suanpan_domain::{OfferKind, Rounding};
use suanpan_program::model::{
    AmountPer, OffAmount, PercentBasis, RoundAt, SaveStep, Saving, ShippingEffect, UnitCount,
};

use super::super::arithmetic::{largest_remainder, rounded, share};
use super::super::candidates::{Candidate, wanted};
use super::super::state::{Given, Unit};
use super::groups::Role;
use super::{Plan, Run};

impl Run<'_, '_> {
    fn basis_of_line(&self, candidate: &Candidate, line: usize) -> i64 {
        match candidate.offer.terms.basis {
            PercentBasis::Running => self.state.running[line],
            PercentBasis::Layer => self.state.entered[line],
            PercentBasis::List => self.world.lines[line].gross,
        }
    }

    fn basis_of_unit(&self, candidate: &Candidate, (line, place): Unit) -> i64 {
        match candidate.offer.terms.basis {
            PercentBasis::Running => self.state.units[line][place],
            PercentBasis::Layer => self.state.entered_units[line][place],
            PercentBasis::List => self.world.lines[line].first_units[place],
        }
    }

    /// Where a percent is rounded unless the offer says it (15).
    fn round_at(&self, candidate: &Candidate) -> RoundAt {
        let offer = &candidate.offer;
        let selects =
            !offer.buy.is_everything() || offer.target.as_ref().is_some_and(|target| !target.is_everything());
        if offer.terms.units.is_some() {
            RoundAt::Unit
        } else if let Some(round_at) = offer.terms.round_at {
            round_at
        } else if offer.kind == OfferKind::Tier || selects {
            RoundAt::Line
        } else {
            RoundAt::Offer
        }
    }

    /// Percent off (15, 34).
    pub(super) fn percent(&self, index: usize, ppm: i64) -> Plan {
        let candidate = self.candidate(index);
        let rounding = self.world.program.rounding;
        let lines = self.acting_lines(index, candidate.acting_selection());
        match self.round_at(candidate) {
            RoundAt::Line => {
                let mut wants = vec![0; self.world.lines.len()];
                for line in lines {
                    wants[line] = share(self.basis_of_line(candidate, line), ppm, rounding);
                }
                Plan::Lines(wants)
            }
            RoundAt::Offer => {
                let sum = lines.iter().map(|line| self.basis_of_line(candidate, *line)).sum();
                Plan::Amount(share(sum, ppm, rounding), lines)
            }
            RoundAt::Unit => {
                let units = self.chosen_units(index, &lines);
                let want = |unit: &Unit| (*unit, share(self.basis_of_unit(candidate, *unit), ppm, rounding));
                Plan::Units { wanted: units.iter().map(want).collect(), cut: false, used: units }
            }
        }
    }

    /// An amount: off each unit, each line, or all together (16, 20, 34).
    pub(super) fn amount_off(&self, index: usize, amount: OffAmount, per: AmountPer) -> Plan {
        let candidate = self.candidate(index);
        let amount = match amount {
            OffAmount::Fixed(amount) => amount.minor(),
            OffAmount::Presented => candidate.value.unwrap_or(0),
        };
        let lines = self.acting_lines(index, candidate.acting_selection());
        match per {
            AmountPer::Unit => {
                let units = self.chosen_units(index, &lines);
                let wanted = units.iter().map(|unit| (*unit, amount)).collect();
                Plan::Units { wanted, cut: false, used: units }
            }
            AmountPer::Line if candidate.offer.terms.units.is_some() => {
                // (34): line by line, on the chosen units of the line.
                let units = self.chosen_units(index, &lines);
                let (mut wanted, mut cut) = (Vec::new(), false);
                for line in lines {
                    let mut own: Vec<Unit> = units.iter().copied().filter(|unit| unit.0 == line).collect();
                    cut |= self.spread_amount(&mut own, amount, &mut wanted);
                }
                Plan::Units { wanted, cut, used: units }
            }
            AmountPer::Line => {
                let mut wants = vec![0; self.world.lines.len()];
                for line in lines {
                    wants[line] = amount;
                }
                Plan::Lines(wants)
            }
            AmountPer::Basket if candidate.offer.terms.units.is_some() => {
                // (34): on the chosen units, spread as in (31).
                let mut units = self.chosen_units(index, &lines);
                let mut wanted = Vec::new();
                let cut = self.spread_amount(&mut units, amount, &mut wanted);
                Plan::Units { wanted, cut, used: units }
            }
            AmountPer::Basket => Plan::Amount(amount, lines),
        }
    }

    /// An amount cut to units and spread over them as in (31), larger shares on the later ones of equal units (28).
    /// Says whether it was cut.
    fn spread_amount(&self, units: &mut [Unit], amount: i64, wanted: &mut Vec<(Unit, i64)>) -> bool {
        let sum: i64 = units.iter().map(|unit| self.state.unit(*unit)).sum();
        let shares = self.spread(units, amount.min(sum));
        wanted.extend(self.placed(&shares).into_iter().filter_map(|(unit, role)| match role {
            Role::Rewarded(share) => Some((unit, share)),
            Role::Free | Role::Bought => None,
        }));
        !units.is_empty() && sum < amount
    }

    /// Unit prices and price lists (21, 34).
    pub(super) fn prices(&self, index: usize, price_of: impl Fn(&str) -> Option<i64>) -> Plan {
        let candidate = self.candidate(index);
        let selected = self.acting_lines(index, candidate.acting_selection());
        let price = |line: usize| price_of(self.world.lines[line].line.sku.as_str());
        let lines: Vec<usize> = selected.into_iter().filter(|line| price(*line).is_some()).collect();
        let unit_want = |unit: Unit| {
            let merged = &self.world.lines[unit.0];
            let price = i128::from(price(unit.0).expect("filtered"));
            let quantity = if merged.weighed { i128::from(merged.quantity_milli) } else { 1_000 };
            let target = rounded(price * quantity, 1_000_000_000, Rounding::HalfUp);
            (self.state.unit(unit) - target).max(0)
        };
        if candidate.offer.terms.units.is_some() {
            let units = self.chosen_units(index, &lines);
            let wanted = units.iter().map(|unit| (*unit, unit_want(*unit))).collect();
            return Plan::Units { wanted, cut: false, used: units };
        }
        let mut wants = vec![0; self.world.lines.len()];
        let mut of_units = BTreeMap::new();
        for line in lines {
            let units = &self.state.units[line];
            let alike = units.iter().max().unwrap_or(&0) - units.iter().min().unwrap_or(&0) <= 1;
            if alike {
                let quantity = i128::from(self.world.lines[line].quantity_milli);
                let exact = i128::from(price(line).expect("filtered")) * quantity;
                let target = rounded(exact, 1_000_000_000, Rounding::HalfUp);
                wants[line] = (self.state.running[line] - target).max(0);
            } else {
                let takes: Vec<i64> = (0..units.len()).map(|place| unit_want((line, place))).collect();
                wants[line] = takes.iter().sum();
                of_units.insert(line, takes);
            }
        }
        Plan::Prices(wants, of_units)
    }

    /// Takes prices line by line; a line whose units differ takes from these units, cuts from the last (21).
    pub(super) fn take_prices(
        &mut self,
        candidate: &Candidate,
        wanted: &[i64],
        of_units: &BTreeMap<usize, Vec<i64>>,
    ) -> Given {
        let Some(takes) = self.state.by_line(candidate, wanted) else { return Given::default() };
        let mut unit_takes: Vec<(Unit, i64)> = Vec::new();
        for (line, take) in takes.into_iter().enumerate() {
            let mut shares = match of_units.get(&line) {
                Some(shares) => shares.clone(),
                None => {
                    let after = largest_remainder(self.state.running[line] - take, &self.state.units[line]);
                    self.state.units[line].iter().zip(after).map(|(before, after)| before - after).collect()
                }
            };
            let mut over = if take == 0 { i64::MAX } else { shares.iter().sum::<i64>() - take };
            for share in shares.iter_mut().rev() {
                let back = over.clamp(0, *share);
                *share -= back;
                over -= back;
            }
            unit_takes.extend(shares.into_iter().enumerate().map(|(place, share)| ((line, place), share)));
        }
        self.state.book_units(candidate, &unit_takes)
    }

    /// The highest step that is reached (23).
    pub(super) fn steps(&self, index: usize, steps: &[SaveStep]) -> Plan {
        let reached = steps
            .iter()
            .filter(|step| self.measure(index, step.reach) >= wanted(step.reach))
            .max_by_key(|step| wanted(step.reach));
        match reached.map(|step| step.save) {
            None => Plan::Nothing,
            Some(Saving::Percent(rate)) => self.percent(index, rate.ppm()),
            Some(Saving::Amount(amount)) => {
                let lines = self.acting_lines(index, self.candidate(index).acting_selection());
                Plan::Amount(amount.minor(), lines)
            }
        }
    }

    /// Every so much, an amount off (23).
    pub(super) fn repeat(&self, index: usize, every: UnitCount, off: i64, times: Option<u32>) -> Plan {
        let multiples = (self.measure(index, every) / wanted(every)).min(self.applications(index, times));
        let lines = self.acting_lines(index, self.candidate(index).acting_selection());
        if multiples == 0 { Plan::Nothing } else { Plan::Amount(multiples * off, lines) }
    }

    /// Shipping (22).
    pub(super) fn shipping(&self, index: usize, effect: ShippingEffect) -> Plan {
        let candidate = self.candidate(index);
        let target = candidate.offer.target.clone().unwrap_or_default();
        let lines: Vec<usize> = candidate
            .shipping_lines(self.world.lines)
            .into_iter()
            .filter(|line| self.open(index, *line, &target))
            .collect();
        let mut wants = vec![0; self.world.lines.len()];
        for line in &lines {
            wants[*line] = match effect {
                ShippingEffect::Free => self.state.free(*line),
                ShippingEffect::PercentOff(rate) => {
                    share(self.basis_of_line(candidate, *line), rate.ppm(), self.world.program.rounding)
                }
                ShippingEffect::Price(price) => (self.state.running[*line] - price.minor()).max(0),
                ShippingEffect::AmountOff(_) => 0,
            };
        }
        match effect {
            ShippingEffect::AmountOff(amount) => Plan::Amount(amount.minor(), lines),
            _ => Plan::Lines(wants),
        }
    }
}
