//! Points, and what returns give back.

use super::{CountsAsWord, GiftToMemberFile, SelectorFile, TitleFile};
use crate::read::{Amount, At, Count, Duration, Entries, Factor, Later, OwnId, Percent, Points, Price};

file_map! {
    /// How points are earned and spent.
    pub(crate) struct PointsFile ("points such as { earn: { per: 1.00, points: 1 } }") {
        /// What they are called.
        title = "title": Option<TitleFile>,
        /// How they are earned.
        earn = "earn": Option<EarnFile>,
        /// Multipliers by tier.
        tier_times = "tier_times": Option<Entries<Factor>>,
        /// How they pay.
        offset = "offset": Option<At<OffsetFile>>,
        /// When they expire; never unless said.
        expire = "expire": Option<At<ExpireFile>>,
        /// So long after earning before they can be spent; at once unless said.
        delay = "delay": Option<Duration<false>>,
        /// How long spent points that come back live when they have expired meanwhile; 30 days unless said.
        restored_for = "restored_for": Option<Duration<false>>,
        /// What else than buying earns points.
        activities = "activities": Option<Later<ActivityFile>>,
        /// What a member earns for a friend, when the friend's first sale is confirmed.
        referral = "referral": Option<ReferralFile>,
        /// What a birthday brings.
        birthday = "birthday": Option<GiftToMemberFile>,
        /// Whether points that are sent to another member expire as they would have, or anew; `anew` unless said.
        transfers = "transfers": Option<TransferWord>,
    }
}

file_map! {
    /// Something that earns points.
    pub(crate) struct ActivityFile ("an activity such as { id: check-in, points: 5, per_day: 1 }") {
        /// Its id.
        id = "id": OwnId,
        /// Points that can be spent; none unless said.
        points = "points": Option<Points>,
        /// Activity points, which count for tiers; none unless said.
        counts = "counts": Option<Points>,
        /// So often a day at most.
        per_day = "per_day": Option<Count>,
        /// So often in all at most.
        lifetime = "lifetime": Option<Count>,
    }
}

file_map! {
    /// What a referral brings.
    pub(crate) struct ReferralFile ("a referral such as { referrer: 200, friend: 100 }") {
        /// Points for who brought the friend.
        referrer = "referrer": Option<Points>,
        /// Points for the friend.
        friend = "friend": Option<Points>,
        /// Taken back when the friend's first sale is returned whole within so many days; 30 days unless said.
        taken_back_within = "taken_back_within": Option<Duration<false>>,
    }
}

file_words! {
    /// How points that are sent expire.
    pub(crate) enum TransferWord {
        /// As points that were just earned.
        Anew = "anew",
        /// As they would have.
        Kept = "kept",
    }
}

file_map! {
    /// How points are earned.
    pub(crate) struct EarnFile ("how points are earned, such as { per: 1.00, points: 1 }") {
        /// For every so much.
        per = "per": Amount<1>,
        /// So many points; one unless said.
        points = "points": Option<Points>,
        /// On what; on what is paid after points unless said.
        on = "on": Option<EarnOnWord>,
        /// Lines that earn nothing.
        except = "except": Option<SelectorFile>,
        /// How several multipliers of a line meet; they multiply unless said.
        multipliers = "multipliers": Option<MultipliersWord>,
    }
}

file_words! {
    /// What points are earned on.
    pub(crate) enum EarnOnWord {
        /// What is paid after discounts and points.
        PaidAfterPoints = "paid_after_points",
        /// What is paid after discounts, with points or otherwise.
        PaidBeforePoints = "paid_before_points",
        /// The gross.
        List = "list",
    }
}

file_words! {
    /// How several multipliers of a line meet.
    pub(crate) enum MultipliersWord {
        /// They multiply.
        Multiply = "multiply",
        /// The largest counts.
        Largest = "largest",
    }
}

file_map! {
    /// How points pay.
    pub(crate) struct OffsetFile ("how points pay, such as { value: 0.01 }") {
        /// What a point is worth.
        value = "value": Price<1>,
        /// Smallest use; one point unless said.
        at_least = "at_least": Option<Points>,
        /// Used in multiples of it; of one unless said.
        step = "step": Option<Points>,
        /// Largest share of the due.
        at_most_share = "at_most_share": Option<Percent<100>>,
        /// Largest amount.
        at_most_amount = "at_most_amount": Option<Amount<1>>,
        /// Lines that points cannot pay for.
        except = "except": Option<SelectorFile>,
        /// `discount` lowers tax, `tender` does not; `discount` unless said.
        counts_as = "counts_as": Option<CountsAsWord>,
    }
}

file_map! {
    /// When points expire.
    pub(crate) struct ExpireFile ("when points expire, such as { after: 12 months }") {
        /// So long after earning.
        after = "after": Duration<true>,
        /// On that day, or at the end of its month; on the day unless said.
        at = "at": Option<ExpireAtWord>,
        /// So long ahead the member is reminded.
        remind_before = "remind_before": Option<Duration<true>>,
    }
}

file_words! {
    /// When in the month points expire.
    pub(crate) enum ExpireAtWord {
        /// On the day.
        Day = "day",
        /// At the end of the month.
        EndOfMonth = "end_of_month",
    }
}

file_map! {
    /// What returns give back.
    pub(crate) struct ReturnsFile ("what returns give back, such as { spent_points: restore }") {
        /// The price.
        prices = "prices": Option<PriceReturnWord>,
        /// Points that were spent.
        spent_points = "spent_points": Option<SpentReturnWord>,
        /// Points that were earned.
        earned_points = "earned_points": Option<EarnedReturnWord>,
        /// Coupons that were used.
        coupons = "coupons": Option<CouponReturnWord>,
    }
}

file_words! {
    /// What price a return gives back.
    pub(crate) enum PriceReturnWord {
        /// What the units cost.
        ProRata = "pro_rata",
        /// What the sale would have cost less without them.
        Reprice = "reprice",
    }
}

file_words! {
    /// What becomes of spent points.
    pub(crate) enum SpentReturnWord {
        /// They come back.
        Restore = "restore",
        /// They are lost.
        Keep = "keep",
    }
}

file_words! {
    /// What becomes of earned points.
    pub(crate) enum EarnedReturnWord {
        /// They are taken back.
        TakeBack = "take_back",
        /// They stay.
        Keep = "keep",
    }
}

file_words! {
    /// What becomes of used coupons.
    pub(crate) enum CouponReturnWord {
        /// They come back when the whole sale is returned.
        GiveBackIfWhole = "give_back_if_whole",
        /// They stay used.
        Keep = "keep",
    }
}
