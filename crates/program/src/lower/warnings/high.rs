//! Offers that take more than nine tenths of what they ask for, which is probably a slip of the pen.

use suanpan_domain::{Money, Rate};

use super::super::references::below;
use crate::code;
use crate::diagnostics::quoted;
use crate::model::{AmountAt, AmountPer, Effect, OffAmount, Offer, Program, Saving, UnitCount};
use crate::read::Context;
use crate::yaml::Spot;

/// The share.
const VERY_HIGH: Rate = Rate::from_percent(90);

pub(super) fn check(offer: &Offer, program: &Program, site: Spot, context: &Context) {
    if is_bounded(offer, program) {
        return;
    }
    let warn = |keys: &[&str], message: String| {
        context.warning(
            code::VERY_HIGH,
            below(site, keys, context),
            message,
            "check the figures; a `cap` or the program's `maximum_discount` bounds mistakes",
        );
    };
    // Of the least amount that an effect asks for, where that is what it takes from.
    let takes = |key: &str, off: i64, own: i64| {
        let Some(least) = least_amount(offer, program, own) else { return };
        if is_most(off, least) && (!offer.terms.all_or_nothing || off <= least) {
            let shown = |minor: i64| Money::from_minor(minor).in_currency(program.currency);
            warn(
                &["effect", key],
                format!("of the {} that reach it this takes {}", shown(least), shown(off)),
            );
        }
    };
    match &offer.effect {
        Effect::PercentOff(rate) if *rate > VERY_HIGH => {
            warn(
                &["effect", "percent_off"],
                format!("{} takes {rate} of what it selects", quoted(&offer.id)),
            );
        }
        Effect::AmountOff { amount: OffAmount::Fixed(off), per: AmountPer::Basket } => {
            takes("amount_off", off.minor(), 0);
        }
        Effect::Repeat { every: UnitCount::Spend(every), off, times } => {
            let every = every.minor().max(1);
            let most = times.unwrap_or(u32::MAX).min(offer.limits.per_basket.unwrap_or(u32::MAX));
            let least = least_amount(offer, program, every).unwrap_or(every);
            let count = (least / every).min(i64::from(most));
            takes("repeat", off.minor().saturating_mul(count), every);
        }
        Effect::Steps(steps) => {
            for step in steps {
                if let (UnitCount::Spend(reach), Saving::Amount(off)) = (step.reach, step.save) {
                    takes("steps", off.minor(), reach.minor());
                }
            }
        }
        _ => {}
    }
}

/// Whether something keeps the offer from taking as much as its figures say.
fn is_bounded(offer: &Offer, program: &Program) -> bool {
    let terms = &offer.terms;
    program.maximum_discount.is_some_and(|most| most <= VERY_HIGH) && !offer.guard_exempt
        || terms.cap.is_some()
        || offer.limits.budget.is_some()
        || terms.units.is_some()
        || terms.floor_unit_price.is_some()
        || terms.floor_line.is_some()
        || terms.floor_sku.is_some()
}

/// The least amount of the lines that it lowers at which an offer gives, where its effect asks for an amount of its own
/// (or 0). None where other lines are counted than lowered, or other amounts than those at hand.
fn least_amount(offer: &Offer, program: &Program, own: i64) -> Option<i64> {
    if offer.target.as_ref().is_some_and(|target| **target != offer.buy) {
        return None;
    }
    let asked = match offer.threshold {
        None => 0,
        Some(threshold) => {
            let at_hand = threshold.at == AmountAt::Running
                && threshold.tax.is_none_or(|tax| tax == program.price_mode);
            match threshold.reach {
                _ if !at_hand => return None,
                UnitCount::Spend(amount) => amount.minor(),
                UnitCount::Units(_) | UnitCount::Weight(_) => 0,
            }
        }
    };
    Some(own.max(asked)).filter(|least| *least > 0)
}

/// More than nine tenths.
fn is_most(off: i64, of: i64) -> bool {
    i128::from(off) * 10 > i128::from(of) * 9
}
