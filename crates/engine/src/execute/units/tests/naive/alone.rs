//! Gifts, and what some units get each.

use suanpan_domain::{Quantity, Rounding};
use suanpan_program::model::{
    AmountPer, Effect, OffAmount, Offer, PercentBasis, Pick, Selector, UnitCount, UnitLimitPer,
};

use super::{Formed, Naive, UnitId, gross, level, weighed};

impl Naive<'_> {
    pub(super) fn threshold_met(&self, offer: &Offer, without: &[UnitId]) -> bool {
        let Some(threshold) = &offer.threshold else { return true };
        let lines = self.live(&offer.buy, false);
        let left = || {
            let units =
                lines.iter().flat_map(|&line| (0..self.units[line].len()).map(move |place| (line, place)));
            units.filter(|unit| !without.contains(unit))
        };
        match threshold.reach {
            UnitCount::Units(units) => left().count() as i64 >= units,
            UnitCount::Spend(spend) => left().map(|unit| self.amount(unit)).sum::<i64>() >= spend.minor(),
            UnitCount::Weight(weight) => {
                let weighed = left().filter(|unit| weighed(self.lines[unit.0]));
                weighed.map(|unit| self.lines[unit.0].quantity.milli()).sum::<i64>() >= weight.milli()
            }
        }
    }

    pub(super) fn gift(&self, offer: &Offer, pool: Option<&str>) -> (Formed, i64, Vec<(i64, i64)>) {
        let Effect::Gift { of, choose, per_units } = &offer.effect else { unreachable!() };
        let buys = self.live(&offer.buy, false);
        let selected: i64 = buys.iter().map(|&line| self.units[line].len() as i64).sum();
        let times = per_units.map_or(1, |every| selected / every);
        if times == 0 || buys.is_empty() && offer.buy.selector != Selector::Everything {
            return (Formed::new(), 0, Vec::new());
        }
        let mut chosen: Vec<usize> = Vec::new();
        if of.len() <= *choose as usize {
            for choice in 0..of.len() {
                chosen.extend((0..times).map(|_| choice));
            }
        } else {
            let skus = self.basket.gift_choices.iter().filter(|choice| choice.offer == offer.id);
            let offered = skus
                .flat_map(|choice| &choice.skus)
                .filter_map(|sku| of.iter().position(|offered| offered == sku.as_str()));
            chosen.extend(offered.take((i64::from(*choose) * times) as usize));
        }
        if chosen.is_empty() {
            return (Formed::new(), 0, Vec::new());
        }
        let mut gifts = vec![(0, 0); of.len()];
        let mut given: Vec<UnitId> = Vec::new();
        for choice in chosen {
            let lines: Vec<usize> = (0..self.lines.len())
                .filter(|&line| self.lines[line].sku.as_str() == of[choice] && !self.spares(line))
                .collect();
            let found = self.cheapest(self.free_units(&lines, pool)).into_iter().find(|unit| {
                let mut without = given.clone();
                without.push(*unit);
                let rest = selected - without.iter().filter(|unit| buys.contains(&unit.0)).count() as i64;
                self.amount(*unit) > 0
                    && !given.contains(unit)
                    && per_units.is_none_or(|every| rest >= every * times)
                    && self.threshold_met(offer, &without)
            });
            match found {
                Some(unit) => {
                    given.push(unit);
                    gifts[choice].0 += 1;
                }
                None => gifts[choice].1 += 1,
            }
        }
        let formed = given.into_iter().map(|unit| (unit, Some(self.amount(unit)))).collect();
        (formed, times, gifts)
    }

    pub(super) fn chosen(&self, offer: &Offer, target: &[usize], pool: Option<&str>) -> Vec<UnitId> {
        let Some(limit) = offer.terms.units else { return self.free_units(target, pool) };
        let first = |lines: &[usize]| {
            let units = self.free_units(lines, pool);
            let units = if limit.pick == Pick::Dearest { self.dearest(units) } else { self.cheapest(units) };
            units.into_iter().take(limit.at_most as usize).collect::<Vec<_>>()
        };
        match limit.per {
            UnitLimitPer::Basket => first(target),
            UnitLimitPer::Line => target.iter().flat_map(|&line| first(&[line])).collect(),
        }
    }

    pub(super) fn limited(&self, offer: &Offer, units: Vec<UnitId>) -> Formed {
        let cost = |units: &[UnitId]| units.iter().map(|&unit| self.amount(unit)).sum::<i64>();
        match &offer.effect {
            Effect::PercentOff(rate) => {
                if offer.terms.basis == PercentBasis::Running {
                    return units
                        .into_iter()
                        .map(|unit| (unit, Some(self.percent(self.amount(unit), *rate))))
                        .collect();
                }
                // The places come first, then what they cost then.
                let formed = units.into_iter().map(|unit| (unit, Some(0))).collect();
                let placed = self.place(offer, formed);
                let basis = |(line, place): UnitId| match offer.terms.basis {
                    PercentBasis::Layer => self.entered[line][place],
                    _ => level(gross(self.lines[line]), self.units[line].len())[place],
                };
                placed.into_iter().map(|(unit, _)| (unit, Some(self.percent(basis(unit), *rate)))).collect()
            }
            Effect::AmountOff { amount: OffAmount::Fixed(amount), per } => match per {
                AmountPer::Unit => units.into_iter().map(|unit| (unit, Some(amount.minor()))).collect(),
                AmountPer::Basket => {
                    let most = cost(&units);
                    self.spread(units, amount.minor().min(most))
                }
                AmountPer::Line => (0..self.lines.len())
                    .flat_map(|line| {
                        let own: Vec<UnitId> = units.iter().copied().filter(|unit| unit.0 == line).collect();
                        let most = cost(&own);
                        self.spread(own, amount.minor().min(most))
                    })
                    .collect(),
            },
            Effect::UnitPrice(price) => {
                let to = |(line, place): UnitId| {
                    let line_facts = self.lines[line];
                    let of = if weighed(line_facts) { line_facts.quantity } else { Quantity::from_units(1) };
                    (self.amount((line, place)) - price.times(of, Rounding::HalfUp).minor()).max(0)
                };
                units.into_iter().map(|unit| (unit, Some(to(unit)))).collect()
            }
            _ => Formed::new(),
        }
    }
}
