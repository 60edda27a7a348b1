//! One id, one owner, as the store of a cluster does it: the *turn* of an id passes from owner to owner until one has sold.
//!
//! The model `claims` decides a winner once, for ever. Here a till that scans a card later than another takes the sale over:
//! whoever is not alone takes the turn, keeps every other owner's row from being written as it was seen (a new *round* of it),
//! looks at its own row, sees that the turn is still its own and that nobody else has come, and writes. A reservation is not
//! kept out but ended, with all that it holds, by a write of its owner's head; then everything is looked at again.
//!
//! Every statement is one step, every process may stop or sleep between any two and its caller asks again, by another process
//! too. What a conditional write compares is kept as what it says: whether the version or the round of a row has changed since
//! it was seen, whether somebody has taken the turn since. Processes that do the same are one and the same when they swap.
//!
//! Left out: what a sale consumes (the models `limits` and `rounds`), members that are merged and stored answers (`claims`;
//! here a closed member is a head that takes no write), the queues of one process, which only make calls wait for each other.

mod call;
mod decision;
mod futile;
mod process;
mod state;

use stateright::{Model, Property};

pub use self::process::{Call, Process, Seen, Step};
pub use self::state::{Row, Sold, State};
use crate::proof::{Rules, rules};

const SOLD_ONCE: &str = "at most one owner's row is ever sold";
const TRUE: &str = "answers that were given stay true";
const CANCELLED: &str = "what was cancelled is not sold but as a flagged fact";
const ALIVE: &str =
    "no id is dead: whoever asks alone comes to an end, and somebody may have what nobody has";

rules! {
    /// What the protocol of turns says.
    ClaimThenRead: "Insert the claim, then read all claims." => SOLD_ONCE,
    OwnRowFirst: "Who turns out to be alone writes over its row as it was before it read the claims." => SOLD_ONCE,
    WaitedIfAbsent: "Claims that were read while waiting count only while the own row is not there at all." => SOLD_ONCE,
    TakeTurn: "Whoever is not alone takes the turn." => SOLD_ONCE,
    TurnThenKeepOut: "The turn is taken before others are kept out." => SOLD_ONCE,
    KeepOut: "Every other row that is not reserved is kept from being written as it was seen." => SOLD_ONCE,
    KeepOutAsSeen: "A row is kept out only as it was seen: else everything begins again." => SOLD_ONCE,
    TurnAfterLook: "After the look at the own row the turn is still one's own." => SOLD_ONCE,
    NobodySince: "With that the claims are read again: whoever came since is contended with first." => SOLD_ONCE,
    RoundInCondition: "The write is conditional on the row's round." => SOLD_ONCE,
    EndReserved: "The decider ends every other reservation before the own row is written." => SOLD_ONCE,
    LookAgainAfterEnd: "After reservations were ended, everything is looked at again." => SOLD_ONCE,
    SoldAnswers: "A sale of another owner is the answer." => SOLD_ONCE,
    CancelledContends: "Whoever finds its own row cancelled looks at all the others before it refuses." => TRUE,
    CancelledRefuses: "`cancelled` of another owner refuses; a fact is recorded all the same, and flagged." => CANCELLED,
    CancelUnseen: "An id that was never seen is cancelled too." => CANCELLED,
    CancelContends: "A cancel claims and contends as a sale does." => CANCELLED,
    OverFenced: "A fenced row is written over when no other owner has the sale." => ALIVE,
    FactNeverRefused: "A fact is recorded, whatever its own row says." => ALIVE,
}

/// Owners by their place; the first is the guest whom the id belongs to when nobody else claims it.
pub type Owner = u8;
/// The owners that there are.
pub const OWNERS: usize = 3;
/// Calls that meet, at most.
pub const CALLS: usize = 4;
/// Statements within which a call of one process alone is over.
const STEPS_MAX: usize = 48;

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process carries out its next statement.
    Run(usize, Call, Owner, Step),
    /// A process has to wait for others of its node: meanwhile it claims.
    Wait(usize, Call, Owner),
    /// A process is gone, or its answer is lost, or its caller just asks again: the call begins anew.
    Again(usize),
    /// A reservation's time is over and somebody met it.
    Expire(Owner),
    /// Somebody frees what was held for a row that is not there, and keeps it out first.
    Raise(Owner),
}

