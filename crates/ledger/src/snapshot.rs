//! What pricing needs to know of a member, taken from the head.

use suanpan_domain::{BusinessTime, Counter, Member, MemberId, OwnedCoupon};

use crate::calendar;
use crate::head::{Head, NEVER_MS};
use crate::points;
use crate::policy::Policy;
use crate::usage;

/// The member as pricing sees it at an instant: points that are neither lapsed, held nor delayed; coupons that no
/// reservation holds; limited offers with their uses, held ones included, in the period that a sale at the business
/// time falls into. Coupons and offers that the program does not know are left out.
///
/// ```
/// use suanpan_domain::{BusinessTime, MemberId};
/// use suanpan_ledger::{Head, Policy, snapshot};
/// let policy = Policy::plain(jiff::tz::TimeZone::UTC);
/// let id = MemberId::new("m1")?;
/// let member = snapshot(&policy, &Head::absent(), &id, 0, BusinessTime::default());
/// assert_eq!((member.points, member.first_purchase), (0, Some(true)));
/// # Ok::<(), suanpan_domain::InvalidIdentifier>(())
/// ```
#[must_use]
pub fn snapshot(policy: &Policy, head: &Head, id: &MemberId, now_ms: i64, business: BusinessTime) -> Member {
    let now_ms = now_ms.max(head.as_of_ms);
    let coupons = head.coupons.iter().filter(|coupon| !coupon.held && coupon.expires_ms > now_ms);
    let zone = &policy.time_zone;
    Member {
        id: id.clone(),
        tier: policy
            .tiers
            .iter()
            .skip(1)
            .find(|rule| rule.tier == head.tier.tier)
            .map(|rule| rule.id.clone()),
        points: points::spendable(head, now_ms),
        coupons: coupons
            .filter_map(|coupon| {
                Some(OwnedCoupon {
                    id: coupon.id.to_string(),
                    campaign: policy.offer(coupon.campaign)?.id.clone(),
                    expires_unix_ms: Some(coupon.expires_ms).filter(|at_ms| *at_ms < NEVER_MS),
                })
            })
            .collect(),
        segments: Vec::new(),
        birthday: head.birthday,
        first_purchase: Some(
            head.first_purchase.is_none() && !head.holds.iter().any(|hold| hold.first_purchase),
        ),
        enrolled_on: head.has_account().then(|| calendar::date_at(zone, head.enrolled_ms)),
        counters: Some(counters(policy, head, business)),
        version: head.version,
    }
}

fn counters(policy: &Policy, head: &Head, business: BusinessTime) -> Vec<Counter> {
    let date = business
        .wall_clock()
        .map_or_else(|| calendar::date_at(&policy.time_zone, business.unix_ms), |clock| clock.date);
    let mut keys: Vec<_> = head
        .counters
        .iter()
        .chain(head.holds.iter().flat_map(|hold| &hold.uses))
        .map(|counter| counter.offer)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter_map(|key| {
            let offer = policy.offer(key)?;
            let (_, period) = offer.per_member?;
            let period = usage::period_of(period, date, head.birthday.filter(|_| offer.of_birthday));
            let used = usage::used(head, key, period, None);
            (used > 0).then(|| Counter { offer: offer.id.clone(), used })
        })
        .collect()
}
