//! The worker's steps: what waits and what time made due, one after the other, each by one conditional write.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::command::EntryRef;
use suanpan_ledger::limits::EMITTING_BEGUN_MAX;
use suanpan_ledger::refusal::Conflicts;
use suanpan_ledger::{Action, Actor, Applied, Due, Entry, EntryKey, Head, Policy, Role, State, apply, due};
use suanpan_store::{Owner, Scope, StoreError, Verdict, View};

use super::{Books, BooksError, Moment, Undecided, leaving};

/// What was done for a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// Sales credited and returns taken back.
    pub accrued: u32,
    /// Entries that could not be and wait for a person.
    pub parked: u32,
    /// Reservations that ended.
    pub ended: u32,
    /// Ticks.
    pub ticks: u32,
    /// Rows whose effects and events are out.
    pub emitted: u32,
    /// Bodies of rows that moved to the archive.
    pub archived: u32,
}

impl Worked {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            accrued: self.accrued + other.accrued,
            parked: self.parked + other.parked,
            ended: self.ended + other.ended,
            ticks: self.ticks + other.ticks,
            emitted: self.emitted + other.emitted,
            archived: self.archived + other.archived,
        }
    }

    const fn any(self) -> bool {
        self.accrued + self.parked + self.ended + self.ticks + self.emitted + self.archived > 0
    }

    /// For how many entries there is room by it.
    pub(super) fn room(self) -> usize {
        usize::try_from(self.accrued + self.parked).unwrap_or(usize::MAX)
    }
}

/// Steps for one member in one go: what a full list of waiting entries needs, twice. More waits for the next go.
const STEPS_MAX: usize = 256;

/// Bodies that one step moves; more wait for the next, so that whoever waits behind a step does not wait for a life's rows.
const ARCHIVED_MAX: u32 = 256;

impl Books {
    /// Does everything that is due for a member.
    ///
    /// # Errors
    /// [`BooksError::Store`]; what was done before stays done. Refusals of an effect by another member too: they need a
    /// person, and are met again.
    pub async fn work(&self, member: &MemberId, now_ms: i64) -> Result<Worked, BooksError> {
        Ok(self.work_up_to(member, now_ms).await?.0)
    }

    /// As [`work`](Self::work), with the epoch and version of the head at which nothing was due any more; none when it ended
    /// before, or when there is no head.
    ///
    /// # Errors
    /// As [`work`](Self::work).
    pub async fn work_up_to(
        &self,
        member: &MemberId,
        now_ms: i64,
    ) -> Result<(Worked, Option<(u64, u64)>), BooksError> {
        let mut done = Worked::default();
        for _ in 0..STEPS_MAX {
            let (step, rest) = self.step_for(member, EMITTING_BEGUN_MAX, Moment::of_step(now_ms)).await?;
            done = done.plus(step);
            match rest {
                Rest::Nothing { epoch, version } => return Ok((done, Some((epoch, version)))),
                Rest::Perhaps if step.any() => {}
                Rest::Perhaps => break,
            }
        }
        Ok((done, None))
    }

    /// Ends a reservation that nobody came back for, whoever's it is, with everything that it holds of limits and codes;
    /// whether this call did. Not when there is none any more: what is held for it all the same, nobody may have; and not when
    /// its time is not over.
    ///
    /// # Errors
    /// [`BooksError::Store`]; [`BooksError::Refused`] when the sale was paid under another owner.
    pub async fn end_expired(
        &self,
        owner: Owner,
        checkout: CheckoutId,
        now_ms: i64,
    ) -> Result<bool, BooksError> {
        let ended = self.end_reservation(owner, checkout, &worker(), Moment::of_step(now_ms)).await?;
        Ok(ended.is_some_and(|recorded| !recorded.repeated))
    }

    /// Does the first thing that is due for a member, of entries that wait so many at most; where the store keeps the order
    /// of what it is asked for, all of them. Nothing when nothing is due.
    pub(super) async fn work_some(
        &self,
        member: &MemberId,
        at_most: usize,
        at: Moment,
    ) -> Result<Worked, BooksError> {
        Ok(self.step_for(member, at_most, at).await?.0)
    }

