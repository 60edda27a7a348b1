//! Gifts, and what the chain adds to another offer (rules 24, 36).

use suanpan_domain::LineKind;
use suanpan_program::model::UnitCount;

use super::super::arithmetic::{largest_remainder, level, share};
use super::super::candidates::wanted;
use super::super::state::{Given, Unit};
use super::{Run, pool_of};

impl Run<'_, '_> {
    /// Articles for nothing (36).
    pub(super) fn gift(&mut self, index: usize, of: &[String], choose: u32, per_units: Option<i64>) -> Given {
        let candidate = &self.world.candidates[index];
        let bought = self.measure(index, UnitCount::Units(1));
        let times = match per_units {
            Some(each) => bought / each,
            None => 1,
        };
        let times = times.min(self.applications(index, None));
        let gifts = self.chosen_gifts(index, of, choose as usize, times as usize);
        let mut wanted_units: Vec<(Unit, i64)> = Vec::new();
        let mut gift_lines = Vec::new();
        for gift in gifts {
            match self.unit_to_give(index, &of[gift], &wanted_units, per_units.map(|each| each * times)) {
                Some(unit) => wanted_units.push((unit, self.state.unit(unit))),
                None => gift_lines.push(gift),
            }
        }
        let Some(takes) = self.state.by_unit(candidate, &wanted_units, false) else {
            return Given::default();
        };
        let mut given = self.state.book_units(candidate, &takes);
        if let Some(pool) = pool_of(candidate) {
            self.state.consumed.extend(
                wanted_units
                    .iter()
                    .filter(|((line, place), _)| {
                        given.of_units.get(*line).is_some_and(|units| units[*place] > 0)
                    })
                    .map(|(unit, _)| (pool.clone(), *unit)),
            );
        }
        given.gift_lines = gift_lines;
        given
    }

    /// Which gifts, as indexes into the list: all of them each time, or what the request chose.
    fn chosen_gifts(&self, index: usize, of: &[String], choose: usize, times: usize) -> Vec<usize> {
        if choose >= of.len() {
            return (0..of.len()).flat_map(|gift| std::iter::repeat_n(gift, times)).collect();
        }
        self.world
            .basket
            .gift_choices
            .iter()
            .filter(|choice| choice.offer == self.candidate(index).offer.id)
            .flat_map(|choice| &choice.skus)
            .filter_map(|sku| of.iter().position(|offered| offered == sku.as_str()))
            .take(choose * times)
            .collect()
    }

    /// The cheapest unit of the sku that costs something, is not used up and is not needed for the offer's own
    /// threshold.
    fn unit_to_give(
        &self,
        index: usize,
        sku: &str,
        given: &[(Unit, i64)],
        units_needed: Option<i64>,
    ) -> Option<Unit> {
        let candidate = self.candidate(index);
        let lines: Vec<usize> = candidate
            .gift_lines(&[sku.to_owned()], self.world.lines)
            .into_iter()
            .filter(|line| matches!(self.world.lines[*line].line.kind, LineKind::Goods | LineKind::Service))
            .filter(|line| !self.skips(index, *line))
            .collect();
        let mut units = self.units_of(index, &lines);
        units.retain(|unit| self.state.unit(*unit) > 0 && given.iter().all(|(taken, _)| taken != unit));
        // Cheapest first; within a line of equal units the last one (28).
        units.sort_by_key(|unit| {
            let price = self.world.lines[unit.0].price_micro;
            (self.state.unit(*unit), price, unit.0, std::cmp::Reverse(unit.1))
        });
        units.into_iter().find(|unit| {
            let without: Vec<Unit> = given.iter().map(|(taken, _)| *taken).chain([*unit]).collect();
            let needed = candidate.offer.threshold.map(|threshold| threshold.reach);
            needed.is_none_or(|reach| self.measure_without(index, reach, &without) >= wanted(reach))
                && units_needed.is_none_or(|needed| {
                    self.measure_without(index, UnitCount::Units(needed), &without) >= needed
                })
        })
    }

    /// A measure without some units.
    fn measure_without(&self, index: usize, reach: UnitCount, without: &[Unit]) -> i64 {
        let counted = self.measured_lines(index);
        let mut sum = self.measure(index, reach);
        for line in counted {
            let taken: Vec<&Unit> = without.iter().filter(|unit| unit.0 == line).collect();
            if taken.is_empty() {
                continue;
            }
            let of_line = self.measure_line(index, reach, line);
            let units = self.state.units[line].len() as i64;
            sum -= of_line;
            sum += match reach {
                UnitCount::Units(_) => units - taken.len() as i64,
                UnitCount::Weight(_) => 0,
                // What the line costs without these units, as the threshold sees it.
                UnitCount::Spend(_) => self.spend_without(index, line, &taken),
            };
        }
        sum
    }

    fn spend_without(&self, index: usize, line: usize, taken: &[&Unit]) -> i64 {
        use super::super::candidates::measure_of_line;
        use suanpan_program::model::AmountAt;
        let candidate = self.candidate(index);
        let at = candidate.offer.threshold.map_or(AmountAt::Running, |threshold| threshold.at);
        let units = self.state.units[line].len();
        // Of amounts at another time the units that are left out are the last of the amount divided level.
        let without_last =
            |amount: i64| level(amount, units).into_iter().take(units - taken.len()).sum::<i64>();
        let left = match at {
            AmountAt::Running => {
                self.state.running[line] - taken.iter().map(|unit| self.state.unit(**unit)).sum::<i64>()
            }
            AmountAt::List => without_last(self.world.lines[line].gross),
            AmountAt::AfterLayer(layer) => {
                without_last(self.state.after_layer.get(layer).unwrap_or(&self.state.running)[line])
            }
        };
        let reach = candidate.offer.threshold.map_or(UnitCount::Units(1), |threshold| threshold.reach);
        measure_of_line(self.world.program, candidate, reach, &self.world.lines[line], left)
    }

    /// Adds to what another offer gave, for each of its applications (24).
    pub(super) fn match_other(
        &mut self,
        index: usize,
        other: &str,
        ppm: i64,
        together_at_most: Option<i64>,
    ) -> Given {
        let candidate = &self.world.candidates[index];
        let mut sum = vec![0; self.world.lines.len()];
        for matched in &self.choice.kept {
            let gave = &self.given[*matched];
            if self.candidate(*matched).offer.id != other || gave.amount == 0 {
                continue;
            }
            let added = share(gave.amount, ppm, self.world.program.rounding);
            let added = together_at_most.map_or(added, |most| added.min((most - gave.amount).max(0)));
            for (line, want) in largest_remainder(added, &gave.of_lines).into_iter().enumerate() {
                if !self.skips(index, line) {
                    sum[line] += want;
                }
            }
        }
        // One offer, whatever it matches: it lowers a line once (27).
        self.state.take_by_line(candidate, sum)
    }
}
