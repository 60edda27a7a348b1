//! Buyers and counters that fit a program.

use jiff::ToSpan;
use suanpan_domain::{Counter, Member, MemberId, MonthDay, OfferUsage, OwnedCoupon, Usage};
use suanpan_program::model::{CodeKind, Program};

use super::market::Market;
use super::offer::TIERS;
use super::{Profile, Random};

pub(super) fn member(random: &mut Random, market: &Market, program: &Program) -> Option<Member> {
    let guest = if market.profile == Profile::Money { 8 } else { 25 };
    if random.chance(guest) {
        return None;
    }
    let today = market.time.wall_clock().map(|clock| clock.date);
    let near = |random: &mut Random, days: &[i64]| {
        today.and_then(|today| today.checked_add(random.pick(days).days()).ok())
    };
    let born = near(random, &[0, 0, 0, 1, 3, -3, 4, -4, 20, 200]);
    let birthday = born.and_then(|born| {
        // Who is born on 29 February keeps the 28th in common years.
        if born.month() == 2 && born.day() == 28 && random.chance(50) {
            MonthDay::new(2, 29)
        } else {
            MonthDay::new(born.month(), born.day())
        }
    });
    let mut coupons = Vec::new();
    for offer in &program.offers {
        let owned = offer.coupon.as_ref().is_some_and(|coupon| coupon.codes == CodeKind::Owned);
        if owned && random.chance(80) {
            for number in 1..=random.between(1, 3) {
                let expires = market.time.unix_ms + random.pick(&[-1, 0, 1, 86_400_000, 172_800_000]);
                coupons.push(OwnedCoupon {
                    id: format!("own-{}-{number}", offer.id),
                    campaign: offer.id.clone(),
                    expires_unix_ms: random.maybe(70, |_| expires),
                });
            }
        }
    }
    random.shuffle(&mut coupons);
    let counters = program
        .offers
        .iter()
        .filter(|offer| offer.limits.per_member.is_some())
        .filter_map(|offer| {
            let used = random.pick(&[0, 0, 1, 2]);
            random.chance(75).then(|| Counter { offer: offer.id.clone(), used })
        })
        .collect();
    Some(Member {
        id: MemberId::new(format!("m-{}", random.below(50))).expect("a sound id"),
        tier: random.maybe(80, |random| random.pick(&TIERS).to_owned()),
        points: random.pick(&[0, 5, 10, 99, 100, 250, 5_000]),
        coupons,
        segments: ["young", "family"]
            .iter()
            .filter(|_| random.chance(60))
            .map(|segment| (*segment).to_owned())
            .collect(),
        birthday: birthday.filter(|_| random.chance(90)),
        first_purchase: random.pick(&[None, Some(true), Some(true), Some(false)]),
        enrolled_on: near(random, &[0, -7, -8, -30, -31, -400]).filter(|_| random.chance(90)),
        counters: random.maybe(90, |_| counters),
        version: random.below(1_000),
    })
}

pub(super) fn usage(random: &mut Random, program: &Program) -> Option<Usage> {
    if random.chance(30) {
        return None;
    }
    let mut offers: Vec<OfferUsage> = program
        .offers
        .iter()
        .filter(|offer| offer.limits.in_total.is_some() || offer.limits.budget.is_some())
        .filter_map(|offer| {
            let used = random.pick(&[0, 1, 99, 100]);
            let budget = offer.limits.budget.map_or(0, |budget| budget.minor());
            let given_minor = random.pick(&[0, budget / 2, (budget - 1).max(0), budget]);
            random.chance(85).then(|| OfferUsage { offer: offer.id.clone(), used, given_minor })
        })
        .collect();
    random.shuffle(&mut offers);
    Some(Usage { offers })
}
