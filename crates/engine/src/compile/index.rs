//! Which offers a basket brings into view.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use suanpan_program::model::{CodeKind, Program};

use super::names::ByName;
use super::offer::CompiledOffer;
use super::pattern::{Pattern, Symbols};

/// A posting: an offer, and whether being listed already means that its `buy` selects the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posting {
    pub(crate) offer: u32,
    pub(crate) selects: bool,
}

/// Lists of offers by what a basket may hold. Each automatic offer stands in the lists of exactly one sort, so that a
/// basket that lacks all of it never looks at the offer.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) skus: Postings,
    pub(crate) categories: Postings,
    pub(crate) brands: Postings,
    pub(crate) tags: Postings,
    /// By tier: its discount and other offers without a selector that ask for it.
    pub(crate) stores: HashMap<Box<str>, Vec<u32>, FixedState>,
    pub(crate) segments: HashMap<Box<str>, Vec<u32>, FixedState>,
    pub(crate) tiers: Vec<Vec<u32>>,
    /// Offers that any basket may qualify for.
    pub(crate) always: Vec<u32>,
    /// Offers by generic code.
    pub(crate) codes: ByName,
    /// Unique codes: prefix, length, offer; longest prefix first.
    pub(crate) prefixes: Vec<(Box<str>, usize, u32)>,
    /// Offers by id, for owned coupons and gift choices.
    pub(crate) ids: ByName,
    /// Tiers by id.
    pub(crate) tier_ids: ByName,
    /// For each offer the `match` offers that add to it.
    pub(crate) matched_by: HashMap<u32, Vec<u32>, FixedState>,
}

/// Postings by symbol, flat.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    starts: Vec<u32>,
    rows: Vec<Posting>,
}

