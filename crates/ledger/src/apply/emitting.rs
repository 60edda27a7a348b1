//! Derived writes are out.

use crate::apply::Call;
use crate::draft::Draft;
use crate::head::Pending;
use crate::outcome::Applied;
use crate::refusal::{Conflict, Conflicts, Refusal};

/// Clears `emitting` up to a version. The row written is that of the last entry cleared; what time
/// brought meanwhile is booked in it.
pub(crate) fn clear(call: Call<'_>, up_to_version: u64) -> Result<Applied, Conflicts> {
    let Some(last) = call.head.emitting.iter().rfind(|waiting| waiting.version <= up_to_version) else {
        return Ok(Applied::Nothing);
    };
    let Some(row) = call.row(last.key) else { return Err(vec![Conflict::of(Refusal::CheckoutUnknown)]) };
    let mut draft = Draft::new(call.policy, call.head, call.command);
    draft.head.emitting.retain(|waiting| waiting.version > up_to_version);
    Ok(draft.finish(row.clone()))
}

/// Clears what tells events alone, whatever it stands behind: members who wait for each other's effects make room so.
pub(crate) fn clear_told(call: Call<'_>) -> Result<Applied, Conflicts> {
    let told = |waiting: &Pending| call.row(waiting.key).filter(|row| row.tells_alone());
    let Some(row) = call.head.emitting.iter().rev().find_map(told) else { return Ok(Applied::Nothing) };
    let mut draft = Draft::new(call.policy, call.head, call.command);
    draft.head.emitting.retain(|waiting| told(waiting).is_none());
    Ok(draft.finish(row.clone()))
}
