//! The exact search for the choice with the lowest objective: depth first over the contested candidates in the order
//! of execution, with a bound that takes everything that is still possible. Its cost is bounded by a count of nodes.

use std::cmp::Ordering;

use super::bound::Bounds;
use super::conflicts::{Conflicts, share_units};
use super::contest::{CLUSTER_MAX, Contest};
use super::scalar::Scalar;
use super::sums::{Reached, Sums};
use crate::evaluate::{Choice, Unobserved, begin, enter, evaluate, selected};
use crate::execute::{Work, execute};
use crate::ground::{Ground, bits};
use crate::settle::added_tax;
use crate::state::State;
use suanpan_program::model::{ExclusiveScope, GroupScope};

/// The best choice found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Best {
    pub(crate) found: bool,
    pub(crate) objective: i64,
    pub(crate) left_out: u32,
    pub(crate) kept: Vec<bool>,
    pub(crate) order: Vec<u32>,
    pub(crate) times: Vec<u32>,
    /// Candidates that gave something, as bits.
    pub(super) gave: Vec<u64>,
}

/// Reusable memory of the search.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) best: Best,
    pub(crate) nodes: u64,
    pub(crate) exhausted: bool,
    pub(crate) bounds: Bounds,
    pub(super) kept: Vec<bool>,
    pub(super) order: Vec<u32>,
    pub(super) times: Vec<u32>,
    placed: Vec<bool>,
    states: Vec<State>,
    /// Contested candidates that are decided before anything executes.
    pub(super) decided: Vec<bool>,
    /// The same of clusters: whether they are kept is decided, where they execute is not.
    settled: Vec<bool>,
    pub(super) scalar: Scalar,
    pub(super) sums: Sums,
}

/// What a search needs to know beside its own memory.
pub(crate) struct Question<'a, 'g> {
    pub(crate) ground: &'a Ground<'g>,
    pub(crate) conflicts: &'a Conflicts,
    pub(crate) contest: &'a Contest,
    /// Candidates that are out of the question.
    pub(crate) excluded: &'a [bool],
    /// `never` candidates may be left out: no choice was admissible otherwise.
    pub(crate) waive_never: bool,
    pub(crate) nodes_max: u64,
}

impl Search {
    /// Finds the best admissible choice.
    pub(crate) fn run(&mut self, question: &Question<'_, '_>, work: &mut Work) {
        let count = question.ground.candidates.len();
        self.best.found = false;
        self.kept.clear();
        self.kept.extend(question.excluded.iter().map(|excluded| !excluded));
        self.order.clear();
        self.times.clear();
        self.times.resize(count, u32::MAX);
        self.placed.clear();
        self.placed.resize(count, false);
        self.bounds.read(question, work);
        self.scalar.read(question);
        self.settled.clear();
        self.settled.resize(count, false);
        self.decided.clear();
        self.decided.resize(count, false);
        if self.by_sums(question, work) {
            return;
        }
        self.decided.clear();
        self.decided.extend((0..count).map(|candidate| !question.contest.contested[candidate]));
        // Who skips which lines is fixed before execution, so offers that decide it are decided first.
        let early: Vec<usize> = (0..count)
            .filter(|&candidate| question.contest.contested[candidate] && decides_lines(question, candidate))
            .collect();
        self.decide(question, work, &early, 0);
    }

    /// Decides the candidates that other candidates' lines depend on, then searches the rest.
    fn decide(&mut self, question: &Question<'_, '_>, work: &mut Work, early: &[usize], left_out: u32) {
        let Some((&first, rest)) = early.split_first() else {
            let mut state = self.take_state(0);
            begin(question.ground, &self.kept, &mut state);
            self.visit(question, work, 0, 0, &state, left_out);
            self.give_state(0, state);
            return;
        };
        let cluster = question.contest.cluster[first];
        let moves = cluster != u32::MAX && self.is_searchable(question, cluster);
        let rows = |search: &mut Self, is: bool| {
            let rows = if moves { &mut search.settled } else { &mut search.decided };
            rows[first] = is;
        };
        rows(self, true);
        self.decide(question, work, rest, left_out);
        if self.may_drop(question, first) {
            self.kept[first] = false;
            self.decide(question, work, rest, left_out + u32::from(self.costs(question, first)));
            self.kept[first] = true;
        }
        rows(self, false);
    }

