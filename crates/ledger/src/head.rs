//! What the chain remembers of one member: everything that a decision needs, in at most 4 KiB.
//!
//! The head holds no name, no address and no text of a program: offers are named by [`OfferKey`], tiers by
//! [`TierKey`], both made of their ids.

use suanpan_domain::{CheckoutId, MemberId, MonthDay};

use crate::entry::EntryKey;

/// Names an offer in eight bytes: the first eight of the SHA-256 of its id, big-endian. A program in which two ids
/// share a key is refused when it is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferKey(pub u64);

/// Names a tier in the same way. Zero is the program's first tier, whatever it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierKey(pub u64);

/// A member's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Raised by a restore; versions compare as `(epoch, version)`.
    pub epoch: u64,
    /// Counts the writes of this member, from 1. 0 is a head that was never written.
    pub version: u64,
    /// The latest instant that any write of this member carried, Unix milliseconds: time never runs back.
    pub as_of_ms: i64,
    /// The version of the policy that last looked at tier, birthday and reminders; behind the active one a tick is due.
    pub policy_version: u64,
    /// Whether the member may act.
    pub status: Status,
    /// When the member enrolled, Unix milliseconds.
    pub enrolled_ms: i64,
    /// Month and day of birth.
    pub birthday: Option<MonthDay>,
    /// Who brought the member, until the reward is decided.
    pub referred_by: Option<MemberId>,
    /// Level of membership.
    pub tier: TierState,
    /// Points that can be spent, by expiry, the soonest first. Never two of the same expiry, never an empty one.
    pub lots: Vec<Lot>,
    /// Points that were earned and cannot be spent yet, by release, then expiry.
    pub delayed: Vec<Delayed>,
    /// Points owed to the chain. Any later credit pays it but restored points, so that a member may have both.
    pub debt_points: i64,
    /// Coupons in the wallet, by id; never two of one id.
    pub coupons: Vec<Coupon>,
    /// Reservations, by checkout.
    pub holds: Vec<Hold>,
    /// Uses of limited offers by period, by offer and period.
    pub counters: Vec<Counter>,
    /// What qualifies for tiers, by calendar month, the oldest first.
    pub months: Vec<Activity>,
    /// The same by day; only kept while the policy has windows of days.
    pub days: Vec<Activity>,
    /// The same since enrolment.
    pub lifetime: Activity,
    /// Limited activities that earn points, by activity and period.
    pub activities: Vec<Counter>,
    /// The sale that was the first purchase.
    pub first_purchase: Option<CheckoutId>,
    /// Confirmed sales and returns that the worker has to accrue, in version order; the first one first.
    pub pending: Vec<Pending>,
    /// Accrued entries whose derived writes are not known to be out, in version order.
    pub emitting: Vec<Pending>,
    /// Entries that could not be accrued and wait for a person.
    pub parked: u32,
    /// What has been done for this member by date.
    pub watermarks: Watermarks,
    /// A merge in progress: the survivor's lock, which keeps it from closing.
    pub merge_lock: Option<MemberId>,
    /// Sums since enrolment, which balance with the lots at every version.
    pub sums: Sums,
    /// Points below the reminders' watermark that came after it had passed, by expiry. Empty but for the moment between
    /// their coming and their announcement.
    pub unannounced: Vec<Unannounced>,
}

impl Head {
    /// A member that was never enrolled.
    #[must_use]
    pub fn absent() -> Self {
        Self {
            epoch: 0,
            version: 0,
            as_of_ms: 0,
            policy_version: 0,
            status: Status::Absent,
            enrolled_ms: 0,
            birthday: None,
            referred_by: None,
            tier: TierState::default(),
            lots: Vec::new(),
            delayed: Vec::new(),
            debt_points: 0,
            coupons: Vec::new(),
            holds: Vec::new(),
            counters: Vec::new(),
            months: Vec::new(),
            days: Vec::new(),
            lifetime: Activity::default(),
            activities: Vec::new(),
            first_purchase: None,
            pending: Vec::new(),
            emitting: Vec::new(),
            parked: 0,
            watermarks: Watermarks::default(),
            merge_lock: None,
            sums: Sums::default(),
            unannounced: Vec::new(),
        }
    }

    /// The partition of a guest's sale that does not exist yet.
    #[must_use]
    pub fn guest() -> Self {
        Self { status: Status::Guest, ..Self::absent() }
    }
}

/// Whether a member may act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Never enrolled.
    #[default]
    Absent,
    /// No member: the partition of one guest's sale, without points, coupons, counters or pending entries.
    Guest,
    /// Everything.
    Active,
    /// Nothing that spends; facts, returns and accrual go on.
    Blocked,
    /// Gone; a merged member names who survives.
    Closed {
        /// Who took over.
        survivor: Option<MemberId>,
    },
}

