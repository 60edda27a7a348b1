//! What a return gives back: units, money, tax, points. Whatever the order and the parts in which a sale comes back,
//! what is given back for all of it is what was paid, to the minor unit and to the point.

use suanpan_domain::{Rounding, divide_i128};

use crate::command::{Repriced, Wanted, WantedLine};
use crate::policy::ReturnRules;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::sale::{Returned, ReturnedLine, Sale, SaleLine};
use crate::units::Units;

/// A sale with what came back of it before.
pub(crate) struct Account<'a> {
    pub(crate) rules: ReturnRules,
    pub(crate) sale: &'a Sale,
    /// Points that were in fact taken for it.
    pub(crate) points_spent: i64,
    pub(crate) earlier: Vec<&'a Returned>,
}

/// What is back of one line.
#[derive(Clone, Default)]
struct Back {
    quantity_milli: i64,
    units: Units,
    refund_minor: i64,
    tax_minor: i64,
    points_value_minor: i64,
    points_earned: i64,
}

impl Account<'_> {
    /// Works out a return. The second part is what cannot come back; a fact takes the rest all the same.
    pub(crate) fn work_out(
        &self,
        wanted: &Wanted,
        repriced: Option<Repriced>,
        business_ms: i64,
    ) -> (Returned, Conflicts) {
        let mut back = self.so_far();
        let mut found = Vec::new();
        let mut lines = Vec::new();
        match wanted {
            Wanted::All => {
                for (place, line) in self.sale.lines.iter().enumerate() {
                    let rest = left(line, &back[place]);
                    lines.extend(take(place, line, &mut back[place], &[], rest));
                }
                if lines.is_empty() {
                    found.push(Conflict::short(Refusal::QuantityExceeded, "", 0, 1));
                }
            }
            Wanted::Lines(wanted) => {
                for wanted in wanted {
                    let Some(place) = self.sale.lines.iter().position(|line| line.id == wanted.line) else {
                        found.push(Conflict::about(Refusal::LineUnknown, &wanted.line));
                        continue;
                    };
                    lines.extend(self.wanted_line(place, wanted, &mut back[place], &mut found));
                }
            }
        }
        // The return that takes the last of it is the whole one; a fact that found nothing left is not.
        let nothing_left = self.sale.lines.iter().zip(&back).all(|(line, back)| left(line, back) == 0);
        let whole = nothing_left && !lines.is_empty();
        let mut returned = Returned { business_ms, lines, whole, ..Returned::default() };
        if !returned.lines.is_empty() {
            self.sums(&mut returned, repriced);
        }
        (returned, found)
    }

    fn so_far(&self) -> Vec<Back> {
        let mut back = vec![Back::default(); self.sale.lines.len()];
        for line in self.earlier.iter().flat_map(|returned| &returned.lines) {
            let Some(back) = back.get_mut(line.line as usize) else { continue };
            back.add(line);
        }
        back
    }

    fn wanted_line(
        &self,
        place: usize,
        wanted: &WantedLine,
        back: &mut Back,
        found: &mut Conflicts,
    ) -> Option<ReturnedLine> {
        let line = &self.sale.lines[place];
        let left = left(line, back);
        let named = wanted.units.len() as i64 * 1_000;
        let mut units = Vec::new();
        if !wanted.units.is_empty() {
            let total = if line.weighed { 0 } else { line.quantity_milli.abs() / 1_000 };
            for unit in &wanted.units {
                let there = i64::from(*unit) < total;
                if !there || back.units.contains(*unit) || units.contains(unit) {
                    found.push(Conflict::about(Refusal::UnitReturned, format!("{}[{unit}]", wanted.line)));
                } else {
                    units.push(*unit);
                }
            }
            units.sort_unstable();
        }
        let asked = match (wanted.quantity_milli, named) {
            (0, 0) => left,
            (0, named) => named,
            (asked, _) => asked,
        };
        let whole_units = line.weighed || asked % 1_000 == 0;
        let fits_units = wanted.units.is_empty() || asked == named;
        if asked < 0 || !whole_units || !fits_units {
            found.push(Conflict::short(Refusal::OutOfRange, &wanted.line, left, asked));
            return None;
        }
        // Named units say themselves which of them are not there.
        if wanted.units.is_empty() && (asked > left || asked == 0) {
            found.push(Conflict::short(Refusal::QuantityExceeded, &wanted.line, left, asked.max(1)));
        }
        let asked = if wanted.units.is_empty() { asked.min(left) } else { units.len() as i64 * 1_000 };
        take(place, line, back, &units, asked)
    }

    /// The sums of a return, from its lines and from what was given back before.
    fn sums(&self, returned: &mut Returned, repriced: Option<Repriced>) {
        let sale = self.sale;
        let before =
            |of: fn(&Returned) -> i64| -> i64 { self.earlier.iter().map(|returned| of(returned)).sum() };
        let lines = |of: fn(&ReturnedLine) -> i64| -> i64 { returned.lines.iter().map(of).sum() };
        let lines_before = |of: fn(&ReturnedLine) -> i64| -> i64 {
            self.earlier.iter().flat_map(|returned| &returned.lines).map(of).sum()
        };
        let refunded = before(|returned| returned.refund_minor);
        let money = |line: &ReturnedLine| line.refund_minor;
        let whole = returned.whole;
        let restored = before(|returned| returned.points_restored);
        let priced_again = repriced.map(|rest| self.priced_again(rest, refunded, restored));

        let refund_minor = match priced_again {
            _ if whole => sale.due_minor - refunded,
            Some((money, _)) => money,
            None => lines(money).min(self.left_of_paid(refunded, lines_before, lines)),
        };
        let tax: i64 = sale.lines.iter().map(|line| line.tax_minor).sum();
        let tax_before = before(|returned| returned.tax_minor);
        let tax_minor = match repriced {
            _ if whole => tax - tax_before,
            Some(_) => share(tax, refunded + refund_minor, sale.due_minor, Rounding::HalfUp) - tax_before,
            None => lines(|line| line.tax_minor),
        };
        let spent = self.points_spent;
        let value = |line: &ReturnedLine| line.points_value_minor;
        let points_restored = match priced_again {
            _ if !self.rules.restore_points => 0,
            _ if whole => spent - restored,
            Some((_, points)) => points,
            None => {
                share(spent, lines_before(value) + lines(value), sale.points_value_minor, Rounding::Down)
                    - restored
            }
        };
        let taken = before(|returned| returned.points_taken_back);
        let points_taken_back = match repriced {
            _ if !self.rules.take_back_points => 0,
            _ if whole => sale.points_earned - taken,
            Some(rest) => sale.points_earned - rest.points_earned - taken,
            None => lines(|line| line.points_earned),
        };
        let qualifying = before(|returned| returned.qualifying_minor);
        let qualifying_minor = if whole {
            sale.qualifying_minor - qualifying
        } else {
            let so_far = share(
                sale.qualifying_minor,
                lines_before(money) + lines(money),
                sale.due_minor,
                Rounding::HalfUp,
            );
            (so_far - qualifying).clamp(0, (sale.qualifying_minor - qualifying).max(0))
        };
        returned.points_restored = points_restored.clamp(0, (spent - restored).max(0));
        returned.points_taken_back = points_taken_back.clamp(0, (sale.points_earned - taken).max(0));
        returned.qualifying_minor = qualifying_minor;
        returned.tax_minor = tax_minor;
        // Coarse coins are settled with the last of it, as far as they were not before.
        returned.refund_minor = refund_minor + if whole { sale.cash_rounding_minor } else { 0 };
    }

    /// What can be given back at most: what was paid less what was given back, and more by what deposits gave that are
    /// still out, because they are paid back later. Coins that were too coarse for what was due are short from the first
    /// return on that would give back more than was paid, not from the last one, which may have nothing left to give.
    fn left_of_paid(
        &self,
        refunded_minor: i64,
        lines_before: impl Fn(fn(&ReturnedLine) -> i64) -> i64,
        lines: impl Fn(fn(&ReturnedLine) -> i64) -> i64,
    ) -> i64 {
        let gave: i64 = self.sale.lines.iter().map(|line| line.paid_minor.min(0)).sum();
        let given = |line: &ReturnedLine| line.refund_minor.min(0);
        let still_out = gave - lines_before(given) - lines(given);
        (self.paid_minor() - refunded_minor - still_out).max(0)
    }

    /// What is due, or what was paid where coarse coins took something off it. What they added comes with the last return.
    fn paid_minor(&self) -> i64 {
        self.sale.due_minor + self.sale.cash_rounding_minor.min(0)
    }

    /// What a sale comes back with that is priced again: all that was paid, in money and in points, less what the rest
    /// costs in both, less what came back before. First the points that the rest does not take, then money.
    fn priced_again(&self, rest: Repriced, refunded_minor: i64, restored: i64) -> (i64, i64) {
        let (sale, spent) = (self.sale, self.points_spent);
        let money_max = (self.paid_minor() - refunded_minor).max(0);
        if !self.rules.restore_points {
            return ((sale.due_minor - rest.due_minor - refunded_minor).clamp(0, money_max), 0);
        }
        let worth = |points| share(sale.points_value_minor, points, sale.points_used, Rounding::Down);
        let paid_minor = sale.due_minor + sale.points_value_minor;
        let before_minor = refunded_minor + worth(restored);
        let back_minor = (paid_minor - rest.due_minor - rest.points_value_minor - before_minor).max(0);
        let covered =
            share(sale.points_used, worth(restored) + back_minor, sale.points_value_minor, Rounding::Down);
        let free = (spent - rest.points_used - restored).max(0);
        let points = free.min((covered - restored).max(0));
        let money_minor = back_minor - (worth(restored + points) - worth(restored));
        (money_minor.clamp(0, money_max), points)
    }
}

