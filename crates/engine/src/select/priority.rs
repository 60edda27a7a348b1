//! Choosing by priority (docs/pricing.md, rule 43).

use super::conflicts::Conflicts;
use crate::evaluate::{Choice, Unobserved, evaluate};
use crate::execute::Work;
use crate::ground::Ground;
use crate::state::State;

/// Reusable memory of choosing by priority.
#[derive(Debug, Default)]
pub(crate) struct ByPriority {
    order: Vec<u32>,
    gave: Vec<bool>,
}

impl ByPriority {
    /// Keeps each candidate, higher priority first, that is admissible and voids none that was kept.
    pub(crate) fn run(
        &mut self,
        ground: &Ground<'_>,
        conflicts: &Conflicts,
        excluded: &[bool],
        kept: &mut [bool],
        state: &mut State,
        work: &mut Work,
    ) {
        let count = ground.candidates.len();
        kept.fill(false);
        self.order.clear();
        self.order.extend((0..count as u32).filter(|&candidate| !excluded[candidate as usize]));
        // Stable: equal priorities keep the order of execution.
        self.order
            .sort_by_key(|&candidate| std::cmp::Reverse(ground.candidates[candidate as usize].priority));
        self.gave.clear();
        self.gave.resize(count, false);
        for place in 0..self.order.len() {
            let candidate = self.order[place] as usize;
            kept[candidate] = true;
            evaluate(ground, Choice { kept, order: &[], times: &[] }, state, work, &mut Unobserved);
            let gives = |other: usize| kept[other] && state.times[other] > 0;
            let voided = (0..count).any(|other| self.gave[other] && !gives(other));
            let admissible = (0..count)
                .all(|other| !kept[other] || conflicts.admits(&state.gave, other, state.times[other] > 0));
            if voided || !admissible {
                kept[candidate] = false;
                continue;
            }
            for other in 0..count {
                self.gave[other] = kept[other] && state.times[other] > 0;
            }
        }
    }
}
