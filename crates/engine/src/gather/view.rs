//! Bringing offers into view by the indexes.

use suanpan_domain::{Basket, Member, OfferRef};

use super::{Gathered, Presentation};
use crate::compile::{Compiled, Posting};

/// Which offers are in view, and on which lines a posting already selected them.
#[derive(Debug, Default)]
pub(crate) struct InView {
    /// By offer.
    marks: Vec<Mark>,
    round: u32,
    pub(crate) offers: Vec<u32>,
    /// A row of lines for each offer in view, as bits: those that a posting selects.
    pub(crate) rows: Vec<u64>,
    words: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// The round in which the offer came into view, so that nothing has to be cleared.
    seen: u32,
    /// Its row.
    row: u32,
}

impl InView {
    fn begin(&mut self, offers: usize, words: usize) {
        self.round = self.round.wrapping_add(1);
        if self.marks.len() < offers || self.round == 0 {
            self.marks.clear();
            self.marks.resize(offers, Mark::default());
            self.round = 1;
        }
        self.offers.clear();
        self.rows.clear();
        self.words = words;
    }

    /// Brings an offer into view; gives its row.
    #[inline]
    fn add(&mut self, offer: u32) -> u32 {
        let mark = &mut self.marks[offer as usize];
        if mark.seen != self.round {
            *mark = Mark { seen: self.round, row: self.offers.len() as u32 };
            self.offers.push(offer);
            (0..self.words).for_each(|_| self.rows.push(0));
        }
        mark.row
    }

    /// Brings the offers of postings into view, for lines that are bits of a word.
    #[inline]
    fn post(&mut self, postings: &[Posting], word: usize, lines: u64) {
        for posting in postings {
            let row = self.add(posting.offer) as usize;
            if posting.selects {
                self.rows[row * self.words + word] |= lines;
            }
        }
    }
}

impl Gathered {
    /// Finds every offer that the basket's lines, store, tier, segments and codes bring into view.
    pub(super) fn bring_into_view(
        &mut self,
        compiled: &Compiled,
        basket: &Basket,
        member: Option<&Member>,
        tier: Option<usize>,
    ) {
        let index = &compiled.index;
        self.in_view.begin(compiled.offers.len(), self.words);
        for (word, symbols) in self.symbols.chunks(64).enumerate() {
            let slice = |(start, len): (u32, u32)| &self.flat[start as usize..(start + len) as usize];
            let mut first = 0;
            // Lines that stand side by side often have their categories together.
            for alike in symbols.chunk_by(|a, b| a.categories == b.categories) {
                let lines = u64::MAX >> (64 - alike.len()) << first;
                for &category in slice(alike[0].categories) {
                    self.in_view.post(index.categories.of(category), word, lines);
                }
                for (place, symbols) in alike.iter().enumerate() {
                    let line = 1 << (first + place);
                    if let Some(sku) = symbols.sku {
                        self.in_view.post(index.skus.of(sku), word, line);
                    }
                    if let Some(brand) = symbols.brand {
                        self.in_view.post(index.brands.of(brand), word, line);
                    }
                    if symbols.tags.1 > 0 {
                        for &tag in slice(symbols.tags) {
                            self.in_view.post(index.tags.of(tag), word, line);
                        }
                    }
                }
                first += alike.len();
            }
        }
        for &offer in &index.always {
            self.in_view.add(offer);
        }
        if let Some(list) = basket.store.as_ref().and_then(|store| index.stores.get(store.as_str())) {
            list.iter().for_each(|&offer| _ = self.in_view.add(offer));
        }
        if let Some(member) = member {
            if let Some(list) = tier.and_then(|tier| index.tiers.get(tier)) {
                list.iter().for_each(|&offer| _ = self.in_view.add(offer));
            }
            for segment in &member.segments {
                if let Some(list) = index.segments.get(segment.as_str()) {
                    list.iter().for_each(|&offer| _ = self.in_view.add(offer));
                }
            }
        }
        self.presentations.clear();
        // By id from the beginning, so that what follows rarely has to be sorted.
        let InView { offers, marks, .. } = &mut self.in_view;
        offers.sort_unstable();
        let automatic = |&offer: &u32| Presentation {
            row: Some(marks[offer as usize].row),
            ..Presentation::automatic(offer)
        };
        self.presentations.extend(offers.iter().map(automatic));
        self.present_codes(compiled, basket, member);
        // A `match` comes into view with the offer that it adds to.
        let presented = if index.matched_by.is_empty() { 0 } else { self.presentations.len() };
        for at in 0..presented {
            let offer = self.presentations[at].offer;
            if let Some(list) = index.matched_by.get(&offer) {
                for &matching in list {
                    if compiled.program.offers[matching as usize].coupon.is_none()
                        && !self.presentations.iter().any(|other| other.offer == matching)
                    {
                        self.presentations.push(Presentation::automatic(matching));
                    }
                }
            }
        }
    }
}

impl Presentation {
    pub(super) fn automatic(offer: u32) -> Self {
        Self { offer, row: None, code: None, paper: None, expires_unix_ms: i64::MAX, value: 0, line: None }
    }

    pub(super) fn source(&self) -> OfferRef {
        OfferRef::Program(self.offer)
    }
}

impl Compiled {
    /// Place of a member's tier in the program: the first unless the snapshot names a known one.
    pub(crate) fn tier_of(&self, member: &Member) -> Option<usize> {
        match member.tier.as_deref() {
            Some(tier) => self.index.tier_ids.find(tier).map(|place| place as usize),
            None => (!self.program.tiers.is_empty()).then_some(0),
        }
    }
}