/// The model: which calls are made at the same time, and which rules hold.
#[derive(Clone, Debug)]
pub struct Turns {
    rules: Rules<Rule>,
    meetings: Vec<[Process; CALLS]>,
    more: More,
}

/// What else happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct More {
    /// Calls wait for others of their node, and claim meanwhile.
    pub waits: bool,
    /// Rows are kept out for other reasons too.
    pub raises: bool,
}

impl Turns {
    /// Every set of `at_once` of these calls by so many owners. Owners are alike but for the guest: the first one after the
    /// guest that calls is the second.
    #[must_use]
    pub fn of(owners: Owner, at_once: usize, calls: &[Call], more: More, rules: Rules<Rule>) -> Self {
        let each = |call: &Call| {
            let by = if *call == Call::Cancel { 1 } else { owners };
            (0..by).map(|owner| Process::new(*call, owner)).collect::<Vec<_>>()
        };
        let all: Vec<_> = calls.iter().flat_map(each).collect();
        let mut meetings = vec![Vec::new()];
        for _ in 0..at_once {
            // In ascending order, so that each set is met once.
            let longer = |set: &Vec<Process>| {
                let rest = all.iter().filter(|next| set.last().is_none_or(|last| last <= *next));
                rest.map(|next| [&set[..], &[*next]].concat()).collect::<Vec<_>>()
            };
            meetings = meetings.iter().flat_map(longer).collect();
        }
        let calls = |set: &[Process], owner| {
            let of = |process: &&Process| process.owner == owner && process.call != Call::Cancel;
            set.iter().filter(of).map(|process| process.call).collect::<Vec<_>>()
        };
        // Of two sets in which members have swapped, one.
        meetings.retain(|set| (2..owners).all(|owner| calls(set, owner - 1) >= calls(set, owner)));
        let meetings = meetings.into_iter().map(|set| {
            let mut processes = [Process::NOBODY; CALLS];
            processes[..set.len()].copy_from_slice(&set);
            processes.sort_unstable();
            processes
        });
        Self { rules, meetings: meetings.collect(), more }
    }

    pub(crate) fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    fn asks(&self, call: Call) -> bool {
        self.meetings.iter().flatten().any(|process| process.call == call)
    }

    /// Whatever was left by processes that are gone: each call, made now by one process alone, comes to its end; and a sale
    /// that nobody holds, has or has cancelled may be had by everybody.
    fn ends(&self, state: &State) -> bool {
        let has = |row: &Row| matches!(row, Row::Reserved | Row::Sold(_) | Row::Cancelled);
        let free = !state.rows.iter().any(has);
        (0..OWNERS as Owner).all(|owner| {
            let confirm = self.alone(state, Call::Confirm, owner);
            let fact = self.alone(state, Call::Fact, owner);
            let reserve = self.alone(state, Call::Reserve, owner);
            (confirm == Some(Step::Told) || confirm.is_some() && !free)
                && (reserve == Some(Step::Told) || reserve.is_some() && !free)
                && fact == Some(Step::Told)
        }) && self.alone(state, Call::Cancel, 0).is_some()
    }

    /// How a call ends when nobody else does anything; none when it does not.
    fn alone(&self, state: &State, call: Call, owner: Owner) -> Option<Step> {
        let mut state = state.clone();
        state.processes = [Process::NOBODY; CALLS];
        state.processes[0] = Process::new(call, owner);
        for _ in 0..STEPS_MAX {
            call::step(self, &mut state, 0);
            if state.processes[0].step.is_last() {
                return Some(state.processes[0].step);
            }
        }
        None
    }
}

