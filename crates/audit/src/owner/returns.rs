//! Returns: by unit, by line and in all never more than the sale, and exactly the sale when nothing is left of it.

use suanpan_domain::{Rounding, divide_i128};

use super::{Account, SaleStands};
use crate::code::Code;
use crate::decode::{Id, Line, Row, Run, kind, state, uuid};

/// What came back of the last sale so far.
#[derive(Default)]
pub(crate) struct Back {
    returns: Vec<Step>,
    lines: Vec<LineBack>,
    points_restored: i128,
    points_taken_back: i128,
    qualifying_minor: i128,
    coupons: Vec<Id>,
    /// Something in them was wrong already, so that their sums say nothing new.
    wrong: bool,
}

/// One return's money, which only makes sense in the order of the versions.
struct Step {
    version: u64,
    refund_minor: i64,
    tax_minor: i64,
    lines_refund_minor: i128,
    lines_tax_minor: i128,
    whole: bool,
}

#[derive(Clone, Default)]
struct LineBack {
    /// Thousandths, as a magnitude.
    quantity_milli: i128,
    units: Vec<(u32, u32)>,
    /// Money, tax, points' value, points earned.
    sums: [i128; 4],
}

impl Account {
    /// Looks at a return of the last sale.
    pub(super) fn take_return(&mut self, row: &Row) {
        self.counts.returns += 1;
        let sold = matches!(self.sale.state, state::CONFIRMED | state::PARKED);
        match self.sale_stands {
            SaleStands::Yes if self.sale.key.id() == row.key.id() && sold => {}
            SaleStands::Unreadable(id) if id == row.key.id() => return,
            _ => {
                self.find(Code::ReturnWithoutSale, Some(&row.key), || {
                    "there is no such paid sale".to_owned()
                });
                return;
            }
        }
        let before = self.wrong.len();
        self.check_return_waits(row);
        self.check_return_booked(row);
        if self.back.returns.is_empty() {
            self.back.lines.clear();
            self.back.lines.resize(self.sale.sale.lines.len(), LineBack::default());
        }
        let mut step = Step {
            version: row.version,
            refund_minor: row.returned.refund_minor,
            tax_minor: row.returned.tax_minor,
            lines_refund_minor: 0,
            lines_tax_minor: 0,
            whole: row.returned.whole,
        };
        self.take_lines(row, &mut step);
        let back = &mut self.back;
        back.returns.push(step);
        back.points_restored += i128::from(row.returned.points_restored);
        back.points_taken_back += i128::from(row.returned.points_taken_back);
        back.qualifying_minor += i128::from(row.returned.qualifying_minor);
        back.wrong |= self.wrong.len() > before;
    }

    fn check_return_waits(&mut self, row: &Row) {
        if row.state == state::PARKED {
            self.parked += 1;
        } else if row.accrued == 0 && !self.meet_pending(&row.key) {
            self.find(Code::AccrualLost, Some(&row.key), || {
                "it is neither accrued nor waiting nor parked".to_owned()
            });
        }
        if row.accrued <= row.version {
            return;
        }
        self.spend_minor -= i128::from(row.returned.qualifying_minor);
        self.purchases -= i64::from(row.returned.whole && self.sale.sale.qualifying_minor > 0);
        if self.sale.accrued == 0 {
            self.find(Code::ReturnBookedWrongly, Some(&row.key), || {
                "it was accrued before its sale".to_owned()
            });
        }
    }

    /// What it says against what it booked: restored points with it, taken ones with its accrual.
    fn check_return_booked(&mut self, row: &Row) {
        let returned = &row.returned;
        let account = row.accrued != row.version;
        let restored = row.booked(kind::RESTORED, None);
        let taken = row.booked(kind::TAKEN_BACK, None);
        let said = |says: bool, points: i64| if says { i128::from(points) } else { 0 };
        let says_restored = said(account, returned.points_restored);
        let friend = if row.took_referral_back { self.sale.friend_points } else { 0 };
        let says_taken = said(account && row.accrued != 0, returned.points_taken_back.saturating_add(friend));
        let mut wrong = Vec::new();
        if restored != says_restored {
            wrong.push(format!("{restored} points came back, it says {says_restored}"));
        }
        if taken != says_taken {
            wrong.push(format!("{taken} points were taken back, it says {says_taken}"));
        }
        if !account {
            let says = (returned.points_restored, returned.points_taken_back);
            let carried = row.elsewhere.unwrap_or_default();
            if carried != says {
                wrong.push(format!(
                    "{} and {} points are carried over, it says {} and {}",
                    carried.0, carried.1, says.0, says.1
                ));
            }
        }
        for text in wrong {
            self.find(Code::ReturnBookedWrongly, Some(&row.key), || text);
        }
        let came = row.movements.iter().filter(|movement| movement.kind == kind::COUPON_RETURNED);
        let came: Vec<Id> = came.filter_map(|movement| movement.coupon).collect();
        for coupon in &came {
            let used = self
                .sale
                .movements
                .iter()
                .any(|movement| movement.kind == kind::COUPON_USED && movement.coupon == Some(*coupon));
            if !used || !returned.whole || self.back.coupons.contains(coupon) {
                self.find(Code::CouponReturnedWrongly, Some(&row.key), || {
                    format!("coupon {} came back without a right to, or again", uuid(coupon))
                });
            }
            self.back.coupons.push(*coupon);
        }
        if let Some(coupon) = returned.coupons.iter().find(|coupon| !came.contains(coupon)) {
            self.find(Code::CouponReturnedWrongly, Some(&row.key), || {
                format!("coupon {} should have come back", uuid(coupon))
            });
        }
    }

