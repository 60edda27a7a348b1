//! Choosing among the candidates (docs/pricing.md, section 6).

use suanpan_domain::{Member, quote::SelectionOutcome};

use crate::execute::Work;
use crate::ground::Ground;
use crate::state::State;

/// Why a candidate is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// A kept candidate stands against it.
    Excluded { winner: Option<u32> },
    /// The basket costs so much less without it.
    LeftOut { difference: i64 },
    /// A coupon that gains less than it should.
    MinGain { gain: i64 },
    /// It yields to paying with points.
    YieldsToPoints,
}

/// The choice that was made.
#[derive(Debug, Default)]
pub(crate) struct Selected {
    /// By candidate.
    pub(crate) kept: Vec<bool>,
    /// Order of execution where units are contested; empty otherwise.
    pub(crate) order: Vec<u32>,
    /// Applications at most where units are contested; empty otherwise.
    pub(crate) times: Vec<u32>,
    /// By candidate, for those that are not kept.
    pub(crate) dropped: Vec<Option<Dropped>>,
    pub(crate) outcome: SelectionOutcome,
    pub(crate) nodes: u64,
}

/// Chooses.
pub(crate) fn choose(
    ground: &Ground<'_>,
    member: Option<&Member>,
    state: &mut State,
    work: &mut Work,
    selected: &mut Selected,
) {
    let _ = (member, state, work);
    selected.kept.clear();
    selected.kept.resize(ground.candidates.len(), true);
    selected.order.clear();
    selected.times.clear();
    selected.dropped.clear();
    selected.dropped.resize(ground.candidates.len(), None);
    selected.outcome = SelectionOutcome::Exact;
    selected.nodes = 0;
}