/// Level of membership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierState {
    /// Which.
    pub tier: TierKey,
    /// Since when, Unix milliseconds.
    pub since_ms: i64,
    /// The first instant after its validity, Unix milliseconds; for ever when none. It is evaluated the policy's days of
    /// grace later.
    pub until_ms: Option<i64>,
}

/// Points that expire together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The first instant at which they cannot be spent, Unix milliseconds, a whole second; [`NEVER_MS`] for ever.
    pub expires_ms: i64,
    /// How many, held ones included.
    pub points: i64,
    /// How many of them are held by reservations. Held points do not expire.
    pub held: i64,
}

/// The expiry of points that do not expire.
pub const NEVER_MS: i64 = 253_402_300_799_000;

/// Points that are released later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delayed {
    /// The first instant at which they can be spent, Unix milliseconds, a whole second.
    pub release_ms: i64,
    /// As of a lot: expiry runs from earning.
    pub expires_ms: i64,
    /// How many.
    pub points: i64,
    /// The sale that earned them, so that its return takes these back first.
    pub checkout: Option<CheckoutId>,
}

/// A coupon in the wallet. A used one is gone from here; its sale's entry names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// Names this coupon.
    pub id: CouponId,
    /// Its campaign.
    pub campaign: OfferKey,
    /// First instant at which it is not valid, Unix milliseconds, a whole second; [`NEVER_MS`] for ever.
    pub expires_ms: i64,
    /// Held by a reservation.
    pub held: bool,
}

/// Names one coupon of a wallet; 32 hexadecimal digits in texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CouponId(pub [u8; 16]);

/// What a reservation keeps for its sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The sale.
    pub checkout: CheckoutId,
    /// From then on it may be ended; only a write ends it. Unix milliseconds.
    pub until_ms: i64,
    /// Points by lot.
    pub points: Vec<HeldPoints>,
    /// Coupons.
    pub coupons: Vec<CouponId>,
    /// Uses of offers that are limited per member.
    pub uses: Vec<Counter>,
    /// Whether it is to be the first purchase.
    pub first_purchase: bool,
}

/// Held points of one lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPoints {
    /// The lot.
    pub expires_ms: i64,
    /// How many.
    pub points: i64,
}

/// Uses of a limited offer, or of an activity, in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Which.
    pub offer: OfferKey,
    /// When.
    pub period: Period,
    /// How often.
    pub used: u32,
}

/// One calendar period of the program's time zone (of the store's wall clock for sales).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// Days since 1970-01-01.
    Day(i32),
    /// Weeks since the one that begins on Monday 1969-12-29.
    Week(i32),
    /// Months since January 1970.
    Month(i32),
    /// The calendar year; for a birthday offer the year of the birthday.
    Year(i32),
    /// For ever.
    Lifetime,
}

/// What qualifies for tiers in one month or on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Months, or days, since January 1970; 0 in [`Head::lifetime`].
    pub at: i32,
    /// What was spent, net of returns, minor units. Not below 0 where it is read.
    pub spend_minor: i64,
    /// Sales that count, net of whole returns.
    pub purchases: i32,
    /// Activity points.
    pub activity_points: i64,
}

/// An entry of the member's that waits for the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The version that wrote it.
    pub version: u64,
    /// Where it is.
    pub key: EntryKey,
}

/// What has been done by date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watermarks {
    /// The last year of which the birthday was rewarded.
    pub birthday_year: i32,
    /// Points that expire before this instant were announced, but for [`Head::unannounced`]; Unix milliseconds.
    pub reminded_until_ms: i64,
    /// The oldest entry whose body was not moved to the archive, Unix milliseconds; 0 when there is none.
    pub unarchived_since_ms: i64,
}

/// Points of a lot that have to be announced though others of their expiry were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unannounced {
    /// The lot.
    pub expires_ms: i64,
    /// How many of its points.
    pub points: i64,
}

/// Points since enrolment. At every version
/// `earned + restored + adjusted + transferred_in - spent - expired - taken_back - transferred_out`
/// equals all lots, held and delayed ones included, less the debt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// By sales, activities and referrals.
    pub earned: i64,
    /// Spent points that came back.
    pub restored: i64,
    /// By hand, up or down.
    pub adjusted: i64,
    /// From other members, merges included.
    pub transferred_in: i64,
    /// Paid with.
    pub spent: i64,
    /// Lapsed.
    pub expired: i64,
    /// Earned points that a return took.
    pub taken_back: i64,
    /// To other members, merges included.
    pub transferred_out: i64,
}
