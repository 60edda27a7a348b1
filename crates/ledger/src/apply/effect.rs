//! What another member's entry brings here, once: the row is named by its source.

use suanpan_domain::MemberId;

use crate::apply::{Call, merge, sorted};
use crate::calendar::whole_second;
use crate::command::{Action, Effect};
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind, Verb};
use crate::head::{Lot, Status};
use crate::limits::{EMITTING_MAX, LOTS_MAX, POINTS_MAX};
use crate::outcome::Applied;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::sale::Returned;
use crate::shape::Shape;

pub(crate) fn effect(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::Effect { id, source, effect } = &call.command.action else { return Ok(Applied::Nothing) };
    let key = EntryKey::Effect(*id);
    if let Some(row) = call.row(key) {
        return Ok(Applied::Known(Box::new(row.clone())));
    }
    sorted(shape(effect))?;
    sorted(match call.head.status {
        Status::Absent | Status::Guest => vec![Conflict::of(Refusal::MemberUnknown)],
        // Whoever took over takes this too.
        Status::Closed { survivor: Some(_) } => vec![Conflict::of(Refusal::MemberClosed)],
        Status::Active | Status::Blocked | Status::Closed { survivor: None } => Vec::new(),
    })?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let (verb, first) = (verb(effect), draft.movements.len());
    if draft.head.has_account() {
        bring(&mut draft, source, effect)?;
        draft.say_earned(first);
    } else {
        draft.lapse_at_once(effect);
    }
    // What tells nothing needs no place among what is told.
    if draft.head.has_account() && !draft.emits.is_empty() && draft.head.emitting.len() >= EMITTING_MAX {
        return Ok(Applied::AccrueFirst);
    }
    let mut row = draft.row(key, verb, &call.command.actor);
    row.other = Some(source.clone());
    Ok(draft.finish(row))
}

fn bring(draft: &mut Draft<'_>, source: &MemberId, effect: &Effect) -> Result<(), Conflicts> {
    let now_ms = draft.now_ms;
    match effect {
        Effect::Transfer { lots } => {
            for lot in lots {
                let keeps = draft.policy.transfers_keep_expiry;
                let expires_ms = if keeps { whole_second(lot.expires_ms) } else { draft.expiry_from(now_ms) };
                draft.credit(MovementKind::TransferredIn, lot.points, expires_ms, now_ms);
            }
        }
        Effect::ReferralReward { points, .. } => {
            let expires_ms = draft.expiry_from(now_ms);
            draft.credit(MovementKind::Earned, *points, expires_ms, now_ms);
        }
        Effect::ReferralTakenBack { points } => draft.take_back(None, *points),
        Effect::Merged { estate } => {
            let outside = || vec![Conflict::about(Refusal::OutOfRange, "estate")];
            let estate = crate::codec::decode_head(estate).map_err(|_| outside())?;
            if !estate.has_sums_left() {
                return Err(outside());
            }
            merge::inherit(draft, source, &estate);
        }
        Effect::Returned { business_ms, restored, points_taken_back, qualifying_minor, whole } => {
            for piece in restored {
                draft.restore(&Lot { expires_ms: whole_second(piece.expires_ms), ..*piece });
            }
            draft.take_back(None, *points_taken_back);
            let returned = Returned {
                business_ms: *business_ms,
                qualifying_minor: *qualifying_minor,
                ..Returned::default()
            };
            draft.uncount(&returned, *whole);
        }
    }
    Ok(())
}

impl Draft<'_> {
    /// Points that reach a member who left come and lapse, so that nothing is lost without a trace.
    fn lapse_at_once(&mut self, effect: &Effect) {
        let (kind, points) = match effect {
            Effect::Transfer { lots } => {
                (MovementKind::TransferredIn, lots.iter().map(|lot| lot.points).sum())
            }
            Effect::ReferralReward { points, .. } => (MovementKind::Earned, *points),
            Effect::ReferralTakenBack { .. } | Effect::Merged { .. } | Effect::Returned { .. } => return,
        };
        self.book(kind, points, self.now_ms, self.now_ms);
        self.book(MovementKind::Expired, points, self.now_ms, self.now_ms);
    }
}

const fn verb(effect: &Effect) -> Verb {
    match effect {
        Effect::Transfer { .. } => Verb::TransferIn,
        Effect::ReferralReward { .. } => Verb::ReferralReward,
        Effect::ReferralTakenBack { .. } => Verb::ReferralTakenBack,
        Effect::Merged { .. } => Verb::Merged,
        Effect::Returned { .. } => Verb::ReturnElsewhere,
    }
}

fn shape(effect: &Effect) -> Conflicts {
    let mut shape = Shape::default();
    match effect {
        Effect::Transfer { lots } | Effect::Returned { restored: lots, .. } => {
            // A sale's points come from at most every lot, and debt.
            shape.within(lots.len() as i64, 0, LOTS_MAX as i64 + 4, || "lots".to_owned());
            for (place, lot) in lots.iter().enumerate().take(LOTS_MAX + 4) {
                shape.within(lot.points, 1, POINTS_MAX, || format!("lots[{place}].points"));
                shape.instant(lot.expires_ms, || format!("lots[{place}].expires"));
            }
        }
        Effect::ReferralReward { points, friend_points } => {
            shape.points(*points, || "points".to_owned());
            shape.points(*friend_points, || "friend_points".to_owned());
        }
        Effect::ReferralTakenBack { points } => shape.points(*points, || "points".to_owned()),
        Effect::Merged { estate } => {
            shape
                .within(estate.len() as i64, 1, crate::limits::HEAD_BYTES_MAX as i64, || "estate".to_owned());
        }
    }
    if let Effect::Returned { business_ms, points_taken_back, qualifying_minor, .. } = effect {
        shape.instant(*business_ms, || "business_ms".to_owned());
        shape.points(*points_taken_back, || "points_taken_back".to_owned());
        shape.amount(*qualifying_minor, || "qualifying".to_owned());
    }
    shape.wrong
}
