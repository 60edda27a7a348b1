//! What rows of guests owe. Nobody scans guests' rows, so a debt that nobody would find is listed before the row that owes it is
//! written, and taken off the list when it is paid; a worker pays what is listed, or keeps the row from being written that was
//! to owe it.
//!
//! One guest with a sale, which uses something of a limit for everybody, and a return, which gives it back. Every statement is
//! one step, every process may stop or sleep between any two, and its caller asks again. How long the worker leaves a debt
//! alone is left out: it may come at any moment. Versions and rounds are kept by their order; while [`LISTED_MAX`] debts are
//! listed, nobody lists another one.
//!
//! Left out: debts that somebody finds by a share that is held (the models `limits` and `rounds`), several owners (`turns`).

mod process;

use stateright::{Model, Property};

pub use self::process::{Call, Process, Seen, Step};
use crate::proof::{Rules, rules};

const LOST: &str = "a row that owes is paid or listed";
const ONCE: &str = "nothing is paid twice";
const LISTED: &str = "what may still be written is listed";
const QUIET: &str = "when all is quiet and the worker is through, everything is paid and nothing is listed";

rules! {
    /// What the protocol of debts says.
    ListFirst: "A debt is listed before the row that owes it is written." => LOST,
    PaidThenOff: "Its writer takes it off the list when it is paid." => LOST,
    WorkerPays: "The worker pays what the row owes before it takes anything off the list." => LOST,
    KeptOutFirst: "What has not been written is kept from being written before it is taken off." => LISTED,
    KeptOutAsSeen: "A row is kept out only as it was seen: else its debts stay on the list." => LOST,
    RoundInCondition: "The write is conditional on the row's round." => LOST,
    VersionInCondition: "The write is conditional on the version that the debt is listed for." => LOST,
    NameHasVersion: "A debt is named by the version that it is for: of another version it is another one." => LISTED,
    NameHasRound: "A debt is named by the row's round: what is listed after the row was kept out is another one." => LOST,
    PayFirst: "Whoever writes pays first what the rows owe that it saw." => QUIET,
    PaidStays: "What is paid already stays as it is." => ONCE,
}

/// Rows of the guest: the sale, and its return.
pub const ROWS: usize = 2;
/// The sale's place.
pub const SALE: usize = 0;
/// The return's place.
pub const BACK: usize = 1;
/// Debts that are listed at once, at most.
pub const LISTED_MAX: usize = 2;

/// What a row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// There is none, or a mark alone.
    #[default]
    Null,
    /// The sale will not be, but for facts.
    Cancelled,
    /// It is written, and owes.
    Written,
}

/// A row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// What it says.
    pub content: Content,
    /// How often it was kept out.
    pub round: u8,
}

/// A debt as it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Debt {
    /// Of which row.
    pub row: usize,
    /// The version that its write is to come after.
    pub version: u8,
    /// The round that its write is for.
    pub round: u8,
}

/// What the sale has of the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    /// Nothing yet.
    #[default]
    None,
    /// It is used.
    Used,
    /// It came back.
    GivenBack,
}

/// The guest, the limit, the list, processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The guest's version.
    pub version: u8,
    /// The rows.
    pub rows: [Row; ROWS],
    /// What the sale has of the limit.
    pub share: Share,
    /// Something was paid a second time.
    pub paid_twice: bool,
    /// What is listed.
    pub listed: Vec<Debt>,
    /// Who is at it.
    pub processes: Vec<Process>,
}

impl State {
    /// Whether a row owes what is not paid.
    #[must_use]
    pub fn owes(&self, row: usize) -> bool {
        let paid = if row == SALE { self.share != Share::None } else { self.share == Share::GivenBack };
        self.rows[row].content == Content::Written && !paid
    }
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process carries out its next statement.
    Run(usize, Process),
    /// A worker takes up what is listed.
    Work(usize, Debt),
    /// A process is gone, or its answer is lost: the call begins anew.
    Again(usize),
    /// Something else is written to the guest.
    Change,
}

/// The model: which calls meet, and which rules hold.
#[derive(Clone, Debug)]
pub struct Debts {
    rules: Rules<Rule>,
    meetings: Vec<Vec<Process>>,
}

