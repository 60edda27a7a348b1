//! Uses of limited offers and activities, by calendar period.

use suanpan_domain::CheckoutId;

use jiff::civil::Date;
use suanpan_domain::MonthDay;

use crate::calendar;
use crate::draft::Draft;
use crate::head::{Counter, Head, OfferKey, Period};
use crate::limits::COUNTERS_MAX;
use crate::policy::LimitPeriod;

/// The period of a limit per member that a sale on a date counts in. The date is that of the store's wall clock. A year
/// is that of the nearest birthday where the offer is one for birthdays, so that the days around one are one year's also
/// over New Year.
///
/// ```
/// use suanpan_domain::MonthDay;
/// use suanpan_ledger::head::Period;
/// use suanpan_ledger::period_of;
/// use suanpan_ledger::policy::LimitPeriod;
/// let date = "2026-12-31".parse()?;
/// assert_eq!(period_of(LimitPeriod::Year, date, None), Period::Year(2026));
/// assert_eq!(period_of(LimitPeriod::Year, date, MonthDay::new(1, 2)), Period::Year(2027));
/// assert_eq!(period_of(LimitPeriod::Lifetime, date, MonthDay::new(1, 2)), Period::Lifetime);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn period_of(period: LimitPeriod, date: Date, birthday: Option<MonthDay>) -> Period {
    match (period, birthday) {
        (LimitPeriod::Year, Some(birthday)) => Period::Year(i32::from(year_of_nearest(birthday, date))),
        _ => calendar::period_at(period, date),
    }
}

fn year_of_nearest(birthday: MonthDay, date: Date) -> i16 {
    let distance = |year: &i16| {
        let day = birthday.in_year(*year).map(calendar::day_number);
        day.map_or(i32::MAX, |day| (day - calendar::day_number(date)).abs())
    };
    (date.year() - 1..=date.year() + 1).min_by_key(distance).unwrap_or(date.year())
}

/// How often an offer was used in a period, the uses that reservations hold included, but for one reservation.
pub(crate) fn used(head: &Head, offer: OfferKey, period: Period, except: Option<CheckoutId>) -> u32 {
    let held = head.holds.iter().filter(|hold| Some(hold.checkout) != except).flat_map(|hold| &hold.uses);
    head.counters
        .iter()
        .chain(held)
        .filter(|counter| counter.offer == offer && counter.period == period)
        .fold(0, |sum, counter| sum.saturating_add(counter.used))
}

/// Whether so many new counters have room beside what reservations will need, when ended periods have gone.
pub(crate) fn has_room(
    head: &Head,
    uses: &[Counter],
    except: Option<CheckoutId>,
    today: impl Fn() -> i32,
) -> bool {
    let known = |counter: &Counter| find(&head.counters, counter).is_ok();
    let held = head.holds.iter().filter(|hold| Some(hold.checkout) != except).flat_map(|hold| &hold.uses);
    let new = held.chain(uses).filter(|counter| !known(counter)).count();
    if new == 0 || head.counters.len() + new <= COUNTERS_MAX {
        return true;
    }
    let today = today();
    let lasting = head.counters.iter().filter(|counter| !ended(counter, today)).count();
    lasting + new <= COUNTERS_MAX
}

/// Whether a period is over everywhere: two days later, because wall clocks differ.
fn ended(counter: &Counter, today: i32) -> bool {
    calendar::last_day(counter.period).is_some_and(|day| day + 2 <= today)
}

fn find(list: &[Counter], counter: &Counter) -> Result<usize, usize> {
    list.binary_search_by_key(&(counter.offer, counter.period), |known| (known.offer, known.period))
}

/// Counts; at the bound the ended period that ended first makes room. False when there is none.
pub(crate) fn count(list: &mut Vec<Counter>, max: usize, counter: Counter, today: i32) -> bool {
    if let Ok(place) = find(list, &counter) {
        list[place].used = list[place].used.saturating_add(counter.used);
        return true;
    }
    if list.len() >= max {
        let first = (0..list.len())
            .filter(|place| ended(&list[*place], today))
            .min_by_key(|place| calendar::last_day(list[*place].period));
        let Some(first) = first else { return false };
        list.remove(first);
    }
    let place = find(list, &counter).unwrap_or_else(|place| place);
    list.insert(place, counter);
    true
}

impl Draft<'_> {
    /// The day of now in the program's time zone.
    pub(crate) fn today(&self) -> Date {
        calendar::date_at(&self.policy.time_zone, self.now_ms)
    }

    /// Counts a use; false when there is no room.
    pub(crate) fn count_use(&mut self, counter: Counter) -> bool {
        let today =
            if self.head.counters.len() < COUNTERS_MAX { 0 } else { calendar::day_number(self.today()) };
        count(&mut self.head.counters, COUNTERS_MAX, counter, today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_year_is_one_of_birthdays() {
        let month = Period::Month((2026 - 1970) * 12);
        for (period, date, birthday, expected) in [
            (LimitPeriod::Day, "2026-01-02", Some((1, 1)), Period::Day(20_455)),
            (LimitPeriod::Week, "2026-01-02", Some((1, 1)), Period::Week(2_922)),
            (LimitPeriod::Month, "2026-01-02", Some((1, 1)), month),
            (LimitPeriod::Lifetime, "2026-01-02", Some((1, 1)), Period::Lifetime),
            (LimitPeriod::Year, "2026-01-02", None, Period::Year(2026)),
            // A birthday at the turn of the year is one birthday.
            (LimitPeriod::Year, "2025-12-31", Some((1, 1)), Period::Year(2026)),
            (LimitPeriod::Year, "2026-01-02", Some((1, 1)), Period::Year(2026)),
            (LimitPeriod::Year, "2025-12-31", Some((12, 31)), Period::Year(2025)),
            (LimitPeriod::Year, "2026-01-02", Some((12, 31)), Period::Year(2025)),
            (LimitPeriod::Year, "2026-01-02", Some((6, 15)), Period::Year(2026)),
        ] {
            let birthday = birthday.and_then(|(month, day)| MonthDay::new(month, day));
            let date = date.parse().expect("a date");
            assert_eq!(period_of(period, date, birthday), expected, "{period:?} {date} {birthday:?}");
        }
    }
}