impl Back {
    fn add(&mut self, line: &ReturnedLine) {
        self.quantity_milli += line.quantity_milli;
        for (first, count) in &line.units {
            self.units.add(*first, *count);
        }
        self.refund_minor += line.refund_minor;
        self.tax_minor += line.tax_minor;
        self.points_value_minor += line.points_value_minor;
        self.points_earned += line.points_earned;
    }
}

/// How much of a line is still out, thousandths, as a magnitude.
fn left(line: &SaleLine, back: &Back) -> i64 {
    line.quantity_milli.abs() - back.quantity_milli.abs()
}

/// The part of a whole, nothing where there is no whole to be a part of.
fn share(amount: i64, part: i64, whole: i64, rounding: Rounding) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let exact = i128::from(amount) * i128::from(part);
    i64::try_from(divide_i128(exact, i128::from(whole), rounding)).unwrap_or(amount)
}

/// Takes so much of a line back: the named units, else the last ones. The line's own share of money, tax and points.
fn take(
    place: usize,
    line: &SaleLine,
    back: &mut Back,
    named: &[u32],
    quantity_milli: i64,
) -> Option<ReturnedLine> {
    if quantity_milli <= 0 {
        return None;
    }
    let mut returned = ReturnedLine {
        line: place as u32,
        quantity_milli: quantity_milli * line.quantity_milli.signum(),
        units: Vec::new(),
        refund_minor: 0,
        tax_minor: 0,
        points_value_minor: 0,
        points_earned: 0,
    };
    if line.weighed {
        let now = back.quantity_milli.abs() + quantity_milli;
        let of =
            |whole: i64, before: i64| share(whole, now, line.quantity_milli.abs(), Rounding::HalfUp) - before;
        returned.refund_minor = of(line.paid_minor, back.refund_minor);
        returned.tax_minor = of(line.tax_minor, back.tax_minor);
        returned.points_value_minor = of(line.points_value_minor, back.points_value_minor);
        returned.points_earned = of(line.points_earned, back.points_earned);
    } else {
        let total = (line.quantity_milli.abs() / 1_000) as u32;
        let mut units = Units::default();
        if named.is_empty() {
            units = back.units.last_missing(total, (quantity_milli / 1_000) as u32);
        } else {
            named.iter().for_each(|unit| units.add(*unit, 1));
        }
        for (first, count) in units.ranges() {
            add_runs(line, *first, *count, &mut returned);
        }
        returned.units = units.ranges().to_vec();
    }
    back.add(&returned);
    Some(returned)
}

/// What the units of a range were paid with.
fn add_runs(line: &SaleLine, first: u32, count: u32, returned: &mut ReturnedLine) {
    let (first, end) = (i64::from(first), i64::from(first) + i64::from(count));
    let mut begin = 0;
    for run in &line.runs {
        let units = (end.min(begin + run.units) - first.max(begin)).max(0);
        returned.refund_minor += units * run.paid_minor;
        returned.tax_minor += units * run.tax_minor;
        returned.points_value_minor += units * run.points_value_minor;
        returned.points_earned += units * run.points_earned;
        begin += run.units;
    }
}
