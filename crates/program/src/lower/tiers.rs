//! Tiers, and their discounts as offers.

use suanpan_domain::OfferKind;

use super::conditions::{funding, limits, period, place, title, when};
use super::effect::{percent_basis, round_at};
use super::names::{Names, Unique, too_many};
use super::offer::{buy_selection, default_layer_index};
use super::rewards::{at_most_one_measure, exactly_one, measure};
use super::selector::exception;
use super::stacking::offer_stacking;
use crate::code;
use crate::file::{
    GiftToMemberFile, KeepFile, KeepWord, LeaveOutWord, QualifyFile, TierDiscountFile, TierFile,
};
use crate::model::{
    AmountAt, CountsAs, Effect, LimitPeriod, Offer, PercentBasis, Qualification, Reward, TaxBasis, Terms,
    Threshold, Tier, TierEnd, TierEntitlement, TierKeep, Who,
};
use crate::read::{At, Context, Later, OneOrMany};

/// Tiers of a program. Chains have three to seven.
const TIERS_MAX: usize = 100;
/// Entitlements of a tier.
const ENTITLEMENTS_MAX: usize = 1_000;

/// The tiers as they are written. Each is read once: its problems are told when it is.
pub(super) fn read(file: Option<&Later<TierFile>>, context: &Context) -> Vec<At<TierFile>> {
    let Some(list) = file else { return Vec::new() };
    if too_many(list, TIERS_MAX, "tiers", context) { Vec::new() } else { list.each(context).collect() }
}

/// The tiers; their ids go into the names that offers refer to.
pub(super) fn tiers(files: &[At<TierFile>], names: &mut Names, context: &Context) -> Vec<Tier> {
    let mut unique = Unique::default();
    let mut tiers = Vec::with_capacity(files.len());
    for (index, At { value: file, .. }) in files.iter().enumerate() {
        unique.add("tier", &file.id.value.0, file.id.spot, context);
        names.tiers.push(file.id.value.0.clone());
        if let (0, Some(qualify)) = (index, &file.qualify) {
            context.warning(
                code::NO_EFFECT,
                qualify.spot,
                "everyone starts with the first tier, so that nobody has to qualify for it",
                "put a tier without `qualify` before it, or remove the key",
            );
        }
        tiers.push(Tier {
            id: file.id.value.0.clone(),
            title: title(file.title.as_ref()),
            entitlements: entitlements(file, context),
            qualify: file.qualify.as_ref().and_then(|qualify| qualification(qualify, context)),
            keep: file.keep.as_ref().map(keep),
            welcome: reward(file.welcome.as_ref(), context),
        });
    }
    tiers
}

fn keep(file: &KeepFile) -> TierKeep {
    TierKeep {
        months: file.length.0,
        grace_days: file.grace.map_or(0, |days| days.0),
        end: match file.then {
            None | Some(KeepWord::ReEvaluate) => TierEnd::ReEvaluate,
            Some(KeepWord::OneDown) => TierEnd::OneDown,
            Some(KeepWord::Keep) => TierEnd::Keep,
        },
    }
}

/// Points and coupons that are given; whether the campaigns exist is checked when all offers are known.
pub(super) fn reward(file: Option<&GiftToMemberFile>, context: &Context) -> Reward {
    let Some(file) = file else { return Reward::default() };
    Reward {
        points: file.points.map_or(0, |points| points.0),
        coupons: super::conditions::ids(file.coupons.as_ref(), |_| (), context),
    }
}

fn entitlements(file: &TierFile, context: &Context) -> Vec<TierEntitlement> {
    let mut unique = Unique::default();
    let mut list = Vec::new();
    let Some(files) = &file.entitlements else { return list };
    if too_many(files, ENTITLEMENTS_MAX, "entitlements", context) {
        return list;
    }
    for At { value: entitlement, .. } in files.each(context) {
        unique.add("entitlement", &entitlement.id.value.0, entitlement.id.spot, context);
        if let (None, Some(per)) = (entitlement.times, &entitlement.per) {
            context.error_hint(
                code::CONTRADICTION,
                per.spot,
                "`per` is the period of `times`, which is missing",
                "write such as { times: 2, per: month }",
            );
        }
        let per = entitlement.per.map_or(LimitPeriod::Lifetime, |per| period(per.value));
        list.push(TierEntitlement {
            id: entitlement.id.value.0,
            quota: entitlement.times.map(|times| (times.0, per)),
        });
    }
    list
}

