//! Blocked, or gone.

use crate::apply::{Call, sorted};
use crate::command::Action;
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind, Verb};
use crate::head::Status;
use crate::outcome::{Applied, Emit};
use crate::refusal::{Conflict, Conflicts, Refusal};

/// No spending, or spending again. Facts, returns and accrual go on.
pub(crate) fn block(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::Block { request, content_hash, blocked } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    sorted(call.member_conflicts())?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    draft.head.status = if *blocked { Status::Blocked } else { Status::Active };
    let verb = if *blocked { Verb::Block } else { Verb::Unblock };
    let mut row = draft.row(key, verb, &call.command.actor);
    row.content_hash = Some(*content_hash);
    Ok(draft.finish(row))
}

/// What keeps a member from closing: everything that is still open.
pub(crate) fn conflicts(call: Call<'_>) -> Conflicts {
    let head = call.head;
    let mut found = call.member_conflicts();
    if !head.holds.is_empty() {
        found.push(Conflict::short(Refusal::HoldsOpen, "", head.holds.len() as i64, 0));
    }
    let waiting = head.pending.len() + head.emitting.len() + head.parked as usize;
    if waiting > 0 {
        found.push(Conflict::short(Refusal::EntriesPending, "", waiting as i64, 0));
    }
    if head.merge_lock.is_some() {
        found.push(Conflict::of(Refusal::MergeInProgress));
    }
    found
}

/// The member leaves: points and coupons lapse, a debt stays on the books.
pub(crate) fn close(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::Close { request, content_hash } = &call.command.action else { return Ok(Applied::Nothing) };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    sorted(conflicts(call))?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let now_ms = draft.now_ms;
    let mut lapsed = 0;
    for lot in std::mem::take(&mut draft.head.lots) {
        draft.book(MovementKind::Expired, lot.points, lot.expires_ms, now_ms);
        lapsed += lot.points;
    }
    for delayed in std::mem::take(&mut draft.head.delayed) {
        draft.book(MovementKind::Expired, delayed.points, delayed.expires_ms, now_ms);
        lapsed += delayed.points;
    }
    for coupon in std::mem::take(&mut draft.head.coupons) {
        draft.book_coupon(MovementKind::CouponExpired, coupon.name(), coupon.expires_ms, now_ms);
    }
    if lapsed > 0 {
        draft.emits.push(Emit::PointsExpired { points: lapsed });
    }
    draft.head.forget();
    draft.head.status = Status::Closed { survivor: None };
    let mut row = draft.row(key, Verb::Close, &call.command.actor);
    row.content_hash = Some(*content_hash);
    Ok(draft.finish(row))
}