    /// Adds the lines, each against what was sold.
    fn take_lines(&mut self, row: &Row, step: &mut Step) {
        let mut wrong: Vec<(Code, String)> = Vec::new();
        for returned in &row.returned.lines {
            let number = returned.line as usize;
            let (Some(line), Some(back)) =
                (self.sale.sale.lines.get(number), self.back.lines.get_mut(number))
            else {
                wrong.push((Code::ReturnedTooMuch, format!("line {number} was not sold")));
                continue;
            };
            let units = row.returned.units_of(returned);
            let count: i128 = units.iter().map(|(_, count)| i128::from(*count)).sum();
            let quantity = i128::from(returned.quantity_milli);
            let same_sign = returned.quantity_milli.signum() == line.quantity_milli.signum();
            if !same_sign || !line.weighed && count * 1_000 != quantity.abs() {
                let text = format!("line {number}: {quantity} thousandths in {count} units");
                wrong.push((Code::ReturnedTooMuch, text));
            }
            let amounts = [
                returned.refund_minor,
                returned.tax_minor,
                returned.points_value_minor,
                returned.points_earned,
            ]
            .map(i128::from);
            if !line.weighed && paid_by(self.sale.sale.runs_of(line), units) != amounts {
                let text =
                    format!("line {number} gives {} minor units and {} points", amounts[0], amounts[3]);
                wrong.push((Code::RefundDiffers, format!("{text}, its units had other ones")));
            }
            back.quantity_milli += quantity.abs();
            back.units.extend_from_slice(units);
            back.sums.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
            step.lines_refund_minor += amounts[0];
            step.lines_tax_minor += amounts[1];
        }
        for (code, text) in wrong {
            self.find(code, Some(&row.key), || text);
        }
    }

    /// The last of its returns was there: everything that came back against the sale.
    pub(super) fn end_sale(&mut self) {
        if self.sale_stands != SaleStands::Yes {
            self.sale_stands = SaleStands::No;
            return;
        }
        let mut whole = false;
        if !self.back.returns.is_empty() {
            let mut back = std::mem::take(&mut self.back);
            whole = back.returns.iter().any(|step| step.whole);
            self.check_back(&mut back, whole);
            back.returns.clear();
            (back.points_restored, back.points_taken_back, back.qualifying_minor) = (0, 0, 0);
            back.coupons.clear();
            back.wrong = false;
            self.back = back;
        }
        self.say_shares(whole);
        self.sale_stands = SaleStands::No;
    }

    fn check_back(&mut self, back: &mut Back, whole: bool) {
        let key = self.sale.key;
        let mut wrong: Vec<(Code, String)> = Vec::new();
        let mut all = true;
        for (number, (line, back)) in self.sale.sale.lines.iter().zip(&mut back.lines).enumerate() {
            let sold = i128::from(line.quantity_milli).abs();
            all &= back.quantity_milli == sold;
            let within = |units: &(u32, u32)| (i128::from(units.0) + i128::from(units.1)) * 1_000 <= sold;
            if back.quantity_milli > sold || overlap(&mut back.units) || !back.units.iter().all(within) {
                let text = format!("line {number}: {} of {sold} thousandths came back", back.quantity_milli);
                wrong.push((Code::ReturnedTooMuch, text));
            } else if line.weighed && !weighed_is_right(line, back, back.quantity_milli == sold) {
                let text =
                    format!("line {number}: {} minor units of {} came back", back.sums[0], line.paid_minor);
                wrong.push((Code::RefundDiffers, text));
            }
        }
        if all != whole {
            let what = if whole { "something is left, a return says nothing" } else { "nothing is left" };
            wrong.push((Code::ReturnedTooMuch, what.to_owned()));
        }
        if !back.wrong && wrong.is_empty() {
            wrong.extend(self.wrong_money(back, whole).map(|text| (Code::RefundDiffers, text)));
        }
        let spent = self.sale.booked(kind::SPENT, None);
        let earned = i128::from(self.sale.sale.points_earned);
        for (what, given, most) in
            [("restored", back.points_restored, spent), ("taken back", back.points_taken_back, earned)]
        {
            if given < 0 || given > most {
                wrong.push((Code::ReturnPointsDiffer, format!("{given} of {most} points were {what}")));
            }
        }
        for (code, text) in wrong {
            self.find(code, Some(&key), || text);
        }
    }

