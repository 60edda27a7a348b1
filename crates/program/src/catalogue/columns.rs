//! What the columns of a catalogue mean.

use suanpan_domain::limits::{IDENTIFIER_BYTES_MAX, LINE_TAGS_MAX, LINE_TAXES_MAX};
use suanpan_domain::{Currency, LineKind, LineTax, Money, MoneyError, Rate, UnitPrice};

use crate::diagnostics::{nearest, quoted};
use crate::model::TaxRate;

/// The columns, in the order of documentation.
pub(super) const COLUMNS: [&str; 9] =
    ["sku", "category", "brand", "tags", "kind", "taxes", "unit", "base_price", "legal_minimum"];
/// Separates several tags or taxes.
pub(super) const SEPARATOR: char = '|';

/// Where each column stands in the file, in the order of documentation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places(pub(super) [Option<usize>; COLUMNS.len()]);

/// What is wrong, and what to do.
pub(super) type Flaw = (String, String);

impl Places {
    /// Finds the columns by their names.
    pub(super) fn of<'h>(header: impl Iterator<Item = &'h str>) -> Result<Self, Vec<Flaw>> {
        let mut places = Self::default();
        let mut flaws = Vec::new();
        for (index, name) in header.enumerate() {
            let name = name.trim_start_matches('\u{feff}').trim();
            match COLUMNS.iter().position(|column| *column == name) {
                None => {
                    let hint = match nearest(name, COLUMNS) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("columns are: {}", COLUMNS.join(", ")),
                    };
                    flaws.push((format!("the column {} is not known", quoted(name)), hint));
                }
                Some(column) if places.0[column].is_some() => {
                    flaws.push((
                        format!("the column `{name}` stands here twice"),
                        "keep one of them".to_owned(),
                    ));
                }
                Some(column) => places.0[column] = Some(index),
            }
        }
        if places.0[0].is_none() {
            flaws.push((
                "the column `sku` is missing".to_owned(),
                "the first line names the columns".to_owned(),
            ));
        }
        if flaws.is_empty() { Ok(places) } else { Err(flaws) }
    }
}

/// A short text; empty where that is allowed.
pub(super) fn identifier(what: &str, text: &str) -> Result<(), Flaw> {
    if text.len() > IDENTIFIER_BYTES_MAX {
        let long = format!("the {what} {} is longer than {IDENTIFIER_BYTES_MAX} bytes", quoted(text));
        Err((long, "shorten it, or look whether a comma is missing".to_owned()))
    } else if text.bytes().any(|byte| byte.is_ascii_control()) {
        let flaw = format!("the {what} {} contains a control character", quoted(text));
        Err((flaw, "write it without line breaks and tabs".to_owned()))
    } else {
        Ok(())
    }
}

pub(super) fn tags(text: &str) -> Result<(), Flaw> {
    let count = text.split(SEPARATOR).count();
    if count > LINE_TAGS_MAX {
        let hint = format!("here are {count}; keep those that the program names");
        return Err((format!("an article has at most {LINE_TAGS_MAX} tags"), hint));
    }
    for tag in text.split(SEPARATOR).filter(|_| !text.is_empty()) {
        if tag.is_empty() {
            let hint = format!("write one `{SEPARATOR}` between two tags");
            return Err((format!("one of the tags {} is empty", quoted(text)), hint));
        }
        identifier("tag", tag)?;
    }
    Ok(())
}

pub(super) fn kind(text: &str) -> Result<LineKind, Flaw> {
    Ok(match text {
        "" | "goods" => LineKind::Goods,
        "shipping" => LineKind::Shipping,
        "service" => LineKind::Service,
        "gift_card" => LineKind::GiftCard,
        "deposit" => LineKind::Deposit,
        other => {
            let possible = "possible: goods, shipping, service, gift_card, deposit".to_owned();
            return Err((format!("{} is no kind", quoted(other)), possible));
        }
    })
}

/// Whether what is sold in this unit is weighed or measured.
pub(super) fn weighed(text: &str) -> Result<bool, Flaw> {
    match text {
        "" | "piece" => Ok(false),
        "kg" | "l" | "m" => Ok(true),
        other => Err((format!("{} is no unit", quoted(other)), "possible: piece, kg, l, m".to_owned())),
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn amount_flaw(what: &str, text: &str, error: Option<MoneyError>) -> Flaw {
    let reason = error.map_or("is no amount of zero or more".to_owned(), |error| error.to_string());
    let hint = "write digits with a point for decimals, such as 12.90".to_owned();
    (format!("the {what} {} {reason}", quoted(text)), hint)
}

pub(super) fn base_price(text: &str, currency: Currency) -> Result<Option<UnitPrice>, Flaw> {
    match text {
        "" => Ok(None),
        _ if !digits(text) => Err(amount_flaw("base price", text, None)),
        _ => UnitPrice::parse(text, currency)
            .map(Some)
            .map_err(|error| amount_flaw("base price", text, Some(error))),
    }
}

pub(super) fn legal_minimum(text: &str, currency: Currency) -> Result<Option<Money>, Flaw> {
    match text {
        "" => Ok(None),
        _ if !digits(text) => Err(amount_flaw("legal minimum", text, None)),
        _ => Money::parse(text, currency)
            .map(Some)
            .map_err(|error| amount_flaw("legal minimum", text, Some(error))),
    }
}

/// Ids of the program's rates, or taxes written out as `id:rate%:included`.
pub(super) fn taxes(text: &str, rates: &[TaxRate]) -> Result<Vec<LineTax>, Flaw> {
    let mut taxes: Vec<LineTax> = Vec::new();
    for part in text.split(SEPARATOR).map(str::trim).filter(|_| !text.is_empty()) {
        let tax = tax(part, rates)?;
        if taxes.iter().any(|other| other.id == tax.id) {
            let flaw = format!("the tax {} stands here twice", quoted(&tax.id));
            return Err((flaw, "keep one of them".to_owned()));
        }
        taxes.push(tax);
    }
    if taxes.len() > LINE_TAXES_MAX {
        let hint = format!("here are {}", taxes.len());
        return Err((format!("an article has at most {LINE_TAXES_MAX} taxes"), hint));
    }
    taxes.sort();
    Ok(taxes)
}

fn tax(text: &str, rates: &[TaxRate]) -> Result<LineTax, Flaw> {
    if let Some(rate) = rates.iter().find(|rate| rate.id == text) {
        return Ok(LineTax { id: rate.id.clone(), rate: rate.rate, included: rate.included });
    }
    let mut parts = text.rsplitn(3, ':');
    let (basis, rate, id) = (parts.next(), parts.next(), parts.next());
    let included = match basis {
        Some("included") => Some(true),
        Some("excluded") => Some(false),
        _ => None,
    };
    match (id, rate.and_then(Rate::parse_percent), included) {
        (Some(id), Some(rate), Some(included)) if !id.is_empty() => {
            identifier("tax", id)?;
            Ok(LineTax { id: id.to_owned(), rate, included })
        }
        _ => {
            let hint = match nearest(text, rates.iter().map(|rate| rate.id.as_str())) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "name a rate of the program's `tax: { rates: … }`, or write such as vat:19%:included"
                    .to_owned(),
            };
            Err((format!("there is no tax {}", quoted(text)), hint))
        }
    }
}
