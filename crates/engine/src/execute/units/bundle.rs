//! Different parts together (docs/pricing.md, rule 32).

use suanpan_domain::Reason;
use suanpan_program::model::{BundlePart, BundlePrice, Pick};

use super::{Call, UnitWork};
use crate::execute::{Given, live_lines};
use crate::ground::{SET_PARTS, bits};

/// Parts of a bundle at most; a set of parts is a number below 2 to that power.
pub(super) const PARTS_MAX: usize = 8;

/// A number for each set of parts.
type BySubset = [i64; 1 << PARTS_MAX];

pub(super) fn run(
    call: &mut Call<'_, '_>,
    parts: &[BundlePart],
    price: BundlePrice,
    times: Option<u32>,
) -> Given {
    let parts = &parts[..parts.len().min(PARTS_MAX)];
    if let Err(reason) = collect_parts(call, parts.len()) {
        return Given::nothing(reason);
    }
    let bundles = fillable(call.units, parts).min(call.times_max(times));
    if bundles <= 0 {
        return Given::nothing(Reason::NoCompleteGroup);
    }
    let units = &mut *call.units;
    units.assigned.iter_mut().for_each(Vec::clear);
    if units.classes.iter().any(|class| class.mask.count_ones() > 1) {
        assign_overlapping(units, parts, bundles);
    } else {
        assign_apart(units, parts, bundles);
    }
    let (formed, cut) = reward_bundles(call, parts, price, bundles);
    if formed == 0 {
        return Given::nothing(Reason::NothingLeftToDiscount);
    }
    call.finish(formed, cut)
}

fn collect_parts(call: &mut Call<'_, '_>, parts: usize) -> Result<(), Reason> {
    let ground = call.ground;
    call.units.masks.clear();
    call.units.masks.resize(ground.lines.len(), 0);
    let live = &mut call.work.live;
    let mut excluded = false;
    for part in 0..parts {
        let selection = call.offer.parts.get(part);
        live_lines(ground, call.state, call.candidate, SET_PARTS + part, selection, live);
        excluded |= live.iter().all(|word| *word == 0);
        bits(live).for_each(|line| call.units.masks[line] |= 1 << part);
    }
    if excluded {
        return Err(Reason::ExcludedBy);
    }
    for line in 0..ground.lines.len() {
        let mask = call.units.masks[line];
        if mask != 0 {
            call.units.collect(ground, call.state, call.offer.pool, line, mask);
        }
    }
    Ok(())
}

/// For each set of parts, how many units can be in one of them.
fn reachable(units: &UnitWork, parts: &[BundlePart]) -> BySubset {
    let full = (1_usize << parts.len()) - 1;
    let mut within: BySubset = [0; 1 << PARTS_MAX];
    for class in &units.classes {
        within[class.mask as usize & full] += class.count;
    }
    for part in 0..parts.len() {
        for set in 0..=full {
            if set >> part & 1 == 1 {
                within[set] += within[set ^ 1 << part];
            }
        }
    }
    // All units, less those that are only in other parts.
    let mut reachable: BySubset = [0; 1 << PARTS_MAX];
    for (set, reach) in reachable[..=full].iter_mut().enumerate() {
        *reach = within[full] - within[full ^ set];
    }
    reachable
}

/// Units that a set of parts needs for one bundle.
fn needed(parts: &[BundlePart], set: usize) -> i64 {
    parts.iter().enumerate().filter(|(part, _)| set >> part & 1 == 1).map(|(_, part)| part.units).sum()
}

/// The most bundles for which every part can be filled: every set of parts has as many units as it needs.
fn fillable(units: &UnitWork, parts: &[BundlePart]) -> i64 {
    let reachable = reachable(units, parts);
    let sets = 1..1_usize << parts.len();
    sets.map(|set| reachable[set] / needed(parts, set).max(1)).min().unwrap_or(0)
}

/// No unit can be in two parts: each part takes its own by its pick.
fn assign_apart(units: &mut UnitWork, parts: &[BundlePart], bundles: i64) {
    for pick in [Pick::Dearest, Pick::Cheapest] {
        if parts.iter().all(|part| part.pick != pick) {
            continue;
        }
        units.sort(pick);
        for (place, part) in parts.iter().enumerate().filter(|(_, part)| part.pick == pick) {
            let mut left = bundles * part.units;
            for &class in &units.order {
                let facts = &units.classes[class as usize];
                if facts.mask >> place & 1 == 0 {
                    continue;
                }
                let taken = facts.count.min(left);
                if taken == 0 {
                    break;
                }
                units.assigned[place].push((class, taken));
                left -= taken;
            }
        }
    }
}

