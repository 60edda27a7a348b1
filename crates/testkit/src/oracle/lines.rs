//! Request lines merged and exploded into units (rules 1 to 5).

use suanpan_domain::{Basket, Line, LineKind, LinePrice, LineTax, ManualTarget, Rounding};

use super::arithmetic::{level, rounded};

/// A line as it is priced.
#[derive(Clone, Debug)]
pub(super) struct Merged<'a> {
    /// The request line with the smallest id; it stands for all of them.
    pub(super) line: &'a Line,
    /// Indexes of its request lines, by id.
    pub(super) requests: Vec<usize>,
    /// For each unit the index of the request line that it belongs to.
    pub(super) owners: Vec<usize>,
    /// Sum of the quantities, in thousandths.
    pub(super) quantity_milli: i64,
    /// Sold by weight: one unit.
    pub(super) weighed: bool,
    /// Before any offer; negative for returned goods.
    pub(super) gross: i64,
    /// What its units are worth before any offer (27).
    pub(super) first_units: Vec<i64>,
    /// Requested price of a unit in millionths of a minor unit (3).
    pub(super) price_micro: i64,
}

impl Merged<'_> {
    pub(super) fn id(&self) -> &str {
        self.line.id.as_str()
    }

    /// Returned goods take part in nothing (1).
    pub(super) fn negative(&self) -> bool {
        self.quantity_milli < 0
    }

    pub(super) fn sum_of_rates(&self, included: bool) -> i64 {
        self.line.taxes.iter().filter(|tax| tax.included == included).map(|tax| tax.rate.ppm()).sum()
    }
}

fn weighed(line: &Line) -> bool {
    line.weighed || line.quantity.milli() % 1_000 != 0
}

fn sorted_tags(line: &Line) -> Vec<&str> {
    let mut tags: Vec<&str> = line.tags.iter().map(String::as_str).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

pub(super) fn sorted_taxes(line: &Line) -> Vec<LineTax> {
    let mut taxes = line.taxes.clone();
    taxes.sort();
    taxes
}

fn kind_rank(kind: LineKind) -> u8 {
    match kind {
        LineKind::Goods => 0,
        LineKind::Shipping => 1,
        LineKind::Service => 2,
        LineKind::GiftCard => 3,
        LineKind::Deposit => 4,
    }
}

/// Whether a manual discount or a paper coupon means this request line alone.
fn named(basket: &Basket, line: &Line) -> bool {
    basket.manual_discounts.iter().any(|manual| manual.target == ManualTarget::Line(line.id.clone()))
        || basket.paper_coupons.iter().any(|paper| paper.line == line.id)
}

/// Whether two request lines are one (2).
fn equal(basket: &Basket, one: &Line, two: &Line) -> bool {
    let mergeable = |line: &Line| {
        !weighed(line)
            && line.quantity.milli() > 0
            && matches!(line.price, LinePrice::Unit(_))
            && !named(basket, line)
    };
    mergeable(one)
        && mergeable(two)
        && one.sku == two.sku
        && one.price == two.price
        && sorted_taxes(one) == sorted_taxes(two)
        && one.price_overridden == two.price_overridden
        && one.not_discountable == two.not_discountable
        && one.kind == two.kind
        && one.category == two.category
        && one.brand == two.brand
        && sorted_tags(one) == sorted_tags(two)
        && one.legal_minimum == two.legal_minimum
}

/// The lines of a basket, merged, in tie order (3).
pub(super) fn merged(basket: &Basket) -> Vec<Merged<'_>> {
    let mut by_id: Vec<usize> = (0..basket.lines.len()).collect();
    by_id.sort_by(|one, two| basket.lines[*one].id.as_str().cmp(basket.lines[*two].id.as_str()));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for index in by_id {
        let line = &basket.lines[index];
        match groups.iter_mut().find(|group| equal(basket, &basket.lines[group[0]], line)) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    let mut lines: Vec<Merged<'_>> = groups.into_iter().map(|group| merge(basket, group)).collect();
    lines.sort_by(|one, two| tie_key(basket, one).cmp(&tie_key(basket, two)));
    lines
}

fn merge(basket: &Basket, requests: Vec<usize>) -> Merged<'_> {
    let line = &basket.lines[requests[0]];
    let quantity_milli: i64 = requests.iter().map(|index| basket.lines[*index].quantity.milli()).sum();
    let weighed = weighed(line);
    // (4): rounded half up once, whatever the program's mode.
    let gross = match line.price {
        LinePrice::Unit(price) => {
            let exact = i128::from(price.micro()) * i128::from(quantity_milli);
            rounded(exact, 1_000_000_000, Rounding::HalfUp)
        }
        LinePrice::Total(total) => total.minor(),
    };
    let price_micro = match line.price {
        LinePrice::Unit(price) => price.micro(),
        LinePrice::Total(total) => {
            let exact = i128::from(total.minor()) * 1_000_000_000;
            rounded(exact.abs(), i128::from(quantity_milli.abs()), Rounding::Down)
        }
    };
    let mut owners = Vec::new();
    for index in &requests {
        let units = if weighed { 1 } else { basket.lines[*index].quantity.milli().abs() / 1_000 };
        owners.extend((0..units).map(|_| *index));
    }
    let first_units = level(gross, owners.len());
    Merged { line, requests, owners, quantity_milli, weighed, gross, first_units, price_micro }
}

/// Everything that tells lines apart, content first and the id last (3).
fn tie_key<'a>(basket: &'a Basket, merged: &Merged<'a>) -> impl Ord + use<'a> {
    let line = merged.line;
    let mut manuals: Vec<&str> = basket
        .manual_discounts
        .iter()
        .filter(|manual| manual.target == ManualTarget::Line(line.id.clone()))
        .map(|manual| manual.id.as_str())
        .collect();
    manuals.sort_unstable();
    let mut papers: Vec<(&str, i64)> = basket
        .paper_coupons
        .iter()
        .filter(|paper| paper.line == line.id)
        .map(|paper| (paper.code.as_str(), paper.value.minor()))
        .collect();
    papers.sort_unstable();
    let total = match line.price {
        LinePrice::Unit(_) => None,
        LinePrice::Total(total) => Some(total.minor()),
    };
    (
        (line.sku.as_str(), merged.price_micro),
        (kind_rank(line.kind), line.category.as_str(), line.brand.as_str(), sorted_tags(line)),
        (line.weighed, line.price_overridden, line.not_discountable),
        (sorted_taxes(line), merged.quantity_milli, total, line.legal_minimum.map(|legal| legal.minor())),
        (manuals, papers, line.id.as_str()),
    )
}
