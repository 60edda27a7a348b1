//! Dividing an amount between units that are counted, not taken apart (docs/pricing.md, rules 17, 19 and 31).

use suanpan_domain::{Rounding, divide_i128};
use suanpan_program::model::AllocationMethod;

/// Units that weigh the same. None can take more than its weight.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: u32,
    weight: i64,
    count: i64,
    share: i64,
    remainder: i128,
}

/// What some units of a slot take, each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) key: u32,
    pub(super) share: i64,
    pub(super) count: i64,
}

/// Reusable memory of dividing; the slots stand in unit order.
#[derive(Debug, Default)]
pub(super) struct Spread {
    slots: Vec<Slot>,
    ranks: Vec<u32>,
    /// The result: parts in the order of the slots, first units first.
    pub(super) parts: Vec<Part>,
}

impl Spread {
    pub(super) fn begin(&mut self) {
        self.slots.clear();
        self.parts.clear();
    }

    pub(super) fn push(&mut self, key: u32, weight: i64, count: i64) {
        if count > 0 && weight > 0 {
            self.slots.push(Slot { key, weight, count, share: 0, remainder: 0 });
        } else if count > 0 {
            self.slots.push(Slot { key, weight: 0, count, share: 0, remainder: 0 });
        }
    }

    /// Divides an amount, which is at most the sum of the weights.
    pub(super) fn divide(&mut self, method: AllocationMethod, amount: i64) {
        let weights: i64 = self.slots.iter().map(|slot| slot.weight * slot.count).sum();
        debug_assert!((0..=weights).contains(&amount));
        self.parts.clear();
        if weights == 0 {
            self.parts.extend(self.slots.iter().map(|slot| part(slot, 0, slot.count)));
            return;
        }
        match method {
            AllocationMethod::LargestRemainder => self.largest_remainder(amount, weights),
            AllocationMethod::LastLineTakesRest => self.last_takes_rest(amount, weights),
            AllocationMethod::HalfDownThenFirst => self.half_down(amount, weights),
            AllocationMethod::Cascade => self.cascade(amount, weights),
        }
    }

    /// Gives each slot's units their share, and what is missing.
    fn round_shares(&mut self, amount: i64, weights: i64, rounding: Rounding) -> i64 {
        let mut missing = amount;
        for slot in &mut self.slots {
            let exact = i128::from(amount) * i128::from(slot.weight);
            slot.share = divide_i128(exact, i128::from(weights), rounding) as i64;
            slot.remainder = exact - i128::from(slot.share) * i128::from(weights);
            missing -= slot.share * slot.count;
        }
        missing
    }

    fn largest_remainder(&mut self, amount: i64, weights: i64) {
        let mut missing = self.round_shares(amount, weights, Rounding::Down);
        let Self { slots, ranks, parts } = self;
        if missing > 0 {
            ranks.clear();
            ranks.extend(0..slots.len() as u32);
            ranks.sort_unstable_by(|&a, &b| {
                slots[b as usize].remainder.cmp(&slots[a as usize].remainder).then(a.cmp(&b))
            });
        }
        // The remainders are spent: how many units of the slot take one more stands in their place.
        slots.iter_mut().for_each(|slot| slot.remainder = 0);
        for &rank in ranks.iter() {
            if missing == 0 {
                break;
            }
            let slot = &mut slots[rank as usize];
            let more = missing.min(slot.count);
            slot.remainder = i128::from(more);
            missing -= more;
        }
        for slot in slots.iter() {
            push_first(parts, slot, slot.share + 1, slot.remainder as i64, slot.share);
        }
    }

    /// What is missing goes to the last units, each as much as it can hold.
    fn last_takes_rest(&mut self, amount: i64, weights: i64) {
        let mut missing = self.round_shares(amount, weights, Rounding::Down);
        for slot in self.slots.iter().rev() {
            let room = slot.weight - slot.share;
            let (filled, rest) = match room {
                0 => (0, 0),
                room => {
                    let filled = (missing / room).min(slot.count);
                    let rest = if filled < slot.count { missing - filled * room } else { 0 };
                    (filled, rest)
                }
            };
            missing -= filled * room + rest;
            let one = i64::from(rest > 0);
            // Backwards, turned round below.
            for (share, count) in
                [(slot.weight, filled), (slot.share + rest, one), (slot.share, slot.count - filled - one)]
            {
                if count > 0 {
                    self.parts.push(part(slot, share, count));
                }
            }
        }
        self.parts.reverse();
    }