/// The dearest first, each to the first part that can take it while the rest stays fillable. A set of parts has slack:
/// the units that it can reach beyond those that it needs. Giving a unit to a part costs slack of the sets without
/// that part which could have had it; where none of them is left with less than nothing, the rest stays fillable.
fn assign_overlapping(units: &mut UnitWork, parts: &[BundlePart], bundles: i64) {
    units.sort(Pick::Dearest);
    let full = (1_usize << parts.len()) - 1;
    let mut slack = reachable(units, parts);
    let mut open = [0; PARTS_MAX];
    for (open, part) in open.iter_mut().zip(parts) {
        *open = bundles * part.units;
    }
    for (set, slack) in slack[..=full].iter_mut().enumerate() {
        *slack -= bundles * needed(parts, set);
    }
    for &class in &units.order {
        let facts = &units.classes[class as usize];
        let mask = facts.mask as usize;
        let mut left = facts.count;
        for part in (0..parts.len()).filter(|part| mask >> part & 1 == 1) {
            let others = |set: &usize| set & mask != 0 && set >> part & 1 == 0;
            let allowed = (1..=full).filter(others).map(|set| slack[set]).min().unwrap_or(i64::MAX);
            let taken = left.min(open[part]).min(allowed);
            if taken <= 0 {
                continue;
            }
            units.assigned[part].push((class, taken));
            open[part] -= taken;
            left -= taken;
            (1..=full).filter(others).for_each(|set| slack[set] -= taken);
        }
        // Those that no part takes are out of reach from here on.
        (1..=full).filter(|set| set & mask != 0).for_each(|set| slack[set] -= left);
    }
}

/// The i-th bundle takes the i-th units of each part; bundles alike are counted. Gives how many were formed, and
/// whether one was to get more than it costs.
fn reward_bundles(
    call: &mut Call<'_, '_>,
    parts: &[BundlePart],
    price: BundlePrice,
    bundles: i64,
) -> (i64, bool) {
    // Of each part: the entry at hand, and units of it that are gone.
    let mut next = [(0_usize, 0_i64); PARTS_MAX];
    let (mut formed, mut cut, mut left) = (0, false, bundles);
    while left > 0 {
        let units = &mut *call.units;
        units.members.clear();
        let mut alike = left;
        for (place, part) in parts.iter().enumerate() {
            let (entry, gone) = &mut next[place];
            if let Some(&(_, count)) = units.assigned[place].get(*entry)
                && count == *gone
            {
                (*entry, *gone) = (*entry + 1, 0);
            }
            let Some(&(_, count)) = units.assigned[place].get(*entry) else { return (formed, cut) };
            alike = alike.min((count - *gone) / part.units.max(1));
        }
        let alike = alike.max(1);
        for (place, part) in parts.iter().enumerate() {
            let (entry, gone) = &mut next[place];
            let mut missing = part.units;
            while missing > 0 {
                let Some(&(class, count)) = units.assigned[place].get(*entry) else { return (formed, cut) };
                let taken = missing.min(count - *gone);
                if taken > 0 {
                    units.members.push((class, taken));
                }
                missing -= taken;
                *gone += taken;
                if missing > 0 {
                    (*entry, *gone) = (*entry + 1, 0);
                }
            }
            *gone += (alike - 1) * part.units;
        }
        left -= alike;
        let (is_formed, exceeds) = reward_bundle(call, price, alike);
        formed += if is_formed { alike } else { 0 };
        cut |= exceeds;
    }
    (formed, cut)
}

fn reward_bundle(call: &mut Call<'_, '_>, price: BundlePrice, alike: i64) -> (bool, bool) {
    let units = &mut *call.units;
    let sum: i64 =
        units.members.iter().map(|&(class, count)| units.classes[class as usize].amount * count).sum();
    match price {
        BundlePrice::Price(price) if sum <= price.minor() => (false, false),
        BundlePrice::Price(price) => {
            units.reward_group(sum - price.minor(), alike);
            (true, false)
        }
        BundlePrice::AmountOff(off) => {
            units.reward_group(off.minor().min(sum), alike);
            (true, off.minor() > sum)
        }
        BundlePrice::PercentOff(rate) => {
            let mut cut = false;
            for place in 0..units.members.len() {
                let (class, count) = units.members[place];
                let amount = units.classes[class as usize].amount;
                let wanted = rate.of(amount, call.offer.rounding);
                cut |= wanted > amount;
                units.reward(class, wanted.min(amount), count * alike);
            }
            (true, cut)
        }
    }
}
