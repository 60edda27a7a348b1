//! Returns: named within their checkout, answered once, never more than was sold; taken back in points after the sale
//! was credited; uses of limits given back once.
//!
//! A member with two sales, one of two units and one of one. Tills of two shops name returns without knowing of each
//! other. A return reads the head, then the rows, then writes on the version that it read; each process may stop between
//! any two statements, and its caller asks again. What the worker does to an entry is one step, as the model `accrual`
//! shows that it may be; an entry may be poisoned, and be put back by people.
//!
//! Left out: money and rounding (the ledger's properties have them), who owns the sale (the model `claims`).

mod till;

use stateright::{Model, Property};

pub use self::till::{Process, Step};
use crate::proof::{Rules, rules};

const UNITS: &str = "no more comes back than was sold";
const PAID_ONCE: &str = "a return pays once";
const ANSWERS: &str = "a return is answered with itself, and always alike";
const POINTS: &str = "no points are taken back that were not earned";
const GIVEN_ONCE: &str = "uses are given back once, and by a whole return";
const QUIET: &str = "when all is quiet points and uses are those of what was kept";

rules! {
    /// What the protocol of returns says.
    WithinCheckout: "A return is named by `return_id` within its checkout." => ANSWERS,
    ById: "The same id finds its row, and is given the stored answer." => PAID_ONCE,
    HeadFirst: "Read the head before or with the rows, never after." => UNITS,
    AllReturns: "Return reads from its checkout to the last of its returns in one statement." => UNITS,
    OnVersion: "The write is conditional on the version that was read." => UNITS,
    WorkerAlone: "The worker alone takes points back, after that checkout's accrual." => POINTS,
    OldestFirst: "`pending` is processed in version order." => POINTS,
    ParkedTogether: "A poisoned entry parks its checkout and that checkout's returns." => POINTS,
    BackInPlace: "An entry that is put back waits at its version's place: a sale before its returns." => POINTS,
    GivenBackOnce: "Giving uses back is settled once: repeated, nothing." => GIVEN_ONCE,
    GiveBackIsDerived: "What a whole return gives back is at least once: whoever comes after a crash does it." => QUIET,
}

/// Sales of the member.
pub const SALES: usize = 2;
/// Names that tills give.
pub const IDS: usize = 2;
/// Returns that meet.
pub const CALLS: usize = 3;
/// Units of each sale.
const SOLD: [u8; SALES] = [2, 1];

/// Where an entry is on its way to the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// In `pending`.
    #[default]
    Waits,
    /// Credited, or taken back.
    Done,
    /// It waits for a person.
    Parked,
}

/// A sale's row, with the points that it brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sale {
    /// On its way.
    pub account: Account,
    /// Points that were credited: one for each unit.
    pub earned: u8,
    /// Points that were taken back.
    pub taken_back: u8,
    /// How often its uses were given back.
    pub given_back: u8,
}

/// A return's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Returned {
    /// Units that came back.
    pub units: u8,
    /// Units of a fact that were not there any more.
    pub overrun: u8,
    /// It took the last unit.
    pub whole: bool,
    /// How many returns were written before it.
    pub order: u8,
    /// On its way.
    pub account: Account,
}

/// What waits for the worker: a sale, or one of its returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Which sale.
    pub sale: usize,
    /// Which of its returns.
    pub id: Option<usize>,
}

/// A member, and the tills.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The head's version.
    pub version: u8,
    /// Entries that wait, the oldest first.
    pub pending: Vec<Entry>,
    /// The sales.
    pub sales: [Sale; SALES],
    /// Their returns.
    pub returns: [[Option<Returned>; IDS]; SALES],
    /// How often each return was paid out.
    pub paid: [[u8; IDS]; SALES],
    /// Units that were told of each return.
    pub told: [[Option<(u8, u8)>; IDS]; SALES],
    /// An answer was another return's, or another than before.
    pub untrue: bool,
    /// The tills.
    pub processes: [Process; CALLS],
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process carries out its next statement.
    Run(usize, Process),
    /// A process is gone, or its answer is lost: the call begins anew.
    Again(usize),
    /// The worker brings an entry to the account.
    Accrue(Entry),
    /// The worker cannot, and parks it.
    Poison(Entry),
    /// A person puts a parked entry back.
    Unpark(Entry),
}

