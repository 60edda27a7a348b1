//! Which calendar period a use of a limited offer falls into.

use jiff::civil::{Date, Weekday};
use suanpan_domain::{BusinessTime, MonthDay};
use suanpan_ledger::head::Period;
use suanpan_program::model::LimitPeriod;

/// The period by the wall clock of the store. A birthday offer's year is that of the birthday that is nearest.
pub(super) fn period(per: LimitPeriod, time: BusinessTime, birthday: Option<MonthDay>) -> Period {
    let Some(clock) = time.wall_clock() else { return Period::Lifetime };
    let date = clock.date;
    let months = (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1;
    match per {
        LimitPeriod::Day => Period::Day(days(date)),
        // 1970-01-01 was a Thursday: the week that it is in began three days before.
        LimitPeriod::Week => Period::Week((days(date) + 3).div_euclid(7)),
        LimitPeriod::Month => Period::Month(months),
        LimitPeriod::Year => Period::Year(birthday.map_or(date.year(), |day| nearest(day, date)).into()),
        LimitPeriod::Lifetime => Period::Lifetime,
    }
}

fn days(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    debug_assert_eq!(epoch.weekday(), Weekday::Thursday);
    epoch.until(date).map_or(0, |span| span.get_days())
}

/// The year of the birthday that is nearest to a date.
fn nearest(birthday: MonthDay, date: Date) -> i16 {
    let year = date.year();
    let away = |year: i16| {
        let day = birthday.in_year(year)?;
        Some((days(day) - days(date)).abs())
    };
    [year - 1, year, year + 1]
        .into_iter()
        .filter_map(|year| Some((away(year)?, year)))
        .min()
        .map_or(year, |near| near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_follow_the_wall_clock() {
        // 2026-01-01T16:30Z is 2026-01-02 00:30 in Shanghai.
        let time = BusinessTime { unix_ms: 1_767_285_000_000, utc_offset_minutes: 480 };
        for (per, expected) in [
            (LimitPeriod::Day, Period::Day(20_455)),
            (LimitPeriod::Week, Period::Week(2_922)),
            (LimitPeriod::Month, Period::Month(672)),
            (LimitPeriod::Year, Period::Year(2026)),
            (LimitPeriod::Lifetime, Period::Lifetime),
        ] {
            assert_eq!(period(per, time, None), expected, "{per:?}");
        }
    }

    #[test]
    fn a_birthday_at_the_turn_of_the_year_is_one_birthday() {
        let of = |birthday: (i8, i8), unix_ms| {
            let birthday = MonthDay::new(birthday.0, birthday.1);
            period(LimitPeriod::Year, BusinessTime { unix_ms, utc_offset_minutes: 0 }, birthday)
        };
        // 2025-12-31T12:00Z and 2026-01-02T12:00Z.
        for (birthday, unix_ms, year) in [
            ((1, 1), 1_767_182_400_000, 2026),
            ((1, 1), 1_767_355_200_000, 2026),
            ((12, 31), 1_767_182_400_000, 2025),
            ((12, 31), 1_767_355_200_000, 2025),
            ((6, 15), 1_767_355_200_000, 2026),
        ] {
            assert_eq!(of(birthday, unix_ms), Period::Year(year), "{birthday:?} {unix_ms}");
        }
    }
}