    /// Rounded half down. One round for what is missing or too much is enough: a unit that was rounded down has room
    /// for one, one that was rounded up has one to give, and either stands for at most a half of it.
    fn half_down(&mut self, amount: i64, weights: i64) {
        let mut missing = self.round_shares(amount, weights, Rounding::HalfDown);
        let Self { slots, parts, .. } = self;
        for slot in slots.iter() {
            let step = missing.signum();
            let able = match step {
                1 => slot.share < slot.weight,
                _ => slot.share > 0,
            };
            let moved = if able { missing.abs().min(slot.count) } else { 0 };
            missing -= step * moved;
            push_first(parts, slot, slot.share + step, moved, slot.share);
        }
    }

    /// From the last unit back: rest x weight / weights not yet served, rounded down. With R x w = q S + r the share
    /// stays q, and r stays, while the weights S exceed r; from there it is q + 1 for the rest of the slot.
    fn cascade(&mut self, amount: i64, weights: i64) {
        let (mut rest, mut left) = (amount, weights);
        let Self { slots, parts, .. } = self;
        for slot in slots.iter().rev() {
            if slot.weight == 0 {
                parts.push(part(slot, 0, slot.count));
                continue;
            }
            let exact = i128::from(rest) * i128::from(slot.weight);
            let share = (exact / i128::from(left)) as i64;
            let over = i128::from(left) - exact % i128::from(left);
            let low = divide_i128(over, i128::from(slot.weight), Rounding::Up) as i64;
            let low = low.min(slot.count);
            for (share, count) in [(share, low), (share + 1, slot.count - low)] {
                if count > 0 {
                    parts.push(part(slot, share, count));
                }
                rest -= share * count;
            }
            left -= slot.weight * slot.count;
        }
        parts.reverse();
    }
}

fn part(slot: &Slot, share: i64, count: i64) -> Part {
    Part { key: slot.key, share, count }
}

/// The first units of a slot take one share, the others another.
fn push_first(parts: &mut Vec<Part>, slot: &Slot, first: i64, count: i64, others: i64) {
    for (share, count) in [(first, count), (others, slot.count - count)] {
        if count > 0 {
            parts.push(part(slot, share, count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocate::{Slot as Line, allocate};

    /// Dividing between counted units is dividing between the units.
    #[test]
    fn counted_units_share_as_units_do() {
        let methods = [
            AllocationMethod::LargestRemainder,
            AllocationMethod::LastLineTakesRest,
            AllocationMethod::HalfDownThenFirst,
            AllocationMethod::Cascade,
        ];
        let rows: [&[(i64, i64)]; 7] = [
            &[(10, 3), (7, 2), (1, 4)],
            &[(100, 1), (100, 1), (33, 7)],
            &[(5, 6)],
            &[(3, 2), (0, 2), (3, 3), (1, 1)],
            &[(1, 30), (2, 1)],
            &[(999, 2), (1, 9), (500, 3)],
            &[(0, 3)],
        ];
        for (method, row) in methods.iter().flat_map(|method| rows.iter().map(move |row| (*method, *row))) {
            let weights: i64 = row.iter().map(|(weight, count)| weight * count).sum();
            for amount in 0..=weights.min(300) {
                let mut lines: Vec<Line> = Vec::new();
                let mut spread = Spread::default();
                spread.begin();
                for (key, &(weight, count)) in row.iter().enumerate() {
                    spread.push(key as u32, weight, count);
                    lines.extend((0..count).map(|_| Line::new(key as u32, weight, weight)));
                }
                allocate(method, amount, &mut lines);
                spread.divide(method, amount);
                let shares = spread.parts.iter().flat_map(|part| (0..part.count).map(|_| part.share));
                let expected: Vec<i64> = lines.iter().map(|line| line.share).collect();
                assert_eq!(shares.collect::<Vec<_>>(), expected, "{method:?} {amount} over {row:?}");
            }
        }
    }
}
