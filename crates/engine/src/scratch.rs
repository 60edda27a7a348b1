//! Memory that quotes reuse.

use suanpan_domain::{Basket, Member, OfferBook, Quote, Usage};

use crate::compile::Compiled;
use crate::evaluate::evaluate;
use crate::execute::Work;
use crate::gather::Gathered;
use crate::ground::Ground;
use crate::record::Record;
use crate::select::Selected;
use crate::state::State;
use crate::{explain, select, settle};

/// Working memory of one thread. It grows to what the largest basket needed and holds nothing of a basket that
/// another one could see.
#[derive(Debug, Default)]
pub struct Scratch {
    gathered: Gathered,
    state: State,
    work: Work,
    record: Record,
    selected: Selected,
    taxes: settle::Taxes,
    settling: settle::Settling,
}

impl Scratch {
    /// Empty memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Compiled {
    /// The offers, as quotes refer to them.
    #[must_use]
    pub fn offers(&self) -> &OfferBook {
        &self.book
    }

    /// The program that was compiled; its offers are sorted by id.
    #[must_use]
    pub fn program(&self) -> &suanpan_program::model::Program {
        &self.program
    }

    /// Prices a basket into `quote`, and says what a little more would save.
    ///
    /// Like [`Compiled::quote`], with [`Quote::near_misses`] filled: largest saving first.
    pub fn quote_with_near_misses(
        &self,
        basket: &Basket,
        member: Option<&Member>,
        usage: Option<&Usage>,
        scratch: &mut Scratch,
        quote: &mut Quote,
    ) {
        self.quote(basket, member, usage, scratch, quote);
        explain::near_misses(self, basket, member, usage, &scratch.gathered, &scratch.record, quote);
    }

    /// Prices a basket into `quote`.
    ///
    /// `member` is `None` for guests; `usage` is `None` when no chain-wide counter is known. The basket has passed the
    /// checks at the edge: ids are unique, amounts within the limits of `suanpan_domain::limits`.
    pub fn quote(
        &self,
        basket: &Basket,
        member: Option<&Member>,
        usage: Option<&Usage>,
        scratch: &mut Scratch,
        quote: &mut Quote,
    ) {
        let Scratch { gathered, state, work, record, selected, taxes, settling } = scratch;
        gathered.read(self, basket, member, usage);
        taxes.read(&self.program.tax, basket, &gathered.lines.facts);
        let ground = Ground {
            compiled: self,
            basket,
            lines: &gathered.lines.facts,
            merged: &gathered.lines,
            candidates: &gathered.candidates,
            sets: &gathered.sets,
            words: gathered.words,
            tax_rates: &gathered.rates,
            taxes,
            guard: gathered.guard,
        };
        select::begin(&ground, selected);
        loop {
            select::choose(&ground, state, work, selected);
            record.begin(&ground);
            evaluate(&ground, selected.choice(), state, work, record);
            if !select::stands(&ground, member, state, work, selected) {
                record.begin(&ground);
                evaluate(&ground, selected.choice(), state, work, record);
            }
            select::account(&ground, state, work, selected);
            settle::settle(&ground, member, state, record, selected, settling, quote);
            // What earns nothing holds no place and uses up no coupon: the others are chosen again without it.
            if !settling.drop_what_earns_nothing(&ground, member, state, selected) {
                break;
            }
        }
        quote.near_misses.clear();
        explain::account(&ground, &gathered.refused, record, selected, settling.offer_points(), quote);
    }
}
