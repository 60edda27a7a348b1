//! What each unit of a line cost.

use suanpan_domain::quote::UnitRun;
use suanpan_domain::{Rounding, divide_i128};
use suanpan_ledger::sale::{SaleLine, SaleRun};

/// What a line pays beside its net, and how its points are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Paid on top of the net by the line as a whole, minor units; negative for what others reimburse.
    pub(super) extra_minor: i64,
    /// What points took off as a discount, minor units.
    pub(super) points_value_minor: i64,
    /// The units' own tax comes on top.
    pub(super) tax_on_top: bool,
}

/// The units of a line by what was paid for them. A sum that belongs to the line is divided level: every unit the same,
/// the last ones one minor unit more. So no line has more than a few runs, however many units it has.
pub(super) fn runs(quoted: &[UnitRun], share: Share) -> Vec<SaleRun> {
    // A quote lists units in the order in which they come back; the last unit of a sale comes back first.
    let mut runs: Vec<SaleRun> = quoted
        .iter()
        .rev()
        .map(|run| SaleRun {
            units: run.units,
            paid_minor: run.net.minor() - run.points_paid.minor()
                + if share.tax_on_top { run.tax.minor() } else { 0 },
            tax_minor: run.tax.minor(),
            points_value_minor: run.points_paid.minor(),
            points_earned: run.points_earned,
        })
        .collect();
    level(&mut runs, share.extra_minor, |run| &mut run.paid_minor);
    level(&mut runs, share.points_value_minor, |run| &mut run.points_value_minor);
    runs
}

/// Adds a sum to the units of a line, level, the last units one more.
fn level(runs: &mut Vec<SaleRun>, sum: i64, of: impl Fn(&mut SaleRun) -> &mut i64) {
    let units: i64 = runs.iter().map(|run| run.units).sum();
    if sum == 0 || units <= 0 {
        return;
    }
    let each = sum.div_euclid(units);
    let mut with_one_more = sum.rem_euclid(units);
    for run in runs.iter_mut() {
        *of(run) += each;
    }
    // From the last run on: split the one in which the units with one more begin.
    let mut place = runs.len();
    while with_one_more > 0 && place > 0 {
        place -= 1;
        let run = runs[place];
        if run.units <= with_one_more {
            *of(&mut runs[place]) += 1;
            with_one_more -= run.units;
        } else {
            let mut more = SaleRun { units: with_one_more, ..run };
            *of(&mut more) += 1;
            runs[place].units -= with_one_more;
            runs.insert(place + 1, more);
            with_one_more = 0;
        }
    }
}

/// Spreads what was paid more (less, when negative) than the lines cost over them, by what they cost; each share is
/// rounded down from what is left, so that the last line takes the rest. Lines that cost nothing take it only when all do.
pub(super) fn spread(lines: &mut [SaleLine], difference_minor: i64) {
    let weigh = |line: &SaleLine| i128::from(line.paid_minor.max(0));
    let even = lines.iter().map(weigh).sum::<i128>() == 0;
    let weight = |line: &SaleLine| if even { 1 } else { weigh(line) };
    let mut left = i128::from(difference_minor);
    let mut weights: i128 = lines.iter().map(weight).sum();
    for line in lines {
        let weight = weight(line);
        if weight == 0 {
            continue;
        }
        let share = divide_i128(left * weight, weights, Rounding::Down);
        left -= share;
        weights -= weight;
        // Shares of an amount of 64 bits fit it.
        let share = share as i64;
        line.paid_minor += share;
        level(&mut line.runs, share, |run| &mut run.paid_minor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use suanpan_domain::Money;

    fn quoted(units: &[(i64, i64)]) -> Vec<UnitRun> {
        units
            .iter()
            .map(|(units, net)| UnitRun { units: *units, net: Money::from_minor(*net), ..UnitRun::default() })
            .collect()
    }

    fn paid(runs: &[SaleRun]) -> Vec<(i64, i64)> {
        runs.iter().map(|run| (run.units, run.paid_minor)).collect()
    }

    #[test]
    fn sums_of_a_line_are_level_over_its_units() {
        for (of, extra, expected) in [
            (&[(3, 100)][..], 0, &[(3, 100)][..]),
            (&[(3, 100)], 4, &[(2, 101), (1, 102)]),
            (&[(3, 100)], -4, &[(1, 98), (2, 99)]),
            (&[(1, 100), (2, 90)], 2, &[(1, 90), (1, 91), (1, 101)]),
            (&[(2, 100), (2, 90)], 3, &[(1, 90), (1, 91), (2, 101)]),
            (&[(1_000_000, 5)], 1, &[(999_999, 5), (1, 6)]),
        ] {
            let share = Share { extra_minor: extra, points_value_minor: 0, tax_on_top: false };
            assert_eq!(paid(&runs(&quoted(of), share)), expected, "{of:?} {extra}");
        }
    }

    #[test]
    fn a_difference_is_spread_by_what_lines_cost() {
        let line = |paid_minor| SaleLine {
            paid_minor,
            runs: vec![SaleRun { units: 1, paid_minor, ..SaleRun::default() }],
            ..SaleLine::default()
        };
        for (of, difference, expected) in [
            (&[100, 200][..], -30, &[90, 180][..]),
            (&[100, 0, 200], 1, &[100, 0, 201]),
            (&[0, 0], 3, &[1, 2]),
            (&[5], 7, &[12]),
            (&[], 7, &[]),
        ] {
            let mut lines: Vec<SaleLine> = of.iter().map(|paid| line(*paid)).collect();
            spread(&mut lines, difference);
            let paid: Vec<i64> = lines.iter().map(|line| line.paid_minor).collect();
            assert_eq!(paid, expected, "{of:?} {difference}");
            assert!(lines.iter().all(|line| line.runs[0].paid_minor == line.paid_minor));
        }
    }
}
