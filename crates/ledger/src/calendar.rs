//! Days, months and ends of periods in the program's time zone, all from instants that are given.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::head::{NEVER_MS, Period};
use crate::policy::LimitPeriod;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// The local date of an instant in Unix milliseconds.
pub(crate) fn date_at(zone: &TimeZone, unix_ms: i64) -> Date {
    // Points that never lapse do so a day after the last instant of the calendar.
    let last_ms = Timestamp::MAX.as_millisecond();
    let instant = Timestamp::from_millisecond(unix_ms.clamp(0, last_ms)).unwrap_or(Timestamp::MAX);
    zone.to_datetime(instant).date()
}

/// The first instant of a local day, Unix milliseconds. It is not always midnight.
pub(crate) fn start_of(zone: &TimeZone, date: Date) -> i64 {
    zone.to_timestamp(date.to_datetime(Time::midnight()))
        .map_or(NEVER_MS, |instant| instant.as_millisecond())
        .clamp(0, NEVER_MS)
}

/// A date so many days later; the last one there is when that is none.
pub(crate) fn days_later(date: Date, days: u16) -> Date {
    date.checked_add(Span::new().days(i64::from(days))).unwrap_or(Date::MAX)
}

/// The first instant after the local day that is so many months later: the last day of a shorter month, and the end of
/// that month when asked for.
pub(crate) fn end_after_months(zone: &TimeZone, from: Date, months: u16, end_of_month: bool) -> i64 {
    let Ok(day) = from.checked_add(Span::new().months(i64::from(months))) else { return NEVER_MS };
    end_of(zone, if end_of_month { day.last_of_month() } else { day })
}

/// The first instant after a local day.
pub(crate) fn end_of(zone: &TimeZone, date: Date) -> i64 {
    date.tomorrow().map_or(NEVER_MS, |next| start_of(zone, next))
}

/// The first instant of the local day so many months before an instant.
pub(crate) fn months_before(zone: &TimeZone, unix_ms: i64, months: u16) -> i64 {
    date_at(zone, unix_ms)
        .checked_sub(Span::new().months(i64::from(months)))
        .map_or(0, |date| start_of(zone, date))
}

/// Lots and coupons lapse at whole seconds: the one that an instant is in. Debt, 0, stays what it is.
pub(crate) const fn whole_second(unix_ms: i64) -> i64 {
    unix_ms - unix_ms.rem_euclid(1_000)
}

/// Days since 1970-01-01.
pub(crate) fn day_number(date: Date) -> i32 {
    EPOCH.until(date).map_or(0, |span| span.get_days())
}

/// Months since January 1970.
pub(crate) fn month_number(date: Date) -> i32 {
    (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1
}

/// The period of a limit that a date falls into.
pub(crate) fn period_at(period: LimitPeriod, date: Date) -> Period {
    match period {
        LimitPeriod::Day => Period::Day(day_number(date)),
        // Day -3 was Monday 1969-12-29.
        LimitPeriod::Week => Period::Week((day_number(date) + 3).div_euclid(7)),
        LimitPeriod::Month => Period::Month(month_number(date)),
        LimitPeriod::Year => Period::Year(i32::from(date.year())),
        LimitPeriod::Lifetime => Period::Lifetime,
    }
}

/// The last day of a period, counted as [`day_number`]; none for one without an end.
pub(crate) fn last_day(period: Period) -> Option<i32> {
    let before = |year: i32, month: i8| {
        let date = Date::new(i16::try_from(year).ok()?, month, 1).ok()?;
        Some(day_number(date) - 1)
    };
    match period {
        Period::Day(day) => Some(day),
        Period::Week(week) => week.checked_mul(7).and_then(|day| day.checked_add(3)),
        Period::Month(month) => {
            let next = month.checked_add(1)?;
            before(next.div_euclid(12) + 1970, next.rem_euclid(12) as i8 + 1)
        }
        Period::Year(year) => before(year.checked_add(1)?, 1),
        Period::Lifetime => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zurich() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule of POSIX")
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("an instant").as_millisecond()
    }

    #[test]
    fn months_end_at_24_local_and_clamp() {
        for (from, months, end_of_month, expected) in [
            ("2026-01-31", 1, false, "2026-02-28T23:00:00Z"),
            ("2024-01-31", 1, false, "2024-02-29T23:00:00Z"),
            ("2026-01-25", 1, false, "2026-02-25T23:00:00Z"),
            ("2026-11-25", 12, false, "2027-11-25T23:00:00Z"),
            // In summer local time is two hours ahead; the day on which the clock goes forward ends in summer.
            ("2026-02-28", 1, false, "2026-03-28T23:00:00Z"),
            ("2026-02-28", 1, true, "2026-03-31T22:00:00Z"),
            ("2026-02-15", 0, true, "2026-02-28T23:00:00Z"),
            ("2025-08-31", 6, false, "2026-02-28T23:00:00Z"),
            ("2026-03-29", 0, false, "2026-03-29T22:00:00Z"),
        ] {
            let end = end_after_months(&zurich(), from.parse().unwrap(), months, end_of_month);
            assert_eq!(end, at(expected), "{from} {months} {end_of_month}");
        }
        assert_eq!(end_after_months(&zurich(), Date::MAX, 1, false), NEVER_MS);
        assert_eq!(date_at(&zurich(), NEVER_MS).year(), 9999);
    }

    #[test]
    fn a_day_without_midnight_starts_later() {
        // In this zone the clock goes from 00:00 to 01:00 on the second Sunday of March.
        let zone = TimeZone::posix("XST5XDT,M3.2.0/0,M11.1.0/1").expect("a rule of POSIX");
        assert_eq!(start_of(&zone, "2026-03-08".parse().unwrap()), at("2026-03-08T05:00:00Z"));
        assert_eq!(date_at(&zone, at("2026-03-08T04:59:59Z")).day(), 7);
        assert_eq!(date_at(&zone, at("2026-03-08T05:00:00Z")).day(), 8);
    }

    #[test]
    fn periods_have_a_last_day() {
        let date: Date = "2026-11-25".parse().unwrap();
        let day = |text: &str| Some(day_number(text.parse().unwrap()));
        for (period, expected) in [
            (LimitPeriod::Day, day("2026-11-25")),
            (LimitPeriod::Week, day("2026-11-29")),
            (LimitPeriod::Month, day("2026-11-30")),
            (LimitPeriod::Year, day("2026-12-31")),
            (LimitPeriod::Lifetime, None),
        ] {
            assert_eq!(last_day(period_at(period, date)), expected, "{period:?}");
        }
        for period in [Period::Day(0), Period::Week(0), Period::Month(0), Period::Year(1970)] {
            assert!(last_day(period).is_some_and(|day| (0..366).contains(&day)), "{period:?}");
        }
        assert_eq!(last_day(Period::Week(i32::MAX)), None);
        assert_eq!(last_day(Period::Month(i32::MAX)), None);
    }

    #[test]
    fn a_reminder_stands_months_before() {
        let lapses = at("2027-03-31T22:00:00Z");
        assert_eq!(months_before(&zurich(), lapses, 1), at("2027-02-28T23:00:00Z"));
    }
}
