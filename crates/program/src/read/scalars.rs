//! Numbers: amounts, prices, percentages, counts. All are read digit by digit from the text as it stands.

use std::borrow::Cow;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use suanpan_domain::limits::{POINTS_MAX, RATE_PPM_MAX};
use suanpan_domain::{Currency, Money, MoneyError, Quantity, Rate, UnitPrice};

use super::{Context, FromNode};
use crate::code;
use crate::diagnostics::quoted;
use crate::model::{ARCHIVE_DAYS_MAX, ARCHIVE_DAYS_MIN};
use crate::yaml::Node;

/// Decimals of currencies run to three; what a currency forbids is not judged while it is unknown.
const CURRENCY_UNKNOWN: &str = "KWD";
/// Units that a number in a program may ask for; a basket's line holds no more.
const UNITS_MAX: i64 = 1_000_000;
/// Times and pieces that a number in a program may say.
const COUNT_MAX: u64 = 1_000_000_000;

/// Digits, with a point between them and a minus before them at most.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(rest)
}

fn out_of_range(node: Node<'_>, context: &Context, bound: &str, hint: impl Into<String>) {
    let text = node.text().unwrap_or_default();
    context.error_hint(code::OUT_OF_RANGE, node.spot(), format!("{} is {bound}", quoted(text)), hint);
}

/// Tells of an amount or a price that is below the least possible.
fn too_small(node: Node<'_>, context: &Context, is_negative: bool, what: &str) {
    if is_negative {
        out_of_range(
            node,
            context,
            "below zero",
            "leave the minus out: what is taken off is written without one",
        );
    } else {
        out_of_range(node, context, "not above zero", format!("write {what} above zero, or remove the key"));
    }
}

fn decimal<'a>(node: Node<'a>, context: &Context, code: &'static str, needed: &str) -> Option<&'a str> {
    let text = context.text(node, needed)?;
    if is_decimal(text) {
        return Some(text);
    }
    context.error_hint(
        code,
        node.spot(),
        format!("{} is not {needed}", quoted(text)),
        "write digits with a point for decimals, such as 12.90; no currency sign, no grouping, no exponent",
    );
    None
}

fn money_error(error: MoneyError, decimals: u32, node: Node<'_>, context: &Context) {
    let text = quoted(node.text().unwrap_or_default());
    match error {
        MoneyError::NotANumber | MoneyError::TooLarge => {
            let message = format!("{text} is too large");
            context.error_hint(code::OUT_OF_RANGE, node.spot(), message, "write a smaller amount");
        }
        MoneyError::TooManyDecimals => {
            let currency = context.currency.get().map_or("this currency".to_owned(), |c| c.code().to_owned());
            context.error_hint(
                code::TOO_MANY_DECIMALS,
                node.spot(),
                format!("{text} has too many decimals"),
                format!("at most {decimals} are possible here in {currency}"),
            );
        }
    }
}

fn currency(context: &Context) -> Option<Currency> {
    context.currency.get().or_else(|| Currency::from_code(CURRENCY_UNKNOWN))
}

fn decimal_schema(description: &str, minimum: u8, exclusive: bool) -> Schema {
    let bound = if exclusive { "exclusiveMinimum" } else { "minimum" };
    json_schema!({
        "description": description,
        "type": ["number", "string"],
        "pattern": r"^[0-9]+(\.[0-9]+)?$",
        bound: minimum,
    })
}

macro_rules! inline_schema {
    ($name:literal, $generator:ident => $schema:expr) => {
        fn inline_schema() -> bool {
            false
        }

        fn schema_name() -> Cow<'static, str> {
            $name.into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            $schema
        }
    };
}

/// An amount of at least so many minor units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount<const MINIMUM: i64>(pub(crate) Money);

impl<const MINIMUM: i64> FromNode for Amount<MINIMUM> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = decimal(node, context, code::BAD_AMOUNT, "an amount")?;
        let currency = currency(context)?;
        let amount = Money::parse(text, currency)
            .map_err(|error| money_error(error, u32::from(currency.exponent()), node, context))
            .ok()?;
        if amount.minor() < MINIMUM {
            too_small(node, context, amount.minor() < 0, "an amount");
            return None;
        }
        Some(Self(amount))
    }
}

