//! What an offer does.

use suanpan_domain::Money;

use super::rewards::{at_most_one_measure, exactly_one, form, get, measure, nth_unit, pick, present};
use super::selector::selection;
use crate::code;
use crate::file::{
    AmountOff, AmountPerWord, BundleFile, EFFECTS, EffectFile, Every, GiftFile, IssueCoupon, MEASURES,
    PercentBasisWord, RoundAtWord, ShippingFile, StepFile, UnitsPerWord,
};
use crate::model::{
    AmountPer, BundlePart, BundlePrice, Effect, OffAmount, PercentBasis, Pick, RoundAt, SaveStep, Saving,
    Selector, ShippingEffect, Terms, UnitCount, UnitLimit, UnitLimitPer,
};
use crate::read::{At, Context, Entries, OneOrMany, Price};
use crate::yaml::Spot;

/// Parts of a bundle; a matching over more would not stay quick.
const BUNDLE_PARTS_MAX: usize = 8;

/// An effect, and what it takes over from, or adds to, the offer's `buy`.
pub(super) struct Lowered {
    pub(super) effect: Effect,
    /// A measure that stands within the effect and is the offer's threshold.
    pub(super) threshold: Option<UnitCount>,
    /// Whether it used the offer's own measure up, so that no threshold is left.
    pub(super) uses_measure: bool,
}

impl From<Effect> for Lowered {
    fn from(effect: Effect) -> Self {
        Self { effect, threshold: None, uses_measure: false }
    }
}

pub(super) fn effect(
    at: &At<EffectFile>,
    buy: Option<UnitCount>,
    except: Option<&Selector>,
    context: &Context,
) -> Option<Lowered> {
    let At { value: file, spot } = at;
    exactly_one(*spot, "what the offer does", EFFECTS, context);
    refinements(at, context);
    let lowered = if let Some(rate) = file.percent_off {
        Effect::PercentOff(rate.0).into()
    } else if let Some(amount) = file.amount_off {
        let amount = match amount {
            AmountOff::Presented(()) => OffAmount::Presented,
            AmountOff::Fixed(amount) => OffAmount::Fixed(amount.0),
        };
        let per = match file.per.map(|per| per.value) {
            None | Some(AmountPerWord::Basket) => AmountPer::Basket,
            Some(AmountPerWord::Line) => AmountPer::Line,
            Some(AmountPerWord::Unit) => AmountPer::Unit,
        };
        Effect::AmountOff { amount, per }.into()
    } else if let Some(price) = file.unit_price {
        Effect::UnitPrice(price.0).into()
    } else if let Some(prices) = file.price_list {
        price_list(prices, context).into()
    } else if let Some(set) = &file.set_price {
        let (units, price, times) = (set.units.0, set.price.0, set.times.map(|times| times.0));
        Effect::SetPrice { units, price, form: form(set.form), times }.into()
    } else if let Some(parts) = &file.bundle {
        bundle(parts, except, context)?.into()
    } else if let Some(nth) = &file.nth_unit {
        nth_unit(nth, context)?.into()
    } else if let Some(what) = &file.get {
        let effect = get(what, buy, except, context)?;
        Lowered { effect, threshold: None, uses_measure: true }
    } else if let Some(list) = &file.steps {
        steps(list, context)?.into()
    } else if let Some(repeat) = &file.repeat {
        let every = match &repeat.every {
            Every::Spend(amount) => UnitCount::Spend(amount.0),
            Every::Measure(At { value, spot }) => {
                exactly_one(*spot, "the distance", MEASURES, context);
                measure(value.spend, value.units, value.weight)?
            }
        };
        Effect::Repeat { every, off: repeat.off.0, times: repeat.times.map(|times| times.0) }.into()
    } else if let Some(shipping) = &file.shipping {
        self::shipping(shipping, context)?.into()
    } else if let Some(at) = &file.gift {
        gift(at, buy, context)
    } else if let Some(other) = &file.match_other {
        Effect::Match {
            offer: other.offer.value.0.clone(),
            percent: other.percent.map_or(suanpan_domain::Rate::WHOLE, |percent| percent.0),
            together_at_most: other.together_at_most.map(|amount| amount.0),
        }
        .into()
    } else if let Some(At { value: points, spot }) = &file.points {
        exactly_one(*spot, "how many more points", &["times", "extra"], context);
        let times = points.times.map(|times| Effect::PointsTimes(times.0));
        times.or(points.extra.map(|extra| Effect::PointsFixed(extra.0)))?.into()
    } else if let Some(coupon) = &file.issue_coupon {
        let (campaign, count) = match coupon {
            IssueCoupon::One(campaign) => (campaign, 1),
            IssueCoupon::Several(several) => (&several.campaign, several.count.map_or(1, |count| count.0)),
        };
        Effect::IssueCoupon { campaign: campaign.value.0.clone(), count }.into()
    } else {
        Effect::Entitlement(file.entitlement.as_ref()?.0.clone()).into()
    };
    Some(lowered)
}

