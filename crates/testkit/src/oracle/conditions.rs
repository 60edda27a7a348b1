//! Whether an offer holds for this buyer, here and now (rules 37, 52, 53).

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use suanpan_domain::{Basket, Member, MonthDay, Reason, Usage, WallClock};
use suanpan_program::model::{Birthday, DayOrTime, Effect, Offer, Program, When};

/// The first reason for which an offer does not hold, in the order of [`Reason`].
pub(super) fn refusal(
    program: &Program,
    offer: &Offer,
    basket: &Basket,
    member: Option<&Member>,
    usage: Option<&Usage>,
) -> Option<Reason> {
    let clock = basket.business_time.wall_clock().expect("generated times are sound");
    let mut reasons: Vec<Reason> = Vec::new();
    reasons.extend(when(&offer.when, clock));
    reasons.extend(place(program, offer, basket));
    reasons.extend(who(program, offer, clock.date, member));
    // Guests earn nothing and have no wallet, so offers of points and coupons are for members (50).
    let for_members =
        matches!(offer.effect, Effect::PointsFixed(_) | Effect::PointsTimes(_) | Effect::IssueCoupon { .. });
    let nobody = || (for_members && member.is_none()).then_some(Reason::MembersOnly);
    reasons.into_iter().min().or_else(|| limits(offer, member, usage)).or_else(nobody)
}

fn when(when: &When, clock: WallClock) -> Option<Reason> {
    let now = clock.date_time();
    let minute = u16::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).expect("a minute");
    // Days whose opening hours are running: a span over midnight belongs to the day it began (52).
    let yesterday = clock.date.checked_sub(1.day()).expect("not the first day of time");
    let mut days: Vec<Date> = Vec::new();
    if when.times.is_empty() {
        days.push(clock.date);
    }
    for span in &when.times {
        if span.from_minute < span.until_minute {
            if span.from_minute <= minute && minute < span.until_minute {
                days.push(clock.date);
            }
        } else {
            if minute >= span.from_minute {
                days.push(clock.date);
            }
            if minute < span.until_minute {
                days.push(yesterday);
            }
        }
    }
    let judged: Vec<Option<Reason>> = days.iter().map(|day| on_day(when, *day, clock)).collect();
    if judged.contains(&None) && !judged.is_empty() {
        return None;
    }
    match judged.into_iter().flatten().min() {
        Some(reason) => Some(reason),
        // No span is running; say what else is wrong with today first.
        None => on_day(when, clock.date, clock).or(Some(Reason::WrongTime)),
    }
}

fn on_day(when: &When, day: Date, clock: WallClock) -> Option<Reason> {
    let now = clock.date_time();
    let started = match when.from {
        None => true,
        Some(DayOrTime::Day(from)) => day >= from,
        Some(DayOrTime::Time(from)) => now >= from,
    };
    let ended = match when.until {
        None => false,
        // A date is inclusive.
        Some(DayOrTime::Day(until)) => day > until,
        Some(DayOrTime::Time(until)) => now >= until,
    };
    let weekday = 1_u8 << day.weekday().to_monday_zero_offset();
    let wrong_day = (when.weekdays != 0 && when.weekdays & weekday == 0)
        || (when.days_of_month != 0 && when.days_of_month & (1 << day.day()) == 0)
        || (when.months != 0 && when.months & (1 << day.month()) == 0);
    if !started {
        Some(Reason::NotStarted)
    } else if ended {
        Some(Reason::Expired)
    } else if wrong_day {
        Some(Reason::WrongDay)
    } else {
        None
    }
}

fn place(program: &Program, offer: &Offer, basket: &Basket) -> Option<Reason> {
    let place = &offer.place;
    if let Some(filter) = &place.stores {
        let here = basket.store.as_ref().map(|store| store.as_str().to_owned());
        let inside = here.is_some_and(|here| {
            filter.ids.contains(&here)
                || program.stores.iter().any(|store| {
                    store.id == here && store.groups.iter().any(|group| filter.groups.contains(group))
                })
        });
        if !inside {
            return Some(Reason::WrongStore);
        }
    }
    if !place.channels.is_empty() && !place.channels.contains(&basket.channel) {
        return Some(Reason::WrongChannel);
    }
    if !place.payments.is_empty() && !place.payments.contains(&basket.payment_kind) {
        return Some(Reason::WrongPayment);
    }
    None
}