    async fn step_for(
        &self,
        member: &MemberId,
        at_most: usize,
        at: Moment,
    ) -> Result<(Worked, Rest), BooksError> {
        let (mut done, mut rest) = (Worked::default(), Rest::Perhaps);
        let Some(row) = self.store.member(&self.chain, member).await? else { return Ok((done, rest)) };
        let actor = worker();
        let Some(first) = due(&self.policy, &row.head, at.now_ms).into_iter().next() else {
            return Ok((done, Rest::of(&self.policy, &row.head, at)));
        };
        match first {
            Due::ClearEmitting(version) => {
                (done, rest) = self.emit(member, &row.head, version, &actor, at).await?;
            }
            Due::Accrue(_) if self.store.keeps_order() => {
                done = self.accrue_waiting(member, &row.head, &actor, at).await?;
            }
            Due::Accrue(_) => {
                let at_most = at_most.min(EMITTING_BEGUN_MAX);
                (done, rest) = self.accrue_first(member, &row.head, at_most, &actor, at).await?;
            }
            Due::EndReservation(checkout) => {
                let owner = Owner::Member(member.clone());
                done.ended = u32::from(self.end_reservation(owner, checkout, &actor, at).await?.is_some());
            }
            Due::Tick => {
                let scope = Scope::of(Owner::Member(member.clone()));
                let ticked = self.step(member, scope, Action::Tick, &actor, at).await?;
                done.ticks = u32::from(ticked.is_some());
                rest = ticked.unwrap_or(rest);
            }
        }
        Ok((done, rest))
    }

    /// Sends what the rows in `emitting` owe, then clears them. When bodies are left that have to move, nothing is cleared:
    /// the next step goes on with them.
    async fn emit(
        &self,
        member: &MemberId,
        head: &Head,
        version: u64,
        actor: &Actor,
        at: Moment,
    ) -> Result<(Worked, Rest), BooksError> {
        let mut done = Worked::default();
        // Others may wait for a place before they take what this one owes them, so room is made for them first.
        if head.emitting.len() > EMITTING_BEGUN_MAX {
            done.emitted = self.clear_told(member, head, actor, at).await?;
            if done.emitted > 0 {
                return Ok((done, Rest::Perhaps));
            }
        }
        let mut last = None;
        for waiting in head.emitting.iter().filter(|waiting| waiting.version <= version) {
            let scope = Scope::of(Owner::Member(member.clone())).reading(waiting.key);
            let key = waiting.key;
            let reader = move |view: &View| leaving(Ok((Verdict::Leave, view.entry(key).cloned())));
            if let Ok(Some(row)) = self.decide(at, scope, reader).await? {
                self.carry(member, &row, actor, at).await?;
                let left = ARCHIVED_MAX.saturating_sub(done.archived);
                let archived = self.archive(member, &row, left).await?;
                done.archived += archived.moved;
                if archived.more {
                    return Ok((done, Rest::Perhaps));
                }
            }
            last = Some(waiting.key);
        }
        done.emitted = 1;
        let Some(key) = last else { return Ok((done, Rest::Perhaps)) };
        let scope = Scope::of(Owner::Member(member.clone())).reading(key);
        let action = Action::ClearEmitting { up_to_version: version };
        let cleared = self.step(member, scope, action, actor, at).await?;
        Ok((done, cleared.unwrap_or(Rest::Perhaps)))
    }

    /// Clears what tells events alone of what is emitting, whatever else is; how many rows are out by it.
    async fn clear_told(
        &self,
        member: &MemberId,
        head: &Head,
        actor: &Actor,
        at: Moment,
    ) -> Result<u32, BooksError> {
        let owner = Owner::Member(member.clone());
        let keys = head.emitting.iter().map(|waiting| waiting.key);
        let scope = keys.fold(Scope::of(owner.clone()), Scope::reading);
        let (policy, command) =
            (Arc::clone(&self.policy), Arc::new(Self::command(at.now_ms, actor, Action::ClearTold)));
        let decider = move |view: &View| {
            leaving(match apply(&policy, &view.head, &view.entries, &command) {
                Ok(Applied::Changed(change)) => {
                    let out = view.head.emitting.len().saturating_sub(change.head.emitting.len());
                    let out = u32::try_from(out).unwrap_or(u32::MAX);
                    Ok((Books::write(&policy, owner.clone(), *change).into(), out))
                }
                Ok(Applied::Known(_) | Applied::Nothing | Applied::AccrueFirst) => Ok((Verdict::Leave, 0)),
                Err(conflicts) => Err(Undecided::from(conflicts)),
            })
        };
        Ok(self.decide(at, scope, decider).await?.unwrap_or(0))
    }

    async fn accrue(
        &self,
        member: &MemberId,
        entry: EntryRef,
        actor: &Actor,
        at: Moment,
    ) -> Result<Accrued, BooksError> {
        let policy = Arc::clone(&self.policy);
        let (owner, actor) = (Owner::Member(member.clone()), actor.clone());
        let decider = move |view: &View| {
            leaving(Ok::<_, Undecided>(accrued(&policy, view, &owner, entry, &actor, at.now_ms)))
        };
        let scope = scope_of(member, entry);
        match self.decide(at, scope, decider).await {
            Err(BooksError::Store(StoreError::Corrupt(why))) => {
                self.park_unread(member, entry, why, worker(), at).await
            }
            accrued => Ok(accrued?.unwrap_or(Accrued::Nothing)),
        }
    }

