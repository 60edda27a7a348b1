//! What an offer does.

use suanpan_domain::{Money, Quantity, Rate, UnitPrice};

use super::offer::RoundAt;
use super::rare::Usual;
use super::selector::Selection;

/// What an offer does. How each is computed is in `docs/pricing.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A share of each selected line, or of what is selected together when the offer has no selector.
    PercentOff(Rate),
    /// An amount.
    AmountOff {
        /// How much.
        amount: OffAmount,
        /// From what it is taken.
        per: AmountPer,
    },
    /// Each selected unit (or kilogram) costs so much; never more than now.
    UnitPrice(UnitPrice),
    /// Prices by sku; never more than now.
    PriceList(Vec<(String, UnitPrice)>),
    /// Any N selected units for a price.
    SetPrice {
        /// Units of a set.
        units: i64,
        /// Price of a set.
        price: Money,
        /// From which end sets are formed.
        form: GroupForm,
        /// Sets at most.
        times: Option<u32>,
    },
    /// Different parts together for a price.
    Bundle {
        /// One to eight parts.
        parts: Vec<BundlePart>,
        /// What the bundle costs.
        price: BundlePrice,
        /// Bundles at most.
        times: Option<u32>,
    },
    /// Every nth unit of groups is reduced.
    NthUnit {
        /// Units of a group.
        group_size: i64,
        /// From which end groups are formed.
        form: GroupForm,
        /// Which units of the groups are rewarded.
        reward: GroupReward,
        /// What a rewarded unit gets.
        off: UnitReward,
        /// Groups at most.
        times: Option<u32>,
    },
    /// Buy X, get Y free or reduced. What to buy is the offer's own selection.
    BuyGet {
        /// Units, weight or spend to buy for each application.
        buy: UnitCount,
        /// What is reduced; the offer's own selection when none is named.
        get: Option<Box<Selection>>,
        /// Units reduced for each application.
        get_units: i64,
        /// What a rewarded unit gets.
        off: UnitReward,
        /// Which targets are reduced first.
        pick: Pick,
        /// Applications at most.
        times: Option<u32>,
    },
    /// The highest step that is reached, only that one.
    Steps(Vec<SaveStep>),
    /// Every so much, an amount off.
    Repeat {
        /// The distance, an amount or units.
        every: UnitCount,
        /// What each multiple takes off.
        off: Money,
        /// Multiples at most.
        times: Option<u32>,
    },
    /// Lowers lines of kind `shipping`.
    Shipping(ShippingEffect),
    /// Gives articles away.
    Gift {
        /// The articles on offer.
        of: Vec<String>,
        /// How many of them are given each time; when it is less than `of`, the request chooses.
        choose: u32,
        /// Given once for every so many selected units; once when none.
        per_units: Option<i64>,
    },
    /// The chain adds to another offer.
    Match {
        /// The other offer's id.
        offer: String,
        /// Share of what that one gave.
        percent: Rate,
        /// Both together give at most so much, for each application of the other.
        together_at_most: Option<Money>,
    },
    /// Extra points.
    PointsFixed(i64),
    /// Points on the selected lines are multiplied; parts per million.
    PointsTimes(Rate),
    /// Owes the member coupons of a campaign once the sale is confirmed.
    IssueCoupon {
        /// The coupon campaign's id.
        campaign: String,
        /// How many.
        count: u32,
    },
    /// Grants a benefit that is no price.
    Entitlement(String),
}

impl Effect {
    /// Its key in program files; the method that the retail data model asks for.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Effect::PercentOff(_) => "percent_off",
            Effect::AmountOff { .. } => "amount_off",
            Effect::UnitPrice(_) => "unit_price",
            Effect::PriceList(_) => "price_list",
            Effect::SetPrice { .. } => "set_price",
            Effect::Bundle { .. } => "bundle",
            Effect::NthUnit { .. } => "nth_unit",
            Effect::BuyGet { .. } => "get",
            Effect::Steps(_) => "steps",
            Effect::Repeat { .. } => "repeat",
            Effect::Shipping(_) => "shipping",
            Effect::Gift { .. } => "gift",
            Effect::Match { .. } => "match",
            Effect::PointsFixed(_) | Effect::PointsTimes(_) => "points",
            Effect::IssueCoupon { .. } => "issue_coupon",
            Effect::Entitlement(_) => "entitlement",
        }
    }
}

