//! Writes a program as a program file, so that a program made by a machine becomes a case or an example.
//!
//! What a program file cannot say of an offer (`docs/program.md`) is not written: [`crate::generate`] makes none of it.
//! What is as usual is left out.

mod effect;
mod offer;
mod selector;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use suanpan_domain::{Currency, Money, OfferKind, Quantity, Rate, Rounding, UnitPrice};
use suanpan_program::model::{
    Allocation, AllocationBasis, AllocationMethod, AllocationWeight, CountsAs, EarnOn, GroupScope,
    LAYERS_DEFAULT, LimitPeriod, Multipliers, Program, SEARCH_NODES_MAX_DEFAULT, SelectionMode, ShippingTax,
    TaxBase, TaxBasis, TaxScope, Tier, UnitSplit,
};

/// The program as YAML. Reading it gives an equal program, but for the version, which follows from the text, and the
/// order of its offers: those of tiers, price lists, promotions, coupons.
///
/// ```
/// use suanpan_testkit::generate::{Scenario, Size};
/// let program = Scenario::of_seed(7, Size::SMALL).program;
/// assert!(suanpan_testkit::program_file::write(&program).starts_with("program: \"made-up\"\ncurrency: "));
/// ```
#[must_use]
pub fn write(program: &Program) -> String {
    let writer = Writer { program, currency: program.currency };
    let mut out = String::new();
    for (key, value) in writer.settings() {
        let _ = writeln!(out, "{key}: {value}");
    }
    let kinds: [(&str, &dyn Fn(OfferKind) -> bool); 3] = [
        ("price_lists", &|kind| kind == OfferKind::PriceList),
        ("promotions", &|kind| kind == OfferKind::Promotion),
        ("coupons", &|kind| kind == OfferKind::Coupon),
    ];
    for (key, of_kind) in kinds {
        let offers: Vec<_> = program.offers.iter().filter(|offer| of_kind(offer.kind)).collect();
        if !offers.is_empty() {
            let _ = writeln!(out, "{key}:");
        }
        for offer in offers {
            let _ = writeln!(out, "  - {}", writer.offer(offer));
        }
    }
    out
}

/// A map in one line.
#[derive(Default)]
struct Map(Vec<(&'static str, String)>);

impl Map {
    fn of(key: &'static str, value: impl Into<String>) -> Self {
        Self(vec![(key, value.into())])
    }

    fn put(&mut self, key: &'static str, value: impl Into<String>) {
        self.0.push((key, value.into()));
    }

    fn maybe(&mut self, key: &'static str, value: Option<impl Into<String>>) {
        self.0.extend(value.map(|value| (key, value.into())));
    }

    /// Nothing where the map is empty.
    fn some(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.text())
    }

    fn text(self) -> String {
        let rows: Vec<String> = self.0.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
        if rows.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", rows.join(", ")) }
    }
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn texts(items: &[String]) -> String {
    list(items.iter().map(|item| quoted(item)))
}

/// A whole number with its point so many places from the right, without needless zeros.
fn decimal(number: i64, places: usize) -> String {
    let scale = 10_i64.pow(places as u32);
    let (sign, magnitude) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    let (whole, part) = (magnitude / scale.unsigned_abs(), magnitude % scale.unsigned_abs());
    if part == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{part:0places$}").trim_end_matches('0').to_owned()
}

fn percent(rate: Rate) -> String {
    format!("{}%", decimal(rate.ppm(), 4))
}

fn factor(rate: Rate) -> String {
    decimal(rate.ppm(), 6)
}

fn weight(quantity: Quantity) -> String {
    decimal(quantity.milli(), 3)
}

fn rounding(mode: Rounding) -> &'static str {
    match mode {
        Rounding::HalfUp => "half_up",
        Rounding::HalfEven => "half_even",
        Rounding::HalfDown => "half_down",
        Rounding::Down => "down",
        Rounding::Up => "up",
    }
}

fn counts_as(counts: CountsAs) -> &'static str {
    match counts {
        CountsAs::Discount => "discount",
        CountsAs::Tender => "tender",
    }
}

