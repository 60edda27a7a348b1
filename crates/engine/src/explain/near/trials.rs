//! What a little more would bring where figures do not say it: the basket is priced again with more of an article that is there.

use super::{Near, SET_BUY};
use crate::compile::Compiled;
use crate::gather::Gathered;
use crate::ground::bits;
use crate::scratch::Scratch;
use suanpan_domain::limits::{AMOUNT_MINOR_MAX, QUANTITY_MILLI_MAX};
use suanpan_domain::quote::Missing;
use suanpan_domain::{
    Basket, Line, LineId, LinePrice, Member, Money, OfferRef, Quantity, Quote, Rounding, Sku, UnitPrice,
    Usage,
};

/// Baskets that are priced to find near misses, at most; each may cost a search.
const TRIALS_MAX: usize = 32;

/// So often more is added until an amount is reached.
const ADDED_MAX: usize = 4;

/// So much more of a line.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) line: usize,
    pub(super) milli: i64,
}

impl Wish {
    /// What a threshold or a step lacks, in units of the cheapest article that it counts, or in weight of the cheapest by weight.
    pub(super) fn of_missing(trials: &Trials<'_>, near: Near) -> Option<Self> {
        let set = trials.set(near.sets as usize + SET_BUY);
        match near.missing {
            Missing::Nothing => None,
            Missing::Weight(weight) => {
                trials.cheapest(set, true).map(|line| Self { line, milli: weight.milli() })
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

/// What came of a basket with more in it, for one offer.
#[derive(Clone, Copy)]
pub(super) struct Tried {
    /// It gives something.
    pub(super) applies: bool,
    /// What it gives now.
    pub(super) amount: i64,
    /// What offers gave before that give nothing any more.
    pub(super) lost: i64,
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

    /// What an offer would give more, less what others that it keeps out gave; nothing where the basket would pass a limit,
    /// or too many were priced.
    pub(super) fn saving(&mut self, quote: &Quote, source: OfferRef, wish: Wish) -> i64 {
        self.tried(quote, wish, source)
            .map_or(0, |tried| tried.amount - amount_of(quote, source) - tried.lost)
    }

    /// The same of an offer that lacks an amount. What is added may be lowered before it counts: then more is added. None
    /// where no basket could be priced.
    pub(super) fn saving_when_reached(
        &mut self,
        quote: &Quote,
        source: OfferRef,
        mut wish: Wish,
    ) -> Option<i64> {
        let given = amount_of(quote, source);
        let mut reached = None;
        for _ in 0..ADDED_MAX {
            let Some(tried) = self.tried(quote, wish, source) else { break };
            if tried.amount > given {
                return Some(tried.amount - given - tried.lost);
            }
            reached = Some(0);
            let quote = self.work.as_ref().map(|work| &work.2);
            let row = quote.and_then(|quote| quote.offers.iter().find(|row| row.offer == source));
            let Some(Missing::Amount(short)) = row.map(|row| row.missing) else { break };
            let more = self.units_for(wish.line, short.minor()).and_then(|units| units.checked_mul(1_000));
            let Some(milli) = more.and_then(|more| wish.milli.checked_add(more)) else { break };
            wish.milli = milli;
        }
        reached
    }

    /// What has to be spent more by the prices on the shelf, and what comes of it: other offers may lower what is added before
    /// it counts. It is spent on something that no offer names, or where that does not count on something like a line. None
    /// where it is not enough after some tries, or no basket could be priced.
    pub(super) fn enough(
        &mut self,
        quote: &Quote,
        (source, line): (OfferRef, usize),
        short: i64,
        is_enough: impl Fn(&Tried) -> bool,
    ) -> Option<(i64, Tried)> {
        for alike in [false, true] {
            let (mut amount, mut short) = (short, short);
            let mut added = amount;
            for _ in 0..ADDED_MAX {
                self.price_amount(line, alike, amount)?;
                let tried = self.come_of(quote, source)?;
                if is_enough(&tried) {
                    return Some((amount, tried));
                }
                let with = &self.work.as_ref()?.2;
                let Missing::Amount(still) = with.offers.iter().find(|row| row.offer == source)?.missing
                else {
                    break;
                };
                let counted = i128::from(short) - i128::from(still.minor());
                if counted <= 0 {
                    break;
                }
                // As much of what is added now will count as of what was added last.
                let exact = i128::from(still.minor()) * i128::from(added);
                added = i64::try_from((exact + counted - 1) / counted).ok()?;
                amount = amount.checked_add(added)?;
                short = still.minor();
            }
        }
        None
    }

    /// Whether an offer whose worth is no amount applies with more, and what others that it keeps out gave. None where no basket
    /// could be priced.
    pub(super) fn lost_for(&mut self, quote: &Quote, source: OfferRef, wish: Wish) -> Option<Option<i64>> {
        self.tried(quote, wish, source).map(|tried| tried.applies.then_some(tried.lost))
    }

    fn tried(&mut self, quote: &Quote, wish: Wish, source: OfferRef) -> Option<Tried> {
        self.price(wish)?;
        self.come_of(quote, source)
    }

    /// What an offer gives in the basket that was priced last, and what others gave before.
    fn come_of(&self, quote: &Quote, source: OfferRef) -> Option<Tried> {
        let with = &self.work.as_ref()?.2;
        let lost = quote.offers.iter().filter(|row| row.offer != source && amount_of(with, row.offer) == 0);
        Some(Tried {
            applies: with.offers.iter().any(|row| row.offer == source && row.applied),
            amount: amount_of(with, source),
            lost: lost.map(|row| row.amount.minor()).sum(),
        })
    }

    /// Prices the basket with more in it; none where it would pass a limit, or too many were priced.
    fn price(&mut self, wish: Wish) -> Option<()> {
        let facts = &self.gathered.lines.facts;
        let request = facts[wish.line].first as usize;
        let before = self.basket.lines[request].quantity;
        let quantity = before.milli().checked_add(wish.milli)?;
        let LinePrice::Unit(price) = self.basket.lines[request].price else { return None };
        let more = price.times(Quantity::from_milli(wish.milli), Rounding::Up).minor();
        if quantity > QUANTITY_MILLI_MAX {
            return None;
        }
        let (compiled, member, usage) = (self.compiled, self.member, self.usage);
        let (basket, scratch, quote) = self.take_trial(more)?;
        basket.lines[request].quantity = Quantity::from_milli(quantity);
        compiled.quote(basket, member, usage, scratch, quote);
        basket.lines[request].quantity = before;
        Some(())
    }

    /// Prices the basket with one more unit for an amount: of something like a line, or that no selector names.
    fn price_amount(&mut self, line: usize, alike: bool, amount: i64) -> Option<()> {
        let request = self.gathered.lines.facts[line].first as usize;
        // Behind all others, so that it is none of them.
        let last = self.basket.lines.iter().map(|line| line.id.as_str()).max()?;
        let id = format!("{last}+");
        let mut more = Line {
            id: LineId::new(&id).ok()?,
            quantity: Quantity::from_units(1),
            weighed: false,
            price: LinePrice::Total(Money::from_minor(amount)),
            legal_minimum: None,
            ..self.basket.lines[request].clone()
        };
        if !alike {
            more.sku = Sku::new(&id).ok()?;
            (more.category, more.brand, more.tags) = (String::new(), String::new(), Vec::new());
        }
        let (compiled, member, usage) = (self.compiled, self.member, self.usage);
        let (basket, scratch, quote) = self.take_trial(amount)?;
        basket.lines.push(more);
        compiled.quote(basket, member, usage, scratch, quote);
        basket.lines.pop();
        Some(())
    }

    /// The basket for a trial that costs so much more; none where it would pass a limit, or too many were priced.
    fn take_trial(&mut self, more: i64) -> Option<&mut (Basket, Scratch, Quote)> {
        let gross: i64 = self.gathered.lines.facts.iter().map(|facts| facts.gross.max(0)).sum();
        if self.left == 0 || more > AMOUNT_MINOR_MAX - gross.min(AMOUNT_MINOR_MAX) {
            return None;
        }
        self.left -= 1;
        let new = || Box::new((self.basket.clone(), Scratch::new(), Quote::default()));
        Some(&mut **self.work.get_or_insert_with(new))
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