    fn take_state(&mut self, depth: usize) -> State {
        if self.states.len() <= depth {
            self.states.resize_with(depth + 1, State::default);
        }
        std::mem::take(&mut self.states[depth])
    }

    fn give_state(&mut self, depth: usize, state: State) {
        self.states[depth] = state;
    }

    /// Visits the choices that agree with what is decided before `place`.
    fn visit(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        place: usize,
        depth: usize,
        state: &State,
        left_out: u32,
    ) {
        self.nodes += 1;
        if self.nodes > question.nodes_max && self.best.found {
            self.exhausted = true;
            return;
        }
        let ground = question.ground;
        let executed = self.order.len();
        let mut place = place;
        let mut here = self.take_state(depth + 1);
        here.copy_from(state);
        // What is not contested is simply taken.
        let mut admitted = true;
        while admitted && place < ground.candidates.len() && self.decided[place] && place < self.scalar.from()
        {
            if self.kept[place] {
                admitted = self.execute(question, work, &mut here, place, u32::MAX);
            }
            place += 1;
        }
        if !admitted {
            // Something that cannot be left out stands against what gave before.
        } else if place >= self.scalar.from()
            && place < ground.candidates.len()
            && self.enter_scalar(question, work, place, &mut here, left_out)
        {
            // The rest needs no lines any more.
        } else if place == ground.candidates.len() {
            let objective = objective(ground, &here);
            self.leaf(question, work, objective, &here.gave);
        } else if !self.bounded_out(question, &here, place, left_out) {
            let cluster = question.contest.cluster[place];
            if cluster != u32::MAX && self.is_searchable(question, cluster) {
                self.branch_cluster(question, work, place, depth + 1, &here, left_out);
            } else {
                self.branch(question, work, place, depth + 1, &here, left_out);
            }
        }
        self.order.truncate(executed);
        self.give_state(depth + 1, here);
    }

    /// Keeps a candidate, then leaves it out.
    fn branch(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        place: usize,
        depth: usize,
        here: &State,
        left_out: u32,
    ) {
        if !self.kept[place] {
            self.visit(question, work, place + 1, depth, here, left_out);
            return;
        }
        let executed = self.order.len();
        let mut next = self.take_state(depth + 1);
        next.copy_from(here);
        let gave = self.execute(question, work, &mut next, place, u32::MAX);
        if gave {
            self.visit(question, work, place + 1, depth + 1, &next, left_out);
        }
        // One that gives nothing here may be dropped without a difference, unless something stands on it later.
        let silent = gave && next.times[place] == 0;
        self.give_state(depth + 1, next);
        self.order.truncate(executed);
        if self.may_drop(question, place) && !(silent && question.conflicts.exclusive[place].is_none()) {
            self.kept[place] = false;
            self.visit(
                question,
                work,
                place + 1,
                depth,
                here,
                left_out + u32::from(self.costs(question, place)),
            );
            self.kept[place] = true;
        }
    }

