//! Calls whose events wait for the turn of a shard: whoever has it puts them out together, in one conditional write.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use suanpan_store::OutboxEvent;
use tokio::sync::oneshot;

/// Events of calls that wait, by chain and shard.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<HashMap<(String, i32), VecDeque<Waiter>>>);

/// A call's events. It hears when they are out, or that they may not be.
pub(super) struct Waiter {
    pub(super) events: Vec<OutboxEvent>,
    pub(super) out: oneshot::Sender<()>,
}

impl Waiting {
    /// Puts a call's events behind those of others.
    pub(super) fn add(&self, chain: &str, shard: i32, events: &[&OutboxEvent]) -> oneshot::Receiver<()> {
        let (out, heard) = oneshot::channel();
        let events = events.iter().map(|event| (*event).clone()).collect();
        self.all().entry((chain.to_owned(), shard)).or_default().push_back(Waiter { events, out });
        heard
    }

    /// The first calls that wait, with so many events at most, or one call with more.
    pub(super) fn first(&self, chain: &str, shard: i32, at_most: usize) -> Vec<Waiter> {
        let mut all = self.all();
        let Some(waiting) = all.get_mut(&(chain.to_owned(), shard)) else { return Vec::new() };
        let mut first = Vec::new();
        let mut events = 0;
        while let Some(next) = waiting.front() {
            events += next.events.len();
            if events > at_most && !first.is_empty() {
                break;
            }
            first.extend(waiting.pop_front());
        }
        first
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(String, i32), VecDeque<Waiter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use suanpan_domain::MemberId;

    use super::*;

    #[test]
    fn as_many_go_together_as_may_in_their_order() {
        let event = |index| OutboxEvent {
            member: MemberId::new("anna").expect("an id"),
            epoch: 1,
            version: 9,
            index,
            at_ms: 5,
            kind: "points_earned".to_owned(),
            body: Vec::new(),
        };
        let waiting = Waiting::default();
        let _heard: Vec<_> = [2, 1, 2, 5]
            .map(|events| {
                let events: Vec<OutboxEvent> = (0..events).map(event).collect();
                waiting.add("c", 0, &events.iter().collect::<Vec<_>>())
            })
            .into();
        let sizes = |shard| -> Vec<usize> {
            waiting.first("c", shard, 3).iter().map(|waiter| waiter.events.len()).collect()
        };
        assert!(sizes(1).is_empty());
        assert_eq!([sizes(0), sizes(0), sizes(0), sizes(0)], [vec![2, 1], vec![2], vec![5], vec![]]);
    }
}
