//! Tiers of membership.

use super::{
    BuyFile, GuardWord, LeaveOutWord, LimitsFile, OfferStackingFile, PercentBasisWord, PeriodWord, PlaceFile,
    RoundAtWord, SelectorFile, TitleFile, WhenFile,
};
use crate::read::{
    Amount, At, Count, Duration, Entries, Id, Later, Needed, OneOrMany, OwnId, Percent, Points, Priority,
    Switch, WindowText,
};

file_map! {
    /// A level of membership.
    pub(crate) struct TierFile ("a tier such as { id: gold }") {
        /// Its id.
        id = "id": OwnId,
        /// What people read.
        title = "title": Option<TitleFile>,
        /// What its members save; an offer of its own with the id `tier:` and the tier's.
        discount = "discount": Option<At<TierDiscountFile>>,
        /// How a member gets here. Not for the first tier, which everyone starts with.
        qualify = "qualify": Option<At<QualifyFile>>,
        /// How long it lasts, and what comes then; until something better is reached unless said.
        keep = "keep": Option<KeepFile>,
        /// What reaching it brings.
        welcome = "welcome": Option<GiftToMemberFile>,
        /// Benefits that are no price.
        entitlements = "entitlements": Option<Later<EntitlementFile>>,
    }
}

file_map! {
    /// How long a tier lasts.
    pub(crate) struct KeepFile ("how long a tier lasts, such as { for: 12 months }") {
        /// So long after it was reached, or kept.
        length = "for": Duration<true>,
        /// It stays so much longer before anything happens.
        grace = "grace": Option<Duration<false>>,
        /// What happens then; `re_evaluate` unless said.
        then = "then": Option<KeepWord>,
    }
}

file_words! {
    /// What becomes of a tier at its end.
    pub(crate) enum KeepWord {
        /// The tier that the member qualifies for then.
        ReEvaluate = "re_evaluate",
        /// One level down, unless the member qualifies for it again.
        OneDown = "one_down",
        /// It is kept.
        Keep = "keep",
    }
}

file_map! {
    /// Points and coupons that are given.
    pub(crate) struct GiftToMemberFile ("what is given, such as { points: 100 }") {
        /// So many points.
        points = "points": Option<Points>,
        /// Coupons for the wallet, by campaign.
        coupons = "coupons": Option<OneOrMany<Id>>,
    }
}

file_map! {
    /// What the members of a tier save.
    pub(crate) struct TierDiscountFile ("a discount such as { percent_off: 5% }") {
        /// A share of each line.
        percent_off = "percent_off": Needed<Percent<100>>,
        /// Lines that it does not touch.
        except = "except": Option<At<SelectorFile>>,
        /// The lines that it lowers, and how much of them has to be bought; everything unless said.
        buy = "buy": Option<At<BuyFile>>,
        /// It gives at most so much in a basket.
        cap = "cap": Option<Amount<1>>,
        /// It lowers no unit's price below this.
        floor_unit_price = "floor_unit_price": Option<Amount<1>>,
        /// Where it is rounded; at each line unless said.
        round_at = "round_at": Option<RoundAtWord>,
        /// What the percentage is taken of; the running amount unless said.
        basis = "basis": Option<PercentBasisWord>,
        /// Refused rather than cut.
        all_or_nothing = "all_or_nothing": Option<Switch>,
        /// What people read; the tier's title unless said.
        title = "title": Option<TitleFile>,
        /// The layer that it executes in; `tier` unless said.
        layer = "layer": Option<At<Id>>,
        /// Higher executes first within the layer.
        priority = "priority": Option<Priority>,
        /// Whether the search may leave it out; allowed unless said.
        leave_out = "leave_out": Option<LeaveOutWord>,
        /// When it holds.
        when = "when": Option<At<WhenFile>>,
        /// Where, and how it is paid.
        place = "where": Option<PlaceFile>,
        /// How often it may be used.
        limits = "limits": Option<At<LimitsFile>>,
        /// Who pays which share; the chain pays the rest.
        funding = "funding": Option<At<Entries<Percent<100>>>>,
        /// How it goes with other offers.
        stacking = "stacking": Option<OfferStackingFile>,
        /// `exempt`: the program's maximum discount does not bind it.
        guard = "guard": Option<GuardWord>,
    }
}

file_map! {
    /// What qualifies for a tier: exactly one of these.
    pub(crate) struct QualifyFile ("a condition such as { spend: 1000, within: 12 months }") {
        /// One of them is enough.
        any_of = "any_of": Option<OneOrMany<QualifyFile>>,
        /// All of them are needed.
        all_of = "all_of": Option<OneOrMany<QualifyFile>>,
        /// So much spent.
        spend = "spend": Option<Amount<1>>,
        /// So many purchases.
        purchases = "purchases": Option<Count>,
        /// So many activity points.
        activity = "activity": Option<Points>,
        /// Within so many months or days, or the calendar year; ever unless said.
        within = "within": Option<WindowText>,
    }
}

file_map! {
    /// A benefit that is no price.
    pub(crate) struct EntitlementFile ("an entitlement such as { id: gift-wrap }") {
        /// Its id.
        id = "id": OwnId,
        /// Uses in a period; unlimited unless said.
        times = "times": Option<Count>,
        /// The period of `times`; for ever unless said.
        per = "per": Option<At<PeriodWord>>,
    }
}
