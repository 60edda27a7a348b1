//! The rules of membership, compiled from a program: a value that is passed to every command.

use jiff::tz::TimeZone;

use crate::head::{OfferKey, TierKey};

/// The rules of one program version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The first eight bytes of the program version's SHA-256, big-endian.
    pub version: u64,
    /// The zone of months, days and ends of periods.
    pub time_zone: TimeZone,
    /// Tiers from the lowest; the first has key 0 and no rule.
    pub tiers: Vec<TierRule>,
    /// How far windows of days reach back at most; 0 when there are none.
    pub window_days_max: u16,
    /// When earned points lapse; never when none.
    pub expiry: Option<PointsExpiry>,
    /// How long earned points cannot be spent, days.
    pub delay_days: u16,
    /// How long a restored point whose lot has lapsed lives, days.
    pub restored_days: u16,
    /// What returns give back.
    pub returns: ReturnRules,
    /// Activities that earn points.
    pub activities: Vec<ActivityRule>,
    /// What a referral pays; none when nothing.
    pub referral: Option<ReferralRule>,
    /// What a birthday brings; none when nothing.
    pub birthday: Option<BirthdayRule>,
    /// Whether transferred points keep their expiry; otherwise it starts anew.
    pub transfers_keep_expiry: bool,
    /// The offers of the program that heads may name, in ascending order of their keys.
    pub offers: Vec<OfferName>,
    /// After how many days an entry's body moves to the archive; never when none.
    pub archive_days: Option<u16>,
}

impl Policy {
    /// A policy without rules: one tier, points that never lapse, returns that give back everything.
    #[must_use]
    pub fn plain(time_zone: TimeZone) -> Self {
        Self {
            version: 0,
            time_zone,
            tiers: Vec::new(),
            window_days_max: 0,
            expiry: None,
            delay_days: 0,
            restored_days: 0,
            returns: ReturnRules { restore_points: true, take_back_points: true, give_back_coupons: true },
            activities: Vec::new(),
            referral: None,
            birthday: None,
            transfers_keep_expiry: true,
            offers: Vec::new(),
            archive_days: None,
        }
    }

    /// The offer of a key; none when the program does not know it.
    #[must_use]
    pub fn offer(&self, key: OfferKey) -> Option<&OfferName> {
        self.offers.binary_search_by_key(&key, |offer| offer.key).ok().map(|place| &self.offers[place])
    }
}

/// An offer's key and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferName {
    /// Its key.
    pub key: OfferKey,
    /// Its id in the program.
    pub id: String,
    /// How often a member may use it in which period; none when not limited per member.
    pub per_member: Option<(u32, LimitPeriod)>,
    /// A birthday offer: its year is that of the birthday.
    pub of_birthday: bool,
}

/// The period of a limit, a calendar one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitPeriod {
    /// A day.
    Day,
    /// A week from Monday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
    /// For ever.
    Lifetime,
}

/// A tier and how one gets there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierRule {
    /// Which.
    pub tier: TierKey,
    /// Its id, for people.
    pub id: String,
    /// What qualifies; none for the first.
    pub qualify: Option<Qualify>,
    /// How long it is valid; until it is lost when none.
    pub valid_months: Option<u16>,
    /// How long after the end of its validity it is kept, days.
    pub grace_days: u16,
    /// What happens at the end.
    pub at_end: TierEnd,
    /// Points that reaching it brings.
    pub welcome_points: i64,
    /// Coupons that reaching it brings: campaigns.
    pub welcome_coupons: Vec<OfferKey>,
}

/// What becomes of a tier at the end of its period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TierEnd {
    /// The tier that is qualified for then.
    #[default]
    Reevaluate,
    /// One level down at most.
    OneDown,
    /// It stays.
    Keep,
}

/// What qualifies for a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Qualify {
    /// One of them.
    AnyOf(Vec<Qualify>),
    /// All of them.
    AllOf(Vec<Qualify>),
    /// So much spent, minor units.
    Spend(i64, Window),
    /// So many purchases.
    Purchases(u32, Window),
    /// So many activity points.
    Activity(i64, Window),
}

/// How far back counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// Months back from today, by calendar months: the current one and so many before it; at most 24.
    Months(u16),
    /// Days, today included; at most 62.
    Days(u16),
    /// The calendar year.
    CalendarYear,
    /// Since enrolment.
    Lifetime,
}

/// When earned points lapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointsExpiry {
    /// So many months after earning, clamped to the last day of the month, at 24:00 local.
    pub after_months: u16,
    /// At the end of that month instead of on the day.
    pub end_of_month: bool,
    /// So many months ahead the member is told.
    pub remind_months_before: Option<u16>,
}

/// What returns give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnRules {
    /// Spent points come back.
    pub restore_points: bool,
    /// Earned points are taken back.
    pub take_back_points: bool,
    /// Coupons come back on a whole return.
    pub give_back_coupons: bool,
}

/// An activity that earns points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRule {
    /// Which.
    pub activity: OfferKey,
    /// Its id, for people.
    pub id: String,
    /// Points that can be spent.
    pub points: i64,
    /// Points that count for tiers.
    pub activity_points: i64,
    /// So often a day at most; any when none.
    pub per_day: Option<u32>,
    /// So often in all at most; any when none.
    pub lifetime: Option<u32>,
}

/// What a referral pays, when the friend's first sale is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferralRule {
    /// To who brought the friend.
    pub referrer_points: i64,
    /// To the friend.
    pub friend_points: i64,
    /// Taken back when the first sale is returned whole within so many days.
    pub taken_back_days: u16,
}

/// What a birthday brings, at the beginning of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BirthdayRule {
    /// Points.
    pub points: i64,
    /// Coupons: campaigns.
    pub coupons: Vec<OfferKey>,
}
