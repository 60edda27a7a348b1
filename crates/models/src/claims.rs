//! One id, one owner: claims, fencing and the winner, with facts, cancels, expiry and a merge.
//!
//! Up to three owners (a guest, Anna, Bela) have rows under one checkout id. Every statement of a call is one step; every
//! process may stop between any two of them, any number of times, and its caller asks again. So a lost answer, a crash and
//! a node that sleeps and wakes are all in here. A conditional write is one step together with the read that it repeats
//! until it is not raced.
//!
//! A store may also let the turn of an id pass on until one has sold: the model `turns`.
//!
//! Left out: what a sale consumes (the model `limits`), content hashes beyond "a sale" and "another sale", the horizon of
//! ids, Paxos itself.

mod call;

use std::ops::Range;

use stateright::{Model, Property};

pub use self::call::{Call, Process, Step};
use crate::proof::{Rules, rules};

const SOLD_ONCE: &str = "nothing is sold twice";
const TRUE: &str = "answers that were given stay true";
const CANCELLED: &str = "what was cancelled is not sold but as a flagged fact";
const ALIVE: &str = "whoever asks again comes to an end";

rules! {
    /// What the protocol of claims says.
    ClaimThenRead: "Insert the claim, then read all claims." => SOLD_ONCE,
    QuorumRead: "Every read that decides is at least a quorum's." => SOLD_ONCE,
    FenceOthers: "Not alone: `null` or `reserved` of every other owner becomes `fenced`." => SOLD_ONCE,
    AloneIfNull: "Alone: write if the state is `null`, or one's own `reserved`." => SOLD_ONCE,
    OneWinner: "Decide once, in the claim partition; only the winner writes." => SOLD_ONCE,
    RowsStay: "A row is never removed inside the id horizon." => SOLD_ONCE,
    ConfirmedAnswers: "`confirmed` of another owner is the answer." => SOLD_ONCE,
    FencedReadsAgain: "Whoever finds its own row `fenced` reads the claims again." => ALIVE,
    WinnerOverFenced: "The winner writes over `fenced` too." => ALIVE,
    LostFactUnderWinner: "A fact whose owner lost is recorded under the winner." => ALIVE,
    FactNeverRefused: "A fact whose id exists answers the recorded sale, whatever the differences." => ALIVE,
    ClosedMeansSurvivor: "A closed owner means its survivor." => ALIVE,
    ClosedWinnerFirst: "A winner's row is read once it is known to be closed, before its survivor's is written." => SOLD_ONCE,
    StoredAnswer: "The same id with the same content gives the stored answer, never a recomputed one." => TRUE,
    CancelledLooksElsewhere: "Whoever finds a row `cancelled` looks at all the others before it refuses: one may be \
        confirmed." => TRUE,
    CancelUnseen: "An id that was never seen is cancelled too." => CANCELLED,
    CancelClaims: "Cancel inserts a claim." => CANCELLED,
    CancelThenRead: "Cancel writes `cancelled` on its own row, then reads the claims." => CANCELLED,
    CancelEvery: "Cancel cancels every row that is not confirmed, then answers." => CANCELLED,
    LostFactBeginsAgain: "A fact whose owner lost begins again as the winner's: it has to see what is cancelled." => CANCELLED,
    CancelledRefuses: "`cancelled` of another owner refuses; a fact is recorded all the same, and flagged." => CANCELLED,
}

/// Owners by their place: a guest, Anna, Bela. Anna may be merged into Bela.
pub type Owner = u8;
/// The owners that there are.
pub const OWNERS: Owner = 3;
/// Calls that meet.
pub const CALLS: usize = 3;
/// Statements within which a call of one process alone is over.
const STEPS_MAX: usize = 32;
const ANNA: Owner = 1;
const BELA: Owner = 2;

/// A paid sale as its row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sold {
    /// Whose row.
    pub owner: Owner,
    /// It happened already when it was recorded; its content differs from what a confirm would say.
    pub fact: bool,
    /// It was recorded although it was cancelled.
    pub flagged: bool,
    /// The program that was active when its answer was written.
    pub program: u8,
}

/// An owner's row under the id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Row {
    /// There is none.
    #[default]
    Null,
    /// Held.
    Reserved,
    /// Paid.
    Confirmed(Sold),
    /// It will not be.
    Cancelled,
    /// The id turned out to be somebody else's.
    Fenced,
}

