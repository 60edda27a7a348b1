//! What a head says, against its columns, against itself and against what the rows add up to.

use suanpan_store::RawHead;

use super::Account;
use crate::code::Code;
use crate::decode::{Head, Hold, NEVER_MS, NEVER_S, Status};

/// Names of the sums, in the order of the kinds of movements.
const SUMS: [&str; 8] =
    ["earned", "restored", "adjusted", "transferred in", "spent", "expired", "taken back", "transferred out"];
/// Counters of limited offers that a head has room for: below it none was ever dropped.
const COUNTERS_MAX: usize = 48;

impl Account {
    pub(super) fn check_columns(&mut self, raw: &RawHead) {
        let Head { epoch, version, as_of_ms, .. } = self.head;
        for (name, column, inside) in [
            ("epoch", i128::from(raw.epoch), i128::from(epoch)),
            ("version", i128::from(raw.version), i128::from(version)),
            ("as_of", i128::from(raw.as_of_ms), i128::from(as_of_ms)),
        ] {
            if column != inside {
                self.find(Code::ColumnDiffers, None, || {
                    format!("{name} is {column} in its column, {inside} in the head")
                });
            }
        }
    }

    pub(super) fn check_head(&mut self, due_at_ms: Option<i64>) {
        let waits = first_due(&self.head);
        if let Some(waits_ms) = waits.filter(|waits_ms| due_at_ms.is_none_or(|due_ms| due_ms > *waits_ms)) {
            self.find(Code::DueTooLate, None, || match due_at_ms {
                Some(due_ms) => format!("due at {due_ms}, but something waits since {waits_ms}"),
                None => format!("never due, but something waits since {waits_ms}"),
            });
        }
        let (left, right) = (balance_of_sums(&self.head), self.head.balance());
        if left != right {
            self.find(Code::PointsUnbalanced, None, || {
                format!("the sums leave {left} points, lots less debt are {right}")
            });
        }
        for what in malformed(&self.head, self.guest.is_some()) {
            self.find(Code::HeadMalformed, None, || what.to_owned());
        }
        self.check_held();
    }

    /// Held points and coupons against the holds.
    fn check_held(&mut self) {
        let head = &self.head;
        let mut wrong = Vec::new();
        let held_by_holds = |expires_s: i64| -> i128 {
            let points = head.holds.iter().flat_map(|hold| &hold.points);
            points.filter(|(lot, _)| *lot == expires_s).map(|(_, points)| i128::from(*points)).sum()
        };
        for lot in &head.lots {
            let holds = held_by_holds(lot.expires_s);
            if i128::from(lot.held) != holds {
                wrong.push(format!(
                    "the lot that expires at {} s has {} held points, the holds name {holds}",
                    lot.expires_s, lot.held
                ));
            }
        }
        for (expires_s, points) in head.holds.iter().flat_map(|hold| &hold.points) {
            if !head.lots.iter().any(|lot| lot.expires_s == *expires_s) {
                wrong.push(format!("{points} points are held of a lot at {expires_s} s that is not there"));
            }
        }
        for coupon in &head.coupons {
            let holds =
                head.holds.iter().flat_map(|hold| &hold.coupons).filter(|id| **id == coupon.id).count();
            if holds != usize::from(coupon.held) {
                wrong.push(format!(
                    "coupon {} is {}, {holds} holds name it",
                    crate::decode::uuid(&coupon.id),
                    if coupon.held { "held" } else { "free" }
                ));
            }
        }
        for id in head.holds.iter().flat_map(|hold| &hold.coupons) {
            if !head.coupons.iter().any(|coupon| coupon.id == *id) {
                wrong.push(format!("coupon {} is held and not there", crate::decode::uuid(id)));
            }
        }
        for text in wrong {
            self.find(Code::HeldDiffers, None, || text);
        }
    }

