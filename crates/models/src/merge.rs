//! Merges: two members become one, and two merges the other way round never both succeed.
//!
//! Three members with points; one merge each way between the first two, and one of the second into the third. Each merge
//! is carried out by two processes, since its caller asks again while the first is at it; each may stop between any two
//! statements. The lock and the close are rows under the merge's request id, on the survivor and on the source. The effect
//! that carries the source's points over is one step, as the model `accrual` shows that it may be.
//!
//! Left out: what a merge does to counters, tiers and coupons; sales of a closed member (the model `claims`).

use stateright::{Model, Property};

use crate::proof::{Rules, rules};

const NO_CIRCLE: &str = "from every closed member there is a way to an open one";
const QUIET: &str = "when all is quiet no lock is left and all points are an open member's";
const ONE: &str = "of two merges the other way round one is done, when nothing else keeps both from it";
const TRUE: &str = "a merge that was refused for good does not happen";

rules! {
    /// What the protocol of merges says.
    LockFirst: "The survivor is locked before the source closes." => NO_CIRCLE,
    LockedStays: "A head that holds a lock cannot close." => NO_CIRCLE,
    Withdraw: "Who cannot close the source gives its lock up." => QUIET,
    ArrivalUnlocks: "The lock ends with what the source had." => QUIET,
    SourceFirst: "Who withdraws writes that on the source first, where a second process finds it; then it \
        unlocks." => NO_CIRCLE,
    SmallerGoes: "Of two merges the other way round the one with the smaller survivor ends the other, then closes its \
        source." => ONE,
    EndsOnSourceFirst: "Who ends the other writes that on the other's source first, as its own process does." => TRUE,
    EffectSecond: "The source closes with its points written out; they arrive as an effect named by the merge." => QUIET,
}

/// Members by their place.
pub type Member = usize;
/// Members that there are.
pub const MEMBERS: usize = 3;
/// Merges, as survivor and source.
const MERGES: [(Member, Member); 3] = [(0, 1), (1, 0), (2, 1)];
/// Processes of each merge.
const TWINS: usize = 2;
/// Points of all members together.
const POINTS: u8 = 0b111;

/// A member's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// Points, one bit for each member that they were at first.
    pub points: u8,
    /// Into whom it was merged.
    pub survivor: Option<Member>,
    /// The source that it waits for.
    pub lock: Option<Member>,
}

/// A merge's row on the survivor, and on the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Row {
    /// There is none.
    #[default]
    Null,
    /// Locked; closed, with the points written out.
    Done,
    /// Given up.
    Cancelled,
}

/// Where a process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Step {
    /// Locks the survivor.
    #[default]
    Lock,
    /// Closes the source.
    Close,
    /// Writes on the source that it will not be closed.
    GiveUp,
    /// Unlocks the survivor.
    Unlock,
    /// Writes, on its own survivor, that the merge the other way round will not close it.
    EndOther,
    /// Unlocks its own source for that one.
    UnlockOther,
    /// It is done.
    Merged,
    /// It is refused, for good when a row says so.
    Refused,
}

/// Members, merges, processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The members' heads.
    pub heads: [Head; MEMBERS],
    /// Of each merge, the row on the survivor.
    pub locks: [Row; MERGES.len()],
    /// Of each merge, the row on the source.
    pub closes: [Row; MERGES.len()],
    /// Of each merge, the points that are on their way; none when they have arrived.
    pub estates: [Option<u8>; MERGES.len()],
    /// Whether one of the two that go both ways met an open hold of its source.
    pub held: bool,
    /// Each merge's processes.
    pub processes: [[Step; TWINS]; MERGES.len()],
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process of a merge carries out its next statement.
    Run(usize, usize, Step),
    /// A process meets an open hold of the source.
    MeetsHold(usize, usize),
    /// A process is gone, or its answer is lost: the call begins anew.
    Again(usize, usize),
    /// The worker brings a merge's points to the survivor.
    Carry(usize),
}

