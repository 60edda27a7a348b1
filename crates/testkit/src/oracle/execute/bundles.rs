//! Bundles of different parts (rule 32).

use suanpan_program::model::{BundlePart, BundlePrice, Pick};

use super::super::state::Unit;
use super::groups::Role;
use super::{Plan, Run};

impl Run<'_, '_> {
    pub(super) fn bundles(
        &self,
        index: usize,
        parts: &[BundlePart],
        price: BundlePrice,
        times: Option<u32>,
    ) -> Plan {
        let fitting: Vec<Vec<Unit>> =
            parts.iter().map(|part| self.free_units(index, &part.selection)).collect();
        let sizes: Vec<usize> = parts.iter().map(|part| part.units as usize).collect();
        // The largest number for which every part can be filled.
        let mut bundles = 0;
        while bundles < self.applications(index, times)
            && fillable(&fitting, &needs(&sizes, bundles as usize + 1), &[])
        {
            bundles += 1;
        }
        if bundles == 0 {
            return Plan::Nothing;
        }
        let needs = needs(&sizes, bundles as usize);
        let overlap = fitting
            .iter()
            .enumerate()
            .any(|(part, units)| fitting[..part].iter().flatten().any(|unit| units.contains(unit)));
        let filled =
            if overlap { self.overlapping(&fitting, &needs) } else { self.apart(parts, &fitting, &needs) };
        let mut roles = Vec::new();
        for bundle in 0..bundles as usize {
            let mut units: Vec<Unit> = Vec::new();
            for (part, size) in sizes.iter().enumerate() {
                units.extend(&filled[part][bundle * size..(bundle + 1) * size]);
            }
            self.state.dearest_first(&mut units);
            let sum: i64 = units.iter().map(|unit| self.state.unit(*unit)).sum();
            match price {
                BundlePrice::Price(price) if sum > price.minor() => {
                    roles.extend(self.spread(&units, sum - price.minor()));
                }
                // Not below its sum: not formed.
                BundlePrice::Price(_) => {}
                BundlePrice::AmountOff(off) if off.minor() > sum && self.all_or_nothing(index) => {
                    return Plan::Nothing;
                }
                BundlePrice::AmountOff(off) => roles.extend(self.spread(&units, off.minor().min(sum))),
                BundlePrice::PercentOff(rate) => roles.extend(
                    units.iter().map(|unit| (*unit, Role::Rewarded(self.share_of_unit(*unit, rate.ppm())))),
                ),
            }
        }
        // What no formed bundle uses stays free.
        let mut rest: Vec<Unit> = fitting.concat();
        rest.sort_unstable();
        rest.dedup();
        rest.retain(|unit| roles.iter().all(|(taken, _)| taken != unit));
        roles.extend(rest.into_iter().map(|unit| (unit, Role::Free)));
        self.plan_of(&roles)
    }

    pub(super) fn all_or_nothing(&self, index: usize) -> bool {
        self.candidate(index).offer.terms.all_or_nothing
    }

    /// Parts that share no unit: each by its own pick.
    fn apart(&self, parts: &[BundlePart], fitting: &[Vec<Unit>], needs: &[usize]) -> Vec<Vec<Unit>> {
        let mut filled = Vec::new();
        for (part, units) in fitting.iter().enumerate() {
            let mut units = units.clone();
            match parts[part].pick {
                Pick::Dearest => self.state.dearest_first(&mut units),
                Pick::Cheapest => self.state.cheapest_first(&mut units),
            }
            units.truncate(needs[part]);
            filled.push(units);
        }
        filled
    }

    /// Parts that share units: dearest first wherever the rest stays fillable, to the first part that can take it.
    fn overlapping(&self, fitting: &[Vec<Unit>], needs: &[usize]) -> Vec<Vec<Unit>> {
        let mut units: Vec<Unit> = fitting.concat();
        units.sort_unstable();
        units.dedup();
        self.state.dearest_first(&mut units);
        let mut left = needs.to_vec();
        let mut filled: Vec<Vec<Unit>> = vec![Vec::new(); fitting.len()];
        let mut passed: Vec<Unit> = Vec::new();
        for unit in units {
            passed.push(unit);
            for part in 0..fitting.len() {
                if left[part] == 0 || !fitting[part].contains(&unit) {
                    continue;
                }
                left[part] -= 1;
                if fillable(fitting, &left, &passed) {
                    filled[part].push(unit);
                    break;
                }
                left[part] += 1;
            }
        }
        filled
    }
}

fn needs(sizes: &[usize], bundles: usize) -> Vec<usize> {
    sizes.iter().map(|size| size * bundles).collect()
}

/// Whether every part can be filled with different units, without those that were passed: a matching of places and
/// units, found by augmenting paths.
fn fillable(fitting: &[Vec<Unit>], needs: &[usize], passed: &[Unit]) -> bool {
    let places: Vec<usize> =
        needs.iter().enumerate().flat_map(|(part, need)| std::iter::repeat_n(part, *need)).collect();
    let mut taken: Vec<(Unit, usize)> = Vec::new();
    for place in 0..places.len() {
        let mut seen = Vec::new();
        if !augment(place, &places, fitting, passed, &mut taken, &mut seen) {
            return false;
        }
    }
    true
}

fn augment(
    place: usize,
    places: &[usize],
    fitting: &[Vec<Unit>],
    passed: &[Unit],
    taken: &mut Vec<(Unit, usize)>,
    seen: &mut Vec<Unit>,
) -> bool {
    for unit in &fitting[places[place]] {
        if passed.contains(unit) || seen.contains(unit) {
            continue;
        }
        seen.push(*unit);
        match taken.iter().position(|(other, _)| other == unit) {
            None => {
                taken.push((*unit, place));
                return true;
            }
            Some(holder) => {
                let other = taken[holder].1;
                if augment(other, places, fitting, passed, taken, seen) {
                    taken[holder].1 = place;
                    return true;
                }
            }
        }
    }
    false
}
