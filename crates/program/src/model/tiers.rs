//! Levels of membership: how one gets there, how long they last, what they bring.

use suanpan_domain::Money;

use super::{LimitPeriod, Reward, Title};

/// The longest window of months: what qualifies is remembered by calendar month, at most 25 of them.
pub const WINDOW_MONTHS_MAX: u16 = 24;
/// The longest window of days, which are remembered one by one.
pub const WINDOW_DAYS_MAX: u16 = 62;

/// A level of membership. Its discount is an offer of its own, `tier:<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Title,
    /// Benefits that are no price.
    pub entitlements: Vec<TierEntitlement>,
    /// How a member gets here; evaluated by the worker. Empty for the first tier.
    pub qualify: Option<Qualification>,
    /// How long it lasts; until something better is reached when none.
    pub keep: Option<TierKeep>,
    /// What reaching it brings.
    pub welcome: Reward,
}

/// How long a tier lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierKeep {
    /// So many months after it was reached or kept.
    pub months: u16,
    /// It stays so many days longer.
    pub grace_days: u16,
    /// What becomes of it then.
    pub end: TierEnd,
}

/// What becomes of a tier at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TierEnd {
    /// The tier that the member qualifies for then.
    #[default]
    ReEvaluate,
    /// One level down at most.
    OneDown,
    /// It is kept.
    Keep,
}

/// A benefit that is no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierEntitlement {
    /// Its id, such as `gift-wrap`.
    pub id: String,
    /// Uses in a period; none when unlimited.
    pub quota: Option<(u32, LimitPeriod)>,
}

/// What qualifies for a tier. A window that is none reaches back to the enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Qualification {
    /// One of them is enough.
    AnyOf(Vec<Qualification>),
    /// All of them are needed.
    AllOf(Vec<Qualification>),
    /// So much spent.
    Spend(Money, Option<Window>),
    /// So many purchases.
    Purchases(u32, Option<Window>),
    /// So many activity points.
    Activity(i64, Option<Window>),
}

/// How far back counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// The current calendar month and so many before it; 1 to [`WINDOW_MONTHS_MAX`].
    Months(u16),
    /// So many days, today included; 1 to [`WINDOW_DAYS_MAX`].
    Days(u16),
    /// The current calendar year.
    CalendarYear,
}
