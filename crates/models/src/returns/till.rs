//! The statements of a return, one after the other.

use super::{Account, Entry, Returned, Returns, Rule, SOLD, State};

/// Where a process is. Versions are those that it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reads the head.
    Start,
    /// Reads the rows, on this version of the head.
    Rows(u8),
    /// Reads the head after the rows: what nobody should do.
    HeadLast(Returned),
    /// Writes its row, and on which version.
    Write(Returned, u8),
    /// Gives uses back.
    GiveBack(Returned),
    /// Has its answer.
    Told,
    /// There is nothing left to come back, or the id is another return's.
    Refused,
}

/// A process that carries out a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// Of which sale.
    pub sale: usize,
    /// Its name.
    pub id: usize,
    /// How many units; all that are left when none is said.
    pub units: Option<u8>,
    /// It has happened already.
    pub fact: bool,
    /// Where it is.
    pub step: Step,
}

impl Process {
    /// A return that is asked for.
    #[must_use]
    pub const fn returning(sale: usize, id: usize, units: Option<u8>) -> Self {
        Self { sale, id, units, fact: false, step: Step::Start }
    }

    /// A return that an offline till has made.
    #[must_use]
    pub const fn recording(sale: usize, id: usize, units: u8) -> Self {
        Self { sale, id, units: Some(units), fact: true, step: Step::Start }
    }
}

impl Step {
    pub(super) fn version(&self) -> Option<u8> {
        match self {
            Self::Rows(version) | Self::Write(_, version) => Some(*version),
            Self::Start | Self::HeadLast(_) | Self::GiveBack(_) | Self::Told | Self::Refused => None,
        }
    }

    pub(super) fn version_mut(&mut self) -> Option<&mut u8> {
        match self {
            Self::Rows(version) | Self::Write(_, version) => Some(version),
            Self::Start | Self::HeadLast(_) | Self::GiveBack(_) | Self::Told | Self::Refused => None,
        }
    }
}

/// Carries out one statement of a process.
pub(super) fn step(model: &Returns, state: &mut State, place: usize) {
    let process = state.processes[place];
    state.processes[place].step = match process.step {
        Step::Start if model.hold(Rule::HeadFirst) => Step::Rows(state.version),
        Step::Start => match read_rows(model, state, process) {
            Read::New(returned) => Step::HeadLast(returned),
            Read::Over(step) => step,
        },
        Step::Rows(version) => match read_rows(model, state, process) {
            Read::New(returned) => Step::Write(returned, version),
            Read::Over(step) => step,
        },
        Step::HeadLast(returned) => Step::Write(returned, state.version),
        Step::Write(_, version) if state.version != version && model.hold(Rule::OnVersion) => Step::Start,
        Step::Write(returned, _) => write(model, state, process, returned),
        Step::GiveBack(returned) => {
            give_back(model, state, process.sale);
            tell(state, process, process.sale, returned)
        }
        step => step,
    };
}

/// What the rows say.
enum Read {
    /// This is to be written.
    New(Returned),
    /// The call goes on without a write.
    Over(Step),
}

fn read_rows(model: &Returns, state: &mut State, process: Process) -> Read {
    let own = if model.hold(Rule::WithinCheckout) {
        state.returns[process.sale][process.id].map(|returned| (process.sale, returned))
    } else {
        let named = |sale: usize| state.returns[sale][process.id].map(|returned| (sale, returned));
        (0..SOLD.len()).find_map(named)
    };
    if let Some((sale, returned)) = own
        && model.hold(Rule::ById)
    {
        return Read::Over(known(state, process, sale, returned));
    }
    let others = state.returns[process.sale].iter().flatten().filter(|_| model.hold(Rule::AllReturns));
    let back: u8 = others.map(|returned| returned.units).sum();
    let left = SOLD[process.sale].saturating_sub(back);
    let asked = process.units.unwrap_or(left);
    if !process.fact && (asked > left || asked == 0) {
        return Read::Over(Step::Refused);
    }
    let units = asked.min(left);
    let whole = units > 0 && units == left;
    let order = state.returns.iter().flatten().flatten().count() as u8;
    Read::New(Returned { units, overrun: asked - units, whole, order, account: Account::Waits })
}

/// A row with this id is there: it is the answer, if it is the same return.
fn known(state: &mut State, process: Process, sale: usize, returned: Returned) -> Step {
    let same = process.units.is_none_or(|units| units == returned.units + returned.overrun);
    match (same, returned.whole) {
        (false, _) => Step::Refused,
        // What it gives back may not be given yet.
        (true, true) => Step::GiveBack(returned),
        (true, false) => tell(state, process, sale, returned),
    }
}

fn write(model: &Returns, state: &mut State, process: Process, returned: Returned) -> Step {
    let row = &mut state.returns[process.sale][process.id];
    state.paid[process.sale][process.id] += 1;
    *row = Some(returned);
    state.version += 1;
    state.pending.push(Entry { sale: process.sale, id: Some(process.id) });
    if !model.hold(Rule::WorkerAlone) {
        state.sales[process.sale].taken_back += returned.units;
    }
    if returned.whole { Step::GiveBack(returned) } else { tell(state, process, process.sale, returned) }
}

/// Gives a sale's uses of limits back.
pub(super) fn give_back(model: &Returns, state: &mut State, sale: usize) {
    let given = &mut state.sales[sale].given_back;
    if *given == 0 || !model.hold(Rule::GivenBackOnce) {
        *given += 1;
    }
}

fn tell(state: &mut State, process: Process, sale: usize, returned: Returned) -> Step {
    let content = (returned.units, returned.overrun);
    let first = *state.told[process.sale][process.id].get_or_insert(content);
    state.untrue |= first != content || sale != process.sale;
    Step::Told
}