/// The model.
#[derive(Clone, Debug)]
pub struct Merge {
    rules: Rules<Rule>,
}

impl Merge {
    /// With these rules.
    #[must_use]
    pub const fn with(rules: Rules<Rule>) -> Self {
        Self { rules }
    }

    fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    /// What a process does on meeting that the source cannot close.
    fn withdraw(&self) -> Step {
        match (self.hold(Rule::Withdraw), self.hold(Rule::SourceFirst)) {
            (false, _) => Step::Refused,
            (true, true) => Step::GiveUp,
            (true, false) => Step::Unlock,
        }
    }

    fn step(&self, state: &mut State, merge: usize, step: Step) -> Step {
        let (survivor, source) = MERGES[merge];
        match step {
            Step::Lock if !self.hold(Rule::LockFirst) => Step::Close,
            Step::Lock => match state.locks[merge] {
                // One that was given up finds that on the source.
                Row::Done | Row::Cancelled => Step::Close,
                Row::Null => {
                    let head = &mut state.heads[survivor];
                    if head.survivor.is_some() || head.lock.is_some() {
                        return Step::Refused;
                    }
                    head.lock = Some(source);
                    state.locks[merge] = Row::Done;
                    Step::Close
                }
            },
            Step::Close => match state.closes[merge] {
                Row::Done => Step::Merged,
                Row::Cancelled => self.withdraw(),
                Row::Null => self.close(state, merge),
            },
            Step::GiveUp => match state.closes[merge] {
                Row::Done => Step::Merged,
                Row::Null | Row::Cancelled => {
                    state.closes[merge] = Row::Cancelled;
                    Step::Unlock
                }
            },
            Step::Unlock => {
                unlock(state, merge);
                Step::Refused
            }
            Step::EndOther => match other_way(merge) {
                Some(other) if state.closes[other] == Row::Null => {
                    state.closes[other] = Row::Cancelled;
                    Step::UnlockOther
                }
                Some(other) if state.closes[other] == Row::Cancelled => Step::UnlockOther,
                Some(_) | None => self.withdraw(),
            },
            Step::UnlockOther => {
                if let Some(other) = other_way(merge) {
                    unlock(state, other);
                }
                Step::Close
            }
            Step::Merged | Step::Refused => step,
        }
    }

    fn close(&self, state: &mut State, merge: usize) -> Step {
        let (survivor, source) = MERGES[merge];
        let head = &mut state.heads[source];
        if head.survivor.is_some() || head.lock.is_some() && self.hold(Rule::LockedStays) {
            let mutual = head.survivor.is_none() && head.lock == Some(survivor) && survivor < source;
            return match (mutual && self.hold(Rule::SmallerGoes), self.hold(Rule::EndsOnSourceFirst)) {
                (false, _) => self.withdraw(),
                (true, true) => Step::EndOther,
                (true, false) => Step::UnlockOther,
            };
        }
        head.survivor = Some(survivor);
        state.closes[merge] = Row::Done;
        let points = std::mem::take(&mut head.points);
        if self.hold(Rule::EffectSecond) {
            state.estates[merge] = Some(points);
        }
        Step::Merged
    }

    fn carry(&self, state: &mut State, merge: usize) {
        let (survivor, source) = MERGES[merge];
        let Some(target) = open(state, survivor) else { return };
        let Some(points) = state.estates[merge].take() else { return };
        let head = &mut state.heads[target];
        head.points |= points;
        if head.lock == Some(source) && self.hold(Rule::ArrivalUnlocks) {
            head.lock = None;
        }
    }

