//! Sets, bundles, every nth unit, buy and get: what a few more units would bring is found by pricing the basket with
//! them (docs/pricing.md, rule 13).

use suanpan_domain::limits::{AMOUNT_MINOR_MAX, QUANTITY_MILLI_MAX};
use suanpan_domain::quote::{Missing, NearMiss};
use suanpan_domain::{Basket, LinePrice, Member, Money, OfferRef, Quantity, Quote, Reason, Rounding, Usage};
use suanpan_program::model::{Effect, UnitCount};

use crate::compile::Compiled;
use crate::gather::Gathered;
use crate::ground::{SET_BUY, SET_PARTS, SET_TARGET, bits};
use crate::record::Record;
use crate::scratch::Scratch;

/// Baskets that are priced to find near misses, at most; each may cost a search.
const TRIALS_MAX: usize = 16;

/// So many more units of a line.
#[derive(Clone, Copy)]
struct Wish {
    line: usize,
    units: i64,
}

/// Adds the near misses of effects on units.
pub(super) fn near_misses(
    compiled: &Compiled,
    basket: &Basket,
    member: Option<&Member>,
    usage: Option<&Usage>,
    gathered: &Gathered,
    record: &Record,
    quote: &mut Quote,
) {
    let mut seen = Vec::new();
    let mut trials = None;
    for (candidate, given) in record.given.iter().enumerate() {
        let source = gathered.candidates[candidate].source;
        let (Some(given), OfferRef::Program(place)) = (given, source) else { continue };
        let waits = given.times > 0 || given.reason == Some(Reason::NoCompleteGroup);
        if !waits || seen.contains(&source) {
            continue;
        }
        seen.push(source);
        let begun = Begun { basket, gathered, candidate, times: times_of(quote, source) };
        let Some(wish) = begun.wish(&compiled.offers[place as usize].effect) else { continue };
        let trials = trials.get_or_insert_with(|| Trials {
            basket: basket.clone(),
            scratch: Scratch::new(),
            quote: Quote::default(),
            left: TRIALS_MAX,
        });
        if trials.left == 0 {
            break;
        }
        let Some(with) = trials.amount(compiled, member, usage, gathered, wish, source) else { continue };
        let saving = with - amount_of(quote, source);
        if saving > 0 {
            quote.near_misses.push(NearMiss {
                offer: source,
                missing: Missing::Quantity(Quantity::from_units(wish.units)),
                saving: Money::from_minor(saving),
            });
        }
    }
}

fn times_of(quote: &Quote, source: OfferRef) -> i64 {
    quote.offers.iter().filter(|row| row.offer == source).map(|row| i64::from(row.times)).sum()
}

fn amount_of(quote: &Quote, source: OfferRef) -> i64 {
    quote.offers.iter().filter(|row| row.offer == source).map(|row| row.amount.minor()).sum()
}

/// The basket, to be priced with a little more in it.
struct Trials {
    basket: Basket,
    scratch: Scratch,
    quote: Quote,
    left: usize,
}

impl Trials {
    /// What the offer would give; none where the basket would pass a limit.
    fn amount(
        &mut self,
        compiled: &Compiled,
        member: Option<&Member>,
        usage: Option<&Usage>,
        gathered: &Gathered,
        wish: Wish,
        source: OfferRef,
    ) -> Option<i64> {
        self.left -= 1;
        let request = gathered.lines.facts[wish.line].first as usize;
        let before = self.basket.lines[request].quantity;
        let quantity = before.milli().checked_add(wish.units.checked_mul(1_000)?)?;
        let LinePrice::Unit(price) = self.basket.lines[request].price else { return None };
        let gross: i64 = gathered.lines.facts.iter().map(|facts| facts.gross.max(0)).sum();
        let more = price.times(Quantity::from_units(wish.units), Rounding::Up).minor();
        if quantity > QUANTITY_MILLI_MAX || more > AMOUNT_MINOR_MAX - gross.min(AMOUNT_MINOR_MAX) {
            return None;
        }
        self.basket.lines[request].quantity = Quantity::from_milli(quantity);
        compiled.quote(&self.basket, member, usage, &mut self.scratch, &mut self.quote);
        self.basket.lines[request].quantity = before;
        Some(amount_of(&self.quote, source))
    }
}

/// A group that has begun.
struct Begun<'a> {
    basket: &'a Basket,
    gathered: &'a Gathered,
    candidate: usize,
    /// How many groups are formed.
    times: i64,
}

impl Begun<'_> {
    /// What the next group lacks, where an article in the basket can fill it.
    fn wish(&self, effect: &Effect) -> Option<Wish> {
        match effect {
            Effect::NthUnit { group_size: size, .. } | Effect::SetPrice { units: size, .. } => {
                self.rest_of(SET_TARGET, *size)
            }
            Effect::BuyGet { buy: UnitCount::Units(buy), get_units, .. } => {
                if self.set(SET_BUY) == self.set(SET_TARGET) {
                    return self.rest_of(SET_TARGET, buy.checked_add(*get_units)?);
                }
                self.only_one_lacks([(SET_BUY, *buy), (SET_TARGET, *get_units)].into_iter())
            }
            Effect::Bundle { parts, .. } => {
                let parts = parts.iter().enumerate();
                self.only_one_lacks(parts.map(|(place, part)| (SET_PARTS + place, part.units)))
            }
            _ => None,
        }
    }

    fn set(&self, which: usize) -> &[u64] {
        let Gathered { sets, words, candidates, .. } = self.gathered;
        let start = (candidates[self.candidate].sets as usize + which) * words;
        &sets[start..start + words]
    }

    fn count(&self, which: usize) -> i64 {
        bits(self.set(which)).map(|line| self.gathered.lines.facts[line].units).sum()
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

    /// More of the cheapest article that is there, the first of equals.
    fn more(&self, which: usize, units: i64) -> Option<Wish> {
        let facts = &self.gathered.lines.facts;
        let lines = bits(self.set(which)).filter(|&line| {
            let unit_priced =
                matches!(self.basket.lines[facts[line].first as usize].price, LinePrice::Unit(_));
            unit_priced && facts[line].open && !facts[line].weighed && !facts[line].overridden
        });
        lines.min_by_key(|&line| (facts[line].requested_micro, line)).map(|line| Wish { line, units })
    }
}
