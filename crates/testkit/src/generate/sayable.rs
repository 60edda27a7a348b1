//! Programs that a program file can say: what it cannot is taken out of what was made at random.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use suanpan_domain::{Money, OfferKind};
use suanpan_program::model::{CodeKind, DayOrTime, Effect, Offer, Program, Selection, Selector, Terms, When};

/// Makes a program such that writing and reading it gives the same.
pub(super) fn sayable(program: &mut Program) {
    for offer in &mut program.offers {
        self::offer(offer);
    }
    for except in [
        program.points.earn.as_mut().and_then(|earn| earn.except.as_mut()),
        program.points.offset.as_mut().and_then(|offset| offset.except.as_mut()),
    ] {
        except.into_iter().for_each(selector);
    }
    for rule in &mut program.combine {
        once(&mut rule.not_with);
    }
    if program.points.earn.is_none() {
        program.points.tier_times.clear();
    }
    if let Some(offset) = &mut program.points.offset {
        // The smallest use is a point, and a multiple of the step.
        let step = offset.step.max(1);
        offset.at_least = (offset.at_least.max(1) + step - 1) / step * step;
    }
    // A file lists them by kind.
    let tier = |offer: &Offer| program.tiers.iter().position(|tier| offer.id == format!("tier:{}", tier.id));
    program.offers.sort_by_key(|offer| match offer.kind {
        OfferKind::Tier => (0, tier(offer)),
        OfferKind::PriceList => (1, None),
        OfferKind::Promotion => (2, None),
        OfferKind::Coupon | OfferKind::Manual => (3, None),
    });
}

/// Each item once, in the order in which they stand.
fn once<T: Clone + Ord>(items: &mut Vec<T>) {
    let mut seen = BTreeSet::new();
    items.retain(|item| seen.insert(item.clone()));
}

fn selection(selection: &mut Selection) {
    selector(&mut selection.selector);
}

fn selector(of: &mut Selector) {
    match of {
        Selector::Everything | Selector::Price { .. } => {}
        Selector::Sku(texts) | Selector::Category(texts) | Selector::Brand(texts) | Selector::Tag(texts) => {
            once(texts);
        }
        Selector::Kind(kinds) => {
            let mut seen = Vec::new();
            kinds.retain(|kind| {
                !seen.contains(kind) && {
                    seen.push(*kind);
                    true
                }
            });
        }
        Selector::AnyOf(parts) | Selector::AllOf(parts) => parts.iter_mut().for_each(selector),
        Selector::Not(part) => selector(part),
    }
}

fn offer(offer: &mut Offer) {
    selection(&mut offer.buy);
    offer.target.iter_mut().for_each(|target| selection(target));
    match &mut offer.effect {
        Effect::Bundle { parts, .. } => parts.iter_mut().for_each(|part| selection(&mut part.selection)),
        Effect::BuyGet { get, .. } => get.iter_mut().for_each(|get| selection(get)),
        Effect::PriceList(prices) => {
            let mut seen = BTreeSet::new();
            prices.retain(|(sku, _)| seen.insert(sku.clone()));
        }
        Effect::Gift { of, choose, .. } => {
            once(of);
            *choose = (*choose).min(of.len() as u32);
        }
        _ => {}
    }
    terms(offer);
    once(&mut offer.who.tiers);
    once(&mut offer.who.segments);
    once(&mut offer.place.channels);
    once(&mut offer.place.payments);
    if let Some(stores) = &mut offer.place.stores {
        once(&mut stores.ids);
    }
    when(&mut offer.when);
    if let Some(terms) = &mut offer.coupon
        && let CodeKind::Unique { prefix, length } = &mut terms.codes
    {
        // Six characters keep a code from being guessed.
        *length = (*length).max(prefix.len() + 6);
    }
}

/// What has no meaning beside the effect.
fn terms(offer: &mut Offer) {
    if let Effect::PriceList(_) = offer.effect {
        offer.terms = Terms::default().into();
        offer.target = None;
        offer.threshold = None;
    }
    // A floor of nothing is none.
    let some = |floor: Option<Money>| floor.filter(|floor| floor.minor() > 0);
    let floors = Terms {
        floor_unit_price: some(offer.terms.floor_unit_price),
        floor_line: some(offer.terms.floor_line),
        floor_sku: some(offer.terms.floor_sku),
        ..(*offer.terms).clone()
    };
    offer.terms = floors.into();
    let effect = offer.effect.name();
    if !["percent_off", "amount_off", "unit_price"].contains(&effect) && offer.terms.units.is_some() {
        offer.terms.units = None;
    }
    if !["percent_off", "steps"].contains(&effect) {
        let terms = Terms { basis: Default::default(), ..(*offer.terms).clone() };
        offer.terms = terms.into();
    }
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
    if !targeted.contains(&effect) {
        offer.target = None;
    }
    // How much has to be bought is what `buy` of the offer says.
    if matches!(offer.effect, Effect::BuyGet { .. }) {
        offer.threshold = None;
    }
    // Where all units of a group are rewarded there is no position to name.
    if let Effect::NthUnit { reward, group_size, .. } = &mut offer.effect
        && reward.all_units
    {
        reward.nth = *group_size;
        reward.over = Default::default();
    }
}

/// Whole seconds, no end before the beginning, no empty span, each span once.
fn when(when: &mut When) {
    let whole = |at: DayOrTime| match at {
        DayOrTime::Day(date) => DayOrTime::Day(date),
        DayOrTime::Time(time) => DayOrTime::Time(DateTime::from_parts(
            time.date(),
            jiff::civil::time(time.hour(), time.minute(), time.second(), 0),
        )),
    };
    if when.from.is_none() && when.until.is_none() && when.times.is_empty() {
        return;
    }
    when.from = when.from.map(whole);
    when.until = when.until.map(whole);
    if let (Some(DayOrTime::Time(from)), Some(DayOrTime::Time(until))) = (when.from, when.until)
        && until < from
    {
        when.until = None;
    }
    let mut spans = Vec::new();
    when.times.retain(|span| {
        let fresh = span.from_minute != span.until_minute && !spans.contains(span);
        spans.push(*span);
        fresh
    });
}
