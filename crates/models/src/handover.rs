//! A shard of a limit that has many rows hands what it has left to a fresh one, while sales take shares of both.
//!
//! One limit of two uses, made with one shard, which is full with one row; three sales, each of which may be asked for at
//! two nodes at once. Every statement is one step, every process may stop or sleep between any two, and what is held may
//! come free at any time. A version is kept as what it is for: whether a shard is still as a process saw it.
//!
//! Left out: for which version of the member a hold is (the models `limits` and `rounds`); that capacity which is brought
//! from one shard to another with a hold goes in several steps (`limits`); caps that are changed.

use stateright::{Model, Property};

use crate::proof::{Rules, rules};

const ONE: &str = "a sale has one share";
const CAP: &str = "no more is taken than there is";
const EXACT: &str = "whoever asks gets what is left";

rules! {
    /// What the protocol of handing over says.
    LookedForInAll: "A share is looked for in every shard of its line." => ONE,
    NoNewShare: "A shard that handed over takes no new share." => ONE,
    HeldAsSeen: "A hold is conditional on the version of the shard that was seen." => CAP,
    LeavesWithRecord: "What is left leaves with a record of it, by the write that says where new shares go." => EXACT,
    ArrivesOnce: "It arrives if the fresh shard has no cap yet." => CAP,
    WrittenAsSeen: "It arrives on the condition that the fresh shard is as it was seen." => CAP,
    FinishedByAll: "Whoever meets a shard without a cap lets it arrive." => EXACT,
}

/// Sales that there are.
const SALES: usize = 3;
/// What may be taken.
const USES: u8 = 2;
/// Calls that meet.
const CALLS: usize = 3;
/// Rows with which a shard is full.
const FULL: usize = 1;

/// What a sale has in a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Share {
    /// Nothing, never.
    #[default]
    Absent,
    /// Held.
    Held,
    /// Paid.
    Used,
    /// Held once.
    Freed,
}

/// A shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shard {
    /// How much may be taken of it, if that is said.
    pub cap: Option<u8>,
    /// Whether it handed over.
    pub is_closed: bool,
    /// Who has something of it.
    pub shares: [Share; SALES],
}

impl Shard {
    fn taken(&self) -> u8 {
        self.shares.iter().map(|share| u8::from(matches!(share, Share::Held | Share::Used))).sum()
    }

    fn spare(&self) -> u8 {
        self.cap.unwrap_or_default().saturating_sub(self.taken())
    }

    fn is_full(&self) -> bool {
        self.shares.iter().filter(|share| **share != Share::Absent).count() >= FULL
    }
}

/// What a process does next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Step {
    /// Looks at the first shard.
    #[default]
    Look,
    /// Looks at the one that comes after it.
    LookOn,
    /// Does what has to be done with a shard as it saw it.
    Act(usize, Shard),
    /// Looks for what was handed over and has not arrived; some know themselves how much it is.
    Finish(Option<u8>),
    /// Lets it arrive at the fresh shard, as it saw that.
    Arrive(u8, Shard),
    /// Notes that it arrived.
    Note,
    /// Pays.
    Pay,
}

/// A call for a sale, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// The sale.
    pub sale: usize,
    /// Its next statement.
    pub step: Step,
    /// Whether the shard of that step is as it was seen.
    pub is_current: bool,
}

/// The line of shards, what is on its way, processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The first shard and the fresh one.
    pub shards: [Shard; 2],
    /// What the first one handed over, until somebody notes that it arrived.
    pub sent: Option<u8>,
    /// Who is at it.
    pub processes: [Process; CALLS],
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process carries out its next statement.
    Run(usize),
    /// A process is gone, or its answer is lost: the call begins anew.
    Again(usize),
    /// What a sale holds comes free.
    Free(usize),
}

/// The model: which rules hold.
#[derive(Clone, Debug)]
pub struct Handover {
    rules: Rules<Rule>,
}

impl Process {
    const fn of(sale: usize) -> Self {
        Self { sale, step: Step::Look, is_current: true }
    }
}

impl State {
    /// Writes a shard: whoever saw it before saw another.
    fn write(&mut self, number: usize, change: impl FnOnce(&mut Shard)) {
        change(&mut self.shards[number]);
        for process in &mut self.processes {
            let seen = match process.step {
                Step::Act(of, _) => Some(of),
                Step::Arrive(..) => Some(1),
                Step::Look | Step::LookOn | Step::Finish(_) | Step::Note | Step::Pay => None,
            };
            process.is_current &= seen != Some(number);
        }
    }

    fn taken(&self) -> u8 {
        self.shards.iter().map(Shard::taken).sum()
    }

    fn place(&self, sale: usize, share: Share) -> Option<usize> {
        self.shards.iter().position(|shard| shard.shares[sale] == share)
    }

    fn is_quiet(&self) -> bool {
        self.processes.iter().all(|process| process.step == Step::Look)
    }
}

