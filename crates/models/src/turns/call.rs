//! The statements of a call, one after the other, until it knows what it decides on.

use super::decision::{decide, write, writes};
use super::{Call, OWNERS, Owner, Process, Row, Rule, Seen, State, Step, Turns};

fn first(set: u8) -> Option<Owner> {
    (set != 0).then(|| set.trailing_zeros() as Owner)
}

/// Carries out one statement of a process that is not over.
pub(super) fn step(model: &Turns, state: &mut State, place: usize) {
    let mut process = state.processes[place];
    let (owner, bit) = (process.owner, 1 << process.owner);
    match process.step {
        Step::Find => {
            begins(state, &mut process);
            process.owner = found(state);
            process.step = Step::Look(None);
            let seen = state.claims != 0 || model.hold(Rule::CancelUnseen);
            if !seen {
                state.told_cancelled = true;
                process.step = Step::Told;
            }
        }
        Step::WaitClaim => {
            begins(state, &mut process);
            state.claims |= bit;
            process.step = Step::WaitRead;
        }
        Step::WaitRead => process.step = Step::Look(Some(state.claims & !bit)),
        Step::Look(claimants) => {
            if claimants.is_none() {
                begins(state, &mut process);
            }
            look(model, state, &mut process, claimants);
        }
        Step::Claim => {
            state.claims |= bit;
            process.step = if model.hold(Rule::ClaimThenRead) { Step::ReadClaims } else { Step::Write };
        }
        Step::ReadClaims => {
            let others = state.claims & !bit;
            claimed(model, state, &mut process, others);
        }
        Step::Others(left) => read_other(model, state, &mut process, left),
        Step::Take => {
            for other in &mut state.processes {
                other.has_turn = false;
            }
            process.has_turn = true;
            process.step = match () {
                () if !model.hold(Rule::TurnThenKeepOut) => Step::LookAgain,
                () => Step::KeepOut(process.known()),
            };
        }
        Step::KeepOut(left) => {
            keep_out(model, state, place, &mut process, left);
        }
        Step::LookAgain => {
            process.own = Some(Seen::now(state.row(owner)));
            if model.hold(Rule::TurnAfterLook) && process.known() != 0 {
                process.step = Step::Check;
            } else {
                decide(model, state, &mut process);
            }
        }
        Step::Check => {
            let turn = process.has_turn || !model.hold(Rule::TakeTurn);
            let nobody_since = state.claims & !bit & !process.known() == 0 || !model.hold(Rule::NobodySince);
            if !(turn && nobody_since) {
                process.again();
            } else if model.hold(Rule::TurnAfterLook) {
                decide(model, state, &mut process);
            } else {
                process.step = Step::LookAgain;
            }
        }
        Step::End(left) => {
            state.processes[place] = process;
            end(model, state, place, left);
            return;
        }
        Step::Write => {
            state.processes[place] = process;
            write(model, state, place);
            return;
        }
        Step::Told | Step::Refused => {}
    }
    state.processes[place] = process;
}

/// What was told before the call.
fn begins(state: &State, process: &mut Process) {
    process.late |= process.call == Call::Confirm && state.told.is_some();
}

/// Whose row says most of the sale.
fn found(state: &State) -> Owner {
    let rank = |row: Row| match row {
        Row::Sold(_) => 0,
        Row::Reserved => 1,
        Row::Cancelled => 2,
        Row::Fenced => 3,
        Row::Null | Row::Mark => 4,
    };
    let claimed = (0..OWNERS as Owner).filter(|owner| state.claims & (1 << owner) != 0);
    let best = claimed.min_by_key(|owner| rank(state.row(*owner)));
    best.filter(|owner| rank(state.row(*owner)) < 4).unwrap_or_default()
}

