//! Paying with points (docs/pricing.md, rules 48 and 49).

use suanpan_domain::quote::{GivenUp, PointsOutcome};
use suanpan_domain::{Member, Money, PointsWanted, Reason, Rounding, divide_i128};
use suanpan_program::model::{CountsAs, PointsOffset};

use super::divide::{Receiver, Remainders, largest_remainder};
use super::selects::excepts;
use crate::ground::Ground;
use crate::state::State;

/// What points pay.
#[derive(Debug, Default)]
pub(super) struct Paid {
    /// Of each line, in money; empty while nothing is paid.
    pub(super) shares: Vec<i64>,
    /// Whether they lower the nets, rather than paying like money.
    pub(super) as_discount: bool,
    /// By how much nets and added taxes fall; empty unless they lower the nets.
    pub(super) net_falls: Vec<i64>,
    pub(super) tax_falls: Vec<i64>,
    receivers: Vec<Receiver>,
    remainders: Remainders,
}

/// What a payment with points looks at.
pub(super) struct Bill<'a, F> {
    pub(super) ground: &'a Ground<'a>,
    pub(super) state: &'a State,
    /// The added tax of a line.
    pub(super) added: F,
}

const WHOLE: i128 = 1_000_000;

impl<F: Fn(usize) -> i64> Bill<'_, F> {
    /// What points may pay of a line.
    fn payable(&self, offset: &PointsOffset, line: usize) -> i64 {
        let facts = &self.ground.lines[line];
        let as_discount = offset.counts_as == CountsAs::Discount;
        if facts.quantity_milli <= 0 || facts.gross < 0 || as_discount && !facts.open {
            return 0;
        }
        if excepts(offset.except.as_ref(), &self.ground.basket.lines[facts.first as usize], facts) {
            return 0;
        }
        (self.state.running[line] - self.state.reserved[line] + (self.added)(line)).max(0)
    }

    /// How many points pay, and why not more.
    pub(super) fn outcome(&self, member: Option<&Member>) -> PointsOutcome {
        let program = &self.ground.compiled.program;
        let refused = |reason| PointsOutcome { cut: Some(reason), ..PointsOutcome::default() };
        let wanted = self.ground.basket.points.wanted;
        if wanted == PointsWanted::None {
            return PointsOutcome::default();
        }
        let Some(member) = member else { return refused(Reason::MembersOnly) };
        let Some(offset) = &program.points.offset else { return refused(Reason::NoPointsOffset) };

        let balance = member.points.max(0);
        let mut points = match wanted {
            PointsWanted::Exact(points) => points.max(0),
            PointsWanted::Max | PointsWanted::None => balance,
        };
        let mut reason = None;
        let mut cut = |most: i64, why: Reason| {
            if most < points {
                points = most.max(0);
                reason = Some(why);
            }
        };
        let value_micro = i128::from(offset.value.micro().max(1));
        let in_points = |amount: i64| {
            let points = i128::from(amount.max(0)) * WHOLE / value_micro;
            i64::try_from(points).unwrap_or(i64::MAX)
        };
        let lines = 0..self.ground.lines.len();
        let payable: i64 = lines.clone().map(|line| self.payable(offset, line)).sum();
        let due: i64 =
            lines.map(|line| self.state.running[line] - self.state.reserved[line] + (self.added)(line)).sum();
        cut(balance, Reason::NotEnoughPoints);
        cut(in_points(payable), Reason::NothingLeftToDiscount);
        if let Some(share) = offset.at_most_share {
            let exact = i128::from(due.max(0)) * i128::from(share.ppm());
            cut(in_points(divide_i128(exact, WHOLE, Rounding::Down) as i64), Reason::PointsMaximum);
        }
        if let Some(amount) = offset.at_most_amount {
            cut(in_points(amount.minor()), Reason::PointsMaximum);
        }
        cut(in_points(due - program.minimum_due.minor()), Reason::PointsMaximum);
        let whole = points - points % offset.step.max(1);
        if whole < offset.at_least {
            points = 0;
            reason.get_or_insert(Reason::BelowSmallestUse);
        } else if whole < points {
            points = whole;
            reason.get_or_insert(Reason::PointsStep);
        }
        let value = divide_i128(i128::from(points) * value_micro, WHOLE, Rounding::Down) as i64;
        // Nobody gives points for nothing.
        if value == 0 && points > 0 {
            points = 0;
            reason = Some(Reason::BelowSmallestUse);
        }
        PointsOutcome {
            used: points,
            value: Money::from_minor(value),
            cut: reason,
            earned: 0,
            given_up: None,
        }
    }

    /// Divides what points pay between the lines. `net_fall` says by how much a line's net falls of a share that pays
    /// its added tax too.
    pub(super) fn pay(&self, value: i64, paid: &mut Paid, net_fall: impl Fn(usize, i64) -> i64) {
        paid.clear();
        let Some(offset) = self.ground.compiled.program.points.offset.as_ref().filter(|_| value > 0) else {
            return;
        };
        paid.receivers.extend(
            (0..self.ground.lines.len()).map(|line| Receiver::new(1, i128::from(self.payable(offset, line)))),
        );
        largest_remainder(value, &mut paid.receivers, &mut paid.remainders);
        paid.shares.extend(paid.receivers.iter().map(Receiver::total));
        paid.as_discount = offset.counts_as == CountsAs::Discount;
        if !paid.as_discount {
            return;
        }
        for (line, &share) in paid.shares.iter().enumerate() {
            // Neither net nor tax falls below zero; together they hold the share.
            let (net, tax) = (self.state.running[line], (self.added)(line));
            let fall =
                if share == 0 { 0 } else { net_fall(line, share).max(share - tax).min(net).min(share) };
            paid.net_falls.push(fall);
            paid.tax_falls.push(share - fall);
        }
    }
}

impl Paid {
    pub(super) fn clear(&mut self) {
        self.shares.clear();
        self.net_falls.clear();
        self.tax_falls.clear();
        self.receivers.clear();
        self.as_discount = false;
    }

    /// What they pay of a line like money.
    pub(super) fn tender(&self, line: usize) -> i64 {
        if self.as_discount { 0 } else { self.shares.get(line).copied().unwrap_or(0) }
    }
}

/// The outcome when points yield to an offer that excludes them.
pub(super) fn yielded(outcome: PointsOutcome, given_up: Option<GivenUp>) -> PointsOutcome {
    if outcome.used == 0 {
        return PointsOutcome { given_up, ..outcome };
    }
    PointsOutcome { cut: Some(Reason::ExcludedBy), given_up, ..PointsOutcome::default() }
}