/// Keys that only some effects know.
fn refinements(at: &At<EffectFile>, context: &Context) {
    let At { value: file, spot } = at;
    let Some(effect) = present(*spot, EFFECTS, context).first().copied() else { return };
    let refuse = |at: Option<Spot>, key: &str, only: &[&str]| {
        if let Some(at) = at
            && !only.contains(&effect)
        {
            context.error_hint(
                code::CONTRADICTION,
                at,
                format!("`{key}` has no meaning beside `{effect}`"),
                format!("it goes with: {}", only.join(", ")),
            );
        }
    };
    refuse(file.per.map(|per| per.spot), "per", &["amount_off"]);
    let line_effects = ["percent_off", "amount_off", "unit_price"];
    refuse(file.units.as_ref().map(|units| units.spot), "units", &line_effects);
    let targeted = [
        "percent_off",
        "amount_off",
        "unit_price",
        "set_price",
        "nth_unit",
        "steps",
        "repeat",
        "shipping",
        "points",
    ];
    refuse(file.target.as_ref().map(|target| target.spot), "target", &targeted);
    refuse(file.basis.map(|basis| basis.spot), "basis", &["percent_off", "steps"]);
}

/// The keys that any effect may add.
pub(super) fn terms(file: &EffectFile) -> Terms {
    Terms {
        cap: file.cap.map(|amount| amount.0),
        units: file.units.as_ref().map(|At { value: limit, .. }| UnitLimit {
            at_most: limit.at_most.0,
            per: match limit.per {
                None | Some(UnitsPerWord::Basket) => UnitLimitPer::Basket,
                Some(UnitsPerWord::Line) => UnitLimitPer::Line,
            },
            pick: pick(limit.pick, Pick::Dearest),
        }),
        floor_unit_price: file.floor_unit_price.map(|amount| amount.0),
        floor_line: file.floor_line.map(|amount| amount.0),
        floor_sku: file.floor_sku.map(|amount| amount.0),
        worth: file.worth.map_or(Money::ZERO, |amount| amount.0),
        round_at: file.round_at.map(round_at),
        min_gain: file.min_gain.map(|amount| amount.value.0),
        basis: file.basis.map_or(PercentBasis::Running, |basis| percent_basis(basis.value)),
        all_or_nothing: file.all_or_nothing.is_some_and(|all| all.0),
    }
}

pub(super) const fn round_at(word: RoundAtWord) -> RoundAt {
    match word {
        RoundAtWord::Unit => RoundAt::Unit,
        RoundAtWord::Line => RoundAt::Line,
        RoundAtWord::Offer => RoundAt::Offer,
    }
}

pub(super) const fn percent_basis(word: PercentBasisWord) -> PercentBasis {
    match word {
        PercentBasisWord::Running => PercentBasis::Running,
        PercentBasisWord::Layer => PercentBasis::Layer,
        PercentBasisWord::List => PercentBasis::List,
    }
}

pub(super) fn price_list(prices: Entries<Price<0>>, context: &Context) -> Effect {
    let mut list = Vec::with_capacity(prices.len(context));
    list.extend(prices.each(context).map(|(sku, price)| (sku.value.0, price.value.0)));
    Effect::PriceList(list)
}

fn bundle(at: &At<BundleFile>, except: Option<&Selector>, context: &Context) -> Option<Effect> {
    let At { value: file, spot } = at;
    exactly_one(*spot, "what the bundle costs", &["price", "percent_off", "amount_off"], context);
    let count = file.parts.len(context);
    if count > BUNDLE_PARTS_MAX {
        let message = format!("a bundle has at most {BUNDLE_PARTS_MAX} parts, this one has {count}");
        context.error_hint(
            code::LIMIT,
            file.parts.spot,
            message,
            "join parts that mean the same with `units`",
        );
        return None;
    }
    let parts = file.parts.map(context, |At { value: part, .. }| BundlePart {
        selection: selection(part.selector(), part.discounted.as_ref(), except, context),
        units: part.units.map_or(1, |units| units.0),
        pick: pick(part.pick, Pick::Dearest),
    });
    let price = file
        .price
        .map(|price| BundlePrice::Price(price.0))
        .or(file.percent_off.map(|percent| BundlePrice::PercentOff(percent.0)))
        .or(file.amount_off.map(|amount| BundlePrice::AmountOff(amount.0)))?;
    Some(Effect::Bundle { parts, price, times: file.times.map(|times| times.0) })
}

