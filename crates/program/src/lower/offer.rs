//! Offers: what all kinds of them have in common, and the defaults that depend on the kind.

use suanpan_domain::OfferKind;

use super::conditions::{funding, limits, place, title, when, who};
use super::effect::{Lowered, effect, price_list, terms};
use super::names::Names;
use super::rewards::{at_most_one_measure, measure};
use super::selector::{exception, own_selection, selection};
use super::stacking::offer_stacking;
use crate::code;
use crate::file::{
    AmountAtWord, BuyFile, CountsAsWord, CouponFile, EffectFile, LeaveOutWord, PriceListFile, PromotionFile,
    TaxBasisWord,
};
use crate::model::{
    AmountAt, CountsAs, CouponTerms, Effect, Offer, Selection, Selector, TaxBasis, Terms, Threshold,
    UnitCount,
};
use crate::read::{At, Context};
use crate::yaml::Spot;

/// The keys that offers of all kinds share, borrowed from whichever map they stand in.
macro_rules! parts {
    ($at:expr, $kind:expr, $effect:expr, $prices:expr, $coupon:expr) => {{
        let file = &$at.value;
        Parts {
            spot: $at.spot,
            kind: $kind,
            id: &file.id.value.0,
            title: title(file.title.as_ref()),
            layer: file.layer.as_ref(),
            priority: file.priority.map_or(0, |priority| priority.0),
            leave_out: file.leave_out,
            when: file.when.as_ref(),
            who: file.who.as_ref(),
            place: file.place.as_ref(),
            buy: file.buy.as_ref(),
            except: file.except.as_ref(),
            limits: file.limits.as_ref(),
            funding: file.funding.as_ref(),
            counts_as: file.counts_as,
            stacking: file.stacking.as_ref(),
            guard_exempt: file.guard.is_some(),
            effect: $effect,
            prices: $prices,
            coupon: $coupon,
        }
    }};
}

struct Parts<'f> {
    spot: Spot,
    kind: OfferKind,
    id: &'f str,
    title: crate::model::Title,
    layer: Option<&'f At<crate::read::Id>>,
    priority: i32,
    leave_out: Option<LeaveOutWord>,
    when: Option<&'f At<crate::file::WhenFile>>,
    who: Option<&'f At<crate::file::WhoFile>>,
    place: Option<&'f crate::file::PlaceFile>,
    buy: Option<&'f At<BuyFile>>,
    except: Option<&'f At<crate::file::SelectorFile>>,
    limits: Option<&'f At<crate::file::LimitsFile>>,
    funding: Option<&'f At<crate::read::Entries<crate::read::Percent<100>>>>,
    counts_as: Option<CountsAsWord>,
    stacking: Option<&'f crate::file::OfferStackingFile>,
    guard_exempt: bool,
    effect: Option<&'f At<EffectFile>>,
    prices: Option<crate::read::Entries<crate::read::Price<0>>>,
    coupon: Option<CouponTerms>,
}

pub(super) fn promotion(at: &At<PromotionFile>, names: &Names, context: &Context) -> Option<Offer> {
    let effect = at.value.effect.0.as_ref();
    build(parts!(at, OfferKind::Promotion, effect, None, None), names, context)
}

pub(super) fn coupon(
    at: &At<CouponFile>,
    terms: Option<CouponTerms>,
    names: &Names,
    context: &Context,
) -> Option<Offer> {
    let effect = at.value.effect.0.as_ref();
    // What has no code is not presented: a match is automatic, wherever it is written.
    let kind = if terms.is_some() { OfferKind::Coupon } else { OfferKind::Promotion };
    build(parts!(at, kind, effect, None, terms), names, context)
}

pub(super) fn price_list_offer(at: &At<PriceListFile>, names: &Names, context: &Context) -> Option<Offer> {
    let prices = Some(at.value.prices);
    build(parts!(at, OfferKind::PriceList, None, prices, None), names, context)
}

