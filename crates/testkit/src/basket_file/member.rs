//! Who buys, and what is known of the chain's counters.

use suanpan_domain::{Counter, Member, MemberId, MonthDay, OfferUsage, OwnedCoupon, Usage};

use super::{Reading, request};
use crate::cases::fields::Fields;
use crate::cases::node::Node;

const KEYS: &[&str] = &[
    "id",
    "tier",
    "points",
    "coupons",
    "segments",
    "birthday",
    "first_purchase",
    "enrolled",
    "counters",
    "version",
];

/// A member of whom everything is known unless the file says `unknown`.
pub(super) fn member(node: &Node, reading: &mut Reading<'_>) -> Option<Member> {
    let fields = Fields::of(node, KEYS, &mut reading.problems)?;
    let id = fields.get("id").and_then(Node::text).unwrap_or("member-1");
    let id = reading.checked(node.line, MemberId::new(id))?;
    let coupons = fields.get("coupons").map(Node::items).unwrap_or_default();
    let coupons = coupons.iter().filter_map(|node| coupon(node, reading)).collect();
    let number = |key, reading: &mut Reading<'_>| {
        fields.parsed(key, "a number", &mut reading.problems, |text| text.parse::<i64>().ok())
    };
    Some(Member {
        id,
        tier: fields.get("tier").and_then(Node::text).map(str::to_owned),
        points: number("points", reading).unwrap_or_default(),
        coupons,
        segments: fields.texts("segments", &mut reading.problems),
        birthday: fields.parsed("birthday", "a day such as 02-29", &mut reading.problems, |text| {
            let (month, day) = text.split_once('-')?;
            MonthDay::new(month.parse().ok()?, day.parse().ok()?)
        }),
        first_purchase: match fields.get("first_purchase").and_then(Node::text) {
            Some("unknown") => None,
            _ => Some(fields.flag("first_purchase", &mut reading.problems)),
        },
        enrolled_on: fields.parsed("enrolled", "a date", &mut reading.problems, |text| text.parse().ok()),
        counters: match fields.get("counters") {
            Some(node) if node.text() == Some("unknown") => None,
            Some(node) => Some(counters(node, reading)),
            None => Some(Vec::new()),
        },
        version: number("version", reading).and_then(|number| u64::try_from(number).ok()).unwrap_or_default(),
    })
}

fn coupon(node: &Node, reading: &mut Reading<'_>) -> Option<OwnedCoupon> {
    let fields = Fields::of(node, &["id", "campaign", "expires"], &mut reading.problems)?;
    Some(OwnedCoupon {
        id: fields.text("id", &mut reading.problems)?,
        campaign: fields.text("campaign", &mut reading.problems)?,
        expires_unix_ms: fields
            .parsed("expires", "a time such as 2026-11-18T10:00+08:00", &mut reading.problems, request::time)
            .map(|time| time.unix_ms),
    })
}

fn counters(node: &Node, reading: &mut Reading<'_>) -> Vec<Counter> {
    let mut counters = Vec::new();
    for entry in node.entries().unwrap_or_default() {
        let used = crate::cases::fields::parsed(&entry.node, "a number", &mut reading.problems, |text| {
            text.parse().ok()
        });
        counters.extend(used.map(|used| Counter { offer: entry.key.clone(), used }));
    }
    counters
}

/// Counters of the chain by offer.
pub(super) fn usage(node: &Node, reading: &mut Reading<'_>) -> Usage {
    let mut offers = Vec::new();
    for entry in node.entries().unwrap_or_default() {
        let Some(fields) = Fields::of(&entry.node, &["used", "given"], &mut reading.problems) else {
            continue;
        };
        let used = fields.parsed("used", "a number", &mut reading.problems, |text| text.parse().ok());
        let given = reading.money(fields, "given").unwrap_or_default();
        offers.push(OfferUsage {
            offer: entry.key.clone(),
            used: used.unwrap_or_default(),
            given_minor: given.minor(),
        });
    }
    Usage { offers }
}
