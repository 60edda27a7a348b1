//! An offer: anything of the program that can lower what is paid, or gives something beside.

use jiff::civil::{Date, DateTime};
use suanpan_domain::{Money, OfferKind, Rate};

use super::Title;
use super::effect::{Effect, Terms, UnitCount};
use super::rare::{Rare, Usual};
use super::selector::Selection;
use super::stacking::OfferStacking;
use super::tax::TaxBasis;

/// An offer of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Unique in the program. A tier's discount is `tier:<id>`.
    pub id: String,
    /// Its title.
    pub title: Rare<Title>,
    /// What sort it is.
    pub kind: OfferKind,
    /// Index into the program's layers.
    pub layer: usize,
    /// Higher executes first within the layer.
    pub priority: i32,
    /// Whether the search may leave it out.
    pub leave_out_allowed: bool,
    /// When it holds.
    pub when: Rare<When>,
    /// For whom.
    pub who: Rare<Who>,
    /// Where.
    pub place: Rare<Place>,
    /// What has to be bought, and what an effect without a target of its own lowers.
    pub buy: Selection,
    /// How much of it. Steps and repetitions have measures of their own, which see the amounts that this says; what
    /// `BuyGet` needs stands in the effect alone.
    pub threshold: Option<Threshold>,
    /// What the effect lowers, where that differs from `buy`.
    pub target: Option<Box<Selection>>,
    /// What it does.
    pub effect: Effect,
    /// What the effect adds.
    pub terms: Rare<Terms>,
    /// How often it may be used.
    pub limits: Rare<Limits>,
    /// Who pays; the chain pays what is not listed.
    pub funding: Vec<FundingShare>,
    /// Whether it lowers the price or is a tender.
    pub counts_as: CountsAs,
    /// How it goes with others.
    pub stacking: Rare<OfferStacking>,
    /// How it is presented; none for automatic offers.
    pub coupon: Option<Box<CouponTerms>>,
    /// The program's maximum total discount does not bind it.
    pub guard_exempt: bool,
}

/// How much has to be bought of what an offer selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The least that is enough.
    pub reach: UnitCount,
    /// Which amounts count.
    pub at: AmountAt,
    /// With or without tax; as the program's prices when none.
    pub tax: Option<TaxBasis>,
}

/// Which amounts a threshold sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AmountAt {
    /// When the offer executes.
    #[default]
    Running,
    /// Requested price times quantity.
    List,
    /// When the layer of this index is done.
    AfterLayer(usize),
}

/// Where a discount is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoundAt {
    /// For each unit.
    Unit,
    /// For each line.
    Line,
    /// Once for the offer, then divided.
    Offer,
}

/// When an offer holds, by the wall clock that the basket brings. Spans are half-open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// From.
    pub from: Option<DayOrTime>,
    /// Until: a date is inclusive, a time is not.
    pub until: Option<DayOrTime>,
    /// Days of the week as bits, Monday is bit 0; 0 means any.
    pub weekdays: u8,
    /// Days of the month as bits, the 1st is bit 1; 0 means any.
    pub days_of_month: u32,
    /// Months as bits, January is bit 1; 0 means any.
    pub months: u16,
    /// Times of day; any when empty.
    pub times: Vec<TimeSpan>,
}

impl Usual for When {
    const USUAL: &'static Self =
        &Self { from: None, until: None, weekdays: 0, days_of_month: 0, months: 0, times: Vec::new() };
}

/// An end of a validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOrTime {
    /// A whole day.
    Day(Date),
    /// A moment of the wall clock.
    Time(DateTime),
}

/// A span of the day in minutes since midnight, half-open. One that ends at or before its start runs over midnight
/// and belongs to the day it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// 0 to 1,439.
    pub from_minute: u16,
    /// 1 to 1,440.
    pub until_minute: u16,
}

/// For whom an offer is. All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Members only.
    pub members_only: bool,
    /// One of these tiers; any when empty.
    pub tiers: Vec<String>,
    /// At least one of these segments; any when empty.
    pub segments: Vec<String>,
    /// Around the birthday.
    pub birthday: Option<Birthday>,
    /// On the first purchase only.
    pub first_purchase: bool,
    /// Enrolled at most so many days ago.
    pub new_member_days: Option<u16>,
    /// Share of the members that does not get it, to measure what it does.
    pub hold_out: Option<Rate>,
}

impl Usual for Who {
    const USUAL: &'static Self = &Self {
        members_only: false,
        tiers: Vec::new(),
        segments: Vec::new(),
        birthday: None,
        first_purchase: false,
        new_member_days: None,
        hold_out: None,
    };
}

impl Who {
    /// Whether a guest can never have it.
    #[must_use]
    pub fn needs_member(&self) -> bool {
        self.members_only
            || !self.tiers.is_empty()
            || !self.segments.is_empty()
            || self.birthday.is_some()
            || self.first_purchase
            || self.new_member_days.is_some()
    }
}

/// A window around the birthday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Birthday {
    /// The day.
    Day,
    /// Three days either side.
    Week,
    /// The month.
    Month,
}

/// Where an offer holds. All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// In which stores; everywhere when none.
    pub stores: Option<StoreFilter>,
    /// In one of these channels; any when empty.
    pub channels: Vec<String>,
    /// With one of these kinds of payment; any when empty.
    pub payments: Vec<String>,
}

impl Usual for Place {
    const USUAL: &'static Self = &Self { stores: None, channels: Vec::new(), payments: Vec::new() };
}

/// Some stores of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreFilter {
    /// These stores.
    pub ids: Vec<String>,
    /// Stores of these groups.
    pub groups: Vec<String>,
}

/// How often an offer may be used. One confirmed basket is one use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Applications in a basket; for coupons, how many of the campaign.
    pub per_basket: Option<u32>,
    /// Uses by a member in a period.
    pub per_member: Option<(u32, LimitPeriod)>,
    /// Uses by everybody.
    pub in_total: Option<u64>,
    /// What it may give to everybody.
    pub budget: Option<Money>,
    /// Uses come back when the whole sale is returned.
    pub given_back_if_whole: bool,
}

impl Usual for Limits {
    const USUAL: &'static Self = &Self {
        per_basket: None,
        per_member: None,
        in_total: None,
        budget: None,
        given_back_if_whole: false,
    };
}

/// The period of a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LimitPeriod {
    /// A calendar day.
    Day,
    /// A calendar week from Monday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year; for a birthday offer, one birthday.
    Year,
    /// For ever.
    #[default]
    Lifetime,
}

/// Who pays which share of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundingShare {
    /// The payer.
    pub funder: String,
    /// The share.
    pub share: Rate,
}

/// Whether an offer lowers the price or pays for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CountsAs {
    /// Lowers the price, and tax with it.
    #[default]
    Discount,
    /// Pays like money: a reimbursed coupon.
    Tender,
}

/// How a coupon is presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponTerms {
    /// Which codes.
    pub codes: CodeKind,
    /// Each presentation counts: two pieces of paper are two coupons.
    pub paper: bool,
}

/// The codes of a coupon campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// These codes, for everybody.
    Generic(Vec<String>),
    /// One code for each coupon.
    Unique {
        /// What they begin with.
        prefix: String,
        /// Characters of a code, prefix included.
        length: usize,
    },
    /// In a member's wallet; presented by the coupon's id.
    Owned,
}
