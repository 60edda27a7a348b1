//! The statements of reserve, confirm, fact and cancel, one after the other.

use super::{Claims, OWNERS, Owner, Row, Rule, Sold, State};

/// What a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Hold it.
    Reserve,
    /// It is paid.
    Confirm,
    /// It was paid already.
    Fact,
    /// It will not be.
    Cancel,
}

impl Call {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Reserve, Self::Confirm, Self::Fact, Self::Cancel];
}

/// Where a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Resolves its owner and reads its own row.
    Start,
    /// Inserts its claim.
    Claim,
    /// Reads who else has claimed.
    ReadClaims,
    /// Ends the rows of others, one bit each: fences them, or cancels them.
    EndOthers {
        /// Rows that are left.
        others: u8,
        /// One of those before was cancelled.
        cancelled: bool,
    },
    /// Asks for being the winner.
    Decide {
        /// A row under the id is cancelled.
        cancelled: bool,
    },
    /// Writes its own row, alone.
    WriteAlone,
    /// Writes over its own reservation.
    WriteReserved,
    /// Writes the winner's row.
    WriteWon {
        /// A row under the id is cancelled.
        cancelled: bool,
    },
    /// A cancel writes its own row.
    CancelOwn,
    /// Has its answer.
    Told,
    /// Is refused for good.
    Refused,
    /// Is refused because the id belongs to this owner.
    Lost(Owner),
}

impl Step {
    /// Whether the call is over.
    #[must_use]
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Told | Self::Refused | Self::Lost(_))
    }
}

/// A process that carries out a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// For whom it was asked.
    pub asked: Owner,
    /// What was asked.
    pub call: Call,
    /// For whom it is carried out: the survivor.
    pub owner: Owner,
    /// Somebody had been told of the sale before it began.
    pub late: bool,
    /// Where it is.
    pub step: Step,
}

impl Process {
    /// A call that begins.
    #[must_use]
    pub const fn new(call: Call, owner: Owner) -> Self {
        Self { call, asked: owner, owner, late: false, step: Step::Start }
    }

    /// Begins anew.
    pub(super) fn begin(&mut self) {
        *self = Self::new(self.call, self.asked);
    }
}

/// Carries out one statement of a process that is not over.
pub(super) fn step(model: &Claims, state: &mut State, place: usize, stale: bool) {
    let mut process = state.processes[place];
    let next = match process.step {
        Step::Start => return start(model, state, place),
        Step::Claim => {
            state.claims |= 1 << process.owner;
            if process.call == Call::Cancel && model.hold(Rule::CancelThenRead) {
                Step::CancelOwn
            } else if model.hold(Rule::ClaimThenRead) || process.call == Call::Cancel {
                Step::ReadClaims
            } else {
                Step::WriteAlone
            }
        }
        Step::ReadClaims => read_claims(model, state, process, stale),
        Step::EndOthers { others, cancelled } => end_next(model, state, process, others, cancelled),
        Step::Decide { cancelled } => decide(model, state, &mut process, cancelled),
        Step::WriteAlone => write_alone(model, state, process),
        Step::WriteReserved => match state.row(process.owner) {
            Row::Reserved => write(state, process, process.owner, false),
            _ => Step::Start,
        },
        Step::WriteWon { cancelled } => write_won(model, state, process, cancelled),
        Step::CancelOwn => cancel_own(model, state, process),
        Step::Told | Step::Refused | Step::Lost(_) => process.step,
    };
    state.processes[place] = Process { step: next, ..process };
}

