//! Members, their points and their statements as messages.

use suanpan_domain::Member;
use suanpan_ledger::head::{CouponId, Head, NEVER_MS, OfferKey, Status};
use suanpan_ledger::progress::{Progress, Standing, What};
use suanpan_ledger::{Entry, EntryKey, Movement, MovementKind, Policy, Role, State};

use crate::hex::hex;
use crate::{encode, member_v1, v1};

/// A member with everything that belongs to the account. `snapshot` is what pricing uses of it.
#[must_use]
pub fn account(
    chain: &str,
    head: &Head,
    policy: &Policy,
    progress: &Progress,
    snapshot: &Member,
) -> member_v1::Member {
    let (status, survivor_id) = match &head.status {
        Status::Active => (member_v1::MemberStatus::Active, String::new()),
        Status::Blocked => (member_v1::MemberStatus::Blocked, String::new()),
        Status::Closed { survivor } => {
            (member_v1::MemberStatus::Closed, survivor.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        Status::Absent | Status::Guest => (member_v1::MemberStatus::Unspecified, String::new()),
    };
    member_v1::Member {
        chain: chain.to_owned(),
        id: snapshot.id.to_string(),
        status: status.into(),
        version: head.version.cast_signed(),
        survivor_id,
        points: Some(points(head, progress)),
        tier: Some(tier(progress)),
        coupons: head
            .coupons
            .iter()
            .map(|coupon| member_v1::Coupon {
                id: coupon_id(coupon.id),
                campaign: offer(policy, coupon.campaign),
                expires_unix_ms: expiry(coupon.expires_ms),
                held: coupon.held,
            })
            .collect(),
        enrolled_unix_ms: head.enrolled_ms,
        birthday: head
            .birthday
            .map(|day| v1::Birthday { month: i32::from(day.month()), day: i32::from(day.day()) }),
        entries_pending: i32::try_from(head.pending.len()).unwrap_or(i32::MAX),
        entries_parked: i32::try_from(head.parked).unwrap_or(i32::MAX),
        snapshot: Some(encode::member(chain, snapshot)),
    }
}

fn points(head: &Head, progress: &Progress) -> member_v1::Points {
    member_v1::Points {
        spendable: progress.points,
        held: progress.points_held,
        delayed: progress.points_delayed,
        debt: progress.points_debt,
        lots: head
            .lots
            .iter()
            .map(|lot| member_v1::PointsLot {
                points: lot.points,
                held: lot.held,
                expires_unix_ms: expiry(lot.expires_ms),
                released_unix_ms: 0,
            })
            .collect(),
        delayed_lots: head
            .delayed
            .iter()
            .map(|delayed| member_v1::PointsLot {
                points: delayed.points,
                held: 0,
                expires_unix_ms: expiry(delayed.expires_ms),
                released_unix_ms: delayed.release_ms,
            })
            .collect(),
    }
}

fn tier(progress: &Progress) -> member_v1::Tier {
    let next = progress.next.as_ref();
    let mut missing = Vec::new();
    if let Some(next) = next {
        missing_steps(&next.standing, &mut missing);
    }
    member_v1::Tier {
        id: progress.tier.clone(),
        since_unix_ms: progress.since_ms,
        until_unix_ms: progress.until_ms.map_or(0, expiry),
        next_id: next.map(|next| next.tier.clone()).unwrap_or_default(),
        missing,
        evaluated_unix_ms: progress.evaluated_ms.map_or(0, expiry),
        becomes_id: progress.becomes.clone().unwrap_or_default(),
        needed: next.map(|next| step(&next.standing)),
    }
}

/// The measures that are not reached. One of several ways that is reached leaves the others out.
fn missing_steps(standing: &Standing, into: &mut Vec<member_v1::TierStep>) {
    match standing {
        _ if standing.is_reached() => {}
        Standing::AnyOf(parts) | Standing::AllOf(parts) => {
            parts.iter().for_each(|part| missing_steps(part, into));
        }
        Standing::Measure { .. } => into.push(step(standing)),
    }
}

fn step(standing: &Standing) -> member_v1::TierStep {
    let steps = |parts: &[Standing]| parts.iter().map(step).collect();
    match standing {
        Standing::AnyOf(parts) => member_v1::TierStep { any_of: steps(parts), ..Default::default() },
        Standing::AllOf(parts) => member_v1::TierStep { all_of: steps(parts), ..Default::default() },
        Standing::Measure { what, have, need, .. } => {
            let measure = match what {
                What::Spend => member_v1::TierMeasure::Spend,
                What::Purchases => member_v1::TierMeasure::Purchases,
                What::Activity => member_v1::TierMeasure::Activity,
            };
            member_v1::TierStep { measure: measure.into(), have: *have, need: *need, ..Default::default() }
        }
    }
}

/// A row of a statement.
#[must_use]
pub fn entry(policy: &Policy, entry: &Entry) -> member_v1::Entry {
    member_v1::Entry {
        key: key(entry.key),
        state: match entry.state {
            State::Reserved => "reserved",
            State::Confirmed => "confirmed",
            State::Cancelled => "cancelled",
            State::Fenced => "fenced",
            State::Parked => "parked",
            State::Done => "",
        }
        .to_owned(),
        version: entry.version.cast_signed(),
        written_unix_ms: entry.written_ms,
        actor: Some(member_v1::Actor {
            id: entry.actor.id.clone(),
            role: role(entry.actor.role).into(),
            channel: entry.actor.channel.clone(),
            reason: entry.actor.reason.clone(),
        }),
        movements: entry.movements.iter().map(|row| movement(policy, row)).collect(),
    }
}

/// A row's key as people read it.
#[must_use]
pub fn key(key: EntryKey) -> String {
    match key {
        EntryKey::Checkout(checkout) => format!("checkout:{checkout}"),
        EntryKey::Return(checkout, back) => format!("return:{checkout}:{back}"),
        EntryKey::Request(id) => format!("request:{}", suanpan_domain::ReturnId::from_bytes(id)),
        EntryKey::Effect(id) => format!("effect:{}", hex(&id)),
        EntryKey::Time(version) => format!("time:{version}"),
    }
}

fn movement(policy: &Policy, movement: &Movement) -> member_v1::Movement {
    use member_v1::MovementKind as Sent;
    let kind = match movement.kind {
        MovementKind::Earned => Sent::Earned,
        MovementKind::Restored => Sent::Restored,
        MovementKind::Adjusted => Sent::Adjusted,
        MovementKind::TransferredIn => Sent::TransferredIn,
        MovementKind::Spent => Sent::Spent,
        MovementKind::Expired => Sent::Expired,
        MovementKind::TakenBack => Sent::TakenBack,
        MovementKind::TransferredOut => Sent::TransferredOut,
        MovementKind::Released => Sent::Released,
        MovementKind::Moved => Sent::Moved,
        MovementKind::Held => Sent::Held,
        MovementKind::Freed => Sent::Freed,
        MovementKind::CouponGranted => Sent::CouponGranted,
        MovementKind::CouponUsed => Sent::CouponUsed,
        MovementKind::CouponReturned => Sent::CouponReturned,
        MovementKind::CouponRevoked => Sent::CouponRevoked,
        MovementKind::CouponExpired => Sent::CouponExpired,
        MovementKind::TierUp => Sent::TierUp,
        MovementKind::TierDown => Sent::TierDown,
    };
    let of_points = matches!(
        movement.kind,
        MovementKind::Earned
            | MovementKind::Restored
            | MovementKind::Adjusted
            | MovementKind::TransferredIn
            | MovementKind::Spent
            | MovementKind::TakenBack
            | MovementKind::TransferredOut
            | MovementKind::Moved
    );
    member_v1::Movement {
        version: movement.version.cast_signed(),
        at_unix_ms: movement.at_ms,
        kind: kind.into(),
        points: movement.points,
        expires_unix_ms: expiry(movement.expires_ms),
        coupon_id: movement.coupon.map(|coupon| coupon_id(coupon.id)).unwrap_or_default(),
        campaign: movement.coupon.map(|coupon| offer(policy, coupon.campaign)).unwrap_or_default(),
        debt: of_points && movement.expires_ms == 0,
    }
}

const fn role(role: Role) -> member_v1::Role {
    match role {
        Role::Till => member_v1::Role::Till,
        Role::Online => member_v1::Role::Online,
        Role::ServiceDesk => member_v1::Role::ServiceDesk,
        Role::Marketing => member_v1::Role::Marketing,
        Role::Finance => member_v1::Role::Finance,
        Role::Operator => member_v1::Role::Operator,
        Role::Worker => member_v1::Role::Worker,
    }
}

fn coupon_id(id: CouponId) -> String {
    hex(&id.0)
}

fn offer(policy: &Policy, key: OfferKey) -> String {
    policy.offer(key).map(|offer| offer.id.clone()).unwrap_or_default()
}

/// An instant that is never comes as 0.
const fn expiry(at_ms: i64) -> i64 {
    if at_ms >= NEVER_MS { 0 } else { at_ms }
}

#[cfg(test)]
mod tests {
    use suanpan_ledger::policy::Window;

    use super::*;

    #[test]
    fn ways_stay_ways_and_what_is_reached_is_not_missing() {
        let measure = |what, have, need| Standing::Measure { what, have, need, window: Window::Months(12) };
        let (spend, often, active) =
            (measure(What::Spend, 50, 100), measure(What::Purchases, 9, 5), measure(What::Activity, 1, 2));
        let all = Standing::AllOf(vec![often, active]);
        let needed = step(&Standing::AnyOf(vec![spend, all.clone()]));
        let ways: Vec<_> = needed.any_of.iter().map(|way| (way.have, way.need, way.all_of.len())).collect();
        assert_eq!(ways, [(50, 100, 0), (0, 0, 2)]);
        let mut missing = Vec::new();
        missing_steps(&Standing::AnyOf(vec![measure(What::Spend, 50, 100), all]), &mut missing);
        let missing: Vec<_> = missing.iter().map(|step| (step.measure(), step.have, step.need)).collect();
        assert_eq!(
            missing,
            [(member_v1::TierMeasure::Spend, 50, 100), (member_v1::TierMeasure::Activity, 1, 2)]
        );
    }
}
