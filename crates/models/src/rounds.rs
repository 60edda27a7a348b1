//! Global limits once more, with another guard: a *round* of the sale's row instead of the version of the member's head.
//!
//! Who wants to free a hold keeps its sale from being written as it was seen, by raising the row's round (a row that is
//! not there becomes a mark); so a member with many sales is not held up by what becomes of one of them. What a row owes
//! (to settle, or to free what was held before it was cancelled) is written with it, and paid by whoever meets it.
//!
//! One limit of one use, two sales of two members. As in `limits`, every statement is one step, every process may stop or
//! sleep between any two, and versions and rounds are kept by their order.
//!
//! Left out: what the model `limits` has beyond one pool: several limits, shards, facts.

mod node;

use stateright::{Model, Property};

pub use self::node::{Call, Process, Step};
use crate::proof::{Rules, rules};

const SUMS: &str = "used and held are within the cap, and what the holders say";
const TAKEN: &str = "a confirmed or reserved sale has what it takes";
const QUIET: &str = "when all is quiet nothing is held but by reservations, and every sale is counted";
const EXACT: &str = "whoever asks gets what is left";

rules! {
    /// What the protocol of rounds says.
    RoundInCondition: "The sale's write is conditional on the row's round, beside epoch, version and state." => TAKEN,
    VersionInCondition: "The sale's write is conditional on the version that its holds are for." => TAKEN,
    KeepOutFirst: "Nobody frees a hold that no row stands for before the row's round is raised." => TAKEN,
    BasisHasRound: "A hold names the round that it is for beside the version: a try after a raised round renews it." => TAKEN,
    FreeUnchanged: "Freeing is conditional on the hold being unchanged." => TAKEN,
    NeverBack: "A renewal never replaces a hold for a higher version or round." => TAKEN,
    OlderAlone: "What a cancelled row owes frees what is held for an earlier version alone." => TAKEN,
    PaidByAll: "What a row owes is paid by whoever meets it." => QUIET,
    ReleaseFirst: "Before refusing, a node releases what no row stands for." => EXACT,
}

/// Sales by their place; each is another member's.
pub type Place = u8;
/// Sales that there are.
pub const SALES: usize = 2;
/// Calls that meet.
pub const CALLS: usize = 3;

/// A sale's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// There is none, or a mark alone.
    #[default]
    Null,
    /// Held.
    Reserved,
    /// Paid.
    Confirmed,
    /// Its reservation ended; the same sale may be tried again, as one that another owner had taken over.
    Ended,
}

/// For what a hold was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Basis {
    /// The member's version.
    pub version: u8,
    /// The row's round.
    pub round: u8,
}

/// What a row owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owed {
    /// Its hold is used.
    Settle,
    /// What is held for a version before this one is free.
    Free(u8),
}

/// A sale with its member's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sale {
    /// The version and the round.
    pub now: Basis,
    /// The row.
    pub row: Row,
    /// What it owes.
    pub owed: Option<Owed>,
}

/// What a sale has of the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Nothing, or nothing any more.
    #[default]
    Free,
    /// Held.
    Held(Basis),
    /// Paid.
    Used,
    /// Paid without having been there to take.
    Overrun,
}

/// Sales, the limit, processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The sales.
    pub sales: [Sale; SALES],
    /// What each has of the limit.
    pub holders: [Holder; SALES],
    /// Who is at it.
    pub processes: [Process; CALLS],
}

impl State {
    fn sale(&self, place: Place) -> &Sale {
        &self.sales[usize::from(place)]
    }

    fn holder(&self, place: Place) -> Holder {
        self.holders[usize::from(place)]
    }

    /// Whether there is something left for a sale. What a sale has itself counts as there.
    fn fits(&self, place: Place) -> bool {
        let others = (0..).zip(&self.holders).filter(|(other, _)| *other != place);
        others.into_iter().all(|(_, holder)| *holder == Holder::Free)
    }
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process carries out its next statement.
    Run(usize, Process),
    /// The worker begins to resolve a sale's hold.
    Sweep(usize, Place),
    /// A process is gone, or its answer is lost: the call begins anew.
    Again(usize),
    /// Something else is written to a member.
    Change(Place),
}

/// The model: which calls meet, and which rules hold.
#[derive(Clone, Debug)]
pub struct Rounds {
    rules: Rules<Rule>,
    meetings: Vec<[Process; CALLS]>,
}

impl Rounds {
    /// Every set of [`CALLS`] of these calls.
    #[must_use]
    pub fn of(calls: &[Call], rules: Rules<Rule>) -> Self {
        let process = |place: usize| Process::new(calls[place]);
        let mut meetings = Vec::new();
        for first in 0..calls.len() {
            for second in first..calls.len() {
                for third in second..calls.len() {
                    meetings.push([process(first), process(second), process(third)]);
                }
            }
        }
        Self { rules, meetings }
    }

