//! Which of two choices that cost the same is made (docs/pricing.md, rule 41).

use std::cmp::{Ordering, Reverse};

use suanpan_domain::OfferRef;

use super::search::{Question, Search};
use crate::ground::{Ground, bits};
use crate::multiset::{compare_sorted, first_difference};

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
    // The highest first: whoever has more of the first that differs has the higher vector.
    let priority = |candidate: usize| Reverse(ground.candidates[candidate].priority);
    if let Some((_, new_is_higher)) =
        first_difference(only(new, old).map(priority), only(old, new).map(priority))
    {
        return if new_is_higher { Ordering::Less } else { Ordering::Greater };
    }
    let id = |candidate: usize| id(ground, candidate);
    compare_sorted(only(new, old).map(id), only(old, new).map(id), both(new, old).map(id))
}

/// Candidates that give in the first of two choices alone.
fn only<'a>(these: &'a [u64], those: &'a [u64]) -> impl Iterator<Item = usize> + Clone + 'a {
    bits_of(these.iter().zip(those).map(|(these, those)| these & !those))
}

/// Candidates that give in two choices.
fn both<'a>(these: &'a [u64], those: &'a [u64]) -> impl Iterator<Item = usize> + Clone + 'a {
    bits_of(these.iter().zip(those).map(|(these, those)| these & those))
}

fn bits_of(words: impl Iterator<Item = u64> + Clone) -> impl Iterator<Item = usize> + Clone {
    words.enumerate().flat_map(|(place, word)| {
        std::iter::successors((word != 0).then_some(word), |rest| {
            let rest = rest & (rest - 1);
            (rest != 0).then_some(rest)
        })
        .map(move |rest| place * 64 + rest.trailing_zeros() as usize)
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
