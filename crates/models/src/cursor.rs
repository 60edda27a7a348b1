//! A worker's position among events: in the feed, or in the outbox.
//!
//! Events take the time at which they were begun as their place and are seen later, or never. Two workers take turns by a
//! lease that may be over at any time; the one that lost it may sleep and go on. A position is moved after what is before it
//! was brought out.
//!
//! Left out: what an event is; clocks that are further apart than the skew.

use stateright::{Model, Property};

use crate::proof::{Rules, rules};

const PASSED: &str = "a cursor never passes an event that is not out";
const BACK: &str = "a cursor never goes back";

rules! {
    /// What the protocol of cursors says.
    AfterItIsOut: "A cursor moves only after what it passes is out." => PASSED,
    LessLongestWrite: "It is read up to now less the longest write time and the skew." => PASSED,
    Fenced: "A cursor is moved by who has its fencing epoch alone." => BACK,
}

/// Events that there will be.
const EVENTS: usize = 4;
const WORKERS: usize = 2;

/// An event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Event {
    /// Its time has not come.
    #[default]
    Later,
    /// It was begun and is not seen.
    Begun,
    /// It can be read.
    Seen,
    /// It was brought out.
    Out,
    /// Its writer is gone.
    Never,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reads.
    #[default]
    Read,
    /// Brings out what it read, one bit each, up to a place.
    Bring(u8, usize),
    /// Moves the cursor to a place.
    Move(usize),
}

/// A worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Worker {
    /// The epoch of its lease; none before it had one.
    pub fence: Option<u8>,
    /// Where it is.
    pub step: Step,
}

/// Events, the cursor, the workers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// By their place.
    pub events: [Event; EVENTS],
    /// Events before this place are out.
    pub position: usize,
    /// The fencing epoch: of the last worker that took the lease.
    pub fence: u8,
    /// The cursor went back.
    pub back: bool,
    /// The workers.
    pub workers: [Worker; WORKERS],
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The next event is begun.
    Begin(usize),
    /// An event is seen.
    See(usize),
    /// Its writer is gone.
    Lose(usize),
    /// A worker takes the lease.
    Take(usize),
    /// A worker goes on.
    Work(usize, Step),
}

/// The model.
#[derive(Clone, Debug)]
pub struct Cursor {
    rules: Rules<Rule>,
}

impl Cursor {
    /// With these rules.
    #[must_use]
    pub const fn with(rules: Rules<Rule>) -> Self {
        Self { rules }
    }

    fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    fn work(&self, state: &mut State, worker: Worker) -> Step {
        match worker.step {
            Step::Read => {
                let under_way = |event: &Event| match event {
                    Event::Later => true,
                    Event::Begun => self.hold(Rule::LessLongestWrite),
                    Event::Seen | Event::Out | Event::Never => false,
                };
                let up_to = state.events.iter().position(under_way).unwrap_or(EVENTS);
                let seen = |place: &usize| matches!(state.events[*place], Event::Seen | Event::Out);
                let read = (state.position..up_to).filter(seen).fold(0, |set, place| set | 1 << place);
                if self.hold(Rule::AfterItIsOut) {
                    return Step::Bring(read, up_to);
                }
                self.advance(state, worker, up_to);
                Step::Bring(read, up_to)
            }
            Step::Bring(0, up_to) if self.hold(Rule::AfterItIsOut) => Step::Move(up_to),
            Step::Bring(0, _) => Step::Read,
            Step::Bring(read, up_to) => {
                state.events[read.trailing_zeros() as usize] = Event::Out;
                Step::Bring(read & (read - 1), up_to)
            }
            Step::Move(up_to) => {
                self.advance(state, worker, up_to);
                Step::Read
            }
        }
    }

    fn advance(&self, state: &mut State, worker: Worker, up_to: usize) {
        if worker.fence == Some(state.fence) || !self.hold(Rule::Fenced) {
            state.back |= up_to < state.position;
            state.position = up_to;
        }
    }
}

impl Model for Cursor {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            events: [Event::Later; EVENTS],
            position: 0,
            fence: 0,
            back: false,
            workers: [Worker::default(); WORKERS],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let next = state.events.iter().position(|event| *event == Event::Later);
        actions.extend(next.map(Action::Begin));
        for (place, event) in state.events.iter().enumerate() {
            if *event == Event::Begun {
                actions.extend([Action::See(place), Action::Lose(place)]);
            }
        }
        for (place, worker) in state.workers.iter().enumerate() {
            // A worker that was never there before is one that forgot everything.
            actions.push(Action::Take(place));
            if worker.fence.is_some() {
                actions.push(Action::Work(place, worker.step));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Begin(place) => next.events[place] = Event::Begun,
            Action::See(place) => next.events[place] = Event::Seen,
            Action::Lose(place) => next.events[place] = Event::Never,
            Action::Take(place) => {
                // Of the epochs, only whether a worker has the last one matters.
                for worker in next.workers.iter_mut().filter(|worker| worker.fence.is_some()) {
                    worker.fence = Some(0);
                }
                next.fence = 1;
                next.workers[place] = Worker { fence: Some(1), step: Step::Read };
            }
            Action::Work(place, _) => {
                let worker = next.workers[place];
                next.workers[place].step = self.work(&mut next, worker);
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(PASSED, |_, state: &State| {
                state.events[..state.position].iter().all(|event| matches!(event, Event::Out | Event::Never))
            }),
            Property::always(BACK, |_, state: &State| !state.back),
            Property::sometimes("everything is out", |_, state: &State| {
                state.position == EVENTS && state.events == [Event::Out; EVENTS]
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use crate::proof::prove;

    #[test]
    fn a_cursor_passes_what_is_out() {
        prove("cursor", |rules| vec![Cursor::with(rules)]);
    }
}
