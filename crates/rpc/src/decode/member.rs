//! Who buys.

use jiff::civil::Date;
use suanpan_domain::{Counter, Member, MemberId, MonthDay, OwnedCoupon, limits};

use super::names::check_unique;
use super::text::{check, check_count, check_required, required, within};
use super::{Buyer, UNIX_MS_MAX};
use crate::problem::{Fault, Problems};
use crate::v1;
use v1::member::Identity;

/// Cards of one member.
pub(crate) const MEMBER_CARDS_MAX: usize = 16;

/// A member of a members file, with the numbers by which tills name the member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMember {
    /// The facts.
    pub member: Member,
    /// Numbers of cards and app codes.
    pub cards: Vec<MemberId>,
}

/// The member of a basket. None when it is named wrongly, which was reported.
pub(super) fn buyer(message: Option<v1::Member>, chain: &str, problems: &mut Problems) -> Option<Buyer> {
    match message.and_then(|message| message.identity) {
        None => Some(Buyer::Guest),
        Some(Identity::Id(id)) => required(id, format_args!("member.id"), problems).map(Buyer::Id),
        Some(Identity::Card(card)) => required(card, format_args!("member.card"), problems).map(Buyer::Card),
        Some(Identity::Snapshot(message)) => {
            if !message.chain.is_empty() && message.chain != chain {
                problems.add(format_args!("member.snapshot.chain"), Fault::OtherChain);
            }
            let known = snapshot(message, "member.snapshot.", problems)?;
            Some(Buyer::Snapshot(Box::new(known.member)))
        }
    }
}

/// Checks one member of a members file and takes the facts over.
///
/// # Errors
/// Every problem of it, each with the path of its field.
pub fn member(message: v1::MemberSnapshot, chain: &str) -> Result<KnownMember, Problems> {
    let mut problems = Problems::default();
    super::check_chain(&message.chain, chain, &mut problems);
    let known = snapshot(message, "", &mut problems);
    problems.or(known)
}

fn snapshot(message: v1::MemberSnapshot, at: &str, problems: &mut Problems) -> Option<KnownMember> {
    let version = within(message.version, (0, i64::MAX), format_args!("{at}version"), problems);
    check(&message.tier, format_args!("{at}tier"), problems);
    let points = within(message.points, (0, limits::POINTS_MAX), format_args!("{at}points"), problems);
    let coupons = coupons(message.coupons, at, problems);
    if check_count(
        message.segments.len(),
        limits::MEMBER_SEGMENTS_MAX,
        format_args!("{at}segments"),
        problems,
    ) {
        for (index, segment) in message.segments.iter().enumerate() {
            check_required(segment, format_args!("{at}segments[{index}]"), problems);
        }
    }
    let birthday = message.birthday.and_then(|birthday| {
        let day = i8::try_from(birthday.month)
            .ok()
            .zip(i8::try_from(birthday.day).ok())
            .and_then(|(month, day)| MonthDay::new(month, day));
        if day.is_none() {
            problems.add(format_args!("{at}birthday"), Fault::NoSuchDay);
        }
        day
    });
    let enrolled_on = message.enrolled.and_then(|date| day(date, at, problems));
    let counters_known = message.counters_known || !message.counters.is_empty();
    let counters = counters(message.counters, at, problems);
    let cards = cards(message.cards, at, problems);
    let id = required(message.id, format_args!("{at}id"), problems);
    let member = Member {
        id: id?,
        tier: (!message.tier.is_empty()).then_some(message.tier),
        points: points?,
        coupons,
        segments: message.segments,
        birthday,
        first_purchase: message.first_purchase,
        enrolled_on,
        counters: counters_known.then_some(counters),
        version: version?.unsigned_abs(),
    };
    Some(KnownMember { member, cards })
}

fn day(date: v1::Date, at: &str, problems: &mut Problems) -> Option<Date> {
    let parts = i16::try_from(date.year).ok().filter(|year| *year > 0).zip(i8::try_from(date.month).ok());
    let day = parts
        .zip(i8::try_from(date.day).ok())
        .and_then(|((year, month), day)| Date::new(year, month, day).ok());
    if day.is_none() {
        problems.add(format_args!("{at}enrolled"), Fault::NoSuchDay);
    }
    day
}

fn coupons(messages: Vec<v1::OwnedCoupon>, at: &str, problems: &mut Problems) -> Vec<OwnedCoupon> {
    let field = format_args!("{at}coupons");
    if !check_count(messages.len(), limits::MEMBER_COUPONS_MAX, field, problems) {
        return Vec::new();
    }
    check_unique(messages.iter().map(|message| message.id.as_str()), problems, |problems, index, fault| {
        problems.add(format_args!("{at}coupons[{index}].id"), fault);
    });
    let mut coupons = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        check_required(&message.id, format_args!("{at}coupons[{index}].id"), problems);
        check_required(&message.campaign, format_args!("{at}coupons[{index}].campaign"), problems);
        let field = format_args!("{at}coupons[{index}].expires_unix_ms");
        let expires = within(message.expires_unix_ms, (0, UNIX_MS_MAX), field, problems);
        let expires_unix_ms = expires.filter(|expires| *expires > 0);
        coupons.push(OwnedCoupon { id: message.id, campaign: message.campaign, expires_unix_ms });
    }
    coupons
}

fn counters(messages: Vec<v1::MemberCounter>, at: &str, problems: &mut Problems) -> Vec<Counter> {
    let field = format_args!("{at}counters");
    if !check_count(messages.len(), limits::MEMBER_COUNTERS_MAX, field, problems) {
        return Vec::new();
    }
    check_unique(
        messages.iter().map(|message| message.offer.as_str()),
        problems,
        |problems, index, fault| {
            problems.add(format_args!("{at}counters[{index}].offer"), fault);
        },
    );
    let mut counters = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        check_required(&message.offer, format_args!("{at}counters[{index}].offer"), problems);
        let field = format_args!("{at}counters[{index}].used");
        let used = within(message.used, (0, i64::from(u32::MAX)), field, problems);
        let used = used.and_then(|used| u32::try_from(used).ok()).unwrap_or(0);
        counters.push(Counter { offer: message.offer, used });
    }
    counters
}

fn cards(messages: Vec<String>, at: &str, problems: &mut Problems) -> Vec<MemberId> {
    let field = format_args!("{at}cards");
    if !check_count(messages.len(), MEMBER_CARDS_MAX, field, problems) {
        return Vec::new();
    }
    let mut cards = Vec::with_capacity(messages.len());
    for (index, card) in messages.into_iter().enumerate() {
        cards.extend(required::<MemberId>(card, format_args!("{at}cards[{index}]"), problems));
    }
    cards
}
