//! Which of two choices that cost the same is made (docs/pricing.md, rule 41).

use std::borrow::Cow;
use std::cmp::Ordering;

use suanpan_domain::OfferRef;

use super::search::{Question, Search};
use crate::ground::{Ground, bits};

impl Search {
    /// Whether a choice that costs the same and leaves out as many as the best one is to be preferred.
    pub(super) fn breaks_tie(&self, question: &Question<'_, '_>, gave: &[u64]) -> bool {
        let clusters = question.contest.clusters > 0;
        if gave == self.best.gave && !clusters {
            return false;
        }
        let by_offers = match gave == self.best.gave {
            true => Ordering::Equal,
            false => by_offers(question.ground, gave, &self.best.gave),
        };
        if by_offers != Ordering::Equal {
            return by_offers == Ordering::Less;
        }
        if !clusters {
            return bits(gave).lt(bits(&self.best.gave));
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
        let id = |candidate: usize| match ground.candidates[candidate].source {
            OfferRef::Manual(_) => Cow::Owned(format!("manual:{}", ground.id(candidate))),
            _ => Cow::Borrowed(ground.id(candidate)),
        };
        let mut list: Vec<Cow<'_, str>> = bits(gave).map(id).collect();
        list.sort_unstable();
        list
    };
    ids(new).cmp(&ids(old))
}