impl Handover {
    fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    /// Carries out a process's next statement; false when its call is over.
    fn step(&self, state: &mut State, place: usize) -> bool {
        let Process { sale, step, is_current } = state.processes[place];
        let next = match step {
            Step::Look => {
                let first = state.shards[0];
                let is_here = first.shares[sale] != Share::Absent && self.hold(Rule::LookedForInAll);
                let takes = !self.hold(Rule::NoNewShare) && first.spare() > 0;
                if first.is_closed && !is_here && !takes { Step::LookOn } else { Step::Act(0, first) }
            }
            Step::LookOn => Step::Act(1, state.shards[1]),
            Step::Act(number, seen) => match self.act(state, (number, seen), sale, is_current) {
                Some(next) => next,
                None => {
                    state.processes[place] = Process::of(sale);
                    return false;
                }
            },
            Step::Finish(known) => match state.sent.or(known) {
                Some(_) if state.shards[1].cap.is_some() && self.hold(Rule::ArrivesOnce) => Step::Note,
                Some(left) => Step::Arrive(left, state.shards[1]),
                None => Step::Look,
            },
            Step::Arrive(left, _) if is_current || !self.hold(Rule::WrittenAsSeen) => {
                state.write(1, |fresh| fresh.cap = Some(fresh.cap.unwrap_or_default() + left));
                Step::Note
            }
            Step::Arrive(..) => Step::Look,
            Step::Note => {
                state.sent = None;
                Step::Look
            }
            Step::Pay => {
                if let Some(number) = state.place(sale, Share::Held) {
                    state.write(number, |shard| shard.shares[sale] = Share::Used);
                }
                Step::Look
            }
        };
        state.processes[place] = Process { sale, step: next, is_current: true };
        true
    }

    /// What a call does with a shard as it saw it; none when it is over.
    fn act(
        &self,
        state: &mut State,
        (number, seen): (usize, Shard),
        sale: usize,
        is_current: bool,
    ) -> Option<Step> {
        match seen.shares[sale] {
            Share::Used => return None,
            Share::Held => return Some(Step::Pay),
            Share::Absent | Share::Freed => {}
        }
        if seen.cap.is_none() {
            return self.hold(Rule::FinishedByAll).then_some(Step::Finish(None));
        }
        let is_new = seen.shares[sale] == Share::Absent;
        if is_new && number == 0 && !seen.is_closed && seen.is_full() {
            if !is_current {
                return Some(Step::Look);
            }
            let left = seen.spare();
            state.write(0, |first| {
                first.is_closed = true;
                first.cap = Some(first.taken());
            });
            let with_record = self.hold(Rule::LeavesWithRecord);
            state.sent = with_record.then_some(left);
            return Some(Step::Finish((!with_record).then_some(left)));
        }
        if seen.spare() > 0 {
            if !is_current && self.hold(Rule::HeldAsSeen) {
                return Some(Step::Look);
            }
            state.write(number, |shard| shard.shares[sale] = Share::Held);
            return Some(Step::Pay);
        }
        // Capacity that came free elsewhere is brought together with the hold, on shards as they are.
        let other = 1 - number;
        if state.shards[other].spare() > 0 {
            if !is_current {
                return Some(Step::Look);
            }
            state.write(other, |shard| shard.cap = shard.cap.map(|cap| cap - 1));
            state.write(number, |shard| {
                shard.cap = shard.cap.map(|cap| cap + 1);
                shard.shares[sale] = Share::Held;
            });
            return Some(Step::Pay);
        }
        // Before it is refused, what is on its way arrives.
        (state.sent.is_some() && self.hold(Rule::FinishedByAll)).then_some(Step::Finish(None))
    }

    /// Whether a call alone sells.
    fn sells(&self, state: &State, sale: usize) -> bool {
        let mut state = state.clone();
        state.processes = [Process::of(sale); CALLS];
        (0..STEPS_MAX).all(|_| self.step(&mut state, 0) || state.place(sale, Share::Used).is_some())
            && state.place(sale, Share::Used).is_some()
    }
}

/// Statements within which a call of one process alone is over.
const STEPS_MAX: usize = 24;

impl Model for Handover {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let first = Shard { cap: Some(USES), ..Shard::default() };
        let meetings = [[0, 0, 1], [0, 1, 2]];
        let start = |sales: [usize; CALLS]| State {
            shards: [first, Shard::default()],
            sent: None,
            processes: sales.map(Process::of),
        };
        meetings.into_iter().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, process) in state.processes.iter().enumerate() {
            actions.push(Action::Run(place));
            if process.step != Step::Look {
                actions.push(Action::Again(place));
            }
        }
        let held = (0..SALES).filter(|sale| state.place(*sale, Share::Held).is_some());
        actions.extend(held.map(Action::Free));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(place) => {
                self.step(&mut next, place);
            }
            Action::Again(place) => next.processes[place] = Process::of(next.processes[place].sale),
            Action::Free(sale) => {
                let number = next.place(sale, Share::Held)?;
                next.write(number, |shard| shard.shares[sale] = Share::Freed);
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE, |_, state: &State| {
                let has = |sale: usize| {
                    state.shards.iter().filter(|shard| shard.shares[sale] != Share::Absent).count()
                };
                (0..SALES).all(|sale| has(sale) <= 1)
            }),
            Property::always(CAP, |_, state: &State| {
                let caps: u8 = state.shards.iter().filter_map(|shard| shard.cap).sum();
                caps <= USES && state.taken() <= USES
            }),
            Property::always(EXACT, |model: &Self, state: &State| {
                let open = |sale: &usize| state.place(*sale, Share::Used).is_none();
                let has = |sale: usize| u8::from(state.place(sale, Share::Held).is_some());
                !state.is_quiet()
                    || (0..SALES)
                        .filter(open)
                        .all(|sale| state.taken() - has(sale) >= USES || model.sells(state, sale))
            }),
            Property::sometimes("a sale has its share in the fresh shard", |_, state: &State| {
                state.shards[1].shares.contains(&Share::Used)
            }),
            Property::sometimes(
                "what came free where new shares are not taken is sold",
                |_, state: &State| state.shards[0].cap == Some(0) && state.shards[1].taken() == USES,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Handover;
    use crate::proof::prove;

    #[test]
    fn shards_hand_over() {
        prove("handover", |rules| vec![Handover { rules }]);
    }
}
