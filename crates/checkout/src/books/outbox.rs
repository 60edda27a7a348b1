//! What the world is told: events of a member, as JSON objects.

use suanpan_domain::MemberId;
use suanpan_ledger::head::{NEVER_MS, OfferKey, TierKey};
use suanpan_ledger::{Change, Emit, Policy};
use suanpan_store::{Derived, OutboxEvent};

use crate::sale::coupon_text;

/// The events of a change. They are named by the row and their place in it, so that one that is written again is the same.
pub(super) fn events(policy: &Policy, member: &MemberId, change: &Change) -> Vec<Derived> {
    change
        .emits
        .iter()
        .enumerate()
        .filter_map(|(place, emit)| {
            let (kind, body) = told(policy, emit)?;
            Some(Derived::Outbox(OutboxEvent {
                member: member.clone(),
                epoch: change.head.epoch,
                version: change.entry.version,
                index: u32::try_from(place).ok()?,
                at_ms: change.head.as_of_ms,
                kind: kind.to_owned(),
                body: body.to_string().into_bytes(),
            }))
        })
        .collect()
}

fn told(policy: &Policy, emit: &Emit) -> Option<(&'static str, serde_json::Value)> {
    use serde_json::json;
    let expires = |expires_ms: i64| (expires_ms < NEVER_MS).then_some(expires_ms);
    Some(match emit {
        // Carried by the worker to another member's account, or moved by the store.
        Emit::Effect { .. } | Emit::Archive { .. } => return None,
        Emit::TierChanged { from, to } => {
            ("tier_changed", json!({ "from": tier(policy, *from), "to": tier(policy, *to) }))
        }
        Emit::PointsExpiring { points, expires_ms } => {
            ("points_expiring", json!({ "points": points, "expires_unix_ms": expires_ms }))
        }
        Emit::PointsEarned { points } => ("points_earned", json!({ "points": points })),
        Emit::PointsExpired { points } => ("points_expired", json!({ "points": points })),
        Emit::CouponGranted { coupon, campaign, expires_ms } => (
            "coupon_granted",
            json!({
                "coupon_id": coupon_text(*coupon),
                "campaign": offer(policy, *campaign),
                "expires_unix_ms": expires(*expires_ms),
            }),
        ),
        Emit::Birthday { year } => ("birthday", json!({ "year": year })),
    })
}

/// A tier by its id; null when the program does not know it any more.
fn tier(policy: &Policy, key: TierKey) -> Option<&str> {
    policy.tiers.iter().find(|rule| rule.tier == key).map(|rule| rule.id.as_str())
}

fn offer(policy: &Policy, key: OfferKey) -> Option<&str> {
    policy.offer(key).map(|offer| offer.id.as_str())
}
