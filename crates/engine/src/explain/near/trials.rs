//! What a little more would bring where figures do not say it: the basket is priced again with more of an article that is there.

use suanpan_domain::limits::{AMOUNT_MINOR_MAX, QUANTITY_MILLI_MAX};
use suanpan_domain::quote::Missing;
use suanpan_domain::{Basket, LinePrice, Member, OfferRef, Quantity, Quote, Rounding, UnitPrice, Usage};
use suanpan_program::model::{Effect, UnitCount};

use super::{Near, SET_BUY};
use crate::compile::{Compiled, CompiledOffer};
use crate::gather::Gathered;
use crate::ground::bits;
use crate::scratch::Scratch;

/// Baskets that are priced to find near misses, at most; each may cost a search.
const TRIALS_MAX: usize = 16;

/// So often more is added until an amount is reached.
const ADDED_MAX: usize = 3;

/// So much more of a line.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) line: usize,
    pub(super) milli: i64,
}

impl Wish {
    /// What a threshold or a step lacks, in units of the cheapest article that it counts, or in weight of the cheapest by weight.
    pub(super) fn of_missing(trials: &Trials<'_>, offer: &CompiledOffer, near: Near) -> Option<Self> {
        let set = trials.set(near.sets as usize + SET_BUY);
        match near.missing {
            Missing::Nothing => None,
            Missing::Quantity(quantity) if is_weight(offer) => {
                trials.cheapest(set, true).map(|line| Self { line, milli: quantity.milli() })
            }
            Missing::Quantity(quantity) => {
                trials.cheapest(set, false).map(|line| Self { line, milli: quantity.milli() })
            }
            Missing::Amount(short) => {
                let line = trials.cheapest(set, false)?;
                Some(Self { line, milli: 1_000 * trials.units_for(line, short.minor())? })
            }
        }
    }
}

/// Whether what an offer counts in quantities is weight.
fn is_weight(offer: &CompiledOffer) -> bool {
    let by_step = match &offer.effect {
        Effect::Steps(steps) => steps.first().map(|step| step.reach),
        Effect::Repeat { every, .. } => Some(*every),
        _ => None,
    };
    let own = offer.threshold.map(|threshold| threshold.reach);
    let counts = |reach: Option<UnitCount>| reach.filter(|reach| !matches!(reach, UnitCount::Spend(_)));
    matches!(counts(own).or(counts(by_step)), Some(UnitCount::Weight(_)))
}

/// The basket, to be priced with a little more in it.
pub(super) struct Trials<'a> {
    pub(super) compiled: &'a Compiled,
    pub(super) gathered: &'a Gathered,
    basket: &'a Basket,
    member: Option<&'a Member>,
    usage: Option<&'a Usage>,
    /// Once one was priced.
    work: Option<Box<(Basket, Scratch, Quote)>>,
    left: usize,
}

impl<'a> Trials<'a> {
    pub(super) fn new(
        compiled: &'a Compiled,
        basket: &'a Basket,
        member: Option<&'a Member>,
        usage: Option<&'a Usage>,
        gathered: &'a Gathered,
    ) -> Self {
        Self { compiled, gathered, basket, member, usage, work: None, left: TRIALS_MAX }
    }

    /// What an offer would give more; nothing where the basket would pass a limit, or too many were priced.
    pub(super) fn saving(&mut self, quote: &Quote, source: OfferRef, wish: Wish) -> i64 {
        self.amount(wish, source).map_or(0, |with| with - amount_of(quote, source))
    }

    /// The same of an offer that lacks an amount. What is added may be lowered before it counts: then more is added.
    pub(super) fn saving_when_reached(&mut self, quote: &Quote, source: OfferRef, mut wish: Wish) -> i64 {
        let given = amount_of(quote, source);
        for _ in 0..ADDED_MAX {
            match self.amount(wish, source) {
                Some(with) if with <= given => {}
                Some(with) => return with - given,
                None => return 0,
            }
            let quote = self.work.as_ref().map(|work| &work.2);
            let row = quote.and_then(|quote| quote.offers.iter().find(|row| row.offer == source));
            let Some(Missing::Amount(short)) = row.map(|row| row.missing) else { return 0 };
            let more = self.units_for(wish.line, short.minor()).and_then(|units| units.checked_mul(1_000));
            let Some(milli) = more.and_then(|more| wish.milli.checked_add(more)) else { return 0 };
            wish.milli = milli;
        }
        0
    }

    /// What it would give.
    fn amount(&mut self, wish: Wish, source: OfferRef) -> Option<i64> {
        let facts = &self.gathered.lines.facts;
        let request = facts[wish.line].first as usize;
        let before = self.basket.lines[request].quantity;
        let quantity = before.milli().checked_add(wish.milli)?;
        let LinePrice::Unit(price) = self.basket.lines[request].price else { return None };
        let gross: i64 = facts.iter().map(|facts| facts.gross.max(0)).sum();
        let more = price.times(Quantity::from_milli(wish.milli), Rounding::Up).minor();
        if self.left == 0
            || quantity > QUANTITY_MILLI_MAX
            || more > AMOUNT_MINOR_MAX - gross.min(AMOUNT_MINOR_MAX)
        {
            return None;
        }
        self.left -= 1;
        let new = || Box::new((self.basket.clone(), Scratch::new(), Quote::default()));
        let (basket, scratch, quote) = &mut **self.work.get_or_insert_with(new);
        basket.lines[request].quantity = Quantity::from_milli(quantity);
        self.compiled.quote(basket, self.member, self.usage, scratch, quote);
        basket.lines[request].quantity = before;
        Some(amount_of(quote, source))
    }

    /// A set of lines by its place.
    pub(super) fn set(&self, place: usize) -> &'a [u64] {
        let Gathered { sets, words, .. } = self.gathered;
        &sets[place * words..(place + 1) * words]
    }

    /// The cheapest article that is there, the first of equals: sold by weight, or else not.
    pub(super) fn cheapest(&self, set: &[u64], weighed: bool) -> Option<usize> {
        let facts = &self.gathered.lines.facts;
        let lines = bits(set).filter(|&line| {
            let unit_priced =
                matches!(self.basket.lines[facts[line].first as usize].price, LinePrice::Unit(_));
            unit_priced && facts[line].open && facts[line].weighed == weighed && !facts[line].overridden
        });
        lines.min_by_key(|&line| (facts[line].requested_micro, line))
    }

    /// How many units of a line cost so much; none where they cost nothing.
    pub(super) fn units_for(&self, line: usize, amount: i64) -> Option<i64> {
        let price = Some(self.gathered.lines.facts[line].requested_micro).filter(|price| *price > 0)?;
        let micro = i128::from(amount) * i128::from(UnitPrice::MICRO_PER_MINOR);
        let units = (micro + i128::from(price) - 1) / i128::from(price);
        i64::try_from(units).ok().filter(|units| *units <= QUANTITY_MILLI_MAX / 1_000)
    }
}

fn amount_of(quote: &Quote, source: OfferRef) -> i64 {
    quote.offers.iter().filter(|row| row.offer == source).map(|row| row.amount.minor()).sum()
}