/// The model: which returns meet, and which rules hold.
#[derive(Clone, Debug)]
pub struct Returns {
    rules: Rules<Rule>,
    meetings: Vec<[Process; CALLS]>,
}

impl Returns {
    /// Every set of [`CALLS`] of these calls.
    #[must_use]
    pub fn of(calls: &[Process], rules: Rules<Rule>) -> Self {
        let mut meetings = Vec::new();
        for first in 0..calls.len() {
            for second in first..calls.len() {
                for third in second..calls.len() {
                    meetings.push([calls[first], calls[second], calls[third]]);
                }
            }
        }
        Self { rules, meetings }
    }

    pub(crate) fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    /// Entries that the worker may take next.
    fn next_entries<'a>(&self, state: &'a State) -> &'a [Entry] {
        let count =
            if self.hold(Rule::OldestFirst) { state.pending.len().min(1) } else { state.pending.len() };
        &state.pending[..count]
    }

    /// Brings an entry to the account, or parks it with its sale.
    fn accrue(&self, state: &mut State, entry: Entry) {
        take_out(state, entry);
        let sale = &mut state.sales[entry.sale];
        let Some(id) = entry.id else {
            sale.account = Account::Done;
            sale.earned = SOLD[entry.sale];
            return;
        };
        let Some(returned) = &mut state.returns[entry.sale][id] else { return };
        if sale.account == Account::Parked && self.hold(Rule::ParkedTogether) {
            returned.account = Account::Parked;
            return;
        }
        returned.account = Account::Done;
        if self.hold(Rule::WorkerAlone) {
            sale.taken_back += returned.units;
        }
    }

    fn unpark(&self, state: &mut State, entry: Entry) {
        let own = order(state, entry);
        let younger = |waiting: &Entry| self.hold(Rule::BackInPlace) && order(state, *waiting) > own;
        let place = state.pending.iter().position(younger).unwrap_or(state.pending.len());
        state.pending.insert(place, entry);
        state.version += 1;
        if let Some(account) = account(state, entry) {
            *account = Account::Waits;
        }
    }

    /// What the worker and people do when nobody disturbs them.
    fn settled(&self, state: &State) -> State {
        let mut state = state.clone();
        loop {
            let (waiting, back) = (self.next_entries(&state).first().copied(), parked(&state).next());
            match (waiting, back) {
                (Some(entry), _) => self.accrue(&mut state, entry),
                (None, Some(entry)) => self.unpark(&mut state, entry),
                (None, None) => break,
            }
        }
        if self.hold(Rule::GiveBackIsDerived) {
            for sale in 0..SALES {
                if state.returns[sale].iter().flatten().any(|returned| returned.whole) {
                    till::give_back(self, &mut state, sale);
                }
            }
        }
        state
    }

    fn is_quiet(&self, state: &State) -> bool {
        let state = self.settled(state);
        (0..SALES).all(|place| {
            let sale = state.sales[place];
            let back: u8 = state.returns[place].iter().flatten().map(|returned| returned.units).sum();
            let whole = back == SOLD[place];
            sale.earned - sale.taken_back == SOLD[place] - back && (sale.given_back == 1) == whole
        })
    }
}

fn take_out(state: &mut State, entry: Entry) {
    state.pending.retain(|waiting| *waiting != entry);
    state.version += 1;
}

/// Parked entries that may be put back: a return after its sale.
fn parked(state: &State) -> impl Iterator<Item = Entry> {
    (0..SALES).flat_map(move |sale| {
        let is_parked = |account| account == Account::Parked;
        let of_sale = is_parked(state.sales[sale].account).then_some(Entry { sale, id: None });
        let after = !is_parked(state.sales[sale].account);
        let of_returns = (0..IDS)
            .filter(move |id| state.returns[sale][*id].is_some_and(|row| after && is_parked(row.account)))
            .map(move |id| Entry { sale, id: Some(id) });
        of_sale.into_iter().chain(of_returns)
    })
}

fn account(state: &mut State, entry: Entry) -> Option<&mut Account> {
    match entry.id {
        None => Some(&mut state.sales[entry.sale].account),
        Some(id) => state.returns[entry.sale][id].as_mut().map(|returned| &mut returned.account),
    }
}

