//! Whether an offer holds for this basket, member, place and time.

use jiff::civil::Date;
use suanpan_domain::{Basket, Member, Reason, Usage};
use suanpan_program::model::{Birthday, DayOrTime, TimeSpan, When, Who};

use super::Clock;
use crate::compile::{Compiled, Conditions};
use crate::planted::{self, Bug};

/// What is asked about each offer in view, read once.
pub(crate) struct Visit<'a> {
    pub(super) compiled: &'a Compiled,
    pub(super) basket: &'a Basket,
    pub(super) member: Option<&'a Member>,
    pub(super) usage: Option<&'a Usage>,
    clock: Clock,
    tier_bit: u64,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        compiled: &'a Compiled,
        basket: &'a Basket,
        member: Option<&'a Member>,
        usage: Option<&'a Usage>,
        clock: Clock,
        tier: Option<usize>,
    ) -> Self {
        Self {
            compiled,
            basket,
            member,
            usage,
            clock,
            tier_bit: tier.filter(|&tier| tier < 64).map_or(0, |tier| 1 << tier),
        }
    }

    /// The first reason against an offer, in the order of [`Reason`].
    pub(super) fn check(&self, offer: u32, conditions: &Conditions) -> Result<(), Reason> {
        if let Some(when) = &conditions.when {
            self.check_when(when)?;
        }
        if let Some(stores) = &conditions.stores {
            let store = self.basket.store.as_ref().map(|store| store.as_str());
            if store.is_none_or(|store| stores.binary_search_by(|id| id.as_str().cmp(store)).is_err()) {
                return Err(Reason::WrongStore);
            }
        }
        if !conditions.channels.is_empty() && !conditions.channels.contains(&self.basket.channel) {
            return Err(Reason::WrongChannel);
        }
        if !conditions.payments.is_empty() && !conditions.payments.contains(&self.basket.payment_kind) {
            return Err(Reason::WrongPayment);
        }
        match &conditions.who {
            Some(who) => self.check_who(offer, who, conditions.tiers),
            None => Ok(()),
        }
    }

    fn check_when(&self, when: &When) -> Result<(), Reason> {
        let Some(clock) = self.clock else { return Err(Reason::NotStarted) };
        let minute = i32::from(clock.time.hour()) * 60 + i32::from(clock.time.minute());
        // A span over midnight belongs to the day it began, so the early hours may belong to yesterday.
        let (mut todays, mut yesterdays) = (when.times.is_empty(), false);
        for span in &when.times {
            match within(*span, minute) {
                Within::Today => todays = true,
                Within::Yesterday => yesterdays = true,
                Within::No => {}
            }
        }
        let today = self.check_day(when, clock.date);
        let yesterday = || match clock.date.yesterday() {
            Ok(date) => self.check_day(when, date),
            Err(_) => Err(Reason::NotStarted),
        };
        match (todays, yesterdays) {
            (true, false) => today,
            (false, true) => yesterday(),
            // One of two spans on its day is enough; else the first reason is said.
            (true, true) => today.or_else(|one| yesterday().map_err(|two| one.min(two))),
            (false, false) => today.and(Err(Reason::WrongTime)),
        }
    }

    fn check_day(&self, when: &When, day: Date) -> Result<(), Reason> {
        self.check_ends(when, day)?;
        check_calendar(when, day)
    }

    fn check_ends(&self, when: &When, day: Date) -> Result<(), Reason> {
        let Some(clock) = self.clock else { return Err(Reason::NotStarted) };
        let started = match when.from {
            None => true,
            Some(DayOrTime::Day(from)) => from <= day,
            Some(DayOrTime::Time(from)) => from <= clock.date_time(),
        };
        let ended = match when.until {
            None => false,
            Some(DayOrTime::Day(until)) => until < day,
            Some(DayOrTime::Time(until)) => until <= clock.date_time(),
        };
        match (started, ended) {
            (false, _) => Err(Reason::NotStarted),
            (true, true) => Err(Reason::Expired),
            (true, false) => Ok(()),
        }
    }

    fn check_who(&self, offer: u32, who: &Who, tiers: u64) -> Result<(), Reason> {
        let Some(member) = self.member else {
            return match who {
                Who { first_purchase: true, .. } => Err(Reason::NotFirstPurchase),
                who if who.needs_member() => Err(Reason::MembersOnly),
                _ => Ok(()),
            };
        };
        if !who.tiers.is_empty() && tiers & self.tier_bit == 0 {
            return Err(Reason::TierTooLow);
        }
        if !who.segments.is_empty() && !who.segments.iter().any(|segment| member.segments.contains(segment)) {
            return Err(Reason::WrongSegment);
        }
        if let Some(window) = who.birthday {
            let date = self.clock.map(|clock| clock.date);
            let birthday = member
                .birthday
                .zip(date)
                .is_some_and(|(birthday, today)| is_birthday(birthday, today, window));
            if !birthday {
                return Err(Reason::NotBirthday);
            }
        }
        let mut unknown = false;
        if who.first_purchase {
            match member.first_purchase {
                Some(true) => {}
                Some(false) => return Err(Reason::NotFirstPurchase),
                None => unknown = true,
            }
        }
        if let Some(days) = who.new_member_days {
            let age = member
                .enrolled_on
                .zip(self.clock)
                .and_then(|(enrolled, clock)| days_between(enrolled, clock.date));
            if age.is_none_or(|age| age > i32::from(days)) {
                return Err(Reason::NotNewMember);
            }
        }
        if let Some(share) = who.hold_out
            && i64::try_from(self.hold_out_place(offer, member)).is_ok_and(|place| place < share.ppm())
        {
            return Err(Reason::HeldOut);
        }
        if unknown { Err(Reason::UsageUnknown) } else { Ok(()) }
    }

    /// FNV-1a of offer id, a zero byte and member id, in a million places.
    fn hold_out_place(&self, offer: u32, member: &Member) -> u64 {
        let id = &self.compiled.book.entries[offer as usize].id;
        let bytes = id.bytes().chain([0]).chain(member.id.as_str().bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        hash % 1_000_000
    }
}