    /// Accrues everything that waits, in its order, without waiting for one answer before the next is asked for: the store
    /// commits it together. As many as may be emitting, then their clearing, and so on.
    async fn accrue_waiting(
        &self,
        member: &MemberId,
        head: &Head,
        actor: &Actor,
        at: Moment,
    ) -> Result<Worked, BooksError> {
        let parts = head.pending.chunks(EMITTING_BEGUN_MAX).map(|part| async move {
            let entries = part.iter().filter_map(|waiting| entry_of(waiting.key));
            let accrued = join_all(entries.map(|entry| self.accrue(member, entry, actor, at)));
            let keys = part.iter().map(|waiting| waiting.key).collect();
            // Both are asked for in this order before either is answered.
            join(accrued, self.clear(member, keys, actor, at)).await
        });
        let mut done = Worked::default();
        for (accrued, cleared) in join_all(parts).await {
            for accrued in accrued {
                match accrued? {
                    Accrued::Yes => done.accrued += 1,
                    Accrued::Parked => done.parked += 1,
                    Accrued::Nothing => {}
                }
            }
            done.emitted += match cleared {
                // One of the rows that were to be cleared cannot be read, and is parked now: the next step clears the others.
                Err(BooksError::Store(StoreError::Corrupt(_))) if done.parked > 0 => 0,
                cleared => cleared?.0,
            };
        }
        Ok(done)
    }

    /// Accrues the first of what waits, then clears them together. They are asked for at once: each is carried out when it is
    /// the first, most often in this order, and what they owe the world is paid together.
    async fn accrue_first(
        &self,
        member: &MemberId,
        head: &Head,
        at_most: usize,
        actor: &Actor,
        at: Moment,
    ) -> Result<(Worked, Rest), BooksError> {
        let (mut done, mut rest) = (Worked::default(), Rest::Perhaps);
        let first = &head.pending[..head.pending.len().min(at_most)];
        let entries: Vec<EntryRef> = first.iter().filter_map(|waiting| entry_of(waiting.key)).collect();
        let accrued = entries.iter().map(|entry| self.accrue(member, *entry, actor, at));
        let mut keys = Vec::new();
        for (accrued, entry) in join_all(accrued).await.into_iter().zip(&entries) {
            match accrued? {
                Accrued::Yes => done.accrued += 1,
                // Perhaps because it cannot be read: then it is not cleared here either.
                Accrued::Parked => {
                    done.parked += 1;
                    continue;
                }
                // Somebody else did it, or what was before it failed.
                Accrued::Nothing => {}
            }
            keys.push(key_of(*entry));
        }
        if done.any() {
            (done.emitted, rest) = self.clear(member, keys, actor, at).await?;
        }
        Ok((done, rest))
    }

    /// Clears what is emitting when all of it is among these rows and brings nothing to other members: its events were
    /// written together with it. Else nothing. Gives how many rows are out, and what is left then.
    async fn clear(
        &self,
        member: &MemberId,
        keys: Vec<EntryKey>,
        actor: &Actor,
        at: Moment,
    ) -> Result<(u32, Rest), BooksError> {
        let owner = Owner::Member(member.clone());
        let scope = keys.iter().fold(Scope::of(owner.clone()), |scope, key| scope.reading(*key));
        let (policy, actor) = (Arc::clone(&self.policy), actor.clone());
        let decider = move |view: &View| {
            let plain = |key: EntryKey| view.entry(key).is_some_and(Entry::tells_alone);
            let emitting = &view.head.emitting;
            let Some(last) = emitting.last().filter(|_| emitting.iter().all(|waiting| plain(waiting.key)))
            else {
                return leaving(Ok((Verdict::Leave, (0, Rest::Perhaps))));
            };
            let out = u32::try_from(emitting.len()).unwrap_or(u32::MAX);
            let action = Action::ClearEmitting { up_to_version: last.version };
            let command = Books::command(at.now_ms, &actor, action);
            leaving(match apply(&policy, &view.head, &view.entries, &command) {
                Ok(Applied::Changed(change)) => {
                    let rest = Rest::of(&policy, &change.head, at);
                    Ok((Books::write(&policy, owner.clone(), *change).into(), (out, rest)))
                }
                Ok(Applied::Known(_) | Applied::Nothing | Applied::AccrueFirst) => {
                    Ok((Verdict::Leave, (0, Rest::Perhaps)))
                }
                Err(conflicts) => Err(Undecided::from(conflicts)),
            })
        };
        Ok(self.decide(at, scope, decider).await?.unwrap_or((0, Rest::Perhaps)))
    }