fn period(period: LimitPeriod) -> &'static str {
    match period {
        LimitPeriod::Day => "day",
        LimitPeriod::Week => "week",
        LimitPeriod::Month => "month",
        LimitPeriod::Year => "year",
        LimitPeriod::Lifetime => "lifetime",
    }
}

/// What everything that is written depends on.
struct Writer<'a> {
    program: &'a Program,
    currency: Currency,
}

impl Writer<'_> {
    fn exponent(&self) -> usize {
        usize::from(self.currency.exponent())
    }

    fn money(&self, amount: Money) -> String {
        decimal(amount.minor(), self.exponent())
    }

    fn price(&self, price: UnitPrice) -> String {
        decimal(price.micro(), self.exponent() + 6)
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let program = self.program;
        let mut map = Map::of("program", quoted(&program.id));
        map.put("currency", self.currency.code());
        map.put("engine_edition", program.engine_edition.to_string());
        if program.price_mode == TaxBasis::Excluded {
            map.put("prices", "{ tax: excluded }");
        }
        if program.rounding != Rounding::HalfUp {
            map.put("rounding", format!("{{ mode: {} }}", rounding(program.rounding)));
        }
        map.maybe("allocation", allocation(program.allocation).some());
        if program.selection == SelectionMode::ByPriority {
            map.put("selection", "by_priority");
        }
        if program.layers != LAYERS_DEFAULT {
            map.put("layers", texts(&program.layers));
        }
        map.maybe("maximum_discount", program.maximum_discount.map(percent));
        if program.minimum_due != Money::ZERO {
            map.put("minimum_due", self.money(program.minimum_due));
        }
        map.maybe(
            "cash_rounding",
            program
                .cash_rounding
                .map(|cash| format!("{{ to: {}, mode: {} }}", self.money(cash.to), rounding(cash.rounding))),
        );
        map.maybe("tax", self.tax().some());
        if program.unit_split == UnitSplit::Rewarded {
            map.put("split", "rewarded");
        }
        if program.search_nodes_max != SEARCH_NODES_MAX_DEFAULT {
            map.put("search_nodes_max", program.search_nodes_max.to_string());
        }
        map.maybe("archive_after_days", program.archive_after_days.map(|days| days.to_string()));
        if !program.stores.is_empty() {
            let stores = program.stores.iter().map(|store| {
                let mut map = Map::of("id", quoted(&store.id));
                map.maybe("groups", (!store.groups.is_empty()).then(|| texts(&store.groups)));
                map.text()
            });
            map.put("stores", list(stores));
        }
        if !program.tiers.is_empty() {
            map.put("tiers", list(program.tiers.iter().map(|tier| self.tier(tier))));
        }
        map.maybe("stacking", self.stacking().some());
        map.maybe("points", self.points().some());
        map.0
    }

    fn tax(&self) -> Map {
        let tax = &self.program.tax;
        let mut map = Map::default();
        if tax.scope == TaxScope::PerLine {
            map.put("scope", "per_line");
        }
        if tax.base == TaxBase::GrossMinusDiscount {
            map.put("base", "gross_minus_discount");
        }
        if tax.rounding != Rounding::HalfUp {
            map.put("rounding", format!("{{ mode: {} }}", rounding(tax.rounding)));
        }
        if tax.shipping == ShippingTax::GoodsMix {
            map.put("shipping", "goods_mix");
        }
        if !tax.rates.is_empty() {
            let rates = tax.rates.iter().map(|rate| {
                let (id, of) = (quoted(&rate.id), percent(rate.rate));
                format!("{{ id: {id}, rate: {of}, included: {} }}", rate.included)
            });
            map.put("rates", list(rates));
        }
        map
    }

    fn tier(&self, tier: &Tier) -> String {
        let mut map = Map::of("id", quoted(&tier.id));
        let id = format!("tier:{}", tier.id);
        let discount = self.program.offers.iter().find(|offer| offer.id == id);
        map.maybe("discount", discount.map(|offer| self.tier_discount(offer)));
        if !tier.entitlements.is_empty() {
            let entitlements = tier.entitlements.iter().map(|entitlement| {
                let mut map = Map::of("id", quoted(&entitlement.id));
                if let Some((times, per)) = entitlement.quota {
                    map.put("times", times.to_string());
                    map.put("per", period(per));
                }
                map.text()
            });
            map.put("entitlements", list(entitlements));
        }
        map.text()
    }

    fn stacking(&self) -> Map {
        let mut map = Map::default();
        if !self.program.groups.is_empty() {
            let groups = self.program.groups.iter().map(|group| {
                let scope = match group.scope {
                    GroupScope::Basket => "basket",
                    GroupScope::Line => "line",
                };
                format!("{{ id: {}, scope: {scope}, at_most: {} }}", quoted(&group.id), group.at_most)
            });
            map.put("groups", list(groups));
        }
        if !self.program.combine.is_empty() {
            let rules = self.program.combine.iter().map(|rule| {
                format!("{{ class: {}, not_with: {} }}", quoted(&rule.class), texts(&rule.not_with))
            });
            map.put("combine", list(rules));
        }
        map
    }

    fn points(&self) -> Map {
        let points = &self.program.points;
        let mut map = Map::default();
        if let Some(earn) = &points.earn {
            let mut of = Map::of("per", self.money(earn.per));
            of.put("points", earn.points.to_string());
            let on = match earn.on {
                EarnOn::PaidAfterPoints => "paid_after_points",
                EarnOn::PaidBeforePoints => "paid_before_points",
                EarnOn::List => "list",
            };
            of.put("on", on);
            of.maybe("except", earn.except.as_ref().map(|except| self.selector(except).text()));
            if earn.multipliers == Multipliers::Largest {
                of.put("multipliers", "largest");
            }
            map.put("earn", of.text());
        }
        if points.earn.is_some() && !points.tier_times.is_empty() {
            let times =
                points.tier_times.iter().map(|of| format!("{}: {}", quoted(&of.tier), factor(of.times)));
            map.put("tier_times", format!("{{ {} }}", times.collect::<Vec<_>>().join(", ")));
        }
        if let Some(offset) = &points.offset {
            let mut of = Map::of("value", self.price(offset.value));
            // Nothing less than one point can be used.
            of.maybe("at_least", (offset.at_least > 0).then(|| offset.at_least.to_string()));
            of.put("step", offset.step.to_string());
            of.maybe("at_most_share", offset.at_most_share.map(percent));
            of.maybe("at_most_amount", offset.at_most_amount.map(|amount| self.money(amount)));
            of.maybe("except", offset.except.as_ref().map(|except| self.selector(except).text()));
            of.put("counts_as", counts_as(offset.counts_as));
            map.put("offset", of.text());
        }
        map
    }
}

fn allocation(of: Allocation) -> Map {
    let mut map = Map::default();
    match of.method {
        AllocationMethod::LargestRemainder => {}
        AllocationMethod::LastLineTakesRest => map.put("method", "last_line_takes_rest"),
        AllocationMethod::HalfDownThenFirst => map.put("method", "half_down_then_first"),
        AllocationMethod::Cascade => map.put("method", "cascade"),
    }
    match of.weight {
        AllocationWeight::Amount => {}
        AllocationWeight::Units => map.put("weight", "units"),
        AllocationWeight::AmountTaxExcluded => map.put("weight", "amount_tax_excluded"),
        AllocationWeight::AmountTaxIncluded => map.put("weight", "amount_tax_included"),
    }
    if of.basis == AllocationBasis::SourceAndTarget {
        map.put("basis", "source_and_target");
    }
    map
}
