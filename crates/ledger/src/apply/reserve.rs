//! Everything that a sale consumes is held for it.

use crate::apply::{Call, consume, sorted};
use crate::bounds;
use crate::command::Action;
use crate::draft::{Draft, blank};
use crate::entry::{EntryKey, State, Verb};
use crate::head::{Head, Hold, Status};
use crate::limits::{ANSWER_BYTES_MAX, HOLDS_MAX};
use crate::outcome::Applied;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::shape::Shape;

pub(crate) fn reserve(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::Reserve { checkout, content_hash, sale, until_ms, answer } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Checkout(*checkout);
    let mut found = Vec::new();
    if let Some(row) = call.row(key) {
        let same = row.reserve_hash.as_ref() == Some(content_hash);
        match row.state {
            State::Reserved | State::Confirmed | State::Parked | State::Done if same => {
                return Ok(Applied::Known(Box::new(row.clone())));
            }
            State::Reserved | State::Confirmed | State::Parked | State::Done => {
                return Err(vec![Conflict::of(Refusal::ContentDiffers)]);
            }
            State::Cancelled => found.push(Conflict::of(Refusal::CheckoutCancelled)),
            State::Fenced => found.push(Conflict::of(Refusal::CheckoutFenced)),
        }
    }
    let now_ms = call.now_ms();
    let mut shape = Shape::default();
    shape.sale(sale, false);
    shape.within(*until_ms, now_ms + 1, crate::head::NEVER_MS, || "until".to_owned());
    shape.need(answer.len() <= ANSWER_BYTES_MAX, || "answer".to_owned());
    sorted(shape.wrong)?;
    found.extend(spender_conflicts(call.head));
    found.extend(consume::conflicts(call, sale, *checkout));
    if call.head.holds.len() >= HOLDS_MAX {
        found.push(Conflict::short(Refusal::HeadFull, "holds", HOLDS_MAX as i64, HOLDS_MAX as i64 + 1));
    }
    sorted(found)?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let mut row = blank(key, Verb::Sale, draft.head.version, now_ms, &call.command.actor);
    row.state = State::Reserved;
    row.reserve_hash = Some(*content_hash);
    row.until_ms = *until_ms;
    row.sale = Some(sale.clone());
    row.answer.clone_from(answer);
    row.accrued_version = 0;
    if draft.head.has_account() {
        let points = draft.hold(sale.points_used);
        draft.set_held(&sale.coupons, true);
        let hold = Hold {
            checkout: *checkout,
            until_ms: *until_ms,
            points,
            coupons: sale.coupons.clone(),
            uses: sale.uses.iter().map(|used| used.counter).collect(),
            first_purchase: sale.first_purchase,
        };
        let place = draft.head.holds.partition_point(|known| known.checkout < *checkout);
        draft.head.holds.insert(place, hold);
    }
    not_full(call, draft.finish(row))
}

/// What keeps a member from spending.
pub(crate) fn spender_conflicts(head: &Head) -> Option<Conflict> {
    match head.status {
        Status::Active | Status::Guest => None,
        Status::Absent => Some(Conflict::of(Refusal::MemberUnknown)),
        Status::Blocked => Some(Conflict::of(Refusal::MemberBlocked)),
        Status::Closed { .. } => Some(Conflict::of(Refusal::MemberClosed)),
    }
}

/// Refuses what somebody chose to add when the head has become too large by it; what is due may make room.
pub(crate) fn not_full(call: Call<'_>, applied: Applied) -> Result<Applied, Conflicts> {
    match &applied {
        Applied::Changed(change) if bounds::full(&change.head) => {
            if call.head.pending.is_empty() && call.head.emitting.is_empty() {
                Err(vec![Conflict::about(Refusal::HeadFull, "bytes")])
            } else {
                Ok(Applied::AccrueFirst)
            }
        }
        _ => Ok(applied),
    }
}
