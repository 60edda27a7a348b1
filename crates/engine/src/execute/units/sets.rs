//! Any N units for a price (docs/pricing.md, rule 31).

use suanpan_domain::Reason;
use suanpan_program::model::{AllocationMethod, GroupForm};

use super::classes::dearest_first;
use super::{Call, UnitWork, pick_of};
use crate::execute::Given;

pub(super) fn run(
    call: &mut Call<'_, '_>,
    size: i64,
    price: i64,
    form: GroupForm,
    times: Option<u32>,
) -> Given {
    if let Err(reason) = call.collect_target() {
        return Given::nothing(reason);
    }
    if size <= 0 || call.units.count() < size {
        return Given::nothing(Reason::NoCompleteGroup);
    }
    call.units.sort(pick_of(form));
    let sets_max = call.times_max(times);
    let units = &mut *call.units;
    let mut next = Cursor::default();
    let mut formed = 0;
    while formed < sets_max {
        // Sets within one class are all alike; only those that straddle classes are looked at one by one.
        let Some(alike) = next.take_group(units, size) else { break };
        let sum: i64 =
            units.members.iter().map(|&(class, count)| units.classes[class as usize].amount * count).sum();
        if sum > price {
            let alike = alike.min(sets_max - formed);
            units.reward_group(sum - price, alike);
            formed += alike;
            next.gone += (alike - 1) * size;
        } else if form == GroupForm::DearestFirst {
            break;
        } else {
            next.gone += (alike - 1) * size;
        }
    }
    if formed == 0 {
        return Given::nothing(Reason::NothingLeftToDiscount);
    }
    call.finish(formed, false)
}

/// A place in the order of classes.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    place: usize,
    /// Units of the class at that place that are gone.
    gone: i64,
}

impl Cursor {
    /// Takes the next group into `members`. Gives how many groups just like it stand here, itself included; none when
    /// no complete group is left.
    fn take_group(&mut self, units: &mut UnitWork, size: i64) -> Option<i64> {
        units.members.clear();
        let mut needed = size;
        while needed > 0 {
            let class = *units.order.get(self.place)?;
            let left = units.classes[class as usize].count - self.gone;
            if needed == size && left >= size {
                units.members.push((class, size));
                self.gone += size;
                return Some(left / size);
            }
            let part = left.min(needed);
            if part > 0 {
                units.members.push((class, part));
            }
            needed -= part;
            self.gone += part;
            if part == left {
                *self = Cursor { place: self.place + 1, gone: 0 };
            }
        }
        Some(1)
    }
}

impl UnitWork {
    /// Divides a discount between the members of one group by their amounts, for so many groups alike.
    pub(super) fn reward_group(&mut self, amount: i64, alike: i64) {
        let Self { members, classes, spread, .. } = self;
        members
            .sort_unstable_by(|&(a, _), &(b, _)| dearest_first(&classes[a as usize], &classes[b as usize]));
        spread.begin();
        for &(class, count) in members.iter() {
            spread.push(class, classes[class as usize].amount, count);
        }
        spread.divide(AllocationMethod::LargestRemainder, amount);
        for place in 0..self.spread.parts.len() {
            let part = self.spread.parts[place];
            self.reward(part.key, part.share, part.count * alike);
        }
    }
}
