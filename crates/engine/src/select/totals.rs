//! Searching the offers on the whole, with nothing but the total.

use super::scalar::{Move, Mover};
use super::search::{Question, Search};
use crate::compile::LAYERS_MAX;
use crate::evaluate::enter;
use crate::execute::Work;
use crate::ground::bits;
use crate::state::State;

impl Search {
    /// Goes on with the total alone; false when the state does not allow it.
    pub(super) fn enter_scalar(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        place: usize,
        here: &mut State,
        left_out: u32,
    ) -> bool {
        let ground = question.ground;
        let lines = || bits(&self.scalar.set);
        if !here.blocked.is_empty() || lines().any(|line| here.reserved[line] != 0) {
            return false;
        }
        enter(ground, &self.kept, here, work, ground.candidates[place].layer);
        let total: i64 = lines().map(|line| here.running[line]).sum();
        let n = ground.lines.len();
        let worth = here.worth;
        let all: i64 = here.running.iter().sum::<i64>() - here.reserved.iter().sum::<i64>();
        let mut marks = [0; LAYERS_MAX];
        for (row, mark) in marks[..ground.compiled.marked_layers.len()].iter_mut().enumerate() {
            *mark = lines().map(|line| here.marks[row * n + line]).sum();
        }
        self.scalar.outside = all - total - worth;
        self.scalar.gave.clone_from(&here.gave);
        let at = self.scalar.movers.partition_point(|mover| (mover.candidate as usize) < place);
        self.move_total(question, work, at, total, here.guard_left, &marks, left_out);
        true
    }

    /// Searches the offers on the whole for one total.
    pub(super) fn search_total(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        total: i64,
        left_out: u32,
    ) {
        let marks = [total; LAYERS_MAX];
        self.move_total(question, work, 0, total, i64::MAX, &marks, left_out);
    }

    /// The least objective that a total can come to.
    pub(super) fn least_objective(&self, question: &Question<'_, '_>, total: i64) -> i64 {
        let marks = [total; LAYERS_MAX];
        self.least_total(question, 0, total, &marks) + self.scalar.outside
    }

    #[allow(clippy::too_many_arguments)] // One frame of a recursion: each is its state.
    fn move_total(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        at: usize,
        total: i64,
        guard: i64,
        marks: &[i64],
        left_out: u32,
    ) {
        if !self.count_node() {
            return;
        }
        // What is simply taken goes by without a frame of its own, and is taken back in the end.
        let outside = self.scalar.outside;
        let (first, mut at, mut total, mut guard) = (at, at, total, guard);
        let mut skipped = work.lists.take();
        while let Some(&mover) = self.scalar.movers.get(at) {
            let candidate = mover.candidate as usize;
            if self.kept[candidate] {
                if !self.decided[candidate] && mover.contested && mover.may_drop {
                    self.branch_total(question, work, (at, mover), (total, guard), marks, left_out);
                    break;
                }
                let (amount, gives) = self.moved(&mover, total, marks, guard);
                if question.conflicts.admits(&self.scalar.gave, candidate, gives) {
                    (total, guard) = self.take_mover(&mover, total, guard, amount, gives);
                } else if self.beyond[candidate] || question.contest.lone[candidate] {
                    self.kept[candidate] = false;
                    skipped.push(candidate);
                } else {
                    break;
                }
            }
            at += 1;
        }
        if at == self.scalar.movers.len() {
            let objective = total + self.scalar.outside;
            let gave = std::mem::take(&mut self.scalar.gave);
            self.leaf(question, work, objective, &gave);
            self.scalar.gave = gave;
        }
        skipped.iter().for_each(|candidate| self.kept[*candidate] = true);
        work.lists.give(skipped);
        self.scalar.outside = outside;
        for mover in &self.scalar.movers[first..at] {
            self.scalar.gave[mover.candidate as usize / 64] &= !(1_u64 << (mover.candidate % 64));
        }
    }

    /// What a mover takes now, and whether it gives something.
    #[inline]
    fn moved(&self, mover: &Mover, total: i64, marks: &[i64], guard: i64) -> (i64, bool) {
        let seen = mover.mark.map_or(total, |row| marks[row as usize]);
        let amount = self.scalar.amount(mover, total, seen, guard);
        (amount, amount > 0 || !mover.lowers)
    }

    /// Lets a mover take; gives the total and the rest of the maximum discount after it.
    #[inline]
    fn take_mover(&mut self, mover: &Mover, total: i64, guard: i64, amount: i64, gives: bool) -> (i64, i64) {
        if gives {
            self.scalar.gave[mover.candidate as usize / 64] |= 1_u64 << (mover.candidate % 64);
            self.scalar.outside -= mover.worth;
        }
        (total - amount, if mover.exempt || guard == i64::MAX { guard } else { guard - amount })
    }

    /// Keeps a contested mover, then leaves it out.
    fn branch_total(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        (at, mover): (usize, Mover),
        (total, guard): (i64, i64),
        marks: &[i64],
        left_out: u32,
    ) {
        let candidate = mover.candidate as usize;
        if self.best.found {
            let least = self.least_total(question, at, total, marks) + self.scalar.outside;
            if (least, left_out) > (self.best.objective, self.best.left_out) {
                return;
            }
        }
        let (amount, gives) = self.moved(&mover, total, marks, guard);
        let exclusive = question.conflicts.any && question.conflicts.exclusive[candidate].is_some();
        if question.conflicts.admits(&self.scalar.gave, candidate, gives) {
            let outside = self.scalar.outside;
            let (after, guard) = self.take_mover(&mover, total, guard, amount, gives);
            self.move_total(question, work, at + 1, after, guard, marks, left_out);
            self.scalar.outside = outside;
            self.scalar.gave[candidate / 64] &= !(1_u64 << (candidate % 64));
            if !gives && !exclusive {
                return;
            }
        }
        self.kept[candidate] = false;
        self.move_total(question, work, at + 1, total, guard, marks, left_out + u32::from(mover.costs));
        self.kept[candidate] = true;
    }

    /// The least that the total can still come to: everything that could stand is taken, with the thresholds that the
    /// total reaches now. Each mover lowers a larger total to no less than a smaller one, so that is a bound.
    fn least_total(&self, question: &Question<'_, '_>, at: usize, total: i64, marks: &[i64]) -> i64 {
        let mut least = total;
        let mut worth = 0;
        for mover in &self.scalar.movers[at..] {
            let candidate = mover.candidate as usize;
            if !self.kept[candidate] || !question.conflicts.any_stands(&self.scalar.gave, candidate) {
                continue;
            }
            // A threshold sees at most what the total is now.
            let seen = mover.mark.map_or(total, |row| marks[row as usize]);
            worth += mover.worth.max(0);
            // What gives all or nothing takes all from an amount that is large enough.
            let mover = &Mover { all_or_nothing: false, ..*mover };
            least -= match mover.what {
                Move::Percent(_) | Move::Amount(_) => self.scalar.amount(mover, least.max(0), seen, i64::MAX),
                // On the larger total, whose steps are higher.
                Move::Steps { .. } | Move::Repeat { .. } => self.scalar.amount(mover, total, seen, i64::MAX),
                Move::Nothing => 0,
            };
        }
        least.max(0) - worth
    }
}
