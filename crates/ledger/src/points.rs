//! Points in lots: what can be spent, in which order it goes, what lapses, what is owed.

use crate::calendar;
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind};
use crate::head::{Delayed, Head, HeldPoints, Hold, Lot, NEVER_MS};
use crate::limits::{DELAYED_MAX, LOTS_MAX};
use crate::outcome::Emit;
use suanpan_domain::CheckoutId;

/// Points that can be spent at an instant: neither lapsed nor held.
pub(crate) fn spendable(head: &Head, now_ms: i64) -> i64 {
    head.lots.iter().filter(|lot| lot.expires_ms > now_ms).map(|lot| lot.points - lot.held).sum()
}

impl Draft<'_> {
    /// Books what time brought: releases in their order, then what lapsed, each dated at its own instant. Lapses wait
    /// while no derived write more may be owed; until then they are merely unspendable.
    pub(crate) fn book_time(&mut self) {
        if !self.head.has_account() {
            return;
        }
        while let Some(place) =
            self.head.delayed.iter().position(|d| d.release_ms <= self.now_ms && d.release_ms < d.expires_ms)
        {
            let released = self.head.delayed.remove(place);
            self.book(MovementKind::Released, released.points, released.expires_ms, released.release_ms);
            let paid = released.points.min(self.head.debt_points);
            self.head.debt_points -= paid;
            self.book(MovementKind::Moved, -paid, released.expires_ms, released.release_ms);
            self.book(MovementKind::Moved, paid, 0, released.release_ms);
            self.add_lot(released.expires_ms, released.points - paid, 0);
        }
        self.lapse_coupons();
        if self.may_emit() {
            let lapsed = self.lapse();
            if lapsed > 0 {
                self.emits.push(Emit::PointsExpired { points: lapsed });
            }
        }
        self.trim_unannounced();
    }

    fn lapse(&mut self) -> i64 {
        let mut lapsed = 0;
        let mut place = 0;
        while let Some(lot) = self.head.lots.get_mut(place).filter(|lot| lot.expires_ms <= self.now_ms) {
            let (points, expires_ms) = (lot.points - lot.held, lot.expires_ms);
            lot.points = lot.held;
            if lot.points == 0 {
                self.head.lots.remove(place);
            } else {
                place += 1;
            }
            self.book(MovementKind::Expired, points, expires_ms, expires_ms);
            lapsed += points;
        }
        while let Some(place) = self.head.delayed.iter().position(|delayed| delayed.expires_ms <= self.now_ms)
        {
            let Delayed { points, expires_ms, .. } = self.head.delayed.remove(place);
            self.book(MovementKind::Expired, points, expires_ms, expires_ms);
            lapsed += points;
        }
        lapsed
    }

    /// A credit: it pays debt first, the rest becomes a lot. What has lapsed already is credited and lapses, and pays
    /// nothing.
    pub(crate) fn credit(&mut self, kind: MovementKind, points: i64, expires_ms: i64, at_ms: i64) {
        self.credit_announced(kind, points, expires_ms, at_ms, 0);
    }

    /// A credit of points of which some were announced already: the others pay debt first.
    pub(crate) fn credit_announced(
        &mut self,
        kind: MovementKind,
        points: i64,
        expires_ms: i64,
        at_ms: i64,
        announced: i64,
    ) {
        if expires_ms <= self.now_ms {
            self.book(kind, points, expires_ms, at_ms);
            self.book(MovementKind::Expired, points, expires_ms, expires_ms.max(at_ms));
            return;
        }
        let paid = points.min(self.head.debt_points);
        self.head.debt_points -= paid;
        self.book(kind, paid, 0, at_ms);
        self.book(kind, points - paid, expires_ms, at_ms);
        self.add_lot(expires_ms, points - paid, announced);
    }

    /// A credit that cannot be spent before its release and pays no debt until then.
    pub(crate) fn credit_delayed(&mut self, kind: MovementKind, at_ms: i64, delayed: Delayed) {
        if delayed.release_ms <= self.now_ms || delayed.expires_ms <= self.now_ms {
            return self.credit(kind, delayed.points, delayed.expires_ms, at_ms);
        }
        self.book(kind, delayed.points, delayed.expires_ms, at_ms);
        self.add_delayed(delayed);
    }

    fn add_delayed(&mut self, delayed: Delayed) {
        if delayed.points == 0 {
            return;
        }
        let order = |d: &Delayed| (d.release_ms, d.expires_ms, d.checkout);
        let list = &mut self.head.delayed;
        match list.binary_search_by_key(&order(&delayed), order) {
            Ok(place) => list[place].points += delayed.points,
            Err(place) => list.insert(place, delayed),
        }
        if list.len() > DELAYED_MAX {
            self.join_delayed();
        }
    }

    /// Makes one of the two delayed credits that are released closest together: the earlier release, the later expiry.
    pub(crate) fn join_delayed(&mut self) -> bool {
        let gap =
            |place: &usize| self.head.delayed[place + 1].release_ms - self.head.delayed[*place].release_ms;
        let Some(place) = (0..self.head.delayed.len().saturating_sub(1)).min_by_key(gap) else {
            return false;
        };
        let second = self.head.delayed.remove(place + 1);
        let first = self.head.delayed.remove(place);
        let expires_ms = first.expires_ms.max(second.expires_ms);
        for part in [first, second].iter().filter(|part| part.expires_ms != expires_ms) {
            self.book(MovementKind::Moved, -part.points, part.expires_ms, self.now_ms);
            self.book(MovementKind::Moved, part.points, expires_ms, self.now_ms);
        }
        self.add_delayed(Delayed {
            release_ms: first.release_ms,
            expires_ms,
            points: first.points + second.points,
            checkout: first.checkout.filter(|_| first.checkout == second.checkout),
        });
        true
    }

    pub(crate) fn add_lot(&mut self, expires_ms: i64, points: i64, announced: i64) {
        if points == 0 {
            return;
        }
        self.note_unannounced(expires_ms, points - announced);
        let lots = &mut self.head.lots;
        match lots.binary_search_by_key(&expires_ms, |lot| lot.expires_ms) {
            Ok(place) => lots[place].points += points,
            Err(place) => lots.insert(place, Lot { expires_ms, points, held: 0 }),
        }
        if lots.len() > LOTS_MAX {
            self.join_lots();
        }
    }

    /// Makes one of the two lots that expire closest together, with the later expiry. Never one of a lapsed and a
    /// spendable lot: nothing comes back to life. Never an announced one and one that will be: nothing is announced twice.
    pub(crate) fn join_lots(&mut self) -> bool {
        let lots = &self.head.lots;
        let kind = |lot: &Lot| {
            (lot.expires_ms > self.now_ms, lot.expires_ms >= self.head.watermarks.reminded_until_ms)
        };
        let joins = |place: &usize| kind(&lots[*place]) == kind(&lots[place + 1]);
        let gap = |place: &usize| lots[place + 1].expires_ms - lots[*place].expires_ms;
        let pairs = 0..lots.len().saturating_sub(1);
        let Some(place) = pairs.filter(joins).min_by_key(gap) else { return false };
        let gone = self.head.lots.remove(place);
        let into = &mut self.head.lots[place];
        into.points += gone.points;
        into.held += gone.held;
        let expires_ms = into.expires_ms;
        for hold in &mut self.head.holds {
            rename_held(&mut hold.points, gone.expires_ms, expires_ms);
        }
        self.rename_unannounced(gone.expires_ms, expires_ms);
        self.book(MovementKind::Moved, -gone.points, gone.expires_ms, self.now_ms);
        self.book(MovementKind::Moved, gone.points, expires_ms, self.now_ms);
        true
    }

    /// Takes points from lots, the soonest to expire first, and returns how many it could not find.
    pub(crate) fn take(&mut self, kind: MovementKind, points: i64) -> i64 {
        let mut want = points;
        let mut place = 0;
        while want > 0 && place < self.head.lots.len() {
            let lot = &mut self.head.lots[place];
            let taken = if lot.expires_ms > self.now_ms { want.min(lot.points - lot.held) } else { 0 };
            lot.points -= taken;
            let expires_ms = lot.expires_ms;
            if lot.points == 0 {
                self.head.lots.remove(place);
            } else {
                place += 1;
            }
            want -= taken;
            self.book(kind, taken, expires_ms, self.now_ms);
        }
        want
    }

    /// Takes points from lots, and what it does not find becomes debt. Returns the debt made.
    pub(crate) fn take_or_owe(&mut self, kind: MovementKind, points: i64) -> i64 {
        let short = self.take(kind, points);
        self.head.debt_points += short;
        self.book(kind, short, 0, self.now_ms);
        short
    }

    /// Takes back what a sale earned: its delayed points first, then lots, then debt.
    pub(crate) fn take_back(&mut self, checkout: Option<CheckoutId>, points: i64) {
        let mut want = points;
        let mut place = 0;
        while want > 0 && place < self.head.delayed.len() {
            let delayed = &mut self.head.delayed[place];
            let ours = delayed.checkout.is_some() && delayed.checkout == checkout;
            let taken = if ours { want.min(delayed.points) } else { 0 };
            delayed.points -= taken;
            let expires_ms = delayed.expires_ms;
            if delayed.points == 0 {
                self.head.delayed.remove(place);
            } else {
                place += 1;
            }
            want -= taken;
            self.book(MovementKind::TakenBack, taken, expires_ms, self.now_ms);
        }
        self.take_or_owe(MovementKind::TakenBack, want);
    }

    /// Holds points, the soonest to expire first. There are enough.
    pub(crate) fn hold(&mut self, points: i64) -> Vec<HeldPoints> {
        let mut want = points;
        let mut held = Vec::new();
        for place in 0..self.head.lots.len() {
            let lot = &mut self.head.lots[place];
            let taken = if lot.expires_ms > self.now_ms { want.min(lot.points - lot.held) } else { 0 };
            if taken > 0 {
                lot.held += taken;
                want -= taken;
                let expires_ms = lot.expires_ms;
                held.push(HeldPoints { expires_ms, points: taken });
                self.book(MovementKind::Held, taken, expires_ms, self.now_ms);
            }
        }
        held
    }

    /// Takes the held points of a hold out of their lots, spent or merely let go.
    pub(crate) fn end_held(&mut self, hold: &Hold, spent: bool) {
        for HeldPoints { expires_ms, points } in hold.points.iter().copied() {
            let Ok(place) = self.head.lots.binary_search_by_key(&expires_ms, |lot| lot.expires_ms) else {
                continue;
            };
            let lot = &mut self.head.lots[place];
            lot.held -= points;
            if spent {
                lot.points -= points;
                if lot.points == 0 {
                    self.head.lots.remove(place);
                }
            }
            let kind = if spent { MovementKind::Spent } else { MovementKind::Freed };
            self.book(kind, points, expires_ms, self.now_ms);
        }
    }

    /// Spent points come back to their lot; lapsed ones, and those whose debt has been paid since, to a new one.
    pub(crate) fn restore(&mut self, piece: &Lot) {
        let mut points = piece.points;
        let mut expires_ms = piece.expires_ms;
        if expires_ms == 0 {
            let cancelled = points.min(self.head.debt_points);
            self.head.debt_points -= cancelled;
            self.book(MovementKind::Restored, cancelled, 0, self.now_ms);
            points -= cancelled;
        }
        if expires_ms <= self.now_ms {
            let today = calendar::date_at(&self.policy.time_zone, self.now_ms);
            let last = calendar::days_later(today, self.policy.restored_days);
            expires_ms = calendar::end_of(&self.policy.time_zone, last);
        }
        self.book(MovementKind::Restored, points, expires_ms, self.now_ms);
        self.add_lot(expires_ms, points, 0);
    }

    /// When points that are earned at an instant lapse.
    pub(crate) fn expiry_from(&self, earned_ms: i64) -> i64 {
        let Some(rule) = self.policy.expiry else { return NEVER_MS };
        let zone = &self.policy.time_zone;
        let date = calendar::date_at(zone, earned_ms);
        calendar::end_after_months(zone, date, rule.after_months, rule.end_of_month)
    }

    /// Credits what a sale earned, with the policy's delay.
    pub(crate) fn earn(&mut self, key: EntryKey, points: i64, earned_ms: i64) {
        let expires_ms = self.expiry_from(earned_ms);
        if self.policy.delay_days == 0 {
            return self.credit(MovementKind::Earned, points, expires_ms, earned_ms);
        }
        let zone = &self.policy.time_zone;
        let date = calendar::days_later(calendar::date_at(zone, earned_ms), self.policy.delay_days);
        let release_ms = calendar::start_of(zone, date);
        let checkout = match key {
            EntryKey::Checkout(checkout) => Some(checkout),
            _ => None,
        };
        self.credit_delayed(
            MovementKind::Earned,
            earned_ms,
            Delayed { release_ms, expires_ms, points, checkout },
        );
    }
}

fn rename_held(points: &mut Vec<HeldPoints>, from: i64, to: i64) {
    let Some(place) = points.iter().position(|held| held.expires_ms == from) else { return };
    let moved = points.remove(place).points;
    match points.iter_mut().find(|held| held.expires_ms == to) {
        Some(held) => held.points += moved,
        None => points.insert(place, HeldPoints { expires_ms: to, points: moved }),
    }
}