    /// After each caller has asked once more, and the worker has carried everything.
    fn is_quiet(&self, state: &State) -> bool {
        let mut state = state.clone();
        for merge in 0..MERGES.len() {
            let mut step = Step::Lock;
            while !matches!(step, Step::Merged | Step::Refused) {
                step = self.step(&mut state, merge, step);
            }
            (0..MERGES.len()).for_each(|merge| self.carry(&mut state, merge));
        }
        let open = state.heads.iter().filter(|head| head.survivor.is_none());
        let points = open.fold(0, |points, head| points | head.points);
        points == POINTS && state.heads.iter().all(|head| head.lock.is_none())
    }
}

/// The survivor gives a merge up.
fn unlock(state: &mut State, merge: usize) {
    let (survivor, source) = MERGES[merge];
    let head = &mut state.heads[survivor];
    if state.locks[merge] == Row::Done && head.lock == Some(source) {
        head.lock = None;
    }
    state.locks[merge] = Row::Cancelled;
}

/// The merge of the same two the other way round.
fn other_way(merge: usize) -> Option<usize> {
    let (survivor, source) = MERGES[merge];
    MERGES.iter().position(|other| *other == (source, survivor))
}

/// Who a member is today; none when there is nobody.
fn open(state: &State, member: Member) -> Option<Member> {
    let mut member = member;
    for _ in 0..MEMBERS {
        match state.heads[member].survivor {
            None => return Some(member),
            Some(survivor) => member = survivor,
        }
    }
    None
}

impl Model for Merge {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let head = |member: Member| Head { points: 1 << member, survivor: None, lock: None };
        vec![State {
            heads: [head(0), head(1), head(2)],
            locks: [Row::Null; MERGES.len()],
            closes: [Row::Null; MERGES.len()],
            estates: [None; MERGES.len()],
            held: false,
            processes: [[Step::Lock; TWINS]; MERGES.len()],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (merge, twins) in state.processes.iter().enumerate() {
            for (twin, step) in twins.iter().enumerate() {
                if !matches!(step, Step::Merged | Step::Refused) {
                    actions.push(Action::Run(merge, twin, *step));
                }
                if *step == Step::Close && state.closes[merge] == Row::Null {
                    actions.push(Action::MeetsHold(merge, twin));
                }
                if *step != Step::Lock {
                    actions.push(Action::Again(merge, twin));
                }
            }
            if state.estates[merge].is_some() {
                actions.push(Action::Carry(merge));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(merge, twin, step) => {
                next.processes[merge][twin] = self.step(&mut next, merge, step);
            }
            Action::MeetsHold(merge, twin) => {
                next.held |= other_way(merge).is_some();
                next.processes[merge][twin] = self.withdraw();
            }
            Action::Again(merge, twin) => next.processes[merge][twin] = Step::Lock,
            Action::Carry(merge) => self.carry(&mut next, merge),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_CIRCLE, |_, state: &State| {
                (0..MEMBERS).all(|member| open(state, member).is_some())
            }),
            Property::always(TRUE, |_, state: &State| {
                let rows = state.locks.iter().zip(&state.closes);
                rows.into_iter().all(|rows| rows != (&Row::Cancelled, &Row::Done))
            }),
            Property::always(ONE, |_, state: &State| {
                let both = state.locks[..2] == [Row::Cancelled; 2];
                !both || state.held || state.closes[2] == Row::Done
            }),
            // What processes know is lost when all of them stop: what is left is what has to lead on.
            Property::always(QUIET, |model: &Self, state: &State| {
                let busy = state.processes.iter().flatten().any(|step| *step != Step::Lock);
                busy || model.is_quiet(state)
            }),
            Property::sometimes("a merge is done", |_, state: &State| state.heads[0].points == 0b011),
            Property::sometimes("both ways withdraw", |_, state: &State| {
                state.locks[..2] == [Row::Cancelled; 2]
            }),
            Property::sometimes("a survivor is merged too", |_, state: &State| {
                state.heads[2].points == POINTS
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Merge;
    use crate::proof::prove;

    #[test]
    fn two_become_one() {
        prove("merge", |rules| vec![Merge::with(rules)]);
    }
}
