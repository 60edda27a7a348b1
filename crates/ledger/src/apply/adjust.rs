//! Points by hand.

use crate::apply::{Call, reserve, sorted};
use crate::calendar::whole_second;
use crate::command::Action;
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind, Verb};
use crate::head::NEVER_MS;
use crate::limits::POINTS_MAX;
use crate::outcome::Applied;
use crate::refusal::Conflicts;
use crate::shape::Shape;

pub(crate) fn adjust(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::Adjust { request, content_hash, points, expires_ms } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    let mut shape = Shape::default();
    shape.within(*points, -POINTS_MAX, POINTS_MAX, || "points".to_owned());
    shape.need(*points != 0, || "points".to_owned());
    if let Some(expires_ms) = expires_ms {
        // A whole second, and one that lies ahead.
        shape.within(*expires_ms, call.now_ms() + 1_000, NEVER_MS, || "expires".to_owned());
    }
    let mut found = call.member_conflicts();
    found.append(&mut shape.wrong);
    sorted(found)?;
    if call.emitting_full() {
        return Ok(Applied::AccrueFirst);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    if *points > 0 {
        let expires_ms = expires_ms.map_or_else(|| draft.expiry_from(draft.now_ms), whole_second);
        draft.credit(MovementKind::Adjusted, *points, expires_ms, draft.now_ms);
    } else {
        draft.take_by_hand(-*points);
    }
    let mut row = draft.row(key, Verb::Adjust, &call.command.actor);
    row.content_hash = Some(*content_hash);
    reserve::not_full(call, draft.finish(row))
}

impl Draft<'_> {
    /// Takes points by hand: from lots, then as debt. The movements are negative, as an adjustment is.
    fn take_by_hand(&mut self, points: i64) {
        let first = self.movements.len();
        let before = self.head.sums;
        self.take_or_owe(MovementKind::Adjusted, points);
        for movement in &mut self.movements[first..] {
            movement.points = -movement.points;
        }
        self.head.sums.adjusted = before.adjusted - points;
    }
}
