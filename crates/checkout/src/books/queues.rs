//! Who accrues for a member that has no room: one caller, while the others wait for what it does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use suanpan_domain::MemberId;
use tokio::sync::Mutex as Turn;

/// One turn for each member for whom somebody accrues. Shared by all books of a process.
#[derive(Clone, Debug, Default)]
pub struct Queues(Arc<Mutex<HashMap<MemberId, Weak<Turn<()>>>>>);

/// Entries of the map after which those that nobody holds are swept out.
const SWEPT_FROM: usize = 1_024;

impl Queues {
    /// The turn of a member.
    pub(super) fn of(&self, member: &MemberId) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(member).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= SWEPT_FROM {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::new(Turn::new(()));
        turns.insert(member.clone(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_one_turn_while_somebody_holds_it() {
        let queues = Queues::default();
        let member = |number: usize| MemberId::new(format!("m-{number}")).unwrap();
        let (first, again) = (queues.of(&member(0)), queues.of(&member(0)));
        assert!(Arc::ptr_eq(&first, &again));
        for number in 1..=SWEPT_FROM {
            queues.of(&member(number));
        }
        assert!(queues.0.lock().unwrap().len() < SWEPT_FROM);
        assert!(Arc::ptr_eq(&first, &queues.of(&member(0))));
    }
}
