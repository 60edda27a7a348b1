//! The facts in a token: which ones, and their bytes.

use jiff::civil::Date;
use minicbor::{Decode, Encode};
use suanpan_domain::quote::Quote;
use suanpan_domain::{
    Basket, BusinessTime, Counter, Member, MemberId, MonthDay, OfferBook, OfferUsage, OwnedCoupon,
    PointsWanted, Usage,
};

use super::Promise;

/// Of a member's facts and the chain's counters those that a quote consulted: pricing the basket again from them gives
/// the same result. `segments` are those that the program asks for.
#[must_use]
pub fn consulted(
    basket: &Basket,
    quote: &Quote,
    offers: &OfferBook,
    segments: &dyn Fn(&str) -> bool,
    member: Option<&Member>,
    usage: Option<&Usage>,
) -> (Option<Member>, Option<Usage>) {
    // Every offer that was presented or could apply has a row; a counter of another one was never looked at.
    let looked_at =
        |id: &str| offers.find(id).is_some_and(|offer| quote.offers.iter().any(|row| row.offer == offer));
    let member = member.map(|member| Member {
        id: member.id.clone(),
        tier: member.tier.clone(),
        points: if basket.points.wanted == PointsWanted::None { 0 } else { member.points },
        coupons: member.coupons.iter().filter(|coupon| basket.codes.contains(&coupon.id)).cloned().collect(),
        segments: member.segments.iter().filter(|segment| segments(segment)).cloned().collect(),
        birthday: member.birthday,
        first_purchase: member.first_purchase,
        enrolled_on: member.enrolled_on,
        counters: member
            .counters
            .as_ref()
            .map(|counters| counters.iter().filter(|counter| looked_at(&counter.offer)).cloned().collect()),
        version: member.version,
    });
    let usage = usage.map(|usage| Usage {
        offers: usage.offers.iter().filter(|of| looked_at(&of.offer)).cloned().collect(),
    });
    (member, usage)
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Body {
    #[n(0)]
    chain: String,
    #[n(1)]
    program_version: String,
    #[n(2)]
    unix_ms: i64,
    #[n(3)]
    utc_offset_minutes: i32,
    #[n(4)]
    member: Option<MemberFacts>,
    #[n(5)]
    usage: Option<Vec<UsageFact>>,
    #[cbor(n(6), with = "minicbor::bytes")]
    basket_hash: [u8; 32],
    #[cbor(n(7), with = "minicbor::bytes")]
    result_hash: [u8; 32],
    #[n(8)]
    expires_ms: i64,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct MemberFacts {
    #[n(0)]
    id: String,
    #[n(1)]
    tier: Option<String>,
    #[n(2)]
    points: i64,
    #[n(3)]
    coupons: Vec<CouponFact>,
    #[n(4)]
    segments: Vec<String>,
    #[n(5)]
    birthday: Option<(i8, i8)>,
    #[n(6)]
    first_purchase: Option<bool>,
    #[n(7)]
    enrolled_on: Option<(i16, i8, i8)>,
    #[n(8)]
    counters: Option<Vec<CounterFact>>,
    #[n(9)]
    version: u64,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct CouponFact {
    #[n(0)]
    id: String,
    #[n(1)]
    campaign: String,
    #[n(2)]
    expires_unix_ms: Option<i64>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct CounterFact {
    #[n(0)]
    offer: String,
    #[n(1)]
    used: u32,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct UsageFact {
    #[n(0)]
    offer: String,
    #[n(1)]
    used: u64,
    #[n(2)]
    given_minor: i64,
}

pub(super) fn encode(promise: &Promise) -> Vec<u8> {
    let body = Body {
        chain: promise.chain.clone(),
        program_version: promise.program_version.clone(),
        unix_ms: promise.business_time.unix_ms,
        utc_offset_minutes: promise.business_time.utc_offset_minutes,
        member: promise.member.as_ref().map(member_facts),
        usage: promise.usage.as_ref().map(|usage| usage.offers.iter().map(usage_fact).collect()),
        basket_hash: promise.basket_hash,
        result_hash: promise.result_hash,
        expires_ms: promise.expires_ms,
    };
    // Writing into a vector cannot fail.
    minicbor::to_vec(&body).unwrap_or_default()
}

fn member_facts(member: &Member) -> MemberFacts {
    MemberFacts {
        id: member.id.to_string(),
        tier: member.tier.clone(),
        points: member.points,
        coupons: member
            .coupons
            .iter()
            .map(|coupon| CouponFact {
                id: coupon.id.clone(),
                campaign: coupon.campaign.clone(),
                expires_unix_ms: coupon.expires_unix_ms,
            })
            .collect(),
        segments: member.segments.clone(),
        birthday: member.birthday.map(|day| (day.month(), day.day())),
        first_purchase: member.first_purchase,
        enrolled_on: member.enrolled_on.map(|day| (day.year(), day.month(), day.day())),
        counters: member.counters.as_ref().map(|counters| {
            counters
                .iter()
                .map(|counter| CounterFact { offer: counter.offer.clone(), used: counter.used })
                .collect()
        }),
        version: member.version,
    }
}

fn usage_fact(of: &OfferUsage) -> UsageFact {
    UsageFact { offer: of.offer.clone(), used: of.used, given_minor: of.given_minor }
}

pub(super) fn decode(bytes: &[u8]) -> Option<Promise> {
    let body: Body = minicbor::decode(bytes).ok()?;
    let member = match body.member {
        Some(facts) => Some(member(facts)?),
        None => None,
    };
    let usage = body.usage.map(|facts| Usage {
        offers: facts
            .into_iter()
            .map(|of| OfferUsage { offer: of.offer, used: of.used, given_minor: of.given_minor })
            .collect(),
    });
    Some(Promise {
        chain: body.chain,
        program_version: body.program_version,
        business_time: BusinessTime { unix_ms: body.unix_ms, utc_offset_minutes: body.utc_offset_minutes },
        member,
        usage,
        basket_hash: body.basket_hash,
        result_hash: body.result_hash,
        expires_ms: body.expires_ms,
    })
}

fn member(facts: MemberFacts) -> Option<Member> {
    let birthday = match facts.birthday {
        Some((month, day)) => Some(MonthDay::new(month, day)?),
        None => None,
    };
    let enrolled_on = match facts.enrolled_on {
        Some((year, month, day)) => Some(Date::new(year, month, day).ok()?),
        None => None,
    };
    let coupon = |fact: CouponFact| OwnedCoupon {
        id: fact.id,
        campaign: fact.campaign,
        expires_unix_ms: fact.expires_unix_ms,
    };
    let counter = |fact: CounterFact| Counter { offer: fact.offer, used: fact.used };
    Some(Member {
        id: MemberId::new(facts.id).ok()?,
        tier: facts.tier,
        points: facts.points,
        coupons: facts.coupons.into_iter().map(coupon).collect(),
        segments: facts.segments,
        birthday,
        first_purchase: facts.first_purchase,
        enrolled_on,
        counters: facts.counters.map(|facts| facts.into_iter().map(counter).collect()),
        version: facts.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_as_they_went() {
        let member = Member {
            id: MemberId::new("m-1").unwrap(),
            tier: Some("gold".to_owned()),
            points: 1_200,
            coupons: vec![OwnedCoupon {
                id: "c".into(),
                campaign: "winback".into(),
                expires_unix_ms: Some(5),
            }],
            segments: vec!["new".to_owned()],
            birthday: MonthDay::new(2, 29),
            first_purchase: Some(false),
            enrolled_on: Some(Date::constant(2024, 2, 29)),
            counters: Some(vec![Counter { offer: "b".into(), used: 2 }]),
            version: 9,
        };
        let usage = Usage { offers: vec![OfferUsage { offer: "a".into(), used: 7, given_minor: 70 }] };
        let promise = Promise {
            chain: "sunrise".to_owned(),
            program_version: "v1".to_owned(),
            business_time: BusinessTime { unix_ms: 1, utc_offset_minutes: -300 },
            member: Some(member),
            usage: Some(usage),
            basket_hash: [1; 32],
            result_hash: [2; 32],
            expires_ms: 3,
        };
        assert_eq!(decode(&encode(&promise)), Some(promise));
        assert_eq!(decode(&[]), None);
        assert_eq!(decode(&[0xff; 64]), None);
    }
}
