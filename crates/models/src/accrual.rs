//! Accrual: `pending` and `emitting`, the marker, derived rows, an effect on another member; two workers, and a node that
//! makes room.
//!
//! A member with three sales; the first of them brings something to another member. Workers find the member whenever it is
//! due, read it, and carry out one statement after the other; each may stop anywhere, or sleep for any time and go on. The
//! statements of a sale are one step: the model `claims` has them.
//!
//! Left out: how workers find a member (the model `feed`), returns and parked entries (the model `returns`), time.

use stateright::{Model, Property};

use crate::proof::{Rules, rules};

const ONCE: &str = "no sale is credited twice";
const ALL: &str = "when all is quiet every sale is credited, and what follows from it is out";
const SAME: &str = "a derived row never changes";
const OTHER: &str = "the other member is credited once";
const ORDER: &str = "sales are credited in the order of their versions";

rules! {
    /// What the protocol of accrual says.
    OnVersion: "Everything is a conditional write on the version that was read." => ONCE,
    WithMarker: "Exactly once is the version plus a marker in one conditional write." => ONCE,
    OldestFirst: "`pending` is processed in version order." => ORDER,
    ToEmitting: "The write that marks an entry moves it from `pending` to `emitting`." => ALL,
    DueWhileEmitting: "`emitting` keeps `due_at` at now." => ALL,
    ClearWhenOut: "A later write clears `emitting` when the derived writes are out." => ALL,
    ClearWhatWasSeen: "A worker clears what it has brought out itself, no more." => ALL,
    StoredEffect: "A redelivery emits from the stored effect." => SAME,
    EffectOnce: "The other member's entry is named by source and effect, and written if its state is null." => OTHER,
    SourceSecond: "The source's marker comes after the other member's entry." => ALL,
}

/// Sales of the member; the first brings something to another one.
pub const SALES: usize = 3;
const BRINGS: u8 = 0;
/// Workers.
const WORKERS: usize = 2;
/// Entries that may wait; at the bound a sale accrues the oldest first.
const PENDING_MAX: usize = 2;

/// A sale's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Row {
    /// It is paid.
    pub sold: bool,
    /// The marker: it is credited, and this is the balance after it.
    pub accrued: Option<u8>,
    /// How often it was credited in fact.
    pub credits: u8,
    /// The row that the world reads, with its content.
    pub derived: Option<u8>,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Worker {
    /// Looks for something that is due, and reads the head.
    #[default]
    Idle,
    /// Credits a sale on this version.
    Accrue(u8, u8),
    /// Sets the marker of a sale that it has credited.
    Mark(u8),
    /// Brings out what follows from these sales, one bit each; then clears these on this version.
    Emit(u8, u8, u8),
    /// Brings the effect of the first sale to the other member, then goes on.
    Effect(u8, u8, u8),
    /// Clears these sales on this version.
    Clear(u8, u8),
}

/// A member, the other member, and the workers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The head's version.
    pub version: u8,
    /// Points.
    pub balance: u8,
    /// Sales that are not credited yet, the oldest first.
    pub pending: Vec<u8>,
    /// Sales of which the derived writes are not out yet, one bit each.
    pub emitting: u8,
    /// The sales.
    pub rows: [Row; SALES],
    /// The other member's entry is there.
    pub other_entry: bool,
    /// How often the other member was credited.
    pub other_credits: u8,
    /// A derived row was written with another content.
    pub changed: bool,
    /// A younger sale was credited first.
    pub overtaken: bool,
    /// The workers.
    pub workers: [Worker; WORKERS],
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A sale is paid.
    Sell(u8),
    /// A node credits the oldest sale, to make room for the next.
    MakeRoom,
    /// A worker carries out its next statement.
    Work(usize, Worker),
    /// A worker is gone, and another begins.
    Again(usize),
}

/// The model.
#[derive(Clone, Debug)]
pub struct Accrual {
    rules: Rules<Rule>,
}

impl Accrual {
    /// With these rules.
    #[must_use]
    pub const fn with(rules: Rules<Rule>) -> Self {
        Self { rules }
    }

    fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    fn current(&self, state: &State, version: u8) -> bool {
        state.version == version || !self.hold(Rule::OnVersion)
    }

    fn work(&self, state: &mut State, worker: Worker) -> Worker {
        match worker {
            Worker::Idle => self.find(state),
            Worker::Accrue(version, sale) if self.current(state, version) => self.accrue(state, sale),
            Worker::Accrue(..) => Worker::Idle,
            Worker::Mark(sale) => {
                self.mark(state, sale);
                Worker::Idle
            }
            Worker::Emit(version, 0, sales) => Worker::Clear(version, sales),
            Worker::Emit(version, left, sales) => {
                let sale = left.trailing_zeros() as u8;
                self.derive(state, sale);
                let left = left & !(1 << sale);
                // What is brought to another member comes before the source forgets that it owes it.
                if sale == BRINGS && self.hold(Rule::SourceSecond) {
                    Worker::Effect(version, left, sales)
                } else {
                    Worker::Emit(version, left, sales)
                }
            }
            Worker::Effect(version, left, sales) => {
                if !state.other_entry || !self.hold(Rule::EffectOnce) {
                    state.other_entry = true;
                    state.other_credits += 1;
                }
                if self.hold(Rule::SourceSecond) { Worker::Emit(version, left, sales) } else { Worker::Idle }
            }
            Worker::Clear(version, sales) => {
                let seen = self.hold(Rule::ClearWhatWasSeen);
                if state.version == version || !seen {
                    state.version += 1;
                    state.emitting &= if seen { !sales } else { 0 };
                }
                match (self.hold(Rule::SourceSecond), self.hold(Rule::ClearWhenOut)) {
                    (false, _) if sales & (1 << BRINGS) != 0 => Worker::Effect(version, 0, 0),
                    (_, false) if sales != 0 => Worker::Emit(version, sales, 0),
                    _ => Worker::Idle,
                }
            }
        }
    }

