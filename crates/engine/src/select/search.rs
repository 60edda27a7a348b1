//! The exact search for the choice with the lowest objective: depth first over the contested candidates in the order
//! of execution, with a bound that takes everything that is still possible. Its cost is bounded by a count of nodes.

use super::bound::Bounds;
use super::conflicts::Conflicts;
use super::contest::Contest;
use super::scalar::Scalar;
use super::sums::{Reaching, Sums};
use crate::evaluate::{begin, enter};
use crate::execute::{Work, execute};
use crate::ground::Ground;
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
    /// Nodes of all searches of the quote so far; the caller begins with 0.
    pub(crate) nodes: u64,
    /// Whether not all was searched, so that what was found may not be the best.
    pub(crate) exhausted: bool,
    /// Whether the search ends because it has run out of nodes.
    pub(super) ran_out: bool,
    /// What one node counts for: the more lines and candidates, the more it costs.
    node: u64,
    /// A search that has found nothing yet goes on until here.
    nodes_first: u64,
    /// The search at hand ends with so many nodes, once it has found something.
    nodes_until: u64,
    /// How many numbers of applications below the most it tries of an offer in a cluster.
    pub(super) grain: u32,
    pub(crate) bounds: Bounds,
    pub(super) kept: Vec<bool>,
    pub(super) order: Vec<u32>,
    pub(super) times: Vec<u32>,
    pub(super) placed: Vec<bool>,
    pub(super) states: Vec<State>,
    /// Candidates that are simply taken, and contested ones that are decided before anything executes.
    pub(super) decided: Vec<bool>,
    /// The same of clusters: whether they are kept is decided, where they execute is not.
    pub(super) settled: Vec<bool>,
    /// Candidates beyond what is searched, see [`BRANCHES_MAX`]: taken where they can stand.
    pub(super) beyond: Vec<bool>,
    pub(super) scalar: Scalar,
    pub(super) sums: Sums,
    pub(super) reaching: Reaching,
    /// A whole evaluation beside the search.
    pub(super) whole: State,
}

/// Contested candidates, before those that move the total alone and among these, that a search decides about. What they
/// could make together is beyond any count of nodes, and each level of the search holds two copies of a state.
const BRANCHES_MAX: usize = 128;

/// Every number of applications is tried.
pub(super) const ALL_NUMBERS: u32 = u32::MAX;

/// How a search goes through the numbers of applications of offers that share units, and with which share of the nodes left.
/// Most pools are done with a small one. Where they are not, each offer as often as it can be and not at all comes first, then
/// some numbers in between: a search that begins with all numbers of the first offer sees little of the others before its end.
const PASSES: [(u32, u64); 4] = [(ALL_NUMBERS, 32), (0, 8), (3, 3), (ALL_NUMBERS, 1)];

fn passes(question: &Question<'_, '_>) -> impl Iterator<Item = (u32, u64)> {
    let first = if question.contest.clusters > 0 { 0 } else { PASSES.len() - 1 };
    PASSES[first..].iter().copied()
}

