//! The features of an offer.

use suanpan_domain::OfferKind;
use suanpan_program::model::{
    AmountAt, AmountPer, Birthday, BundlePrice, CodeKind, CountsAs, Effect, ExclusiveScope, GroupForm,
    GroupScope, OffAmount, Offer, PercentBasis, Pick, Program, RewardOver, RoundAt, Saving, Selector,
    ShippingEffect, UnitCount, UnitLimitPer, UnitReward,
};

/// Collects the names of what holds.
macro_rules! features {
    ($($name:literal => $holds:expr,)*) => {{
        let mut found: Vec<&'static str> = Vec::new();
        $(if $holds { found.push($name); })*
        found
    }};
}

/// All features of offers.
pub(super) const FEATURES: &[&str] = &[
    "kind: price list",
    "kind: tier",
    "kind: promotion",
    "kind: coupon",
    "effect: percent off",
    "effect: amount off per unit",
    "effect: amount off per line",
    "effect: amount off per basket",
    "effect: amount off presented",
    "effect: unit price",
    "effect: price list",
    "effect: set price",
    "effect: bundle for a price",
    "effect: bundle percent off",
    "effect: bundle amount off",
    "effect: nth unit",
    "effect: get",
    "effect: steps amount",
    "effect: steps percent",
    "effect: repeat",
    "effect: shipping free",
    "effect: shipping percent",
    "effect: shipping amount",
    "effect: shipping price",
    "effect: gift list",
    "effect: gift choice",
    "effect: gift per units",
    "effect: match",
    "effect: match together at most",
    "effect: points fixed",
    "effect: points times",
    "effect: issue coupon",
    "effect: entitlement",
    "form: dearest first",
    "form: cheapest first",
    "reward: nth of each",
    "reward: nth over all",
    "reward: all units",
    "reward: percent",
    "reward: amount",
    "reward: unit price",
    "get: units",
    "get: spend",
    "get: weight",
    "get: own target",
    "get: dearest",
    "bundle: three parts",
    "times",
    "units: per line",
    "units: per basket",
    "units: cheapest",
    "units: named pool",
    "selector: sku",
    "selector: category",
    "selector: brand",
    "selector: tag",
    "selector: kind",
    "selector: price",
    "selector: any of",
    "selector: all of",
    "selector: not",
    "selector: undiscounted",
    "own target",
    "threshold: spend",
    "threshold: units",
    "threshold: weight",
    "threshold: at list",
    "threshold: after layer",
    "threshold: tax basis",
    "cap",
    "floor: unit",
    "floor: line",
    "floor: sku",
    "worth",
    "round at: unit",
    "round at: line",
    "round at: offer",
    "basis: layer",
    "basis: list",
    "all or nothing",
    "guard: exempt",
    "tender",
    "min gain",
    "when: from",
    "when: until",
    "when: weekdays",
    "when: days of month",
    "when: months",
    "when: times",
    "when: over midnight",
    "who: members",
    "who: tiers",
    "who: segments",
    "who: birthday day",
    "who: birthday week",
    "who: birthday month",
    "who: first purchase",
    "who: new member",
    "who: hold out",
    "where: stores",
    "where: store groups",
    "where: channels",
    "where: payments",
    "limit: per basket",
    "limit: per member",
    "limit: in total",
    "limit: budget",
    "codes: generic",
    "codes: paper",
    "codes: unique",
    "codes: owned",
    "stacking: basket group",
    "stacking: line group",
    "stacking: exclusive basket",
    "stacking: exclusive line",
    "stacking: class",
    "leave out: allowed",
    "leave out: never",
];

fn mentions(selector: &Selector, wanted: fn(&Selector) -> bool) -> bool {
    wanted(selector)
        || match selector {
            Selector::AnyOf(parts) | Selector::AllOf(parts) => {
                parts.iter().any(|part| mentions(part, wanted))
            }
            Selector::Not(inner) => mentions(inner, wanted),
            _ => false,
        }
}

