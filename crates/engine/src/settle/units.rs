//! What each unit of a line is worth when it comes back (docs/pricing.md, rules 45 and 46).

use suanpan_domain::quote::{Span, UnitRun};
use suanpan_domain::{Basket, Money};

use super::divide::{Receiver, Remainders, largest_remainder};
use crate::lines::LineFacts;
use crate::state::Run;

/// What is divided between the units of a line beside its net.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares {
    /// All taxes together.
    pub(super) tax: i64,
    pub(super) points_paid: i64,
    pub(super) points_earned: i64,
}

/// Working memory of unit runs.
#[derive(Debug, Default)]
pub(super) struct UnitWork {
    /// Units of the line at hand, in the order in which they come back.
    pub(super) units: Vec<Run>,
    receivers: Vec<Receiver>,
    taxes: Vec<(i64, i64)>,
    paid: Vec<(i64, i64)>,
    remainders: Remainders,
}

/// Units in which a line comes back. Negative lines have units here, though no offer sees any.
#[inline]
pub(super) fn returned_units(facts: &LineFacts) -> i64 {
    if facts.quantity_milli > 0 { facts.units } else { units_of_negative(facts) }
}

#[cold]
fn units_of_negative(facts: &LineFacts) -> i64 {
    if facts.weighed { 1 } else { (facts.quantity_milli / 1_000).abs().max(1) }
}

/// Pushes the runs of a line whose units are level, the larger ones first, and have no shares of anything.
#[inline(always)]
pub(super) fn push_plain(net: i64, units: i64, out: &mut Vec<UnitRun>) -> Span {
    let start = out.len() as u32;
    let plain = |units, net| UnitRun { units, net: Money::from_minor(net), ..UnitRun::default() };
    // Most lines have one unit, and many are free: neither needs a division.
    let (each, larger) =
        if units == 1 || net == 0 { (net, 0) } else { (net.div_euclid(units), net.rem_euclid(units)) };
    if larger > 0 {
        out.push(plain(larger, each + 1));
    }
    out.push(plain(units - larger, each));
    Span { start, len: out.len() as u32 - start }
}

/// Pushes the runs of a line whose units are level, the larger ones first.
pub(super) fn push_level(
    net: i64,
    units: i64,
    shares: Shares,
    work: &mut UnitWork,
    out: &mut Vec<UnitRun>,
) -> Span {
    if shares == Shares::default() {
        return push_plain(net, units, out);
    }
    work.units.clear();
    crate::state::push_level(net, units, &mut work.units);
    push_own(shares, work, out)
}

/// Lets the units of the line at hand come back cheapest first, those of equal amount together.
pub(super) fn cheapest_first(units: &mut Vec<Run>) {
    units.sort_by_key(|run| run.amount);
    units.dedup_by(|later, first| {
        let same = later.amount == first.amount;
        if same {
            first.count += later.count;
        }
        same
    });
}

/// Pushes the units of the line at hand with their shares, divided by their nets.
pub(super) fn push_own(shares: Shares, work: &mut UnitWork, out: &mut Vec<UnitRun>) -> Span {
    let start = out.len() as u32;
    let UnitWork { units, receivers, taxes, paid, remainders } = work;
    receivers.clear();
    receivers.extend(units.iter().map(|run| Receiver::new(run.count, i128::from(run.amount.unsigned_abs()))));
    let mut divide = |amount: i64, into: Option<&mut Vec<(i64, i64)>>| {
        largest_remainder(amount, receivers, remainders);
        if let Some(into) = into {
            into.clear();
            into.extend(receivers.iter().map(|receiver| (receiver.each, receiver.more)));
        }
    };
    divide(shares.tax, Some(taxes));
    divide(shares.points_paid, Some(paid));
    divide(shares.points_earned, None);
    for (place, run) in units.iter().enumerate() {
        let earned = (receivers[place].each, receivers[place].more);
        let of = [taxes[place], paid[place], earned];
        let mut from = 0;
        while from < run.count {
            // The first units get one more; a run ends where one of the three kinds runs out of those.
            let ends = of.iter().map(|(_, more)| more.abs()).filter(|end| *end > from);
            let until = ends.min().unwrap_or(run.count);
            let share = |(each, more): (i64, i64)| each + if from < more.abs() { more.signum() } else { 0 };
            out.push(UnitRun {
                units: until - from,
                net: Money::from_minor(run.amount),
                tax: Money::from_minor(share(of[0])),
                points_paid: Money::from_minor(share(of[1])),
                points_earned: share(of[2]),
            });
            from = until;
        }
    }
    Span { start, len: out.len() as u32 - start }
}

/// The units of one request line out of those of its merged line, in the order of positions: first units belong to the
/// request lines with the smallest ids.
pub(super) fn push_positions(runs: &[Run], skip: i64, take: i64, out: &mut Vec<Run>) {
    let (mut skip, mut take) = (skip, take);
    for run in runs {
        let passed = skip.min(run.count);
        skip -= passed;
        let count = (run.count - passed).min(take);
        take -= count;
        if count > 0 {
            out.push(Run { count, ..*run });
        }
    }
}

/// Units of a request line.
pub(super) fn units_of(basket: &Basket, request: u32) -> i64 {
    basket.lines[request as usize].quantity.units()
}
