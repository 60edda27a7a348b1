//! Sales: reserved ones with their holds, paid ones with what they took and what they earn.

use super::{Account, Class, SaleShare, ShareOf};
use crate::code::Code;
use crate::decode::{Line, Row, Run, Sale, Status, kind, reason, state, uuid};

impl Account {
    /// Looks at the row of a sale; its returns come next.
    pub(super) fn begin_sale(&mut self, row: &Row) {
        match row.state {
            state::RESERVED => {
                self.counts.reserved += 1;
                self.check_reserved(row);
            }
            state::CONFIRMED | state::PARKED => {
                self.counts.sales += 1;
                self.paid.push(row.key.id());
                self.check_paid(row);
            }
            _ => {
                self.counts.ended += 1;
                let (held, freed) = (row.booked(kind::HELD, None), row.booked(kind::FREED, None));
                if held != freed {
                    self.find(Code::HoldDiffers, Some(&row.key), || {
                        format!("it ended with {freed} of {held} held points freed")
                    });
                }
            }
        }
    }

    fn check_reserved(&mut self, row: &Row) {
        if row.has_sale && !adds_up(&row.sale, false) {
            self.find(Code::SaleUnbalanced, Some(&row.key), || "its lines are not its totals".to_owned());
        }
        if self.guest.is_some() || self.unreadable && self.head.version == 0 {
            return;
        }
        let id = row.key.id();
        let Some(place) = self.head.holds.iter().position(|hold| hold.checkout == id) else {
            self.find(Code::SaleWithoutHold, Some(&row.key), || "it is reserved, nothing is held".to_owned());
            return;
        };
        self.holds_met[place] = true;
        let hold = &self.head.holds[place];
        let points: i128 = hold.points.iter().map(|(_, points)| i128::from(*points)).sum();
        let booked = row.booked(kind::HELD, None) - row.booked(kind::FREED, None);
        let mut differ = Vec::new();
        if points != i128::from(row.sale.points_used) || points != booked {
            let used = row.sale.points_used;
            differ.push(format!("{points} points are held, {booked} booked, {used} used"));
        }
        if hold.coupons != row.sale.coupons {
            differ.push("it holds other coupons".to_owned());
        }
        if hold.uses != row.sale.uses {
            differ.push("it holds other uses".to_owned());
        }
        if hold.until_ms != row.until_ms || hold.first_purchase != row.sale.first_purchase {
            differ.push("it ends at another time, or is another first purchase".to_owned());
        }
        for text in differ {
            self.find(Code::HoldDiffers, Some(&row.key), || text);
        }
    }

    /// Holds whose sale was not met.
    pub(super) fn check_holds_met(&mut self) {
        for place in 0..self.head.holds.len() {
            if !self.holds_met[place] {
                let checkout = uuid(&self.head.holds[place].checkout);
                self.find(Code::HoldWithoutSale, None, || {
                    format!("sale {checkout} is held and not reserved")
                });
            }
        }
    }

    fn check_paid(&mut self, row: &Row) {
        if row.has_sale && !adds_up(&row.sale, true) {
            self.find(Code::SaleUnbalanced, Some(&row.key), || {
                "its lines, its tenders and its totals do not add up".to_owned()
            });
        }
        let spent = row.booked(kind::SPENT, None);
        // Facts of guests, and of members that were not there or had left, take and earn nothing.
        let without_account = self.guest.is_some()
            || row.accrued != 0 && row.accrued == row.version
            || self.head.status == Status::Closed && spent == 0 && row.booked(kind::EARNED, None) == 0;
        let used = if without_account { 0 } else { i128::from(row.sale.points_used) };
        if spent != used {
            self.find(Code::SpentDiffers, Some(&row.key), || {
                format!("{spent} points were taken, it was paid with {used}")
            });
        }
        self.check_accrued(row, without_account);
        if without_account {
            return;
        }
        for coupon in &row.sale.coupons {
            let booked = |movement: &&crate::decode::Movement| {
                movement.kind == kind::COUPON_USED && movement.coupon == Some(*coupon)
            };
            let missing = row.overruns.iter().any(|overrun| {
                (reason::COUPON_UNKNOWN..=reason::COUPON_EXPIRED).contains(&overrun.reason)
                    && overrun.subject == Some(*coupon)
            });
            if row.movements.iter().filter(booked).count() != 1 && !missing {
                self.find(Code::CouponUseMisplaced, Some(&row.key), || {
                    format!("coupon {} of it was not used once", uuid(coupon))
                });
            }
        }
        self.uses_unsure |= row.overruns.iter().any(|overrun| overrun.reason == reason::HEAD_FULL);
        for used in &row.sale.uses {
            *self.uses.entry((used.offer, used.period)).or_default() += u64::from(used.used);
        }
    }

