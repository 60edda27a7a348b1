//! Why an offer was not applied: a closed set with stable names.

macro_rules! reasons {
    ($($(#[$meta:meta])* $variant:ident => $name:literal,)*) => {
        /// Why an offer, code or part of a request was not applied, or not in full. Ordered as they are checked: the
        /// first one that holds is said.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$meta])* $variant,)* }

        impl Reason {
            /// All of them, in order.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The machine-readable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name,)* }
            }
        }
    };
}

reasons! {
    /// No offer of the program claims the code.
    UnknownCode => "unknown_code",
    /// The same generic code was presented before in this basket.
    DuplicateCode => "duplicate_code",
    /// The coupon belongs to someone else, or to nobody here.
    NotOwned => "not_owned",
    /// The owned coupon has expired.
    CouponExpired => "coupon_expired",
    /// The basket holds more coupons of the campaign than it allows.
    PerBasketLimit => "per_basket_limit",
    /// The offer was stopped after its program was published.
    Stopped => "stopped",
    /// It starts later.
    NotStarted => "not_started",
    /// It has ended.
    Expired => "expired",
    /// Not on this day of the week, month or year.
    WrongDay => "wrong_day",
    /// Not at this time of day.
    WrongTime => "wrong_time",
    /// Not in this store.
    WrongStore => "wrong_store",
    /// Not in this channel.
    WrongChannel => "wrong_channel",
    /// Not with this kind of payment.
    WrongPayment => "wrong_payment",
    /// For members only.
    MembersOnly => "members_only",
    /// Not for this tier.
    TierTooLow => "tier_too_low",
    /// Not for the member's segments.
    WrongSegment => "wrong_segment",
    /// Outside the birthday window, or no birthday is known.
    NotBirthday => "not_birthday",
    /// Not the member's first purchase.
    NotFirstPurchase => "not_first_purchase",
    /// Not a new member any more.
    NotNewMember => "not_new_member",
    /// The member is in the hold-out group.
    HeldOut => "held_out",
    /// A per-member counter or the first-purchase flag is missing.
    UsageUnknown => "usage_unknown",
    /// A limit is used up.
    UsedUp => "used_up",
    /// The budget is used up.
    BudgetUsedUp => "budget_used_up",
    /// Nothing in the basket is selected.
    NothingSelected => "nothing_selected",
    /// The threshold is not met; what is missing is said.
    ThresholdNotMet => "threshold_not_met",
    /// No complete group, set or bundle could be formed.
    NoCompleteGroup => "no_complete_group",
    /// A gift must be chosen first.
    ChoiceNeeded => "choice_needed",
    /// The chosen gift is not among those on offer.
    ChoiceNotOffered => "choice_not_offered",
    /// The offer that it matches gives nothing.
    NothingToMatch => "nothing_to_match",
    /// Another offer excludes it; the winner is said.
    ExcludedBy => "excluded_by",
    /// Left out because the basket costs less without it; the difference is said.
    LeftOut => "left_out",
    /// The coupon would save less than it is worth to the shopper.
    MinGain => "min_gain",
    /// Nothing is left to take.
    NothingLeftToDiscount => "nothing_left_to_discount",
    /// The basket earns as many points without it.
    NothingEarned => "nothing_earned",
    /// It gives all or nothing, and all does not fit.
    AllOrNothing => "all_or_nothing",
    /// Cut, or refused, by the program's maximum total discount.
    MaximumDiscount => "maximum_discount",
    /// Cut by a legal minimum price.
    LegalMinimum => "legal_minimum",
    /// More points were asked for than the member has.
    NotEnoughPoints => "not_enough_points",
    /// Fewer points than the smallest use.
    BelowSmallestUse => "below_smallest_use",
    /// Cut to a multiple of the step.
    PointsStep => "points_step",
    /// Cut by the highest share or amount that points may pay.
    PointsMaximum => "points_maximum",
    /// The program has no points offset.
    NoPointsOffset => "no_points_offset",
    /// The line takes no discount.
    NotDiscountable => "not_discountable",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