    pub(crate) fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    /// One process alone, until its call is over.
    fn alone(&self, state: &State, call: Call) -> State {
        let mut state = state.clone();
        state.processes = [Process::new(call); CALLS];
        for _ in 0..STEPS_MAX {
            node::step(self, &mut state, 0);
            if state.processes[0].step.is_last() {
                break;
            }
        }
        state
    }

    /// What the worker does when nobody disturbs it: everything that is owed, and every hold without a row.
    fn tidied(&self, state: &State) -> State {
        let mut state = state.clone();
        for place in [0, 1, 0, 1] {
            let basis = match state.holder(place) {
                Holder::Held(basis) => basis,
                Holder::Free | Holder::Used | Holder::Overrun => Basis::default(),
            };
            let step = Step::Stand(place, basis);
            state.processes = [Process { step, ..Process::new(Call::Sweep) }; CALLS];
            while !state.processes[0].step.is_last() {
                node::step(self, &mut state, 0);
            }
        }
        state
    }
}

/// Statements within which a call of one process alone is over.
const STEPS_MAX: usize = 48;

fn is_reached(state: &State) -> bool {
    state.processes.iter().all(|process| *process == Process::new(process.call))
}

impl Model for Rounds {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |processes: &[Process; CALLS]| State {
            sales: [Sale::default(); SALES],
            holders: [Holder::Free; SALES],
            processes: *processes,
        };
        self.meetings.iter().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, process) in state.processes.iter().enumerate() {
            if process.call == Call::Sweep && process.step == Step::Look {
                let held = (0..).zip(&state.holders).filter(|(_, holder)| matches!(holder, Holder::Held(_)));
                actions.extend(held.map(|(sale, _)| Action::Sweep(place, sale)));
            } else {
                actions.push(Action::Run(place, *process));
            }
            if *process != Process::new(process.call) {
                actions.push(Action::Again(place));
            }
        }
        for place in 0..SALES as Place {
            if node::is_known(state, place) {
                actions.push(Action::Change(place));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(place, _) => {
                node::step(self, &mut next, place);
                // A caller that was answered may ask again, as one that was not.
                if next.processes[place].step.is_last() {
                    next.processes[place] = Process::new(next.processes[place].call);
                }
            }
            Action::Sweep(place, sale) => {
                let Holder::Held(basis) = state.holder(sale) else { return None };
                next.processes[place].step = Step::Stand(sale, basis);
            }
            Action::Again(place) => next.processes[place] = Process::new(next.processes[place].call),
            Action::Change(place) => next.sales[usize::from(place)].now.version += 1,
        }
        node::normalise(&mut next);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SUMS, |_, state: &State| {
                let taken =
                    |holder: &&Holder| matches!(holder, Holder::Held(_) | Holder::Used | Holder::Overrun);
                state.holders.iter().filter(taken).count() <= 1
            }),
            Property::always(TAKEN, |_, state: &State| {
                state.sales.iter().zip(&state.holders).all(|(sale, holder)| match sale.row {
                    Row::Null | Row::Ended => true,
                    Row::Reserved => matches!(holder, Holder::Held(_)),
                    Row::Confirmed => matches!(holder, Holder::Held(_) | Holder::Used),
                })
            }),
            // What processes know is lost when all of them stop: what is left is what has to be tidied, and sold.
            Property::always(QUIET, |model: &Self, state: &State| {
                !is_reached(state) || {
                    let tidy = model.tidied(state);
                    tidy.sales.iter().zip(&tidy.holders).all(|(sale, holder)| match sale.row {
                        Row::Null | Row::Ended => *holder == Holder::Free,
                        Row::Reserved => matches!(holder, Holder::Held(_)),
                        Row::Confirmed => *holder == Holder::Used,
                    })
                }
            }),
            Property::always(EXACT, |model: &Self, state: &State| {
                let open = |place: &Place| matches!(state.sale(*place).row, Row::Null | Row::Ended);
                !is_reached(state)
                    || (0..SALES as Place).filter(open).all(|place| {
                        let other = state.sale(1 - place).row;
                        let left = matches!(other, Row::Null | Row::Ended);
                        let asked = || model.alone(state, Call::Confirm(place)).sale(place).row;
                        !left || asked() == Row::Confirmed
                    })
            }),
            Property::sometimes("a sale is made after its reservation ended", |_, state: &State| {
                state.sales.iter().any(|sale| sale.row == Row::Confirmed && sale.now.round > 0)
            }),
            Property::sometimes("the other sale is refused", |_, state: &State| {
                state.processes.iter().any(|process| {
                    process.step == Step::Release && process.call == Call::Confirm(1) && !state.fits(1)
                })
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Rounds};
    use crate::proof::prove;

    #[test]
    fn holds_are_guarded_by_rounds() {
        use Call::{Confirm, End, Reserve, Sweep};
        let calls = [Reserve(0), Confirm(0), End(0), Confirm(1), Sweep];
        prove("rounds", |rules| vec![Rounds::of(&calls, rules)]);
    }
}