fn check_calendar(when: &When, day: Date) -> Result<(), Reason> {
    let bit = |bits: u32, place: i8| bits == 0 || bits >> place & 1 == 1;
    let holds = bit(u32::from(when.weekdays), day.weekday().to_monday_zero_offset())
        && bit(when.days_of_month, day.day())
        && bit(u32::from(when.months), day.month());
    if holds { Ok(()) } else { Err(Reason::WrongDay) }
}

enum Within {
    Today,
    Yesterday,
    No,
}

fn within(span: TimeSpan, minute: i32) -> Within {
    let (from, until) = (i32::from(span.from_minute), i32::from(span.until_minute));
    if from < until {
        if (from..until).contains(&minute) { Within::Today } else { Within::No }
    } else if minute >= from {
        Within::Today
    } else if minute < until {
        if planted::is(Bug::MidnightBelongsToToday) { Within::Today } else { Within::Yesterday }
    } else {
        Within::No
    }
}

fn is_birthday(birthday: suanpan_domain::MonthDay, today: Date, window: Birthday) -> bool {
    match window {
        Birthday::Month => birthday.month() == today.month(),
        Birthday::Day => birthday.in_year(today.year()) == Some(today),
        // Three days either side, over New Year too.
        Birthday::Week => (today.year() - 1..=today.year() + 1).any(|year| {
            birthday
                .in_year(year)
                .and_then(|date| days_between(date, today))
                .is_some_and(|days| days.abs() <= 3)
        }),
    }
}

/// Days from one date to another.
fn days_between(from: Date, to: Date) -> Option<i32> {
    Some(from.until(to).ok()?.get_days())
}
