//! What a little more in the basket would save.

mod units;

use suanpan_domain::quote::{Missing, NearMiss};
use suanpan_domain::{Basket, LineKind, Member, Money, OfferRef, Quote, Rate, Usage, divide_i128};
use suanpan_program::model::{AmountPer, Effect, OffAmount, SaveStep, Saving, ShippingEffect, UnitCount};

use crate::compile::{Compiled, CompiledOffer};
use crate::gather::Gathered;
use crate::record::Record;

/// Fills the near misses: offers that lack nothing but their threshold, and the next step of those that are applied.
pub(crate) fn near_misses(
    compiled: &Compiled,
    basket: &Basket,
    member: Option<&Member>,
    usage: Option<&Usage>,
    gathered: &Gathered,
    record: &Record,
    quote: &mut Quote,
) {
    quote.near_misses.clear();
    // What the quote says of them is measured when they would have executed.
    let rows: Vec<(OfferRef, Missing)> = quote
        .offers
        .iter()
        .filter(|row| row.reason == Some(suanpan_domain::Reason::ThresholdNotMet) && !row.applied)
        .map(|row| (row.offer, row.missing))
        .collect();
    let refused = rows.into_iter().map(|(offer, missing)| (offer, missing, None));
    let executed = record.given.iter().enumerate().filter_map(|(candidate, given)| {
        let given = given.as_ref().filter(|given| given.times > 0)?;
        let applied = (given.times > 0).then_some(given.amount);
        Some((gathered.candidates[candidate].source, given.missing, applied))
    });
    for (source, missing, applied) in refused.chain(executed) {
        let OfferRef::Program(place) = source else { continue };
        if missing == Missing::Nothing {
            continue;
        }
        let offer = &compiled.offers[place as usize];
        let saving = saving_of(compiled, basket, offer, applied);
        if let Some(saving) = saving.filter(|saving| *saving > 0) {
            quote.near_misses.push(NearMiss { offer: source, missing, saving: Money::from_minor(saving) });
        }
    }
    units::near_misses(compiled, basket, member, usage, gathered, record, quote);
    quote.near_misses.sort_by_key(|near| (std::cmp::Reverse(near.saving), near.offer));
    quote.near_misses.dedup_by_key(|near| near.offer);
}

/// What reaching the threshold, or the next step, would save at least.
fn saving_of(
    compiled: &Compiled,
    basket: &Basket,
    offer: &CompiledOffer,
    applied: Option<i64>,
) -> Option<i64> {
    let cap = offer.terms.cap.map_or(i64::MAX, Money::minor);
    let percent = |rate: Rate, reach: UnitCount| match reach {
        UnitCount::Spend(amount) => {
            let exact = i128::from(amount.minor()) * i128::from(rate.ppm());
            Some(divide_i128(exact, 1_000_000, compiled.rounding()) as i64)
        }
        UnitCount::Units(_) | UnitCount::Weight(_) => None,
    };
    let saving = match &offer.effect {
        Effect::AmountOff { amount: OffAmount::Fixed(amount), per: AmountPer::Basket } => amount.minor(),
        Effect::PercentOff(rate) => percent(*rate, offer.threshold?.reach)?,
        Effect::Steps(steps) => next_step(steps, applied, percent)?,
        Effect::Repeat { off, .. } => off.minor(),
        Effect::Shipping(ShippingEffect::Free) => basket
            .lines
            .iter()
            .filter(|line| line.kind == LineKind::Shipping)
            .map(|line| match line.price {
                suanpan_domain::LinePrice::Unit(price) => {
                    price.times(line.quantity, suanpan_domain::Rounding::HalfUp).minor()
                }
                suanpan_domain::LinePrice::Total(total) => total.minor(),
            })
            .sum(),
        Effect::Gift { .. } => offer.terms.worth.minor(),
        _ => return None,
    };
    Some(saving.min(cap))
}

/// How much more the next higher saving gives than what was given.
fn next_step(
    steps: &[SaveStep],
    applied: Option<i64>,
    percent: impl Fn(Rate, UnitCount) -> Option<i64>,
) -> Option<i64> {
    let given = applied.unwrap_or(0);
    steps
        .iter()
        .filter_map(|step| match step.save {
            Saving::Amount(amount) => Some(amount.minor()),
            Saving::Percent(rate) => percent(rate, step.reach),
        })
        .find(|saving| *saving > given)
        .map(|saving| saving - given)
}
