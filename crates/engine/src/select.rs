//! Choosing among the candidates (docs/pricing.md, section 6).
//!
//! Most baskets need no choosing: nothing contests anything, and all candidates are simply taken. That is found out
//! cheaply, and proven after the one evaluation that the quote needs anyway.

mod bound;
mod cluster;
mod conflicts;
mod contest;
mod coupons;
mod leaf;
mod points;
mod priority;
mod scalar;
mod search;
mod sums;
mod ties;
mod totals;

use suanpan_domain::quote::{GivenUp, SelectionOutcome};
use suanpan_domain::{Member, OfferRef, Reason};
use suanpan_program::model::SelectionMode;

use crate::evaluate::{Choice, Observer, Unobserved, evaluate};
use crate::execute::{Given, Work};
use crate::ground::{Ground, bits};
use crate::state::State;
use conflicts::Conflicts;
use contest::{CLUSTER_MAX, Contest};
use priority::ByPriority;
use search::{Question, Search};

/// Why a candidate is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// A kept candidate stands against it, or it would void one.
    Excluded { winner: Option<OfferRef> },
    /// The basket costs so much less without it.
    LeftOut { difference: i64 },
    /// A coupon that gains less than it should.
    MinGain { gain: i64 },
    /// It gives nothing beside what is kept.
    Silent(Reason),
}

/// Notes why one candidate gave nothing.
struct ReasonOf {
    candidate: usize,
    reason: Option<Reason>,
}

impl Observer for ReasonOf {
    fn executed(&mut self, _: &Ground<'_>, _: &State, _: &Work, candidate: usize, given: &Given) {
        if candidate == self.candidate {
            self.reason = given.reason;
        }
    }
}

/// The choice that was made.
#[derive(Debug, Default)]
pub(crate) struct Selected {
    /// By candidate.
    pub(crate) kept: Vec<bool>,
    /// Order of execution where units are contested; empty otherwise.
    pub(crate) order: Vec<u32>,
    /// Applications at most where units are contested; empty otherwise.
    pub(crate) times: Vec<u32>,
    /// By candidate, for those that are not kept.
    pub(crate) dropped: Vec<Option<Dropped>>,
    pub(crate) outcome: SelectionOutcome,
    pub(crate) nodes: u64,
    /// Offers won over points: none can be used.
    pub(crate) points_blocked: bool,
    /// What yielded where points and offers exclude each other.
    pub(crate) given_up: Option<GivenUp>,
    /// Candidates that are out of the question: dropped coupons, offers that yield to points or earn none.
    excluded: Vec<bool>,
    /// By candidate: the basket earns as many points without it, as an earlier choice of this quote showed.
    earns_nothing: Vec<bool>,
    conflicts: Conflicts,
    contest: Contest,
    search: Search,
    by_priority: ByPriority,
    /// Nothing had to be chosen; proven once the evaluation shows that everything gives.
    simple: bool,
    /// The choice at hand without one of its coupons.
    without: Option<Box<Without>>,
    /// The choice with the offers that points exclude.
    with_offers: Option<Box<Selected>>,
}

/// A second choice, and what it comes to.
#[derive(Debug, Default)]
struct Without {
    selected: Selected,
    state: State,
}

impl Selected {
    /// The choice to execute.
    pub(crate) fn choice(&self) -> Choice<'_> {
        Choice { kept: &self.kept, order: &self.order, times: &self.times }
    }

    /// Takes a candidate out of the question: the basket earns as many points without it.
    pub(crate) fn drop_for_no_points(&mut self, candidate: usize) {
        self.earns_nothing[candidate] = true;
    }
}

/// Begins a quote, for which nothing was searched yet.
pub(crate) fn begin(ground: &Ground<'_>, selected: &mut Selected) {
    selected.earns_nothing.clear();
    selected.earns_nothing.resize(ground.candidates.len(), false);
    selected.nodes = 0;
    selected.outcome = match ground.compiled.selection() {
        SelectionMode::ByPriority => SelectionOutcome::ByPriority,
        SelectionMode::BestForMember => SelectionOutcome::Exact,
    };
}

/// Finds out whether there is anything to choose, and chooses if so.
pub(crate) fn choose(ground: &Ground<'_>, state: &mut State, work: &mut Work, selected: &mut Selected) {
    let count = ground.candidates.len();
    selected.excluded.clone_from(&selected.earns_nothing);
    selected.points_blocked = false;
    selected.given_up = None;
    selected.dropped.clear();
    selected.dropped.resize(count, None);
    selected.conflicts.read(ground);
    choose_again(ground, state, work, selected);
}

/// Chooses among the candidates that are not out of the question.
fn choose_again(ground: &Ground<'_>, state: &mut State, work: &mut Work, selected: &mut Selected) {
    selected.kept.clear();
    selected.kept.extend(selected.excluded.iter().map(|excluded| !excluded));
    selected.order.clear();
    selected.times.clear();
    // Line groups settle lines whatever executes first, so they are decided one by one.
    selected.simple = !selected.conflicts.any && !ground.compiled.has_line_groups;
    match ground.compiled.selection() {
        SelectionMode::ByPriority => {
            if !selected.simple {
                by_priority(ground, state, work, selected);
            }
        }
        SelectionMode::BestForMember => {
            selected.contest.read(ground, &selected.conflicts, &selected.excluded, work);
            if selected.contest.any {
                selected.simple = false;
                best(ground, work, selected);
            }
        }
    }
}

