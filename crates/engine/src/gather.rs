//! From a basket to the candidates: offers whose conditions hold and that have lines to act on.

mod conditions;
mod presented;
mod sets;
mod view;

use suanpan_domain::{Basket, Member, OfferRef, Reason, Usage};

use crate::compile::{Compiled, LineSymbols};
use crate::ground::{Candidate, LineRates};
use crate::lines::Lines;

use conditions::Visit;
pub(crate) use sets::{convert, counted, reach};

/// What the clock on the wall of the store showed, if the basket's time is one.
type Clock = Option<suanpan_domain::WallClock>;

/// An offer that the basket brought into view and that was refused before any choice was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    pub(crate) source: OfferRef,
    pub(crate) code: Option<u32>,
    pub(crate) paper: Option<u32>,
    pub(crate) reason: Reason,
    pub(crate) missing: suanpan_domain::quote::Missing,
    /// Where only its threshold, or a choice, keeps it from being a candidate: the first of its sets of lines.
    pub(crate) near: Option<u32>,
}

/// An offer in view, before its conditions are known to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presentation {
    pub(crate) offer: u32,
    pub(crate) code: Option<u32>,
    pub(crate) paper: Option<u32>,
    /// When the owned coupon behind it expires; soonest first.
    pub(crate) expires_unix_ms: i64,
    /// Value of the paper coupon; larger first.
    pub(crate) value: i64,
    /// The line that a paper coupon names.
    pub(crate) line: Option<u32>,
}

/// Reusable memory of gathering, and its result.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) lines: Lines,
    pub(crate) rates: Vec<LineRates>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) sets: Vec<u64>,
    pub(crate) words: usize,
    pub(crate) guard: i64,
    symbols: Vec<LineSymbols>,
    flat: Vec<u32>,
    in_view: view::InView,
    presentations: Vec<Presentation>,
    /// Lines that take discounts.
    open: Vec<u64>,
    /// Lines whose price a person changed.
    overridden: Vec<u64>,
    any_overridden: bool,
    /// What an offer without a selector means: goods and services that take discounts.
    merchandise: Vec<u64>,
    merchandise_gross: i64,
}

impl Gathered {
    /// Reads a basket.
    pub(crate) fn read(
        &mut self,
        compiled: &Compiled,
        basket: &Basket,
        member: Option<&Member>,
        usage: Option<&Usage>,
    ) {
        self.lines.read(basket);
        self.words = self.lines.facts.len().div_ceil(64).max(1);
        self.candidates.clear();
        self.refused.clear();
        self.sets.clear();
        self.read_masks();
        self.read_names(compiled, basket);
        self.guard = compiled.program.maximum_discount.map_or(i64::MAX, |share| {
            let gross = self.lines.facts.iter().map(|facts| facts.gross.max(0)).sum();
            share.of(gross, suanpan_domain::Rounding::Down)
        });

        let clock = if compiled.looks_at_clock { basket.business_time.wall_clock() } else { None };
        let tier = member.and_then(|member| compiled.tier_of(member));
        self.bring_into_view(compiled, basket, member, tier);
        let visit = Visit::new(compiled, basket, member, usage, clock, tier);
        self.visit_all(&visit);
        self.add_manual(compiled, basket);
        self.order(basket);
        self.order_refused(basket);
    }

    /// Notes which lines take discounts, are merchandise, and have prices that a person changed.
    fn read_masks(&mut self) {
        let Self { lines, open, merchandise, overridden, .. } = self;
        for masks in [&mut *open, &mut *merchandise, &mut *overridden] {
            masks.clear();
            masks.resize(self.words, 0);
        }
        (self.merchandise_gross, self.any_overridden) = (0, false);
        for (word, lines) in lines.facts.chunks(64).enumerate() {
            let (mut opened, mut meant, mut changed) = (0_u64, 0_u64, 0_u64);
            for (place, facts) in lines.iter().enumerate() {
                let is_meant = facts.open && facts.is_merchandise();
                opened |= u64::from(facts.open) << place;
                meant |= u64::from(is_meant) << place;
                changed |= u64::from(facts.overridden) << place;
                self.merchandise_gross += if is_meant { facts.gross } else { 0 };
            }
            (open[word], merchandise[word], overridden[word]) = (opened, meant, changed);
            self.any_overridden |= changed != 0;
        }
    }

    /// Looks up what the program calls each line, and sums its tax rates.
    fn read_names(&mut self, compiled: &Compiled, basket: &Basket) {
        let Self { lines, symbols, flat, rates, .. } = self;
        symbols.clear();
        flat.clear();
        rates.clear();
        rates.resize(lines.facts.len(), LineRates::default());
        let mut last = ("", (0, 0));
        symbols.extend(lines.facts.iter().zip(rates).map(|(facts, rates)| {
            let line = &basket.lines[facts.first as usize];
            for tax in &line.taxes {
                let sum = if tax.included { &mut rates.included_ppm } else { &mut rates.added_ppm };
                *sum += tax.rate.ppm();
            }
            compiled.symbols.read(line, &mut last, flat)
        }));
    }

    /// Order of execution: layer, the program's offers before manual discounts, priority, id.
    fn order(&mut self, basket: &Basket) {
        let manual_id = |place: u32| &basket.manual_discounts[place as usize].id;
        let order = |a: &Candidate, b: &Candidate| {
            a.turn.cmp(&b.turn).then_with(|| match (a.source, b.source) {
                (OfferRef::Manual(x), OfferRef::Manual(y)) => manual_id(x).cmp(manual_id(y)),
                // The book is sorted by id, so an index stands for the id.
                (x, y) => x.cmp(&y),
            })
        };
        // Stable: presentations of one offer were gathered in their order.
        if !self.candidates.is_sorted_by(|a, b| order(a, b).is_le()) {
            self.candidates.sort_by(order);
        }
    }

    /// Refused offers by id (the book is sorted by id, so by reference), unknown codes and papers by their text.
    fn order_refused(&mut self, basket: &Basket) {
        let code = |refused: &Refused| match (refused.source, refused.code, refused.paper) {
            (_, Some(code), _) => Some(basket.codes[code as usize].as_str()),
            (OfferRef::Paper(paper), ..) => Some(basket.paper_coupons[paper as usize].code.as_str()),
            _ => None,
        };
        let order = |a: &Refused, b: &Refused| {
            let by_offer = match (a.source, b.source) {
                (OfferRef::Program(x), OfferRef::Program(y)) => x.cmp(&y),
                (OfferRef::Code(_), OfferRef::Code(_)) | (OfferRef::Paper(_), OfferRef::Paper(_)) => {
                    std::cmp::Ordering::Equal
                }
                (x, y) => x.cmp(&y),
            };
            by_offer.then_with(|| {
                code(a)
                    .cmp(&code(b))
                    .then(a.reason.cmp(&b.reason))
                    .then(a.paper.cmp(&b.paper))
                    .then(a.code.cmp(&b.code))
            })
        };
        // Mostly each is another offer of the program, and they were gathered by id.
        let ascends = |a: &Refused, b: &Refused| match (a.source, b.source) {
            (OfferRef::Program(x), OfferRef::Program(y)) => x < y,
            _ => false,
        };
        if !self.refused.is_sorted_by(ascends) {
            self.refused.sort_unstable_by(order);
        }
    }
}
