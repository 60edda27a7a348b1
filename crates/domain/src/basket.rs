//! What a till or a web shop asks to be priced.

use crate::ids::{LineId, MemberId, Sku, StoreId, TillId};
use crate::money::{Currency, Money, UnitPrice};
use crate::quantity::Quantity;
use crate::rate::Rate;
use crate::time::BusinessTime;

/// A basket at the moment of payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basket {
    /// The chain whose program prices it.
    pub chain: String,
    /// The store, if any.
    pub store: Option<StoreId>,
    /// The till, if any.
    pub till: Option<TillId>,
    /// The channel, such as `pos`, `web` or `app`; empty when not said.
    pub channel: String,
    /// The currency, which is the program's.
    pub currency: Currency,
    /// When the sale happens.
    pub business_time: BusinessTime,
    /// What is bought, in the order of scanning.
    pub lines: Vec<Line>,
    /// Coupon codes presented: generic, unique, or the ids of owned coupons.
    pub codes: Vec<String>,
    /// Paper coupons whose value was read off them.
    pub paper_coupons: Vec<PaperCoupon>,
    /// Discounts given by a person.
    pub manual_discounts: Vec<ManualDiscount>,
    /// Which gifts were chosen.
    pub gift_choices: Vec<GiftChoice>,
    /// How it will be paid, such as `cash` or `card`; empty when not said.
    pub payment_kind: String,
    /// Points to pay with.
    pub points: PointsRequest,
    /// Who was named as buyer but has no snapshot: priced as a guest, and flagged.
    pub unknown_member: Option<MemberId>,
    /// The sale that this one exchanges goods of.
    pub exchange_of: Option<String>,
}

/// One scanned line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Unique within the basket.
    pub id: LineId,
    /// The article.
    pub sku: Sku,
    /// Category path, levels separated by `/`; empty when not known.
    pub category: String,
    /// Brand; empty when not known.
    pub brand: String,
    /// Free labels that selectors can name.
    pub tags: Vec<String>,
    /// What kind of thing it is.
    pub kind: LineKind,
    /// How much, in thousandths.
    pub quantity: Quantity,
    /// Sold by weight or volume: one unit for unit effects, never merged. A fractional quantity implies it.
    pub weighed: bool,
    /// The requested price.
    pub price: LinePrice,
    /// Taxes on it.
    pub taxes: Vec<LineTax>,
    /// A person changed the price: no price list and no `item` offer applies.
    pub price_overridden: bool,
    /// Takes no discount at all and counts for no threshold.
    pub not_discountable: bool,
    /// Lowest legal price of one unit (or kilogram).
    pub legal_minimum: Option<Money>,
}

/// Kinds of lines; they differ in what thresholds see, what may be negative and what earns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LineKind {
    /// Goods.
    #[default]
    Goods,
    /// Delivery.
    Shipping,
    /// Work, such as alterations.
    Service,
    /// Prepaid value: no threshold sees it, nothing is earned on it.
    GiftCard,
    /// Deposit for bottles and crates; returned ones have a negative quantity.
    Deposit,
}

/// The price that the till asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinePrice {
    /// Price of one unit, kilogram or litre.
    Unit(UnitPrice),
    /// Price of the whole line, such as 3 for 5.00; never merged.
    Total(Money),
}

/// A tax on a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineTax {
    /// The tax's id, such as `vat-standard` or `city`.
    pub id: String,
    /// Its rate.
    pub rate: Rate,
    /// Whether the price contains it.
    pub included: bool,
}

/// A paper coupon whose value was read off it, for one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperCoupon {
    /// A generic code of a coupon whose effect is `amount_off: presented`.
    pub code: String,
    /// The line that it is for.
    pub line: LineId,
    /// Its value.
    pub value: Money,
}

/// A discount that a person gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualDiscount {
    /// Unique within the basket.
    pub id: String,
    /// Why it is given.
    pub reason: String,
    /// Who allowed it.
    pub authority: String,
    /// What it lowers.
    pub target: ManualTarget,
    /// By how much.
    pub value: ManualValue,
}

/// What a manual discount lowers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManualTarget {
    /// The whole basket.
    Basket,
    /// One request line.
    Line(LineId),
}

/// How much a manual discount takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManualValue {
    /// A share.
    Percent(Rate),
    /// An amount.
    Amount(Money),
}

/// The gifts chosen from an offer that lets the shopper choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GiftChoice {
    /// The offer.
    pub offer: String,
    /// One sku per gift; the same sku may be named more than once.
    pub skus: Vec<Sku>,
}

/// Which points to pay with, and what yields when points and an offer exclude each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointsRequest {
    /// How many.
    pub wanted: PointsWanted,
    /// What yields; `None` takes the default of `wanted`.
    pub conflict: Option<PointsConflict>,
}

/// How many points to pay with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointsWanted {
    /// None.
    #[default]
    None,
    /// Exactly so many, if they can be used.
    Exact(i64),
    /// As many as can be used.
    Max,
}

/// What yields when points and an offer exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointsConflict {
    /// The offers yield; default for an exact number.
    PreferPoints,
    /// The points yield; default for as many as possible.
    PreferOffers,
    /// Whatever leaves less to pay; the offers, if equal.
    LowestDue,
}
