//! A whole choice beside the best so far.

use std::cmp::Ordering;

use super::conflicts::share_units;
use super::search::{Question, Search};
use crate::evaluate::{Choice, Unobserved, evaluate};
use crate::execute::Work;
use crate::ground::{Ground, bits};

impl Search {
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
        if let Some(reached) = self.reaching.now {
            return self.sum_leaf(question, reached, objective, gave);
        }
        let mut left_out = 0;
        for candidate in 0..ground.candidates.len() {
            if question.excluded[candidate] || self.kept[candidate] {
                continue;
            }
            if question.conflicts.excused(gave, candidate).is_some() {
                continue;
            }
            if question.contest.lone[candidate] {
                continue;
            }
            let shares = question.contest.cluster[candidate] != u32::MAX;
            let never = !ground.candidates[candidate].leave_out_allowed;
            let exclusive = question.conflicts.any && question.conflicts.exclusive[candidate].is_some();
            if exclusive {
                // That costs as much as a whole choice.
                self.count_nodes(1 + ground.candidates.len() as u64 / 8);
                if self.ran_out {
                    return;
                }
                if self.would_be_silent(ground, work, candidate) {
                    continue;
                }
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

    /// Whether an exclusive offer would give nothing beside the others.
    fn would_be_silent(&mut self, ground: &Ground<'_>, work: &mut Work, candidate: usize) -> bool {
        self.kept[candidate] = true;
        let state = &mut self.whole;
        let choice = Choice { kept: &self.kept, order: &[], times: &self.times };
        evaluate(ground, choice, state, work, &mut Unobserved);
        self.kept[candidate] = false;
        self.whole.times[candidate] == 0
    }
}
