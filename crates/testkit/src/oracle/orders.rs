//! Every order and every number of applications of offers that contest a unit pool (rule 38).

use std::collections::BTreeMap;

use suanpan_program::model::Effect;

use super::execute::World;

/// Offers of one pool change places among themselves within their layer; the usual order comes first.
pub(super) fn every_order(world: &World<'_>, kept: &[usize], pools: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut orders = vec![kept.to_vec()];
    for pool in pools {
        for layer in 0..world.program.layers.len() {
            let places: Vec<usize> = (0..kept.len())
                .filter(|place| {
                    pool.contains(&kept[*place]) && world.candidates[kept[*place]].offer.layer == layer
                })
                .collect();
            let members: Vec<usize> = places.iter().map(|place| kept[*place]).collect();
            let mut more = Vec::new();
            for order in &orders {
                for permuted in permutations(&members) {
                    let mut order = order.clone();
                    for (place, member) in places.iter().zip(permuted) {
                        order[*place] = member;
                    }
                    more.push(order);
                }
            }
            orders = more;
        }
    }
    orders.sort();
    orders.dedup();
    orders
}

/// Permutations in lexicographic order.
fn permutations(members: &[usize]) -> Vec<Vec<usize>> {
    if members.len() < 2 {
        return vec![members.to_vec()];
    }
    let mut all = Vec::new();
    for (place, first) in members.iter().enumerate() {
        let mut rest = members.to_vec();
        rest.remove(place);
        all.extend(permutations(&rest).into_iter().map(|tail| [vec![*first], tail].concat()));
    }
    all
}

/// From as many as possible down to one, for each offer of a pool that is kept, the first one slowest.
pub(super) fn every_number_of_applications(
    world: &World<'_>,
    order: &[usize],
    pools: &[Vec<usize>],
) -> Vec<BTreeMap<usize, i64>> {
    let mut all = vec![BTreeMap::new()];
    for index in order.iter().filter(|index| pools.iter().any(|pool| pool.contains(index))) {
        let most = possible(world, *index);
        let mut more = Vec::new();
        for numbers in &all {
            more.push(numbers.clone());
            for fewer in (1..most).rev() {
                let mut numbers: BTreeMap<usize, i64> = numbers.clone();
                numbers.insert(*index, fewer);
                more.push(numbers);
            }
        }
        all = more;
    }
    all
}

/// How often a unit effect could be applied if all its units were free.
fn possible(world: &World<'_>, index: usize) -> i64 {
    let candidate = &world.candidates[index];
    let units =
        |lines: Vec<usize>| -> i64 { lines.iter().map(|line| world.lines[*line].owners.len() as i64).sum() };
    let (most, times) = match &candidate.offer.effect {
        Effect::SetPrice { units: size, times, .. } => {
            (units(candidate.acts_on(world.lines, true)) / size, *times)
        }
        Effect::NthUnit { group_size, times, .. } => {
            (units(candidate.acts_on(world.lines, true)) / group_size, *times)
        }
        Effect::BuyGet { get_units, times, .. } => {
            (units(candidate.acts_on(world.lines, false)) / get_units, *times)
        }
        Effect::Bundle { parts, times, .. } => {
            let of_part = |part: &suanpan_program::model::BundlePart| {
                let lines = (0..world.lines.len())
                    .filter(|line| candidate.may_take(&part.selection, *line, world.lines))
                    .collect();
                units(lines) / part.units
            };
            (parts.iter().map(of_part).min().unwrap_or(1), *times)
        }

        _ => (1, None),
    };
    let per_basket =
        if candidate.is_coupon() { None } else { candidate.offer.limits.per_basket.map(i64::from) };
    most.min(times.map_or(i64::MAX, i64::from)).min(per_basket.unwrap_or(i64::MAX))
}