fn start(model: &Claims, state: &mut State, place: usize) {
    let asked = state.processes[place];
    let closed = model.hold(Rule::ClosedMeansSurvivor);
    let owner = if closed { state.survivor(asked.asked) } else { asked.asked };
    let process = Process { owner, late: state.told.is_some(), ..asked };
    let own = state.row(owner);
    let next = match (process.call, own) {
        (Call::Cancel, Row::Null) if !model.hold(Rule::CancelUnseen) => told_cancelled(state),
        (Call::Cancel, _) if !model.hold(Rule::CancelClaims) => Step::CancelOwn,
        (Call::Cancel, _) => Step::Claim,
        (_, Row::Confirmed(sold)) => answer(model, state, process, sold),
        (Call::Reserve, Row::Reserved) => Step::Told,
        (Call::Confirm | Call::Fact, Row::Reserved) => Step::WriteReserved,
        (Call::Reserve | Call::Confirm, Row::Cancelled) if !model.hold(Rule::CancelledLooksElsewhere) => {
            refuse(state, process)
        }
        (_, Row::Fenced) if !model.hold(Rule::FencedReadsAgain) => Step::Lost(owner),
        (_, Row::Null | Row::Cancelled | Row::Fenced) if model.hold(Rule::ClaimThenRead) => Step::Claim,
        (_, Row::Null | Row::Cancelled | Row::Fenced) => Step::ReadClaims,
    };
    state.processes[place] = Process { step: next, ..process };
}

fn read_claims(model: &Claims, state: &mut State, process: Process, stale: bool) -> Step {
    let own = 1 << process.owner;
    let mut others = if stale { 0 } else { state.claims & !own };
    // Claims of a closed owner are its survivor's too.
    let survivors = (0..OWNERS).filter(|owner| others & (1 << owner) != 0);
    others |= survivors.fold(0, |set, owner| set | 1 << state.survivor(owner)) & !own;
    if process.call == Call::Cancel {
        return Step::EndOthers { others, cancelled: false };
    }
    match (others, state.row(process.owner)) {
        (0, _) if !model.hold(Rule::ClaimThenRead) => Step::Claim,
        (_, Row::Cancelled) => Step::EndOthers { others, cancelled: true },
        (0, _) => Step::WriteAlone,
        _ => Step::EndOthers { others, cancelled: false },
    }
}

fn end_next(model: &Claims, state: &mut State, process: Process, others: u8, cancelled: bool) -> Step {
    let cancelling = process.call == Call::Cancel;
    if cancelled && process.call != Call::Fact && !model.hold(Rule::CancelledLooksElsewhere) {
        return refuse(state, process);
    }
    let every = if cancelling { model.hold(Rule::CancelEvery) } else { model.hold(Rule::FenceOthers) };
    let Some(other) = (0..OWNERS).find(|owner| others & (1 << owner) != 0 && every) else {
        return match process.call {
            Call::Cancel if model.hold(Rule::CancelThenRead) => told_cancelled(state),
            Call::Cancel => Step::CancelOwn,
            Call::Reserve | Call::Confirm if cancelled => refuse(state, process),
            _ if model.hold(Rule::OneWinner) => Step::Decide { cancelled },
            _ => Step::WriteWon { cancelled },
        };
    };
    let others = others & !(1 << other);
    // Nobody can write a closed owner's row any more: it needs no fence.
    let open = state.survivor(other) == other;
    match state.row(other) {
        Row::Confirmed(sold) if cancelling || model.hold(Rule::ConfirmedAnswers) => {
            return answer(model, state, process, sold);
        }
        Row::Confirmed(_) => {}
        Row::Null | Row::Reserved | Row::Fenced if cancelling => {
            if open {
                *state.row_mut(other) = Row::Cancelled;
            }
        }
        Row::Null | Row::Reserved => {
            if open {
                *state.row_mut(other) = Row::Fenced;
            }
        }
        Row::Fenced => {}
        Row::Cancelled => {
            let cancelled = cancelled || model.hold(Rule::CancelledRefuses) && !cancelling;
            return Step::EndOthers { others, cancelled };
        }
    }
    Step::EndOthers { others, cancelled }
}

fn decide(model: &Claims, state: &mut State, process: &mut Process, cancelled: bool) -> Step {
    let winner = *state.winner.get_or_insert(process.owner);
    if let Some(sold) = sold_before_merge(model, state, winner) {
        return answer(model, state, *process, sold);
    }
    let winner = if model.hold(Rule::ClosedMeansSurvivor) { state.survivor(winner) } else { winner };
    if winner == process.owner {
        return Step::WriteWon { cancelled };
    }
    match state.row(winner) {
        Row::Confirmed(sold) => answer(model, state, *process, sold),
        _ if process.call != Call::Fact || !model.hold(Rule::LostFactUnderWinner) => Step::Lost(winner),
        _ if !model.hold(Rule::LostFactBeginsAgain) => Step::WriteWon { cancelled },
        _ => {
            process.owner = winner;
            Step::ReadClaims
        }
    }
}