fn who(program: &Program, offer: &Offer, today: Date, member: Option<&Member>) -> Option<Reason> {
    let who = &offer.who;
    let for_members = who.members_only
        || !who.tiers.is_empty()
        || !who.segments.is_empty()
        || who.birthday.is_some()
        || who.new_member_days.is_some();
    let Some(member) = member else {
        // Guests are never first-purchase.
        let first = who.first_purchase.then_some(Reason::NotFirstPurchase);
        return if for_members { Some(Reason::MembersOnly) } else { first };
    };
    let tier = member.tier.as_deref().or(program.tiers.first().map(|tier| tier.id.as_str())).unwrap_or("");
    if !who.tiers.is_empty() && !who.tiers.iter().any(|wanted| wanted == tier) {
        return Some(Reason::TierTooLow);
    }
    if !who.segments.is_empty() && !who.segments.iter().any(|wanted| member.segments.contains(wanted)) {
        return Some(Reason::WrongSegment);
    }
    if let Some(window) = who.birthday
        && !member.birthday.is_some_and(|birthday| in_birthday_window(window, birthday, today))
    {
        return Some(Reason::NotBirthday);
    }
    if who.first_purchase && member.first_purchase == Some(false) {
        return Some(Reason::NotFirstPurchase);
    }
    if let Some(days) = who.new_member_days {
        let age = member.enrolled_on.map(|enrolled| today.since(enrolled).expect("near dates").get_days());
        if age.is_none_or(|age| age > i32::from(days)) {
            return Some(Reason::NotNewMember);
        }
    }
    if who.hold_out.is_some_and(|share| held_out(&offer.id, member.id.as_str(), share.ppm())) {
        return Some(Reason::HeldOut);
    }
    if who.first_purchase && member.first_purchase.is_none() {
        return Some(Reason::UsageUnknown);
    }
    None
}

fn in_birthday_window(window: Birthday, birthday: MonthDay, today: Date) -> bool {
    // 29 February is the 28th in common years.
    let in_year = |year: i16| {
        Date::new(year, birthday.month(), birthday.day())
            .or_else(|_| Date::new(year, birthday.month(), birthday.day() - 1))
            .expect("a day of the year")
    };
    match window {
        Birthday::Day => in_year(today.year()) == today,
        Birthday::Month => birthday.month() == today.month(),
        Birthday::Week => [-1, 0, 1].into_iter().any(|shift| {
            let day = in_year(today.year() + shift);
            let three: Span = 3.days();
            day.checked_sub(three).expect("a date") <= today
                && today <= day.checked_add(three).expect("a date")
        }),
    }
}

/// FNV-1a over offer id, a zero byte and member id (53).
fn held_out(offer: &str, member: &str, share_ppm: i64) -> bool {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in offer.bytes().chain([0]).chain(member.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    ((hash % 1_000_000) as i64) < share_ppm
}

fn limits(offer: &Offer, member: Option<&Member>, usage: Option<&Usage>) -> Option<Reason> {
    if let Some((most, _)) = offer.limits.per_member {
        match member.map(|member| member.counters.as_ref()) {
            None => return Some(Reason::MembersOnly),
            Some(None) => return Some(Reason::UsageUnknown),
            Some(Some(counters)) => {
                let used = counters
                    .iter()
                    .find(|counter| counter.offer == offer.id)
                    .map_or(0, |counter| counter.used);
                if used >= most {
                    return Some(Reason::UsedUp);
                }
            }
        }
    }
    let known = usage.and_then(|usage| usage.offers.iter().find(|known| known.offer == offer.id));
    if let (Some(most), Some(known)) = (offer.limits.in_total, known)
        && known.used >= most
    {
        return Some(Reason::UsedUp);
    }
    if let (Some(budget), Some(known)) = (offer.limits.budget, known)
        && known.given_minor >= budget.minor()
    {
        return Some(Reason::BudgetUsedUp);
    }
    None
}

/// What is left of an offer's budget; what is not known counts as unused (17).
pub(super) fn budget_left(offer: &Offer, usage: Option<&Usage>) -> Option<i64> {
    let budget = offer.limits.budget?.minor();
    let known = usage.and_then(|usage| usage.offers.iter().find(|known| known.offer == offer.id));
    Some(budget - known.map_or(0, |known| known.given_minor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn birthdays_are_near_across_new_year_and_in_leap_years() {
        let born = |month, day| MonthDay::new(month, day).expect("a day");
        for (window, birthday, today, expected) in [
            (Birthday::Week, born(1, 2), date(2026, 12, 30), true),
            (Birthday::Week, born(12, 30), date(2027, 1, 2), true),
            (Birthday::Week, born(12, 30), date(2027, 1, 3), false),
            (Birthday::Day, born(2, 29), date(2027, 2, 28), true),
            (Birthday::Day, born(2, 29), date(2028, 2, 28), false),
            (Birthday::Month, born(11, 1), date(2026, 11, 30), true),
        ] {
            assert_eq!(in_birthday_window(window, birthday, today), expected, "{birthday:?} {today}");
        }
    }
}
