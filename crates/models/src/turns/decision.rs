//! What is decided on what was seen, and the one conditional write.

use super::{Call, Owner, Process, Row, Rule, Sold, State, Step, Turns};

/// Decides: what is answered, or what is written next.
pub(super) fn decide(model: &Turns, state: &mut State, process: &mut Process) {
    let own = process.own.map_or(Row::Null, |seen| seen.row);
    let elsewhere = |is: fn(Row) -> bool| {
        (0..)
            .zip(&process.others)
            .fold(0_u8, |set, (owner, seen)| set | u8::from(seen.is_some_and(|seen| is(seen.row))) << owner)
    };
    let sold_elsewhere = process.others.iter().flatten().find_map(|seen| sold(seen.row));
    if let Some(sold) = sold(own).or(sold_elsewhere.filter(|_| model.hold(Rule::SoldAnswers))) {
        return answer(state, process, sold);
    }
    let reserved = elsewhere(|row| row == Row::Reserved);
    let cancelled_elsewhere = elsewhere(|row| row == Row::Cancelled) != 0;
    if process.call == Call::Cancel {
        return match own {
            // That row is the one to cancel.
            _ if own != Row::Reserved && reserved != 0 => process.begin(),
            Row::Cancelled => {
                state.told_cancelled = true;
                process.step = Step::Told;
            }
            _ => writes(process),
        };
    }
    let hidden = reserved == 0 && !cancelled_elsewhere && model.hold(Rule::OverFenced);
    let cancelled = own == Row::Cancelled || cancelled_elsewhere && model.hold(Rule::CancelledRefuses);
    let fact = process.call == Call::Fact && model.hold(Rule::FactNeverRefused);
    let fenced = own == Row::Fenced && !hidden;
    match process.call {
        Call::Reserve if own == Row::Reserved => process.step = Step::Told,
        _ if (cancelled || fenced) && !fact => {
            // Refused as cancelled, or as another owner's who has not sold.
            state.untrue |= process.late;
            process.step = Step::Refused;
        }
        _ if reserved != 0 && model.hold(Rule::EndReserved) => {
            process.has_turn = false;
            process.step = Step::End(reserved);
        }
        _ => writes(process),
    }
}

/// The write comes next: of the others it matters alone whether they have cancelled.
pub(super) fn writes(process: &mut Process) {
    process.step = Step::Write;
    process.cancelled = process.others.iter().flatten().any(|seen| seen.row == Row::Cancelled);
    process.others = Default::default();
    process.has_turn = false;
}

const fn sold(row: Row) -> Option<Sold> {
    match row {
        Row::Sold(sold) => Some(sold),
        Row::Null | Row::Mark | Row::Reserved | Row::Cancelled | Row::Fenced => None,
    }
}

/// The sale exists: what its caller is told.
fn answer(state: &mut State, process: &mut Process, sold: Sold) {
    process.step = match process.call {
        // A paid sale is never touched, and a late reservation is told so; a fact has another content than a confirm.
        Call::Reserve | Call::Cancel | Call::Nothing => Step::Refused,
        Call::Confirm if sold.fact => Step::Refused,
        Call::Confirm | Call::Fact => {
            tell(state, sold);
            Step::Told
        }
    };
}

fn tell(state: &mut State, sold: Sold) {
    let first = *state.told.get_or_insert(sold);
    state.untrue |= first != sold;
}

/// The own row, if it is as it was seen.
pub(super) fn write(model: &Turns, state: &mut State, place: usize) {
    let mut process = state.processes[place];
    let owner: Owner = process.owner;
    let seen = process.own;
    let same = seen.is_some_and(|seen| {
        let round = seen.same_round || !model.hold(Rule::RoundInCondition);
        seen.same_version && round && state.row(owner).is_stored_as(seen.row)
    });
    if !same {
        state.processes[place].again();
        return;
    }
    let own = state.row(owner);
    let flagged = own == Row::Cancelled || process.cancelled;
    let row = match process.call {
        Call::Reserve => Row::Reserved,
        Call::Cancel => Row::Cancelled,
        Call::Confirm | Call::Fact | Call::Nothing => {
            Row::Sold(Sold { owner, fact: process.call == Call::Fact, flagged })
        }
    };
    state.write(owner, row);
    process = state.processes[place];
    process.step = Step::Told;
    match row {
        Row::Sold(sold) => tell(state, sold),
        Row::Cancelled => state.told_cancelled = true,
        Row::Null | Row::Mark | Row::Reserved | Row::Fenced => {}
    }
    state.processes[place] = process;
}
