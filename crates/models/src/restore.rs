//! Restores and epochs: what was written before a restore never replaces what was written after it.
//!
//! One member, one backup, one restore; two nodes that write, one that keeps the member in memory. A restore stops
//! everybody, but one node that sleeps and goes on afterwards with what it knew. A write is a set of the writes that
//! it builds on, so that a lost one shows.
//!
//! What this says beyond the protocol's words: emptying the feed is not enough, since a sleeper's row arrives later, so
//! rows of a lower epoch are ignored; and a head keeps the epoch of its last write, so that two sleepers could follow each
//! other on it: who restores has to see to it that sleepers cannot reach the store.
//!
//! Left out: feed rows that are lost (the model `feed`): here a worker has emitted the last version again.

mod cluster;

use stateright::{Model, Property};

pub use self::cluster::{Cache, Head, Writer};
use crate::proof::{Rules, rules};

const KEPT: &str = "what was answered is kept, but for what a restore takes back";
const SHOWN: &str = "a node that saw everything shows what is stored";

rules! {
    /// What the protocol of restores says.
    ByEpochAndVersion: "Versions compare as `(epoch, ver)`, also in conditions." => KEPT,
    CountsAsMeta: "A head counts as `max(head.epoch, meta.epoch)`." => KEPT,
    StopsNodes: "A restore stops all nodes." => KEPT,
    OnlyHigher: "A snapshot is replaced by a higher one alone." => SHOWN,
    TailThenScan: "A node tails the feed first, then scans." => SHOWN,
    IgnoreLower: "A feed row of a lower epoch than `meta.epoch` is ignored." => SHOWN,
}

/// Nodes that write.
pub const WRITERS: usize = 2;
/// Writes of each.
const WRITES: u8 = 2;

/// The store and the nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The epoch of the whole store: how often it was restored.
    pub meta_epoch: u8,
    /// The member's head.
    pub head: Option<Head>,
    /// What the head was when the backup was made.
    pub backup: Option<Option<Head>>,
    /// Feed rows that the caching node has not read yet, sorted: they may be read in any order.
    pub feed: Vec<Head>,
    /// A worker has emitted the last version again.
    pub emitted_again: bool,
    /// Writes that were answered, one bit each, less those that the restore took back.
    pub answered: u8,
    /// Nodes that write.
    pub writers: [Writer; WRITERS],
    /// Writes that each has begun.
    pub begun: [u8; WRITERS],
    /// The node that keeps the member in memory.
    pub cache: Cache,
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A node that writes goes on.
    Write(usize, Writer),
    /// A node that writes is gone and starts again.
    Again(usize),
    /// The caching node starts.
    Start,
    /// It goes on with its start.
    GoOn,
    /// It reads one of the feed's rows.
    Read(usize),
    /// A worker's scan emits the last version again.
    EmitAgain,
    /// A backup is made.
    Backup,
    /// It is restored, while one of the writing nodes may sleep.
    Restore(Option<usize>),
}

/// The model.
#[derive(Clone, Debug)]
pub struct Restore {
    rules: Rules<Rule>,
}

impl Restore {
    /// With these rules.
    #[must_use]
    pub const fn with(rules: Rules<Rule>) -> Self {
        Self { rules }
    }

    pub(crate) fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    fn restore(&self, state: &mut State, sleeper: Option<usize>) {
        state.head = state.backup.flatten();
        state.meta_epoch += 1;
        state.answered &= state.head.map_or(0, |head| head.writes);
        state.emitted_again = false;
        if !self.hold(Rule::StopsNodes) {
            return;
        }
        state.feed.clear();
        state.cache = Cache::Off;
        for (place, writer) in state.writers.iter_mut().enumerate() {
            if sleeper != Some(place) {
                *writer = Writer::Idle(state.meta_epoch);
            }
        }
    }
}

impl Model for Restore {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            meta_epoch: 0,
            head: None,
            backup: None,
            feed: Vec::new(),
            emitted_again: false,
            answered: 0,
            writers: [Writer::Idle(0); WRITERS],
            begun: [0; WRITERS],
            cache: Cache::Off,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, writer) in state.writers.iter().enumerate() {
            if !matches!(writer, Writer::Idle(_)) || state.begun[place] < WRITES {
                actions.push(Action::Write(place, *writer));
            }
            if *writer != Writer::Idle(state.meta_epoch) {
                actions.push(Action::Again(place));
            }
        }
        actions.push(match state.cache {
            Cache::Off => Action::Start,
            Cache::Starting(..) | Cache::Ready(..) => Action::GoOn,
        });
        actions.extend((0..state.feed.len()).map(Action::Read));
        if state.head.is_some() && !state.emitted_again {
            actions.push(Action::EmitAgain);
        }
        match state.backup {
            None => actions.push(Action::Backup),
            Some(_) if state.meta_epoch == 0 => {
                actions.push(Action::Restore(None));
                actions.extend((0..WRITERS).map(|sleeper| Action::Restore(Some(sleeper))));
            }
            Some(_) => {}
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Write(place, writer) => {
                next.writers[place] = cluster::write(self, &mut next, place, writer)
            }
            Action::Again(place) => next.writers[place] = Writer::Idle(state.meta_epoch),
            Action::Start => cluster::start(self, &mut next),
            Action::GoOn => cluster::go_on(self, &mut next)?,
            Action::Read(place) => {
                let row = next.feed.remove(place);
                cluster::read(self, &mut next, row);
            }
            Action::EmitAgain => {
                let epoch = state.meta_epoch;
                let row = state.head.map(|head| Head { epoch: head.epoch.max(epoch), ..head })?;
                cluster::emit(&mut next, row);
                next.emitted_again = true;
            }
            Action::Backup => next.backup = Some(state.head),
            Action::Restore(sleeper) => self.restore(&mut next, sleeper),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(KEPT, |_, state: &State| {
                state.answered & !state.head.map_or(0, |head| head.writes) == 0
            }),
            Property::always(SHOWN, |_, state: &State| match &state.cache {
                Cache::Ready(_, shown) if state.feed.is_empty() => {
                    let told = state.emitted_again || state.head.is_none();
                    !told || shown.map(|head| head.writes) == state.head.map(|head| head.writes)
                }
                Cache::Off | Cache::Starting(..) | Cache::Ready(..) => true,
            }),
            Property::sometimes("a member is gone with a restore", |_, state: &State| {
                state.meta_epoch == 1 && state.head.is_none() && state.backup == Some(None)
            }),
            Property::sometimes("a sleeper's write is refused", |_, state: &State| {
                state.writers.iter().any(|writer| match writer {
                    Writer::Seen(0, Some(view)) => {
                        state.head.is_some_and(|head| head.epoch == 1 && head.version == view.version)
                    }
                    _ => false,
                })
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Restore;
    use crate::proof::prove;

    #[test]
    fn nothing_from_before_a_restore_comes_back() {
        prove("restore", |rules| vec![Restore::with(rules)]);
    }
}
