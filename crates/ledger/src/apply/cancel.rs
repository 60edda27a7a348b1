//! The sale will not happen: by request, because its time is over, or because its id belongs to another owner.

use suanpan_domain::CheckoutId;

use crate::apply::{Call, ended_row};
use crate::draft::Draft;
use crate::entry::{EntryKey, State};
use crate::outcome::Applied;
use crate::refusal::{Conflict, Conflicts, Refusal};

/// By request. An id that was never seen is cancelled too, so that a late confirm finds it.
pub(crate) fn cancel(call: Call<'_>, checkout: CheckoutId) -> Result<Applied, Conflicts> {
    let key = EntryKey::Checkout(checkout);
    match call.row(key).map(|row| (row.state, row)) {
        Some((State::Confirmed | State::Parked | State::Done, _)) => {
            Err(vec![Conflict::of(Refusal::CheckoutConfirmed)])
        }
        Some((State::Cancelled, row)) => Ok(Applied::Known(Box::new(row.clone()))),
        Some((State::Reserved | State::Fenced, _)) | None => Ok(end_as(call, checkout, State::Cancelled)),
    }
}

/// By whoever meets it: when its time is over, or when another owner won the id.
pub(crate) fn end(call: Call<'_>, checkout: CheckoutId, fenced: bool) -> Result<Applied, Conflicts> {
    let state = if fenced { State::Fenced } else { State::Cancelled };
    match call.row(EntryKey::Checkout(checkout)).map(|row| (row.state, row)) {
        Some((State::Reserved, row)) if fenced || row.until_ms <= call.now_ms() => {
            Ok(end_as(call, checkout, state))
        }
        None if fenced => Ok(end_as(call, checkout, state)),
        Some((State::Reserved, _)) | None => Ok(Applied::Nothing),
        Some((State::Confirmed | State::Cancelled | State::Fenced | State::Parked | State::Done, row)) => {
            Ok(Applied::Known(Box::new(row.clone())))
        }
    }
}

fn end_as(call: Call<'_>, checkout: CheckoutId, state: State) -> Applied {
    let mut draft = Draft::new(call.policy, call.head, call.command);
    draft.end_hold(checkout, false);
    let row = ended_row(call, EntryKey::Checkout(checkout), state, draft.head.version);
    draft.finish(row)
}
