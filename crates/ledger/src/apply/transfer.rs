//! Points to another member: here they leave, an effect carries them there.

use crate::apply::{Call, reserve, sorted};
use crate::command::{Action, Effect};
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind, Verb};
use crate::head::Lot;
use crate::outcome::{Applied, Emit};
use crate::points;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::shape::Shape;

pub(crate) fn out(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::TransferOut { request, content_hash, to, points } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    let mut shape = Shape::default();
    shape.within(*points, 1, crate::limits::POINTS_MAX, || "points".to_owned());
    sorted(shape.wrong)?;
    let mut found: Conflicts = reserve::spender_conflicts(call.head).into_iter().collect();
    let have = points::spendable(call.head, call.now_ms());
    if have < *points {
        found.push(Conflict::short(Refusal::PointsShort, "", have, *points));
    }
    sorted(found)?;
    if call.emitting_full() {
        return Ok(Applied::AccrueFirst);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let first = draft.movements.len();
    draft.take(MovementKind::TransferredOut, *points);
    let lots = draft.movements[first..]
        .iter()
        .map(|movement| Lot { expires_ms: movement.expires_ms, points: movement.points, held: 0 })
        .collect();
    draft.emits.push(Emit::Effect { member: to.clone(), effect: Effect::Transfer { lots } });
    let mut row = draft.row(key, Verb::TransferOut, &call.command.actor);
    row.content_hash = Some(*content_hash);
    row.other = Some(to.clone());
    Ok(draft.finish(row))
}
