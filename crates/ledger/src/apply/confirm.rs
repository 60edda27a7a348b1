//! The sale is paid.

use std::sync::Arc;

use crate::apply::{Call, consume, reserve, sorted};
use crate::command::Action;
use crate::draft::{Draft, blank};
use crate::entry::{Entry, EntryKey, State, Verb};
use crate::head::Pending;
use crate::limits::ANSWER_BYTES_MAX;
use crate::outcome::Applied;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::sale::Sale;
use crate::shape::Shape;

pub(crate) fn confirm(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::Confirm { checkout, content_hash, reserve_hash, missing, sale, fact, answer } =
        &call.command.action
    else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Checkout(*checkout);
    let row = call.row(key);
    if let Some(row) = row.filter(|row| matches!(row.state, State::Confirmed | State::Parked | State::Done)) {
        // A fact on a recorded sale answers what was recorded, whatever it says itself.
        return if fact.is_some() || row.content_hash.as_ref() == Some(content_hash) {
            Ok(Applied::Known(Box::new(row.clone())))
        } else {
            Err(vec![Conflict::of(Refusal::ContentDiffers)])
        };
    }
    let mut shape = Shape::default();
    shape.sale(sale, true);
    shape.need(answer.len() <= ANSWER_BYTES_MAX, || "answer".to_owned());
    sorted(shape.wrong)?;
    let mut found: Conflicts = reserve::spender_conflicts(call.head).into_iter().collect();
    found.extend_from_slice(missing);
    let mut reserved = false;
    match row.map(|row| (row.state, row)) {
        Some((State::Reserved, row)) => {
            reserved = row.reserve_hash.as_ref() == Some(reserve_hash)
                && row.sale.as_ref().is_some_and(|held| takes_the_same(held, sale));
            if !reserved && fact.is_none() {
                found.push(Conflict::of(Refusal::ReservationDiffers));
            }
        }
        Some((State::Cancelled, _)) => found.push(Conflict::of(Refusal::CheckoutCancelled)),
        Some((State::Fenced, _)) => found.push(Conflict::of(Refusal::CheckoutFenced)),
        _ => {}
    }
    let held = reserved && consume::hold_of(call.head, *checkout).is_some();
    if !held {
        found.extend(consume::conflicts(call, sale, *checkout));
    }
    if fact.is_none() {
        sorted(std::mem::take(&mut found))?;
    }
    if call.pending_full() || call.meets_ended_hold(&found) {
        return Ok(Applied::AccrueFirst);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    if draft.head.has_account() {
        if held {
            draft.spend_hold(*checkout);
        } else {
            draft.end_hold(*checkout, false);
            draft.spend(sale);
        }
        draft.head.first_purchase.get_or_insert(*checkout);
        draft.head.pending.push(Pending { version: draft.head.version, key });
    }
    let mut next = match row {
        Some(row) => row.clone(),
        None => blank(key, Verb::Sale, draft.head.version, draft.now_ms, &call.command.actor),
    };
    paid(&mut next, sale, answer, *content_hash);
    next.reserve_hash = Some(*reserve_hash);
    next.actor.clone_from(&call.command.actor);
    next.accrued_version = if draft.head.has_account() { 0 } else { draft.head.version };
    Ok(draft.finish_with(next, found))
}

fn paid(row: &mut Entry, sale: &Arc<Sale>, answer: &[u8], content_hash: [u8; 32]) {
    row.state = State::Confirmed;
    row.content_hash = Some(content_hash);
    row.until_ms = 0;
    row.sale = Some(Arc::clone(sale));
    row.answer = answer.to_vec();
}

/// Whether a sale takes from the member what its reservation holds. How it is paid may be known only now.
fn takes_the_same(held: &Sale, sale: &Sale) -> bool {
    held.points_used == sale.points_used
        && held.coupons == sale.coupons
        && held.uses == sale.uses
        && held.first_purchase == sale.first_purchase
        && held.due_minor == sale.due_minor
        && held.lines == sale.lines
        && held.global_uses == sale.global_uses
        && held.codes == sale.codes
}
