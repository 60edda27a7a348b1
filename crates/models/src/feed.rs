//! Feed and scan: a feed row that was lost is written again.
//!
//! A node writes a member, then the feed row that other nodes follow; it may stop between the two. A write has the time
//! at which it began, and is seen later. Workers pass over all members, one of which is looked at here; a pass may be
//! given up, and two workers may make one at the same time. Time is an order of events: of each write it is known
//! whether it is later than the start of each pass, and of the last complete one.
//!
//! Left out: what is due (the model `accrual`), the order in which rows of the feed arrive (the model `restore`).

use stateright::{Model, Property};

use crate::proof::{Rules, rules};

const TOLD: &str = "a change that no node was told of will be told by the next pass";

rules! {
    /// What the protocol of feed and scan says.
    EmitsAgain: "The scan emits the feed row again where `writetime(ver)` is later than a mark." => TOLD,
    SinceStart: "The mark is the start of a pass, not its end." => TOLD,
    OfACompletePass: "The mark is moved by a complete pass alone." => TOLD,
    LessLongestWrite: "The mark is the start less the longest write time and the skew." => TOLD,
}

/// Writes of nodes that may be under way together.
const NODES: usize = 2;
/// Workers that pass.
const WORKERS: usize = 2;
/// Versions after which nobody writes any more: each behaves as the ones before.
const VERSIONS_MAX: u8 = 3;

/// Whether a write is later than marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Later {
    /// Than the mark of the last complete pass.
    pub than_mark: bool,
    /// Than the start of each worker's pass.
    pub than_pass: [bool; WORKERS],
}

/// What a node does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Node {
    /// Nothing.
    #[default]
    Idle,
    /// Its write of the version after this one has begun.
    Writing(u8, Later),
    /// Its write is done; its feed row is not.
    Telling(u8),
}

/// What a worker does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Worker {
    /// Nothing.
    #[default]
    Idle,
    /// Passes, and has not looked at the member yet.
    Before,
    /// Has read this version, which it has to tell.
    Telling(u8),
    /// Passes, and has looked at the member.
    After,
}

/// A member, what nodes were told of it, and who is at it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The head's version.
    pub version: u8,
    /// Of its last write.
    pub later: Later,
    /// The highest version of a feed row.
    pub told: u8,
    /// Nodes that write.
    pub nodes: [Node; NODES],
    /// Workers that pass.
    pub workers: [Worker; WORKERS],
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A node goes on.
    Run(usize, Node),
    /// A worker goes on.
    Pass(usize, Worker),
    /// A node is gone.
    NodeGone(usize),
    /// A worker is gone, and its pass with it.
    WorkerGone(usize),
}

/// The model.
#[derive(Clone, Debug)]
pub struct Feed {
    rules: Rules<Rule>,
}

impl Feed {
    /// With these rules.
    #[must_use]
    pub const fn with(rules: Rules<Rule>) -> Self {
        Self { rules }
    }

    fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    fn run(state: &mut State, node: Node) -> Node {
        match node {
            Node::Idle => Node::Writing(state.version, Later { than_mark: true, than_pass: [true; WORKERS] }),
            Node::Writing(version, later) if version == state.version => {
                state.version += 1;
                state.later = later;
                Node::Telling(state.version)
            }
            // The race is lost.
            Node::Writing(..) => Node::Idle,
            Node::Telling(version) => {
                state.told = state.told.max(version);
                Node::Idle
            }
        }
    }

    fn pass(&self, state: &mut State, place: usize, worker: Worker) -> Worker {
        match worker {
            Worker::Idle => {
                state.later.than_pass[place] = false;
                let all = self.hold(Rule::LessLongestWrite);
                each_write(state, |later| later.than_pass[place] &= all);
                if !self.hold(Rule::OfACompletePass) {
                    move_mark(state, |later| later.than_pass[place]);
                }
                Worker::Before
            }
            Worker::Before if state.later.than_mark && self.hold(Rule::EmitsAgain) => {
                Worker::Telling(state.version)
            }
            Worker::Before => Worker::After,
            Worker::Telling(version) => {
                state.told = state.told.max(version);
                Worker::After
            }
            Worker::After => {
                if self.hold(Rule::SinceStart) {
                    move_mark(state, |later| later.than_pass[place]);
                } else {
                    state.later.than_mark = false;
                }
                Worker::Idle
            }
        }
    }
}

/// Writes that have begun and are not seen yet.
fn each_write(state: &mut State, mut see: impl FnMut(&mut Later)) {
    for node in &mut state.nodes {
        if let Node::Writing(_, later) = node {
            see(later);
        }
    }
}

fn move_mark(state: &mut State, is_later: impl Fn(&Later) -> bool) {
    state.later.than_mark = is_later(&state.later);
    each_write(state, |later| later.than_mark = is_later(later));
}

impl Model for Feed {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            version: 0,
            later: Later::default(),
            told: 0,
            nodes: [Node::Idle; NODES],
            workers: [Worker::Idle; WORKERS],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, node) in state.nodes.iter().enumerate() {
            if *node != Node::Idle {
                actions.push(Action::NodeGone(place));
            }
            if *node != Node::Idle || state.version < VERSIONS_MAX {
                actions.push(Action::Run(place, *node));
            }
        }
        for (place, worker) in state.workers.iter().enumerate() {
            actions.push(Action::Pass(place, *worker));
            if *worker != Worker::Idle {
                actions.push(Action::WorkerGone(place));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(place, node) => next.nodes[place] = Self::run(&mut next, node),
            Action::Pass(place, worker) => next.workers[place] = self.pass(&mut next, place, worker),
            Action::NodeGone(place) => next.nodes[place] = Node::Idle,
            Action::WorkerGone(place) => next.workers[place] = Worker::Idle,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(TOLD, |model: &Self, state: &State| {
                let telling = state.nodes.contains(&Node::Telling(state.version))
                    || state.workers.contains(&Worker::Telling(state.version));
                let found = state.later.than_mark && model.hold(Rule::EmitsAgain);
                state.told == state.version || telling || found
            }),
            Property::sometimes("nothing has to be told again", |_, state: &State| {
                state.version == VERSIONS_MAX && state.told == state.version && !state.later.than_mark
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Feed;
    use crate::proof::prove;

    #[test]
    fn a_lost_feed_row_is_written_again() {
        prove("feed", |rules| vec![Feed::with(rules)]);
    }
}
