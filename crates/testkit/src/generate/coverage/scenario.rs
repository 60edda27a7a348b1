//! The features of programs, baskets and members.

use suanpan_domain::{LineKind, LinePrice, ManualTarget, PointsConflict, PointsWanted, Rounding};
use suanpan_program::model::{
    AllocationBasis, AllocationMethod, AllocationWeight, CountsAs, EarnOn, Multipliers, SelectionMode,
    ShippingTax, TaxBase, TaxBasis, TaxScope, UnitSplit,
};

use super::super::Scenario;
use crate::oracle::Priced;

/// Lists what there is, each with whether it took part, and keeps the names as a constant.
macro_rules! scenario_features {
    (|$scenario:ident, $priced:ident| $($name:literal => ($holds:expr, $took_part:expr),)*) => {
        /// All features of programs, baskets and members.
        pub(super) const FEATURES: &[&str] = &[$($name,)*];

        pub(super) fn features($scenario: &Scenario, $priced: &Priced) -> Vec<(&'static str, bool)> {
            let mut found = Vec::new();
            $(if $holds { found.push(($name, $took_part)); })*
            found
        }
    };
}

fn discounted(priced: &Priced) -> bool {
    priced.offers.iter().any(|offer| offer.amount > 0)
}

fn taxed(priced: &Priced) -> bool {
    priced.tax_included != 0 || priced.tax_added != 0
}

fn kind(scenario: &Scenario, kind: LineKind) -> bool {
    scenario.basket.lines.iter().any(|line| line.kind == kind)
}

fn line(scenario: &Scenario, holds: impl Fn(&suanpan_domain::Line) -> bool) -> bool {
    scenario.basket.lines.iter().any(holds)
}

fn earns(scenario: &Scenario, holds: impl Fn(&suanpan_program::model::Earn) -> bool) -> bool {
    scenario.program.points.earn.as_ref().is_some_and(holds)
}

fn offset(scenario: &Scenario, counts_as: CountsAs) -> bool {
    scenario.program.points.offset.as_ref().is_some_and(|offset| offset.counts_as == counts_as)
}

fn manual(scenario: &Scenario, of_basket: bool) -> bool {
    scenario.basket.manual_discounts.iter().any(|manual| (manual.target == ManualTarget::Basket) == of_basket)
}

fn manual_gave(priced: &Priced) -> bool {
    priced.offers.iter().any(|offer| offer.id.starts_with("manual:"))
}

