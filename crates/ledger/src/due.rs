//! What time and what waits make due: a pure function of the head, which drives the worker.

use jiff::civil::Date;
use suanpan_domain::CheckoutId;

use crate::calendar;
use crate::command::EntryRef;
use crate::entry::EntryKey;
use crate::head::{Head, NEVER_MS};
use crate::policy::Policy;
use crate::{reminder, tier};

pub(crate) const DAY_MS: i64 = 86_400_000;
/// Bodies move to the archive in batches of a month, so that a member who buys every day is not archived every day.
const ARCHIVE_SLACK_DAYS: i64 = 30;
/// A birthday is made up for when the worker stood still, but not for longer.
const BIRTHDAY_LATE_DAYS: u16 = 30;

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A reservation whose time is over: [`EndReservation`](crate::Action::EndReservation).
    EndReservation(CheckoutId),
    /// The derived writes of the entries in `emitting` up to this version: send them, then
    /// [`ClearEmitting`](crate::Action::ClearEmitting).
    ClearEmitting(u64),
    /// An entry to [`Accrue`](crate::Action::Accrue).
    Accrue(EntryRef),
    /// A [`Tick`](crate::Action::Tick).
    Tick,
}

/// When something about this member has to be done, Unix milliseconds; at once is the head's own instant. None when
/// nothing will be due by time alone.
///
/// ```
/// use suanpan_ledger::{Head, Policy, due_at};
/// assert_eq!(due_at(&Policy::plain(jiff::tz::TimeZone::UTC), &Head::guest()), None);
/// ```
#[must_use]
pub fn due_at(policy: &Policy, head: &Head) -> Option<i64> {
    if !head.emitting.is_empty() || !head.pending.is_empty() {
        return Some(head.as_of_ms);
    }
    if !head.has_account() {
        return None;
    }
    let holds = head.holds.iter().map(|hold| hold.until_ms).min();
    holds.into_iter().chain(tick_at(policy, head)).min().filter(|at_ms| *at_ms < NEVER_MS)
}

/// What is due at an instant, in the order in which it has to be done. After each the next head may say otherwise.
#[must_use]
pub fn due(policy: &Policy, head: &Head, now_ms: i64) -> Vec<Due> {
    // As commands do: on a machine whose clock is behind, what a head has seen end has ended.
    let now_ms = now_ms.max(head.as_of_ms);
    let mut found = Vec::new();
    let ended = head.holds.iter().filter(|hold| hold.until_ms <= now_ms);
    found.extend(ended.map(|hold| Due::EndReservation(hold.checkout)));
    found.extend(head.emitting.last().map(|last| Due::ClearEmitting(last.version)));
    found.extend(head.pending.iter().filter_map(|waiting| match waiting.key {
        EntryKey::Checkout(checkout) => Some(Due::Accrue(EntryRef::Checkout(checkout))),
        EntryKey::Return(checkout, back) => Some(Due::Accrue(EntryRef::Return(checkout, back))),
        EntryKey::Request(_) | EntryKey::Effect(_) | EntryKey::Time(_) => None,
    }));
    if head.has_account() && tick_is_due(policy, head, now_ms) {
        found.push(Due::Tick);
    }
    found
}

/// Whether a tick would book anything.
pub(crate) fn tick_is_due(policy: &Policy, head: &Head, now_ms: i64) -> bool {
    tick_at(policy, head).is_some_and(|at_ms| at_ms <= now_ms)
}

fn tick_at(policy: &Policy, head: &Head) -> Option<i64> {
    if head.policy_version != policy.version {
        return Some(head.as_of_ms);
    }
    // Lots stand in the order of their expiry; held points do not lapse.
    let lot = head.lots.iter().find(|lot| lot.points > lot.held).map(|lot| lot.expires_ms);
    let delayed = head.delayed.iter().map(|delayed| delayed.release_ms.min(delayed.expires_ms)).min();
    let coupon = head.coupons.iter().filter(|coupon| !coupon.held).map(|coupon| coupon.expires_ms).min();
    let reminder = reminder::next(policy, head).map(|next| next.at_ms);
    [
        lot,
        delayed,
        coupon,
        reminder,
        tier::evaluated_at(policy, head),
        next_birthday(policy, head),
        archived_at(policy, head),
    ]
    .into_iter()
    .flatten()
    .filter(|at_ms| *at_ms < NEVER_MS)
    .min()
}

/// A birthday that was not rewarded yet.
pub(crate) struct Birthday {
    pub(crate) year: i32,
    /// Too long ago to be made up for.
    pub(crate) late: bool,
}

/// The latest birthday, when it was not rewarded yet.
pub(crate) fn birthday(policy: &Policy, head: &Head, now_ms: i64) -> Option<Birthday> {
    policy.birthday.as_ref()?;
    let birthday = head.birthday?;
    let today = calendar::date_at(&policy.time_zone, now_ms);
    let this_year = birthday.in_year(today.year())?;
    let latest = if this_year <= today { this_year } else { birthday.in_year(today.year() - 1)? };
    let year = i32::from(latest.year());
    (year > head.watermarks.birthday_year).then_some(Birthday { year, late: is_late(latest, today) })
}

fn is_late(birthday: Date, today: Date) -> bool {
    calendar::days_later(birthday, BIRTHDAY_LATE_DAYS) < today
}

/// The first birthday that will be rewarded.
fn next_birthday(policy: &Policy, head: &Head) -> Option<i64> {
    policy.birthday.as_ref()?;
    let birthday = head.birthday?;
    let today = calendar::date_at(&policy.time_zone, head.as_of_ms);
    (today.year() - 1..=today.year().checked_add(2)?)
        .filter(|year| i32::from(*year) > head.watermarks.birthday_year)
        .filter_map(|year| birthday.in_year(year))
        .find(|date| !is_late(*date, today))
        .map(|date| calendar::start_of(&policy.time_zone, date))
}

/// When bodies of old rows move to the archive.
pub(crate) fn archived_at(policy: &Policy, head: &Head) -> Option<i64> {
    let days = i64::from(policy.archive_days?);
    let since_ms = head.watermarks.unarchived_since_ms;
    (since_ms > 0).then(|| since_ms + (days + ARCHIVE_SLACK_DAYS) * DAY_MS)
}
