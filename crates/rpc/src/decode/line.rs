//! Lines, completed from the catalogue where they leave something out.

use suanpan_domain::{
    Article, Catalogue, Line, LineKind, LinePrice, LineTax, Money, Quantity, Rate, Rounding, Sku, UnitPrice,
    limits,
};

use super::Terms;
use super::names::check_unique;
use super::text::{check, check_category, check_count, check_required, required, within};
use crate::problem::{Fault, Problems};
use crate::v1;

/// How the quote names lines that offers add.
const GIFT_PREFIX: &str = "gift:";

/// All lines of a basket; their ids were found unique before.
pub(super) fn lines(
    messages: Vec<v1::Line>,
    exchange: bool,
    terms: &Terms<'_>,
    not_in_catalogue: &mut Vec<u32>,
    problems: &mut Problems,
) -> Vec<Line> {
    let mut lines = Vec::with_capacity(messages.len());
    let mut sum_minor: i64 = 0;
    for (index, message) in messages.into_iter().enumerate() {
        let article = terms.catalogue.and_then(|catalogue| {
            let article = catalogue.find(&message.sku).map(|article| (catalogue, article));
            if article.is_none() {
                // At most 1,000 lines come here.
                not_in_catalogue.push(index as u32);
            }
            article
        });
        if let Some(line) = line(message, index, exchange, article, problems) {
            let gross = gross(&line);
            if gross.minor().unsigned_abs() > limits::AMOUNT_MINOR_MAX.unsigned_abs() {
                problems.add(format_args!("lines[{index}].quantity_milli"), Fault::AmountTooLarge);
            }
            // Each is below 10^18 + 1 by the limits of price and quantity; a sum past the bound stays past it.
            sum_minor = sum_minor.saturating_add_unsigned(gross.minor().unsigned_abs());
            lines.push(line);
        }
    }
    if sum_minor > limits::AMOUNT_MINOR_MAX {
        problems.add(format_args!("lines"), Fault::AmountTooLarge);
    }
    lines
}

fn gross(line: &Line) -> Money {
    match line.price {
        LinePrice::Unit(price) => price.times(line.quantity, Rounding::HalfUp),
        LinePrice::Total(total) => total,
    }
}

type Known<'a> = (&'a dyn Catalogue, Article<'a>);

fn line(
    message: v1::Line,
    index: usize,
    exchange: bool,
    article: Option<Known<'_>>,
    problems: &mut Problems,
) -> Option<Line> {
    if message.id.starts_with(GIFT_PREFIX) {
        problems.add(format_args!("lines[{index}].id"), Fault::ReservedPrefix);
    }
    check_category(&message.category, format_args!("lines[{index}].category"), problems);
    check(&message.brand, format_args!("lines[{index}].brand"), problems);
    let known = article.map(|(_, article)| article);
    let kind = kind(message.kind, known, index, problems);
    let quantity = quantity(message.quantity_milli, kind, exchange, index, problems);
    let price = price(&message, known, index, problems);
    let legal_minimum = match message.legal_minimum_minor {
        Some(minor) => {
            let field = format_args!("lines[{index}].legal_minimum_minor");
            within(minor, (0, limits::AMOUNT_MINOR_MAX), field, problems).map(Money::from_minor)
        }
        None => known.and_then(|article| article.legal_minimum),
    };
    let tags = tags(message.tags, article, index, problems);
    let taxes = taxes(message.taxes, article, index, problems);
    let flags = message.flags.unwrap_or_default();
    let id = required(message.id, format_args!("lines[{index}].id"), problems);
    let sku: Option<Sku> = required(message.sku, format_args!("lines[{index}].sku"), problems);
    let (quantity, kind) = quantity.zip(kind)?;
    Some(Line {
        id: id?,
        sku: sku?,
        category: or_known(message.category, known.map(|article| article.category)),
        brand: or_known(message.brand, known.map(|article| article.brand)),
        tags,
        kind,
        quantity,
        weighed: flags.weighed || known.is_some_and(|article| article.weighed) || !quantity.is_whole(),
        price: price?,
        taxes,
        price_overridden: flags.price_overridden,
        not_discountable: flags.not_discountable,
        legal_minimum,
    })
}

/// What the request says stands above the catalogue.
fn or_known(sent: String, known: Option<&str>) -> String {
    match known {
        Some(known) if sent.is_empty() => known.to_owned(),
        _ => sent,
    }
}

