//! The meaning of a program: what the engine compiles.

mod effect;
mod offer;
mod points;
mod rare;
mod selector;
mod stacking;
mod tax;
mod tiers;

use suanpan_domain::{Currency, Money, Rate, Rounding};

pub use effect::{
    AmountPer, BundlePart, BundlePrice, Effect, GroupForm, GroupReward, OffAmount, PercentBasis, Pick,
    RewardOver, SaveStep, Saving, ShippingEffect, Terms, UnitCount, UnitLimit, UnitLimitPer, UnitReward,
};
pub use offer::{
    AmountAt, Birthday, CodeKind, CountsAs, CouponTerms, DayOrTime, FundingShare, LimitPeriod, Limits, Offer,
    Place, RoundAt, StoreFilter, Threshold, TimeSpan, When, Who,
};
pub use points::{
    Activity, CouponReturn, Earn, EarnOn, EarnedReturn, Expiry, Multipliers, PointsOffset, PointsPolicy,
    PriceReturn, REFERRAL_TAKEN_BACK_DAYS_DEFAULT, RESTORED_DAYS_DEFAULT, Referral, ReturnsPolicy, Reward,
    SpentReturn, TierTimes,
};
pub use rare::{Rare, Usual};
pub use selector::{Selection, Selector};
pub use stacking::{Combine, ExclusiveScope, GroupScope, OfferStacking, StackingGroup};
pub use tax::{CashRounding, ShippingTax, TaxBase, TaxBasis, TaxPolicy, TaxRate, TaxScope};
pub use tiers::{
    Qualification, Tier, TierEnd, TierEntitlement, TierKeep, WINDOW_DAYS_MAX, WINDOW_MONTHS_MAX, Window,
};

pub use suanpan_domain::OfferKind;

/// The rule book of one chain in one currency. Immutable once published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The chain's id.
    pub id: String,
    /// Derived from the program's content: equal content, equal version.
    pub version: String,
    /// The chain's title.
    pub title: Title,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The zone of stores that name none; informative, the engine uses the basket's offset.
    pub time_zone: Option<String>,
    /// Whether prices contain tax; decides what thresholds and amounts mean unless they say it.
    pub price_mode: TaxBasis,
    /// How discounts are rounded.
    pub rounding: Rounding,
    /// How an amount is divided between lines.
    pub allocation: Allocation,
    /// How the offers that win are chosen.
    pub selection: SelectionMode,
    /// Layers in the order of execution. An offer's layer is an index into it.
    pub layers: Vec<String>,
    /// Pins how baskets are priced, so that a later release gives the same bytes.
    pub engine_edition: u16,
    /// Largest share of the gross that all discounts together may take.
    pub maximum_discount: Option<Rate>,
    /// What points must leave to pay.
    pub minimum_due: Money,
    /// Smallest coins; none when cash is exact.
    pub cash_rounding: Option<CashRounding>,
    /// How taxes are computed.
    pub tax: TaxPolicy,
    /// How a merged line's net is divided between its units for returns.
    pub unit_split: UnitSplit,
    /// Nodes that the search may visit; past it the answer is the best found.
    pub search_nodes_max: u64,
    /// After so many days the bodies of members' rows move to the archive; never when none.
    pub archive_after_days: Option<u16>,
    /// Stores and their groups.
    pub stores: Vec<Store>,
    /// Tiers from the lowest; the first is what every member starts with.
    pub tiers: Vec<Tier>,
    /// Every offer: price lists, the tiers' discounts, promotions, coupons. Ids are unique.
    pub offers: Vec<Offer>,
    /// Groups that offers compete in.
    pub groups: Vec<StackingGroup>,
    /// Classes that do not combine.
    pub combine: Vec<Combine>,
    /// The points policy.
    pub points: PointsPolicy,
    /// What returns give back.
    pub returns: ReturnsPolicy,
}

/// The layers of a program that names none, in order.
pub const LAYERS_DEFAULT: [&str; 8] =
    ["price", "item", "tier", "basket", "coupon", "shipping", "points", "earn"];
/// Nodes that a search visits at most unless the program says otherwise.
pub const SEARCH_NODES_MAX_DEFAULT: u64 = 200_000;
/// The fewest days after which bodies may be archived: as long as ids live, so that what tills still ask for lies at hand.
pub const ARCHIVE_DAYS_MIN: u16 = 400;
/// The most: a century.
pub const ARCHIVE_DAYS_MAX: u16 = 36_500;
/// The engine edition of this release.
pub const ENGINE_EDITION: u16 = 1;

/// A title in the languages of receipts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Title {
    /// English.
    pub en: Option<String>,
    /// Simplified Chinese.
    pub zh_cn: Option<String>,
}

impl Usual for Title {
    const USUAL: &'static Self = &Self { en: None, zh_cn: None };
}

/// How an amount is divided between lines, weighted by their running amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// Who takes the remainder.
    pub method: AllocationMethod,
    /// What a line weighs.
    pub weight: AllocationWeight,
    /// Which lines of an offer with a buying and a getting side.
    pub basis: AllocationBasis,
}

/// Who takes the minor units that are left when an amount is divided between lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AllocationMethod {
    /// The lines with the largest remainder, ties in the order of lines.
    #[default]
    LargestRemainder,
    /// Shares rounded down, the last line takes the rest; what it cannot hold walks back.
    LastLineTakesRest,
    /// Shares rounded half down; what is missing goes to the first lines, one each, a surplus is taken back from the
    /// first lines that have something, one each.
    HalfDownThenFirst,
    /// From the last line back: rest times weight over the weights that remain, cut.
    Cascade,
}

/// What a line weighs when an amount is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AllocationWeight {
    /// Its running amount.
    #[default]
    Amount,
    /// Its units.
    Units,
    /// Its running amount without included tax.
    AmountTaxExcluded,
    /// Its running amount with added tax.
    AmountTaxIncluded,
}

/// Which lines share a discount of an offer that has a buying and a getting side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AllocationBasis {
    /// The rewarded units.
    #[default]
    Target,
    /// The bought and the rewarded units.
    SourceAndTarget,
}

/// How the offers that win are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SelectionMode {
    /// The choice with the lowest objective.
    #[default]
    BestForMember,
    /// Higher priority first; kept when it does not void what was kept.
    ByPriority,
}

/// How a merged line's net is divided between its units for returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnitSplit {
    /// Equal up to one minor unit.
    #[default]
    Level,
    /// Rewarded units keep their own value.
    Rewarded,
}

/// A store of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Its id.
    pub id: String,
    /// Groups that it belongs to.
    pub groups: Vec<String>,
    /// Its zone, where it differs from the program's.
    pub time_zone: Option<String>,
}