fn steps(files: &OneOrMany<StepFile>, context: &Context) -> Option<Effect> {
    let count = files.len(context);
    let mut steps: Vec<SaveStep> = Vec::with_capacity(count);
    for At { value: file, spot } in files.each(context) {
        exactly_one(spot, "where the step is reached", MEASURES, context);
        exactly_one(spot, "what the step saves", &["save", "percent_off"], context);
        let reach = measure(file.spend, file.units, file.weight);
        let save = file
            .save
            .map(|amount| Saving::Amount(amount.0))
            .or(file.percent_off.map(|percent| Saving::Percent(percent.0)));
        let (Some(reach), Some(save)) = (reach, save) else { continue };
        if let Some(before) = steps.last() {
            compare(*before, reach, save, spot, context);
        }
        steps.push(SaveStep { reach, save });
    }
    (steps.len() == count).then_some(Effect::Steps(steps))
}

/// Steps are measured alike, and each is reached later than the one before and saves more.
fn compare(before: SaveStep, reach: UnitCount, save: Saving, spot: Spot, context: &Context) {
    let later = match (before.reach, reach) {
        (UnitCount::Spend(before), UnitCount::Spend(reach)) => reach > before,
        (UnitCount::Units(before), UnitCount::Units(reach)) => reach > before,
        (UnitCount::Weight(before), UnitCount::Weight(reach)) => reach > before,
        _ => {
            context.error_hint(
                code::CONTRADICTION,
                spot,
                "this step is measured otherwise than the one before",
                "all steps of an offer are reached by spend, by units or by weight",
            );
            return;
        }
    };
    if !later {
        context.error_hint(
            code::WRONG_ORDER,
            spot,
            "this step is not reached later than the one before",
            "write steps in ascending order, each once",
        );
    }
    let more = match (before.save, save) {
        (Saving::Amount(before), Saving::Amount(save)) => save > before,
        (Saving::Percent(before), Saving::Percent(save)) => save > before,
        _ => true,
    };
    if later && !more {
        let hint = "only the highest step that is reached counts";
        context.warning(code::NO_EFFECT, spot, "this step saves no more than the one before", hint);
    }
}

fn shipping(file: &ShippingFile, context: &Context) -> Option<Effect> {
    let shipping = match file {
        ShippingFile::Free(()) => ShippingEffect::Free,
        ShippingFile::Reduced(At { value: file, spot }) => {
            exactly_one(*spot, "how shipping is reduced", &["percent_off", "amount_off", "price"], context);
            file.percent_off
                .map(|percent| ShippingEffect::PercentOff(percent.0))
                .or(file.amount_off.map(|amount| ShippingEffect::AmountOff(amount.0)))
                .or(file.price.map(|price| ShippingEffect::Price(price.0)))?
        }
    };
    Some(Effect::Shipping(shipping))
}

fn gift(at: &At<GiftFile>, buy: Option<UnitCount>, context: &Context) -> Lowered {
    let At { value: file, spot } = at;
    at_most_one_measure(*spot, context);
    let threshold = measure(file.spend, file.units, file.weight);
    if threshold.is_some() && buy.is_some() {
        context.error_hint(
            code::CONTRADICTION,
            *spot,
            "the gift says what it needs, and so does `buy`",
            "keep the measure in one of the two",
        );
    }
    let articles = file.of.len(context) as u32;
    if let Some(choose) = file.choose
        && choose.0 > articles
    {
        context.error_hint(
            code::OUT_OF_RANGE,
            *spot,
            format!("{} are to be chosen of {articles}", choose.0),
            "name more articles, or let fewer be chosen",
        );
    }
    let effect = Effect::Gift {
        of: file.of.map(context, |sku| sku.value.0),
        choose: file.choose.map_or(articles, |choose| choose.0),
        per_units: file.per_units.map(|units| units.0),
    };
    Lowered { effect, threshold, uses_measure: false }
}
