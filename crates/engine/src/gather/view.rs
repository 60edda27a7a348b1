//! Bringing offers into view by the indexes.

use suanpan_domain::{Basket, Member, OfferRef};

use super::{Gathered, Presentation};
use crate::compile::Compiled;

/// Which offers are in view, and on which lines a posting already selected them.
#[derive(Debug, Default)]
pub(crate) struct InView {
    /// By offer: the round in which it came into view, so that nothing has to be cleared.
    seen: Vec<u32>,
    round: u32,
    /// Place in `offers` of an offer in view.
    place: Vec<u32>,
    pub(crate) offers: Vec<u32>,
    sorted: Vec<u32>,
    /// Hits of postings that select a line: place in `offers`, line.
    pub(crate) hits: Vec<(u32, u32)>,
}

impl InView {
    fn begin(&mut self, offers: usize) {
        self.round = self.round.wrapping_add(1);
        if self.seen.len() < offers || self.round == 0 {
            self.seen.clear();
            self.seen.resize(offers, 0);
            self.place.clear();
            self.place.resize(offers, 0);
            self.round = 1;
        }
        self.offers.clear();
        self.hits.clear();
    }

    /// Brings an offer into view; gives its place.
    #[inline]
    pub(crate) fn add(&mut self, offer: u32) -> u32 {
        let at = offer as usize;
        if self.seen[at] != self.round {
            self.seen[at] = self.round;
            self.place[at] = self.offers.len() as u32;
            self.offers.push(offer);
        }
        self.place[at]
    }
}

impl Gathered {
    /// Finds every offer that the basket's lines, store, tier, segments and codes bring into view.
    pub(super) fn bring_into_view(&mut self, compiled: &Compiled, basket: &Basket, member: Option<&Member>) {
        let index = &compiled.index;
        self.in_view.begin(compiled.offers.len());
        for (line, symbols) in self.symbols.iter().enumerate() {
            let slice = |(start, len): (u32, u32)| &self.flat[start as usize..(start + len) as usize];
            let lists = symbols
                .sku
                .iter()
                .map(|&sku| index.skus.of(sku))
                .chain(slice(symbols.categories).iter().map(|&category| index.categories.of(category)))
                .chain(symbols.brand.iter().map(|&brand| index.brands.of(brand)))
                .chain(slice(symbols.tags).iter().map(|&tag| index.tags.of(tag)));
            for posting in lists.flatten() {
                let place = self.in_view.add(posting.offer);
                if posting.selects {
                    self.in_view.hits.push((place, line as u32));
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
            let tier = compiled.tier_of(member);
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
        let InView { offers, place, sorted, .. } = &mut self.in_view;
        sorted.clear();
        sorted.extend_from_slice(offers);
        sorted.sort_unstable();
        let automatic = |&offer: &u32| Presentation {
            row: Some(place[offer as usize]),
            ..Presentation::automatic(offer)
        };
        self.presentations.extend(sorted.iter().map(automatic));
        self.present_codes(compiled, basket, member);
        // A `match` comes into view with the offer that it adds to.
        for at in 0..self.presentations.len() {
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
            Some(tier) => self.index.tier_ids.get(tier).map(|&place| place as usize),
            None => (!self.program.tiers.is_empty()).then_some(0),
        }
    }
}