    /// What is due first on the head as it is now.
    fn find(&self, state: &State) -> Worker {
        let emitting = state.emitting;
        if emitting != 0 && self.hold(Rule::DueWhileEmitting) {
            return if self.hold(Rule::ClearWhenOut) {
                Worker::Emit(state.version, emitting, emitting)
            } else {
                Worker::Clear(state.version, emitting)
            };
        }
        let next = if self.hold(Rule::OldestFirst) { state.pending.first() } else { state.pending.last() };
        next.map_or(Worker::Idle, |sale| Worker::Accrue(state.version, *sale))
    }

    fn accrue(&self, state: &mut State, sale: u8) -> Worker {
        let row = &mut state.rows[usize::from(sale)];
        row.credits += 1;
        state.balance += 1;
        state.version += 1;
        state.overtaken |= state.pending.first().is_some_and(|oldest| *oldest != sale);
        if !self.hold(Rule::WithMarker) {
            return Worker::Mark(sale);
        }
        self.mark(state, sale);
        // It goes on with what it has just credited; whoever comes after a crash finds it in `emitting`.
        if self.hold(Rule::DueWhileEmitting) {
            Worker::Idle
        } else {
            Worker::Emit(state.version, 1 << sale, 1 << sale)
        }
    }

    fn mark(&self, state: &mut State, sale: u8) {
        state.rows[usize::from(sale)].accrued = Some(state.balance);
        state.pending.retain(|waiting| *waiting != sale);
        if self.hold(Rule::ToEmitting) {
            state.emitting |= 1 << sale;
        }
    }

    fn derive(&self, state: &mut State, sale: u8) {
        let row = &mut state.rows[usize::from(sale)];
        let content = if self.hold(Rule::StoredEffect) { row.accrued } else { Some(state.balance) };
        state.changed |= row.derived.is_some() && row.derived != content;
        row.derived = content;
    }

    /// Whether one worker alone does everything that is left.
    fn ends(&self, state: &State) -> bool {
        let mut state = state.clone();
        let mut worker = Worker::Idle;
        loop {
            worker = self.work(&mut state, worker);
            if worker == Worker::Idle && self.find(&state) == Worker::Idle {
                break;
            }
        }
        let done =
            |row: &Row| !row.sold || row.credits == 1 && row.accrued.is_some() && row.derived.is_some();
        let brought = state.other_entry == state.rows[usize::from(BRINGS)].sold;
        state.rows.iter().all(done) && brought
    }
}

impl Model for Accrual {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            version: 0,
            balance: 0,
            pending: Vec::new(),
            emitting: 0,
            rows: [Row::default(); SALES],
            other_entry: false,
            other_credits: 0,
            changed: false,
            overtaken: false,
            workers: [Worker::Idle; WORKERS],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (sale, _) in (0..).zip(&state.rows).filter(|(_, row)| !row.sold) {
            if state.pending.len() < PENDING_MAX {
                actions.push(Action::Sell(sale));
            } else if !actions.contains(&Action::MakeRoom) {
                actions.push(Action::MakeRoom);
            }
        }
        for (place, worker) in state.workers.iter().enumerate() {
            if *worker != Worker::Idle {
                actions.push(Action::Again(place));
            }
            if *worker != Worker::Idle || self.find(state) != Worker::Idle {
                actions.push(Action::Work(place, *worker));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Sell(sale) => {
                next.rows[usize::from(sale)].sold = true;
                next.pending.push(sale);
                next.version += 1;
            }
            Action::MakeRoom => {
                let oldest = *state.pending.first()?;
                // The same code, by a write of its own.
                if let Worker::Mark(sale) = self.accrue(&mut next, oldest) {
                    self.mark(&mut next, sale);
                }
            }
            Action::Work(place, worker) => next.workers[place] = self.work(&mut next, worker),
            Action::Again(place) => next.workers[place] = Worker::Idle,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONCE, |_, state: &State| state.rows.iter().all(|row| row.credits <= 1)),
            Property::always(ORDER, |_, state: &State| !state.overtaken),
            Property::always(SAME, |_, state: &State| !state.changed),
            Property::always(OTHER, |_, state: &State| state.other_credits <= 1),
            // What workers know is lost when all of them stop: what is left is what has to lead on.
            Property::always(ALL, |model: &Self, state: &State| {
                state.workers.iter().any(|worker| *worker != Worker::Idle) || model.ends(state)
            }),
            Property::sometimes("everything is credited and out", |model: &Self, state: &State| {
                state.rows.iter().all(|row| row.derived.is_some()) && model.find(state) == Worker::Idle
            }),
            Property::sometimes("two workers bring out the same", |_, state: &State| {
                matches!(state.workers, [Worker::Emit(..), Worker::Emit(..)])
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Accrual;
    use crate::proof::prove;

    #[test]
    fn sales_are_credited_once_and_brought_out() {
        prove("accrual", |rules| vec![Accrual::with(rules)]);
    }
}