/// The store, what was told, and the processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Rows by owner.
    pub rows: [Row; OWNERS as usize],
    /// Owners that have claimed, one bit each.
    pub claims: u8,
    /// The static column of the claim partition.
    pub winner: Option<Owner>,
    /// Anna was merged into Bela.
    pub closed: bool,
    /// Which program is active.
    pub program: u8,
    /// How many sales were ever written; rows may be gone.
    pub sales: u8,
    /// What the first caller was told of the sale.
    pub told: Option<Sold>,
    /// A canceller was told that it is cancelled.
    pub told_cancelled: bool,
    /// An answer contradicts an earlier one.
    pub untrue: bool,
    /// Who is at it.
    pub processes: [Process; CALLS],
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process carries out its next statement.
    Run(usize, Call, Step),
    /// The same, and its read comes from a replica that lacks what others wrote.
    RunStale(usize, Call, Step),
    /// A process is gone, or its answer is lost, or its caller just asks again: the call begins anew.
    Again(usize),
    /// A reservation's time is over and somebody met it.
    Expire(Owner),
    /// Another program becomes active.
    Publish,
    /// Anna is merged into Bela.
    Merge,
    /// Somebody tidies up.
    Remove(Owner),
}

/// The model: which calls are made at the same time, and which rules hold.
#[derive(Clone, Debug)]
pub struct Claims {
    rules: Rules<Rule>,
    /// Calls that meet, with their owners; one start for each set.
    meetings: Vec<[Process; CALLS]>,
    /// Anna may be merged into Bela.
    merges: bool,
}

impl Claims {
    /// Every set of [`CALLS`] calls of these owners. Without merges owners are alike: the first one that calls is the
    /// guest, the next one Anna.
    #[must_use]
    pub fn of(owners: Range<Owner>, calls: &[Call], merges: bool, rules: Rules<Rule>) -> Self {
        let all =
            || owners.clone().flat_map(|owner| calls.iter().map(move |call| Process::new(*call, owner)));
        let mut meetings = Vec::new();
        for first in all() {
            // In ascending order, so that each set is met once.
            for second in all().filter(|second| first <= *second) {
                for third in all().filter(|third| second <= *third) {
                    let meeting = [first, second, third];
                    let strangers = meeting.windows(2).any(|two| two[0].owner + 1 < two[1].owner);
                    if merges || first.owner == 0 && !strangers {
                        meetings.push(meeting);
                    }
                }
            }
        }
        Self { rules, meetings, merges }
    }

    pub(crate) fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    /// One statement of a process. A caller that was answered may ask again, as one that was not.
    fn run(&self, state: &mut State, place: usize, stale: bool) {
        call::step(self, state, place, stale);
        if state.processes[place].step.is_last() {
            state.processes[place].begin();
        }
    }

    /// Whatever was left by processes that are gone: each call, made now by one process alone, comes to its end. A confirm
    /// may lose to another owner, if that one's confirm does not.
    fn ends(&self, state: &State) -> bool {
        (0..OWNERS).all(|owner| {
            let confirm = match self.alone(state, Call::Confirm, owner) {
                Step::Lost(winner) => {
                    matches!(self.alone(state, Call::Confirm, winner), Step::Told | Step::Refused)
                }
                step => matches!(step, Step::Told | Step::Refused),
            };
            let fact = matches!(self.alone(state, Call::Fact, owner), Step::Told);
            let cancel = matches!(self.alone(state, Call::Cancel, owner), Step::Told | Step::Refused);
            confirm && fact && cancel
        })
    }

    /// Where a call ends when nobody else does anything.
    fn alone(&self, state: &State, call: Call, owner: Owner) -> Step {
        let mut state = state.clone();
        state.processes = [Process::new(call, owner); CALLS];
        for _ in 0..STEPS_MAX {
            if state.processes[0].step.is_last() {
                break;
            }
            call::step(self, &mut state, 0, false);
        }
        state.processes[0].step
    }
}

impl State {
    /// Who an owner is today.
    #[must_use]
    pub fn survivor(&self, owner: Owner) -> Owner {
        if self.closed && owner == ANNA { BELA } else { owner }
    }

    fn row(&self, owner: Owner) -> Row {
        self.rows[usize::from(owner)]
    }

