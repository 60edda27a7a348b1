//! What pricing needs to know of a member.

use jiff::civil::Date;

use crate::ids::MemberId;

/// A member as of one moment. Everything that may be unknown says so: a snapshot without counters is not one
/// with counters of zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who it is.
    pub id: MemberId,
    /// The tier's id; `None` is the program's first tier.
    pub tier: Option<String>,
    /// Points that can be spent now.
    pub points: i64,
    /// Coupons in the wallet that are not used up.
    pub coupons: Vec<OwnedCoupon>,
    /// Segments that the member belongs to.
    pub segments: Vec<String>,
    /// Month and day of birth.
    pub birthday: Option<MonthDay>,
    /// Whether a purchase now would be the first; `None` when not known.
    pub first_purchase: Option<bool>,
    /// The day of enrolment.
    pub enrolled_on: Option<Date>,
    /// Uses of limited offers in their current period; an offer that is not listed was not used. `None` when not known.
    pub counters: Option<Vec<Counter>>,
    /// The snapshot's version, handed through to the quote.
    pub version: u64,
}

/// A month and a day, such as a birthday. 29 February is the 28th in common years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthDay {
    month: i8,
    day: i8,
}

impl MonthDay {
    /// `None` for a day that no leap year has.
    #[must_use]
    pub fn new(month: i8, day: i8) -> Option<Self> {
        Date::new(2024, month, day).ok().map(|_| Self { month, day })
    }

    /// 1 to 12.
    #[must_use]
    pub const fn month(self) -> i8 {
        self.month
    }

    /// 1 to 31.
    #[must_use]
    pub const fn day(self) -> i8 {
        self.day
    }

    /// The date on which it falls in a year.
    #[must_use]
    pub fn in_year(self, year: i16) -> Option<Date> {
        Date::new(year, self.month, self.day).or_else(|_| Date::new(year, self.month, self.day - 1)).ok()
    }
}

/// A coupon in a member's wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedCoupon {
    /// Names this coupon; presented as a code.
    pub id: String,
    /// The coupon campaign of the program.
    pub campaign: String,
    /// First moment at which it is no longer valid, in Unix milliseconds; `None` never.
    pub expires_unix_ms: Option<i64>,
}

/// How often a member used a limited offer in the current period of its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The offer.
    pub offer: String,
    /// Uses so far.
    pub used: u32,
}