fn build(parts: Parts<'_>, names: &Names, context: &Context) -> Option<Offer> {
    let except = parts.except.map(|except| exception(except, context));
    let measured = parts.buy.and_then(|buy| {
        at_most_one_measure(buy.spot, context);
        measure(buy.value.spend, buy.value.units, buy.value.weight)
    });
    let lowered = match (parts.effect, parts.prices) {
        (Some(file), _) => effect(file, measured, except.as_ref(), context),
        (None, Some(prices)) => Some(price_list(prices, context).into()),
        (None, None) => None,
    };
    let buy = buy_selection(parts.buy, except.as_ref(), context);
    let target = parts.effect.and_then(|at| at.value.target.as_ref());
    let target = target.map(|at| own_selection(&at.value, except.as_ref(), context));
    let terms = parts.effect.map_or_else(Terms::default, |at| terms(&at.value));
    let funding = funding(parts.funding, context);
    // Everything that can be told of the offer is told before a broken effect ends it.
    let when = when(parts.when, context);
    let who = who(parts.who, names, context);
    let place = place(parts.place, names, context);
    let limits = limits(parts.limits, context);
    let stacking = offer_stacking(parts.stacking, names, context);
    let said_layer = parts.layer.map(|layer| names.layer(layer, context));
    let Some(lowered) = lowered else {
        if let Some(at) = parts.buy.and_then(|buy| buy.value.at.as_ref()) {
            amount_at(at, said_layer.flatten(), names, context);
        }
        return None;
    };
    let within = lowered.threshold.or(measured.filter(|_| !lowered.uses_measure));
    let selects = selects_anything(&lowered.effect, &buy, target.as_ref());
    let (default_layer, default_leave_out) = defaults(parts.kind, &lowered.effect, within, selects);
    let layer = match said_layer {
        Some(said) => said,
        None => default_layer_index(default_layer, parts.spot, names, context),
    };
    let threshold = threshold(&parts, &lowered, within, layer, names, context);
    if let (Some(At { value: file, .. }), CountsAs::Tender) = (parts.effect, counts_as(parts.counts_as)) {
        tender_makes_sense(&lowered.effect, file, parts.spot, context);
    }
    Some(Offer {
        id: parts.id.to_owned(),
        title: parts.title.into(),
        kind: parts.kind,
        layer: layer?,
        priority: parts.priority,
        leave_out_allowed: match parts.leave_out {
            Some(word) => word == LeaveOutWord::Allowed,
            None => default_leave_out && funding.is_empty(),
        },
        when: when.into(),
        who: who.into(),
        place: place.into(),
        buy,
        threshold,
        target: target.map(Box::new),
        effect: lowered.effect,
        terms: terms.into(),
        limits: limits.into(),
        funding,
        counts_as: counts_as(parts.counts_as),
        stacking: stacking.into(),
        coupon: parts.coupon.map(Box::new),
        guard_exempt: parts.guard_exempt,
    })
}

pub(super) fn buy_selection(
    buy: Option<&At<BuyFile>>,
    except: Option<&Selector>,
    context: &Context,
) -> Selection {
    match buy {
        Some(At { value: file, .. }) => selection(file.selector(), file.discounted.as_ref(), except, context),
        None => Selection {
            selector: except.map_or(Selector::Everything, |except| Selector::Not(Box::new(except.clone()))),
            undiscounted_only: false,
        },
    }
}

pub(super) const fn counts_as(word: Option<CountsAsWord>) -> CountsAs {
    match word {
        None | Some(CountsAsWord::Discount) => CountsAs::Discount,
        Some(CountsAsWord::Tender) => CountsAs::Tender,
    }
}

fn tender_makes_sense(effect: &Effect, _: &EffectFile, spot: Spot, context: &Context) {
    let beside = matches!(
        effect,
        Effect::PointsFixed(_)
            | Effect::PointsTimes(_)
            | Effect::IssueCoupon { .. }
            | Effect::Entitlement(_)
            | Effect::Gift { .. }
    );
    if beside {
        context.error_hint(
            code::CONTRADICTION,
            spot,
            "a tender pays an amount, and this effect has none",
            "remove `counts_as: tender`",
        );
    }
}