impl<const MINIMUM: i64> JsonSchema for Amount<MINIMUM> {
    fn schema_name() -> Cow<'static, str> {
        if MINIMUM > 0 { "PositiveAmount".into() } else { "Amount".into() }
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        decimal_schema("An amount in major units of the program's currency, such as 12.90.", 0, MINIMUM > 0)
    }
}

/// A unit price, with up to six decimals more than the currency.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Price<const MINIMUM: i64>(pub(crate) UnitPrice);

impl<const MINIMUM: i64> FromNode for Price<MINIMUM> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = decimal(node, context, code::BAD_AMOUNT, "a price")?;
        let currency = currency(context)?;
        let price = UnitPrice::parse(text, currency)
            .map_err(|error| money_error(error, u32::from(currency.exponent()) + 6, node, context))
            .ok()?;
        if price.micro() < MINIMUM {
            too_small(node, context, price.micro() < 0, "a price");
            return None;
        }
        Some(Self(price))
    }
}

impl<const MINIMUM: i64> JsonSchema for Price<MINIMUM> {
    fn schema_name() -> Cow<'static, str> {
        if MINIMUM > 0 { "PositivePrice".into() } else { "Price".into() }
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        decimal_schema("A price of one unit, kilogram or litre, such as 1.859.", 0, MINIMUM > 0)
    }
}

/// A percentage above zero, at most so many percent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Percent<const MAXIMUM: i64>(pub(crate) Rate);

impl<const MAXIMUM: i64> FromNode for Percent<MAXIMUM> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = context.text(node, "a percentage")?;
        let number = text.strip_suffix('%').map(str::trim_end);
        let Some(number) = number.filter(|number| is_decimal(number)) else {
            let hint = if is_decimal(text) {
                format!("write the sign: {text}%")
            } else {
                "write digits and the sign, such as 5% or 12.5%".to_owned()
            };
            let message = format!("{} is no percentage", quoted(text));
            context.error_hint(code::BAD_PERCENT, node.spot(), message, hint);
            return None;
        };
        let decimals = number.split_once('.').map_or("", |(_, decimals)| decimals).trim_end_matches('0');
        if decimals.len() > 4 {
            context.error_hint(
                code::BAD_PERCENT,
                node.spot(),
                format!("{} has too many decimals", quoted(text)),
                "a percentage has at most four",
            );
            return None;
        }
        let rate = Rate::parse_percent(text).filter(|rate| rate.ppm() <= MAXIMUM * 10_000);
        match rate {
            Some(rate) if rate.ppm() > 0 || MAXIMUM > 100 => Some(Self(rate)),
            _ => {
                let (least, from) = if MAXIMUM > 100 {
                    ("below zero or above", "0%")
                } else {
                    ("not above zero, or above", "more than 0%")
                };
                let hint = format!("write {from} and at most {MAXIMUM}%");
                out_of_range(node, context, &format!("{least} {MAXIMUM}%"), hint);
                None
            }
        }
    }
}

impl<const MAXIMUM: i64> JsonSchema for Percent<MAXIMUM> {
    fn schema_name() -> Cow<'static, str> {
        if MAXIMUM > 100 { "Rate".into() } else { "Percent".into() }
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        if MAXIMUM > 100 {
            json_schema!({
                "description": "A percentage that may be above 100%, such as 19% or 200%.",
                "type": "string",
                "pattern": r"^[0-9]+(\.[0-9]+)? *%$",
            })
        } else {
            json_schema!({
                "description": "A percentage above 0% and at most 100%, with up to four decimals, such as 12.5%.",
                "type": "string",
                "pattern": r"^(0*100(\.0+)?|0*[0-9]?[0-9](\.[0-9]{1,4}0*)?) *%$",
                "not": { "pattern": r"^0+(\.0+)? *%$" },
            })
        }
    }
}

/// A whole number within bounds; None when it is none, and that was told.
fn whole(node: Node<'_>, context: &Context, minimum: i64, maximum: i64) -> Option<i64> {
    let text = context.text(node, "a whole number")?;
    if !is_decimal(text) || text.contains('.') {
        let message = format!("{} is no whole number", quoted(text));
        context.error_hint(code::BAD_NUMBER, node.spot(), message, "write digits alone, such as 2");
        return None;
    }
    let number = text.parse::<i64>().ok().filter(|number| (minimum..=maximum).contains(number));
    if number.is_none() {
        let hint = if minimum > 0 && text == "0" {
            "write a number above zero; what should never happen is left out"
        } else {
            "write a number within these bounds"
        };
        out_of_range(node, context, &format!("not within {minimum} to {maximum}"), hint);
    }
    number
}