pub(super) fn features(program: &Program, offer: &Offer) -> Vec<&'static str> {
    let mut found = effect(&offer.effect);
    found.extend(what(offer));
    found.extend(terms(offer));
    found.extend(conditions(offer));
    found.extend(stacking(program, offer));
    found
}

fn effect(effect: &Effect) -> Vec<&'static str> {
    let form = match effect {
        Effect::SetPrice { form, .. } | Effect::NthUnit { form, .. } => Some(*form),
        _ => None,
    };
    let reward = match effect {
        Effect::NthUnit { off, .. } | Effect::BuyGet { off, .. } => Some(*off),
        _ => None,
    };
    let bundle = match effect {
        Effect::Bundle { price, .. } => Some(*price),
        _ => None,
    };
    let saves = |wanted: fn(Saving) -> bool| matches!(effect, Effect::Steps(steps) if steps.iter().any(|step| wanted(step.save)));
    let nth = match effect {
        Effect::NthUnit { reward, .. } => Some(*reward),
        _ => None,
    };
    let off = |wanted: AmountPer| matches!(effect, Effect::AmountOff { amount: OffAmount::Fixed(_), per } if *per == wanted);
    features! {
        "effect: percent off" => matches!(effect, Effect::PercentOff(_)),
        "effect: amount off per unit" => off(AmountPer::Unit),
        "effect: amount off per line" => off(AmountPer::Line),
        "effect: amount off per basket" => off(AmountPer::Basket),
        "effect: amount off presented" => matches!(effect, Effect::AmountOff { amount: OffAmount::Presented, .. }),
        "effect: unit price" => matches!(effect, Effect::UnitPrice(_)),
        "effect: price list" => matches!(effect, Effect::PriceList(_)),
        "effect: set price" => matches!(effect, Effect::SetPrice { .. }),
        "effect: bundle for a price" => matches!(bundle, Some(BundlePrice::Price(_))),
        "effect: bundle percent off" => matches!(bundle, Some(BundlePrice::PercentOff(_))),
        "effect: bundle amount off" => matches!(bundle, Some(BundlePrice::AmountOff(_))),
        "effect: nth unit" => matches!(effect, Effect::NthUnit { .. }),
        "effect: get" => matches!(effect, Effect::BuyGet { .. }),
        "effect: steps amount" => saves(|save| matches!(save, Saving::Amount(_))),
        "effect: steps percent" => saves(|save| matches!(save, Saving::Percent(_))),
        "effect: repeat" => matches!(effect, Effect::Repeat { .. }),
        "effect: shipping free" => matches!(effect, Effect::Shipping(ShippingEffect::Free)),
        "effect: shipping percent" => matches!(effect, Effect::Shipping(ShippingEffect::PercentOff(_))),
        "effect: shipping amount" => matches!(effect, Effect::Shipping(ShippingEffect::AmountOff(_))),
        "effect: shipping price" => matches!(effect, Effect::Shipping(ShippingEffect::Price(_))),
        "effect: gift list" => matches!(effect, Effect::Gift { of, choose, .. } if *choose as usize >= of.len()),
        "effect: gift choice" => matches!(effect, Effect::Gift { of, choose, .. } if (*choose as usize) < of.len()),
        "effect: gift per units" => matches!(effect, Effect::Gift { per_units: Some(_), .. }),
        "effect: match" => matches!(effect, Effect::Match { .. }),
        "effect: match together at most" => matches!(effect, Effect::Match { together_at_most: Some(_), .. }),
        "effect: points fixed" => matches!(effect, Effect::PointsFixed(_)),
        "effect: points times" => matches!(effect, Effect::PointsTimes(_)),
        "effect: issue coupon" => matches!(effect, Effect::IssueCoupon { .. }),
        "effect: entitlement" => matches!(effect, Effect::Entitlement(_)),
        "form: dearest first" => form == Some(GroupForm::DearestFirst),
        "form: cheapest first" => form == Some(GroupForm::CheapestFirst),
        "reward: nth of each" => nth.is_some_and(|nth| !nth.all_units && nth.over == RewardOver::Each),
        "reward: nth over all" => nth.is_some_and(|nth| !nth.all_units && nth.over == RewardOver::All),
        "reward: all units" => nth.is_some_and(|nth| nth.all_units),
        "reward: percent" => matches!(reward, Some(UnitReward::PercentOff(_))),
        "reward: amount" => matches!(reward, Some(UnitReward::AmountOff(_))),
        "reward: unit price" => matches!(reward, Some(UnitReward::UnitPrice(_))),
        "get: units" => matches!(effect, Effect::BuyGet { buy: UnitCount::Units(_), .. }),
        "get: spend" => matches!(effect, Effect::BuyGet { buy: UnitCount::Spend(_), .. }),
        "get: weight" => matches!(effect, Effect::BuyGet { buy: UnitCount::Weight(_), .. }),
        "get: own target" => matches!(effect, Effect::BuyGet { get: Some(_), .. }),
        "get: dearest" => matches!(effect, Effect::BuyGet { pick: Pick::Dearest, .. }),
        "bundle: three parts" => matches!(effect, Effect::Bundle { parts, .. } if parts.len() > 2),
        "times" => matches!(
            effect,
            Effect::SetPrice { times: Some(_), .. }
                | Effect::Bundle { times: Some(_), .. }
                | Effect::NthUnit { times: Some(_), .. }
                | Effect::BuyGet { times: Some(_), .. }
                | Effect::Repeat { times: Some(_), .. }
        ),
    }
}

