//! What makes no difference any more is forgotten, so that states that go on alike are one state: a look whose write will
//! fail, a turn that has passed on, a row that is compared with nothing.

use super::{Process, Row, Rule, Seen, State, Step, Turns};

/// What was seen and has changed since: nothing else of it matters.
const CHANGED: Seen = Seen { row: Row::Null, same_version: false, same_round: false };

/// Forgets it of every process.
pub(super) fn forget(model: &Turns, state: &mut State) {
    for place in 0..state.processes.len() {
        let mut process = state.processes[place];
        let left = match process.step {
            Step::Others(_) | Step::Take => process.known(),
            Step::KeepOut(left) => left,
            _ => 0,
        };
        for (owner, seen) in process.others.iter_mut().enumerate() {
            if let Some(seen) = seen {
                *seen = seen_of_other(model, *seen, left & (1 << owner) != 0);
            }
        }
        if is_futile(model, state, &process) {
            process.again();
        }
        state.processes[place] = process;
    }
}

/// `is_left`: it is still to be kept out as it was seen.
fn seen_of_other(model: &Turns, seen: Seen, is_left: bool) -> Seen {
    match seen.row {
        // It is ended by a write that is conditional on both.
        Row::Reserved if seen.same_version && seen.same_round => seen,
        Row::Reserved => Seen { same_version: false, same_round: false, ..seen },
        Row::Sold(_) => Seen::now(seen.row),
        Row::Null | Row::Mark | Row::Cancelled | Row::Fenced if !is_left => Seen::now(seen.row),
        // Rounds never come back. States do, and versions are not compared.
        Row::Null | Row::Mark | Row::Cancelled | Row::Fenced => {
            let may_be_kept_out = seen.same_round || !model.hold(Rule::KeepOutAsSeen);
            if may_be_kept_out { Seen { same_version: true, ..seen } } else { CHANGED }
        }
    }
}

/// Whether all that a process can do is to find that it has to begin again, and nothing on the way.
fn is_futile(model: &Turns, state: &State, process: &Process) -> bool {
    let own_is_lost =
        |seen: Seen| !(seen.same_version && (seen.same_round || !model.hold(Rule::RoundInCondition)));
    match process.step {
        Step::Write => process.own.is_none_or(own_is_lost),
        Step::KeepOut(left) if model.hold(Rule::KeepOutAsSeen) && left != 0 => {
            process.others[left.trailing_zeros() as usize] == Some(CHANGED)
        }
        Step::LookAgain | Step::Check if model.hold(Rule::TurnAfterLook) && process.known() != 0 => {
            let turn_is_lost =
                !process.has_turn && model.hold(Rule::TakeTurn) && model.hold(Rule::TurnThenKeepOut);
            let unknown = state.claims & !(1 << process.owner) & !process.known();
            turn_is_lost || unknown != 0 && model.hold(Rule::NobodySince)
        }
        _ => false,
    }
}
