//! References between offers, checked when all offers are known.

use std::collections::HashMap;

use super::names::{Unique, unknown};
use crate::code;
use crate::diagnostics::quoted;
use crate::file::GiftToMemberFile;
use crate::model::{CodeKind, Effect, Offer};
use crate::read::Context;
use crate::yaml::Spot;

/// Where each offer stands, in the order of offers.
pub(super) type Sites = Vec<Spot>;

/// The place of a key below an offer, or of the offer itself.
pub(super) fn below(site: Spot, keys: &[&str], context: &Context) -> Spot {
    let Some(mut node) = context.node(site) else { return site };
    for key in keys {
        match node.get(key) {
            Some(next) => node = next,
            None => break,
        }
    }
    node.spot()
}

/// Lets a match that names no priority execute after what it matches, where ids would put it before.
pub(super) fn order_matches(offers: &mut [Offer], sites: &Sites, context: &Context) {
    let mut later: Vec<(usize, i32)> = Vec::new();
    if offers.iter().all(|offer| !matches!(offer.effect, Effect::Match { .. })) {
        return;
    }
    let by_id: HashMap<&str, &Offer> = offers.iter().map(|offer| (offer.id.as_str(), offer)).collect();
    for (index, (offer, site)) in offers.iter().zip(sites).enumerate() {
        let Effect::Match { offer: other, .. } = &offer.effect else { continue };
        let says_priority = context.node(*site).is_some_and(|node| node.get("priority").is_some());
        if let Some(other) = by_id.get(other.as_str())
            && !says_priority
            && other.layer == offer.layer
            && other.priority <= offer.priority
        {
            later.push((index, other.priority - 1));
        }
    }
    for (index, priority) in later {
        offers[index].priority = priority;
    }
}

/// Checks matches and issued coupons.
pub(super) fn check(offers: &[Offer], sites: &Sites, ids: &Unique, context: &Context) {
    let refers = |offer: &&Offer| matches!(offer.effect, Effect::Match { .. } | Effect::IssueCoupon { .. });
    if offers.iter().find(refers).is_none() {
        return;
    }
    let by_id: HashMap<&str, usize> =
        offers.iter().enumerate().map(|(index, offer)| (offer.id.as_str(), index)).collect();
    for (index, (offer, site)) in offers.iter().zip(sites).enumerate() {
        match &offer.effect {
            Effect::Match { offer: other, .. } => {
                let spot = below(*site, &["effect", "match", "offer"], context);
                match by_id.get(other.as_str()) {
                    Some(other) => check_match(index, *other, offers, &by_id, spot, context),
                    // One that is broken itself has been told of, and exists.
                    None if ids.get(other).is_some() => {}
                    None => unknown("offer", code::UNKNOWN_OFFER, other, spot, ids.ids(), context),
                }
            }
            Effect::IssueCoupon { campaign, .. } => {
                let spot = below(*site, &["effect", "issue_coupon", "campaign"], context);
                check_campaign(campaign, offers, &by_id, ids, spot, context);
            }
            _ => {}
        }
    }
}

/// Checks the campaigns of coupons that are given to members.
pub(super) fn check_rewards<'r>(
    rewards: impl Iterator<Item = &'r GiftToMemberFile>,
    offers: &[Offer],
    ids: &Unique,
    context: &Context,
) {
    let mut by_id: Option<HashMap<&str, usize>> = None;
    for coupons in rewards.filter_map(|reward| reward.coupons.as_ref()) {
        let by_id = by_id.get_or_insert_with(|| {
            offers.iter().enumerate().map(|(index, offer)| (offer.id.as_str(), index)).collect()
        });
        for campaign in coupons.each(context) {
            check_campaign(&campaign.value.0, offers, by_id, ids, campaign.spot, context);
        }
    }
}

fn check_match(
    index: usize,
    other: usize,
    offers: &[Offer],
    by_id: &HashMap<&str, usize>,
    spot: Spot,
    context: &Context,
) {
    let (offer, matched) = (&offers[index], &offers[other]);
    // Follows the matches from here; a circle comes back, and none is longer than the offers are many.
    let mut at = other;
    for _ in 0..offers.len() {
        if at == index {
            context.error_hint(
                code::MATCH,
                spot,
                format!("{} matches itself in the end", quoted(&offer.id)),
                "match an offer that gives something by itself",
            );
            return;
        }
        match &offers[at].effect {
            Effect::Match { offer: next, .. } => match by_id.get(next.as_str()) {
                Some(next) => at = *next,
                None => return,
            },
            _ => break,
        }
    }
    let gives_money = !matches!(
        matched.effect,
        Effect::PointsFixed(_)
            | Effect::PointsTimes(_)
            | Effect::IssueCoupon { .. }
            | Effect::Entitlement(_)
            | Effect::Gift { .. }
    );
    if !gives_money {
        context.error_hint(
            code::MATCH,
            spot,
            format!("{} gives no amount that could be matched", quoted(&matched.id)),
            "match an offer that takes an amount off",
        );
    } else if (offer.layer, -i64::from(offer.priority), &offer.id)
        < (matched.layer, -i64::from(matched.priority), &matched.id)
    {
        context.warning(
            code::NEVER_APPLIES,
            spot,
            format!("{} executes before {}, which it matches", quoted(&offer.id), quoted(&matched.id)),
            "give it a later layer, or a lower priority",
        );
    }
}

fn check_campaign(
    campaign: &str,
    offers: &[Offer],
    by_id: &HashMap<&str, usize>,
    ids: &Unique,
    spot: Spot,
    context: &Context,
) {
    match by_id.get(campaign).map(|index| &offers[*index]) {
        Some(Offer { coupon: Some(terms), .. }) => {
            if matches!(terms.codes, CodeKind::Generic(_)) {
                context.warning(
                    code::NO_EFFECT,
                    spot,
                    format!(
                        "the codes of {} are for everybody, so that a member gets nothing new",
                        quoted(campaign)
                    ),
                    "issue a coupon with `codes: owned`, or with unique codes",
                );
            }
        }
        None if ids.get(campaign).is_some() => {}
        found => {
            let coupons = offers.iter().filter(|offer| offer.coupon.is_some()).map(|offer| offer.id.as_str());
            unknown("coupon campaign", code::UNKNOWN_CAMPAIGN, campaign, spot, coupons, context);
            debug_assert!(found.is_none_or(|offer| offer.coupon.is_none()));
        }
    }
}
