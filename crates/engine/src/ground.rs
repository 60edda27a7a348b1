//! Everything about one basket that stays the same while choices are compared.

use suanpan_domain::{Basket, Money, OfferRef};
use suanpan_program::model::{AllocationMethod, AllocationWeight, Terms};

use crate::compile::{Compiled, CompiledOffer};
use crate::lines::{LineFacts, Lines};

/// One presentation of an offer (or a manual discount) whose conditions hold. Candidates stand in the order of
/// execution; their place is their name during a quote.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) source: OfferRef,
    /// Layer, sort of source and priority as one number: what executes first has the smallest.
    pub(crate) turn: u64,
    pub(crate) layer: u16,
    pub(crate) priority: i32,
    /// Place of the code that presented it.
    pub(crate) code: Option<u32>,
    /// Place of the paper coupon that presented it.
    pub(crate) paper: Option<u32>,
    pub(crate) leave_out_allowed: bool,
    /// Takes money off or pays; the others give points or benefits.
    pub(crate) lowers: bool,
    pub(crate) tender: bool,
    /// The maximum total discount does not bind it.
    pub(crate) guard_exempt: bool,
    pub(crate) classes: u32,
    /// It has a cap or a budget.
    pub(crate) capped: bool,
    /// What is left of its budget.
    pub(crate) budget_left: i64,
    /// Applications in a basket at most.
    pub(crate) times_max: u32,
    pub(crate) needs_hold: bool,
    /// A `match` offer adds to it.
    pub(crate) matched: bool,
    /// The first of its sets of lines in [`Ground::sets`]: buy, target, then the parts of a bundle.
    pub(crate) sets: u32,
}

impl Candidate {
    /// The turn of an offer of the program, or of a manual discount, which come after them.
    pub(crate) fn turn(layer: u16, manual: bool, priority: i32) -> u64 {
        // The higher the priority, the smaller the number.
        let rising = u32::MAX - (priority as u32 ^ 1 << 31);
        (u64::from(layer) << 1 | u64::from(manual)) << 32 | u64::from(rising)
    }

    /// Whether it was presented.
    pub(crate) fn is_coupon(&self) -> bool {
        self.code.is_some() || self.paper.is_some()
    }
}

/// The fixed ground of a quote.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) compiled: &'a Compiled,
    pub(crate) basket: &'a Basket,
    pub(crate) lines: &'a [LineFacts],
    pub(crate) merged: &'a Lines,
    pub(crate) candidates: &'a [Candidate],
    /// Bit sets of lines, `words` words each.
    pub(crate) sets: &'a [u64],
    pub(crate) words: usize,
    /// Added and included tax rates of each line, summed, in parts per million.
    pub(crate) tax_rates: &'a [LineRates],
    /// Which lines are taxed alike.
    pub(crate) taxes: &'a crate::settle::Taxes,
    /// What all discounts together may take.
    pub(crate) guard: i64,
}

/// Tax rates of a line, summed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineRates {
    pub(crate) included_ppm: i64,
    pub(crate) added_ppm: i64,
}

/// Places of a candidate's sets.
pub(crate) const SET_BUY: usize = 0;
pub(crate) const SET_TARGET: usize = 1;
pub(crate) const SET_PARTS: usize = 2;

static NO_TERMS: Terms = Terms {
    cap: None,
    units: None,
    floor_unit_price: None,
    floor_line: None,
    floor_sku: None,
    worth: Money::ZERO,
    round_at: None,
    min_gain: None,
    basis: suanpan_program::model::PercentBasis::Running,
    all_or_nothing: false,
};

impl<'a> Ground<'a> {
    /// The program's offer behind a candidate; none for a manual discount.
    #[inline]
    pub(crate) fn offer(&self, candidate: usize) -> Option<&'a CompiledOffer> {
        match self.candidates[candidate].source {
            OfferRef::Program(index) => Some(&self.compiled.offers[index as usize]),
            OfferRef::Manual(_) | OfferRef::Code(_) | OfferRef::Paper(_) | OfferRef::Points => None,
        }
    }

    #[inline]
    pub(crate) fn terms(&self, candidate: usize) -> &'a Terms {
        self.offer(candidate).map_or(&NO_TERMS, |offer| &offer.terms)
    }

    /// One of a candidate's sets of lines.
    #[inline]
    pub(crate) fn set(&self, candidate: usize, which: usize) -> &'a [u64] {
        let start = (self.candidates[candidate].sets as usize + which) * self.words;
        &self.sets[start..start + self.words]
    }

    /// Id of a candidate's offer, for ties.
    pub(crate) fn id(&self, candidate: usize) -> &'a str {
        match self.candidates[candidate].source {
            OfferRef::Program(index) => &self.compiled.book.entries[index as usize].id,
            OfferRef::Manual(index) => &self.basket.manual_discounts[index as usize].id,
            OfferRef::Code(_) | OfferRef::Paper(_) | OfferRef::Points => "",
        }
    }

    pub(crate) fn method(&self) -> AllocationMethod {
        self.compiled.allocation().method
    }

    pub(crate) fn weight(&self) -> AllocationWeight {
        self.compiled.allocation().weight
    }
}

/// The places of the bits that are set, ascending.
#[inline]
pub(crate) fn bits(words: &[u64]) -> Bits<'_> {
    Bits { rest: words.first().copied().unwrap_or(0), place: 0, words }
}

/// Iterates the places of bits.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    rest: u64,
    place: usize,
    words: &'a [u64],
}

impl Iterator for Bits<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.rest == 0 {
            self.place += 1;
            self.rest = *self.words.get(self.place)?;
        }
        let bit = self.rest.trailing_zeros() as usize;
        self.rest &= self.rest - 1;
        Some(self.place * 64 + bit)
    }

    /// Word by word: sums and the like need not ask at every bit whether its word is done.
    #[inline]
    fn fold<B, F: FnMut(B, usize) -> B>(self, start: B, mut each: F) -> B {
        let Self { mut rest, mut place, words } = self;
        let mut folded = start;
        loop {
            while rest != 0 {
                folded = each(folded, place * 64 + rest.trailing_zeros() as usize);
                rest &= rest - 1;
            }
            place += 1;
            match words.get(place) {
                Some(word) => rest = *word,
                None => return folded,
            }
        }
    }
}
