//! Keys of an offer that are possible and do nothing beside what else it says.

use super::references::below;
use crate::code;
use crate::model::{Effect, OffAmount, Offer, Saving};
use crate::read::Context;
use crate::yaml::Spot;

/// Tells of the keys of one offer.
pub(super) fn check(offer: &Offer, site: Spot, context: &Context) {
    let warn = |code, keys: &[&str], message: &str, hint: &str| {
        context.warning(code, below(site, keys, context), message, hint);
    };
    let said = |keys: &[&str]| {
        let node = context.node(site);
        keys.iter().fold(node, |node, key| node?.get(key))
    };
    // What could not be read was told, and may have been anything.
    let takes_units = takes_units(offer) || said(&["effect", "units"]).is_some();
    if offer.terms.round_at.is_some() && !rounds_as_said(offer) {
        warn(
            code::NO_EFFECT,
            &["effect", "round_at"],
            "`round_at` changes nothing here: it is for `percent_off` without `units`, and for percents of steps",
            "remove the key",
        );
    }
    if offer.stacking.pool.is_some() && !takes_units {
        warn(
            code::NO_EFFECT,
            &["stacking", "pool"],
            "a pool is for effects on units, and this effect takes none",
            "remove the key, or bound the effect by `units: { at_most: … }`",
        );
    }
    let is_presented = offer.coupon.is_some() || said(&["codes"]).is_some();
    if matches!(offer.effect, Effect::AmountOff { amount: OffAmount::Presented, .. }) && !is_presented {
        warn(
            code::NEVER_APPLIES,
            &["effect", "amount_off"],
            "the amount is read off a paper coupon, and no paper presents this offer",
            "write the amount, or make it one of the `coupons` with `codes: { generic: [ … ], paper: true }`",
        );
    }
    let nth_unit = |keys: &[&str]| said(&[&["effect", "nth_unit"], keys].concat()).is_some();
    if nth_unit(&["n"]) && nth_unit(&["group", "size"]) {
        let position = nth_unit(&["reward", "nth"]) || nth_unit(&["units"]);
        let (code, message, hint) = if position {
            (code::NO_EFFECT, "`n` changes nothing beside `group` and `reward`", "remove the key")
        } else {
            let hint = "remove `n`, and say which unit of a group is rewarded: `reward: { nth: … }`";
            (
                code::UNSAID,
                "`group` says how large a group is, so that `n` says which of its units is rewarded",
                hint,
            )
        };
        warn(code, &["effect", "nth_unit", "n"], message, hint);
    }
}

/// Whether an effect takes units that a pool could keep from others.
fn takes_units(offer: &Offer) -> bool {
    match &offer.effect {
        Effect::NthUnit { .. }
        | Effect::SetPrice { .. }
        | Effect::Bundle { .. }
        | Effect::BuyGet { .. }
        | Effect::Gift { .. } => true,
        _ => offer.terms.units.is_some(),
    }
}

/// Whether the engine rounds where the offer says.
fn rounds_as_said(offer: &Offer) -> bool {
    match &offer.effect {
        Effect::PercentOff(_) => offer.terms.units.is_none(),
        Effect::Steps(steps) => steps.iter().any(|step| matches!(step.save, Saving::Percent(_))),
        _ => false,
    }
}
