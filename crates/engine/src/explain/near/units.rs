//! Sets, bundles, every nth unit, buy and get: how many more units complete the next group.

use suanpan_domain::quote::{Missing, NearMiss};
use suanpan_domain::{Money, OfferRef, Quantity, Quote, Reason};
use suanpan_program::model::{Effect, UnitCount};

use super::trials::{Trials, Wish};
use crate::ground::{SET_BUY, SET_PARTS, SET_TARGET, bits};
use crate::record::Record;

/// Adds the near misses of effects on units.
pub(super) fn near_misses(
    trials: &mut Trials<'_>,
    record: &Record,
    quote: &Quote,
    found: &mut Vec<NearMiss>,
) {
    let mut seen = Vec::new();
    for (candidate, given) in record.given.iter().enumerate() {
        let source = trials.gathered.candidates[candidate].source;
        let (Some(given), OfferRef::Program(place)) = (given, source) else { continue };
        let waits = given.times > 0 || given.reason == Some(Reason::NoCompleteGroup);
        if !waits || seen.contains(&source) {
            continue;
        }
        seen.push(source);
        let effect = &trials.compiled.offers[place as usize].effect;
        let begun = Begun { trials, candidate, times: times_of(quote, source) };
        for wish in begun.wishes(effect).into_iter().flatten() {
            let saving = trials.saving(quote, source, wish);
            if saving > 0 {
                found.push(NearMiss {
                    offer: source,
                    missing: Missing::Quantity(Quantity::from_milli(wish.milli)),
                    saving: Money::from_minor(saving),
                });
                break;
            }
        }
    }
}

fn times_of(quote: &Quote, source: OfferRef) -> i64 {
    quote.offers.iter().filter(|row| row.offer == source).map(|row| i64::from(row.times)).sum()
}

/// A group that has begun.
struct Begun<'a, 't> {
    trials: &'a Trials<'t>,
    candidate: usize,
    /// How many groups are formed.
    times: i64,
}

impl Begun<'_, '_> {
    /// What the next group may lack, where an article in the basket can fill it: the least first.
    fn wishes(&self, effect: &Effect) -> [Option<Wish>; 2] {
        match effect {
            Effect::NthUnit { group_size: size, .. } | Effect::SetPrice { units: size, .. } => {
                [self.rest_of(SET_TARGET, *size), None]
            }
            Effect::BuyGet { buy: UnitCount::Units(buy), get_units, .. } => {
                [self.bought(*buy, *get_units), None]
            }
            Effect::BuyGet { buy: UnitCount::Spend(every), get_units, .. } => {
                let line = self.trials.cheapest(self.set(SET_BUY), false);
                self.spent(every.minor(), *get_units, line)
            }
            Effect::BuyGet { buy: UnitCount::Weight(every), get_units, .. } => {
                let weight =
                    self.lines(SET_BUY).filter(|facts| facts.weighed).map(|facts| facts.quantity_milli);
                let lacking = every.milli().saturating_mul(self.times + 1) - weight.sum::<i64>();
                [
                    self.with_all_to_get(*get_units, || {
                        let line = self.trials.cheapest(self.set(SET_BUY), true)?;
                        Some(Wish { line, milli: lacking }).filter(|wish| wish.milli > 0)
                    }),
                    None,
                ]
            }
            Effect::Bundle { parts, .. } => {
                let parts = parts.iter().enumerate();
                [self.only_one_lacks(parts.map(|(place, part)| (SET_PARTS + place, part.units))), None]
            }
            _ => [None, None],
        }
    }

    fn set(&self, which: usize) -> &[u64] {
        self.trials.set(self.trials.gathered.candidates[self.candidate].sets as usize + which)
    }

    fn lines(&self, which: usize) -> impl Iterator<Item = &crate::lines::LineFacts> {
        bits(self.set(which)).map(|line| &self.trials.gathered.lines.facts[line])
    }

    fn count(&self, which: usize) -> i64 {
        self.lines(which).map(|facts| facts.units).sum()
    }

    fn bought(&self, buy: i64, get_units: i64) -> Option<Wish> {
        if self.set(SET_BUY) == self.set(SET_TARGET) {
            return self.rest_of(SET_TARGET, buy.checked_add(get_units)?);
        }
        self.only_one_lacks([(SET_BUY, buy), (SET_TARGET, get_units)].into_iter())
    }

    /// What lacks to spend once more, and where the units to get are among those that are bought, these as well.
    fn spent(&self, every: i64, get_units: i64, line: Option<usize>) -> [Option<Wish>; 2] {
        let Some(line) = line else { return [None, None] };
        let spent: i64 = self.lines(SET_BUY).map(|facts| facts.gross).sum();
        let lacking = every.saturating_mul(self.times + 1) - spent;
        let units = self.trials.units_for(line, lacking.max(1));
        let wish = |units: i64| Some(Wish { line, milli: units.checked_mul(1_000)? });
        if self.set(SET_BUY) == self.set(SET_TARGET) {
            return [units.and_then(wish), units.and_then(|units| wish(units.checked_add(get_units)?))];
        }
        [self.with_all_to_get(get_units, || units.and_then(wish)), None]
    }

    /// A wish for what has to be bought, where what there is to get once more is there.
    fn with_all_to_get(&self, get_units: i64, wish: impl Fn() -> Option<Wish>) -> Option<Wish> {
        let needed = get_units.checked_mul(self.times + 1)?;
        (self.count(SET_TARGET) >= needed).then(wish).flatten()
    }

    /// What groups of equal parts lack, where one has begun.
    fn rest_of(&self, which: usize, size: i64) -> Option<Wish> {
        let rest = self.count(which).checked_rem(size).filter(|rest| *rest > 0)?;
        self.more(which, size - rest)
    }

    /// What one more of all parts lacks, where it is units of one part alone.
    fn only_one_lacks(&self, parts: impl Iterator<Item = (usize, i64)>) -> Option<Wish> {
        let lacking = |(which, units): (usize, i64)| {
            let needed = units.checked_mul(self.times + 1)?;
            Some((which, (needed - self.count(which)).max(0)))
        };
        let mut found = None;
        for part in parts {
            let (which, units) = lacking(part)?;
            if units > 0 && found.replace((which, units)).is_some() {
                return None;
            }
        }
        found.and_then(|(which, units)| self.more(which, units))
    }

    /// More of the cheapest article that is there.
    fn more(&self, which: usize, units: i64) -> Option<Wish> {
        let line = self.trials.cheapest(self.set(which), false)?;
        Some(Wish { line, milli: units.checked_mul(1_000)? })
    }
}
