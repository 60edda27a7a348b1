//! Levels of membership: what counts, up at once, down only at the end of a period.

use jiff::civil::Date;

use crate::calendar;
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind};
use crate::head::{Activity, Head, NEVER_MS, TierKey, TierState};
use crate::limits::{DAYS_MAX, MONTHS_MAX};
use crate::outcome::Emit;
use crate::policy::{Policy, Qualify, TierEnd, Window};

impl Window {
    /// What the member did within the window that ends on a date. Net of returns, not below zero.
    pub(crate) fn of(self, head: &Head, date: Date) -> Activity {
        let (month, day) = (calendar::month_number(date), calendar::day_number(date));
        let sum = match self {
            Self::Lifetime => head.lifetime,
            Self::Months(months) => sum(&head.months, month - i32::from(months), month),
            Self::CalendarYear => sum(&head.months, month - (i32::from(date.month()) - 1), month),
            Self::Days(days) => sum(&head.days, day - i32::from(days) + 1, day),
        };
        Activity {
            at: 0,
            spend_minor: sum.spend_minor.max(0),
            purchases: sum.purchases.max(0),
            activity_points: sum.activity_points.max(0),
        }
    }
}

fn sum(list: &[Activity], first: i32, last: i32) -> Activity {
    let within = list.iter().filter(|activity| (first..=last).contains(&activity.at));
    within.fold(Activity::default(), |sum, activity| Activity {
        at: 0,
        spend_minor: sum.spend_minor + activity.spend_minor,
        purchases: sum.purchases + activity.purchases,
        activity_points: sum.activity_points + activity.activity_points,
    })
}

impl Qualify {
    /// Whether a member qualifies on a date.
    pub(crate) fn holds(&self, head: &Head, date: Date) -> bool {
        match self {
            Self::AnyOf(rules) => rules.iter().any(|rule| rule.holds(head, date)),
            Self::AllOf(rules) => rules.iter().all(|rule| rule.holds(head, date)),
            Self::Spend(need, window) => window.of(head, date).spend_minor >= *need,
            Self::Purchases(need, window) => i64::from(window.of(head, date).purchases) >= i64::from(*need),
            Self::Activity(need, window) => window.of(head, date).activity_points >= *need,
        }
    }
}

/// The place of a tier in the policy; none when the program does not know it any more.
pub(crate) fn place_of(policy: &Policy, tier: TierKey) -> Option<usize> {
    policy.tiers.iter().position(|rule| rule.tier == tier)
}

/// The highest place that a member qualifies for on a date. The first tier needs nothing.
pub(crate) fn qualified(policy: &Policy, head: &Head, date: Date) -> usize {
    let holds =
        |place: &usize| policy.tiers[*place].qualify.as_ref().is_some_and(|rule| rule.holds(head, date));
    (1..policy.tiers.len()).rev().find(holds).unwrap_or(0)
}

/// When the tier is evaluated: at the end of its validity and the days of grace; none when it does not end.
pub(crate) fn evaluated_at(policy: &Policy, head: &Head) -> Option<i64> {
    let until_ms = head.tier.until_ms.filter(|_| !policy.tiers.is_empty())?;
    let grace_days = place_of(policy, head.tier.tier).map_or(0, |place| policy.tiers[place].grace_days);
    if grace_days == 0 {
        return Some(until_ms);
    }
    let zone = &policy.time_zone;
    Some(calendar::start_of(zone, calendar::days_later(calendar::date_at(zone, until_ms), grace_days)))
}

/// The place after the evaluation on a date.
pub(crate) fn place_at_end(policy: &Policy, head: &Head, date: Date) -> usize {
    let place = place_of(policy, head.tier.tier).unwrap_or(0);
    let target = qualified(policy, head, date);
    match policy.tiers.get(place).map_or(TierEnd::Reevaluate, |rule| rule.at_end) {
        TierEnd::Reevaluate => target,
        TierEnd::OneDown => target.max(place.saturating_sub(1)),
        TierEnd::Keep => target.max(place),
    }
}

