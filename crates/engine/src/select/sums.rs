//! Many offers on single lines before offers on the whole: which to leave out so that a threshold is reached is a question
//! about sums. Lines that offers tie together make a cluster; every cluster has few possible totals, and the sums of one
//! total from each are counted exactly, with the fewest offers left out for each sum. Only then the offers on the whole are
//! searched, for the sums that can still win.

use suanpan_program::model::{AmountAt, AmountPer, Effect, OffAmount, RoundAt};

use super::scalar::Scalar;
use super::search::{Question, Search};
use crate::evaluate::{begin, enter};
use crate::execute::Work;
use crate::ground::{Ground, SET_TARGET, bits};
use crate::state::State;

/// Fewer contested offers are searched one by one, with all ties.
const LOCAL_MIN: usize = 9;
/// Offers on many lines are tried kept and left out from outside.
const WIDE_MAX: usize = 3;
/// Offers of one cluster; each doubles its totals.
const CLUSTER_OFFERS_MAX: usize = 8;
/// The widest range of sums that is counted.
const RANGE_MAX: i64 = 60_000;
/// No sum.
const NEVER: u16 = u16::MAX;

/// Lines that contested offers tie together.
#[derive(Debug, Default)]
struct Cluster {
    lines: u64,
    members: Vec<usize>,
    /// Total above the cluster's least one, and offers left out, by mask of members that are left out.
    options: Vec<(i64, u16)>,
    least: i64,
}

/// What a sum was reached by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    wide: u32,
    sum: usize,
    pub(super) left_out: u32,
}

/// Working memory of sums.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    wide: Vec<usize>,
    clusters: Vec<Cluster>,
    /// A row for each cluster that was added, the first one for none.
    rows: Vec<Vec<u16>>,
    /// The sum that the offers on the whole are searched for at the moment.
    pub(super) now: Option<Reached>,
    pub(super) best: Reached,
}

impl Search {
    /// Answers the question by sums; false when it is not of that kind.
    pub(super) fn by_sums(&mut self, question: &Question<'_, '_>, work: &mut Work) -> bool {
        let mut sums = std::mem::take(&mut self.sums);
        let fits = sums.read(question, &self.scalar, |candidate| self.may_drop(question, candidate));
        if fits {
            for wide in 0..1_u32 << sums.wide.len() {
                if !self.search_sums(question, work, &mut sums, wide) {
                    self.best.found = false;
                    break;
                }
            }
        }
        sums.best = self.sums.best;
        self.sums = sums;
        if fits && self.best.found {
            self.keep_best_sum(question, work);
            return true;
        }
        self.kept.clear();
        self.kept.extend(question.excluded.iter().map(|excluded| !excluded));
        false
    }

    /// Counts the sums with some of the wide offers left out, and searches those that can win. False when there are too many.
    fn search_sums(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        sums: &mut Sums,
        wide: u32,
    ) -> bool {
        let Some((mut state, least)) = self.count_sums(question, work, sums, wide) else { return false };
        let fits = self.search_totals(question, work, sums, &mut state, wide, least);
        work.trial = state;
        fits
    }

    /// Counts the sums with some of the wide offers left out. Gives the state after everything else was taken, and the least
    /// sum; none when they range too far.
    fn count_sums(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        sums: &mut Sums,
        wide: u32,
    ) -> Option<(State, i64)> {
        let ground = question.ground;
        let from = self.scalar.from();
        self.keep_wide(question, sums, wide);
        let mut state = std::mem::take(&mut work.trial);
        let most = sums.clusters.iter().map(|cluster| 1_usize << cluster.members.len()).max().unwrap_or(1);
        let mut outside = 0;
        for mask in 0..most {
            for cluster in &sums.clusters {
                let own = if mask < 1 << cluster.members.len() { mask } else { 0 };
                for (place, &member) in cluster.members.iter().enumerate() {
                    self.kept[member] = own >> place & 1 == 0;
                }
            }
            begin(ground, &self.kept, &mut state);
            for candidate in (0..from).filter(|&candidate| self.kept[candidate]) {
                enter(ground, &self.kept, &mut state, work, ground.candidates[candidate].layer);
                crate::execute::execute(ground, &mut state, work, candidate, u32::MAX);
            }
            let total_of = |lines: u64| bits(&[lines]).map(|line| state.running[line]).sum::<i64>();
            for cluster in &mut sums.clusters {
                if mask == 0 {
                    cluster.options.clear();
                }
                if mask < 1 << cluster.members.len() {
                    cluster.options.push((total_of(cluster.lines), mask.count_ones() as u16));
                }
            }
            if mask == 0 {
                let clustered = sums.clusters.iter().fold(0, |all, cluster| all | cluster.lines);
                outside = total_of(self.scalar.lines() & !clustered);
            }
        }
        // The offers on the whole go on from here, with the total alone.
        for cluster in &sums.clusters {
            cluster.members.iter().for_each(|member| self.kept[*member] = true);
        }
        let counted = sums.count();
        let least: i64 = outside + sums.clusters.iter().map(|cluster| cluster.least).sum::<i64>();
        if !counted {
            work.trial = state;
            return None;
        }
        Some((state, least))
    }