    /// Fills the slot of a member of a cluster: with any member of its layer that has no slot yet and any number of
    /// applications; or leaves it empty, together with the member that it belongs to. Members change places among
    /// themselves, so one that is left out takes its slot with it.
    fn branch_cluster(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        place: usize,
        depth: usize,
        here: &State,
        left_out: u32,
    ) {
        let ground = question.ground;
        let cluster = question.contest.cluster[place];
        if !self.kept[place] {
            self.visit(question, work, place + 1, depth, here, left_out);
            return;
        }
        let layer = ground.candidates[place].layer;
        // One that does nothing here changes nothing by being away.
        let mut needless = false;
        let members: Vec<usize> = (0..ground.candidates.len())
            .filter(|&member| {
                question.contest.cluster[member] == cluster
                    && ground.candidates[member].layer == layer
                    && self.kept[member]
                    && !self.decided[member]
                    && !self.placed[member]
            })
            .collect();
        let executed = self.order.len();
        for &member in &members {
            self.placed[member] = true;
            let mut most = u32::MAX;
            let mut before = (0, 0);
            let mut silent = false;
            let attempts = attempts_of(ground, member);
            while most > 0 {
                let mut next = self.take_state(depth + 1);
                next.copy_from(here);
                self.times[member] = most;
                let admitted = self.execute(question, work, &mut next, member, most);
                let (times, amount) = (next.times[member], next.given[member]);
                let fresh = if times > 0 { before != (times, amount) } else { !silent };
                if admitted && fresh {
                    silent |= times == 0;
                    needless |= silent && member == place;
                    self.visit(question, work, place + 1, depth + 1, &next, left_out);
                }
                before = (times, amount);
                self.order.truncate(executed);
                self.give_state(depth + 1, next);
                if self.exhausted {
                    break;
                }
                // What an offer forms may be fewer than what it was allowed: every smaller number is tried once.
                most = (most - 1).min(attempts);
            }
            self.times[member] = u32::MAX;
            self.placed[member] = false;
        }
        if !(needless || self.placed[place] || self.settled[place]) {
            self.kept[place] = false;
            let costs = u32::from(self.costs(question, place));
            self.visit(question, work, place + 1, depth, here, left_out + costs);
            self.kept[place] = true;
        }
    }

    fn is_searchable(&self, question: &Question<'_, '_>, cluster: u32) -> bool {
        question.contest.cluster.iter().filter(|other| **other == cluster).count() <= CLUSTER_MAX
    }

    /// Executes a candidate; false when it cannot stand beside those that gave before.
    fn execute(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        state: &mut State,
        candidate: usize,
        times: u32,
    ) -> bool {
        let ground = question.ground;
        self.order.push(candidate as u32);
        enter(ground, &self.kept, state, work, ground.candidates[candidate].layer);
        execute(ground, state, work, candidate, times);
        question.conflicts.admits(&state.gave, candidate, state.times[candidate] > 0)
    }

    pub(super) fn may_drop(&self, question: &Question<'_, '_>, candidate: usize) -> bool {
        let ground = question.ground;
        let exclusive = question.conflicts.any && question.conflicts.exclusive[candidate].is_some();
        question.waive_never
            || exclusive
            || ground.candidates[candidate].leave_out_allowed
            || question.conflicts.stands_against_any(candidate, question.excluded)
    }

    /// Whether dropping it can only be a leaving out: nothing can stand against it.
    pub(super) fn costs(&self, question: &Question<'_, '_>, candidate: usize) -> bool {
        question.contest.cluster[candidate] == u32::MAX
            && !question.conflicts.stands_against_any(candidate, question.excluded)
    }

    fn bounded_out(
        &mut self,
        question: &Question<'_, '_>,
        state: &State,
        place: usize,
        left_out: u32,
    ) -> bool {
        if !self.best.found {
            return false;
        }
        let least = self.bounds.lowest(question, state, &self.kept, &self.placed, place);
        (least, left_out) > (self.best.objective, self.best.left_out)
    }

