//! Dividing an amount between lines (docs/pricing.md, rules 16 and 19).

use suanpan_domain::{Rounding, divide_i128};
use suanpan_program::model::AllocationMethod;

use crate::planted::{self, Bug};

/// One line that may take a share.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slot {
    /// The line, or whatever the caller divides between.
    pub(crate) key: u32,
    pub(crate) weight: i64,
    /// The most that it can take.
    pub(crate) room: i64,
    /// What it takes.
    pub(crate) share: i64,
    remainder: i64,
    full: bool,
}

impl Slot {
    /// Nothing goes where there is no room.
    #[inline]
    pub(crate) fn new(key: u32, weight: i64, room: i64) -> Self {
        let weight = if room > 0 { weight.max(0) } else { 0 };
        Self { key, weight, room: room.max(0), share: 0, remainder: 0, full: weight == 0 }
    }
}

/// Divides an amount by weight between slots as they are made. Those whose share passes their room are fixed at it and
/// the rest is divided again between the others, until nothing moves. Gives what was divided: less than the amount when
/// it fits nowhere.
pub(crate) fn allocate(method: AllocationMethod, amount: i64, slots: &mut [Slot]) -> i64 {
    let (mut weights, mut roomy) = (0, true);
    for slot in slots.iter() {
        weights += slot.weight;
        roomy &= slot.room >= slot.weight;
    }
    divide(method, amount, weights, roomy, slots)
}

/// [`allocate`] where each slot's room is its weight, and their sum is known.
pub(crate) fn allocate_whole(method: AllocationMethod, amount: i64, weights: i64, slots: &mut [Slot]) -> i64 {
    divide(method, amount, weights, true, slots)
}

#[inline]
fn divide(method: AllocationMethod, amount: i64, mut weights: i64, roomy: bool, slots: &mut [Slot]) -> i64 {
    let mut rest = amount.max(0);
    if rest == 0 || weights == 0 {
        return 0;
    }
    if roomy && rest <= weights && method == AllocationMethod::LargestRemainder {
        // No share passes its weight, so none passes its room.
        largest_remainder(rest, weights, slots);
        return rest;
    }
    loop {
        match method {
            AllocationMethod::LargestRemainder => largest_remainder(rest, weights, slots),
            AllocationMethod::LastLineTakesRest => last_takes_rest(rest, weights, slots),
            AllocationMethod::HalfDownThenFirst => half_down(rest, weights, slots),
            AllocationMethod::Cascade => cascade(rest, weights, slots),
        }
        let mut moved = false;
        for slot in slots.iter_mut().filter(|slot| !slot.full && slot.share > slot.room) {
            slot.share = slot.room;
            slot.full = true;
            moved = true;
            rest -= slot.room;
            weights -= slot.weight;
        }
        if !moved || rest == 0 || weights == 0 {
            break;
        }
    }
    if rest == 0 {
        // What the full lines hold is all there was; shares of an earlier round do not count.
        slots.iter_mut().filter(|slot| !slot.full).for_each(|slot| slot.share = 0);
    }
    slots.iter().map(|slot| slot.share).sum()
}

fn largest_remainder(amount: i64, weights: i64, slots: &mut [Slot]) {
    let small = amount < SMALL && weights < SMALL;
    let few = small && slots.len() <= FEW;
    let later = planted::is(Bug::TieBrokenBackwards);
    let of_small = |weight: i64| {
        // The machine divides 64 bits an order of magnitude faster.
        let (exact, by) = ((amount * weight).unsigned_abs(), weights.unsigned_abs());
        ((exact / by) as i64, (exact % by) as i64)
    };
    // A loop for each, so that none of them asks at every slot.
    let (given, open) = if few {
        cut_shares(slots, |weight, place| {
            let (share, remainder) = of_small(weight);
            let rank = if later { place as u32 } else { u32::MAX - place as u32 };
            (share, remainder << 32 | i64::from(rank))
        })
    } else if small {
        cut_shares(slots, |weight, _| of_small(weight))
    } else {
        cut_shares(slots, |weight, _| {
            let (exact, by) = (i128::from(amount) * i128::from(weight), i128::from(weights));
            // The remainder is below the sum of the weights, which fits.
            ((exact / by) as i64, (exact % by) as i64)
        })
    };
    let missing = amount - given;
    if planted::is(Bug::AllocationRemainderToLast) {
        slots.iter_mut().rev().filter(|slot| !slot.full).take(1).for_each(|slot| slot.share += missing);
    } else if few {
        give_one_by_one(missing, open, slots);
    } else {
        give_at_once(missing, weights, slots);
    }
}

