//! Which of two choices that cost the same is made (docs/pricing.md, rule 41).

use std::borrow::Cow;
use std::cmp::Ordering;

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
    let priorities = |gave: &[u64]| {
        let mut list: Vec<i32> = bits(gave).map(|candidate| ground.candidates[candidate].priority).collect();
        list.sort_unstable_by(|a, b| b.cmp(a));
        list
    };
    let by_priority = priorities(old).cmp(&priorities(new));
    if by_priority != Ordering::Equal {
        return by_priority;
    }
    let ids = |gave: &[u64]| {
        let mut list: Vec<Cow<'_, str>> = bits(gave).map(|candidate| id(ground, candidate)).collect();
        list.sort_unstable();
        list
    };
    ids(new).cmp(&ids(old))
}

/// The id of a candidate's offer or manual discount, as ties see it.
pub(super) fn id<'a>(ground: &Ground<'a>, candidate: usize) -> Cow<'a, str> {
    match ground.candidates[candidate].source {
        OfferRef::Manual(_) => Cow::Owned(format!("manual:{}", ground.id(candidate))),
        _ => Cow::Borrowed(ground.id(candidate)),
    }
}
