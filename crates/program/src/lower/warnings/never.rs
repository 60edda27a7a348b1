//! Offers that no basket can ever have.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::below;
use crate::code;
use crate::diagnostics::quoted;
use crate::model::{DayOrTime, Effect, Offer, Selection, Selector, When};
use crate::read::Context;
use crate::yaml::Spot;

/// Days of a validity that are looked at: after 28 years every date has been every day of the week, but for the years
/// that skip a leap day.
const DAYS_MAX: usize = 41 * 366;

pub(super) fn check(offer: &Offer, site: Spot, context: &Context) {
    let warn = |keys: &[&str], reason: &str, hint: &str| {
        let message = format!("{} can never apply: {reason}", quoted(&offer.id));
        context.warning(code::NEVER_APPLIES, below(site, keys, context), message, hint);
    };
    if is_empty_span(&offer.when) {
        warn(&["when", "until"], "it ends when it begins", "the end is not part of the time; move it");
    } else if !has_a_day(&offer.when) {
        warn(&["when"], "no day meets all that `when` says", "check days, months, and the dates");
    }
    let in_vain = |selection: &Selection| is_empty(&selection.selector);
    let hint = "check `all_of`, `not` and keys that stand side by side: they hold together";
    if in_vain(&offer.buy) {
        warn(&["buy"], "no line meets all that it selects", hint);
    } else if offer.target.as_deref().is_some_and(in_vain) {
        warn(&["effect", "target"], "no line meets all that it selects", hint);
    } else if let Effect::Bundle { parts, .. } = &offer.effect
        && parts.iter().any(|part| in_vain(&part.selection))
    {
        warn(&["effect", "bundle", "parts"], "no line meets all that a part selects", hint);
    } else if let Effect::BuyGet { get: Some(get), .. } = &offer.effect
        && in_vain(get)
    {
        warn(&["effect", "get", "select"], "no line meets all that it selects", hint);
    }
}

/// Times are half-open: from eight until eight is never.
fn is_empty_span(when: &When) -> bool {
    match (when.from, when.until) {
        (Some(DayOrTime::Time(from)), Some(DayOrTime::Time(until))) => until <= from,
        (Some(DayOrTime::Day(from)), Some(DayOrTime::Time(until))) => {
            until <= from.to_datetime(jiff::civil::Time::midnight())
        }
        _ => false,
    }
}

fn date(end: DayOrTime) -> Date {
    match end {
        DayOrTime::Day(date) => date,
        DayOrTime::Time(time) => time.date(),
    }
}

/// Whether any day meets weekday, day of the month, month and dates. What begins before midnight belongs to the day it
/// began, which may be the one before `from`; so that day is looked at too.
fn has_a_day(when: &When) -> bool {
    if when.weekdays == 0 && when.days_of_month == 0 && when.months == 0 {
        return true;
    }
    let fallback = Date::constant(2000, 1, 1);
    let first = when.from.map_or(fallback, date);
    let first = first.checked_sub(1.day()).unwrap_or(first);
    // Without a beginning there are days enough before any end.
    let last = when.from.and(when.until).map(date);
    let mut day = first;
    for _ in 0..DAYS_MAX {
        if last.is_some_and(|last| day > last) {
            return false;
        }
        let meets = (when.weekdays == 0 || when.weekdays & (1 << weekday(day.weekday())) != 0)
            && (when.days_of_month == 0 || when.days_of_month & (1 << day.day()) != 0)
            && (when.months == 0 || when.months & (1 << day.month()) != 0);
        if meets {
            return true;
        }
        match day.tomorrow() {
            Ok(tomorrow) => day = tomorrow,
            Err(_) => return true,
        }
    }
    false
}

fn weekday(day: Weekday) -> u8 {
    day.to_monday_zero_offset() as u8
}

/// Whether surely no line meets it.
fn is_empty(selector: &Selector) -> bool {
    match selector {
        Selector::AnyOf(parts) => parts.iter().all(is_empty),
        Selector::AllOf(parts) => {
            parts.iter().any(is_empty)
                || parts.iter().enumerate().any(|(index, part)| {
                    parts[index + 1..].iter().any(|other| exclude_each_other(part, other))
                })
        }
        _ => false,
    }
}

/// Whether no line meets both: a line has one sku, one brand, one kind, one category path.
fn exclude_each_other(one: &Selector, other: &Selector) -> bool {
    match (one, other) {
        (Selector::Sku(some), Selector::Sku(others)) | (Selector::Brand(some), Selector::Brand(others)) => {
            !some.iter().any(|text| others.contains(text))
        }
        (Selector::Kind(some), Selector::Kind(others)) => !some.iter().any(|kind| others.contains(kind)),
        (Selector::Category(some), Selector::Category(others)) => !some
            .iter()
            .any(|path| others.iter().any(|other| is_within(path, other) || is_within(other, path))),
        (Selector::Not(not), other) | (other, Selector::Not(not)) => **not == *other,
        _ => false,
    }
}

fn is_within(path: &str, category: &str) -> bool {
    path.strip_prefix(category).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
