//! A priced basket: every line explained, every offer accounted for.
//!
//! A quote is made to be reused: its lists are cleared and filled again, rows point into flat lists by
//! [`Span`], and offers and lines are named by index, so that pricing a basket copies no text.

use crate::money::Money;
use crate::offer::OfferRef;
use crate::quantity::Quantity;
use crate::rate::Rate;
use crate::reason::Reason;

/// A range of rows in one of the quote's flat lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first row.
    pub start: u32,
    /// The number of rows.
    pub len: u32,
}

impl Span {
    /// The rows.
    #[must_use]
    pub fn of<T>(self, rows: &[T]) -> &[T] {
        &rows[self.start as usize..(self.start + self.len) as usize]
    }
}

/// A priced basket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// One row for each request line, in the request's order.
    pub lines: Vec<QuoteLine>,
    /// The lines as they were priced: equal request lines merged, in the order that breaks ties.
    pub merged_lines: Vec<MergedLine>,
    /// What each offer took off each line, of request lines and merged lines.
    pub steps: Vec<Step>,
    /// Units that are worth the same, of request lines and merged lines.
    pub unit_runs: Vec<UnitRun>,
    /// Taxes of request lines and merged lines, one row for each tax of the line.
    pub line_taxes: Vec<LineTaxAmount>,
    /// Every offer presented or applicable, in the order of execution, then the refused ones by id.
    pub offers: Vec<OfferOutcome>,
    /// Gifts added to the basket.
    pub gifts: Vec<Gift>,
    /// Tax of the basket by tax id and rate.
    pub taxes: Vec<TaxTotal>,
    /// Sums of the basket.
    pub totals: Totals,
    /// Points paid with and earned.
    pub points: PointsOutcome,
    /// What the member gets beside the price: indexes into the tier's entitlements, and those of offers.
    pub entitlements: Vec<Entitlement>,
    /// Coupons to be issued when the sale is confirmed.
    pub issued_coupons: Vec<IssuedCoupon>,
    /// What a little more would save, largest saving first; filled only when asked for.
    pub near_misses: Vec<NearMiss>,
    /// How the offers were chosen.
    pub selection: SelectionOutcome,
    /// Nodes that the search visited; 0 when nothing had to be searched.
    pub nodes_searched: u64,
    /// The version of the member snapshot, 0 for guests.
    pub snapshot_version: u64,
}

/// A request line with its share of its merged line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuoteLine {
    /// Index of the line in the request.
    pub line: u32,
    /// Index in [`Quote::merged_lines`].
    pub merged: u32,
    /// Quantity, as requested.
    pub quantity: Quantity,
    /// Before any offer.
    pub gross: Money,
    /// After all offers.
    pub net: Money,
    /// Rows of [`Quote::steps`].
    pub steps: Span,
    /// Rows of [`Quote::unit_runs`].
    pub unit_runs: Span,
    /// Rows of [`Quote::line_taxes`].
    pub taxes: Span,
    /// Paid with points, when points count as tender.
    pub points_paid: Money,
    /// Points earned.
    pub points_earned: i64,
}

/// A line as it was priced. Refunds follow its unit runs, whichever request line is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergedLine {
    /// Index of the request line with the lowest id among those merged; it names the merged line.
    pub first_line: u32,
    /// How many request lines were merged.
    pub line_count: u32,
    /// The sum of the quantities.
    pub quantity: Quantity,
    /// Units for unit effects and returns; 1 for a weighed line.
    pub units: i64,
    /// Before any offer.
    pub gross: Money,
    /// After all offers.
    pub net: Money,
    /// Rows of [`Quote::steps`].
    pub steps: Span,
    /// Rows of [`Quote::unit_runs`].
    pub unit_runs: Span,
    /// Rows of [`Quote::line_taxes`].
    pub taxes: Span,
    /// Paid with points, when points count as tender.
    pub points_paid: Money,
    /// Points earned.
    pub points_earned: i64,
}

/// What one offer took off one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Place in the line's own order, from 1.
    pub sequence: u32,
    /// The offer.
    pub offer: OfferRef,
    /// What it took off; for a reimbursed coupon what its funder pays.
    pub amount: Money,
    /// What the line costs after it; a reimbursed coupon leaves it as it was.
    pub running: Money,
    /// Whether the amount is a share of a discount on several lines.
    pub prorated: bool,
}

/// Units of a line that are worth the same to the last minor unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitRun {
    /// How many.
    pub units: i64,
    /// Net of one.
    pub net: Money,
    /// Tax of one, all its taxes together, included and added.
    pub tax: Money,
    /// Paid with points of one, when points count as tender.
    pub points_paid: Money,
    /// Points earned with one.
    pub points_earned: i64,
}

/// One tax of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTaxAmount {
    /// Index in [`Quote::taxes`].
    pub tax: u32,
    /// Its amount.
    pub amount: Money,
}