/// Whether a selector stands anywhere: in `buy`, in a target, in a part.
fn selects_anything(effect: &Effect, buy: &Selection, target: Option<&Selection>) -> bool {
    let within = match effect {
        Effect::Bundle { parts, .. } => parts.iter().any(|part| !part.selection.is_everything()),
        Effect::BuyGet { get, .. } => get.as_ref().is_some_and(|get| !get.is_everything()),
        _ => false,
    };
    within || !buy.is_everything() || target.is_some_and(|target| !target.is_everything())
}

/// The layer, and whether the offer may be left out, of what says neither. What a supplier funds is never left out.
fn defaults(
    kind: OfferKind,
    effect: &Effect,
    threshold: Option<UnitCount>,
    selects: bool,
) -> (&'static str, bool) {
    match (kind, effect) {
        (
            _,
            Effect::PointsFixed(_)
            | Effect::PointsTimes(_)
            | Effect::IssueCoupon { .. }
            | Effect::Entitlement(_),
        ) => ("earn", false),
        (_, Effect::Shipping(_)) => ("shipping", true),
        (OfferKind::PriceList, _) => ("price", false),
        (OfferKind::Tier, _) => ("tier", true),
        (OfferKind::Coupon, _) | (_, Effect::Match { .. }) => ("coupon", true),
        (_, Effect::UnitPrice(_) | Effect::PriceList(_)) if threshold.is_none() => ("price", false),
        (_, Effect::Steps(_) | Effect::Repeat { .. }) => ("basket", true),
        _ if selects => ("item", false),
        _ => ("basket", true),
    }
}

pub(super) fn default_layer_index(
    layer: &'static str,
    spot: Spot,
    names: &Names,
    context: &Context,
) -> Option<usize> {
    let index = names.layers.iter().position(|name| name == layer);
    if index.is_none() {
        context.error_hint(
            code::UNKNOWN_LAYER,
            spot,
            format!("this belongs into the layer `{layer}`, which the program does not have"),
            "name another layer with `layer: …`, or add it to `layers`",
        );
    }
    index
}

/// How much has to be bought. Steps and repetitions have measures of their own; where `buy` says which amounts they
/// see, the threshold carries it, with the lowest of them.
fn threshold(
    parts: &Parts<'_>,
    lowered: &Lowered,
    within: Option<UnitCount>,
    layer: Option<usize>,
    names: &Names,
    context: &Context,
) -> Option<Threshold> {
    let file = parts.buy;
    let at = file.and_then(|buy| buy.value.at.as_ref());
    let tax = file.and_then(|buy| buy.value.tax);
    let own = match &lowered.effect {
        Effect::Steps(steps) => steps.first().map(|step| step.reach),
        Effect::Repeat { every, .. } => Some(*every),
        _ => None,
    };
    let amount_at = at.map(|at| amount_at(at, layer, names, context));
    let says_how = at.is_some() || tax.is_some();
    let reach = within.or(own.filter(|_| says_how));
    if reach.is_none() && says_how {
        let spot = at.map_or_else(|| file.map_or(parts.spot, |buy| buy.spot), |at| at.spot);
        context.error_hint(
            code::CONTRADICTION,
            spot,
            "this says which amounts count, and nothing is counted",
            "add `spend`, `units` or `weight` to `buy`, or remove the key",
        );
    }
    let tax = tax.map(|word| match word {
        TaxBasisWord::Included => TaxBasis::Included,
        TaxBasisWord::Excluded => TaxBasis::Excluded,
    });
    Some(Threshold { reach: reach?, at: amount_at.unwrap_or_default(), tax })
}

fn amount_at(at: &At<AmountAtWord>, own: Option<usize>, names: &Names, context: &Context) -> AmountAt {
    let text = at.value.0.as_str();
    let Some(layer) = text.strip_prefix("after:") else {
        return if text == "list" { AmountAt::List } else { AmountAt::Running };
    };
    let layer = At { value: crate::read::Id(layer.trim().to_owned()), spot: at.spot };
    let Some(index) = names.layer(&layer, context) else { return AmountAt::Running };
    if own.is_some_and(|own| index >= own) {
        context.error_hint(
            code::WRONG_ORDER,
            at.spot,
            "that layer is not done when the offer executes",
            "name a layer that stands before the offer's own",
        );
    }
    AmountAt::AfterLayer(index)
}
