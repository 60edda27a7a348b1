//! Texts: ids, titles, durations.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use suanpan_domain::limits::IDENTIFIER_BYTES_MAX;

use super::{Context, FromNode};
use crate::code;
use crate::diagnostics::quoted;
use crate::model::{WINDOW_DAYS_MAX, WINDOW_MONTHS_MAX, Window};
use crate::yaml::{Node, Spot};

/// Bytes of a title in one language.
const TITLE_BYTES_MAX: usize = 1_000;

/// An id, a sku, a category path, a code: short text without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) String);

impl FromNode for Id {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = context.text(node, "an id")?;
        let (flaw, hint) = if text.is_empty() {
            ("is empty".to_owned(), "write at least one letter or digit")
        } else if text.len() > IDENTIFIER_BYTES_MAX {
            (format!("is longer than {IDENTIFIER_BYTES_MAX} bytes"), "write a shorter one")
        } else if text.bytes().any(|byte| byte.is_ascii_control()) {
            ("contains a control character".to_owned(), "write it without tabs and line breaks")
        } else if text.trim() != text {
            ("begins or ends with a blank".to_owned(), "remove the blank")
        } else if node.is_plain() && matches!(text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE") {
            ("is a truth value, not a text, unless it is quoted".to_owned(), "put it in quotes")
        } else {
            return Some(Self(text.to_owned()));
        };
        context.error_hint(code::BAD_ID, node.spot(), format!("the id {} {flaw}", quoted(text)), hint);
        None
    }
}

/// The id of what a map describes.
#[derive(Clone, Debug)]
pub(crate) struct OwnId {
    pub(crate) value: Id,
    pub(crate) spot: Spot,
}

impl OwnId {
    /// What no id begins with; those that stand in for a bad one do.
    const STANDS_IN: char = '\0';

    /// Whether the id stands in for one that is missing or bad.
    pub(crate) fn stands_in(id: &str) -> bool {
        id.starts_with(Self::STANDS_IN)
    }
}

impl FromNode for OwnId {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        Id::from_node(node, context).map(|value| Self { value, spot: node.spot() })
    }

    /// One that no other map has, so that nothing is said of it but what was said already.
    fn stand_in(spot: Spot) -> Option<Self> {
        Some(Self { value: Id(format!("{}{}:{}", Self::STANDS_IN, spot.file, spot.node)), spot })
    }
}

impl JsonSchema for OwnId {
    fn inline_schema() -> bool {
        Id::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        Id::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        Id::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Id::json_schema(generator)
    }
}

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An id, a sku, a category path, a code: 1 to 128 bytes without control characters. Quote \
                            what is made of digits.",
            "type": ["string", "number"],
            "minLength": 1,
            "maxLength": IDENTIFIER_BYTES_MAX,
        })
    }
}

/// Words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) String);

impl FromNode for Words {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = context.text(node, "a text")?;
        let printable = !text.chars().any(char::is_control);
        if text.trim().is_empty() || text.len() > TITLE_BYTES_MAX || !printable {
            context.error_hint(
                code::BAD_ID,
                node.spot(),
                format!("{} is no title", quoted(text)),
                format!("a title has 1 to {TITLE_BYTES_MAX} bytes on one line"),
            );
            return None;
        }
        Some(Self(text.trim().to_owned()))
    }
}

impl JsonSchema for Words {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Words".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"], "minLength": 1, "maxLength": TITLE_BYTES_MAX })
    }
}

/// So many days or months, such as `30 days` or `12 months`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration<const MONTHS: bool>(pub(crate) u16);

impl<const MONTHS: bool> FromNode for Duration<MONTHS> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let (one, many) = if MONTHS { ("month", "months") } else { ("day", "days") };
        let (factor_word, factor, maximum) = if MONTHS { ("year", 12, 1_200) } else { ("week", 7, 3_650) };
        let text = context.text(node, if MONTHS { "a number of months" } else { "a number of days" })?;
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        let unit = unit.trim();
        let factor = if unit == one || unit == many {
            Some(1)
        } else if unit.strip_suffix('s').unwrap_or(unit) == factor_word {
            Some(factor)
        } else {
            None
        };
        let digits = number.len() <= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
        let length = match (digits.then(|| number.parse::<u16>().ok()).flatten(), factor) {
            (Some(number), Some(factor)) => number.checked_mul(factor),
            _ => None,
        };
        let length = length.filter(|length| (1..=maximum).contains(length));
        if length.is_none() {
            context.error_hint(
                code::BAD_DURATION,
                node.spot(),
                format!("{} is no number of {many}", quoted(text)),
                format!("write such as `6 {many}` or `1 {factor_word}`, at most {maximum} {many}"),
            );
        }
        length.map(Self)
    }
}

impl<const MONTHS: bool> JsonSchema for Duration<MONTHS> {
    fn schema_name() -> Cow<'static, str> {
        if MONTHS { "Months".into() } else { "Days".into() }
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (pattern, description) = if MONTHS {
            ("^[0-9]{1,4} +(months?|years?)$", "So many months or years, such as `12 months`.")
        } else {
            ("^[0-9]{1,4} +(days?|weeks?)$", "So many days or weeks, such as `30 days`.")
        };
        json_schema!({ "description": description, "type": "string", "pattern": pattern })
    }
}

/// How far back something counts: days, months, or the calendar year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WindowText(pub(crate) Window);

impl FromNode for WindowText {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = context.text(node, "a number of months or days")?;
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        let digits = number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| number.parse::<u16>().ok()).flatten();
        let window = match (number, unit.trim()) {
            (None, "") if text == "calendar_year" => Some(Window::CalendarYear),
            (Some(number), "day" | "days") => Some(Window::Days(number)),
            (Some(number), "week" | "weeks") => Some(Window::Days(number.saturating_mul(7))),
            (Some(number), "month" | "months") => Some(Window::Months(number)),
            (Some(number), "year" | "years") => Some(Window::Months(number.saturating_mul(12))),
            _ => None,
        };
        let window = window.filter(|window| match window {
            Window::Days(days) => (1..=WINDOW_DAYS_MAX).contains(days),
            Window::Months(months) => (1..=WINDOW_MONTHS_MAX).contains(months),
            Window::CalendarYear => true,
        });
        if window.is_none() {
            context.error_hint(
                code::BAD_DURATION,
                node.spot(),
                format!("{} is no window that is remembered of members", quoted(text)),
                format!(
                    "write such as `12 months` (at most {WINDOW_MONTHS_MAX}), `30 days` (at most {WINDOW_DAYS_MAX}) or \
                     `calendar_year`"
                ),
            );
        }
        window.map(Self)
    }
}

impl JsonSchema for WindowText {
    fn schema_name() -> Cow<'static, str> {
        "Window".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "So many months or years (at most 24 months), days or weeks (at most 62 days), or \
                            `calendar_year`.",
            "type": "string",
            "pattern": "^([0-9]{1,3} +(days?|weeks?|months?|years?)|calendar_year)$",
        })
    }
}