/// An amount to take off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffAmount {
    /// So much.
    Fixed(Money),
    /// What the paper coupon says (`amount_off: presented`).
    Presented,
}

/// From what an amount is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AmountPer {
    /// From each unit; cut per unit, never moved to another.
    Unit,
    /// From each line.
    Line,
    /// Once from all that is selected, divided between the lines.
    #[default]
    Basket,
}

/// Units, weight or spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitCount {
    /// Whole units.
    Units(i64),
    /// Weight or volume of weighed lines.
    Weight(Quantity),
    /// An amount.
    Spend(Money),
}

/// One part of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundlePart {
    /// Which units may be this part.
    pub selection: Selection,
    /// How many of them.
    pub units: i64,
    /// Which are taken first.
    pub pick: Pick,
}

/// What a bundle costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundlePrice {
    /// A price for the whole.
    Price(Money),
    /// A share off.
    PercentOff(Rate),
    /// An amount off.
    AmountOff(Money),
}

/// From which end groups are formed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GroupForm {
    /// The dearest units make the first group.
    #[default]
    DearestFirst,
    /// The cheapest units make the first group.
    CheapestFirst,
}

/// Which units of formed groups are rewarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupReward {
    /// The position from 1, in the form's order.
    pub nth: i64,
    /// Within each group, or over all of them.
    pub over: RewardOver,
    /// All units of the groups instead (`units: all`).
    pub all_units: bool,
}

/// Over what a position counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RewardOver {
    /// The nth of each group.
    #[default]
    Each,
    /// Of G groups laid end to end the positions (nth - 1)G + 1 to nth G.
    All,
}

/// What a rewarded unit gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitReward {
    /// A share off.
    PercentOff(Rate),
    /// An amount off.
    AmountOff(Money),
    /// It costs so much, never more than now.
    UnitPrice(Money),
}

/// Which units come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pick {
    /// The dearest.
    #[default]
    Dearest,
    /// The cheapest.
    Cheapest,
}

/// A step of spend-and-save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveStep {
    /// Reached at.
    pub reach: UnitCount,
    /// What it saves.
    pub save: Saving,
}

/// What a step saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    /// An amount off what is selected.
    Amount(Money),
    /// A share off what is selected.
    Percent(Rate),
}

/// What becomes of shipping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShippingEffect {
    /// It costs nothing.
    Free,
    /// A share off.
    PercentOff(Rate),
    /// An amount off, all shipping together.
    AmountOff(Money),
    /// Each shipping line costs so much, never more than now.
    Price(Money),
}

/// What any effect may add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The offer gives at most so much in a basket.
    pub cap: Option<Money>,
    /// On so many units only.
    pub units: Option<UnitLimit>,
    /// A unit's price is not lowered below it by this offer.
    pub floor_unit_price: Option<Money>,
    /// A line is not lowered below it by this offer.
    pub floor_line: Option<Money>,
    /// What all lines of one sku cost is not lowered below it by this offer.
    pub floor_sku: Option<Money>,
    /// What the search credits a gift, points, a coupon or an entitlement with.
    pub worth: Money,
    /// Where it rounds; the default depends on the effect.
    pub round_at: Option<RoundAt>,
    /// A coupon is not used up to save less.
    pub min_gain: Option<Money>,
    /// What percents are taken of.
    pub basis: PercentBasis,
    /// Refused rather than cut.
    pub all_or_nothing: bool,
}

impl Usual for Terms {
    const USUAL: &'static Self = &Self {
        cap: None,
        units: None,
        floor_unit_price: None,
        floor_line: None,
        floor_sku: None,
        worth: Money::ZERO,
        round_at: None,
        min_gain: None,
        basis: PercentBasis::Running,
        all_or_nothing: false,
    };
}

/// What percents are taken of. The result is cut to the running amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PercentBasis {
    /// What the line costs when the offer executes.
    #[default]
    Running,
    /// What the line cost when its layer began.
    Layer,
    /// Requested price times quantity.
    List,
}

/// Limits an effect to some units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitLimit {
    /// So many units.
    pub at_most: i64,
    /// Of each line, or of the basket.
    pub per: UnitLimitPer,
    /// Which first.
    pub pick: Pick,
}

/// Of what a number of units counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnitLimitPer {
    /// Of each line.
    Line,
    /// Of the basket.
    #[default]
    Basket,
}