/// So many candidates that are simply taken cost as much as a node.
const EXECUTED_A_NODE: u64 = 8;

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
        self.bounds.read(question);
        self.scalar.read(question);
        self.settled.clear();
        self.settled.resize(count, false);
        self.exhausted = false;
        self.ran_out = false;
        let beyond = self.plan(question);
        let ground = question.ground;
        self.node = 1 + (ground.lines.len() + count) as u64 / 64;
        self.nodes_first = self.nodes + 8 * self.node * (count as u64 + 8);
        self.nodes_until = question.nodes_max;
        if self.by_sums(question, work) {
            self.exhausted |= self.ran_out;
            return;
        }
        self.exhausted = beyond;
        self.ran_out = false;
        self.nodes_first = self.nodes + 8 * self.node * (count as u64 + 8);
        for candidate in 0..count {
            let clashes =
                |other: usize| self.kept[other] && question.conflicts.exclusives_clash(candidate, other);
            if self.beyond[candidate] && (0..candidate).any(clashes) {
                self.kept[candidate] = false;
            }
        }
        // Who skips which lines is fixed before execution, so offers that decide it are decided first.
        let mut early = work.lists.take();
        early.extend(
            (0..count).filter(|&candidate| !self.decided[candidate] && decides_lines(question, candidate)),
        );
        for (grain, share) in passes(question) {
            let left = question.nodes_max.saturating_sub(self.nodes);
            (self.grain, self.nodes_until) = (grain, self.nodes + left / share);
            (self.exhausted, self.ran_out) = (beyond, false);
            self.decide(question, work, &early, 0, 0);
            if grain == ALL_NUMBERS && !self.ran_out {
                break;
            }
        }
        work.lists.give(early);
        self.exhausted |= self.ran_out;
    }

    /// Sorts the candidates into those that are simply taken and those that are searched. Gives whether some that could be
    /// searched are not.
    fn plan(&mut self, question: &Question<'_, '_>) -> bool {
        let count = question.ground.candidates.len();
        self.decided.clear();
        self.decided.resize(count, true);
        self.beyond.clear();
        self.beyond.resize(count, false);
        let mut cut = [false; 2];
        let mut branches = [0; 2];
        for candidate in (0..count).filter(|&candidate| question.contest.contested[candidate]) {
            let cluster = Some(question.contest.cluster[candidate])
                .filter(|&cluster| cluster != u32::MAX && self.is_searchable(question, cluster));
            if question.contest.lone[candidate] || cluster.is_none() && !self.may_drop(question, candidate) {
                continue;
            }
            let part = usize::from(candidate >= self.scalar.from());
            // A cluster is searched as a whole.
            let opened = cluster.and_then(|cluster| {
                (0..candidate).find(|&other| {
                    question.contest.contested[other] && question.contest.cluster[other] == cluster
                })
            });
            let searched = match opened {
                Some(other) => !self.beyond[other],
                None => branches[part] < BRANCHES_MAX,
            };
            branches[part] += usize::from(searched);
            self.decided[candidate] = !searched;
            self.beyond[candidate] = !searched;
            cut[part] |= !searched;
        }
        self.exhausted |= cut[1];
        cut[0] || cut[1]
    }

    /// Decides the candidates that other candidates' lines depend on, then searches the rest. `place` of them are decided.
    fn decide(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        early: &[usize],
        place: usize,
        left_out: u32,
    ) {
        let Some(&first) = early.get(place) else {
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
        // Two exclusive ones that stand against each other are never both kept.
        let clashes = |&other: &usize| self.kept[other] && question.conflicts.exclusives_clash(first, other);
        if !early[..place].iter().any(clashes) {
            self.decide(question, work, early, place + 1, left_out);
        }
        if self.may_drop(question, first) && !self.ran_out {
            self.kept[first] = false;
            let costs = u32::from(self.costs(question, first));
            self.decide(question, work, early, place + 1, left_out + costs);
            self.kept[first] = true;
        }
        rows(self, false);
    }

    /// Counts a node; false when the search has run out of them. One choice is looked for a little longer in any case.
    pub(super) fn count_node(&mut self) -> bool {
        self.count_nodes(1)
    }

    /// The same of something that costs as much as so many nodes.
    pub(super) fn count_nodes(&mut self, count: u64) -> bool {
        self.nodes += self.node * count;
        self.ran_out |= self.nodes > self.nodes_until && (self.best.found || self.nodes > self.nodes_first);
        !self.ran_out
    }

    pub(super) fn take_state(&mut self, depth: usize) -> State {
        if self.states.len() <= depth {
            self.states.resize_with(depth + 1, State::default);
        }
        std::mem::take(&mut self.states[depth])
    }

    pub(super) fn give_state(&mut self, depth: usize, state: State) {
        self.states[depth] = state;
    }

    /// Visits the choices that agree with what is decided before `place`.
    pub(super) fn visit(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        place: usize,
        depth: usize,
        state: &State,
        left_out: u32,
    ) {
        if !self.count_node() {
            return;
        }
        let ground = question.ground;
        let executed = self.order.len();
        let mut place = place;
        let mut here = self.take_state(depth + 1);
        here.copy_from(state);
        // What is not contested is simply taken.
        let mut admitted = true;
        let mut skipped = work.lists.take();
        while admitted && place < ground.candidates.len() && self.decided[place] && place < self.scalar.from()
        {
            if self.kept[place] && self.is_out(question, &here.gave, place) {
                self.kept[place] = false;
                skipped.push(place);
            }
            if self.kept[place] {
                admitted = self.execute(question, work, &mut here, place, u32::MAX);
                // One that nobody has to do with has changed nothing where it gave nothing.
                if !admitted && question.contest.lone[place] {
                    (admitted, self.kept[place]) = (true, false);
                    skipped.push(place);
                    self.order.pop();
                }
            }
            place += 1;
        }
        self.nodes += (self.order.len() - executed) as u64 / EXECUTED_A_NODE;
        if !admitted {
            // Something that cannot be left out stands against what gave before.
        } else if place >= self.scalar.from()
            && place < ground.candidates.len()
            && self.enter_scalar(question, work, place, &mut here, left_out)
        {
            // The rest needs no lines any more.
        } else if place == ground.candidates.len() {
            let objective = objective(ground, &here, work);
            self.leaf(question, work, objective, &here.gave);
        } else if !self.bounded_out(question, &here, place, left_out) {
            let cluster = question.contest.cluster[place];
            if cluster != u32::MAX && self.is_searchable(question, cluster) {
                self.branch_cluster(question, work, place, depth + 1, &here, left_out);
            } else {
                self.branch(question, work, place, depth + 1, &here, left_out);
            }
        }
        skipped.iter().for_each(|candidate| self.kept[*candidate] = true);
        work.lists.give(skipped);
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

    /// Executes a candidate; false when it cannot stand beside those that gave before.
    pub(super) fn execute(
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

    /// Whether a candidate beyond the search cannot stand beside those that gave.
    pub(super) fn is_out(&self, question: &Question<'_, '_>, gave: &[u64], candidate: usize) -> bool {
        self.beyond[candidate] && !question.conflicts.any_stands(gave, candidate)
    }

    pub(super) fn may_drop(&self, question: &Question<'_, '_>, candidate: usize) -> bool {
        let ground = question.ground;
        let exclusive = question.conflicts.any && question.conflicts.exclusive[candidate].is_some();
        let cluster = question.contest.cluster[candidate];
        question.waive_never
            || exclusive
            || ground.candidates[candidate].leave_out_allowed
            || question.conflicts.stands_against_any(candidate, question.excluded)
            // Where the order of a pool is fixed, who yields is what can be searched.
            || cluster != u32::MAX && !self.is_searchable(question, cluster)
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
}

/// What the choice leaves to pay, as far as offers decide: net + added tax - reimbursed - worth.
pub(crate) fn objective(ground: &Ground<'_>, state: &State, work: &mut Work) -> i64 {
    let net: i64 = state.running.iter().sum();
    let reserved: i64 = state.reserved.iter().sum();
    net + added_tax(ground, state, &mut work.tax) - reserved - state.worth
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
