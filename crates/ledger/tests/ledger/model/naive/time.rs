//! The model of what time brings: ends of tiers, birthdays, reminders, and when any of it is due.

use super::*;

impl Naive {
    /// One tick: what is due now.
    pub(super) fn tick(&mut self) {
        if self.closed.is_some() {
            return;
        }
        self.end_tier_period();
        self.congratulate();
        self.remind();
    }

    /// A tick that comes by itself does nothing before its time.
    pub(super) fn tick_one(&mut self) -> String {
        let due = self.closed.is_none() && self.ticks_at().is_some_and(|at_ms| at_ms <= self.now_ms);
        if !due {
            return "nothing".to_owned();
        }
        self.done(Self::tick)
    }

    pub(super) fn clear(&mut self) -> String {
        if !self.owes {
            return "nothing".to_owned();
        }
        self.owes = false;
        self.done(|_| {})
    }

    /// When the worker has to come, as long as nothing waits: text as the ledger's.
    pub(in super::super) fn due(&self) -> String {
        let holds =
            self.sales.values().filter(|sale| sale.state == "Reserved").map(|sale| sale.until_ms).min();
        let at_ms = if self.closed.is_some() { None } else { self.ticks_at().into_iter().chain(holds).min() };
        at_ms.map_or("never".to_owned(), |ms| {
            let text = Timestamp::from_millisecond(ms).expect("an instant").to_string();
            text[..16].replace('T', "_")
        })
    }

    fn ticks_at(&self) -> Option<i64> {
        let lots = self.points.iter().filter(|point| point.release_ms == 0 && point.held_by.is_none());
        let delayed = self.points.iter().filter(|point| point.release_ms > 0);
        let coupons =
            self.coupons.values().filter(|(_, held)| held.is_none()).map(|(expires_ms, _)| *expires_ms);
        let tier = self.tier_until.map(|until_ms| until_ms + self.tiers()[self.tier].grace * 86_400_000);
        let today = date(self.as_of_ms);
        let birthday = (today.year() - 1..today.year() + 3)
            .filter_map(|year| Some((year, self.birthday_in(year)?)))
            .find(|(year, day)| *year > self.birthday_year && *day + Span::new().days(30) >= today)
            .map(|(_, day)| instant(&day.to_string()));
        (lots.map(|point| point.expires_ms))
            .chain(delayed.map(|point| point.release_ms.min(point.expires_ms)))
            .chain(coupons)
            .chain(self.issued.iter().copied())
            .chain(tier)
            .chain(birthday)
            .chain(self.untold().map(|point| self.told_at(point.expires_ms)))
            .filter(|at_ms| *at_ms < NEVER)
            .min()
    }

    fn birthday_in(&self, year: i16) -> Option<Date> {
        let rewarded = self.policy.contains("birthday");
        self.birthday.filter(|_| rewarded).map(|(month, day)| Date::new(year, month, day).expect("a day"))
    }

    fn congratulate(&mut self) {
        let today = date(self.now_ms);
        let Some(this_year) = self.birthday_in(today.year()) else { return };
        let last =
            if this_year <= today { this_year } else { self.birthday_in(today.year() - 1).expect("a day") };
        if last.year() <= self.birthday_year {
            return;
        }
        self.birthday_year = last.year();
        if last + Span::new().days(30) >= today {
            self.owes = true;
            self.credit("earned", 7, self.expiry(self.now_ms));
            self.issued.push(NEVER);
        }
    }

    /// Points of which the member has to be told.
    fn untold(&self) -> impl Iterator<Item = &Point> {
        let reminds = self.rule("remind ").is_some();
        let untold = |point: &&Point| !point.told && point.release_ms == 0 && point.expires_ms < NEVER;
        self.points.iter().filter(untold).filter(move |_| reminds)
    }

    fn told_at(&self, expires_ms: i64) -> i64 {
        let months = self.rule("remind ").unwrap_or(0);
        instant(&(date(expires_ms) - Span::new().months(months)).to_string())
    }

    fn remind(&mut self) {
        let now = self.now_ms;
        let soon: std::collections::BTreeSet<i64> =
            self.untold().map(|point| point.expires_ms).filter(|ms| self.told_at(*ms) <= now).collect();
        for point in self.points.iter_mut().filter(|point| point.release_ms == 0) {
            if soon.contains(&point.expires_ms)
                && !std::mem::replace(&mut point.told, true)
                && point.expires_ms > now
            {
                *self.reminded.entry(point.expires_ms).or_insert(0) += 1;
                self.owes = true;
            }
        }
    }

    /// Points that are held beyond their time.
    pub(in super::super) fn holds_lapsed(&self) -> bool {
        self.points.iter().any(|point| point.held_by.is_some() && point.expires_ms <= self.now_ms)
    }
}
