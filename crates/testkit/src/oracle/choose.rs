//! Which offers win: every admissible choice over the contested candidates is executed (rules 38, 41 to 43).

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use suanpan_domain::Reason;
use suanpan_program::model::{Effect, SelectionMode};

use super::admissible;
use super::contested::contested;
use super::execute::{Choice, Outcome, World, execute};
use super::orders::{every_number_of_applications, every_order};
use super::tax::added_tax;

/// More executions than this are not tried: the basket is skipped.
const EXECUTIONS_MAX: usize = 6_000;

/// The best choice and what it comes to.
#[derive(Clone)]
pub(super) struct Best<'a> {
    pub(super) choice: Choice,
    pub(super) outcome: Rc<Outcome<'a>>,
    pub(super) objective: i64,
    /// Coupons that were dropped because they gain too little, and why.
    pub(super) dropped: BTreeMap<usize, Reason>,
    /// Candidates that nothing but the objective keeps out.
    pub(super) left_out: BTreeSet<usize>,
    /// How many candidates were contested in the end.
    pub(super) contested: usize,
}

/// Executes choices, each once.
pub(super) struct Chooser<'w, 'a> {
    pub(super) world: &'w World<'a>,
    executed: RefCell<BTreeMap<Choice, Rc<Outcome<'a>>>>,
}

/// Too many choices to try them all.
pub(super) struct TooMany;

impl<'w, 'a> Chooser<'w, 'a> {
    pub(super) fn new(world: &'w World<'a>) -> Self {
        Self { world, executed: RefCell::new(BTreeMap::new()) }
    }

