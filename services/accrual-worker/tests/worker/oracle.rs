//! The year as it was planned, and what has to come of it: dates and sums worked out from the calendar, without the
//! ledger.

use jiff::Span;
use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;
use suanpan_domain::MonthDay;

/// The chain's rules.
pub(crate) const PROGRAM: &str = "
program: sunrise
currency: EUR
engine_edition: 1
time_zone: Europe/Berlin
tiers:
  - id: ordinary
  - id: regular
    qualify: { purchases: 10, within: 31 days }
    keep: { for: 2 months, grace: 10 days, then: re_evaluate }
    welcome: { points: 200 }
points:
  earn: { per: 1.00 }
  offset: { value: 0.01 }
  expire: { after: 3 months, at: end_of_month, remind_before: 1 month }
  delay: 3 days
  transfers: kept
  referral: { referrer: 200, friend: 100, taken_back_within: 30 days }
  birthday: { points: 50 }
";

/// Noon of New Year's Day in Berlin.
pub(crate) const START_MS: i64 = 1_767_265_200_000;
pub(crate) const DAY_MS: i64 = 86_400_000;

/// What kind of life a member leads, by the last digit of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Buys every third day until day 120: rises on day 27 and falls on day 169.
    Keen,
    /// Pays with points now and then.
    Spender,
    /// Was brought by the next member.
    Friend,
    /// Brought the member before.
    Referrer,
    /// Sends points to the next member on day 60.
    Giver,
    /// Gets them.
    Taker,
    /// Is merged into the next member on day 200.
    Twin,
    /// Takes the member before over.
    Survivor,
    /// Reserves something on day 30 and does not come back.
    Forgetful,
    /// Nothing but sales.
    Plain,
}

impl Life {
    pub(crate) fn of(member: usize) -> Self {
        [
            Self::Keen,
            Self::Spender,
            Self::Friend,
            Self::Referrer,
            Self::Giver,
            Self::Taker,
            Self::Twin,
            Self::Survivor,
            Self::Forgetful,
            Self::Plain,
        ][member % 10]
    }
}

pub(crate) const TRANSFER_DAY: i64 = 60;
pub(crate) const MERGE_DAY: i64 = 200;
pub(crate) const RESERVE_DAY: i64 = 30;

/// Whether a member buys on a day.
pub(crate) fn buys(member: usize, day: i64) -> bool {
    match Life::of(member) {
        Life::Keen => day % 3 == 0 && day <= 120,
        Life::Twin if day >= MERGE_DAY => false,
        _ => (member as i64 + day) % 5 == 0,
    }
}

/// The day of the first sale.
pub(crate) fn first_sale(member: usize) -> i64 {
    (0..5).find(|day| buys(member, *day)).expect("everybody buys within five days")
}

/// Points that a sale earns.
pub(crate) fn earns(member: usize, day: i64) -> i64 {
    10 + (7 * member as i64 + day) % 5
}

/// Points that a sale is paid with.
pub(crate) fn pays_points(member: usize, day: i64) -> i64 {
    if Life::of(member) == Life::Spender && day >= 30 && day / 5 % 6 == 0 { 20 } else { 0 }
}

/// Whether a friend brings the first sale back, five days after it.
pub(crate) fn brings_back(member: usize, day: i64) -> bool {
    member % 20 == 2 && day == first_sale(member) + 5
}

pub(crate) fn at_ms(day: i64) -> i64 {
    START_MS + day * DAY_MS
}

fn date_of(day: i64) -> Date {
    date(2026, 1, 1) + Span::new().days(day)
}

/// The day on which a member has its birthday, the second of January or later.
pub(crate) fn birthday(member: usize) -> i64 {
    1 + member as i64 * 7 % 360
}

pub(crate) fn month_day(day: i64) -> MonthDay {
    let date = date_of(day);
    MonthDay::new(date.month(), date.day()).expect("a day of the calendar")
}

/// The first instant of a day in Berlin, Unix milliseconds.
fn start_of(date: Date) -> i64 {
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let begins = zone.to_timestamp(date.to_datetime(Time::midnight()));
    begins.expect("a day that begins").as_millisecond()
}

/// What a plain member's year brings by the end of a day.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) earned: i64,
    pub(crate) expired: i64,
    /// Announced lots, by how many points.
    pub(crate) reminders: Vec<i64>,
    pub(crate) birthdays: usize,
}

/// A plain member's year: every month's points lapse at the end of the third month after it, and are announced a month
/// ahead.
pub(crate) fn plain(member: usize, last_day: i64) -> Plain {
    let now_ms = at_ms(last_day);
    let mut plain = Plain::default();
    for month in 1..=12 {
        let first = date(2026, month, 1);
        let of_month = |day: &i64| date_of(*day).first_of_month() == first;
        let days = || (0..=last_day).filter(of_month);
        let mut points: i64 = days().filter(|day| buys(member, *day)).map(|day| earns(member, day)).sum();
        if days().any(|day| day == birthday(member)) {
            points += 50;
            plain.birthdays += 1;
        }
        plain.earned += points;
        if points > 0 && start_of(first + Span::new().months(3)) <= now_ms {
            plain.reminders.push(points);
        }
        if start_of(first + Span::new().months(4)) <= now_ms {
            plain.expired += points;
        }
    }
    plain
}

/// Points of a member's own sales and its birthday by the end of a day.
pub(crate) fn own(member: usize, last_day: i64) -> i64 {
    let sales = (0..=last_day).filter(|day| buys(member, *day)).map(|day| earns(member, day));
    let alive = Life::of(member) != Life::Twin || birthday(member) <= MERGE_DAY;
    sales.sum::<i64>() + if alive && birthday(member) <= last_day { 50 } else { 0 }
}