fn qualification(at: &At<QualifyFile>, context: &Context) -> Option<Qualification> {
    let At { value: file, spot } = at;
    exactly_one(*spot, "the condition", &["any_of", "all_of", "spend", "purchases", "activity"], context);
    let several = |files: &OneOrMany<QualifyFile>| -> Vec<Qualification> {
        files.each(context).filter_map(|file| qualification(&file, context)).collect()
    };
    let within = file.within.map(|window| window.0);
    if let Some(files) = file.any_of.as_ref().or(file.all_of.as_ref()) {
        if within.is_some() {
            context.error_hint(
                code::CONTRADICTION,
                *spot,
                "`within` belongs to what is counted",
                "write it beside `spend`, `purchases` or `activity`",
            );
        }
        let read = several(files);
        return Some(match file.any_of {
            Some(_) => Qualification::AnyOf(read),
            None => Qualification::AllOf(read),
        });
    }
    file.spend
        .map(|amount| Qualification::Spend(amount.0, within))
        .or(file.purchases.map(|count| Qualification::Purchases(count.0, within)))
        .or(file.activity.map(|points| Qualification::Activity(points.0, within)))
}

/// The discount of a tier: an offer for its members.
pub(super) fn discount(
    tier: &TierFile,
    at: &At<TierDiscountFile>,
    names: &Names,
    context: &Context,
) -> Option<Offer> {
    let At { value: file, spot } = at;
    let except = file.except.as_ref().map(|except| exception(except, context));
    let buy = buy_selection(file.buy.as_ref(), except.as_ref(), context);
    let threshold = file.buy.as_ref().and_then(|buy| {
        at_most_one_measure(buy.spot, context);
        if let Some(at) = &buy.value.at
            && at.value.0 != "running"
        {
            context.error_hint(
                code::CONTRADICTION,
                at.spot,
                "a tier's discount sees running amounts",
                "write the discount as a promotion with `who: { tiers: [...] }`",
            );
        }
        let tax = buy.value.tax.map(|word| match word {
            crate::file::TaxBasisWord::Included => TaxBasis::Included,
            crate::file::TaxBasisWord::Excluded => TaxBasis::Excluded,
        });
        let reach = measure(buy.value.spend, buy.value.units, buy.value.weight)?;
        Some(Threshold { reach, at: AmountAt::Running, tax })
    });
    let layer = match &file.layer {
        Some(layer) => names.layer(layer, context),
        None => default_layer_index("tier", *spot, names, context),
    };
    let funding = funding(file.funding.as_ref(), context);
    let stacking = offer_stacking(file.stacking.as_ref(), names, context);
    let when = when(file.when.as_ref(), context);
    let place = place(file.place.as_ref(), names, context);
    let limits = limits(file.limits.as_ref(), context);
    Some(Offer {
        id: format!("tier:{}", tier.id.value.0),
        title: title(file.title.as_ref().or(tier.title.as_ref())).into(),
        kind: OfferKind::Tier,
        layer: layer?,
        priority: file.priority.map_or(0, |priority| priority.0),
        leave_out_allowed: match file.leave_out {
            Some(word) => word == LeaveOutWord::Allowed,
            None => funding.is_empty(),
        },
        when: when.into(),
        who: Who { tiers: vec![tier.id.value.0.clone()], ..Who::default() }.into(),
        place: place.into(),
        buy,
        threshold,
        target: None,
        effect: Effect::PercentOff(file.percent_off.0.map(|percent| percent.0)?),
        terms: Terms {
            cap: file.cap.map(|amount| amount.0),
            floor_unit_price: file.floor_unit_price.map(|amount| amount.0),
            round_at: file.round_at.map(round_at),
            basis: file.basis.map_or(PercentBasis::Running, percent_basis),
            all_or_nothing: file.all_or_nothing.is_some_and(|all| all.0),
            ..Terms::default()
        }
        .into(),
        limits: limits.into(),
        funding,
        counts_as: CountsAs::Discount,
        stacking: stacking.into(),
        coupon: None,
        guard_exempt: file.guard.is_some(),
    })
}