fn look(model: &Turns, state: &mut State, process: &mut Process, claimants: Option<u8>) {
    let own = state.row(process.owner);
    process.own = Some(Seen::now(own));
    let contends = process.call != Call::Cancel || model.hold(Rule::CancelContends);
    let cancelled = own == Row::Cancelled && !model.hold(Rule::CancelledContends);
    if matches!(own, Row::Reserved | Row::Sold(_)) || cancelled || !contends {
        return decide(model, state, process);
    }
    match claimants {
        Some(before) if own == Row::Null || !model.hold(Rule::WaitedIfAbsent) => {
            claimed(model, state, process, before);
        }
        // It says so once more: nothing happens.
        _ if state.claims & (1 << process.owner) != 0 => process.step = Step::ReadClaims,
        _ if model.hold(Rule::ClaimThenRead) => process.step = Step::Claim,
        _ => process.step = Step::ReadClaims,
    }
}

/// It knows who else has claimed.
fn claimed(model: &Turns, state: &mut State, process: &mut Process, others: u8) {
    if others != 0 {
        // The row is looked at once more.
        process.own = None;
        process.step = Step::Others(others);
    } else if !model.hold(Rule::ClaimThenRead) && state.claims & (1 << process.owner) == 0 {
        process.step = Step::Claim;
    } else if model.hold(Rule::OwnRowFirst) {
        decide(model, state, process);
    } else {
        process.step = Step::LookAgain;
    }
}

fn read_other(model: &Turns, state: &mut State, process: &mut Process, left: u8) {
    let Some(other) = first(left) else { return };
    process.others[usize::from(other)] = Some(Seen::now(state.row(other)));
    let left = left & !(1 << other);
    let sold = process.others.iter().flatten().any(|seen| matches!(seen.row, Row::Sold(_)));
    process.step = match () {
        () if left != 0 => Step::Others(left),
        () if sold && model.hold(Rule::SoldAnswers) => {
            return decide(model, state, process);
        }
        () if !model.hold(Rule::TurnThenKeepOut) || !model.hold(Rule::TakeTurn) => {
            Step::KeepOut(process.known())
        }
        () => Step::Take,
    };
}

fn keep_out(model: &Turns, state: &mut State, place: usize, process: &mut Process, left: u8) {
    let Some(other) = first(left) else { return };
    let Some(seen) = &process.others[usize::from(other)] else { return };
    let seen = *seen;
    if seen.row != Row::Reserved && model.hold(Rule::KeepOut) {
        let row = state.row(other);
        let same = seen.same_round && row.is_stored_as(seen.row);
        if !same && model.hold(Rule::KeepOutAsSeen) {
            return process.again();
        }
        state.processes[place] = *process;
        state.keep_out(other);
        *process = state.processes[place];
    }
    // From here on it matters alone whether it holds the sale, or has cancelled it.
    if !matches!(seen.row, Row::Reserved | Row::Cancelled) {
        process.others[usize::from(other)] = Some(Seen::now(Row::Null));
    } else if seen.row == Row::Cancelled {
        process.others[usize::from(other)] = Some(Seen::now(Row::Cancelled));
    }
    let left = left & !(1 << other);
    process.step = match () {
        () if left != 0 => Step::KeepOut(left),
        () if !model.hold(Rule::TurnThenKeepOut) && model.hold(Rule::TakeTurn) => Step::Take,
        () if model.hold(Rule::TurnAfterLook) => Step::LookAgain,
        () => Step::Check,
    };
}

/// Ends a reservation, if it is as it was seen.
fn end(model: &Turns, state: &mut State, place: usize, left: u8) {
    let Some(other) = first(left) else { return };
    let seen = state.processes[place].others[usize::from(other)];
    if seen.is_some_and(|seen| seen.same_version && seen.same_round) {
        state.write(other, Row::Fenced);
    }
    let process = &mut state.processes[place];
    process.others[usize::from(other)] = Some(Seen::now(Row::Null));
    match left & !(1 << other) {
        0 if model.hold(Rule::LookAgainAfterEnd) => process.again(),
        0 => writes(process),
        left => process.step = Step::End(left),
    }
}
