//! Which candidates stand before the whole line by line, the clusters that they make, and the sums of their totals.

use suanpan_program::model::{AmountAt, AmountPer, Effect, OffAmount, RoundAt};

use super::{LOCAL_MAX, NEVER, RANGE_MAX, Scalar, Sums, WIDE_MAX};
use crate::ground::{Ground, SET_TARGET};
use crate::select::scalar::passes_over_discounted;
use crate::select::search::Question;

/// Offers of one cluster; each doubles its totals.
const CLUSTER_OFFERS_MAX: usize = 8;

/// Fewer contested offers on single lines are searched one by one.
fn local_min() -> usize {
    #[cfg(test)]
    return super::tests::LOCAL_MIN.get();
    #[cfg(not(test))]
    super::LOCAL_MIN
}

/// Lines that contested offers tie together.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    pub(super) lines: u64,
    pub(super) members: Vec<usize>,
    /// By mask of members that are left out.
    pub(super) options: Vec<CountedOption>,
    pub(super) least: i64,
}

/// What a cluster comes to with some of its members left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CountedOption {
    /// Total above the cluster's least one.
    pub(super) value: i64,
    pub(super) left_out: u16,
    /// Who gives on the cluster's lines.
    pub(super) gave: u128,
    /// What that is worth in a tie.
    pub(super) rank: (u128, u128),
}

impl Cluster {
    /// Begins an option, if the cluster has it.
    pub(super) fn begin(&mut self, mask: usize) {
        if mask == 0 {
            self.options.clear();
        }
        if mask < 1 << self.members.len() {
            self.options
                .push(CountedOption { left_out: mask.count_ones() as u16, ..CountedOption::default() });
        }
    }

    /// Notes what the cluster's lines cost with an option.
    pub(super) fn come_to(&mut self, mask: usize, total: i64) {
        if let Some(option) = self.options.get_mut(mask) {
            option.value = total;
        }
    }
}

impl Sums {
    /// Sorts the contested candidates before the whole into wide ones and clusters; false when one is of another kind.
    pub(super) fn read(
        &mut self,
        question: &Question<'_, '_>,
        scalar: &Scalar,
        may_drop: impl Fn(usize) -> bool,
    ) -> bool {
        let ground = question.ground;
        let from = scalar.from();
        self.local.clear();
        self.wide.clear();
        self.give_back();
        if from > ground.candidates.len()
            || ground.words != 1
            || question.conflicts.any
            || ground.guard != i64::MAX
            || !scalar.marks_are_totals(ground, from)
        {
            return false;
        }
        let lines = scalar.lines();
        let mut contested = 0;
        for candidate in (0..from).filter(|&candidate| !question.excluded[candidate]) {
            if !ground.candidates[candidate].lowers {
                if question.contest.contested[candidate] || passes_over_discounted(ground, candidate) {
                    return false;
                }
                continue;
            }
            let target = ground.set(candidate, SET_TARGET)[0];
            if target & !lines != 0 || !is_line_by_line(ground, candidate, target) {
                return false;
            }
            self.local.push(candidate);
            if !question.contest.contested[candidate] || !may_drop(candidate) {
                continue;
            }
            contested += 1;
            if target.count_ones() > 4 {
                self.wide.push(candidate);
            } else {
                self.tie(candidate, target);
            }
        }
        let fits = contested >= local_min()
            && self.local.len() <= LOCAL_MAX
            && self.wide.len() <= WIDE_MAX
            && self.clusters.iter().all(|cluster| cluster.members.len() <= CLUSTER_OFFERS_MAX);
        if fits {
            self.options.resize_with(self.clusters.len().max(self.options.len()), Vec::new);
            for (cluster, options) in self.clusters.iter_mut().zip(&mut self.options) {
                cluster.options = std::mem::take(options);
            }
        }
        fits
    }

