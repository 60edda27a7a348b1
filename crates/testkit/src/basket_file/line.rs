//! One line of a basket.

use suanpan_domain::{Line, LineId, LineKind, LinePrice, LineTax, Money, Quantity, Rate, Sku, UnitPrice};

use super::Reading;
use crate::cases::fields::{Fields, parsed};
use crate::cases::node::Node;

const KEYS: &[&str] = &[
    "id",
    "sku",
    "price",
    "total",
    "qty",
    "category",
    "brand",
    "tags",
    "kind",
    "weighed",
    "tax",
    "overridden",
    "no_discount",
    "legal_minimum",
];

pub(super) fn line(node: &Node, index: usize, reading: &mut Reading<'_>) -> Option<Line> {
    let fields = Fields::of(node, KEYS, &mut reading.problems)?;
    let id = fields.get("id").and_then(Node::text).map_or_else(|| format!("L{}", index + 1), str::to_owned);
    let id = reading.checked(node.line, LineId::new(id));
    let sku = fields.text("sku", &mut reading.problems);
    let sku = sku.and_then(|sku| reading.checked(node.line, Sku::new(sku)));
    let price = price(fields, reading);
    let quantity =
        fields.parsed("qty", "a number with at most three decimals", &mut reading.problems, Quantity::parse);
    let kind =
        fields.parsed("kind", "goods, shipping, service, gift_card or deposit", &mut reading.problems, kind);
    let taxes = taxes(fields, reading);
    let legal_minimum = reading.money(fields, "legal_minimum");
    Some(Line {
        id: id?,
        sku: sku?,
        category: fields.text_or_empty("category", &mut reading.problems),
        brand: fields.text_or_empty("brand", &mut reading.problems),
        tags: fields.texts("tags", &mut reading.problems),
        kind: kind.unwrap_or_default(),
        quantity: quantity.unwrap_or(Quantity::from_units(1)),
        weighed: fields.flag("weighed", &mut reading.problems),
        price: price?,
        taxes,
        price_overridden: fields.flag("overridden", &mut reading.problems),
        not_discountable: fields.flag("no_discount", &mut reading.problems),
        legal_minimum,
    })
}

fn price(fields: Fields<'_>, reading: &mut Reading<'_>) -> Option<LinePrice> {
    if let Some(total) = fields.get("total") {
        let currency = reading.currency;
        let total =
            parsed(total, "an amount", &mut reading.problems, |text| Money::parse(text, currency).ok());
        return total.map(LinePrice::Total);
    }
    fields.text("price", &mut reading.problems)?;
    let currency = reading.currency;
    fields
        .parsed("price", "a price", &mut reading.problems, |text| UnitPrice::parse(text, currency).ok())
        .map(LinePrice::Unit)
}

fn kind(text: &str) -> Option<LineKind> {
    Some(match text {
        "goods" => LineKind::Goods,
        "shipping" => LineKind::Shipping,
        "service" => LineKind::Service,
        "gift_card" => LineKind::GiftCard,
        "deposit" => LineKind::Deposit,
        _ => return None,
    })
}

/// A tax is `[id] rate [included|added]`, or the id of one of the program's rates.
fn taxes(fields: Fields<'_>, reading: &mut Reading<'_>) -> Vec<LineTax> {
    let nodes = fields.get("tax").map(Node::items).unwrap_or_default();
    let included = reading.tax_included();
    let known = &reading.program.tax.rates;
    let what = "a tax such as `20%`, `vat 20%`, `city 8.875% added` or the id of one of the program's rates";
    let read = |text: &str| {
        if let Some(rate) = known.iter().find(|rate| rate.id == text) {
            return Some(LineTax { id: rate.id.clone(), rate: rate.rate, included: rate.included });
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let (words, included) = match words.as_slice() {
            [rest @ .., "included"] => (rest, true),
            [rest @ .., "added"] => (rest, false),
            rest => (rest, included),
        };
        let (id, rate) = match words {
            [rate] => (format!("tax-{rate}"), rate),
            [id, rate] => ((*id).to_owned(), rate),
            _ => return None,
        };
        Some(LineTax { id, rate: Rate::parse_percent(rate)?, included })
    };
    nodes.iter().filter_map(|node| parsed(node, what, &mut reading.problems, read)).collect()
}