    /// Sums, lots and debt against the movements.
    pub(super) fn check_points(&mut self) {
        for (place, name) in SUMS.iter().enumerate() {
            let (head, rows) = (i128::from(self.head.sums[place]), self.sums[place]);
            if head != rows {
                self.find(Code::SumDiffers, None, || {
                    format!("{name} is {head}, the movements add up to {rows}")
                });
            }
        }
        let head = &self.head;
        let mut there: Vec<(i64, i128)> = head
            .lots
            .iter()
            .map(|lot| (lot.expires_s, i128::from(lot.points)))
            .chain(head.delayed.iter().map(|delayed| (delayed.expires_s, i128::from(delayed.points))))
            .collect();
        there.sort_unstable_by_key(|(expires_s, _)| *expires_s);
        there.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1 += later.1;
            }
            same
        });
        let mut wrong = Vec::new();
        let mut debt = 0;
        let mut rest = there.iter().peekable();
        for (expires_s, points) in &self.points {
            if *expires_s == 0 {
                debt = -points;
                continue;
            }
            while let Some((lot, points)) = rest.next_if(|(lot, _)| lot < expires_s) {
                wrong.push((*lot, *points, 0));
            }
            let has = rest.next_if(|(lot, _)| lot == expires_s).map_or(0, |(_, points)| *points);
            if has != *points {
                wrong.push((*expires_s, has, *points));
            }
        }
        wrong.extend(rest.map(|(lot, points)| (*lot, *points, 0)));
        for (expires_s, has, left) in wrong {
            self.find(Code::LotDiffers, None, || {
                format!("{has} points expire at {expires_s} s, the movements left {left}")
            });
        }
        let owed = i128::from(self.head.debt);
        if owed != debt {
            self.find(Code::DebtDiffers, None, || {
                format!("{owed} points are owed, the movements left {debt}")
            });
        }
    }

    /// Versions: none ahead of the head, none of two rows, the first one there.
    pub(super) fn check_versions(&mut self) {
        if self.unreadable && self.head.version == 0 {
            return;
        }
        let mut versions = std::mem::take(&mut self.versions);
        versions.sort_unstable();
        versions.dedup();
        if let Some((version, _)) = versions.last().filter(|(version, _)| *version > self.head.version) {
            let head = self.head.version;
            self.find(Code::VersionAhead, None, || {
                format!("a row or a movement has version {version}, the head {head}")
            });
        }
        if let Some(pair) = versions.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            self.find(Code::VersionTwice, None, || format!("version {} wrote two rows", pair[0].0));
        }
        let first = versions.first().map(|(version, _)| *version);
        if !self.unreadable && first != Some(1) {
            self.find(Code::VersionTwice, None, || match first {
                Some(version) => format!("the first row is of version {version}: that of version 1 is gone"),
                None => "there is a head and no row".to_owned(),
            });
        }
        self.versions = versions;
    }

    /// What waits names rows that were met, each once.
    pub(super) fn check_waiting(&mut self) {
        for place in 0..self.head.pending.len() {
            let waiting = self.head.pending[place];
            if !self.pending_met[place] {
                self.find(Code::PendingWrong, Some(&waiting.key), || {
                    "it waits for its accrual, but it is not there, not paid, done, or waits twice".to_owned()
                });
            }
        }
        for place in 0..self.head.emitting.len() {
            let waiting = self.head.emitting[place];
            if !self.emitting_met[place] {
                self.find(Code::EmittingWrong, Some(&waiting.key), || {
                    format!("version {} owes derived writes for it, but it owes none", waiting.version)
                });
            }
        }
        let (head, rows) = (self.head.parked, self.parked);
        if head != rows && !self.unreadable {
            self.find(Code::ParkedDiffers, None, || {
                format!("{head} rows are parked by the head, {rows} are")
            });
        }
    }

    /// Uses of limited offers against those of the sales: exactly, unless an ended period may have been dropped.
    pub(super) fn check_uses(&mut self) {
        if self.inherited || self.uses_unsure || !self.head.has_account() {
            return;
        }
        let mut wrong = Vec::new();
        let full = self.head.counters.len() >= COUNTERS_MAX;
        for counter in &self.head.counters {
            let rows = self.uses.remove(&(counter.offer, counter.period)).unwrap_or_default();
            let head = u64::from(counter.used);
            if head > rows || head < rows && !full {
                wrong.push((counter.offer, head, rows));
            }
        }
        if !full {
            wrong.extend(self.uses.iter().map(|((offer, _), rows)| (*offer, 0, *rows)));
        }
        wrong.sort_unstable();
        for (offer, head, rows) in wrong {
            self.find(Code::UsesDiffer, None, || {
                format!("offer {offer:016x} counts {head} uses in a period, the sales have {rows}")
            });
        }
    }

    /// What counts for tiers against the accrued sales and returns.
    pub(super) fn check_tier_basis(&mut self) {
        if self.inherited || !self.head.has_account() {
            return;
        }
        let (spend, purchases, _) = self.head.lifetime;
        if i128::from(spend) != self.spend_minor || purchases != self.purchases {
            let (rows_spend, rows_purchases) = (self.spend_minor, self.purchases);
            self.find(Code::TierBasisDiffers, None, || {
                format!(
                    "{spend} minor units and {purchases} purchases since enrolment, the sales left {rows_spend} and {rows_purchases}"
                )
            });
        }
    }
}