    /// What is wrong with the money of all returns together.
    fn wrong_money(&self, back: &mut Back, whole: bool) -> Option<String> {
        let sale = &self.sale.sale;
        let (due, rounding) = (i128::from(sale.due_minor), i128::from(sale.cash_rounding_minor));
        let tax: i128 = sale.lines.iter().map(|line| i128::from(line.tax_minor)).sum();
        let qualifying = i128::from(sale.qualifying_minor);
        back.returns.sort_unstable_by_key(|step| step.version);
        let (mut refunded, mut taxed) = (0, 0);
        for step in &back.returns {
            refunded += i128::from(step.refund_minor);
            taxed += i128::from(step.tax_minor);
            if step.whole {
                continue;
            }
            // Either the lines' shares, or what is left was priced again: then the tax is a share of the money.
            // Where coarse coins took something off what was paid, the lines' shares end where all of that is back.
            let short = step.lines_refund_minor - i128::from(step.refund_minor);
            let all_is_back = short > 0 && short <= -rounding && refunded >= due + rounding;
            let by_lines = (short == 0 || all_is_back) && i128::from(step.tax_minor) == step.lines_tax_minor;
            let priced_again = step.refund_minor >= 0 && taxed == share(tax, refunded, due);
            if !by_lines && !priced_again {
                return Some(format!(
                    "version {} gave {} minor units for lines of {}",
                    step.version, step.refund_minor, step.lines_refund_minor
                ));
            }
        }
        if whole {
            let exact = refunded == due + rounding && taxed == tax && back.qualifying_minor == qualifying;
            return (!exact).then(|| {
                format!(
                    "all came back: {refunded} of {} minor units, tax {taxed} of {tax}, qualifying {} of {qualifying}",
                    due + rounding,
                    back.qualifying_minor
                )
            });
        }
        let most: i128 = sale.lines.iter().map(|line| i128::from(line.paid_minor.max(0))).sum();
        let within = refunded <= most && (0..=qualifying.max(0)).contains(&back.qualifying_minor);
        (!within).then(|| {
            format!(
                "{refunded} of {most} minor units came back, qualifying {} of {qualifying}",
                back.qualifying_minor
            )
        })
    }
}

/// What units were paid with: money, tax, points' value, points earned.
fn paid_by(runs: &[Run], units: &[(u32, u32)]) -> [i128; 4] {
    let mut sums = [0; 4];
    for (first, count) in units {
        let (first, end) = (i128::from(*first), i128::from(*first) + i128::from(*count));
        let mut begin = 0;
        for run in runs {
            let run_end = begin + i128::from(run.units);
            let units = (end.min(run_end) - first.max(begin)).max(0);
            let of = [run.paid_minor, run.tax_minor, run.points_value_minor, run.points_earned];
            sums.iter_mut().zip(of).for_each(|(sum, one)| *sum += units * i128::from(one));
            begin = run_end;
        }
    }
    sums
}

/// Whether a unit is there twice; sorts them.
fn overlap(units: &mut [(u32, u32)]) -> bool {
    units.sort_unstable();
    units.windows(2).any(|pair| u64::from(pair[0].0) + u64::from(pair[0].1) > u64::from(pair[1].0))
}

/// Whether what came back of a weighed line is within it, and all of it when nothing is left.
fn weighed_is_right(line: &Line, back: &LineBack, all: bool) -> bool {
    let whole =
        [line.paid_minor, line.tax_minor, line.points_value_minor, line.points_earned].map(i128::from);
    if all {
        return back.sums == whole;
    }
    let within = |(sum, whole): (&i128, &i128)| (0.min(*whole)..=0.max(*whole)).contains(sum);
    back.sums.iter().zip(&whole).all(within)
}

/// The part of an amount that a part of a whole is, half up; nothing where there is no whole.
fn share(amount: i128, part: i128, whole: i128) -> i128 {
    if whole <= 0 { 0 } else { divide_i128(amount.saturating_mul(part), whole, Rounding::HalfUp) }
}