    pub(super) fn outcome(&self, choice: &Choice) -> Rc<Outcome<'a>> {
        if let Some(known) = self.executed.borrow().get(choice) {
            return Rc::clone(known);
        }
        let outcome = Rc::new(execute(self.world, choice));
        self.executed.borrow_mut().insert(choice.clone(), Rc::clone(&outcome));
        outcome
    }

    /// Net, and added tax, less what coupons' funders pay, less what gifts and points are worth (41).
    pub(super) fn objective(&self, outcome: &Outcome<'a>) -> i64 {
        let net: i64 = outcome.state.running.iter().sum();
        let reimbursed: i64 = outcome.state.reserved.iter().sum();
        let worth: i64 = outcome
            .given
            .iter()
            .zip(self.world.candidates)
            .filter(|(given, _)| given.gives_beside())
            .map(|(_, candidate)| candidate.offer.terms.worth.minor())
            .sum();
        net + added_tax(self.world.program, self.world.lines, &outcome.state.running) - reimbursed - worth
    }

    /// The choice among the active candidates, and no coupon is wasted on it (42).
    pub(super) fn choose(&self, mut active: BTreeSet<usize>) -> Result<Best<'a>, TooMany> {
        let mut dropped = BTreeMap::new();
        loop {
            let mut best = self.solve(&active)?;
            match self.wasted(&active, &best)? {
                None => {
                    best.dropped = dropped;
                    return Ok(best);
                }
                Some((coupon, reason)) => {
                    active.remove(&coupon);
                    dropped.insert(coupon, reason);
                }
            }
        }
    }

    /// The first giving coupon, lowest priority first and last id first, that gains nothing or too little. Those before it that
    /// give nothing are not there for it to yield to.
    fn wasted(&self, active: &BTreeSet<usize>, best: &Best<'a>) -> Result<Option<(usize, Reason)>, TooMany> {
        let mut coupons: Vec<usize> =
            active.iter().copied().filter(|index| self.world.candidates[*index].is_coupon()).collect();
        coupons.sort_by_key(|index| {
            let candidate = &self.world.candidates[*index];
            (candidate.offer.priority, Reverse(candidate.offer.id.clone()), Reverse(candidate.presentation))
        });
        let mut absent = BTreeSet::new();
        for coupon in coupons {
            let candidate = &self.world.candidates[coupon];
            let gift = matches!(candidate.offer.effect, Effect::Gift { .. });
            if gift || candidate.earns() || best.outcome.given[coupon].gives_beside() {
                continue;
            }
            if !best.outcome.gives(coupon) {
                absent.insert(coupon);
                continue;
            }
            let mut others: BTreeSet<usize> = active.difference(&absent).copied().collect();
            others.remove(&coupon);
            let gain = self.solve(&others)?.objective - best.objective;
            // By priority a coupon that gains nothing is kept, unless it says what it must gain.
            if gain <= 0 && self.world.program.selection == SelectionMode::BestForMember {
                return Ok(Some((coupon, Reason::LeftOut)));
            }
            if candidate.offer.terms.min_gain.is_some_and(|least| gain < least.minor()) {
                return Ok(Some((coupon, Reason::MinGain)));
            }
        }
        Ok(None)
    }

    fn solve(&self, active: &BTreeSet<usize>) -> Result<Best<'a>, TooMany> {
        match self.world.program.selection {
            SelectionMode::ByPriority => Ok(self.by_priority(active)),
            SelectionMode::BestForMember => self.best_for_member(active),
        }
    }

    fn best(&self, active: &BTreeSet<usize>, choice: Choice, contested: usize) -> Best<'a> {
        let outcome = self.outcome(&choice);
        let objective = self.objective(&outcome);
        let left_out = admissible::left_out(self, active, &choice, &outcome);
        Best { choice, outcome, objective, dropped: BTreeMap::new(), left_out, contested }
    }

    /// Higher priority first; kept when it is admissible and voids nothing that was kept (43).
    fn by_priority(&self, active: &BTreeSet<usize>) -> Best<'a> {
        let mut order: Vec<usize> = active.iter().copied().collect();
        order.sort_by_key(|index| (Reverse(self.world.candidates[*index].offer.priority), *index));
        let mut choice = Choice::default();
        for index in order {
            let before = self.outcome(&choice);
            let mut with = choice.clone();
            with.kept.push(index);
            with.kept.sort_unstable();
            let after = self.outcome(&with);
            let voids = choice.kept.iter().any(|kept| before.gives(*kept) && !after.gives(*kept));
            if !voids && admissible::without_never(self, &with, &after) {
                choice = with;
            }
        }
        self.best(active, choice, 0)
    }

    fn best_for_member(&self, active: &BTreeSet<usize>) -> Result<Best<'a>, TooMany> {
        let contested = contested(self.world, active);
        let searched: Vec<usize> = contested.searched.iter().copied().collect();
        // Beyond five offers of one pool their order is fixed, and the quote is not exact.
        if searched.len() > 12 || contested.pools.iter().any(|pool| pool.len() > 5) {
            return Err(TooMany);
        }
        // (38), last: when no choice is admissible, `never` does not count.
        for never_counts in [true, false] {
            let mut best: Option<(Rank, Choice)> = None;
            let mut executions = 0;
            for mask in (0..1_u32 << searched.len()).rev() {
                let out = |index: &usize| {
                    searched.iter().position(|one| one == index).is_some_and(|place| mask & (1 << place) == 0)
                };
                let kept: Vec<usize> = active.iter().copied().filter(|index| !out(index)).collect();
                for order in every_order(self.world, &kept, &contested.pools) {
                    for applications in every_number_of_applications(self.world, &order, &contested.pools) {
                        executions += 1;
                        if executions > EXECUTIONS_MAX {
                            return Err(TooMany);
                        }
                        let choice = Choice { kept: order.clone(), applications };
                        let Some(rank) = self.rank(active, &choice, never_counts) else { continue };
                        if best.as_ref().is_none_or(|(least, _)| rank < *least) {
                            best = Some((rank, choice));
                        }
                    }
                }
            }
            if let Some((_, choice)) = best {
                return Ok(self.best(active, choice, searched.len()));
            }
        }
        unreachable!("to keep nothing contested is admissible when `never` does not count")
    }

    /// How good an admissible choice is: smaller is better (41).
    fn rank(&self, active: &BTreeSet<usize>, choice: &Choice, never_counts: bool) -> Option<Rank> {
        let outcome = self.outcome(choice);
        let admissible = admissible::without_never(self, choice, &outcome)
            && (!never_counts || admissible::never_is_kept(self, active, choice, &outcome));
        if !admissible {
            return None;
        }
        let giving: Vec<usize> = choice.kept.iter().copied().filter(|index| outcome.gives(*index)).collect();
        let mut priorities: Vec<i32> =
            giving.iter().map(|index| self.world.candidates[*index].offer.priority).collect();
        priorities.sort_unstable_by_key(|priority| Reverse(*priority));
        let mut ids: Vec<String> =
            giving.iter().map(|index| self.world.candidates[*index].offer.id.clone()).collect();
        ids.sort();
        Some(Rank {
            objective: self.objective(&outcome),
            left_out: admissible::left_out(self, active, choice, &outcome).len(),
            coupons: giving.iter().filter(|index| self.world.candidates[**index].is_coupon()).count(),
            priorities: Reverse(priorities),
            ids,
            applications: giving
                .iter()
                .map(|index| Reverse(choice.applications.get(index).copied().unwrap_or(i64::MAX)))
                .collect(),
            order: giving,
        })
    }
}

/// The order of choices, field by field.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    objective: i64,
    left_out: usize,
    coupons: usize,
    priorities: Reverse<Vec<i32>>,
    ids: Vec<String>,
    /// In the order of execution.
    order: Vec<usize>,
    /// Of each in that order.
    applications: Vec<Reverse<i64>>,
}
