//! Who waits for room when a member has none: a line for each such member, first come, first served. Whoever is called makes
//! room and has of it before it goes; as many are called at once as there is room for.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use suanpan_domain::MemberId;
use suanpan_ledger::limits::PENDING_MAX;
use tokio::sync::{Mutex as Turn, MutexGuard as TurnGuard, oneshot};

use super::expired::Looked;

/// What all books of a process share.
#[derive(Clone, Debug, Default)]
pub struct Queues {
    /// One line for each member who had no room, as long as anybody stands in it.
    lines: Arc<Mutex<HashMap<MemberId, Weak<Line>>>>,
    pub(super) looked: Looked,
}

/// Entries of the map after which those in which nobody stands are swept out.
const SWEPT_FROM: usize = 1_024;

/// The line of a member.
#[derive(Debug, Default)]
pub(super) struct Line {
    standing: Mutex<Standing>,
    /// How many more the member had room for, as it was seen last.
    room: AtomicUsize,
    /// Held by the one who makes room.
    making: Turn<()>,
    /// How often room was made.
    made: AtomicU64,
}

#[derive(Debug, Default)]
struct Standing {
    /// Called, and not gone.
    called: usize,
    waiting: VecDeque<oneshot::Sender<Called>>,
}

/// Leave to have of the member's room. Whoever drops it lets the next one in.
#[derive(Debug)]
pub(super) struct Called(Arc<Line>);

impl Queues {
    /// Takes a place behind those who stand in the member's line; none when nobody does.
    pub(super) async fn behind_others(&self, member: &MemberId) -> Option<Called> {
        let line = {
            let mut lines = self.lines();
            let line = lines.get(member)?.upgrade();
            if line.is_none() {
                lines.remove(member);
            }
            line?
        };
        Some(line.wait().await.0)
    }

    /// Takes a place in the member's line, and tells whether it had to be waited for.
    pub(super) async fn stand(&self, member: &MemberId) -> (Called, bool) {
        let line = {
            let mut lines = self.lines();
            match lines.get(member).and_then(Weak::upgrade) {
                Some(line) => line,
                None => {
                    if lines.len() >= SWEPT_FROM {
                        lines.retain(|_, line| line.strong_count() > 0);
                    }
                    let line = Arc::new(Line::default());
                    lines.insert(member.clone(), Arc::downgrade(&line));
                    line
                }
            }
        };
        line.wait().await
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<MemberId, Weak<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    async fn wait(self: Arc<Self>) -> (Called, bool) {
        let called = {
            let mut standing = self.standing();
            if standing.waiting.is_empty() && standing.called < self.at_once() {
                standing.called += 1;
                return (Called(Arc::clone(&self)), false);
            }
            let (call, called) = oneshot::channel();
            standing.waiting.push_back(call);
            called
        };
        match called.await {
            Ok(called) => (called, true),
            // Nobody drops a call that was not made. If somebody did: one more at once harms nobody.
            Err(_) => {
                self.standing().called += 1;
                (Called(self), true)
            }
        }
    }

    /// How many may be called: one at least, who makes room when there is none.
    fn at_once(&self) -> usize {
        self.room.load(Ordering::Relaxed).max(1)
    }

    /// The member was seen with so many entries that wait.
    pub(super) fn saw(&self, pending: usize) {
        // Whoever saw it adds one.
        self.room.store(PENDING_MAX.saturating_sub(pending + 1), Ordering::Relaxed);
    }

    fn call_next(self: &Arc<Self>) {
        // Those who went away while they were called let the next ones in when they are dropped, after the lock.
        let mut gone = Vec::new();
        let mut standing = self.standing();
        while standing.called < self.at_once() {
            let Some(call) = standing.waiting.pop_front() else { break };
            if call.is_closed() {
                continue;
            }
            standing.called += 1;
            gone.extend(call.send(Called(Arc::clone(self))).err());
        }
        drop(standing);
        drop(gone);
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Called {
    pub(super) fn line(&self) -> &Arc<Line> {
        &self.0
    }

    /// How often room was made so far.
    pub(super) fn made(&self) -> u64 {
        self.0.made.load(Ordering::Acquire)
    }

    /// The turn to make room; none when somebody did since it was made `made` times.
    pub(super) async fn turn(&self, made: u64) -> Option<TurnGuard<'_, ()>> {
        let turn = self.0.making.lock().await;
        (self.made() == made).then_some(turn)
    }

    /// There is room for so many now: as many are called.
    pub(super) fn make(&self, room: usize) {
        self.0.made.fetch_add(1, Ordering::AcqRel);
        self.0.room.store(room, Ordering::Relaxed);
        self.0.call_next();
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        self.0.standing().called -= 1;
        self.0.call_next();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::future::FutureExt as _;

    use super::*;

    fn member(number: usize) -> MemberId {
        MemberId::new(format!("m-{number}")).unwrap()
    }

    #[tokio::test]
    async fn a_line_is_there_while_somebody_stands_in_it() {
        let queues = Queues::default();
        assert!(queues.behind_others(&member(0)).await.is_none());
        let (first, waited) = queues.stand(&member(0)).await;
        assert!(!waited);
        for number in 1..=SWEPT_FROM {
            drop(queues.stand(&member(number)).await);
        }
        assert!(queues.lines().len() < SWEPT_FROM);
        assert!(queues.behind_others(&member(0)).now_or_never().is_none(), "somebody is before");
        drop(first);
        assert!(queues.behind_others(&member(0)).await.is_none());
    }

    #[tokio::test]
    async fn who_came_first_is_called_first_and_as_many_as_there_is_room_for() {
        let queues = Queues::default();
        let name = member(0);
        let (first, _) = queues.stand(&name).await;
        let mut second = pin!(queues.stand(&name));
        let mut third = pin!(queues.behind_others(&name));
        let mut gone = Box::pin(queues.stand(&name));
        let mut fourth = pin!(queues.stand(&name));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        assert!(gone.as_mut().now_or_never().is_none() && fourth.as_mut().now_or_never().is_none());
        drop(gone);
        assert!(first.turn(first.made()).await.is_some());
        // For the one who makes it and one more.
        first.make(2);
        assert!(first.turn(0).await.is_none(), "room was made since");
        let (second, waited) = second.now_or_never().expect("called");
        assert!(waited && third.as_mut().now_or_never().is_none());
        second.line().saw(PENDING_MAX - 1);
        drop(first);
        assert!(third.as_mut().now_or_never().is_none(), "the room is gone");
        drop(second);
        let third = third.now_or_never().expect("called").expect("a place");
        assert!(fourth.as_mut().now_or_never().is_none());
        drop(third);
        assert!(fourth.now_or_never().expect("called, and nobody waits for who went away").1);
    }
}