impl Debts {
    /// Every set of so many calls.
    #[must_use]
    pub fn of(at_once: usize, rules: Rules<Rule>) -> Self {
        let mut meetings = vec![Vec::new()];
        for _ in 0..at_once {
            let longer = |set: &Vec<Call>| {
                let rest = Call::ALL.iter().filter(|next| set.last().is_none_or(|last| last <= *next));
                rest.map(|next| [&set[..], &[*next]].concat()).collect::<Vec<_>>()
            };
            meetings = meetings.iter().flat_map(longer).collect();
        }
        let processes = |set: &Vec<Call>| set.iter().map(|call| Process::new(*call)).collect();
        Self { rules, meetings: meetings.iter().map(processes).collect() }
    }

    pub(crate) fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    /// What the worker does with all that is listed when nobody disturbs it.
    fn tidied(&self, state: &State) -> State {
        let mut state = state.clone();
        while let Some(debt) = state.listed.first().copied() {
            state.processes = vec![Process { step: Step::See(debt), ..Process::new(Call::Work) }];
            while state.processes[0].step != Step::Look {
                process::step(self, &mut state, 0);
            }
            if state.listed.first() == Some(&debt) {
                break;
            }
        }
        state
    }
}

fn is_quiet(state: &State) -> bool {
    state.processes.iter().all(|process| *process == Process::new(process.call))
}

impl Model for Debts {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |processes: &Vec<Process>| State {
            version: 0,
            rows: [Row::default(); ROWS],
            share: Share::None,
            paid_twice: false,
            listed: Vec::new(),
            processes: processes.clone(),
        };
        self.meetings.iter().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, process) in state.processes.iter().enumerate() {
            // Of two that are alike it makes no difference which one goes on.
            if place > 0 && state.processes[place - 1] == *process {
                continue;
            }
            if process.call == Call::Work && process.step == Step::Look {
                actions.extend(state.listed.iter().map(|debt| Action::Work(place, *debt)));
            } else {
                actions.push(Action::Run(place, *process));
            }
            if *process != Process::new(process.call) {
                actions.push(Action::Again(place));
            }
        }
        if process::is_known(state) {
            actions.push(Action::Change);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(place, _) => process::step(self, &mut next, place),
            Action::Work(place, debt) => next.processes[place].step = Step::See(debt),
            Action::Again(place) => next.processes[place] = Process::new(next.processes[place].call),
            Action::Change => next.version += 1,
        }
        process::normalise(self, &mut next);
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(LOST, |_, state: &State| {
                let listed = |row| state.listed.iter().any(|debt| debt.row == row);
                (0..ROWS).all(|row| !state.owes(row) || listed(row))
            }),
            Property::always(ONCE, |_, state: &State| !state.paid_twice),
            Property::always(LISTED, |model: &Self, state: &State| {
                let may_write = |process: &&Process| process.step == Step::Write && process.owes();
                let mut writers = state.processes.iter().filter(may_write);
                writers.all(|process| {
                    !process::would_write(model, state, process)
                        || state.listed.contains(&process::debt(model, process))
                })
            }),
            // What processes know is lost when all of them stop: what is listed is what is left.
            Property::always(QUIET, |model: &Self, state: &State| {
                !is_quiet(state) || {
                    let tidy = model.tidied(state);
                    tidy.listed.is_empty() && (0..ROWS).all(|row| !tidy.owes(row))
                }
            }),
            Property::sometimes("the worker pays", |_, state: &State| {
                state
                    .processes
                    .iter()
                    .any(|process| matches!(process.step, Step::PayListed(debt) if state.owes(debt.row)))
            }),
            Property::sometimes(
                "a sale is written after it was kept out, and comes back",
                |_, state: &State| state.rows[SALE].round > 0 && state.share == Share::GivenBack,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Debts;
    use crate::proof::{long, prove};

    #[test]
    fn what_guests_owe_is_paid_once() {
        prove("debts", |rules| vec![Debts::of(if long() { 4 } else { 3 }, rules)]);
    }
}
