//! Global limits: holds by the version that they are for, renewals, freeing, settlement, transfers between shards.
//!
//! Two pools of capacity: two limits of which a sale takes both, or two shards of one limit. Three sales, some of them of
//! one member. Every statement of a call is one step; every process may stop between any two of them, any number of times,
//! or sleep for any time and go on; every hold may be over at any time; other writes may change a member in between.
//!
//! Versions are compared, never counted: a state keeps the order of those that somebody still knows. So the space is
//! complete without a bound on versions or transfers.
//!
//! What a sale takes of a pool is one; what it has of it may be more, when a rule is left out.
//!
//! Left out: who owns a sale (the model `claims`), sales that take more than one, caps that are changed.

mod node;
mod rest;

use stateright::{Model, Property};

pub use self::node::{Call, Choice, Process, Step};
use crate::proof::{Rules, rules};

const CAP: &str = "used and held are within the cap";
const SUMS: &str = "sums are what the holders say";
const TAKEN: &str = "a confirmed sale has what it takes";
const QUIET: &str = "when all is quiet nothing is held and every sale is counted";
const EXACT: &str = "whoever asks gets one of N while fewer are sold";
const MOVED: &str = "capacity that was moved for a sale is that sale's";

rules! {
    /// What the protocol of global limits says.
    WithinCap: "A hold is refused when `used + held + overrun + amount > cap`." => CAP,
    ByOwner: "A hold is taken by `(checkout, owner)`." => TAKEN,
    WriteOnBasis: "The member's write is conditional on exactly the version that its holds are for." => TAKEN,
    RenewHolds: "After a lost race the node renews its holds for the new version first." => TAKEN,
    NeverBack: "A renewal never replaces a hold for a higher version." => TAKEN,
    RowIsGone: "Nobody frees a hold before a serial read shows that the row is absent or cancelled; an expired \
        `reserved` is first written `cancelled`." => TAKEN,
    VersionIsPast: "Nobody frees a hold before the head's version is past its basis; else it is raised first." => TAKEN,
    FreeUnchanged: "Freeing is conditional on the hold being unchanged." => TAKEN,
    RefusalToo: "A refusal releases by the same rule." => TAKEN,
    AbsentIsOverrun: "Settlement is an upsert: absent or freed becomes `overrun`." => QUIET,
    SettledOnce: "Settlement repeated does nothing." => SUMS,
    ResolveExpired: "Before refusing, a node resolves expired holds of every shard." => EXACT,
    FinishTransfers: "Before refusing, a node finishes open transfers of every shard." => EXACT,
    TransferRecorded: "A transfer leaves its source together with a record of it." => EXACT,
    TransferOnce: "A transfer arrives if it is absent there." => CAP,
    TransferWithHold: "A transfer carries capacity together with the hold." => MOVED,
    LateIsFree: "Capacity that arrives for a share that was taken since is anybody's." => QUIET,
    BackIsFree: "Capacity that arrives for a share whose sale came back is anybody's." => QUIET,
    BackStays: "Nothing is held for a sale that came back: whoever comes late looks again." => QUIET,
    PaidWithout: "What is held for a sale that was paid without it is freed." => QUIET,
}

/// Sales by their place.
pub type Sale = u8;
/// Sales that there are.
pub const SALES: usize = 3;
/// Pools of capacity.
pub const POOLS: usize = 2;
/// What may be taken of both together.
const CAPS: u8 = 2;
/// Calls that meet.
pub const CALLS: usize = 3;

/// What the two pools are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// Two limits of one use each: the first sale takes both, the second the first, the third the second. The first two
    /// sales are one member's.
    TwoLimits,
    /// Two shards with one use each of one limit: the first two sales are at home in the first, the third in the second.
    /// Each sale is another member's.
    TwoShards,
}

impl World {
    /// Pools from which a sale takes, in their order.
    pub(crate) const fn pools(self, sale: Sale) -> &'static [usize] {
        match (self, sale) {
            (Self::TwoLimits, 0) => &[0, 1],
            (Self::TwoLimits, 1) | (Self::TwoShards, 0 | 1) => &[0],
            (Self::TwoLimits | Self::TwoShards, _) => &[1],
        }
    }

    /// Whose sale it is.
    pub(crate) const fn member(self, sale: Sale) -> usize {
        match (self, sale) {
            (Self::TwoLimits, 0 | 1) => 0,
            (Self::TwoLimits | Self::TwoShards, _) => sale as usize,
        }
    }
}

/// A sale's row in its member's partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// There is none.
    #[default]
    Null,
    /// Held.
    Reserved,
    /// Paid.
    Confirmed,
    /// Paid already when it was recorded.
    Recorded,
    /// It will not be paid, or its reservation ended.
    Cancelled,
    /// Paid, priced otherwise: it takes nothing of the pools.
    Without,
    /// Paid, and come back whole.
    Returned,
}