/// `earned + restored + adjusted + transferred in - spent - expired - taken back - transferred out`.
fn balance_of_sums(head: &Head) -> i128 {
    let [plus, minus] =
        [&head.sums[..4], &head.sums[4..]].map(|sums| sums.iter().map(|sum| i128::from(*sum)).sum::<i128>());
    plus - minus
}

/// The earliest instant at which something about a head has to be done for sure, Unix milliseconds. Programs may make
/// more due, and earlier.
fn first_due(head: &Head) -> Option<i64> {
    if !head.pending.is_empty() || !head.emitting.is_empty() {
        return Some(head.as_of_ms);
    }
    if !head.has_account() {
        return None;
    }
    let lots = head.lots.iter().filter(|lot| lot.points > lot.held).map(|lot| lot.expires_s);
    let delayed = head.delayed.iter().map(|delayed| delayed.release_s.min(delayed.expires_s));
    let coupons = head.coupons.iter().filter(|coupon| !coupon.held).map(|coupon| coupon.expires_s);
    let seconds = lots.chain(delayed).chain(coupons).filter(|at_s| *at_s < NEVER_S);
    let holds = head.holds.iter().map(|hold| hold.until_ms).filter(|until_ms| *until_ms < NEVER_MS);
    seconds.map(|at_s| at_s.saturating_mul(1_000)).chain(holds).min()
}

/// Everything that is out of shape.
fn malformed(head: &Head, guest: bool) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut need = |holds: bool, what| {
        if !holds {
            found.push(what);
        }
    };
    let ascend = |list: &[Hold]| list.windows(2).all(|pair| pair[0].checkout < pair[1].checkout);
    need(head.debt >= 0, "a debt is negative");
    need(
        head.lots
            .iter()
            .all(|lot| lot.points > 0 && (0..=lot.points).contains(&lot.held) && lot.expires_s > 0),
        "a lot is empty, or holds more than it has",
    );
    need(head.lots.windows(2).all(|pair| pair[0].expires_s < pair[1].expires_s), "lots are out of order");
    need(
        head.delayed.iter().all(|delayed| delayed.points > 0 && delayed.expires_s > 0),
        "delayed points are empty",
    );
    need(
        head.coupons.windows(2).all(|pair| pair[0].id < pair[1].id),
        "coupons are out of order or there twice",
    );
    need(ascend(&head.holds), "holds are out of order or there twice");
    need(
        head.holds.iter().flat_map(|hold| &hold.points).all(|(_, points)| *points > 0),
        "a hold of points is empty",
    );
    need(
        head.counters
            .windows(2)
            .all(|pair| (pair[0].offer, pair[0].period) != (pair[1].offer, pair[1].period)),
        "uses of a period are there twice",
    );
    let (_, since_ms, until_ms) = head.tier;
    need(since_ms <= head.as_of_ms, "a tier begins in the future");
    need(until_ms == 0 || until_ms > since_ms, "a tier ends before it begins");
    need(guest == (head.status == Status::Guest), "a guest's status, or a guest without one");
    let empty = head.lots.is_empty()
        && head.delayed.is_empty()
        && head.coupons.is_empty()
        && head.holds.is_empty()
        && head.pending.is_empty()
        && head.counters.is_empty();
    need(head.has_account() || empty, "something is left where there is no account");
    found
}
