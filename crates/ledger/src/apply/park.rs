//! Entries that cannot be accrued wait for a person, apart from the others.

use crate::apply::{Call, key_of, ret, sorted};
use crate::command::EntryRef;
use crate::draft::Draft;
use crate::entry::{Entry, EntryKey, State, Verb};
use crate::head::Pending;
use crate::limits::REASON_BYTES_MAX;
use crate::outcome::Applied;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::shape::Shape;

/// Takes an entry out of those that wait. The member goes on; returns of a parked sale are parked when they are met.
pub(crate) fn park(call: Call<'_>, entry: EntryRef, why: &str) -> Result<Applied, Conflicts> {
    let mut shape = Shape::default();
    shape.need(why.len() <= REASON_BYTES_MAX, || "why".to_owned());
    sorted(shape.wrong)?;
    let key = key_of(entry);
    let Some(row) = call.row(key) else { return Err(vec![Conflict::of(Refusal::CheckoutUnknown)]) };
    if row.state == State::Parked {
        return Ok(Applied::Known(Box::new(row.clone())));
    }
    let Some(place) = call.head.pending.iter().position(|waiting| waiting.key == key) else {
        return Ok(Applied::Nothing);
    };
    if call.emitting_full() {
        return Ok(Applied::Nothing);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    draft.head.pending.remove(place);
    let mut row = row.clone();
    why.clone_into(&mut row.note);
    draft.park(&mut row);
    Ok(draft.finish(row))
}

/// The same of an entry whose row cannot be read, and stays as it is. That it was parked stands in a row of its own.
pub(crate) fn park_unread(call: Call<'_>, entry: EntryRef, why: &str) -> Result<Applied, Conflicts> {
    let mut shape = Shape::default();
    shape.need(why.len() <= REASON_BYTES_MAX, || "why".to_owned());
    sorted(shape.wrong)?;
    let key = key_of(entry);
    let Some(place) = call.head.pending.iter().position(|waiting| waiting.key == key) else {
        return Ok(Applied::Nothing);
    };
    if call.emitting_full() {
        return Ok(Applied::Nothing);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    draft.head.pending.remove(place);
    draft.owe_listing();
    let mut row = draft.row(EntryKey::Time(draft.head.version), Verb::Time, &call.command.actor);
    why.clone_into(&mut row.note);
    Ok(draft.finish(row))
}

impl Draft<'_> {
    /// Parks a row. The list that people read is written beside the head: until it is out, this version is emitting, so that
    /// the worker comes back when whoever parked it ended before.
    pub(crate) fn park(&mut self, row: &mut Entry) {
        self.owe_listing();
        row.state = State::Parked;
    }

    fn owe_listing(&mut self) {
        self.head.parked += 1;
        self.owes_beside = true;
    }
}

/// Whether an entry is neither accrued nor waits for it: it was parked, perhaps without having been read.
pub(crate) fn is_parked(call: Call<'_>, row: &Entry) -> bool {
    let unread = || {
        let confirmed = match row.key {
            EntryKey::Checkout(_) => row.state == State::Confirmed,
            EntryKey::Return(..) => row.state == State::Done,
            EntryKey::Request(_) | EntryKey::Effect(_) | EntryKey::Time(_) => false,
        };
        let waits = || call.head.pending.iter().any(|waiting| waiting.key == row.key);
        call.head.has_account() && confirmed && row.accrued_version == 0 && !waits()
    };
    row.state == State::Parked || unread()
}

/// Puts a parked entry back. A return waits until its sale is back.
pub(crate) fn unpark(call: Call<'_>, entry: EntryRef) -> Result<Applied, Conflicts> {
    let key = key_of(entry);
    let Some(row) = call.row(key) else { return Err(vec![Conflict::of(Refusal::CheckoutUnknown)]) };
    if !is_parked(call, row) {
        return Ok(Applied::Nothing);
    }
    let sale_parked =
        |checkout| call.row(EntryKey::Checkout(checkout)).is_none_or(|sale| is_parked(call, sale));
    let state = match entry {
        EntryRef::Checkout(_) => State::Confirmed,
        EntryRef::Return(checkout, _) if sale_parked(checkout) => {
            return Err(vec![Conflict::about(Refusal::EntriesPending, ret::SALE_PARKED)]);
        }
        EntryRef::Return(..) => State::Done,
    };
    if call.pending_full() {
        return Ok(Applied::AccrueFirst);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    // A sale was written before its returns, so that this order keeps it before them.
    let place = draft.head.pending.partition_point(|waiting| waiting.version <= row.version);
    draft.head.pending.insert(place, Pending { version: row.version, key });
    draft.head.parked = draft.head.parked.saturating_sub(1);
    let mut row = row.clone();
    row.state = state;
    row.note.clear();
    Ok(draft.finish(row))
}
