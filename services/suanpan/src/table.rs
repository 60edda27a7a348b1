//! Tables whose columns align, also with Chinese text, and instants and amounts as people read them.

use std::io::Write as _;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use suanpan_domain::{Currency, Money};
use unicode_width::UnicodeWidthStr as _;

use crate::error::Error;

/// Rows under a head. Columns whose head begins with `>` stand to the right.
pub(crate) struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        let right = head.iter().map(|name| name.starts_with('>')).collect();
        let names = head.iter().map(|name| name.trim_start_matches('>').to_owned()).collect();
        Self { right, rows: vec![names] }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.right.len()).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column].saturating_sub(cell.width()));
                if column > 0 {
                    line.push_str("  ");
                }
                if self.right[column] {
                    line.push_str(&pad);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&pad);
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Prints a line, or several.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    writeln!(anstream::stdout(), "{}", text.trim_end()).map_err(Error::Output)
}

/// Prints a message as one line of JSON.
pub(crate) fn print_json(message: &impl serde::Serialize) -> Result<(), Error> {
    print(&serde_json::to_string(message).map_err(Error::Json)?)
}

/// An instant on the chain's wall clock; a hyphen for none.
pub(crate) fn moment(unix_ms: i64, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(unix_ms) {
        Ok(instant) if unix_ms != 0 => zone.to_datetime(instant).strftime("%Y-%m-%d %H:%M").to_string(),
        _ => "-".to_owned(),
    }
}

/// The first instant after a day of the chain's calendar, Unix milliseconds.
pub(crate) fn end_of_day(text: &str, zone: &TimeZone) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no day such as 2026-12-31");
    let day: Date = text.trim().parse().map_err(|_| wrong())?;
    let next = day.checked_add(1.day()).map_err(|_| wrong())?;
    start(next, zone).ok_or_else(wrong)
}

/// The day that ends at an instant, as [`end_of_day`] reads it.
pub(crate) fn day_of(end_ms: i64, zone: &TimeZone) -> String {
    match jiff::Timestamp::from_millisecond(end_ms.saturating_sub(1)) {
        Ok(last) => zone.to_datetime(last).date().to_string(),
        Err(_) => format!("{end_ms} ms"),
    }
}

/// The first instant of a day of the chain's calendar, Unix milliseconds.
pub(crate) fn start_of_day(text: &str, zone: &TimeZone) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no day such as 2026-12-31");
    start(text.trim().parse().map_err(|_| wrong())?, zone).ok_or_else(wrong)
}

fn start(day: Date, zone: &TimeZone) -> Option<i64> {
    Some(zone.to_timestamp(day.to_datetime(Time::midnight())).ok()?.as_millisecond())
}

/// An amount in major units, without the currency's code.
pub(crate) fn amount(minor: i64, currency: Currency) -> String {
    let exponent = u32::from(currency.exponent());
    let one = 10_u64.pow(exponent);
    let (sign, minor) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    match exponent {
        0 => format!("{sign}{minor}"),
        _ => format!("{sign}{}.{:0width$}", minor / one, minor % one, width = exponent as usize),
    }
}

/// Minor units of an amount in major units.
pub(crate) fn minor(text: &str, currency: Currency) -> Result<i64, String> {
    let money = Money::parse(text, currency);
    money.map(Money::minor).map_err(|error| format!("{text:?} is no amount such as 12.34: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let mut table = Table::new(&["name", ">points"]);
        table.row(["牛奶".to_owned(), "7".to_owned()]);
        table.row(["bread".to_owned(), "1200".to_owned()]);
        assert_eq!(table.to_string(), "name   points\n牛奶        7\nbread    1200\n");
    }

    #[test]
    fn amounts_and_days_are_those_of_the_chain() {
        let currency = |code| Currency::from_code(code).unwrap();
        for (minor, code, text) in [(1_234, "CNY", "12.34"), (-5, "CNY", "-0.05"), (7, "JPY", "7")] {
            assert_eq!(amount(minor, currency(code)), text);
            assert_eq!(super::minor(text, currency(code)), Ok(minor));
        }
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        // 2026-12-31T16:00Z is the first moment of 2027 in Shanghai.
        assert_eq!(end_of_day("2026-12-31", &shanghai), Ok(1_798_732_800_000));
        assert_eq!(start_of_day("2027-01-01", &shanghai), Ok(1_798_732_800_000));
        assert_eq!(moment(1_798_732_800_000, &shanghai), "2027-01-01 00:00");
        assert_eq!(moment(0, &shanghai), "-");
        assert!(end_of_day("2026-02-30", &shanghai).is_err());
    }
}