impl Draft<'_> {
    /// Books what counts for tiers, in the periods of an instant. Months and days that no window reaches any more go.
    pub(crate) fn book_activity(&mut self, at_ms: i64, activity: Activity) {
        let date = calendar::date_at(&self.policy.time_zone, at_ms.min(self.now_ms));
        let today = self.today();
        let this_month = calendar::month_number(today);
        add(
            &mut self.head.months,
            this_month - MONTHS_MAX as i32 + 1,
            calendar::month_number(date),
            activity,
        );
        let first_day = calendar::day_number(today) - self.days_kept() + 1;
        add(&mut self.head.days, first_day, calendar::day_number(date), activity);
        let lifetime = &mut self.head.lifetime;
        lifetime.spend_minor += activity.spend_minor;
        lifetime.purchases += activity.purchases;
        lifetime.activity_points += activity.activity_points;
    }

    /// What another member, merged into this one, did in a month.
    pub(crate) fn inherit_month(&mut self, month: Activity) {
        let first = calendar::month_number(self.today()) - MONTHS_MAX as i32 + 1;
        add(&mut self.head.months, first, month.at, month);
    }

    /// The same on a day.
    pub(crate) fn inherit_day(&mut self, day: Activity) {
        let first = calendar::day_number(self.today()) - self.days_kept() + 1;
        add(&mut self.head.days, first, day.at, day);
    }

    /// How many days are kept: what the longest window of days needs.
    fn days_kept(&self) -> i32 {
        i32::from(self.policy.window_days_max.min(DAYS_MAX as u16))
    }

    /// Up at once, when the member qualifies for more. Never down.
    pub(crate) fn rise(&mut self, key: EntryKey) {
        let today = self.today();
        let place = qualified(self.policy, &self.head, today);
        if place > place_of(self.policy, self.head.tier.tier).unwrap_or(0) {
            self.set_tier(key, place, today);
        }
    }

    /// Evaluates the tier when its period is over, on the day on which it was to be evaluated; and gives a member whose
    /// tier the program does not know any more the one that it qualifies for.
    pub(crate) fn end_tier_period(&mut self, key: EntryKey) {
        let unknown = place_of(self.policy, self.head.tier.tier).is_none() && !self.policy.tiers.is_empty();
        let due = evaluated_at(self.policy, &self.head).filter(|at| *at <= self.now_ms);
        if let Some(at_ms) = due {
            let date = calendar::date_at(&self.policy.time_zone, at_ms);
            let place = place_at_end(self.policy, &self.head, date);
            self.set_tier(key, place, date);
        } else if unknown {
            let today = self.today();
            let place = qualified(self.policy, &self.head, today);
            self.set_tier(key, place, today);
        }
    }

    /// Sets the tier, whose validity begins on a date. Kept is kept: since when does not change.
    fn set_tier(&mut self, key: EntryKey, place: usize, from: Date) {
        let Some(rule) = self.policy.tiers.get(place) else { return };
        let before = self.head.tier;
        let until_ms = rule
            .valid_months
            .map(|months| calendar::end_after_months(&self.policy.time_zone, from, months, false))
            .filter(|until_ms| *until_ms < NEVER_MS);
        if rule.tier == before.tier {
            self.head.tier.until_ms = until_ms;
            return;
        }
        self.head.tier = TierState { tier: rule.tier, since_ms: self.now_ms, until_ms };
        let up = place_of(self.policy, before.tier).is_some_and(|old| place > old);
        let kind = if up { MovementKind::TierUp } else { MovementKind::TierDown };
        self.push(kind, place as i64, 0, self.now_ms, None);
        self.emits.push(Emit::TierChanged { from: before.tier, to: rule.tier });
        if !up {
            return;
        }
        if rule.welcome_points > 0 {
            let expires_ms = self.expiry_from(self.now_ms);
            self.credit(MovementKind::Earned, rule.welcome_points, expires_ms, self.now_ms);
        }
        for (number, campaign) in rule.welcome_coupons.iter().enumerate() {
            self.issue(key, *campaign, WELCOME + number as u32, NEVER_MS);
        }
    }
}

/// Numbers of coupons that a tier brings, apart from those of the sale that reached it.
const WELCOME: u32 = 1 << 16;

fn add(list: &mut Vec<Activity>, first: i32, at: i32, activity: Activity) {
    let reached = list.iter().position(|known| known.at >= first).unwrap_or(list.len());
    list.drain(..reached);
    if at < first {
        return;
    }
    match list.binary_search_by_key(&at, |known| known.at) {
        Ok(place) => {
            list[place].spend_minor += activity.spend_minor;
            list[place].purchases += activity.purchases;
            list[place].activity_points += activity.activity_points;
        }
        Err(place) => list.insert(place, Activity { at, ..activity }),
    }
}