impl Postings {
    fn build(symbols: usize, mut pairs: Vec<(u32, Posting)>) -> Self {
        pairs.sort_unstable_by_key(|(symbol, posting)| (*symbol, posting.offer));
        pairs.dedup_by_key(|(symbol, posting)| (*symbol, posting.offer));
        let mut starts = vec![0_u32; symbols + 1];
        for (symbol, _) in &pairs {
            starts[*symbol as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self { starts, rows: pairs.into_iter().map(|(_, posting)| posting).collect() }
    }

    /// The offers that mention a symbol.
    #[inline]
    pub(crate) fn of(&self, symbol: u32) -> &[Posting] {
        &self.rows[self.starts[symbol as usize] as usize..self.starts[symbol as usize + 1] as usize]
    }
}

/// The sort of list that an offer stands in.
enum Key<'a> {
    Skus(&'a [u32]),
    Categories(&'a [u32]),
    Brands(&'a [u32]),
    Tags(&'a [u32]),
}

/// One line of these must be in the basket for the pattern to select anything.
fn keys<'a>(pattern: &'a Pattern, out: &mut Vec<Key<'a>>) -> bool {
    match pattern {
        Pattern::Sku(list) => out.push(Key::Skus(list)),
        Pattern::Category(list) => out.push(Key::Categories(list)),
        Pattern::Brand(list) => out.push(Key::Brands(list)),
        Pattern::Tag(list) => out.push(Key::Tags(list)),
        Pattern::AnyOf(parts) => {
            let before = out.len();
            if !parts.iter().all(|part| keys(part, out)) {
                out.truncate(before);
                return false;
            }
        }
        Pattern::AllOf(parts) => {
            // Any part would do; skus are the most selective, and writers put them anywhere.
            let best = parts.iter().enumerate().min_by_key(|(place, part)| (rank(part), *place));
            return best.is_some_and(|(_, part)| keys(part, out));
        }
        Pattern::Everything | Pattern::Kind(_) | Pattern::Price { .. } | Pattern::Not(_) => return false,
    }
    true
}

fn rank(pattern: &Pattern) -> u8 {
    match pattern {
        Pattern::Sku(_) => 0,
        Pattern::Tag(_) => 1,
        Pattern::Brand(_) => 2,
        Pattern::Category(_) => 3,
        Pattern::AllOf(parts) => parts.iter().map(rank).min().unwrap_or(9),
        Pattern::AnyOf(parts) => parts.iter().map(rank).max().unwrap_or(9),
        Pattern::Everything | Pattern::Kind(_) | Pattern::Price { .. } | Pattern::Not(_) => 9,
    }
}

impl Index {
    pub(super) fn build(program: &Program, offers: &[CompiledOffer], symbols: &Symbols) -> Self {
        let mut index = Index { tiers: vec![Vec::new(); program.tiers.len()], ..Index::default() };
        let (mut skus, mut categories, mut brands, mut tags) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, (offer, source)) in offers.iter().zip(&program.offers).enumerate() {
            let place = place as u32;
            index.ids.insert(&source.id, place);
            if let Some(other) = offer.matches {
                index.matched_by.entry(other).or_default().push(place);
            }
            match &source.coupon {
                Some(coupon) => index.claim_codes(place, &coupon.codes),
                // An offer that adds to another comes into view with it.
                None if offer.matches.is_some() => {}
                None => {
                    let mut found = Vec::new();
                    if offer.seek(&mut found) {
                        let selects = is_single(&offer.buy.pattern);
                        let posting = Posting { offer: place, selects };
                        for key in found {
                            let (list, pairs) = match key {
                                Key::Skus(list) => (list, &mut skus),
                                Key::Categories(list) => (list, &mut categories),
                                Key::Brands(list) => (list, &mut brands),
                                Key::Tags(list) => (list, &mut tags),
                            };
                            pairs.extend(list.iter().map(|&symbol| (symbol, posting)));
                        }
                    } else {
                        index.post_by_conditions(place, offer, source);
                    }
                }
            }
        }
        index.prefixes.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then(a.0.cmp(&b.0)));
        for (place, tier) in program.tiers.iter().enumerate() {
            index.tier_ids.insert(&tier.id, place as u32);
        }
        index.skus = Postings::build(symbols.skus.len(), skus);
        index.categories = Postings::build(symbols.categories.len(), categories);
        index.brands = Postings::build(symbols.brands.len(), brands);
        index.tags = Postings::build(symbols.tags.len(), tags);
        index
    }

    fn claim_codes(&mut self, place: u32, codes: &CodeKind) {
        match codes {
            CodeKind::Generic(list) => {
                for code in list {
                    self.codes.insert(code, place);
                }
            }
            CodeKind::Unique { prefix, length } => {
                self.prefixes.push((prefix.as_str().into(), *length, place))
            }
            CodeKind::Owned => {}
        }
    }

    fn post_by_conditions(
        &mut self,
        place: u32,
        offer: &CompiledOffer,
        source: &suanpan_program::model::Offer,
    ) {
        if let Some(stores) = &offer.conditions.stores {
            for store in stores {
                self.stores.entry(store.as_str().into()).or_default().push(place);
            }
        } else if !source.who.segments.is_empty() {
            for segment in &source.who.segments {
                self.segments.entry(segment.as_str().into()).or_default().push(place);
            }
        } else if offer.kind == suanpan_domain::OfferKind::Tier && offer.conditions.tiers != 0 {
            for (tier, list) in self.tiers.iter_mut().enumerate() {
                if offer.conditions.tiers >> tier & 1 == 1 {
                    list.push(place);
                }
            }
        } else {
            self.always.push(place);
        }
    }
}

impl CompiledOffer {
    /// What one line must have for the offer to do anything; false when any basket may qualify.
    fn seek<'a>(&'a self, found: &mut Vec<Key<'a>>) -> bool {
        if keys(&self.buy.pattern, found) {
            return true;
        }
        match self.parts.first() {
            Some(part) => keys(&part.pattern, found),
            None => self.target.as_ref().is_some_and(|target| keys(&target.pattern, found)),
        }
    }
}

/// A pattern of one list: a posting means that it selects the line.
fn is_single(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Sku(_) | Pattern::Category(_) | Pattern::Brand(_) | Pattern::Tag(_))
}
