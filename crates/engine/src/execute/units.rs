//! Effects on units (docs/pricing.md, section 5).

use suanpan_domain::Reason;

use super::{Given, Work};
use crate::compile::CompiledOffer;
use crate::ground::Ground;
use crate::state::{Run, State};

/// Reusable memory of unit effects.
#[derive(Debug, Default)]
pub(crate) struct UnitWork {
    pub(crate) runs: Vec<Run>,
}

/// Executes an effect on units: `nth_unit`, `set_price`, `bundle`, `get`, `gift`, and what has `units {at_most}`.
pub(crate) fn execute(
    _ground: &Ground<'_>,
    _state: &mut State,
    _work: &mut Work,
    _candidate: usize,
    _offer: &CompiledOffer,
    _times_max: u32,
) -> Given {
    Given::nothing(Reason::NoCompleteGroup)
}

/// A sound upper bound of what a unit effect can give on amounts that are not above those of `state`.
pub(crate) fn upper_bound(
    ground: &Ground<'_>,
    state: &State,
    _candidate: usize,
    _offer: &CompiledOffer,
) -> i64 {
    (0..ground.lines.len()).map(|line| state.running[line].max(0)).sum()
}

/// Whether two candidates are of one unit pool and may act on the same lines.
pub(crate) fn shares_units(_ground: &Ground<'_>, _a: usize, _b: usize) -> bool {
    false
}