    /// One command of the worker's, and what is left after it; none when it changed nothing.
    async fn step(
        &self,
        member: &MemberId,
        scope: Scope,
        action: Action,
        actor: &Actor,
        at: Moment,
    ) -> Result<Option<Rest>, BooksError> {
        let (policy, owner) = (Arc::clone(&self.policy), Owner::Member(member.clone()));
        let command = Arc::new(Self::command(at.now_ms, actor, action));
        let decider = move |view: &View| {
            leaving(match apply(&policy, &view.head, &view.entries, &command) {
                Ok(Applied::Changed(change)) => {
                    let rest = Rest::of(&policy, &change.head, at);
                    Ok((Books::write(&policy, owner.clone(), *change).into(), Some(rest)))
                }
                // What has to be done first is met by the next step.
                Ok(Applied::Known(_) | Applied::Nothing | Applied::AccrueFirst) => Ok((Verdict::Leave, None)),
                Err(conflicts) => Err(Undecided::from(conflicts)),
            })
        };
        Ok(self.decide(at, scope, decider).await?.unwrap_or(None))
    }
}

/// What is due for a member after a step.
enum Rest {
    /// Nothing at this version of its head, which the step saw or wrote.
    Nothing { epoch: u64, version: u64 },
    /// A look tells.
    Perhaps,
}

impl Rest {
    fn of(policy: &Policy, head: &Head, at: Moment) -> Self {
        if due(policy, head, at.now_ms).is_empty() {
            Self::Nothing { epoch: head.epoch, version: head.version }
        } else {
            Self::Perhaps
        }
    }
}

pub(super) enum Accrued {
    Yes,
    Parked,
    Nothing,
}

pub(super) fn scope_of(member: &MemberId, entry: EntryRef) -> Scope {
    let scope = Scope::of(Owner::Member(member.clone()));
    match entry {
        EntryRef::Checkout(checkout) => scope.reading(EntryKey::Checkout(checkout)),
        EntryRef::Return(checkout, _) => scope.with_returns(checkout),
    }
}

const fn entry_of(key: EntryKey) -> Option<EntryRef> {
    match key {
        EntryKey::Checkout(checkout) => Some(EntryRef::Checkout(checkout)),
        EntryKey::Return(checkout, back) => Some(EntryRef::Return(checkout, back)),
        EntryKey::Request(_) | EntryKey::Effect(_) | EntryKey::Time(_) => None,
    }
}

pub(super) const fn key_of(entry: EntryRef) -> EntryKey {
    match entry {
        EntryRef::Checkout(checkout) => EntryKey::Checkout(checkout),
        EntryRef::Return(checkout, back) => EntryKey::Return(checkout, back),
    }
}

/// Accrues an entry; one that cannot be is parked, so that the member goes on.
fn accrued(
    policy: &Policy,
    view: &View,
    owner: &Owner,
    entry: EntryRef,
    actor: &Actor,
    now_ms: i64,
) -> (Verdict, Accrued) {
    let command = Books::command(now_ms, actor, Action::Accrue { entry });
    match apply(policy, &view.head, &view.entries, &command) {
        Ok(Applied::Changed(change)) => {
            // A return whose sale is parked is parked with it.
            let parked = change.entry.state == State::Parked;
            let done = if parked { Accrued::Parked } else { Accrued::Yes };
            (Books::write(policy, owner.clone(), *change).into(), done)
        }
        Ok(Applied::Known(_) | Applied::Nothing | Applied::AccrueFirst) => (Verdict::Leave, Accrued::Nothing),
        Err(conflicts) => {
            let why = words(&conflicts);
            let command = Books::command(now_ms, actor, Action::Park { entry, why });
            match apply(policy, &view.head, &view.entries, &command) {
                Ok(Applied::Changed(change)) => {
                    (Books::write(policy, owner.clone(), *change).into(), Accrued::Parked)
                }
                _ => (Verdict::Leave, Accrued::Nothing),
            }
        }
    }
}

fn words(conflicts: &Conflicts) -> String {
    let reasons: Vec<String> = conflicts.iter().map(|conflict| format!("{:?}", conflict.reason)).collect();
    reasons.join(", ")
}

/// The actor of everything that nobody asked for.
pub(super) fn worker() -> Actor {
    Actor { id: "accrual-worker".to_owned(), role: Role::Worker, ..Actor::default() }
}
