//! The statements of those who write, and of the worker.

use super::{BACK, Content, Debt, Debts, LISTED_MAX, ROWS, Row, Rule, SALE, Share, State};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// A sale is recorded that was paid already.
    Fact,
    /// It comes back.
    Return,
    /// It will not be.
    Cancel,
    /// Looks after what is listed.
    Work,
}

impl Call {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Fact, Self::Return, Self::Cancel, Self::Work];

    /// The row that it writes.
    const fn row(self) -> usize {
        match self {
            Self::Return => BACK,
            Self::Fact | Self::Cancel | Self::Work => SALE,
        }
    }
}

/// Where a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Looks at the guest; a worker has nothing to do.
    Look,
    /// Pays what the sale owes, which it saw.
    PayFirst,
    /// Lists what its row is about to owe.
    List,
    /// Writes its row, if everything is as it was seen.
    Write,
    /// Pays what its row owes.
    Pay,
    /// Takes it off the list.
    TakeOff,
    /// A worker looks at the row of a debt.
    See(Debt),
    /// Pays what that row owes.
    PayListed(Debt),
    /// Keeps the row out, which it saw so.
    KeepOut(Debt, Row),
    /// Takes the debt off the list.
    TakeOffListed(Debt),
}

/// The guest as a process saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// The version.
    pub version: u8,
    /// Its row.
    pub row: Row,
}

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// What it does.
    pub call: Call,
    /// Where it is.
    pub step: Step,
    /// What it saw.
    pub seen: Option<Seen>,
}

impl Process {
    /// A process that begins.
    #[must_use]
    pub const fn new(call: Call) -> Self {
        Self { call, step: Step::Look, seen: None }
    }

    /// Whether the row that it writes owes something.
    pub(super) fn owes(&self) -> bool {
        matches!(self.call, Call::Fact | Call::Return)
    }
}

/// The name of what a process lists.
pub(super) fn debt(model: &Debts, process: &Process) -> Debt {
    let seen = process.seen.unwrap_or_default();
    name(model, Debt { row: process.call.row(), version: seen.version, round: seen.row.round })
}

fn name(model: &Debts, debt: Debt) -> Debt {
    let version = if model.hold(Rule::NameHasVersion) { debt.version } else { 0 };
    let round = if model.hold(Rule::NameHasRound) { debt.round } else { 0 };
    Debt { version, round, ..debt }
}

/// Whether a process's write would be applied now.
pub(super) fn would_write(model: &Debts, state: &State, process: &Process) -> bool {
    let Some(seen) = process.seen else { return false };
    let row = state.rows[process.call.row()];
    let same_version = state.version == seen.version || !model.hold(Rule::VersionInCondition);
    let same_round = row.round == seen.row.round || !model.hold(Rule::RoundInCondition);
    row.content == seen.row.content && same_version && same_round
}

/// Carries out one statement of a process.
pub(super) fn step(model: &Debts, state: &mut State, place: usize) {
    let mut process = state.processes[place];
    let own = process.call.row();
    match process.step {
        Step::Look => look(state, &mut process, model),
        Step::PayFirst => {
            pay(model, state, SALE);
            process.step = Step::List;
        }
        Step::List if state.listed.len() >= LISTED_MAX => return,
        Step::List => {
            list(state, debt(model, &process));
            process.step = if model.hold(Rule::ListFirst) { Step::Write } else { Step::Pay };
        }
        Step::Write if would_write(model, state, &process) => {
            let content = if process.call == Call::Cancel { Content::Cancelled } else { Content::Written };
            state.rows[own].content = content;
            state.version += 1;
            process.step = match process.call {
                Call::Cancel | Call::Work => return end(state, place),
                _ if !model.hold(Rule::ListFirst) => Step::List,
                _ if !model.hold(Rule::PaidThenOff) => Step::TakeOff,
                _ => Step::Pay,
            };
        }
        Step::Write => process = Process::new(process.call),
        Step::Pay => {
            pay(model, state, own);
            // It was there already: its writer has listed it.
            match process.seen {
                Some(_) if model.hold(Rule::PaidThenOff) => process.step = Step::TakeOff,
                _ => return end(state, place),
            }
        }
        Step::TakeOff => {
            let debt = debt(model, &process);
            state.listed.retain(|listed| *listed != debt);
            if model.hold(Rule::PaidThenOff) {
                return end(state, place);
            }
            process.step = Step::Pay;
        }
        Step::See(debt) => process.step = see(model, state, debt),
        Step::PayListed(debt) => {
            pay(model, state, debt.row);
            // Written, as it was seen, so that the version is past.
            process.step = Step::TakeOffListed(debt);
        }
        Step::KeepOut(debt, seen) => {
            let row = &mut state.rows[debt.row];
            let same = *row == seen;
            if same || !model.hold(Rule::KeptOutAsSeen) {
                row.round += 1;
                process.step = Step::TakeOffListed(debt);
            } else {
                return end(state, place);
            }
        }
        Step::TakeOffListed(debt) => {
            state.listed.retain(|listed| *listed != debt);
            return end(state, place);
        }
    }
    state.processes[place] = process;
}

