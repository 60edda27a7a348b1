//! Many offers on single lines before offers on the whole: which to leave out so that a threshold is reached is a question
//! about sums. Lines that offers tie together make a cluster; every cluster has few possible totals, and the sums of one
//! total from each are counted exactly, with the fewest offers left out for each sum. Only then the offers on the whole are
//! searched, for the sums that can still win. What is still equal is told apart in the end, when few sums are left.

mod clusters;
#[cfg(test)]
mod tests;
mod ways;

use std::cmp::Ordering;

use super::scalar::Scalar;
use super::search::{Question, Search};
use crate::evaluate::{begin, enter};
use crate::execute::Work;
use crate::ground::bits;
use crate::planted::{self, Bug};
use crate::state::State;
use clusters::{Cluster, CountedOption};
use ways::Ways;

/// Fewer contested offers are searched one by one.
const LOCAL_MIN: usize = 9;
/// Offers on many lines are tried kept and left out from outside.
const WIDE_MAX: usize = 3;
/// Offers before the whole, as bits of who gives.
const LOCAL_MAX: usize = 128;
/// The widest range of sums that is counted.
const RANGE_MAX: i64 = 60_000;
/// Sums that cost the same and are told apart by their offers. More of them leave the answer the best found.
const EQUAL_MAX: usize = 64;
/// No sum.
const NEVER: u16 = u16::MAX;

/// A sum, and which of the wide offers are left out beside it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    wide: u32,
    sum: usize,
    left_out: u32,
}

/// A choice among the offers on the whole that is as good as any for its sum.
#[derive(Debug, Default)]
struct Equal {
    reached: Reached,
    kept: Vec<bool>,
    /// Those on the whole that give something.
    gave: Vec<u64>,
}

/// What the search of the sums comes to.
#[derive(Debug, Default)]
pub(super) struct Reaching {
    /// The sum that the offers on the whole are searched for at the moment.
    pub(super) now: Option<Reached>,
    /// Choices that cost the same and leave out as many as the best; one for each sum.
    equal: Vec<Equal>,
    /// Choices of before, for their memory.
    spare: Vec<Equal>,
    /// There are more of them.
    more: bool,
}

impl Reaching {
    fn forget(&mut self) {
        self.spare.append(&mut self.equal);
        self.more = false;
    }
}

/// Working memory of sums.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// Candidates before the whole that lower something: who gives is noted by their places here.
    local: Vec<usize>,
    wide: Vec<usize>,
    clusters: Vec<Cluster>,
    /// Clusters of baskets before, for their memory.
    spare: Vec<Cluster>,
    /// Memory of options, by the place of their cluster.
    options: Vec<Vec<CountedOption>>,
    /// Who gives on lines outside of all clusters.
    gave_outside: u128,
    /// A row for each cluster that was added, the first one for none.
    rows: Vec<Vec<u16>>,
    ways: Ways,
    /// Who gives in the choice at hand.
    gave: Vec<u64>,
}

impl Search {
    /// Answers the question by sums; false when it is not of that kind.
    pub(super) fn by_sums(&mut self, question: &Question<'_, '_>, work: &mut Work) -> bool {
        let mut sums = std::mem::take(&mut self.sums);
        self.reaching.forget();
        let fits = sums.read(question, &self.scalar, |candidate| self.may_drop(question, candidate));
        let counted =
            fits && (0..1 << sums.wide.len()).all(|wide| self.search_sums(question, work, &mut sums, wide));
        self.best.found &= counted;
        if self.best.found {
            self.tell_apart(question, work, &mut sums);
            #[cfg(test)]
            tests::ANSWERED.set(tests::ANSWERED.get() + 1);
        }
        self.sums = sums;
        if !self.best.found {
            self.kept.clear();
            self.kept.extend(question.excluded.iter().map(|excluded| !excluded));
        }
        self.best.found
    }

    /// Counts the sums with some of the wide offers left out, and searches those that can win. False when there are too many.
    fn search_sums(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        sums: &mut Sums,
        wide: u32,
    ) -> bool {
        let mut state = std::mem::take(&mut work.trial);
        let counted = self.count_sums(question, work, sums, (wide, false), &mut state);
        let fits =
            counted.is_some_and(|least| self.search_totals(question, work, sums, &mut state, wide, least));
        work.trial = state;
        fits
    }

