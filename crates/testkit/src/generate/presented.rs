//! What the buyer brings beside the goods: codes, papers, chosen gifts, points, and what the cashier grants.

use suanpan_domain::{
    Basket, GiftChoice, LineKind, ManualDiscount, ManualTarget, ManualValue, Member, MemberId, Money,
    PaperCoupon, PointsConflict, PointsRequest, PointsWanted, Rate, Sku,
};
use suanpan_program::model::{CodeKind, Effect, Program};

use super::market::Market;
use super::{Profile, Random, offer, program};

pub(super) fn complete(
    random: &mut Random,
    market: &Market,
    program: &Program,
    member: Option<&Member>,
    basket: &mut Basket,
) {
    codes(random, program, member, basket);
    gift_choices(random, market, program, basket);
    let often = if market.profile == Profile::Everything { 25 } else { 8 };
    for number in 1..=2 {
        if random.chance(often) {
            manual(random, basket, number);
        }
    }
    let often = if market.profile == Profile::Money { 80 } else { 25 };
    if random.chance(often) {
        basket.points = PointsRequest {
            wanted: random.pick(&[
                PointsWanted::Max,
                PointsWanted::Max,
                PointsWanted::Exact(7),
                PointsWanted::Exact(100),
            ]),
            conflict: random.pick(&[
                None,
                None,
                Some(PointsConflict::PreferPoints),
                Some(PointsConflict::PreferOffers),
                Some(PointsConflict::LowestDue),
            ]),
        };
    }
    if member.is_none() && random.chance(10) {
        basket.unknown_member = MemberId::new("m-unknown").ok();
    }
}

fn codes(random: &mut Random, program: &Program, member: Option<&Member>, basket: &mut Basket) {
    let hints = program::hints(basket);
    for offer in &program.offers {
        let Some(coupon) = &offer.coupon else { continue };
        if !random.chance(85) {
            continue;
        }
        match &coupon.codes {
            CodeKind::Generic(codes) if offer::presented(&offer.effect) => {
                for _ in 0..random.between(1, 3) {
                    let hint = random.pick(&hints);
                    basket.paper_coupons.push(PaperCoupon {
                        code: codes[0].clone(),
                        line: random.pick(&basket.lines).id,
                        value: Money::from_minor(random.pick(&[1, 10, 50, hint])),
                    });
                }
            }
            CodeKind::Generic(codes) => {
                for _ in 0..random.pick(&[1, 1, 2, 3]) {
                    basket.codes.push(random.pick(codes));
                }
            }
            CodeKind::Unique { prefix, length } => {
                for _ in 0..random.pick(&[1, 1, 2]) {
                    let rest = length - prefix.len();
                    let digit = char::from(b'1' + random.below(2) as u8);
                    basket.codes.push(format!("{prefix}{}", digit.to_string().repeat(rest)));
                }
            }
            CodeKind::Owned => {}
        }
    }
    for coupon in member.map_or(&[][..], |member| &member.coupons) {
        if random.chance(80) {
            basket.codes.push(coupon.id.clone());
        }
    }
    if random.chance(10) {
        basket.codes.push("nobody-knows".to_owned());
    }
    random.shuffle(&mut basket.codes);
    random.shuffle(&mut basket.paper_coupons);
}

fn gift_choices(random: &mut Random, market: &Market, program: &Program, basket: &mut Basket) {
    for offer in &program.offers {
        if let Effect::Gift { of, choose, .. } = &offer.effect
            && random.chance(80)
        {
            let skus = (0..random.between(1, i64::from(*choose) + 1))
                .map(|_| if random.chance(90) { random.pick(of) } else { random.pick(&market.skus()) })
                .filter_map(|sku| Sku::new(sku).ok())
                .collect();
            basket.gift_choices.push(GiftChoice { offer: offer.id.clone(), skus });
        }
    }
}

fn manual(random: &mut Random, basket: &mut Basket, number: u32) {
    let hints = program::hints(basket);
    let goods: Vec<_> = basket
        .lines
        .iter()
        .filter(|line| line.quantity.milli() > 0)
        .filter(|line| matches!(line.kind, LineKind::Goods | LineKind::Service))
        .map(|line| line.id.clone())
        .collect();
    let hint = random.pick(&hints);
    let target = if goods.is_empty() || random.chance(40) {
        ManualTarget::Basket
    } else {
        ManualTarget::Line(random.pick(&goods))
    };
    basket.manual_discounts.push(ManualDiscount {
        id: format!("manual-{number}"),
        reason: "damaged".to_owned(),
        authority: "manager".to_owned(),
        target,
        value: if random.chance(50) {
            ManualValue::Percent(Rate::from_percent(random.pick(&[10, 33, 100])))
        } else {
            ManualValue::Amount(Money::from_minor(random.pick(&[1, 10, hint])))
        },
    });
}