scenario_features! { |scenario, priced|
    "rounding: half up" => (scenario.program.rounding == Rounding::HalfUp, discounted(priced)),
    "rounding: half even" => (scenario.program.rounding == Rounding::HalfEven, discounted(priced)),
    "rounding: half down" => (scenario.program.rounding == Rounding::HalfDown, discounted(priced)),
    "rounding: down" => (scenario.program.rounding == Rounding::Down, discounted(priced)),
    "rounding: up" => (scenario.program.rounding == Rounding::Up, discounted(priced)),
    "allocation: largest remainder" => (scenario.program.allocation.method == AllocationMethod::LargestRemainder, discounted(priced)),
    "allocation: last line takes rest" => (scenario.program.allocation.method == AllocationMethod::LastLineTakesRest, discounted(priced)),
    "allocation: half down then first" => (scenario.program.allocation.method == AllocationMethod::HalfDownThenFirst, discounted(priced)),
    "allocation: cascade" => (scenario.program.allocation.method == AllocationMethod::Cascade, discounted(priced)),
    "weight: amount" => (scenario.program.allocation.weight == AllocationWeight::Amount, discounted(priced)),
    "weight: units" => (scenario.program.allocation.weight == AllocationWeight::Units, discounted(priced)),
    "weight: tax excluded" => (scenario.program.allocation.weight == AllocationWeight::AmountTaxExcluded, discounted(priced)),
    "weight: tax included" => (scenario.program.allocation.weight == AllocationWeight::AmountTaxIncluded, discounted(priced)),
    "basis: source and target" => (scenario.program.allocation.basis == AllocationBasis::SourceAndTarget, discounted(priced)),
    "selection: best for member" => (scenario.program.selection == SelectionMode::BestForMember, discounted(priced)),
    "selection: by priority" => (scenario.program.selection == SelectionMode::ByPriority, discounted(priced)),
    "selection: searched" => (priced.contested > 1, discounted(priced)),
    "selection: left out" => (!priced.left_out.is_empty(), true),
    "selection: coupon dropped" => (!priced.dropped.is_empty(), true),
    "maximum discount" => (scenario.program.maximum_discount.is_some(), discounted(priced)),
    "minimum due" => (scenario.program.minimum_due.minor() > 0, priced.points_used > 0),
    "cash rounding" => (scenario.program.cash_rounding.is_some(), priced.due != priced.due_cash),
    "prices: tax included" => (scenario.program.price_mode == TaxBasis::Included, priced.tax_included > 0),
    "prices: tax excluded" => (scenario.program.price_mode == TaxBasis::Excluded, priced.tax_added > 0),
    "tax: per rate" => (scenario.program.tax.scope == TaxScope::PerRate, taxed(priced)),
    "tax: per line" => (scenario.program.tax.scope == TaxScope::PerLine, taxed(priced)),
    "tax: net rounded" => (scenario.program.tax.base == TaxBase::NetRounded, taxed(priced)),
    "tax: gross minus discount" => (scenario.program.tax.base == TaxBase::GrossMinusDiscount, taxed(priced) && discounted(priced)),
    "tax: shipping by own rate" => (scenario.program.tax.shipping == ShippingTax::OwnRate, kind(scenario, LineKind::Shipping) && taxed(priced)),
    "tax: shipping by goods" => (scenario.program.tax.shipping == ShippingTax::GoodsMix, kind(scenario, LineKind::Shipping) && taxed(priced)),
    "tax: several on a line" => (line(scenario, |line| line.taxes.len() > 1), taxed(priced)),
    "split: level" => (scenario.program.unit_split == UnitSplit::Level, discounted(priced)),
    "split: rewarded" => (scenario.program.unit_split == UnitSplit::Rewarded, discounted(priced)),
    "currency: no decimals" => (scenario.program.currency.exponent() == 0, discounted(priced)),
    "currency: two decimals" => (scenario.program.currency.exponent() == 2, discounted(priced)),
    "currency: three decimals" => (scenario.program.currency.exponent() == 3, discounted(priced)),
    "earn: after points" => (earns(scenario, |earn| earn.on == EarnOn::PaidAfterPoints), priced.points_earned > 0),
    "earn: before points" => (earns(scenario, |earn| earn.on == EarnOn::PaidBeforePoints), priced.points_earned > 0),
    "earn: list" => (earns(scenario, |earn| earn.on == EarnOn::List), priced.points_earned > 0),
    "earn: except" => (earns(scenario, |earn| earn.except.is_some()), priced.points_earned > 0),
    "earn: multiply" => (earns(scenario, |earn| earn.multipliers == Multipliers::Multiply), priced.points_earned > 0),
    "earn: largest" => (earns(scenario, |earn| earn.multipliers == Multipliers::Largest), priced.points_earned > 0),
    "points: discount" => (offset(scenario, CountsAs::Discount), priced.points_used > 0),
    "points: tender" => (offset(scenario, CountsAs::Tender), priced.points_used > 0),
    "points: exact" => (matches!(scenario.basket.points.wanted, PointsWanted::Exact(_)), priced.points_used > 0),
    "points: max" => (scenario.basket.points.wanted == PointsWanted::Max, priced.points_used > 0),
    "points: prefer points" => (scenario.basket.points.conflict == Some(PointsConflict::PreferPoints), priced.points_used > 0),
    "points: prefer offers" => (scenario.basket.points.conflict == Some(PointsConflict::PreferOffers), priced.points_used > 0),
    "points: lowest due" => (scenario.basket.points.conflict == Some(PointsConflict::LowestDue), priced.points_used > 0),
    "member: guest" => (scenario.member.is_none(), discounted(priced)),
    "member: unknown" => (scenario.basket.unknown_member.is_some(), discounted(priced)),
    "usage: unknown" => (scenario.usage.is_none(), discounted(priced)),
    "line: merged" => (priced.merged.len() < priced.requests.len(), discounted(priced)),
    "line: weighed" => (line(scenario, |line| line.weighed), discounted(priced)),
    "line: total" => (line(scenario, |line| matches!(line.price, LinePrice::Total(_))), discounted(priced)),
    "line: sub-cent price" => (line(scenario, |line| matches!(line.price, LinePrice::Unit(price) if price.micro() % 1_000_000 != 0)), discounted(priced)),
    "line: price overridden" => (line(scenario, |line| line.price_overridden), discounted(priced)),
    "line: not discountable" => (line(scenario, |line| line.not_discountable), discounted(priced)),
    "line: legal minimum" => (line(scenario, |line| line.legal_minimum.is_some()), discounted(priced)),
    "line: shipping" => (kind(scenario, LineKind::Shipping), discounted(priced)),
    "line: service" => (kind(scenario, LineKind::Service), discounted(priced)),
    "line: gift card" => (kind(scenario, LineKind::GiftCard), discounted(priced)),
    "line: deposit" => (kind(scenario, LineKind::Deposit), discounted(priced)),
    "line: negative" => (line(scenario, |line| line.quantity.milli() < 0), discounted(priced)),
    "exchange" => (scenario.basket.exchange_of.is_some(), discounted(priced)),
    "manual: basket" => (manual(scenario, true), manual_gave(priced)),
    "manual: line" => (manual(scenario, false), manual_gave(priced)),
    "gift lines" => (!priced.gifts.is_empty(), true),
}