    /// Searches the offers on the whole for each sum that can win. `state` is that of a whole prefix.
    fn search_totals(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        sums: &Sums,
        state: &mut State,
        wide: u32,
        least: i64,
    ) -> bool {
        let ground = question.ground;
        let Some(first) = self.scalar.first_candidate() else { return false };
        enter(ground, &self.kept, state, work, ground.candidates[first].layer);
        self.scalar.begin_totals(ground, state);
        let row = sums.rows.last().map_or(&[][..], Vec::as_slice);
        let mut sum = 0;
        while sum < row.len() {
            let Some(next) = row[sum..].iter().position(|left_out| *left_out != NEVER) else { break };
            sum += next;
            let total = least + sum as i64;
            let left_out = u32::from(row[sum]) + wide.count_ones();
            if self.best.found && self.least_objective(question, total) > self.best.objective {
                // Nothing changes before the next threshold.
                match self.scalar.next_reach(total) {
                    Some(reach) => sum += (reach - total).max(1) as usize,
                    None => break,
                }
                continue;
            }
            self.sums.now = Some(Reached { wide, sum, left_out });
            self.search_total(question, work, total, left_out);
            self.sums.now = None;
            if self.ran_out {
                return true;
            }
            sum += 1;
        }
        true
    }

    fn keep_wide(&mut self, question: &Question<'_, '_>, sums: &Sums, wide: u32) {
        self.kept.clear();
        self.kept.extend(question.excluded.iter().map(|excluded| !excluded));
        for (place, &candidate) in sums.wide.iter().enumerate() {
            self.kept[candidate] = wide >> place & 1 == 0;
        }
    }

    /// Finds the offers behind the best sum: cluster by cluster, keeping what was listed first where several ways lead to it.
    fn keep_best_sum(&mut self, question: &Question<'_, '_>, work: &mut Work) {
        let best = self.sums.best;
        let on_the_whole = self.best.kept.clone();
        // The totals of the winning way, once more.
        let mut sums = std::mem::take(&mut self.sums);
        self.count_sums(question, work, &mut sums, best.wide);
        self.keep_wide(question, &sums, best.wide);
        let from = self.scalar.from();
        self.kept[from..].copy_from_slice(&on_the_whole[from..]);
        let mut sum = best.sum;
        let mut left_out = best.left_out.saturating_sub(best.wide.count_ones()) as u16;
        // The row of the last cluster tells what the others have to reach.
        let row_of =
            |sums: &Sums, place: usize, sum: usize| sums.rows[place].get(sum).copied().unwrap_or(NEVER);
        left_out = left_out.min(row_of(&sums, sums.clusters.len(), sum));
        for place in (0..sums.clusters.len()).rev() {
            let cluster = &sums.clusters[place];
            let option = cluster.options.iter().position(|(value, cost)| {
                let value = *value as usize;
                value <= sum && *cost <= left_out && row_of(&sums, place, sum - value) == left_out - cost
            });
            let Some(option) = option else { break };
            let (value, cost) = cluster.options[option];
            sum -= value as usize;
            left_out -= cost;
            for (bit, &member) in cluster.members.iter().enumerate() {
                self.kept[member] = option >> bit & 1 == 0;
            }
        }
        self.best.kept.clone_from(&self.kept);
        self.sums = sums;
    }
}

impl Sums {
    /// Sorts the contested candidates before the whole into wide ones and clusters; false when one is of another kind.
    fn read(
        &mut self,
        question: &Question<'_, '_>,
        scalar: &Scalar,
        may_drop: impl Fn(usize) -> bool,
    ) -> bool {
        let ground = question.ground;
        let from = scalar.from();
        self.wide.clear();
        self.clusters.clear();
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
                if question.contest.contested[candidate] {
                    return false;
                }
                continue;
            }
            let target = ground.set(candidate, SET_TARGET)[0];
            if target & !lines != 0 || !is_line_by_line(ground, candidate, target) {
                return false;
            }
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
        contested >= LOCAL_MIN
            && self.wide.len() <= WIDE_MAX
            && self.clusters.iter().all(|cluster| cluster.members.len() <= CLUSTER_OFFERS_MAX)
    }

    /// Adds an offer to the clusters that its lines belong to; they become one.
    fn tie(&mut self, candidate: usize, lines: u64) {
        let mut joined = Cluster { lines, members: Vec::new(), ..Cluster::default() };
        let mut place = 0;
        while place < self.clusters.len() {
            if self.clusters[place].lines & lines != 0 {
                let other = self.clusters.swap_remove(place);
                joined.lines |= other.lines;
                joined.members.extend(other.members);
            } else {
                place += 1;
            }
        }
        joined.members.push(candidate);
        joined.members.sort_unstable();
        self.clusters.push(joined);
    }

    /// Counts the sums: for each the fewest offers left out. False when they range too far.
    fn count(&mut self) -> bool {
        self.rows.resize_with(self.clusters.len() + 1, Vec::new);
        let mut range = 0;
        for cluster in &mut self.clusters {
            cluster.least = cluster.options.iter().map(|(total, _)| *total).min().unwrap_or(0);
            cluster.options.iter_mut().for_each(|(total, _)| *total -= cluster.least);
            range += cluster.options.iter().map(|(total, _)| *total).max().unwrap_or(0);
        }
        if range > RANGE_MAX {
            return false;
        }
        self.rows[0].clear();
        self.rows[0].push(0);
        for (place, cluster) in self.clusters.iter().enumerate() {
            let (before, after) = self.rows.split_at_mut(place + 1);
            let (before, after) = (&before[place], &mut after[0]);
            let most = cluster.options.iter().map(|(value, _)| *value).max().unwrap_or(0) as usize;
            after.clear();
            after.resize(before.len() + most, NEVER);
            for (value, cost) in &cluster.options {
                let shifted = &mut after[*value as usize..*value as usize + before.len()];
                for (to, from) in shifted.iter_mut().zip(before) {
                    *to = (*to).min(from.saturating_add(*cost));
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
        && !offer.buy.undiscounted_only
        && !offer.target.as_ref().is_some_and(|target| target.undiscounted_only)
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
