//! Points, and what returns give back.

use suanpan_domain::{Money, Rate, UnitPrice};

use super::Title;
use super::offer::CountsAs;
use super::selector::Selector;

/// How points are earned and spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PointsPolicy {
    /// What they are called.
    pub title: Title,
    /// How they are earned; not at all when none.
    pub earn: Option<Earn>,
    /// Multipliers by tier.
    pub tier_times: Vec<TierTimes>,
    /// How they pay; not at all when none.
    pub offset: Option<PointsOffset>,
    /// When they expire; never when none.
    pub expire: Option<Expiry>,
    /// So many days after earning before they can be spent.
    pub delay_days: u16,
    /// How many days spent points live that come back when they have expired meanwhile.
    pub restored_days: u16,
    /// What else than buying earns points.
    pub activities: Vec<Activity>,
    /// What a friend's first sale brings; nothing when none.
    pub referral: Option<Referral>,
    /// What a birthday brings.
    pub birthday: Reward,
    /// Points that are sent to another member keep their expiry; otherwise it starts anew.
    pub transfers_keep_expiry: bool,
}

/// How many days spent points live that come back expired, unless the program says otherwise.
pub const RESTORED_DAYS_DEFAULT: u16 = 30;
/// Within how many days a whole return of the first sale takes a referral back, unless the program says otherwise.
pub const REFERRAL_TAKEN_BACK_DAYS_DEFAULT: u16 = 30;

/// Points and coupons that are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reward {
    /// Points.
    pub points: i64,
    /// Coupons for the wallet, by campaign.
    pub coupons: Vec<String>,
}

/// Something else than buying that earns points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Its id.
    pub id: String,
    /// Points that can be spent.
    pub points: i64,
    /// Activity points, which count for tiers.
    pub counts: i64,
    /// So often a day at most.
    pub per_day: Option<u32>,
    /// So often in all at most.
    pub lifetime: Option<u32>,
}

/// What a friend's first sale brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Points for who brought the friend.
    pub referrer_points: i64,
    /// Points for the friend.
    pub friend_points: i64,
    /// Taken back when that sale is returned whole within so many days.
    pub taken_back_days: u16,
}

/// How points are earned. An exact rational per line, one floor for the basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earn {
    /// For every so much.
    pub per: Money,
    /// So many points.
    pub points: i64,
    /// On what.
    pub on: EarnOn,
    /// Lines that earn nothing.
    pub except: Option<Selector>,
    /// How multipliers meet.
    pub multipliers: Multipliers,
}

/// What points are earned on; without added tax, shipping and gift cards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EarnOn {
    /// What is paid after discounts and points.
    #[default]
    PaidAfterPoints,
    /// What is paid after discounts, with points or otherwise.
    PaidBeforePoints,
    /// The gross.
    List,
}

/// How several multipliers of a line meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Multipliers {
    /// They multiply.
    #[default]
    Multiply,
    /// The largest counts.
    Largest,
}

/// A tier's multiplier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierTimes {
    /// The tier.
    pub tier: String,
    /// Its multiplier, parts per million.
    pub times: Rate,
}

/// How points pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointsOffset {
    /// What a point is worth; more than zero.
    pub value: UnitPrice,
    /// Smallest use.
    pub at_least: i64,
    /// Used in multiples of it.
    pub step: i64,
    /// Largest share of the due.
    pub at_most_share: Option<Rate>,
    /// Largest amount.
    pub at_most_amount: Option<Money>,
    /// Lines that points cannot pay for.
    pub except: Option<Selector>,
    /// Discount lowers tax; tender does not.
    pub counts_as: CountsAs,
}

/// When points expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// So many months after earning.
    pub after_months: u16,
    /// At the end of that month rather than on the day.
    pub end_of_month: bool,
    /// So many months ahead the member is reminded.
    pub remind_months_before: Option<u16>,
}

/// What returns give back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReturnsPolicy {
    /// The price.
    pub prices: PriceReturn,
    /// Points that were spent.
    pub spent_points: SpentReturn,
    /// Points that were earned.
    pub earned_points: EarnedReturn,
    /// Coupons that were used.
    pub coupons: CouponReturn,
}

/// What price a return gives back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PriceReturn {
    /// What the units cost.
    #[default]
    ProRata,
    /// What the sale would have cost less without them, under its own program, time and member facts.
    Reprice,
}

/// What becomes of spent points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpentReturn {
    /// They come back.
    #[default]
    Restore,
    /// They are lost.
    Keep,
}

/// What becomes of earned points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EarnedReturn {
    /// They are taken back.
    #[default]
    TakeBack,
    /// They stay.
    Keep,
}

/// What becomes of used coupons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CouponReturn {
    /// They come back when the whole sale is returned.
    #[default]
    GiveBackIfWhole,
    /// They stay used.
    Keep,
}
