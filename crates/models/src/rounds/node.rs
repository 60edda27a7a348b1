//! The statements of nodes, with rounds.

use super::{Basis, Holder, Owed, Place, Rounds, Row, Rule, SALES, Sale, State};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Holds a sale.
    Reserve(Place),
    /// A sale is paid.
    Confirm(Place),
    /// A sale's reservation ends.
    End(Place),
    /// The worker looks after holds.
    Sweep,
}

/// Where a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Looks at the sale and the limit.
    Look,
    /// Takes or renews a hold for what it saw.
    Hold(Basis, Row),
    /// Writes the row over what it saw.
    Write(Basis, Row),
    /// Pays what a row owes, then looks again.
    Pay(Place, Owed),
    /// Notes that it is paid.
    Note(Place, Owed),
    /// Has to refuse: looks for holds that no row stands for.
    Release,
    /// Looks at the sale of a hold.
    Stand(Place, Basis),
    /// Raises the round of a hold's sale, which it saw like this.
    KeepOut(Place, Basis, Row, u8),
    /// Frees a hold that it saw.
    Free(Place, Basis),
    /// The call is over.
    Over,
}

/// A process that carries out a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// What is asked.
    pub call: Call,
    /// Its own row is written: when what it owes is paid, the call is over.
    pub written: bool,
    /// Where it is.
    pub step: Step,
}

impl Process {
    /// A call that begins.
    #[must_use]
    pub const fn new(call: Call) -> Self {
        Self { call, written: false, step: Step::Look }
    }
}

impl Step {
    /// Whether the call is over.
    #[must_use]
    pub fn is_last(self) -> bool {
        self == Self::Over
    }
}

/// Carries out one statement of a process.
pub(super) fn step(model: &Rounds, state: &mut State, at: usize) {
    let mut process = state.processes[at];
    process.step = match process.step {
        Step::Look => look(model, state, process.call),
        Step::Hold(basis, row) => hold(model, state, process.call, basis, row),
        Step::Write(basis, row) => write(model, state, &mut process, basis, row),
        Step::Pay(place, owed) => {
            pay(model, state, place, owed);
            Step::Note(place, owed)
        }
        Step::Note(place, owed) => {
            let sale = &mut state.sales[usize::from(place)];
            sale.owed = sale.owed.filter(|now| *now != owed);
            if process.written || process.call == Call::Sweep { Step::Over } else { Step::Look }
        }
        Step::Release => release(model, state, process.call),
        Step::Stand(place, basis) => stand(model, state, process.call, place, basis),
        Step::KeepOut(place, basis, row, round) => {
            let sale = &mut state.sales[usize::from(place)];
            if sale.row == row && sale.now.round == round {
                sale.now.round += 1;
                Step::Free(place, basis)
            } else {
                back(process.call)
            }
        }
        Step::Free(place, basis) => {
            let holder = &mut state.holders[usize::from(place)];
            let same = *holder == Holder::Held(basis) || !model.hold(Rule::FreeUnchanged);
            if same && matches!(holder, Holder::Held(_)) {
                *holder = Holder::Free;
            }
            back(process.call)
        }
        Step::Over => Step::Over,
    };
    state.processes[at] = process;
}

const fn back(call: Call) -> Step {
    match call {
        Call::Sweep => Step::Over,
        Call::Reserve(_) | Call::Confirm(_) | Call::End(_) => Step::Look,
    }
}

fn owes(model: &Rounds, sale: &Sale) -> Option<Owed> {
    sale.owed.filter(|_| model.hold(Rule::PaidByAll))
}

fn look(model: &Rounds, state: &State, call: Call) -> Step {
    let Some(place) = call.place() else { return Step::Over };
    let sale = state.sale(place);
    if let Some(owed) = owes(model, sale) {
        return Step::Pay(place, owed);
    }
    match (call, sale.row) {
        (_, Row::Confirmed) | (Call::Reserve(_), Row::Reserved) | (Call::End(_), Row::Null | Row::Ended) => {
            Step::Over
        }
        (_, Row::Reserved) => Step::Write(sale.now, sale.row),
        (_, Row::Null | Row::Ended) if state.fits(place) => Step::Hold(sale.now, sale.row),
        (_, Row::Null | Row::Ended) => Step::Release,
    }
}

/// What a hold for this is named by.
fn name(model: &Rounds, seen: Basis) -> Basis {
    if model.hold(Rule::BasisHasRound) { seen } else { Basis { round: 0, ..seen } }
}

fn hold(model: &Rounds, state: &mut State, call: Call, seen: Basis, row: Row) -> Step {
    let Some(place) = call.place() else { return Step::Over };
    let (fits, basis) = (state.fits(place), name(model, seen));
    let holder = &mut state.holders[usize::from(place)];
    match *holder {
        // Somebody else does the same on what is newer.
        Holder::Held(held) if held > basis && model.hold(Rule::NeverBack) => return Step::Look,
        Holder::Free if !fits => return Step::Look,
        Holder::Held(_) | Holder::Free => *holder = Holder::Held(basis),
        Holder::Used | Holder::Overrun => {}
    }
    Step::Write(seen, row)
}