/// One tax of the basket. The id is that of `taxes[tax_index]` of the request line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxTotal {
    /// A request line that has this tax.
    pub line: u32,
    /// Its place among that line's taxes.
    pub tax_index: u32,
    /// The rate.
    pub rate: Rate,
    /// Whether the prices contain it.
    pub included: bool,
    /// What it is computed on, without the tax.
    pub base: Money,
    /// The tax.
    pub amount: Money,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferOutcome {
    /// The offer.
    pub offer: OfferRef,
    /// Index into the basket's codes when it was presented by one of them.
    pub code: Option<u32>,
    /// Index into the basket's paper coupons when it was presented by one of them.
    pub paper: Option<u32>,
    /// Whether it was applied.
    pub applied: bool,
    /// Why not, or why not in full.
    pub reason: Option<Reason>,
    /// What it gave: a discount, or the value of a reimbursed coupon.
    pub amount: Money,
    /// How many times it was applied: groups, sets, repeats, units; 1 otherwise.
    pub times: u32,
    /// What it waits for.
    pub missing: Missing,
    /// The offer that excludes it.
    pub winner: Option<OfferRef>,
    /// For one that was left out: what the basket would cost more with it. For a coupon below its minimum gain: what
    /// it would have saved.
    pub difference: Money,
    /// Extra points that it gives.
    pub points: i64,
    /// Chain-wide counters were missing: the sale needs a hold on its limit.
    pub needs_hold: bool,
}

impl OfferOutcome {
    /// A row that says nothing yet of an offer.
    #[must_use]
    pub const fn new(offer: OfferRef) -> Self {
        Self {
            offer,
            code: None,
            paper: None,
            applied: false,
            reason: None,
            amount: Money::ZERO,
            times: 0,
            missing: Missing::Nothing,
            winner: None,
            difference: Money::ZERO,
            points: 0,
            needs_hold: false,
        }
    }
}

/// What an offer's threshold still waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Nothing.
    #[default]
    Nothing,
    /// So much more spent.
    Amount(Money),
    /// So many more units bought.
    Quantity(Quantity),
    /// So much more weight bought, in kilograms.
    Weight(Quantity),
}

/// A gift line that an offer added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gift {
    /// The offer that gives it.
    pub offer: OfferRef,
    /// Counts the offer's gifts from 1; the line's id is `gift:<offer>:<n>`.
    pub number: u32,
    /// Index into the offer's list of gifts, see the engine's `gift_sku`.
    pub choice: u32,
    /// How many units.
    pub units: i64,
    /// What it would cost; informative, in no sum.
    pub list_value: Money,
}

/// Sums of the basket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Before any offer.
    pub gross: Money,
    /// What offers took off.
    pub discount: Money,
    /// Sum of the line nets.
    pub net: Money,
    /// Tax that the prices contain.
    pub tax_included: Money,
    /// Tax that comes on top.
    pub tax_added: Money,
    /// Paid by funders of reimbursed coupons.
    pub reimbursed: Money,
    /// Paid with points, when points count as tender.
    pub points_tender: Money,
    /// What is left to pay, not in cash.
    pub due: Money,
    /// What is left to pay in cash, rounded to what coins allow.
    pub due_cash: Money,
    /// What the program's maximum total discount took back from offers.
    pub discount_cut: Money,
}

/// Points of the basket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointsOutcome {
    /// Points paid with.
    pub used: i64,
    /// What they are worth.
    pub value: Money,
    /// Why fewer than asked for.
    pub cut: Option<Reason>,
    /// Points earned by this basket when it is confirmed.
    pub earned: i64,
    /// What was given up for points, or for which points were given up.
    pub given_up: Option<GivenUp>,
}

/// What yielded where points and offers exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// The offer that yielded, or the one for which the points did (the first, where there are several).
    pub offer: OfferRef,
    /// Whether the points yielded.
    pub points: bool,
    /// What the other way would have been worth.
    pub worth: Money,
}

/// An entitlement that this basket may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// The offer that grants it; `None` for the tier.
    pub offer: Option<OfferRef>,
    /// Index into the entitlements of the tier or the offer, see the engine's `entitlement`.
    pub index: u32,
}

/// A coupon that the chain owes for this basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedCoupon {
    /// The offer that grants it.
    pub offer: OfferRef,
    /// The coupon campaign.
    pub campaign: OfferRef,
    /// How many.
    pub count: u32,
}

/// An offer that a little more would bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The offer.
    pub offer: OfferRef,
    /// What is missing.
    pub missing: Missing,
    /// What it would save.
    pub saving: Money,
}

/// How the offers of a quote were chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelectionOutcome {
    /// The best combination, proven.
    #[default]
    Exact,
    /// The best combination found within the node budget.
    BestFound,
    /// By priority.
    ByPriority,
}
