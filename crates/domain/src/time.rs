//! The business time of a basket and its wall clock.

use jiff::civil::{Date, DateTime, Time};

/// When a basket was sold: an instant and the offset of the wall clock that the store showed then. The engine holds
/// no time zone data; the offset is part of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusinessTime {
    /// Milliseconds since 1970-01-01T00:00Z.
    pub unix_ms: i64,
    /// Minutes that the wall clock is ahead of UTC, -1,080 to 1,080.
    pub utc_offset_minutes: i32,
}

/// What the clock on the wall of the store showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock {
    /// The date of the store.
    pub date: Date,
    /// The time of day.
    pub time: Time,
}

impl BusinessTime {
    /// The largest offset of a wall clock from UTC, in minutes.
    pub const OFFSET_MINUTES_MAX: i32 = 18 * 60;

    /// The wall clock; `None` outside the years -9999 to 9999 or with an impossible offset.
    #[must_use]
    pub fn wall_clock(self) -> Option<WallClock> {
        if self.utc_offset_minutes.abs() > Self::OFFSET_MINUTES_MAX {
            return None;
        }
        let local_ms = self.unix_ms.checked_add(i64::from(self.utc_offset_minutes) * 60_000)?;
        let days = local_ms.div_euclid(86_400_000);
        let ms_of_day = local_ms.rem_euclid(86_400_000);
        let date = civil_from_days(days)?;
        let time = Time::new(
            (ms_of_day / 3_600_000) as i8,
            (ms_of_day / 60_000 % 60) as i8,
            (ms_of_day / 1_000 % 60) as i8,
            (ms_of_day % 1_000) as i32 * 1_000_000,
        )
        .ok()?;
        Some(WallClock { date, time })
    }
}

fn civil_from_days(days: i64) -> Option<Date> {
    let epoch = Date::constant(1970, 1, 1);
    let days = i32::try_from(days).ok().filter(|days| days.abs() < 4_000_000)?;
    epoch.checked_add(jiff::Span::new().days(days)).ok()
}

impl WallClock {
    /// Date and time as one value, for comparison with the ends of a validity.
    #[must_use]
    pub fn date_time(self) -> DateTime {
        self.date.to_datetime(self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_follows_the_offset() {
        for (unix_ms, offset, expected) in [
            (0, 0, Some("1970-01-01T00:00:00")),
            (1_794_960_000_000, 480, Some("2026-11-18T08:00:00")),
            (-1, 0, Some("1969-12-31T23:59:59.999")),
            (0, 2_000, None),
            (i64::MAX, 0, None),
        ] {
            let time = BusinessTime { unix_ms, utc_offset_minutes: offset };
            let shown = time.wall_clock().map(|clock| clock.date_time().to_string());
            assert_eq!(shown.as_deref(), expected, "{unix_ms} {offset}");
        }
    }
}
