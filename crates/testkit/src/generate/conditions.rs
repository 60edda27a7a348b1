//! When, for whom, where and how often: conditions that hold for the basket at hand most of the time, at their edges.

use jiff::ToSpan;
use jiff::civil::DateTime;
use suanpan_domain::{Money, Rate};
use suanpan_program::model::{
    Birthday, DayOrTime, LimitPeriod, Limits, Place, StoreFilter, TimeSpan, When, Who,
};

use super::Random;
use super::market::Market;

pub(super) fn when(random: &mut Random, market: &Market) -> When {
    let Some(clock) = market.time.wall_clock() else { return When::default() };
    let (today, now) = (clock.date, clock.date_time());
    let minute = (i32::from(now.hour()) * 60 + i32::from(now.minute())) as u16;
    let mut when = When::default();
    match random.below(7) {
        0 => {
            let shift = random.pick(&[-1, 0, 0, 0, 1]);
            when.from = today.checked_add(shift.days()).ok().map(DayOrTime::Day);
        }
        1 => {
            let shift = random.pick(&[-1, 0, 0, 0, 1]);
            when.until = today.checked_add(shift.days()).ok().map(DayOrTime::Day);
        }
        2 => {
            let edge = |random: &mut Random| now.checked_add(random.pick(&[-1, 0, 1]).minutes()).ok();
            when.from = edge(random).map(truncated).map(DayOrTime::Time);
            when.until = edge(random).map(DayOrTime::Time).filter(|_| random.chance(50));
        }
        3 => {
            let weekday = today.weekday().to_monday_zero_offset() as u64;
            let day = if random.chance(70) { weekday } else { random.below(7) };
            when.weekdays = (1 << day) | if random.chance(50) { 1 << random.below(7) } else { 0 };
        }
        4 => {
            let days = [i64::from(today.day()), i64::from(today.day()), 8, 18, 28];
            when.days_of_month = 1 << random.pick(&days);
        }
        5 => when.months = 1 << random.pick(&[i64::from(today.month()), i64::from(today.month()), 11, 12]),
        _ => {
            let from = random.pick(&[minute, minute.saturating_sub(60), 0, 540, 1_320]).min(1_439);
            let until = random.pick(&[minute, minute + 1, minute + 60, 120, 1_440]).clamp(1, 1_440);
            when.times.push(TimeSpan { from_minute: from, until_minute: until });
            if random.chance(30) {
                when.times.push(TimeSpan { from_minute: 720, until_minute: 780 });
            }
            if random.chance(30) {
                let weekday = today.weekday().to_monday_zero_offset() as u64;
                when.weekdays = 1 << ((weekday + random.pick(&[0, 6])) % 7);
            }
        }
    }
    when
}

fn truncated(time: DateTime) -> DateTime {
    DateTime::from_parts(time.date(), jiff::civil::time(time.hour(), time.minute(), 0, 0))
}

pub(super) fn who(random: &mut Random) -> Who {
    let mut who = Who::default();
    match random.below(9) {
        0 => who.members_only = true,
        8 => who.birthday = Some(Birthday::Month),
        1 => who.tiers = random.some_of(&super::offer::TIERS.map(str::to_owned)),
        2 => who.segments = random.some_of(&["young".to_owned(), "family".to_owned()]),
        3 => {
            who.birthday = Some(random.pick(&[
                Birthday::Day,
                Birthday::Day,
                Birthday::Week,
                Birthday::Week,
                Birthday::Month,
            ]));
        }
        4 => who.first_purchase = true,
        5 => who.new_member_days = Some(random.pick(&[1, 7, 30])),
        6 => who.hold_out = Some(Rate::from_percent(random.pick(&[10, 50]))),
        _ => {
            who.members_only = true;
            who.tiers = vec!["gold".to_owned(), "silver".to_owned()];
        }
    }
    who
}

pub(super) fn place(random: &mut Random) -> Place {
    let mut place = Place::default();
    match random.below(4) {
        0 => {
            place.stores = Some(StoreFilter {
                ids: random.some_of(&["s-1", "s-2"].map(str::to_owned)),
                groups: Vec::new(),
            });
        }
        1 => {
            place.stores = Some(StoreFilter {
                ids: if random.chance(30) { vec!["s-3".to_owned()] } else { Vec::new() },
                groups: vec![random.pick(&["city", "airport"]).to_owned()],
            });
        }
        2 => place.channels = random.some_of(&["pos", "web"].map(str::to_owned)),
        _ => place.payments = random.some_of(&["cash", "card"].map(str::to_owned)),
    }
    place
}

pub(super) fn limits(random: &mut Random, amount: Money) -> Limits {
    let mut limits = Limits::default();
    match random.below(4) {
        0 => limits.per_basket = Some(random.pick(&[1, 1, 2, 3])),
        1 => {
            let period = random.pick(&[LimitPeriod::Day, LimitPeriod::Month, LimitPeriod::Lifetime]);
            limits.per_member = Some((random.pick(&[1, 2]), period));
        }
        2 => limits.in_total = Some(random.pick(&[1, 100])),
        _ => limits.budget = Some(amount),
    }
    limits
}
