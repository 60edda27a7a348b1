//! Derived writes are out.

use crate::apply::Call;
use crate::draft::Draft;
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