    /// Compares a whole choice with the best so far.
    pub(super) fn leaf(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        objective: i64,
        gave: &[u64],
    ) {
        let ground = question.ground;
        if self.best.found && objective > self.best.objective {
            return;
        }
        if let Some(reached) = self.sums.now {
            return self.sum_leaf(question, reached, objective);
        }
        let mut left_out = 0;
        for candidate in 0..ground.candidates.len() {
            if question.excluded[candidate] || self.kept[candidate] {
                continue;
            }
            if question.conflicts.excused(gave, candidate).is_some() {
                continue;
            }
            let shares = question.contest.cluster[candidate] != u32::MAX;
            let never = !ground.candidates[candidate].leave_out_allowed;
            let exclusive = question.conflicts.any && question.conflicts.exclusive[candidate].is_some();
            if exclusive && self.would_be_silent(ground, work, candidate) {
                continue;
            }
            // Another offer of its pool may have taken the units that it would have needed.
            let yields = shares && bits(gave).any(|other| share_units(ground, candidate, other));
            if never && !yields && !question.waive_never {
                return;
            }
            left_out += 1;
        }
        let better = !self.best.found
            || match (objective, left_out).cmp(&(self.best.objective, self.best.left_out)) {
                Ordering::Less => true,
                Ordering::Greater => false,
                Ordering::Equal => self.breaks_tie(question, gave),
            };
        if !better {
            return;
        }
        self.best.found = true;
        self.best.objective = objective;
        self.best.left_out = left_out;
        self.best.gave.clear();
        self.best.gave.extend_from_slice(gave);
        self.best.kept.clone_from(&self.kept);
        self.best.times.clone_from(&self.times);
        self.best.order.clear();
        if question.contest.clusters > 0 {
            // Those that did not execute stand where they would have, for what is said of them.
            self.best.order.extend_from_slice(&self.order);
            for candidate in 0..ground.candidates.len() as u32 {
                if !self.order.contains(&candidate) {
                    let later = self.best.order.iter().position(|other| *other > candidate);
                    self.best.order.insert(later.unwrap_or(self.best.order.len()), candidate);
                }
            }
        }
    }

    /// Compares a whole choice whose beginning is a sum with the best so far.
    fn sum_leaf(&mut self, question: &Question<'_, '_>, reached: Reached, objective: i64) {
        let from = self.scalar.from();
        let dropped = (from..self.kept.len()).filter(|&at| !question.excluded[at] && !self.kept[at]).count();
        let left_out = reached.left_out + dropped as u32;
        if self.best.found && (objective, left_out) >= (self.best.objective, self.best.left_out) {
            return;
        }
        self.best.found = true;
        self.best.objective = objective;
        self.best.left_out = left_out;
        self.best.kept.clone_from(&self.kept);
        self.best.times.clone_from(&self.times);
        self.best.order.clear();
        self.sums.best = reached;
    }

    /// Whether an exclusive offer would give nothing beside the others.
    fn would_be_silent(&mut self, ground: &Ground<'_>, work: &mut Work, candidate: usize) -> bool {
        self.kept[candidate] = true;
        let mut state = State::default();
        let choice = Choice { kept: &self.kept, order: &[], times: &self.times };
        evaluate(ground, choice, &mut state, work, &mut Unobserved);
        self.kept[candidate] = false;
        state.times[candidate] == 0
    }
}

/// Applications that are tried one by one at most.
const APPLICATIONS_TRIED: u32 = 32;

/// The most applications that a candidate's units could make, as far as they are tried one by one.
fn attempts_of(ground: &Ground<'_>, candidate: usize) -> u32 {
    let units: i64 = (0..ground.words)
        .map(|word| {
            let lines = [selected(ground, candidate, word)];
            bits(&lines).map(|line| ground.lines[word * 64 + line].units).sum::<i64>()
        })
        .sum();
    u32::try_from(units).unwrap_or(u32::MAX).min(APPLICATIONS_TRIED)
}

/// What the choice leaves to pay, as far as offers decide: net + added tax - reimbursed - worth.
pub(crate) fn objective(ground: &Ground<'_>, state: &State) -> i64 {
    let net: i64 = state.running.iter().sum();
    let reserved: i64 = state.reserved.iter().sum();
    net + added_tax(ground, state) - reserved - state.worth
}

/// Whether other candidates' lines depend on it: it keeps lines for itself, or competes on each line.
fn decides_lines(question: &Question<'_, '_>, candidate: usize) -> bool {
    let ground = question.ground;
    ground.offer(candidate).is_some_and(|offer| {
        offer.exclusive == Some(ExclusiveScope::Line)
            || offer
                .groups
                .iter()
                .any(|&group| ground.compiled.groups[group as usize].scope == GroupScope::Line)
    })
}
