//! Offers: promotions, coupons, price lists.

use schemars::JsonSchema;

use super::{BuyFile, EffectFile, OfferStackingFile, SelectorFile, StoresFile, TitleFile};
use crate::read::{
    Amount, At, Context, Count, Duration, Entries, FromNode, Id, Needed, OneOrMany, OwnId, Percent, Price,
    Priority, Switch, UnitsCount,
};
use crate::yaml::{Kind, Node};

/// Writes a map with the keys of every offer and some of its own.
macro_rules! offer_map {
    (
        $(#[$meta:meta])*
        pub(crate) struct $name:ident ($needed:literal) { $($own:tt)* }
    ) => {
        file_map! {
            $(#[$meta])*
            pub(crate) struct $name ($needed) {
                /// Unique in the program.
                id = "id": OwnId,
                /// What people read.
                title = "title": Option<TitleFile>,
                /// The layer that it executes in; the default depends on the kind of offer.
                layer = "layer": Option<At<Id>>,
                /// Higher executes first within the layer, and wins first where offers compete; 0 unless said.
                priority = "priority": Option<Priority>,
                /// Whether the search may leave it out; the default depends on the kind of offer.
                leave_out = "leave_out": Option<LeaveOutWord>,
                /// When it holds.
                when = "when": Option<At<WhenFile>>,
                /// For whom.
                who = "who": Option<At<WhoFile>>,
                /// Where, and how it is paid.
                place = "where": Option<PlaceFile>,
                /// What has to be bought, and what an effect without a target of its own lowers.
                buy = "buy": Option<At<BuyFile>>,
                /// Lines that it does not touch.
                except = "except": Option<At<SelectorFile>>,
                /// How often it may be used.
                limits = "limits": Option<At<LimitsFile>>,
                /// Who pays which share; the chain pays the rest.
                funding = "funding": Option<At<Entries<Percent<100>>>>,
                /// Whether it lowers the price or pays for it like money; `discount` unless said.
                counts_as = "counts_as": Option<CountsAsWord>,
                /// How it goes with other offers.
                stacking = "stacking": Option<OfferStackingFile>,
                /// `exempt`: the program's maximum discount does not bind it.
                guard = "guard": Option<GuardWord>,
                $($own)*
            }
        }
    };
}

offer_map! {
    /// An automatic offer.
    pub(crate) struct PromotionFile ("a promotion such as { id: ID, effect: { percent_off: 5% } }") {
        /// What it does.
        effect = "effect": Needed<At<EffectFile>>,
    }
}

offer_map! {
    /// An offer that has to be presented.
    pub(crate) struct CouponFile ("a coupon such as { id: ID, codes: owned, effect: { amount_off: 5.00 } }") {
        /// How it is presented. Needed, unless the effect is a `match`, which follows the coupon that it matches.
        codes = "codes": Option<At<CodesFile>>,
        /// What it does.
        effect = "effect": Needed<At<EffectFile>>,
    }
}

offer_map! {
    /// Prices by sku, below those that tills ask for.
    pub(crate) struct PriceListFile ("a price list such as { id: ID, prices: { SKU: 1.00 } }") {
        /// The prices.
        prices = "prices": Entries<Price<0>>,
    }
}

file_words! {
    /// Whether the search may leave an offer out.
    pub(crate) enum LeaveOutWord {
        /// It may, for a strictly better result.
        Allowed = "allowed",
        /// It is a promise.
        Never = "never",
    }
}

file_words! {
    /// Whether an offer lowers the price or pays for it.
    pub(crate) enum CountsAsWord {
        /// Lowers the price, and tax with it.
        Discount = "discount",
        /// Pays like money: a reimbursed coupon, or points.
        Tender = "tender",
    }
}

file_words! {
    /// Whether the maximum discount binds an offer.
    pub(crate) enum GuardWord {
        /// It does not.
        Exempt = "exempt",
    }
}

file_map! {
    /// When an offer holds, by the wall clock of the store. All keys hold together.
    pub(crate) struct WhenFile ("a time such as { from: 2026-11-01, days: [mon] }") {
        /// From this date, or date and time.
        from = "from": Option<At<DayOrTimeText>>,
        /// Until this date, inclusive, or until this date and time, exclusive.
        until = "until": Option<At<DayOrTimeText>>,
        /// Days of the week.
        days = "days": Option<OneOrMany<DayWord>>,
        /// Days of the month, 1 to 31.
        days_of_month = "days_of_month": Option<OneOrMany<DayOfMonth>>,
        /// Months, 1 to 12.
        months = "months": Option<OneOrMany<MonthNumber>>,
        /// Times of day such as `18:00-21:00`; `22:00-02:00` runs over midnight.
        times = "times": Option<OneOrMany<TimesText>>,
    }
}

file_words! {
    /// A day of the week.
    pub(crate) enum DayWord {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
    }
}

pub(crate) use super::stores::{DayOfMonth, DayOrTimeText, MonthNumber, TimesText};

file_map! {
    /// For whom an offer is. All keys hold together.
    pub(crate) struct WhoFile ("whom it is for, such as { members: true }") {
        /// Members only.
        members = "members": Option<Switch>,
        /// One of these tiers.
        tiers = "tiers": Option<OneOrMany<Id>>,
        /// At least one of these segments.
        segments = "segments": Option<OneOrMany<Id>>,
        /// Around the birthday: the day, the week (three days either side), the month.
        birthday = "birthday": Option<BirthdayWord>,
        /// On the first purchase only.
        first_purchase = "first_purchase": Option<Switch>,
        /// Enrolled at most so many days ago, such as `30 days`.
        new_member = "new_member": Option<Duration<false>>,
        /// Share of the members that does not get it, to measure what it does.
        hold_out = "hold_out": Option<Percent<100>>,
    }
}

file_words! {
    /// A window around the birthday.
    pub(crate) enum BirthdayWord {
        /// The day.
        Day = "day",
        /// Three days either side.
        Week = "week",
        /// The month.
        Month = "month",
    }
}

file_map! {
    /// Where an offer holds. All keys hold together.
    pub(crate) struct PlaceFile ("a place such as { channels: [pos] }") {
        /// In these stores: a list of ids, or `{ group: … }`.
        stores = "stores": Option<StoresFile>,
        /// In one of these channels.
        channels = "channels": Option<OneOrMany<Id>>,
        /// Paid in one of these ways.
        payments = "payments": Option<OneOrMany<Id>>,
    }
}

file_map! {
    /// How often an offer may be used. One confirmed basket is one use.
    pub(crate) struct LimitsFile ("limits such as { per_member: 1, per: month }") {
        /// Applications in a basket; for coupons, how many of the campaign.
        per_basket = "per_basket": Option<Count>,
        /// Uses by a member.
        per_member = "per_member": Option<Count>,
        /// The period of `per_member`; for ever unless said.
        per = "per": Option<PeriodWord>,
        /// Uses by everybody.
        in_total = "in_total": Option<Count>,
        /// What it may give to everybody.
        budget = "budget": Option<Amount<1>>,
        /// Whether uses come back when the whole sale is returned; `never` unless said.
        given_back = "given_back": Option<GivenBackWord>,
    }
}

file_words! {
    /// When uses of a limited offer come back.
    pub(crate) enum GivenBackWord {
        /// A use is a use.
        Never = "never",
        /// When nothing of the sale is left.
        OnFullReturn = "on_full_return",
    }
}

file_words! {
    /// A period of the calendar.
    pub(crate) enum PeriodWord {
        /// A calendar day.
        Day = "day",
        /// A calendar week from Monday.
        Week = "week",
        /// A calendar month.
        Month = "month",
        /// A calendar year; for a birthday offer, one birthday.
        Year = "year",
        /// For ever.
        Lifetime = "lifetime",
    }
}

/// `owned`, or which codes.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum CodesFile {
    /// In a member's wallet, put there by a rule, a person or another offer.
    Owned(#[schemars(with = "OwnedWord")] ()),
    /// Codes that are read or typed in.
    Named(At<NamedCodesFile>),
}

file_words! {
    /// In a member's wallet.
    pub(crate) enum OwnedWord {
        /// In a member's wallet.
        Owned = "owned",
    }
}

impl FromNode for CodesFile {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        match node.kind() {
            Kind::Mapping => At::from_node(node, context).map(Self::Named),
            _ => OwnedWord::from_node(node, context).map(|OwnedWord::Owned| Self::Owned(())),
        }
    }
}

file_map! {
    /// Codes: one for everybody, or one for each coupon.
    pub(crate) struct NamedCodesFile ("`owned`, or codes such as { generic: [WELCOME] }") {
        /// These codes, for everybody.
        generic = "generic": Option<OneOrMany<Id>>,
        /// One code for each coupon.
        unique = "unique": Option<UniqueCodesFile>,
        /// Each presentation counts: two pieces of paper are two coupons.
        paper = "paper": Option<Switch>,
    }
}

file_map! {
    /// One code for each coupon.
    pub(crate) struct UniqueCodesFile ("unique codes such as { prefix: FR, length: 10 }") {
        /// What the codes begin with.
        prefix = "prefix": At<Id>,
        /// Characters of a code, prefix included.
        length = "length": At<UnitsCount>,
    }
}