    fn row_mut(&mut self, owner: Owner) -> &mut Row {
        &mut self.rows[usize::from(owner)]
    }

    fn sold(&self) -> impl Iterator<Item = &Sold> {
        self.rows.iter().filter_map(|row| match row {
            Row::Confirmed(sold) => Some(sold),
            Row::Null | Row::Reserved | Row::Cancelled | Row::Fenced => None,
        })
    }
}

impl Model for Claims {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |processes: &[Process; CALLS]| State {
            rows: [Row::Null; OWNERS as usize],
            claims: 0,
            winner: None,
            closed: false,
            program: 0,
            sales: 0,
            told: None,
            told_cancelled: false,
            untrue: false,
            processes: *processes,
        };
        self.meetings.iter().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, process) in state.processes.iter().enumerate() {
            actions.push(Action::Run(place, process.call, process.step));
            if !self.hold(Rule::QuorumRead) && process.step == Step::ReadClaims {
                actions.push(Action::RunStale(place, process.call, process.step));
            }
            if process.step != Step::Start {
                actions.push(Action::Again(place));
            }
        }
        for owner in 0..OWNERS {
            match state.row(owner) {
                Row::Reserved => actions.push(Action::Expire(owner)),
                Row::Confirmed(_) | Row::Cancelled if !self.hold(Rule::RowsStay) => {
                    actions.push(Action::Remove(owner));
                }
                Row::Null | Row::Confirmed(_) | Row::Cancelled | Row::Fenced => {}
            }
        }
        // Nothing that is told depends on what is active now, while answers are stored.
        if state.program == 0 && state.sales > 0 && !self.hold(Rule::StoredAnswer) {
            actions.push(Action::Publish);
        }
        // With open holds a merge is refused.
        if self.merges
            && !state.closed
            && !matches!(state.row(ANNA), Row::Reserved)
            && state.claims & (1 << ANNA) != 0
        {
            actions.push(Action::Merge);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(place, ..) => self.run(&mut next, place, false),
            Action::RunStale(place, ..) => self.run(&mut next, place, true),
            Action::Again(place) => next.processes[place].begin(),
            Action::Expire(owner) => *next.row_mut(owner) = Row::Cancelled,
            Action::Publish => next.program = 1,
            Action::Merge => next.closed = true,
            Action::Remove(owner) => *next.row_mut(owner) = Row::Null,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SOLD_ONCE, |_, state: &State| state.sales <= 1),
            Property::always(TRUE, |_, state: &State| !state.untrue),
            Property::always(CANCELLED, |_, state: &State| {
                !state.told_cancelled || state.sold().all(|sold| sold.fact && sold.flagged)
            }),
            // What processes know is lost when all of them stop: what is left is what has to be alive.
            Property::always(ALIVE, |model: &Self, state: &State| {
                state.processes.iter().any(|process| process.step != Step::Start) || model.ends(state)
            }),
            Property::sometimes("a confirm is told", |_, state: &State| {
                state.told.is_some_and(|sold| !sold.fact)
            }),
            Property::sometimes("a fact is recorded after a cancel", |_, state: &State| {
                state.told_cancelled && state.sold().any(|sold| sold.flagged)
            }),
            Property::sometimes("an id is cancelled of which somebody has won", |_, state: &State| {
                state.told_cancelled && state.winner.is_some_and(|owner| state.row(owner) == Row::Cancelled)
            }),
            Property::sometimes("a sale is written by a survivor", |model: &Self, state: &State| {
                !model.merges
                    || state.closed
                        && state.winner == Some(ANNA)
                        && state.sold().any(|sold| sold.owner == BELA)
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Claims, Rule};
    use crate::proof::{long, prove};

    #[test]
    fn one_id_has_one_owner() {
        prove("claims", |rules| {
            // With open holds a merge is refused, so that reservations are left to the other two.
            let merges = || Claims::of(1..3, &[Call::Confirm, Call::Fact, Call::Cancel], true, rules);
            let three = || Claims::of(0..3, Call::ALL, false, rules);
            match rules.left_out() {
                None if long() => vec![three(), Claims::of(1..3, Call::ALL, true, rules)],
                None => vec![three(), merges()],
                Some(Rule::ClosedMeansSurvivor | Rule::ClosedWinnerFirst) => vec![merges()],
                Some(_) => vec![three()],
            }
        });
    }
}