fn what(offer: &Offer) -> Vec<&'static str> {
    let (buy, threshold) = (&offer.buy.selector, offer.threshold);
    let reach = threshold.map(|threshold| threshold.reach);
    features! {
        "kind: price list" => offer.kind == OfferKind::PriceList,
        "kind: tier" => offer.kind == OfferKind::Tier,
        "kind: promotion" => offer.kind == OfferKind::Promotion,
        "kind: coupon" => offer.kind == OfferKind::Coupon,
        "selector: sku" => mentions(buy, |part| matches!(part, Selector::Sku(_))),
        "selector: category" => mentions(buy, |part| matches!(part, Selector::Category(_))),
        "selector: brand" => mentions(buy, |part| matches!(part, Selector::Brand(_))),
        "selector: tag" => mentions(buy, |part| matches!(part, Selector::Tag(_))),
        "selector: kind" => mentions(buy, |part| matches!(part, Selector::Kind(_))),
        "selector: price" => mentions(buy, |part| matches!(part, Selector::Price { .. })),
        "selector: any of" => mentions(buy, |part| matches!(part, Selector::AnyOf(_))),
        "selector: all of" => mentions(buy, |part| matches!(part, Selector::AllOf(_))),
        "selector: not" => mentions(buy, |part| matches!(part, Selector::Not(_))),
        "selector: undiscounted" => offer.buy.undiscounted_only,
        "own target" => offer.target.is_some(),
        "threshold: spend" => matches!(reach, Some(UnitCount::Spend(_))),
        "threshold: units" => matches!(reach, Some(UnitCount::Units(_))),
        "threshold: weight" => matches!(reach, Some(UnitCount::Weight(_))),
        "threshold: at list" => threshold.is_some_and(|threshold| threshold.at == AmountAt::List),
        "threshold: after layer" => {
            threshold.is_some_and(|threshold| matches!(threshold.at, AmountAt::AfterLayer(_)))
        },
        "threshold: tax basis" => threshold.is_some_and(|threshold| threshold.tax.is_some()),
    }
}