/// The same, and executes what was chosen.
fn choose_and_execute(ground: &Ground<'_>, state: &mut State, work: &mut Work, selected: &mut Selected) {
    choose_again(ground, state, work, selected);
    evaluate(ground, selected.choice(), state, work, &mut Unobserved);
    let by_priority_mode = ground.compiled.selection() == SelectionMode::ByPriority;
    if selected.simple && by_priority_mode && may_be_voided(ground, state, selected) {
        selected.simple = false;
        by_priority(ground, state, work, selected);
        evaluate(ground, selected.choice(), state, work, &mut Unobserved);
    }
}

fn by_priority(ground: &Ground<'_>, state: &mut State, work: &mut Work, selected: &mut Selected) {
    let Selected { by_priority, conflicts, excluded, kept, .. } = selected;
    by_priority.run(ground, conflicts, excluded, kept, state, work);
}

/// Searches the best choice with the nodes that the quote has left.
fn best(ground: &Ground<'_>, work: &mut Work, selected: &mut Selected) {
    let Selected { search, conflicts, contest, excluded, .. } = selected;
    search.nodes = selected.nodes;
    for waive_never in [false, true] {
        let nodes_max = ground.compiled.program.search_nodes_max;
        let question = Question { ground, conflicts, contest, excluded, waive_never, nodes_max };
        search.run(&question, work);
        if search.best.found || search.ran_out {
            break;
        }
    }
    let fixed_order = (0..contest.clusters)
        .any(|cluster| contest.cluster.iter().filter(|other| **other == cluster).count() > CLUSTER_MAX);
    selected.nodes = search.nodes;
    if search.exhausted || fixed_order {
        selected.outcome = SelectionOutcome::BestFound;
    }
    if !search.best.found {
        // Nothing admissible came up in time: priority finds something, in as many steps as there are candidates.
        let mut state = std::mem::take(&mut search.whole);
        by_priority(ground, &mut state, work, selected);
        selected.search.whole = state;
        return;
    }
    selected.kept.clone_from(&search.best.kept);
    selected.order.clone_from(&search.best.order);
    if contest.clusters > 0 {
        selected.times.clone_from(&search.best.times);
    }
}

/// After the choice was executed: whether it stands. When it does not, the caller executes the new choice.
pub(crate) fn stands(
    ground: &Ground<'_>,
    member: Option<&Member>,
    state: &mut State,
    work: &mut Work,
    selected: &mut Selected,
) -> bool {
    let by_priority_mode = ground.compiled.selection() == SelectionMode::ByPriority;
    let mut moved = false;
    if by_priority_mode && selected.simple && may_be_voided(ground, state, selected) {
        // Somebody was voided: then priority decides, one by one.
        selected.simple = false;
        by_priority(ground, state, work, selected);
        evaluate(ground, selected.choice(), state, work, &mut Unobserved);
        moved = true;
    }
    moved |= coupons::drop_wasted(ground, state, work, selected);
    moved |= points::settle_conflict(ground, member, state, work, selected);
    !moved
}

/// Whether a candidate that gives nothing could have given something when it was decided. It could not when everything
/// that was decided later executes later too: that cannot have voided it.
fn may_be_voided(ground: &Ground<'_>, state: &State, selected: &Selected) -> bool {
    (0..ground.candidates.len()).any(|silent| {
        selected.kept[silent]
            && state.times[silent] == 0
            && (0..silent).any(|earlier| {
                selected.kept[earlier]
                    && ground.candidates[earlier].priority < ground.candidates[silent].priority
            })
    })
}

/// Says why each candidate that is not kept is not, once the final choice was executed.
pub(crate) fn account(ground: &Ground<'_>, state: &mut State, work: &mut Work, selected: &mut Selected) {
    let count = ground.candidates.len();
    if selected.kept.iter().all(|kept| *kept) {
        return;
    }
    let objective = search::objective(ground, state, work);
    for candidate in 0..count {
        if selected.earns_nothing[candidate] {
            selected.dropped[candidate] = Some(Dropped::Silent(Reason::NothingEarned));
        }
        if selected.kept[candidate] || selected.dropped[candidate].is_some() {
            continue;
        }
        let in_pool = || {
            bits(&state.gave)
                .find(|&other| conflicts::share_units(ground, candidate, other))
                .map(|other| other as u32)
        };
        let excused = selected.conflicts.excused(&state.gave, candidate).or_else(in_pool);
        selected.dropped[candidate] = Some(match excused {
            Some(winner) => Dropped::Excluded { winner: Some(ground.candidates[winner as usize].source) },
            None if selected.outcome == SelectionOutcome::ByPriority => Dropped::Excluded { winner: None },
            None => Dropped::LeftOut { difference: 0 },
        });
    }
    // What the basket would cost with an offer that was left out, everything else as it is; and whom one would void.
    let mut trial = std::mem::take(&mut work.alone);
    for candidate in 0..count {
        let voids = match selected.dropped[candidate] {
            Some(Dropped::Excluded { winner: None }) => true,
            // What a dropped coupon gains is known: other offers may have been chosen without it.
            Some(Dropped::LeftOut { .. }) if !selected.excluded[candidate] => false,
            _ => continue,
        };
        selected.kept[candidate] = true;
        let mut reason = ReasonOf { candidate, reason: None };
        evaluate(ground, selected.choice(), &mut trial, work, &mut reason);
        selected.kept[candidate] = false;
        if voids {
            let voided = bits(&state.gave).find(|&other| trial.times[other] == 0);
            let winner = voided.map(|other| ground.candidates[other].source);
            selected.dropped[candidate] = Some(Dropped::Excluded { winner });
            continue;
        }
        if trial.times[candidate] == 0 {
            // It gives nothing here, so nothing was left out.
            selected.dropped[candidate] = reason.reason.map(Dropped::Silent);
            continue;
        }
        let difference = search::objective(ground, &trial, work) - objective;
        selected.dropped[candidate] = Some(Dropped::LeftOut { difference });
    }
    work.alone = trial;
}