/// What a sale has of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// Nothing, never.
    #[default]
    Absent,
    /// Held for a write on this version of the member.
    Held(u8),
    /// Paid.
    Used,
    /// Paid without having been there to take.
    Overrun,
    /// The hold ended without a sale.
    Freed,
    /// Paid, and come back.
    GivenBack,
}

/// Capacity on its way to the other pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Transfer {
    /// From where.
    pub source: u8,
    /// Names it among those of its source.
    pub id: u8,
    /// For whom.
    pub sale: Sale,
    /// The version that the hold is for.
    pub basis: u8,
}

/// One limit's shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// What may be taken.
    pub cap: u8,
    /// By paid sales.
    pub used: u8,
    /// By holds.
    pub held: u8,
    /// By facts that found nothing left or held nothing.
    pub overrun: u8,
    /// What each sale has of it.
    pub holders: [Holder; SALES],
    /// How much that is.
    pub amounts: [u8; SALES],
    /// Record of what left for the other pool.
    pub open: Option<Transfer>,
    /// Ids of the other pool's transfers that arrived here, one bit each.
    pub arrived: u8,
}

impl Pool {
    fn holder(&self, sale: Sale) -> Holder {
        self.holders[usize::from(sale)]
    }

    fn holder_mut(&mut self, sale: Sale) -> &mut Holder {
        &mut self.holders[usize::from(sale)]
    }

    fn amount_mut(&mut self, sale: Sale) -> &mut u8 {
        &mut self.amounts[usize::from(sale)]
    }

    const fn room(&self) -> bool {
        self.used + self.held + self.overrun < self.cap
    }
}

/// Members, limits and processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Versions of the members' heads.
    pub versions: [u8; SALES],
    /// The sales' rows.
    pub rows: [Row; SALES],
    /// The limits' shards.
    pub pools: [Pool; POOLS],
    /// Who is at it.
    pub processes: [Process; CALLS],
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process carries out its next statement, one of those that it may.
    Run(usize, Call, Step, Choice),
    /// A process is gone, or its answer is lost: the call begins anew.
    Again(usize),
    /// Something else is written to a member.
    Change(usize),
}

/// The model: what the pools are, which calls meet, and which rules hold.
#[derive(Clone, Debug)]
pub struct Limits {
    rules: Rules<Rule>,
    pub(crate) world: World,
    meetings: Vec<[Process; CALLS]>,
    /// A sale that is reserved at first.
    reserved: Option<Sale>,
}

impl Limits {
    /// Every set of [`CALLS`] of these calls.
    #[must_use]
    pub fn of(world: World, calls: &[Call], rules: Rules<Rule>) -> Self {
        let process = |place: usize| Process::new(calls[place]);
        let mut meetings = Vec::new();
        for first in 0..calls.len() {
            for second in first..calls.len() {
                for third in second..calls.len() {
                    meetings.push([process(first), process(second), process(third)]);
                }
            }
        }
        Self { rules, world, meetings, reserved: None }
    }

    /// With this sale reserved before anything happens.
    #[must_use]
    pub const fn reserved(mut self, sale: Sale) -> Self {
        self.reserved = Some(sale);
        self
    }

    pub(crate) fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }

    /// By what a sale's hold is named. The first two sales may be two owners' of one checkout: of these, one name is not
    /// enough.
    pub(crate) fn holder_of(&self, sale: Sale) -> Sale {
        if sale == 1 && !self.hold(Rule::ByOwner) { 0 } else { sale }
    }
}