/// What a winner sold that is closed now. Nobody writes its row any more, so that this is known for good.
fn sold_before_merge(model: &Claims, state: &State, winner: Owner) -> Option<Sold> {
    match state.row(winner) {
        Row::Confirmed(sold) if state.survivor(winner) != winner && model.hold(Rule::ClosedWinnerFirst) => {
            Some(sold)
        }
        _ => None,
    }
}

fn write_alone(model: &Claims, state: &mut State, process: Process) -> Step {
    match state.row(process.owner) {
        Row::Null => write(state, process, process.owner, false),
        Row::Fenced if !model.hold(Rule::AloneIfNull) => write(state, process, process.owner, false),
        Row::Fenced if model.hold(Rule::FencedReadsAgain) => Step::ReadClaims,
        Row::Fenced => Step::Lost(process.owner),
        Row::Reserved | Row::Confirmed(_) | Row::Cancelled => Step::Start,
    }
}

/// Writes the row of the winner, which is this process's own.
fn write_won(model: &Claims, state: &mut State, process: Process, cancelled: bool) -> Step {
    if state.survivor(process.owner) != process.owner {
        return Step::Start;
    }
    let winner = match state.winner {
        Some(winner) if model.hold(Rule::OneWinner) => winner,
        _ => process.owner,
    };
    let winner = state.survivor(winner);
    match state.row(winner) {
        Row::Fenced if !model.hold(Rule::WinnerOverFenced) => Step::Lost(winner),
        Row::Null | Row::Fenced => write(state, process, winner, cancelled),
        Row::Reserved if process.call == Call::Reserve => Step::Told,
        Row::Reserved => write(state, process, winner, cancelled),
        Row::Cancelled if process.call == Call::Fact => write(state, process, winner, true),
        Row::Cancelled => refuse(state, process),
        Row::Confirmed(sold) => answer(model, state, process, sold),
    }
}

/// The one conditional write of a sale; a closed head takes none.
fn write(state: &mut State, process: Process, owner: Owner, flagged: bool) -> Step {
    if state.survivor(owner) != owner {
        return Step::Start;
    }
    if process.call == Call::Reserve {
        *state.row_mut(owner) = Row::Reserved;
        return Step::Told;
    }
    let sold = Sold { owner, fact: process.call == Call::Fact, flagged, program: state.program };
    *state.row_mut(owner) = Row::Confirmed(sold);
    state.sales += 1;
    tell(state, sold);
    Step::Told
}

fn cancel_own(model: &Claims, state: &mut State, process: Process) -> Step {
    let owner = process.owner;
    if state.survivor(owner) != owner {
        return Step::Start;
    }
    if let Row::Confirmed(sold) = state.row(owner) {
        return answer(model, state, process, sold);
    }
    *state.row_mut(owner) = Row::Cancelled;
    if model.hold(Rule::CancelThenRead) { Step::ReadClaims } else { told_cancelled(state) }
}

/// The sale exists: what its caller is told.
fn answer(model: &Claims, state: &mut State, process: Process, sold: Sold) -> Step {
    match process.call {
        // A confirmed sale is never touched, and a late reservation is told so.
        Call::Reserve | Call::Cancel => Step::Refused,
        Call::Confirm if sold.fact => Step::Refused,
        Call::Fact if !sold.fact && !model.hold(Rule::FactNeverRefused) => Step::Refused,
        Call::Confirm | Call::Fact => {
            let recomputed = Sold { program: state.program, ..sold };
            tell(state, if model.hold(Rule::StoredAnswer) { sold } else { recomputed });
            Step::Told
        }
    }
}

fn tell(state: &mut State, sold: Sold) {
    let first = *state.told.get_or_insert(sold);
    state.untrue |= first != sold;
}

/// Says that the sale is cancelled and not sold.
fn refuse(state: &mut State, process: Process) -> Step {
    state.untrue |= process.late;
    Step::Refused
}

fn told_cancelled(state: &mut State) -> Step {
    state.told_cancelled = true;
    Step::Told
}
