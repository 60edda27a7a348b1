//! Bundles, and buying and getting: by matching and by trying every choice.

use std::collections::BTreeSet;

use suanpan_program::model::{AllocationBasis, BundlePrice, Effect, Offer, Pick, UnitCount};

use super::{Formed, Naive, UnitId, weighed};

impl Naive<'_> {
    pub(super) fn bundle(&self, offer: &Offer, pool: Option<&str>) -> (Formed, i64) {
        let Effect::Bundle { parts, price, times } = &offer.effect else { unreachable!() };
        let lines: Vec<Vec<usize>> = parts.iter().map(|part| self.live(&part.selection, true)).collect();
        let all: BTreeSet<usize> = lines.iter().flatten().copied().collect();
        let all: Vec<usize> = all.into_iter().collect();
        let units = self.dearest(self.free_units(&all, pool));
        let can = |unit: UnitId, part: usize| lines[part].contains(&unit.0);
        let needs = |bundles: i64| parts.iter().map(|part| bundles * part.units).collect::<Vec<i64>>();
        let mut bundles = 0;
        while times.is_none_or(|times| bundles < i64::from(times)) && fills(&units, &needs(bundles + 1), &can)
        {
            bundles += 1;
        }
        let mut assigned: Vec<Vec<UnitId>> = vec![Vec::new(); parts.len()];
        let mut open = needs(bundles);
        if units.iter().any(|&unit| (0..parts.len()).filter(|&part| can(unit, part)).count() > 1) {
            for (place, &unit) in units.iter().enumerate() {
                for part in 0..parts.len() {
                    if open[part] == 0 || !can(unit, part) {
                        continue;
                    }
                    open[part] -= 1;
                    if fills(&units[place + 1..], &open, &can) {
                        assigned[part].push(unit);
                        break;
                    }
                    open[part] += 1;
                }
            }
        } else {
            for (place, part) in parts.iter().enumerate() {
                let own: Vec<UnitId> = units.iter().copied().filter(|&unit| can(unit, place)).collect();
                let own = if part.pick == Pick::Dearest { own } else { self.cheapest(own) };
                assigned[place] = own[..open[place] as usize].to_vec();
            }
        }
        let mut formed = Formed::new();
        let mut count = 0;
        for bundle in 0..bundles {
            let members: Vec<UnitId> = parts
                .iter()
                .zip(&assigned)
                .flat_map(|(part, units)| {
                    units[(bundle * part.units) as usize..((bundle + 1) * part.units) as usize].to_vec()
                })
                .collect();
            let sum: i64 = members.iter().map(|&unit| self.amount(unit)).sum();
            count += 1;
            match price {
                BundlePrice::Price(price) if price.minor() >= sum => count -= 1,
                BundlePrice::Price(price) => formed.extend(self.spread(members, sum - price.minor())),
                BundlePrice::AmountOff(off) => formed.extend(self.spread(members, off.minor().min(sum))),
                BundlePrice::PercentOff(rate) => formed.extend(
                    members.into_iter().map(|unit| (unit, Some(self.percent(self.amount(unit), *rate)))),
                ),
            }
        }
        (formed, count)
    }

    pub(super) fn buy_get(&self, offer: &Offer, pool: Option<&str>) -> (Formed, i64) {
        let Effect::BuyGet { buy, get, get_units, off, pick, times } = &offer.effect else { unreachable!() };
        let x: BTreeSet<UnitId> = self
            .free_units(&self.live(&offer.buy, true), pool)
            .into_iter()
            .filter(|&(line, _)| !matches!(buy, UnitCount::Weight(_)) || weighed(self.lines[line]))
            .collect();
        let y = self.free_units(&self.live(get.as_deref().unwrap_or(&offer.buy), true), pool);
        let measure = |unit: UnitId| match buy {
            UnitCount::Units(_) => 1,
            UnitCount::Spend(_) => self.amount(unit),
            UnitCount::Weight(_) => self.lines[unit.0].quantity.milli(),
        };
        let each = match buy {
            UnitCount::Units(units) => *units,
            UnitCount::Spend(spend) => spend.minor(),
            UnitCount::Weight(weight) => weight.milli(),
        };
        // Whether some `number` of the units leave enough to be bought.
        let can = |x: &BTreeSet<UnitId>, y: &[UnitId], number: i64, needed: i64| {
            (0_u32..1 << y.len()).any(|set| {
                let targets = || (0..y.len()).filter(|place| set >> place & 1 == 1).map(|place| y[place]);
                i64::from(set.count_ones()) == number
                    && x.iter().map(|&unit| measure(unit)).sum::<i64>()
                        - targets().filter(|unit| x.contains(unit)).map(measure).sum::<i64>()
                        >= needed
            })
        };
        let mut k = 0;
        while times.is_none_or(|times| k < i64::from(times))
            && can(&x, &y, (k + 1) * get_units, (k + 1) * each)
        {
            k += 1;
        }
        let mut left = x;
        let order = if *pick == Pick::Cheapest { self.cheapest(y) } else { self.dearest(y) };
        let mut targets: Vec<UnitId> = Vec::new();
        for (place, &unit) in order.iter().enumerate() {
            let missing = k * get_units - targets.len() as i64;
            if missing == 0 {
                break;
            }
            let was = left.remove(&unit);
            if can(&left, &order[place + 1..], missing - 1, k * each) {
                targets.push(unit);
            } else if was {
                left.insert(unit);
            }
        }
        let mut formed = Formed::new();
        let mut missing = k * each;
        for unit in self.dearest(left.into_iter().collect()) {
            if missing <= 0 {
                break;
            }
            missing -= measure(unit);
            formed.push((unit, None));
        }
        formed.extend(targets.iter().map(|&unit| (unit, Some(self.reward(*off, self.amount(unit))))));
        if self.program.allocation.basis == AllocationBasis::SourceAndTarget {
            let total = formed.iter().map(|(unit, get)| get.unwrap_or(0).min(self.amount(*unit))).sum();
            formed = self.spread(formed.into_iter().map(|(unit, _)| unit).collect(), total);
        }
        (formed, k)
    }
}

/// Whether each part can have so many of the units, each unit in one part.
fn fills(units: &[UnitId], needs: &[i64], can: &impl Fn(UnitId, usize) -> bool) -> bool {
    let mut holder: Vec<Option<usize>> = vec![None; units.len()];
    for (part, &need) in needs.iter().enumerate() {
        for _ in 0..need {
            if !augment(units, part, can, &mut holder, &mut vec![false; units.len()]) {
                return false;
            }
        }
    }
    true
}

/// Finds one more unit for a part, moving others along.
fn augment(
    units: &[UnitId],
    part: usize,
    can: &impl Fn(UnitId, usize) -> bool,
    holder: &mut Vec<Option<usize>>,
    seen: &mut Vec<bool>,
) -> bool {
    for place in 0..units.len() {
        if seen[place] || !can(units[place], part) || holder[place] == Some(part) {
            continue;
        }
        seen[place] = true;
        if holder[place].is_none_or(|other| augment(units, other, can, holder, seen)) {
            holder[place] = Some(part);
            return true;
        }
    }
    false
}