/// Gives each open slot its exact share, cut, and its remainder. Gives the sum of the shares and the number of slots.
#[inline]
fn cut_shares(slots: &mut [Slot], share_of: impl Fn(i64, usize) -> (i64, i64)) -> (i64, i64) {
    let (mut given, mut open) = (0, 0);
    for (place, slot) in slots.iter_mut().enumerate() {
        if slot.full {
            slot.remainder = -1;
            continue;
        }
        (slot.share, slot.remainder) = share_of(slot.weight, place);
        given += slot.share;
        open += 1;
    }
    (given, open)
}

/// So many slots have at most half as many units to give or to take back: looking for the outermost remainder again and
/// again is quicker than searching the limit.
const FEW: usize = 48;
/// Weights and amounts up to here have products and ordered remainders of 63 bits.
const SMALL: i64 = 1 << 31;

/// One to the first of the largest remainders, as often as is missing. Remainder and place stand as one number, so that
/// the outermost is found without branches: they could only be guessed. They stay in the slots: side by side they would
/// be compared by vectors, which have no such comparison everywhere.
fn give_one_by_one(missing: i64, open: i64, slots: &mut [Slot]) {
    let later = planted::is(Bug::TieBrokenBackwards);
    let place_of = |ranked: i64| if later { ranked as u32 } else { u32::MAX - ranked as u32 } as usize;
    if 2 * missing <= open {
        for _ in 0..missing {
            let largest = outermost(slots, i64::MIN, i64::max);
            let slot = &mut slots[place_of(largest)];
            slot.share += 1;
            slot.remainder = i64::MIN;
        }
        return;
    }
    // The other way round: one to all, less those of the smallest remainders, which are fewer.
    for slot in slots.iter_mut() {
        slot.share += i64::from(!slot.full);
        slot.remainder = if slot.full { i64::MAX } else { slot.remainder };
    }
    for _ in missing..open {
        let smallest = outermost(slots, i64::MAX, i64::min);
        let slot = &mut slots[place_of(smallest)];
        slot.share -= 1;
        slot.remainder = i64::MAX;
    }
}

/// The remainder that is picked among all. By pairs, so that each comparison does not wait for the one before.
#[inline]
fn outermost(slots: &[Slot], none: i64, pick: impl Fn(i64, i64) -> i64) -> i64 {
    let (pairs, last) = slots.as_chunks();
    let of_pairs = pairs.iter().fold(none, |picked, [a, b]| pick(picked, pick(a.remainder, b.remainder)));
    last.iter().fold(of_pairs, |picked, slot| pick(picked, slot.remainder))
}

/// The same by searching the smallest remainder that gets one.
fn give_at_once(missing: i64, weights: i64, slots: &mut [Slot]) {
    let above =
        |slots: &[Slot], limit: i64| slots.iter().filter(|slot| slot.remainder > limit).count() as i64;
    // The smallest limit above which there are fewer than are missing.
    let (mut low, mut high) = (-1, weights);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if above(slots, middle) < missing { high = middle } else { low = middle }
    }
    let mut equal = missing - above(slots, high);
    for slot in slots.iter_mut() {
        if slot.remainder > high || slot.remainder == high && equal > 0 {
            equal -= i64::from(slot.remainder == high);
            slot.share += 1;
        }
    }
}

fn last_takes_rest(amount: i64, weights: i64, slots: &mut [Slot]) {
    let Some(last) = slots.iter().rposition(|slot| !slot.full) else { return };
    let mut rest = amount;
    for slot in slots.iter_mut().filter(|slot| !slot.full) {
        slot.share = share(amount, slot.weight, weights, Rounding::Down);
    }
    for (place, slot) in slots.iter().enumerate() {
        if !slot.full && place != last {
            rest -= slot.share;
        }
    }
    // What the last line cannot hold walks back line by line, as far as there is room beside a line's own share.
    let mut over = (rest - slots[last].room).max(0);
    slots[last].share = rest - over;
    for slot in slots[..last].iter_mut().rev().filter(|slot| !slot.full) {
        let fits = over.min((slot.room - slot.share).max(0));
        slot.share += fits;
        over -= fits;
        if over == 0 {
            break;
        }
    }
    slots[last].share += over;
}