fn whole_schema(description: &str, minimum: i64, maximum: i64) -> Schema {
    json_schema!({
        "description": description,
        "type": ["integer", "string"],
        "pattern": "^-?[0-9]+$",
        "minimum": minimum,
        "maximum": maximum,
    })
}

/// How often, how many: one to a thousand million.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u32);

impl FromNode for Count {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        whole(node, context, 1, COUNT_MAX as i64).map(|count| Self(count as u32))
    }
}

impl JsonSchema for Count {
    inline_schema!("Count", generator => whole_schema("How many; at least one.", 1, COUNT_MAX as i64));
}

/// After how many days bodies are archived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArchiveDays(pub(crate) u16);

impl FromNode for ArchiveDays {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let days = whole(node, context, i64::from(ARCHIVE_DAYS_MIN), i64::from(ARCHIVE_DAYS_MAX))?;
        u16::try_from(days).ok().map(Self)
    }
}

impl JsonSchema for ArchiveDays {
    inline_schema!("ArchiveDays", generator => whole_schema(
        "So many days; no fewer than ids live.",
        i64::from(ARCHIVE_DAYS_MIN),
        i64::from(ARCHIVE_DAYS_MAX),
    ));
}

/// Whole units of goods: one to a million.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitsCount(pub(crate) i64);

impl FromNode for UnitsCount {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        whole(node, context, 1, UNITS_MAX).map(Self)
    }
}

impl JsonSchema for UnitsCount {
    inline_schema!("Units", generator => whole_schema("So many units; at least one.", 1, UNITS_MAX));
}

/// A number of points: one or more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Points(pub(crate) i64);

impl FromNode for Points {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        whole(node, context, 1, POINTS_MAX).map(Self)
    }
}

impl JsonSchema for Points {
    inline_schema!("Points", generator => whole_schema("So many points; at least one.", 1, POINTS_MAX));
}

/// The priority of an offer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priority(pub(crate) i32);

impl FromNode for Priority {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        whole(node, context, -1_000_000, 1_000_000).map(|number| Self(number as i32))
    }
}

impl JsonSchema for Priority {
    inline_schema!("Priority", generator => whole_schema(
        "Higher executes first within the layer, and wins first where offers compete; 0 unless said.",
        -1_000_000,
        1_000_000,
    ));
}

/// A weight or a volume in kilograms or litres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight(pub(crate) Quantity);

impl FromNode for Weight {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = decimal(node, context, code::BAD_NUMBER, "a weight")?;
        let quantity = Quantity::parse(text).filter(|quantity| quantity.milli() > 0);
        if quantity.is_none() {
            let bound = "not above zero, too large, or has more than three decimals";
            out_of_range(node, context, bound, "write kilograms or litres, such as 1.5");
        }
        quantity.map(Self)
    }
}

impl JsonSchema for Weight {
    inline_schema!("Weight", generator => decimal_schema(
        "A weight or a volume in kilograms or litres, with up to three decimals.", 0, true));
}

/// A factor above zero, with up to six decimals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor(pub(crate) Rate);

impl FromNode for Factor {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = decimal(node, context, code::BAD_NUMBER, "a factor")?;
        let scaled = Decimal::from_str_exact(text).ok()?.checked_mul(Decimal::from(1_000_000));
        let ppm = scaled.filter(Decimal::is_integer).and_then(|scaled| scaled.to_i64());
        let rate = ppm.filter(|ppm| *ppm > 0).and_then(Rate::from_ppm);
        if rate.is_none() {
            let most = RATE_PPM_MAX / 1_000_000;
            out_of_range(
                node,
                context,
                &format!("not above zero, above {most}, or has more than six decimals"),
                "write such as 2 or 1.5",
            );
        }
        rate.map(Self)
    }
}

impl JsonSchema for Factor {
    inline_schema!("Factor", generator => decimal_schema("A factor above zero, such as 1.5.", 0, true));
}

/// Yes or no.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Switch(pub(crate) bool);

impl FromNode for Switch {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        match context.text(node, "`true` or `false`")? {
            "true" if node.is_plain() => Some(Self(true)),
            "false" if node.is_plain() => Some(Self(false)),
            other => {
                context.unknown_word(node, other, &["true", "false"]);
                None
            }
        }
    }
}

impl JsonSchema for Switch {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Switch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean" })
    }
}
