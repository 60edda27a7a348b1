//! Where a member stands: what is missing for the next tier, and what will be lost when.

use jiff::civil::Date;

use crate::calendar;
use crate::head::{Head, NEVER_MS};
use crate::points;
use crate::policy::{Policy, Qualify, Window};
use crate::tier;

/// Where a member stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The tier's id; empty when the program does not know it.
    pub tier: String,
    /// Its place, from 0.
    pub place: usize,
    /// Since when, Unix milliseconds.
    pub since_ms: i64,
    /// The first instant after its validity, Unix milliseconds; for ever when none.
    pub until_ms: Option<i64>,
    /// When it is evaluated, days of grace included, Unix milliseconds.
    pub evaluated_ms: Option<i64>,
    /// The id of the tier after that, if nothing more happens.
    pub becomes: Option<String>,
    /// The next tier; none at the top.
    pub next: Option<NextTier>,
    /// Points that can be spent.
    pub points: i64,
    /// Points that reservations hold.
    pub points_held: i64,
    /// Points that were earned and cannot be spent yet.
    pub points_delayed: i64,
    /// Points owed.
    pub points_debt: i64,
    /// What lapses when: points by the instant from which they cannot be spent, delayed ones included.
    pub lapses: Vec<Lapse>,
}

/// Points that lapse together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapse {
    /// The first instant at which they cannot be spent, Unix milliseconds.
    pub expires_ms: i64,
    /// How many.
    pub points: i64,
}

/// A tier that a member does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextTier {
    /// Its id.
    pub tier: String,
    /// What it takes, and what is there.
    pub standing: Standing,
}

/// How far a member is with what qualifies for a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// One of them is enough.
    AnyOf(Vec<Standing>),
    /// All of them are needed.
    AllOf(Vec<Standing>),
    /// One measure.
    Measure {
        /// Of what.
        what: What,
        /// What counts within the window that ends today.
        have: i64,
        /// What is needed.
        need: i64,
        /// How far back counts.
        window: Window,
    },
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Money spent, minor units.
    Spend,
    /// Purchases.
    Purchases,
    /// Activity points.
    Activity,
}

impl Standing {
    /// Whether it is reached.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        match self {
            Self::AnyOf(parts) => parts.iter().any(Self::is_reached),
            Self::AllOf(parts) => parts.iter().all(Self::is_reached),
            Self::Measure { have, need, .. } => have >= need,
        }
    }

    fn of(rule: &Qualify, head: &Head, date: Date) -> Self {
        let all = |rules: &[Qualify]| rules.iter().map(|rule| Self::of(rule, head, date)).collect();
        let measure = |what, have, need, window| Self::Measure { what, have, need, window };
        match rule {
            Qualify::AnyOf(rules) => Self::AnyOf(all(rules)),
            Qualify::AllOf(rules) => Self::AllOf(all(rules)),
            Qualify::Spend(need, window) => {
                measure(What::Spend, window.of(head, date).spend_minor, *need, *window)
            }
            Qualify::Purchases(need, window) => {
                let have = i64::from(window.of(head, date).purchases);
                measure(What::Purchases, have, i64::from(*need), *window)
            }
            Qualify::Activity(need, window) => {
                measure(What::Activity, window.of(head, date).activity_points, *need, *window)
            }
        }
    }
}

/// Where a member stands at an instant, Unix milliseconds.
///
/// ```
/// use suanpan_ledger::{Head, Policy, progress};
/// let standing = progress(&Policy::plain(jiff::tz::TimeZone::UTC), &Head::absent(), 0);
/// assert_eq!((standing.points, standing.next), (0, None));
/// ```
#[must_use]
pub fn progress(policy: &Policy, head: &Head, now_ms: i64) -> Progress {
    let now_ms = now_ms.max(head.as_of_ms);
    let today = calendar::date_at(&policy.time_zone, now_ms);
    let place = tier::place_of(policy, head.tier.tier).unwrap_or(0);
    let evaluated_ms = tier::evaluated_at(policy, head);
    let becomes = evaluated_ms.map(|at_ms| calendar::date_at(&policy.time_zone, at_ms)).and_then(|date| {
        let place = tier::place_at_end(policy, head, date);
        policy.tiers.get(place).map(|rule| rule.id.clone())
    });
    let next = policy.tiers.get(place + 1).and_then(|rule| {
        let standing = Standing::of(rule.qualify.as_ref()?, head, today);
        Some(NextTier { tier: rule.id.clone(), standing })
    });
    let lots = head.lots.iter().map(|lot| (lot.expires_ms, lot.points));
    let delayed = head.delayed.iter().map(|delayed| (delayed.expires_ms, delayed.points));
    let mut lapses: Vec<Lapse> = lots
        .chain(delayed)
        .filter(|(expires_ms, _)| (now_ms + 1..NEVER_MS).contains(expires_ms))
        .map(|(expires_ms, points)| Lapse { expires_ms, points })
        .collect();
    lapses.sort_unstable_by_key(|lapse| lapse.expires_ms);
    lapses.dedup_by(|later, first| {
        let same = later.expires_ms == first.expires_ms;
        first.points += if same { later.points } else { 0 };
        same
    });
    Progress {
        tier: policy.tiers.get(place).map(|rule| rule.id.clone()).unwrap_or_default(),
        place,
        since_ms: head.tier.since_ms,
        until_ms: head.tier.until_ms,
        evaluated_ms,
        becomes,
        next,
        points: points::spendable(head, now_ms),
        points_held: head.lots.iter().map(|lot| lot.held).sum(),
        points_delayed: head.delayed.iter().map(|delayed| delayed.points).sum(),
        points_debt: head.debt_points,
        lapses,
    }
}