    /// Gives the memory of clusters back. That of options belongs to their place: what is large enough for a basket is so
    /// when it comes again.
    fn give_back(&mut self) {
        for (cluster, options) in self.clusters.iter_mut().zip(&mut self.options) {
            if cluster.options.capacity() > 0 {
                *options = std::mem::take(&mut cluster.options);
            }
        }
        self.spare.append(&mut self.clusters);
    }

    /// Adds an offer to the clusters that its lines belong to; they become one.
    fn tie(&mut self, candidate: usize, lines: u64) {
        let mut joined = self.spare.pop().unwrap_or_default();
        joined.lines = lines;
        joined.members.clear();
        joined.members.reserve(CLUSTER_OFFERS_MAX);
        let mut place = 0;
        while place < self.clusters.len() {
            if self.clusters[place].lines & lines != 0 {
                let mut other = self.clusters.swap_remove(place);
                joined.lines |= other.lines;
                joined.members.append(&mut other.members);
                self.spare.push(other);
            } else {
                place += 1;
            }
        }
        joined.members.push(candidate);
        joined.members.sort_unstable();
        self.clusters.push(joined);
    }

    /// Notes that the candidate at a place gives on some lines, with an option of each cluster.
    pub(super) fn note(&mut self, mask: usize, place: usize, lines: u64, outside: u64) {
        for cluster in self.clusters.iter_mut().filter(|cluster| cluster.lines & lines != 0) {
            if let Some(option) = cluster.options.get_mut(mask) {
                option.gave |= 1 << place;
            }
        }
        self.gave_outside |= u128::from(lines & outside != 0) << place;
    }

    /// Counts the sums: for each the fewest offers left out. False when they range too far.
    pub(super) fn count(&mut self) -> bool {
        self.rows.resize_with((self.clusters.len() + 1).max(self.rows.len()), Vec::new);
        let mut range = 0;
        for cluster in &mut self.clusters {
            cluster.least = cluster.options.iter().map(|option| option.value).min().unwrap_or(0);
            cluster.options.iter_mut().for_each(|option| option.value -= cluster.least);
            range += cluster.options.iter().map(|option| option.value).max().unwrap_or(0);
        }
        if range > RANGE_MAX {
            return false;
        }
        self.rows[0].clear();
        self.rows[0].push(0);
        for (place, cluster) in self.clusters.iter().enumerate() {
            let (before, after) = self.rows.split_at_mut(place + 1);
            let (before, after) = (&before[place], &mut after[0]);
            let most = cluster.options.iter().map(|option| option.value).max().unwrap_or(0) as usize;
            after.clear();
            after.resize(before.len() + most, NEVER);
            for option in &cluster.options {
                let shifted = &mut after[option.value as usize..option.value as usize + before.len()];
                for (to, from) in shifted.iter_mut().zip(before) {
                    *to = (*to).min(from.saturating_add(option.left_out));
                }
            }
        }
        true
    }
}

/// Whether what a candidate does to a line depends on that line alone.
fn is_line_by_line(ground: &Ground<'_>, candidate: usize, target: u64) -> bool {
    let facts = &ground.candidates[candidate];
    let Some(offer) = ground.offer(candidate) else { return target.count_ones() == 1 };
    let single = target.count_ones() == 1;
    let terms = &offer.terms;
    let plain = terms.units.is_none()
        && terms.floor_sku.is_none()
        && !terms.all_or_nothing
        && !facts.tender
        && !facts.matched
        && !facts.is_coupon()
        && (single || terms.cap.is_none() && facts.budget_left == i64::MAX)
        && !passes_over_discounted(ground, candidate)
        && offer.threshold.is_none_or(|threshold| threshold.at == AmountAt::List);
    plain
        && match &offer.effect {
            Effect::PercentOff(_) => {
                offer.round_at == RoundAt::Line || single && offer.round_at == RoundAt::Offer
            }
            Effect::AmountOff { amount: OffAmount::Fixed(_), per } => {
                *per == AmountPer::Line || single && *per == AmountPer::Basket
            }
            Effect::UnitPrice(_) | Effect::PriceList(_) => true,
            _ => false,
        }
}