impl Model for Turns {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |processes: &[Process; CALLS]| State {
            rows: [Row::Null; OWNERS],
            claims: 0,
            sold_twice: false,
            told: None,
            told_cancelled: false,
            untrue: false,
            processes: *processes,
        };
        self.meetings.iter().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, process) in state.processes.iter().enumerate() {
            // Of two that are alike it makes no difference which one goes on.
            if process.call == Call::Nothing || place > 0 && state.processes[place - 1] == *process {
                continue;
            }
            actions.push(Action::Run(place, process.call, process.owner, process.step));
            if self.more.waits && process.step == Step::Look(None) {
                actions.push(Action::Wait(place, process.call, process.owner));
            }
            if *process != Process::new(process.call, process.owner) {
                actions.push(Action::Again(place));
            }
        }
        for (owner, row) in (0..).zip(&state.rows) {
            match row {
                Row::Reserved => actions.push(Action::Expire(owner)),
                Row::Null | Row::Mark | Row::Cancelled | Row::Fenced if self.more.raises => {
                    actions.push(Action::Raise(owner));
                }
                Row::Null | Row::Mark | Row::Cancelled | Row::Fenced | Row::Sold(_) => {}
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(place, ..) => {
                call::step(self, &mut next, place);
                // A caller that was answered may ask again, as one that was not.
                if next.processes[place].step.is_last() {
                    next.processes[place].begin();
                }
            }
            Action::Wait(place, ..) => next.processes[place].step = Step::WaitClaim,
            Action::Again(place) => next.processes[place].begin(),
            Action::Expire(owner) => next.write(owner, Row::Cancelled),
            Action::Raise(owner) => next.keep_out(owner),
        }
        futile::forget(self, &mut next);
        next.processes.sort_unstable();
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SOLD_ONCE, |_, state: &State| !state.sold_twice),
            Property::always(TRUE, |_, state: &State| {
                !state.untrue && state.told.is_none_or(|told| state.sold().any(|sold| sold == told))
            }),
            Property::always(CANCELLED, |_, state: &State| {
                !state.told_cancelled || state.sold().all(|sold| sold.fact && sold.flagged)
            }),
            // What processes know is lost when all of them stop: what is left is what has to be alive.
            Property::always(ALIVE, |model: &Self, state: &State| {
                let begins = |process: &Process| *process == Process::new(process.call, process.owner);
                !state.processes.iter().all(begins) || model.ends(state)
            }),
            Property::sometimes("a sale passes over to another owner", |model: &Self, state: &State| {
                let fenced = state.rows.contains(&Row::Fenced) || !model.asks(Call::Reserve);
                fenced && state.sold().any(|sold| !sold.fact)
            }),
            Property::sometimes("a fact is recorded after a cancel", |model: &Self, state: &State| {
                !model.asks(Call::Fact) || state.told_cancelled && state.sold().any(|sold| sold.flagged)
            }),
            Property::sometimes("a turn passes on while others are kept out", |_, state: &State| {
                let passed =
                    |process: &Process| matches!(process.step, Step::KeepOut(_)) && !process.has_turn;
                state.processes.iter().any(passed)
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, More, Rule, Turns};
    use crate::proof::{long, prove};

    const ALL: More = More { waits: true, raises: true };
    const NONE: More = More { waits: false, raises: false };

    #[test]
    fn the_turn_passes_and_one_sells() {
        prove("turns", |rules| {
            let of = |owners, at_once, calls, more| Turns::of(owners, at_once, calls, more, rules);
            let sales = &[Call::Confirm, Call::Fact, Call::Cancel];
            match rules.left_out() {
                None if long() => {
                    vec![of(2, 3, Call::ALL, ALL), of(3, 3, Call::ALL, NONE), of(2, 4, sales, NONE)]
                }
                None => vec![
                    of(2, 3, Call::ALL, NONE),
                    of(3, 3, sales, NONE),
                    of(2, 4, &[Call::Confirm, Call::Cancel], NONE),
                    of(3, 2, Call::ALL, ALL),
                ],
                Some(Rule::EndReserved | Rule::LookAgainAfterEnd) => vec![of(2, 3, Call::ALL, NONE)],
                Some(_) => vec![of(3, 2, Call::ALL, ALL), of(3, 3, sales, NONE)],
            }
        });
    }
}
