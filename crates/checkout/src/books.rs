//! The books of a chain: every change of a sale or a member, as a decision of the ledger carried out by a store.
//!
//! What a call does is decided by pure functions on one view of the store, which may run several times; so a retry, a
//! lost race and a lost answer all end in the same rows.

mod accrue;
mod archive;
mod cancel;
mod effects;
mod expired;
mod member;
mod outbox;
mod park;
mod queues;
mod refund;
mod sell;

use std::sync::Arc;

use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::head::Status;
use suanpan_ledger::refusal::{Conflict, Conflicts};
use suanpan_ledger::{
    Action, Actor, Applied, Change, Command, Entry, Head, Policy, Refusal, State, apply, due_at,
};
use suanpan_store::{Derived, Owner, Scope, Store, StoreError, Verdict, View, Write, decide_with};

use queues::Called;

pub use accrue::Worked;
pub use member::MemberAsk;
pub use queues::Queues;
pub use refund::Refund;
pub use sell::{Ask, Verb};

/// The books of one chain under one policy.
#[derive(Clone)]
pub struct Books {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// Whose.
    pub chain: String,
    /// The rules that hold now.
    pub policy: Arc<Policy>,
    /// Who waits for members that have no room.
    pub queues: Queues,
}

/// A row as it stands after a call, whoever's it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Whose: an id that turned out to belong to another owner's sale is answered with that.
    pub owner: Owner,
    /// The row.
    pub entry: Entry,
    /// It was there before the call.
    pub repeated: bool,
}

/// Why a call changed nothing, or may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BooksError {
    /// Every reason why not.
    #[error("refused for {} reasons", _0.len())]
    Refused(Conflicts),
    /// What the call was prepared on has changed, or was not looked at: look, and price again.
    #[error("something else of the sale came in between")]
    Stale,
    /// The store did not do it, or may have.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a decider wrote nothing and has no answer.
enum Undecided {
    /// Every reason why not.
    Refused(Conflicts),
    /// The member's first waiting entry has to be accrued before.
    AccrueFirst,
    /// The member was merged into this one.
    Moved(MemberId),
    /// What the call was prepared with has changed.
    Stale,
}

impl From<Conflicts> for Undecided {
    fn from(conflicts: Conflicts) -> Self {
        Self::Refused(conflicts)
    }
}

/// What a decider gives beside its verdict.
type Decided<T> = Result<T, Undecided>;

/// A verdict with its answer, or none that writes.
fn leaving<T>(decided: Decided<(Verdict, T)>) -> (Verdict, Decided<T>) {
    match decided {
        Ok((verdict, value)) => (verdict, Ok(value)),
        Err(Undecided::Refused(conflicts)) if conflicts.iter().any(is_of_shares) => {
            (Verdict::Short, Err(Undecided::Refused(conflicts)))
        }
        Err(undecided) => (Verdict::Leave, Err(undecided)),
    }
}

/// Whether a reason is that others have something of what there is for everybody.
const fn is_of_shares(conflict: &Conflict) -> bool {
    matches!(conflict.reason, Refusal::GlobalLimit | Refusal::GlobalBudget | Refusal::CodeHeld)
}

/// A merged member's calls go to who survives.
fn moved(head: &Head) -> Result<(), Undecided> {
    match &head.status {
        Status::Closed { survivor: Some(survivor) } => Err(Undecided::Moved(survivor.clone())),
        Status::Closed { survivor: None }
        | Status::Absent
        | Status::Guest
        | Status::Active
        | Status::Blocked => Ok(()),
    }
}

/// Every reason once, in the order of refusals.
fn ordered(mut conflicts: Conflicts) -> Conflicts {
    conflicts.sort();
    conflicts.dedup();
    conflicts
}

/// How often a call makes room for its member that other processes take, or follows a merge, before it gives up.
const TURNS_MAX: usize = 64;
/// For so many a caller makes room, where each costs it a write: those who wait behind it need not.
const ROOM_FOR: usize = 4;
/// How deep room is made for members that those who have no room bring something to.
const NESTED_MAX: u8 = 4;

/// When something is decided, and for whom.
#[derive(Clone, Copy)]
struct Moment {
    now_ms: i64,
    /// 0 for a caller, who waits in line for a member's room. Steps that make room wait in no line, or two who make room for
    /// each other's members would wait for ever; they are nested in each other so deep.
    nested: u8,
}

impl Moment {
    /// A caller's.
    const fn of_call(now_ms: i64) -> Self {
        Self { now_ms, nested: 0 }
    }