impl Model for Limits {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let pool = Pool {
            cap: 1,
            used: 0,
            held: 0,
            overrun: 0,
            holders: [Holder::Absent; SALES],
            amounts: [0; SALES],
            open: None,
            arrived: 0,
        };
        let start = |processes: &[Process; CALLS]| {
            let (versions, rows) = ([0; SALES], [Row::Null; SALES]);
            let mut state = State { versions, rows, pools: [pool; POOLS], processes: *processes };
            if let Some(sale) = self.reserved {
                state.rows[usize::from(sale)] = Row::Reserved;
                state.versions[self.world.member(sale)] = 1;
                for pool in self.world.pools(sale) {
                    node::take(&mut state.pools[*pool], sale, 0);
                }
            }
            state
        };
        self.meetings.iter().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, process) in state.processes.iter().enumerate() {
            let run = |choice| Action::Run(place, process.call, process.step, choice);
            actions.extend(node::choices(self, state, place).into_iter().map(run));
            if *process != Process::new(process.call) {
                actions.push(Action::Again(place));
            }
        }
        actions.extend((0..SALES).filter(|member| rest::is_known(self, state, *member)).map(Action::Change));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Run(place, _, _, choice) => {
                node::step(self, &mut next, place, choice);
                // A caller that was answered may ask again, as one that was not.
                if matches!(next.processes[place].step, Step::Told | Step::Refused) {
                    next.processes[place] = Process::new(next.processes[place].call);
                }
            }
            Action::Again(place) => next.processes[place] = Process::new(next.processes[place].call),
            Action::Change(member) => next.versions[member] += 1,
        }
        rest::normalise(self, &mut next);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(CAP, |_, state: &State| {
                let caps: u8 = state.pools.iter().map(|pool| pool.cap).sum();
                caps <= CAPS && state.pools.iter().all(|pool| pool.used + pool.held <= pool.cap)
            }),
            Property::always(SUMS, |_, state: &State| {
                state.pools.iter().all(|pool| {
                    let count = |is: fn(&Holder) -> bool| {
                        let have = pool.holders.iter().zip(pool.amounts).filter(|(holder, _)| is(holder));
                        have.map(|(_, amount)| amount).sum::<u8>()
                    };
                    pool.used == count(|holder| *holder == Holder::Used)
                        && pool.overrun == count(|holder| *holder == Holder::Overrun)
                        && pool.held == count(|holder| matches!(holder, Holder::Held(_)))
                })
            }),
            Property::always(TAKEN, |model: &Self, state: &State| {
                let confirmed = (0..).zip(&state.rows).filter(|(_, row)| **row == Row::Confirmed);
                confirmed.map(|(sale, _)| sale).all(|sale| {
                    let has = |pool: &usize| state.pools[*pool].holder(model.holder_of(sale));
                    let mut holders = model.world.pools(sale).iter().map(has);
                    holders.all(|holder| matches!(holder, Holder::Held(_) | Holder::Used))
                })
            }),
            // Until the version is past: then the hold may be over, and freed.
            Property::always(MOVED, |model: &Self, state: &State| {
                !state.processes.iter().any(|process| match (process.step, process.call.sale()) {
                    (Step::Full { version, .. }, Some(sale)) => {
                        let head = state.versions[model.world.member(sale)];
                        process.moved == Some(version) && version == head
                    }
                    _ => false,
                })
            }),
            // What processes know is lost when all of them stop: what is left is what has to be tidied, and sold.
            Property::always(QUIET, |model: &Self, state: &State| {
                !rest::is_reached(state) || rest::is_quiet(model, &rest::tidied(model, state))
            }),
            Property::always(EXACT, |model: &Self, state: &State| {
                !rest::is_reached(state) || rest::is_exact(model, state)
            }),
            Property::sometimes("capacity is moved", |model: &Self, state: &State| {
                model.world == World::TwoLimits || state.pools[0].cap == CAPS
            }),
        ];
        if self.reserved.is_none() {
            properties.push(Property::sometimes("everything is sold", |_, state: &State| {
                state.pools.iter().map(|pool| pool.used).sum::<u8>() == CAPS
            }));
            properties.push(Property::sometimes("a sale is refused", |_, state: &State| {
                state.processes.iter().any(|process| process.releasing && process.call == Call::Confirm(0))
            }));
        } else {
            properties.push(Property::sometimes("a sale comes back", |_, state: &State| {
                state.rows.contains(&Row::Returned)
            }));
        }
        let records = |process: &Process| matches!(process.call, Call::Record(_));
        if self.meetings.iter().flatten().any(records) {
            properties.push(Property::sometimes("a fact overruns", |_, state: &State| {
                state.pools.iter().any(|pool| pool.used + pool.overrun > pool.cap)
            }));
        }
        properties
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Limits, Rule, World};
    use crate::proof::prove;

    #[test]
    fn limits_hold_and_nothing_leaks() {
        use Call::{Cancel, Confirm, Record, Reserve, Return, Sweep, Without};
        let of_two = [Reserve(0), Confirm(0), Record(0), Cancel(0), Confirm(1), Confirm(2), Sweep];
        let of_one = [Confirm(0), Cancel(0), Confirm(1), Confirm(2), Record(2)];
        prove("limits", |rules| {
            let limits = || Limits::of(World::TwoLimits, &of_two, rules);
            let shards = || Limits::of(World::TwoShards, &of_one, rules);
            let returned =
                || Limits::of(World::TwoShards, &[Confirm(0), Return(0), Cancel(1)], rules).reserved(1);
            let without = || Limits::of(World::TwoLimits, &[Confirm(0), Without(0), Confirm(1)], rules);
            match rules.left_out() {
                None => vec![limits(), shards(), returned(), without()],
                Some(
                    Rule::ByOwner
                    | Rule::FinishTransfers
                    | Rule::TransferRecorded
                    | Rule::TransferOnce
                    | Rule::TransferWithHold,
                ) => vec![shards()],
                Some(Rule::LateIsFree | Rule::BackIsFree | Rule::BackStays) => vec![returned()],
                Some(Rule::PaidWithout) => vec![without()],
                Some(_) => vec![limits()],
            }
        });
    }
}