/// A call is over, and may be made again.
fn end(state: &mut State, place: usize) {
    state.processes[place] = Process::new(state.processes[place].call);
}

fn look(state: &State, process: &mut Process, model: &Debts) {
    let row = state.rows[process.call.row()];
    let sold = state.rows[SALE].content == Content::Written;
    let sees = Some(Seen { version: state.version, row });
    let pays_first = sold && model.hold(Rule::PayFirst);
    (process.step, process.seen) = match (process.call, row.content) {
        // What is there owes, perhaps; its answer is known.
        (Call::Fact | Call::Return, Content::Written) if state.owes(process.call.row()) => (Step::Pay, None),
        (Call::Fact | Call::Return, Content::Written) => (Step::Look, None),
        (Call::Fact, Content::Null | Content::Cancelled) => (first(model), sees),
        (Call::Return, _) if !sold => (Step::Look, None),
        (Call::Return, _) if pays_first => (Step::PayFirst, sees),
        (Call::Return, _) => (first(model), sees),
        (Call::Cancel, Content::Null) => (Step::Write, sees),
        (Call::Cancel, Content::Cancelled | Content::Written) | (Call::Work, _) => (Step::Look, None),
    };
}

fn first(model: &Debts) -> Step {
    if model.hold(Rule::ListFirst) { Step::List } else { Step::Write }
}

fn list(state: &mut State, debt: Debt) {
    if let Err(place) = state.listed.binary_search(&debt) {
        state.listed.insert(place, debt);
    }
}

/// What the worker does next about a debt.
fn see(model: &Debts, state: &State, debt: Debt) -> Step {
    let row = state.rows[debt.row];
    let is_written = state.version > debt.version;
    match row.content {
        Content::Written if model.hold(Rule::WorkerPays) => Step::PayListed(debt),
        _ if is_written => Step::TakeOffListed(debt),
        _ if model.hold(Rule::KeptOutFirst) => Step::KeepOut(debt, row),
        _ => Step::TakeOffListed(debt),
    }
}

/// Pays what a row owes.
fn pay(model: &Debts, state: &mut State, row: usize) {
    let stays = model.hold(Rule::PaidStays);
    match (row, state.share) {
        (SALE, Share::None) => state.share = Share::Used,
        (SALE, Share::Used | Share::GivenBack) => {
            if !stays {
                state.paid_twice = true;
            }
        }
        (_, Share::Used) => state.share = Share::GivenBack,
        // There is nothing to give back.
        (_, Share::None) => {}
        (_, Share::GivenBack) => {
            if !stays {
                state.paid_twice = true;
            }
        }
    }
}

/// Something that somebody remembers.
enum Number<'a> {
    Version(&'a mut u8),
    Round(usize, &'a mut u8),
}

/// Everything that is remembered of versions and rounds.
fn each(state: &mut State, mut see: impl FnMut(Number<'_>)) {
    fn of_debt(debt: &mut Debt, see: &mut impl FnMut(Number<'_>)) {
        see(Number::Version(&mut debt.version));
        see(Number::Round(debt.row, &mut debt.round));
    }
    for debt in &mut state.listed {
        of_debt(debt, &mut see);
    }
    for process in &mut state.processes {
        if let Some(seen) = &mut process.seen {
            see(Number::Version(&mut seen.version));
            see(Number::Round(process.call.row(), &mut seen.row.round));
        }
        match &mut process.step {
            Step::See(debt) | Step::PayListed(debt) | Step::TakeOffListed(debt) => of_debt(debt, &mut see),
            Step::KeepOut(debt, row) => {
                see(Number::Round(debt.row, &mut row.round));
                of_debt(debt, &mut see);
            }
            _ => {}
        }
    }
}

/// Whether anybody remembers the present version: else it makes no difference that it changes.
pub(super) fn is_known(state: &State) -> bool {
    let mut remembered = false;
    each(&mut state.clone(), |number| match number {
        Number::Version(known) => remembered |= *known == state.version,
        Number::Round(..) => {}
    });
    remembered
}

/// Keeps of versions and rounds their order alone, and of a row that was never kept out that it was not.
pub(super) fn normalise(model: &Debts, state: &mut State) {
    for place in 0..state.processes.len() {
        let process = state.processes[place];
        // It will find that it has to begin again.
        if process.step == Step::Write && !would_write(model, state, &process) {
            end(state, place);
        }
    }
    let mut versions = 1_u32 << state.version;
    let mut rounds: [u32; ROWS] = std::array::from_fn(|row| 1 | 1 << state.rows[row].round);
    each(state, |number| match number {
        Number::Version(version) => versions |= 1 << *version,
        Number::Round(row, round) => rounds[row] |= 1 << *round,
    });
    let rank = |known: u32, number: u8| (known & ((1 << number) - 1)).count_ones() as u8;
    each(state, |number| match number {
        Number::Version(version) => *version = rank(versions, *version),
        Number::Round(row, round) => *round = rank(rounds[row], *round),
    });
    state.version = rank(versions, state.version);
    for (row, known) in state.rows.iter_mut().zip(rounds) {
        row.round = rank(known, row.round);
    }
    state.listed.sort_unstable();
    state.listed.dedup();
    state.processes.sort_unstable();
}
