//! What a little more in the basket would save (docs/pricing.md, rule 13).

mod trials;
mod units;

use suanpan_domain::quote::{Missing, NearMiss};
use suanpan_domain::{Basket, LineKind, Member, Money, OfferRef, Quote, Rate, Reason, Usage, divide_i128};
use suanpan_program::model::{AmountPer, Effect, OffAmount, SaveStep, Saving, ShippingEffect, UnitCount};

use crate::compile::{Compiled, CompiledOffer};
use crate::gather::Gathered;
use crate::ground::SET_BUY;
use crate::record::Record;
use trials::{Trials, Tried, Wish};

/// An offer that would give something, or more, for a little more.
#[derive(Clone, Copy)]
struct Near {
    source: OfferRef,
    /// The first of its sets of lines.
    sets: u32,
    missing: Missing,
    /// What it gives now, where it gives something.
    applied: Option<i64>,
}

/// Fills the near misses: offers that lack nothing but their threshold, the next step or multiple of those that are applied,
/// the next group of those that form groups.
pub(crate) fn near_misses(
    compiled: &Compiled,
    basket: &Basket,
    member: Option<&Member>,
    usage: Option<&Usage>,
    gathered: &Gathered,
    record: &Record,
    quote: &mut Quote,
) {
    let mut found: Vec<NearMiss> = Vec::new();
    let mut trials = Trials::new(compiled, basket, member, usage, gathered);
    for near in executed(gathered, record).chain(refused(gathered, quote)) {
        let OfferRef::Program(place) = near.source else { continue };
        let offer = &compiled.offers[place as usize];
        if near.missing == Missing::Nothing || !offer.candidate.lowers {
            continue;
        }
        // Presentations of one offer lack the same.
        if found.iter().any(|other| other.offer == near.source) {
            continue;
        }
        let figure = saving_of(compiled, basket, offer, near.applied);
        let tried = Wish::of_missing(&trials, near).and_then(|wish| match (&offer.effect, figure) {
            (Effect::Gift { .. }, Some(worth)) => {
                let lost = trials.lost_for(quote, near.source, wish)?;
                Some(lost.map_or(0, |lost| worth - lost))
            }
            _ => trials.saving_when_reached(quote, near.source, wish),
        });
        // Other offers may keep it out, or it them; a budget or the guard may cut it.
        let saving = match (figure, tried) {
            (Some(figure), Some(tried)) => figure.min(tried),
            (Some(saving), None) | (None, Some(saving)) => saving,
            (None, None) => continue,
        };
        let Some((missing, saving)) = on_the_shelf(&mut trials, quote, offer, near, saving) else { continue };
        found.push(NearMiss { offer: near.source, missing, saving: Money::from_minor(saving) });
    }
    units::near_misses(&mut trials, record, quote, &mut found);
    found.retain(|near| near.saving > Money::ZERO);
    found.sort_by_key(|near| (std::cmp::Reverse(near.saving), near.offer));
    quote.near_misses.clear();
    for near in found {
        if quote.near_misses.iter().all(|other| other.offer != near.offer) {
            quote.near_misses.push(near);
        }
    }
}

/// What has to be spent by the prices on the shelf, and what that saves at least: what an offer lacks is measured on what runs,
/// and what is added may be lowered like the rest. None where that does not reach it.
fn on_the_shelf(
    trials: &mut Trials<'_>,
    quote: &Quote,
    offer: &CompiledOffer,
    near: Near,
    saving: i64,
) -> Option<(Missing, i64)> {
    let line = trials.cheapest(trials.set(near.sets as usize + SET_BUY), false);
    let (Missing::Amount(short), Some(line), true) = (near.missing, line, saving > 0) else {
        return Some((near.missing, saving));
    };
    let gift = matches!(offer.effect, Effect::Gift { .. });
    let given = near.applied.unwrap_or(0);
    let gives = |tried: &Tried| if gift { tried.applies } else { tried.amount > given };
    let (amount, tried) = trials.enough(quote, (near.source, line), short.minor(), gives)?;
    let more = if gift { offer.terms.worth.minor() } else { tried.amount - given };
    Some((Missing::Amount(Money::from_minor(amount)), saving.min(more - tried.lost)))
}

/// Candidates that were kept: what they lack is measured when they executed.
fn executed(gathered: &Gathered, record: &Record) -> impl Iterator<Item = Near> {
    gathered.candidates.iter().zip(&record.given).filter_map(|(candidate, given)| {
        let given = given.as_ref()?;
        let gives = given.times > 0;
        (gives || given.reason == Some(Reason::ThresholdNotMet)).then(|| Near {
            source: candidate.source,
            sets: candidate.sets,
            missing: given.missing,
            applied: gives.then_some(given.amount),
        })
    })
}

/// Offers that were no candidates for want of their threshold; their rows come after those of the candidates.
fn refused(gathered: &Gathered, quote: &Quote) -> impl Iterator<Item = Near> {
    let rows = &quote.offers[gathered.candidates.len()..];
    gathered.refused.iter().zip(rows).filter_map(|(refused, row)| {
        let sets = refused.near.filter(|_| row.reason == Some(Reason::ThresholdNotMet))?;
        Some(Near { source: refused.source, sets, missing: row.missing, applied: None })
    })
}

/// What reaching the threshold, or the next step, would save at least, where the offer's figures say it. They do where
/// all that is counted is lowered, and nothing but a cap bounds it.
fn saving_of(
    compiled: &Compiled,
    basket: &Basket,
    offer: &CompiledOffer,
    applied: Option<i64>,
) -> Option<i64> {
    let terms = &offer.terms;
    let bounded = offer.target.is_some()
        || terms.units.is_some()
        || terms.floor_unit_price.is_some()
        || terms.floor_line.is_some()
        || terms.floor_sku.is_some();
    if bounded && !matches!(offer.effect, Effect::Gift { .. }) {
        return None;
    }
    let cap = terms.cap.map_or(i64::MAX, Money::minor);
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
        Effect::Gift { .. } => terms.worth.minor(),
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