fn half_down(amount: i64, weights: i64, slots: &mut [Slot]) {
    let mut missing = amount;
    for slot in slots.iter_mut().filter(|slot| !slot.full) {
        slot.share = share(amount, slot.weight, weights, Rounding::HalfDown);
        missing -= slot.share;
    }
    while missing != 0 {
        let before = missing;
        for slot in slots.iter_mut().filter(|slot| !slot.full) {
            if missing > 0 && slot.share < slot.room {
                slot.share += 1;
                missing -= 1;
            } else if missing < 0 && slot.share > 0 {
                slot.share -= 1;
                missing += 1;
            }
        }
        if missing == before {
            break;
        }
    }
}

fn cascade(amount: i64, weights: i64, slots: &mut [Slot]) {
    let (mut rest, mut left) = (amount, weights);
    for slot in slots.iter_mut().rev().filter(|slot| !slot.full) {
        slot.share = share(rest, slot.weight, left, Rounding::Down);
        rest -= slot.share;
        left -= slot.weight;
    }
}

fn share(amount: i64, weight: i64, weights: i64, rounding: Rounding) -> i64 {
    divide_i128(i128::from(amount) * i128::from(weight), i128::from(weights), rounding) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use suanpan_program::model::AllocationMethod::{
        Cascade, HalfDownThenFirst, LargestRemainder, LastLineTakesRest,
    };

    fn check(
        method: AllocationMethod,
        amount: i64,
        weights: &[i64],
        rooms: Option<&[i64]>,
        expected: &[i64],
    ) {
        let rooms = rooms.unwrap_or(weights);
        let mut slots: Vec<Slot> =
            weights.iter().zip(rooms).map(|(weight, room)| Slot::new(0, *weight, *room)).collect();
        let given = allocate(method, amount, &mut slots);
        let shares: Vec<i64> = slots.iter().map(|slot| slot.share).collect();
        assert_eq!(shares, expected, "{method:?} {amount} over {weights:?} rooms {rooms:?}");
        assert_eq!(given, expected.iter().sum::<i64>());
    }

    #[test]
    fn amounts_are_divided_as_named() {
        check(LargestRemainder, 299, &[4300, 1400, 2300], None, &[161, 52, 86]);
        check(LargestRemainder, 93, &[10, 20, 10, 30, 50, 20, 10, 40], None, &[5, 10, 5, 15, 24, 10, 5, 19]);
        check(LargestRemainder, 300, &[4300, 1400, 2300], None, &[161, 53, 86]);
        check(HalfDownThenFirst, 300, &[4300, 1400, 2300], None, &[162, 52, 86]);
        check(Cascade, 5000, &[12_000, 23_000, 30_000], None, &[924, 1769, 2307]);
        check(LargestRemainder, 5000, &[12_000, 23_000, 30_000], None, &[923, 1769, 2308]);
        check(LastLineTakesRest, 400, &[1000, 1000, 1000], None, &[133, 133, 134]);
        check(LastLineTakesRest, 20, &[10, 10, 1], None, &[9, 10, 1]);
        // Each 2, the last one 4: it holds 1, the third has no room for the other 3. Then 9 over three: 3, 3 and the
        // last one 3, of which 2 walk back to the second.
        check(LastLineTakesRest, 10, &[1, 1, 1, 1], Some(&[20, 50, 1, 1]), &[3, 5, 1, 1]);
        check(LargestRemainder, 7, &[0, 0], None, &[0, 0]);
    }

    #[test]
    fn what_a_floor_keeps_out_goes_to_the_others() {
        check(LargestRemainder, 2500, &[5000, 6000], Some(&[500, 6000]), &[500, 2000]);
        check(LargestRemainder, 2000, &[10_000, 4000, 4000], Some(&[1000, 0, 400]), &[1000, 0, 400]);
    }
}
