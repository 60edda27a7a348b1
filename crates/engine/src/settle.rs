//! From the executed choice to the quote: lines, units, taxes, points, totals (docs/pricing.md, section 7).

use suanpan_domain::{Member, Quote};

use crate::ground::Ground;
use crate::record::Record;
use crate::select::Selected;
use crate::state::State;

/// Reusable memory of settling.
#[derive(Debug, Default)]
pub(crate) struct Settling {}

/// Fills the quote with everything but the account of the offers.
pub(crate) fn settle(
    _ground: &Ground<'_>,
    _member: Option<&Member>,
    _state: &State,
    _record: &Record,
    _selected: &Selected,
    _settling: &mut Settling,
    _quote: &mut Quote,
) {
}

/// The added tax of a state, for the search's objective.
pub(crate) fn added_tax(_ground: &Ground<'_>, _state: &State) -> i64 {
    0
}

/// The most that points could pay in this state, as the request wants them; 0 for guests.
pub(crate) fn points_value_at_most(_ground: &Ground<'_>, _member: Option<&Member>, _state: &State) -> i64 {
    0
}