    /// Counts the sums with some of the wide offers left out. `state` is that of a whole prefix then. Gives the least sum;
    /// none when they range too far. Who gives is noted where that is asked for.
    fn count_sums(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        sums: &mut Sums,
        (wide, noting): (u32, bool),
        state: &mut State,
    ) -> Option<i64> {
        let ground = question.ground;
        let from = self.scalar.from();
        self.keep_wide(question, sums, wide);
        let clustered = sums.clusters.iter().fold(0, |all, cluster| all | cluster.lines);
        let most = sums.clusters.iter().map(|cluster| 1_usize << cluster.members.len()).max().unwrap_or(1);
        let mut outside = 0;
        sums.gave_outside = 0;
        for mask in 0..most {
            for cluster in &mut sums.clusters {
                let own = if mask < 1 << cluster.members.len() { mask } else { 0 };
                for (place, &member) in cluster.members.iter().enumerate() {
                    self.kept[member] = own >> place & 1 == 0;
                }
                cluster.begin(mask);
            }
            begin(ground, &self.kept, state);
            for candidate in (0..from).filter(|&candidate| self.kept[candidate]) {
                enter(ground, &self.kept, state, work, ground.candidates[candidate].layer);
                crate::execute::execute(ground, state, work, candidate, u32::MAX);
                if noting && let Ok(place) = sums.local.binary_search(&candidate) {
                    let lines = work.takes.iter().filter(|take| take.amount > 0);
                    sums.note(mask, place, lines.fold(0, |all, take| all | 1 << take.line), !clustered);
                }
            }
            let total_of = |lines: u64| bits(&[lines]).map(|line| state.running[line]).sum::<i64>();
            for cluster in &mut sums.clusters {
                cluster.come_to(mask, total_of(cluster.lines));
            }
            if mask == 0 {
                outside = total_of(self.scalar.lines() & !clustered);
            }
        }
        // The offers on the whole go on from here, with the total alone.
        for cluster in &sums.clusters {
            cluster.members.iter().for_each(|member| self.kept[*member] = true);
        }
        let counted = sums.count();
        counted.then(|| outside + sums.clusters.iter().map(|cluster| cluster.least).sum::<i64>())
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
        let row = sums.rows[sums.clusters.len()].as_slice();
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
            self.reaching.now = Some(Reached { wide, sum, left_out });
            self.search_total(question, work, total, left_out);
            self.reaching.now = None;
            if self.ran_out {
                return true;
            }
            sum += 1;
        }
        true
    }

    /// Compares a whole choice whose beginning is a sum with the best so far.
    pub(super) fn sum_leaf(
        &mut self,
        question: &Question<'_, '_>,
        reached: Reached,
        objective: i64,
        gave: &[u64],
    ) {
        let from = self.scalar.from();
        let dropped = (from..self.kept.len()).filter(|&at| !question.excluded[at] && !self.kept[at]).count();
        let left_out = reached.left_out + dropped as u32;
        let order = match self.best.found {
            true => (objective, left_out).cmp(&(self.best.objective, self.best.left_out)),
            false => Ordering::Less,
        };
        match order {
            Ordering::Greater => return,
            Ordering::Equal => {}
            Ordering::Less => {
                self.best.found = true;
                self.best.objective = objective;
                self.best.left_out = left_out;
                self.best.times.clone_from(&self.times);
                self.best.order.clear();
                self.reaching.forget();
            }
        }
        // Whatever a sum is made of, the better choice for it is the better choice.
        let same =
            |equal: &&mut Equal| (equal.reached.wide, equal.reached.sum) == (reached.wide, reached.sum);
        if let Some(equal) = self.reaching.equal.iter_mut().find(same) {
            if super::ties::prefers(question.ground, gave, &equal.gave) {
                equal.kept.clone_from(&self.kept);
                equal.gave.clear();
                equal.gave.extend_from_slice(gave);
            }
        } else if self.reaching.equal.len() < EQUAL_MAX {
            let mut equal = self.reaching.spare.pop().unwrap_or_default();
            equal.reached = reached;
            equal.kept.clone_from(&self.kept);
            equal.gave.clear();
            equal.gave.extend_from_slice(gave);
            self.reaching.equal.push(equal);
        } else {
            self.reaching.more = true;
        }
    }

    fn keep_wide(&mut self, question: &Question<'_, '_>, sums: &Sums, wide: u32) {
        self.kept.clear();
        self.kept.extend(question.excluded.iter().map(|excluded| !excluded));
        for (place, &candidate) in sums.wide.iter().enumerate() {
            self.kept[candidate] = wide >> place & 1 == 0;
        }
    }

    /// Finds the offers behind the best sums, and which of them win the tie.
    fn tell_apart(&mut self, question: &Question<'_, '_>, work: &mut Work, sums: &mut Sums) {
        let from = self.scalar.from();
        let equals = std::mem::take(&mut self.reaching.equal);
        self.exhausted |= self.reaching.more;
        let (mut state, mut gave) = (std::mem::take(&mut work.trial), std::mem::take(&mut sums.gave));
        let mut counted = None;
        for (place, equal) in equals.iter().enumerate() {
            // One is known to be as good as any: it is told whatever is left.
            if place > 0 && (self.ran_out || planted::is(Bug::EqualSumNotCompared)) {
                break;
            }
            let wide = equal.reached.wide;
            if counted.replace(wide) != Some(wide) {
                self.count_sums(question, work, sums, (wide, true), &mut state);
                sums.weigh(question.ground);
            }
            let whole = sums.find_ways(equal.reached.sum, |steps| self.count_nodes(steps));
            self.exhausted |= !whole;
            self.keep_wide(question, sums, wide);
            self.kept[from..].copy_from_slice(&equal.kept[from..]);
            for way in 0..sums.ways.found() {
                let local = sums.follow_way(way);
                gave.clone_from(&equal.gave);
                for at in bits(&[local as u64, (local >> 64) as u64]) {
                    let candidate = sums.local[at];
                    gave[candidate / 64] |= 1 << (candidate % 64);
                }
                if place + way > 0 && !super::ties::prefers(question.ground, &gave, &self.best.gave) {
                    continue;
                }
                for (cluster, option) in sums.clusters.iter().zip(&sums.ways.options) {
                    for (bit, &member) in cluster.members.iter().enumerate() {
                        self.kept[member] = option >> bit & 1 == 0;
                    }
                }
                self.best.kept.clone_from(&self.kept);
                self.best.gave.clone_from(&gave);
            }
        }
        work.trial = state;
        sums.gave = gave;
        self.reaching.equal = equals;
    }
}
