//! Which of two choices that cost the same is made (docs/pricing.md, rule 41).

use std::cmp::{Ordering, Reverse};

use suanpan_domain::OfferRef;

use super::search::{Question, Search};
use crate::ground::{Ground, bits};

impl Search {
    /// Whether a choice that costs the same and leaves out as many as the best one is to be preferred.
    pub(super) fn breaks_tie(&self, question: &Question<'_, '_>, gave: &[u64]) -> bool {
        if question.contest.clusters == 0 {
            return prefers(question.ground, gave, &self.best.gave);
        }
        let by_offers = match gave == self.best.gave {
            true => Ordering::Equal,
            false => by_offers(question.ground, gave, &self.best.gave),
        };
        if by_offers != Ordering::Equal {
            return by_offers == Ordering::Less;
        }
        let gives = |gave: &[u64], candidate: u32| gave[candidate as usize / 64] >> (candidate % 64) & 1 == 1;
        let new = || self.order.iter().copied().filter(|at| gives(gave, *at));
        let old = || self.best.order.iter().copied().filter(|at| gives(&self.best.gave, *at));
        match new().cmp(old()) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => {
                let times = |at: u32| self.times[at as usize];
                new().map(times).gt(old().map(|at| self.best.times[at as usize]))
            }
        }
    }
}

/// Whether those who give are to be preferred to those who give in another choice, which costs the same, leaves out as many
/// and executes in the same order.
pub(super) fn prefers(ground: &Ground<'_>, gave: &[u64], other: &[u64]) -> bool {
    gave != other
        && match by_offers(ground, gave, other) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => bits(gave).lt(bits(other)),
        }
}

/// How the first of two equal choices compares with the second, `Less` is better: fewer coupons, then the higher vector of
/// priorities, then the smaller vector of ids.
fn by_offers(ground: &Ground<'_>, new: &[u64], old: &[u64]) -> Ordering {
    let coupons =
        |gave: &[u64]| bits(gave).filter(|&candidate| ground.candidates[candidate].is_coupon()).count();
    let by_coupons = coupons(new).cmp(&coupons(old));
    if by_coupons != Ordering::Equal {
        return by_coupons;
    }
    // Highest first: who has more of the first that differs has the higher vector, whatever follows.
    let by_priority = first_difference(new, old, |candidate| Reverse(ground.candidates[candidate].priority));
    if let Some((_, new_has_more)) = by_priority {
        return if new_has_more { Ordering::Less } else { Ordering::Greater };
    }
    // Smallest first: who has more of the first that differs has the smaller vector, unless the other one ends there.
    match first_difference(new, old, |candidate| id(ground, candidate)) {
        None => Ordering::Equal,
        Some((first, new_has_more)) => {
            let goes_on = |gave: &[u64]| bits(gave).any(|candidate| id(ground, candidate) > first);
            match new_has_more {
                true if goes_on(old) => Ordering::Less,
                false if !goes_on(new) => Ordering::Less,
                _ => Ordering::Greater,
            }
        }
    }
}

/// The smallest key that one of two sets of candidates has more often, and whether that is the first set.
fn first_difference<K: Ord>(new: &[u64], old: &[u64], key: impl Fn(usize) -> K) -> Option<(K, bool)> {
    // Who is in both sets counts in both.
    let only = |these: &[u64], those: &[u64], wanted: &K| {
        let words = these.iter().zip(those).enumerate();
        words
            .flat_map(|(word, (these, those))| bits_of_word(word, these & !those))
            .filter(|&candidate| key(candidate) == *wanted)
            .count()
    };
    let mut last: Option<K> = None;
    loop {
        let words = new.iter().zip(old).enumerate();
        let next = words
            .flat_map(|(word, (new, old))| bits_of_word(word, new ^ old))
            .map(&key)
            .filter(|key| last.as_ref().is_none_or(|last| key > last))
            .min()?;
        match only(new, old, &next).cmp(&only(old, new, &next)) {
            Ordering::Equal => last = Some(next),
            order => return Some((next, order == Ordering::Greater)),
        }
    }
}

fn bits_of_word(word: usize, mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(word * 64 + bit)
    })
}

/// The id of a candidate's offer or manual discount, as ties see it.
pub(super) fn id<'a>(ground: &Ground<'a>, candidate: usize) -> TieId<'a> {
    let prefix = match ground.candidates[candidate].source {
        OfferRef::Manual(_) => "manual:",
        _ => "",
    };
    TieId { prefix, id: ground.id(candidate) }
}

/// An id with what is put before it, compared as one text.
#[derive(Clone, Copy, Debug)]
pub(super) struct TieId<'a> {
    prefix: &'static str,
    id: &'a str,
}

impl Ord for TieId<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let text = |id: &Self| id.prefix.bytes().chain(id.id.bytes());
        text(self).cmp(text(other))
    }
}

impl PartialOrd for TieId<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for TieId<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for TieId<'_> {}