fn write(model: &Rounds, state: &mut State, process: &mut Process, seen: Basis, row: Row) -> Step {
    let Some(place) = process.call.place() else { return Step::Over };
    let sale = &mut state.sales[usize::from(place)];
    let same_version = sale.now.version == seen.version || !model.hold(Rule::VersionInCondition);
    let same_round = sale.now.round == seen.round || !model.hold(Rule::RoundInCondition);
    if sale.row != row || !same_version || !same_round {
        return Step::Look;
    }
    sale.now.version += 1;
    (sale.row, sale.owed) = match process.call {
        Call::Reserve(_) => (Row::Reserved, None),
        Call::Confirm(_) => (Row::Confirmed, Some(Owed::Settle)),
        Call::End(_) | Call::Sweep => (Row::Ended, Some(Owed::Free(sale.now.version))),
    };
    process.written = true;
    sale.owed.map_or(Step::Over, |owed| Step::Pay(place, owed))
}

fn pay(model: &Rounds, state: &mut State, place: Place, owed: Owed) {
    let holder = &mut state.holders[usize::from(place)];
    *holder = match (owed, *holder) {
        (Owed::Settle, Holder::Held(_) | Holder::Used) => Holder::Used,
        (Owed::Settle, Holder::Free | Holder::Overrun) => Holder::Overrun,
        (Owed::Free(version), Holder::Held(basis))
            if basis.version < version || !model.hold(Rule::OlderAlone) =>
        {
            Holder::Free
        }
        (Owed::Free(_), holder) => holder,
    };
}

/// Before a refusal: what an earlier try of this call has taken is released, then what others hold without a row.
fn release(model: &Rounds, state: &State, call: Call) -> Step {
    let Some(place) = call.place() else { return Step::Over };
    let sale = state.sale(place);
    match (state.holder(place), state.holder(1 - place)) {
        // Another process of this call got there.
        _ if matches!(sale.row, Row::Reserved | Row::Confirmed) => Step::Look,
        (Holder::Held(basis), _) => Step::KeepOut(place, basis, sale.row, sale.now.round),
        (_, Holder::Held(basis)) if model.hold(Rule::ReleaseFirst) => Step::Stand(1 - place, basis),
        _ => Step::Over,
    }
}

fn stand(model: &Rounds, state: &State, call: Call, place: Place, basis: Basis) -> Step {
    let sale = state.sale(place);
    if let Some(owed) = owes(model, sale) {
        return Step::Pay(place, owed);
    }
    match sale.row {
        // Refused by what really has it.
        Row::Reserved | Row::Confirmed => Step::Over,
        Row::Null | Row::Ended if state.holder(place) == Holder::Free => back(call),
        Row::Null | Row::Ended if !model.hold(Rule::KeepOutFirst) => Step::Free(place, basis),
        Row::Null | Row::Ended => Step::KeepOut(place, basis, sale.row, sale.now.round),
    }
}

impl Call {
    /// The sale that it is about; the worker is about all.
    #[must_use]
    pub const fn place(self) -> Option<Place> {
        match self {
            Self::Reserve(place) | Self::Confirm(place) | Self::End(place) => Some(place),
            Self::Sweep => None,
        }
    }
}

/// Whether anybody remembers the member's present version: else it makes no difference that it changes.
pub(super) fn is_known(state: &State, place: Place) -> bool {
    let version = state.sale(place).now.version;
    let mut remembered = false;
    each(&mut state.clone(), place, |number| match number {
        Number::Version(known) => remembered |= *known == version,
        Number::Round(_) => {}
    });
    remembered
}

/// Keeps of versions and rounds their order alone.
pub(super) fn normalise(state: &mut State) {
    for place in 0..SALES as Place {
        let now = state.sale(place).now;
        let (mut versions, mut rounds) = (1_u32 << now.version, 1_u32 << now.round);
        each(state, place, |number| match number {
            Number::Version(version) => versions |= 1 << *version,
            Number::Round(round) => rounds |= 1 << *round,
        });
        let rank = |known: u32, number: u8| (known & ((1 << number) - 1)).count_ones() as u8;
        each(state, place, |number| match number {
            Number::Version(version) => *version = rank(versions, *version),
            Number::Round(round) => *round = rank(rounds, *round),
        });
        let now = Basis { version: rank(versions, now.version), round: rank(rounds, now.round) };
        state.sales[usize::from(place)].now = now;
    }
}

/// Something that somebody remembers.
enum Number<'a> {
    Version(&'a mut u8),
    Round(&'a mut u8),
}

/// Everything that is remembered of a sale's versions and rounds.
fn each(state: &mut State, place: Place, mut see: impl FnMut(Number<'_>)) {
    fn see_basis(basis: &mut Basis, see: &mut impl FnMut(Number<'_>)) {
        see(Number::Version(&mut basis.version));
        see(Number::Round(&mut basis.round));
    }
    let see = &mut see;
    if let Holder::Held(basis) = &mut state.holders[usize::from(place)] {
        see_basis(basis, see);
    }
    if let Some(Owed::Free(version)) = &mut state.sales[usize::from(place)].owed {
        see(Number::Version(version));
    }
    for process in &mut state.processes {
        let own = process.call.place() == Some(place);
        match &mut process.step {
            Step::Hold(basis, _) | Step::Write(basis, _) if own => see_basis(basis, see),
            Step::Pay(of, Owed::Free(version)) | Step::Note(of, Owed::Free(version)) if *of == place => {
                see(Number::Version(version));
            }
            Step::Stand(of, basis) | Step::Free(of, basis) if *of == place => see_basis(basis, see),
            Step::KeepOut(of, basis, _, round) if *of == place => {
                see_basis(basis, see);
                see(Number::Round(round));
            }
            _ => {}
        }
    }
}