fn terms(offer: &Offer) -> Vec<&'static str> {
    let terms = &offer.terms;
    let units = terms.units;
    features! {
        "units: per line" => units.is_some_and(|units| units.per == UnitLimitPer::Line),
        "units: per basket" => units.is_some_and(|units| units.per == UnitLimitPer::Basket),
        "units: cheapest" => units.is_some_and(|units| units.pick == Pick::Cheapest),
        "units: named pool" => units.is_some() && offer.stacking.pool.is_some(),
        "cap" => terms.cap.is_some(),
        "floor: unit" => terms.floor_unit_price.is_some(),
        "floor: line" => terms.floor_line.is_some(),
        "floor: sku" => terms.floor_sku.is_some(),
        "worth" => terms.worth.minor() > 0,
        "round at: unit" => terms.round_at == Some(RoundAt::Unit),
        "round at: line" => terms.round_at == Some(RoundAt::Line),
        "round at: offer" => terms.round_at == Some(RoundAt::Offer),
        "basis: layer" => terms.basis == PercentBasis::Layer,
        "basis: list" => terms.basis == PercentBasis::List,
        "all or nothing" => terms.all_or_nothing,
        "guard: exempt" => offer.guard_exempt,
        "tender" => offer.counts_as == CountsAs::Tender,
        "min gain" => terms.min_gain.is_some(),
    }
}

fn conditions(offer: &Offer) -> Vec<&'static str> {
    let (when, who, place, limits) = (&offer.when, &offer.who, &offer.place, &offer.limits);
    let stores = place.stores.as_ref();
    let codes = offer.coupon.as_ref().map(|coupon| &coupon.codes);
    features! {
        "when: from" => when.from.is_some(),
        "when: until" => when.until.is_some(),
        "when: weekdays" => when.weekdays != 0,
        "when: days of month" => when.days_of_month != 0,
        "when: months" => when.months != 0,
        "when: times" => !when.times.is_empty(),
        "when: over midnight" => when.times.iter().any(|span| span.until_minute <= span.from_minute),
        "who: members" => who.members_only,
        "who: tiers" => !who.tiers.is_empty(),
        "who: segments" => !who.segments.is_empty(),
        "who: birthday day" => who.birthday == Some(Birthday::Day),
        "who: birthday week" => who.birthday == Some(Birthday::Week),
        "who: birthday month" => who.birthday == Some(Birthday::Month),
        "who: first purchase" => who.first_purchase,
        "who: new member" => who.new_member_days.is_some(),
        "who: hold out" => who.hold_out.is_some(),
        "where: stores" => stores.is_some_and(|stores| !stores.ids.is_empty()),
        "where: store groups" => stores.is_some_and(|stores| !stores.groups.is_empty()),
        "where: channels" => !place.channels.is_empty(),
        "where: payments" => !place.payments.is_empty(),
        "limit: per basket" => limits.per_basket.is_some(),
        "limit: per member" => limits.per_member.is_some(),
        "limit: in total" => limits.in_total.is_some(),
        "limit: budget" => limits.budget.is_some(),
        "codes: generic" => matches!(codes, Some(CodeKind::Generic(_))),
        "codes: paper" => offer.coupon.as_ref().is_some_and(|coupon| coupon.paper),
        "codes: unique" => matches!(codes, Some(CodeKind::Unique { .. })),
        "codes: owned" => matches!(codes, Some(CodeKind::Owned)),
    }
}

fn stacking(program: &Program, offer: &Offer) -> Vec<&'static str> {
    let in_group =
        |scope: GroupScope| offer.stacking.groups.iter().any(|group| program.groups[*group].scope == scope);
    let layer = &program.layers[offer.layer];
    features! {
        "stacking: basket group" => in_group(GroupScope::Basket),
        "stacking: line group" => in_group(GroupScope::Line),
        "stacking: exclusive basket" => offer.stacking.exclusive == Some(ExclusiveScope::Basket),
        "stacking: exclusive line" => offer.stacking.exclusive == Some(ExclusiveScope::Line),
        "stacking: class" => program
            .combine
            .iter()
            .any(|combine| combine.class == *layer || combine.not_with.contains(layer)),
        "leave out: allowed" => offer.leave_out_allowed,
        "leave out: never" => !offer.leave_out_allowed,
    }
}
