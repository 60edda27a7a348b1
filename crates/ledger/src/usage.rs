//! Uses of limited offers and activities, by calendar period.

use suanpan_domain::CheckoutId;

use jiff::civil::Date;
use suanpan_domain::MonthDay;

use crate::calendar;
use crate::draft::Draft;
use crate::head::{Counter, Head, OfferKey, Period};
use crate::limits::COUNTERS_MAX;
use crate::policy::OfferName;

/// The period of an offer's limit per member that a sale on a date counts in; none for an offer without such a limit.
/// The date is that of the store's wall clock. For a birthday offer the year is that of the nearest birthday, so that
/// the days around one are one year's also over New Year.
///
/// ```
/// use suanpan_domain::MonthDay;
/// use suanpan_ledger::head::{OfferKey, Period};
/// use suanpan_ledger::policy::{LimitPeriod, OfferName};
/// let offer = OfferName {
///     key: OfferKey(7),
///     id: "birthday".to_owned(),
///     per_member: Some((1, LimitPeriod::Year)),
///     of_birthday: true,
/// };
/// let date = "2026-12-31".parse()?;
/// assert_eq!(suanpan_ledger::period_of(&offer, date, MonthDay::new(1, 2)), Some(Period::Year(2027)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn period_of(offer: &OfferName, date: Date, birthday: Option<MonthDay>) -> Option<Period> {
    let (_, period) = offer.per_member?;
    match birthday.filter(|_| offer.of_birthday) {
        Some(birthday) => Some(Period::Year(i32::from(year_of_nearest(birthday, date)))),
        None => Some(calendar::period_at(period, date)),
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
