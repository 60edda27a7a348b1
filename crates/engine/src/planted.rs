//! Bugs that can be planted to prove that the tests would catch them. Only with the feature `planted-bugs`, which no
//! program that prices for anybody turns on.

#[cfg(feature = "planted-bugs")]
use std::sync::atomic::{AtomicU8, Ordering};

macro_rules! bugs {
    ($($(#[$meta:meta])* $bug:ident,)*) => {
        /// A bug that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug { $($(#[$meta])* $bug,)* }

        impl Bug {
            /// All of them.
            pub const ALL: &'static [Bug] = &[$(Bug::$bug,)*];
        }
    };
}

bugs! {
    /// The missing unit of an allocation goes to the last line instead of the one with the largest remainder.
    AllocationRemainderToLast,
    /// Equal remainders go to the later line.
    TieBrokenBackwards,
    /// A cap cuts the first line instead of being divided.
    CapCutsFirstLine,
    /// Groups hold nobody out.
    GroupIgnored,
    /// Offers of one pool share units.
    UnitConsumedTwice,
    /// Nothing is contested: everything is taken.
    ContestedNotSearched,
    /// Percents of lines are always rounded down.
    PercentRoundedDown,
    /// A threshold is not met at equality.
    ThresholdAboveOnly,
    /// Exclusive lines are open to others.
    ExclusiveLineIgnored,
    /// Coupons that gain nothing are used up.
    CouponWasted,
    /// The hours after midnight belong to the new day.
    MidnightBelongsToToday,
    /// Floors of an offer do not hold.
    FloorIgnored,
    /// Of sums that cost the same the first wins, whoever gives.
    EqualSumNotCompared,
    /// Of the ways to a sum one is taken unseen.
    FirstWayTaken,
}

#[cfg(feature = "planted-bugs")]
static PLANTED: AtomicU8 = AtomicU8::new(u8::MAX);

/// Plants one bug in the whole process, or none.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.store(bug.map_or(u8::MAX, |bug| bug as u8), Ordering::SeqCst);
}

/// Whether a bug is planted.
#[cfg(feature = "planted-bugs")]
#[inline]
pub(crate) fn is(bug: Bug) -> bool {
    PLANTED.load(Ordering::Relaxed) == bug as u8
}

/// No bug is ever planted without the feature.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub(crate) const fn is(_: Bug) -> bool {
    false
}