    /// A paid sale is accrued once, waits or is parked.
    fn check_accrued(&mut self, row: &Row, without_account: bool) {
        if row.state == state::PARKED {
            self.parked += 1;
            if row.accrued != 0 {
                self.find(Code::AccrualDiffers, Some(&row.key), || "it is parked and accrued".to_owned());
            }
            return;
        }
        if row.accrued == 0 && !self.meet_pending(&row.key) {
            self.find(Code::AccrualLost, Some(&row.key), || {
                "it is paid, not accrued, not waiting and not parked".to_owned()
            });
        }
        let elsewhere = |movement: &&crate::decode::Movement| {
            movement.kind == kind::EARNED && movement.version != row.accrued
        };
        if let Some(twice) = row.movements.iter().find(elsewhere) {
            self.find(Code::AccrualDiffers, Some(&row.key), || {
                format!(
                    "{} points were earned by version {}, it was accrued by {}",
                    twice.points, twice.version, row.accrued
                )
            });
        }
        if row.accrued == 0 || without_account {
            return;
        }
        let earned = row.booked(kind::EARNED, Some(row.accrued));
        let expected = i128::from(row.sale.points_earned) + i128::from(row.friend_points);
        // A tier that it reached may have brought points too.
        let welcome = row
            .movements
            .iter()
            .any(|movement| movement.kind == kind::TIER_UP && movement.version == row.accrued);
        if earned < expected || earned > expected && !welcome {
            self.find(Code::AccrualDiffers, Some(&row.key), || {
                format!("{earned} points were credited, it earned {expected}")
            });
        }
        self.spend_minor += i128::from(row.sale.qualifying_minor);
        self.purchases += i64::from(row.sale.qualifying_minor > 0);
    }

    /// Says which shares of limits and codes the last sale has, once it is known what came back of it.
    pub(super) fn say_shares(&mut self, whole: bool) {
        let row = std::mem::take(&mut self.sale);
        let class = match row.state {
            state::RESERVED => Some(Class::Held),
            state::CONFIRMED | state::PARKED => Some(Class::Taken),
            _ => None,
        };
        if let Some(class) = class {
            let checkout = row.key.id();
            let uses = &row.sale.global_uses;
            for (place, used) in uses.iter().enumerate() {
                // An offer that is named again is moved again: the last one counts.
                if uses[place + 1..].iter().any(|later| later.offer == used.offer) {
                    continue;
                }
                let given_back = class == Class::Taken && whole && used.given_back_if_whole;
                let class = if given_back { Class::GivenBack } else { class };
                let (offer, uses, amount_minor) = (used.offer, u64::from(used.uses), used.amount_minor);
                let of = ShareOf::Limit { offer, uses, amount_minor };
                self.shares.push(SaleShare { checkout, of, class });
            }
            for (place, code) in row.sale.codes.iter().enumerate() {
                let missing = row.overruns.iter().any(|overrun| {
                    (reason::CODE_HELD..=reason::CODE_UNKNOWN).contains(&overrun.reason)
                        && overrun.subject == Some(*code)
                });
                if missing || row.sale.codes[..place].contains(code) {
                    continue;
                }
                let class = if class == Class::Taken && whole { Class::TakenOrFree } else { class };
                self.shares.push(SaleShare { checkout, of: ShareOf::Code(*code), class });
            }
        }
        self.sale = row;
    }
}

/// Whether lines are the sum of their runs, totals the sum of the lines, and tenders what is due.
fn adds_up(sale: &Sale, paid: bool) -> bool {
    let mut sums = [0_i128; 3];
    for line in &sale.lines {
        let parts = [line.paid_minor, line.points_value_minor, line.points_earned];
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += i128::from(part));
        if !runs_are(line, sale.runs_of(line)) {
            return false;
        }
    }
    let due = i128::from(sale.due_minor);
    sums == [due, i128::from(sale.points_value_minor), i128::from(sale.points_earned)]
        && (!paid || sale.tendered_minor == due + i128::from(sale.cash_rounding_minor))
}

fn runs_are(line: &Line, runs: &[Run]) -> bool {
    let mut sums = [0_i128; 5];
    for run in runs {
        let of = [1, run.paid_minor, run.tax_minor, run.points_value_minor, run.points_earned];
        let units = i128::from(run.units);
        sums.iter_mut().zip(of).for_each(|(sum, one)| *sum += i128::from(one) * units);
    }
    let units = if line.weighed { 1_000 } else { i128::from(line.quantity_milli).abs() };
    sums[0] * 1_000 == units
        && [line.paid_minor, line.tax_minor, line.points_value_minor, line.points_earned]
            .into_iter()
            .zip(&sums[1..])
            .all(|(whole, sum)| i128::from(whole) == *sum)
}