/// The order in which entries were written: both sales first.
fn order(state: &State, entry: Entry) -> u8 {
    let returned = entry.id.and_then(|id| state.returns[entry.sale][id]);
    returned.map_or(entry.sale as u8, |returned| SALES as u8 + returned.order)
}

/// Keeps of versions their order alone.
fn normalise(state: &mut State) {
    let of = |process: &Process| process.step.version();
    let known =
        state.processes.iter().filter_map(of).fold(1_u16 << state.version, |set, version| set | 1 << version);
    let rank = |version: u8| (known & ((1 << version) - 1)).count_ones() as u8;
    state.version = rank(state.version);
    for process in &mut state.processes {
        if let Some(version) = process.step.version_mut() {
            *version = rank(*version);
        }
    }
}

impl Model for Returns {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let start = |processes: &[Process; CALLS]| State {
            version: 0,
            pending: (0..SALES).map(|sale| Entry { sale, id: None }).collect(),
            sales: [Sale::default(); SALES],
            returns: [[None; IDS]; SALES],
            paid: [[0; IDS]; SALES],
            told: [[None; IDS]; SALES],
            untrue: false,
            processes: *processes,
        };
        self.meetings.iter().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, process) in state.processes.iter().enumerate() {
            actions.push(Action::Run(place, *process));
            if process.step != Step::Start {
                actions.push(Action::Again(place));
            }
        }
        for entry in self.next_entries(state) {
            actions.push(Action::Accrue(*entry));
            // One poisoned sale shows it.
            if *entry == (Entry { sale: 0, id: None }) {
                actions.push(Action::Poison(*entry));
            }
        }
        actions.extend(parked(state).map(Action::Unpark));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(place, _) => {
                till::step(self, &mut next, place);
                // A caller that was answered may ask again, as one that was not.
                if matches!(next.processes[place].step, Step::Told | Step::Refused) {
                    next.processes[place].step = Step::Start;
                }
            }
            Action::Again(place) => next.processes[place].step = Step::Start,
            Action::Accrue(entry) => self.accrue(&mut next, entry),
            Action::Poison(entry) => {
                take_out(&mut next, entry);
                *account(&mut next, entry)? = Account::Parked;
            }
            Action::Unpark(entry) => self.unpark(&mut next, entry),
        }
        normalise(&mut next);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(UNITS, |_, state: &State| {
                state.returns.iter().zip(SOLD).all(|(returns, sold)| {
                    returns.iter().flatten().map(|returned| returned.units).sum::<u8>() <= sold
                })
            }),
            Property::always(PAID_ONCE, |_, state: &State| {
                state.paid.iter().flatten().all(|paid| *paid <= 1)
            }),
            Property::always(ANSWERS, |_, state: &State| !state.untrue),
            Property::always(POINTS, |_, state: &State| {
                state.sales.iter().all(|sale| sale.taken_back <= sale.earned)
            }),
            Property::always(GIVEN_ONCE, |_, state: &State| {
                state.sales.iter().zip(&state.returns).all(|(sale, returns)| {
                    let whole = returns.iter().flatten().any(|returned| returned.whole);
                    sale.given_back <= u8::from(whole)
                })
            }),
            // What tills know is lost when all of them stop: what is left is what has to lead on.
            Property::always(QUIET, |model: &Self, state: &State| {
                state.processes.iter().any(|process| process.step != Step::Start) || model.is_quiet(state)
            }),
            Property::sometimes("a fact finds nothing left", |_, state: &State| {
                state.returns.iter().flatten().flatten().any(|returned| returned.overrun > 0)
            }),
            Property::sometimes("a sale comes back in two parts", |_, state: &State| {
                state.returns[0].iter().flatten().filter(|returned| returned.units > 0).count() == 2
                    && state.sales[0].given_back == 1
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Process, Returns};
    use crate::proof::prove;

    #[test]
    fn what_was_sold_comes_back_once() {
        let calls = [
            Process::returning(0, 0, Some(1)),
            Process::returning(0, 1, Some(1)),
            Process::returning(0, 1, None),
            Process::returning(1, 0, None),
            Process::recording(0, 0, 2),
        ];
        prove("returns", |rules| vec![Returns::of(&calls, rules)]);
    }
}
