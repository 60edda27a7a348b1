//! Why a command changes nothing: every reason at once, in a fixed order.

/// All reasons for which a command was refused, in the order of [`Refusal`], at least one.
pub type Conflicts = Vec<Conflict>;

/// One reason, with what it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The reason.
    pub reason: Refusal,
    /// The coupon, line, offer (as 16 hexadecimal digits of its key) or unit that it is about; empty when it is about the whole.
    pub subject: String,
    /// How much is there (points, units in thousandths, uses), 0 where there is nothing to count.
    pub have: i64,
    /// How much would be needed.
    pub need: i64,
}

/// Reasons, ordered: what is wrong with the member, with the id, with what is consumed, with what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// There is no such member.
    MemberUnknown,
    /// The member exists already, by another request.
    MemberExists,
    /// The member may not spend.
    MemberBlocked,
    /// The member is gone.
    MemberClosed,
    /// The same id was used for something else.
    ContentDiffers,
    /// The sale was cancelled.
    CheckoutCancelled,
    /// The id belongs to another owner.
    CheckoutFenced,
    /// The sale is confirmed and is not touched.
    CheckoutConfirmed,
    /// There is no such confirmed sale.
    CheckoutUnknown,
    /// The reservation has other lines, prices, codes or points.
    ReservationDiffers,
    /// Fewer points can be spent.
    PointsShort,
    /// The wallet has no such coupon.
    CouponUnknown,
    /// Another sale holds the coupon.
    CouponHeld,
    /// The coupon has lapsed.
    CouponExpired,
    /// The member has used the offer as often as allowed.
    MemberLimit,
    /// It is not the first purchase any more, or another sale holds that.
    NotFirstPurchase,
    /// Everybody together has used the offer as often as allowed.
    GlobalLimit,
    /// The offer's budget is spent.
    GlobalBudget,
    /// Another sale holds the code.
    CodeHeld,
    /// The code was used.
    CodeUsed,
    /// There is no such code.
    CodeUnknown,
    /// The sale has no such line.
    LineUnknown,
    /// More than is left.
    QuantityExceeded,
    /// A unit was named twice, or was returned already.
    UnitReturned,
    /// Too many returns of one sale.
    TooManyReturns,
    /// The activity is not one of the policy's.
    ActivityUnknown,
    /// The activity has been rewarded as often as allowed.
    ActivityLimit,
    /// Reservations have to end first.
    HoldsOpen,
    /// Entries have to be accrued first.
    EntriesPending,
    /// A merge is in progress.
    MergeInProgress,
    /// A bound of the head is reached.
    HeadFull,
    /// An amount is outside its range.
    OutOfRange,
}

impl Refusal {
    /// Whether the end of a reservation may remove it.
    pub(crate) const fn may_be_held(self) -> bool {
        matches!(
            self,
            Self::PointsShort
                | Self::CouponHeld
                | Self::MemberLimit
                | Self::NotFirstPurchase
                | Self::HoldsOpen
                | Self::HeadFull
        )
    }
}

impl Conflict {
    /// A reason that is about the whole.
    #[must_use]
    pub fn of(reason: Refusal) -> Self {
        Self { reason, subject: String::new(), have: 0, need: 0 }
    }

    /// A reason that is about something that has a name.
    #[must_use]
    pub fn about(reason: Refusal, subject: impl Into<String>) -> Self {
        Self { reason, subject: subject.into(), have: 0, need: 0 }
    }

    /// A reason with what is there and what would be needed.
    #[must_use]
    pub fn short(reason: Refusal, subject: impl Into<String>, have: i64, need: i64) -> Self {
        Self { reason, subject: subject.into(), have, need }
    }
}

impl std::fmt::Display for crate::head::OfferKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::fmt::Display for crate::head::CouponId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