fn kind(sent: i32, known: Option<Article<'_>>, index: usize, problems: &mut Problems) -> Option<LineKind> {
    match v1::LineKind::try_from(sent) {
        Ok(v1::LineKind::Unspecified) => Some(known.map_or(LineKind::Goods, |article| article.kind)),
        Ok(v1::LineKind::Goods) => Some(LineKind::Goods),
        Ok(v1::LineKind::Shipping) => Some(LineKind::Shipping),
        Ok(v1::LineKind::Service) => Some(LineKind::Service),
        Ok(v1::LineKind::GiftCard) => Some(LineKind::GiftCard),
        Ok(v1::LineKind::Deposit) => Some(LineKind::Deposit),
        Err(_) => {
            problems.add(format_args!("lines[{index}].kind"), Fault::UnknownValue);
            None
        }
    }
}

fn quantity(
    milli: i64,
    kind: Option<LineKind>,
    exchange: bool,
    index: usize,
    problems: &mut Problems,
) -> Option<Quantity> {
    let field = format_args!("lines[{index}].quantity_milli");
    if milli == 0 {
        problems.add(field, Fault::Zero);
        return None;
    }
    // An unknown kind is reported by itself.
    if milli < 0 && !exchange && kind.is_some_and(|kind| kind != LineKind::Deposit) {
        problems.add(field, Fault::NegativeQuantity);
        return None;
    }
    let most = limits::QUANTITY_MILLI_MAX;
    within(milli, (-most, most), field, problems).map(Quantity::from_milli)
}

fn price(
    message: &v1::Line,
    known: Option<Article<'_>>,
    index: usize,
    problems: &mut Problems,
) -> Option<LinePrice> {
    let sub_ppm = message.unit_price_sub_ppm;
    let unit_price_sent = message.unit_price_minor.is_some() || sub_ppm != 0;
    if let Some(minor) = message.line_total_minor {
        let field = format_args!("lines[{index}].line_total_minor");
        if unit_price_sent {
            problems.add(field, Fault::TwoPrices);
        }
        let most = limits::AMOUNT_MINOR_MAX;
        within(minor, (-most, most), field, problems)?;
        if minor.signum() * message.quantity_milli.signum() < 0 {
            problems.add(field, Fault::SignDiffers);
        }
        return Some(LinePrice::Total(Money::from_minor(minor)));
    }
    if !unit_price_sent {
        if let Some(price) = known.and_then(|article| article.unit_price) {
            return Some(LinePrice::Unit(price));
        }
        problems.add(format_args!("lines[{index}].unit_price_minor"), Fault::NoPrice);
        return None;
    }
    let most = limits::AMOUNT_MINOR_MAX;
    let field = format_args!("lines[{index}].unit_price_minor");
    let minor = within(message.unit_price_minor.unwrap_or(0), (0, most), field, problems);
    let field = format_args!("lines[{index}].unit_price_sub_ppm");
    let sub_ppm = within(sub_ppm, (0, UnitPrice::MICRO_PER_MINOR - 1), field, problems);
    UnitPrice::new(minor?, sub_ppm?).map(LinePrice::Unit)
}

fn tags(sent: Vec<String>, article: Option<Known<'_>>, index: usize, problems: &mut Problems) -> Vec<String> {
    match article {
        Some((catalogue, article)) if sent.is_empty() => {
            catalogue.tags_of(&article).into_iter().map(str::to_owned).collect()
        }
        _ => {
            let field = format_args!("lines[{index}].tags");
            if check_count(sent.len(), limits::LINE_TAGS_MAX, field, problems) {
                for (at, tag) in sent.iter().enumerate() {
                    check_required(tag, format_args!("lines[{index}].tags[{at}]"), problems);
                }
            }
            sent
        }
    }
}

fn taxes(
    sent: Vec<v1::TaxRate>,
    article: Option<Known<'_>>,
    index: usize,
    problems: &mut Problems,
) -> Vec<LineTax> {
    if let (Some((catalogue, article)), true) = (article, sent.is_empty()) {
        return catalogue.taxes_of(&article).to_vec();
    }
    let field = format_args!("lines[{index}].taxes");
    if !check_count(sent.len(), limits::LINE_TAXES_MAX, field, problems) {
        return Vec::new();
    }
    check_unique(sent.iter().map(|tax| tax.id.as_str()), problems, |problems, at, fault| {
        problems.add(format_args!("lines[{index}].taxes[{at}].id"), fault);
    });
    let mut taxes = Vec::with_capacity(sent.len());
    for (at, tax) in sent.into_iter().enumerate() {
        check_required(&tax.id, format_args!("lines[{index}].taxes[{at}].id"), problems);
        let field = format_args!("lines[{index}].taxes[{at}].rate_ppm");
        let rate = within(tax.rate_ppm, (0, limits::RATE_PPM_MAX), field, problems).and_then(Rate::from_ppm);
        taxes.extend(rate.map(|rate| LineTax { id: tax.id, rate, included: tax.included }));
    }
    taxes
}
