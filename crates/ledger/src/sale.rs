//! A priced basket as the ledger keeps it: what returns and accrual need, and nothing that prices.

use suanpan_domain::CheckoutId;

use crate::head::{Counter, CouponId, OfferKey};

/// A sale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sale {
    /// When it happened by the store's clock, Unix milliseconds.
    pub business_ms: i64,
    /// How far that wall clock is ahead of UTC, minutes.
    pub utc_offset_minutes: i32,
    /// The program that priced it.
    pub program_version: String,
    /// What was bought, in the order of the request.
    pub lines: Vec<SaleLine>,
    /// What the buyer owes, minor units, tax and shipping included, not in cash.
    pub due_minor: i64,
    /// What was paid more (less, when negative) than `due_minor` because coins are coarse.
    pub cash_rounding_minor: i64,
    /// How it was paid. Their sum is `due_minor + cash_rounding_minor`.
    pub tenders: Vec<Tender>,
    /// Points paid with.
    pub points_used: i64,
    /// What they took off the lines, minor units: the sum of the lines' own.
    pub points_value_minor: i64,
    /// Points that accrual credits.
    pub points_earned: i64,
    /// What counts for tiers: net of what was paid with points, without gift cards and deposits, minor units.
    pub qualifying_minor: i64,
    /// Coupons of the wallet that are used up.
    pub coupons: Vec<CouponId>,
    /// Uses of offers that are limited per member, each with `used` of this sale (1).
    pub uses: Vec<LimitedUse>,
    /// Whether an offer was given because it is the first purchase.
    pub first_purchase: bool,
    /// What is taken from limits that hold for everybody, in the order of their ids.
    pub global_uses: Vec<GlobalUse>,
    /// Unique codes that are used up, by their keyed hashes. Owned by the store, as `global_uses` are.
    pub codes: Vec<[u8; 16]>,
    /// Coupons that accrual puts into the wallet.
    pub issued: Vec<IssuedCoupons>,
    /// The sale that this one exchanges goods of.
    pub exchange_of: Option<CheckoutId>,
}

/// One line of a sale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaleLine {
    /// Its id, unique in the sale.
    pub id: String,
    /// The article.
    pub sku: String,
    /// How much, thousandths. Negative for deposits given back.
    pub quantity_milli: i64,
    /// Sold by weight or volume: returned by quantity rather than by units.
    pub weighed: bool,
    /// What was paid for it, minor units, tax on top included, points as tender not.
    pub paid_minor: i64,
    /// Its tax, minor units.
    pub tax_minor: i64,
    /// What points paid of it (as discount or as tender), minor units.
    pub points_value_minor: i64,
    /// Points that it earned.
    pub points_earned: i64,
    /// Its units by what they cost, in order: where nobody names a unit, the last one comes back first. One run of one
    /// unit when weighed.
    pub runs: Vec<SaleRun>,
}

/// Units of a line that are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaleRun {
    /// How many.
    pub units: i64,
    /// Paid for one, minor units, tax on top included.
    pub paid_minor: i64,
    /// Tax of one, minor units.
    pub tax_minor: i64,
    /// Paid with points of one, minor units.
    pub points_value_minor: i64,
    /// Points earned with one.
    pub points_earned: i64,
}

/// How a part of a sale was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tender {
    /// Such as `cash`, `card:visa`.
    pub kind: String,
    /// How much, minor units.
    pub amount_minor: i64,
}

/// A use of an offer that is limited per member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitedUse {
    /// The offer and the period, and how often this sale uses it.
    pub counter: Counter,
    /// How often it may be used in the period.
    pub limit: u32,
}

/// What a sale takes from a limit that holds for everybody. Owned by the store, carried here so that the row says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalUse {
    /// The offer.
    pub offer: OfferKey,
    /// Uses; 1, or 0 where only the budget is limited.
    pub uses: u32,
    /// What it gave, minor units.
    pub amount_minor: i64,
    /// Whether the program counts it back on a full return.
    pub given_back_if_whole: bool,
}

/// Coupons that a sale brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedCoupons {
    /// The campaign.
    pub campaign: OfferKey,
    /// How many.
    pub count: u32,
    /// Their expiry, Unix milliseconds; [`NEVER_MS`](crate::head::NEVER_MS) for ever.
    pub expires_ms: i64,
}

/// What one return took back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// When the goods came back by the store's clock, Unix milliseconds.
    pub business_ms: i64,
    /// What came back.
    pub lines: Vec<ReturnedLine>,
    /// Money given back, minor units.
    pub refund_minor: i64,
    /// Tax in it, minor units.
    pub tax_minor: i64,
    /// Spent points given back.
    pub points_restored: i64,
    /// Earned points that accrual takes back.
    pub points_taken_back: i64,
    /// What no longer counts for tiers, minor units.
    pub qualifying_minor: i64,
    /// Coupons that came back, when the whole sale was returned.
    pub coupons: Vec<CouponId>,
    /// Whether nothing of the sale is left.
    pub whole: bool,
}

/// What came back of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedLine {
    /// Index of the line in the sale.
    pub line: u32,
    /// How much, thousandths.
    pub quantity_milli: i64,
    /// Which units, as `(first, count)` by their place in the line, ascending; empty for weighed lines.
    pub units: Vec<(u32, u32)>,
    /// Money for it, minor units.
    pub refund_minor: i64,
    /// Tax in it, minor units.
    pub tax_minor: i64,
    /// Of spent points, what this line's share was, minor units.
    pub points_value_minor: i64,
    /// Earned points taken back.
    pub points_earned: i64,
}
