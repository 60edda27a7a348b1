//! What a basket brings beside the price: gifts, entitlements, coupons to come.

use suanpan_domain::quote::{Entitlement, Gift, IssuedCoupon};
use suanpan_domain::{Member, Money, OfferRef, Quantity, Quote, Rounding, UnitPrice};
use suanpan_program::model::Effect;

use crate::ground::Ground;
use crate::record::Record;
use crate::state::State;

/// Fills gifts, entitlements and issued coupons.
pub(super) fn fill(
    ground: &Ground<'_>,
    member: Option<&Member>,
    state: &State,
    record: &Record,
    quote: &mut Quote,
) {
    quote.gifts.clear();
    for &(candidate, given) in record.gifts.iter().filter(|(_, given)| !given.from_basket) {
        let offer = ground.candidates[candidate as usize].source;
        let number = 1 + quote.gifts.iter().filter(|gift| gift.offer == offer).count() as u32;
        let list_value = list_value(ground, candidate as usize, given.choice, given.units);
        quote.gifts.push(Gift { offer, number, choice: given.choice, units: given.units, list_value });
    }

    quote.entitlements.clear();
    quote.issued_coupons.clear();
    let program = &ground.compiled.program;
    let tier = member.and_then(|member| match &member.tier {
        Some(id) => program.tiers.iter().find(|tier| tier.id == *id),
        None => program.tiers.first(),
    });
    let granted = 0..tier.map_or(0, |tier| tier.entitlements.len()) as u32;
    quote.entitlements.extend(granted.map(|index| Entitlement { offer: None, index }));
    for candidate in 0..ground.candidates.len() {
        if ground.candidates[candidate].lowers || state.times[candidate] == 0 {
            continue;
        }
        let Some(offer) = ground.offer(candidate) else { continue };
        let source = ground.candidates[candidate].source;
        match (&offer.effect, offer.issues) {
            (Effect::Entitlement(_), _) => {
                quote.entitlements.push(Entitlement { offer: Some(source), index: 0 });
            }
            (&Effect::IssueCoupon { count, .. }, Some(campaign)) => {
                let campaign = OfferRef::Program(campaign);
                quote.issued_coupons.push(IssuedCoupon { offer: source, campaign, count });
            }
            _ => {}
        }
    }
}

/// What a gift would cost, where the basket holds one of its kind.
fn list_value(ground: &Ground<'_>, candidate: usize, choice: u32, units: i64) -> Money {
    let Some(Effect::Gift { of, .. }) = ground.offer(candidate).map(|offer| &offer.effect) else {
        return Money::ZERO;
    };
    let Some(sku) = of.get(choice as usize) else { return Money::ZERO };
    let bought = ground.lines.iter().find(|facts| {
        facts.requested_micro >= 0 && ground.basket.lines[facts.first as usize].sku.as_str() == sku
    });
    bought.map_or(Money::ZERO, |facts| {
        UnitPrice::from_micro(facts.requested_micro).times(Quantity::from_units(units), Rounding::HalfUp)
    })
}
