//! Bringing offers into view by the indexes.

use suanpan_domain::{Basket, Member, OfferRef};

use super::{Gathered, Presentation};
use crate::compile::{Compiled, Posting};
use crate::ground::bits;

/// Which offers are in view, and on which lines a posting already selected them.
#[derive(Debug, Default)]
pub(crate) struct InView {
    /// Offers that came into view, as bits, and which of these words hold any, as bits again: so they are found in order
    /// without being sorted, and cleared without a pass over all offers of the program.
    seen: Vec<u64>,
    filled: Vec<u64>,
    /// By offer that came into view: its row.
    row_of: Vec<u32>,
    /// The offers in view by id, each with its row.
    pub(crate) offers: Vec<(u32, u32)>,
    /// A row of lines for each offer in view, as bits: those that a posting selects.
    pub(crate) rows: Vec<u64>,
    words: usize,
    count: u32,
}

impl InView {
    fn begin(&mut self, offers: usize, words: usize) {
        if self.row_of.len() < offers {
            self.row_of.resize(offers, 0);
            self.seen.resize(offers.div_ceil(64), 0);
            self.filled.resize(offers.div_ceil(64 * 64), 0);
        }
        bits(&self.filled).for_each(|word| self.seen[word] = 0);
        self.filled.fill(0);
        self.rows.clear();
        self.words = words;
        self.count = 0;
    }

    /// Brings an offer into view; gives its row.
    #[inline(always)]
    fn add(&mut self, offer: u32) -> u32 {
        let place = offer as usize;
        let (word, bit) = (&mut self.seen[place / 64], 1 << (place % 64));
        if *word & bit == 0 {
            *word |= bit;
            self.filled[place / 64 / 64] |= 1 << (place / 64 % 64);
            self.row_of[place] = self.count;
            self.count += 1;
            (0..self.words).for_each(|_| self.rows.push(0));
        }
        self.row_of[place]
    }

    /// Lists the offers that came into view, by id.
    fn list(&mut self) {
        let Self { seen, filled, row_of, offers, .. } = self;
        offers.clear();
        for word in bits(filled) {
            let listed = bits(&seen[word..=word]).map(|bit| word * 64 + bit);
            offers.extend(listed.map(|offer| (offer as u32, row_of[offer])));
        }
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
            // Lines that stand side by side often have their categories together.
            let mut alike = 0;
            for (place, names) in symbols.iter().enumerate() {
                let line = 1 << place;
                alike |= line;
                if symbols.get(place + 1).is_none_or(|next| next.categories != names.categories) {
                    for &category in slice(names.categories) {
                        self.in_view.post(index.categories.of(category), word, alike);
                    }
                    alike = 0;
                }
                if let Some(sku) = names.sku {
                    self.in_view.post(index.skus.of(sku), word, line);
                }
                if let Some(brand) = names.brand {
                    self.in_view.post(index.brands.of(brand), word, line);
                }
                if names.tags.1 > 0 {
                    for &tag in slice(names.tags) {
                        self.in_view.post(index.tags.of(tag), word, line);
                    }
                }
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
        // By id from the beginning, so that what follows rarely has to be sorted.
        self.in_view.list();
        self.presentations.clear();
        self.present_codes(compiled, basket, member);
        if !index.matched_by.is_empty() {
            self.bring_matching(compiled);
        }
    }

    /// A `match` comes into view with the offer that it adds to.
    fn bring_matching(&mut self, compiled: &Compiled) {
        let Self { in_view, presentations, .. } = self;
        for at in 0..in_view.offers.len() + presentations.len() {
            let presented = || presentations[at - in_view.offers.len()].offer;
            let offer = in_view.offers.get(at).map_or_else(presented, |&(offer, _)| offer);
            for &matching in compiled.index.matched_by.get(&offer).into_iter().flatten() {
                if compiled.program.offers[matching as usize].coupon.is_none()
                    && !presentations.iter().any(|other| other.offer == matching)
                {
                    presentations.push(Presentation::automatic(matching));
                }
            }
        }
    }
}

impl Presentation {
    /// By nobody.
    pub(super) const AUTOMATIC: Self =
        Self { offer: u32::MAX, code: None, paper: None, expires_unix_ms: i64::MAX, value: 0, line: None };

    /// An offer that nobody presents.
    pub(super) fn automatic(offer: u32) -> Self {
        Self { offer, ..Self::AUTOMATIC }
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