    /// A step's that a caller or the worker takes.
    const fn of_step(now_ms: i64) -> Self {
        Self { now_ms, nested: 1 }
    }

    /// A step's that makes room for this one.
    const fn inside(self) -> Option<Self> {
        let nested = self.nested + 1;
        if nested > NESTED_MAX { None } else { Some(Self { nested, ..self }) }
    }
}

impl Books {
    fn command(now_ms: i64, actor: &Actor, action: Action) -> Command {
        Command { now_ms, actor: actor.clone(), action }
    }

    /// The write of one changed head with the events that follow from it.
    fn write(policy: &Policy, owner: Owner, change: Change) -> Write {
        let due_at_ms = due_at(policy, &change.head);
        let mut derived = match &owner {
            Owner::Member(member) => outbox::events(policy, member, &change),
            Owner::Guest(_) => Vec::new(),
        };
        // However it came to be parked, by itself or with its sale: people find it on their list. Not when a parked row is
        // written again: by then somebody may have taken it off.
        let Entry { key, state, note, .. } = &change.entry;
        let owes = change.head.emitting.last().is_some_and(|last| last.version == change.head.version);
        if *state == State::Parked && owes {
            derived.push(Derived::Parked { key: *key, why: note.clone(), at_ms: change.head.as_of_ms });
        }
        Write { derived, ..Write::of(owner, change, due_at_ms) }
    }

    /// Ends what others have reserved under a sale's id.
    fn end_elsewhere(policy: &Policy, view: &View, command: &Command, write: &mut Write) {
        for other in view.elsewhere.iter().filter(|other| other.entry.state == State::Reserved) {
            let rows = std::slice::from_ref(&other.entry);
            if let Ok(Applied::Changed(change)) = apply(policy, &other.head, rows, command) {
                let due_at_ms = due_at(policy, &change.head);
                write.fence(other, *change, due_at_ms);
            }
        }
    }

    /// The command that fences another owner's reservation of a sale.
    fn fencing(now_ms: i64, actor: &Actor, checkout: CheckoutId) -> Command {
        Self::command(now_ms, actor, Action::EndReservation { checkout, fenced: true })
    }

    /// Decides on a view. Accrues the member's first waiting entries when the ledger asks for it; for a merged member
    /// gives [`Undecided::Moved`] as the inner error.
    async fn decide<T: Send + 'static>(
        &self,
        at: Moment,
        scope: Scope,
        decider: impl FnMut(&View) -> (Verdict, Decided<T>) + Send + Clone + 'static,
    ) -> Result<Result<T, MemberId>, BooksError> {
        let member = match &scope.owner {
            Owner::Member(member) => Some(member.clone()),
            Owner::Guest(_) => None,
        };
        let mut place = match &member {
            Some(member) if at.nested == 0 => self.queues.behind_others(member).await,
            _ => None,
        };
        for _ in 0..TURNS_MAX {
            let made = place.as_ref().map(Called::made);
            let (line, mut decider) = (place.as_ref().map(|place| Arc::clone(place.line())), decider.clone());
            let watched = move |view: &View| {
                if let Some(line) = &line {
                    line.saw(view.head.pending.len());
                }
                decider(view)
            };
            match decide_with(&*self.store, &self.chain, scope.clone(), watched).await? {
                Ok(value) => return Ok(Ok(value)),
                Err(Undecided::Refused(conflicts)) => return Err(BooksError::Refused(conflicts)),
                Err(Undecided::Stale) => return Err(BooksError::Stale),
                Err(Undecided::Moved(survivor)) => return Ok(Err(survivor)),
                Err(Undecided::AccrueFirst) => {
                    let (Some(member), Some(inside)) = (&member, at.inside()) else { break };
                    if at.nested > 0 {
                        // Boxed: the step decides by this function too.
                        Box::pin(self.work_some(member, ROOM_FOR, inside)).await?;
                        continue;
                    }
                    let here = match &mut place {
                        Some(here) => here,
                        None => {
                            let (called, waited) = self.queues.stand(member).await;
                            let here = place.insert(called);
                            if waited {
                                // Those before made room.
                                continue;
                            }
                            here
                        }
                    };
                    let Some(_turn) = here.turn(made.unwrap_or_else(|| here.made())).await else { continue };
                    let done = Box::pin(self.work_some(member, ROOM_FOR, inside)).await?;
                    here.make(done.room());
                }
            }
        }
        Err(StoreError::Busy.into())
    }
}
