//! What people change of a member by hand, and merges.

use std::sync::Arc;

use suanpan_domain::MemberId;
use suanpan_ledger::refusal::Conflict;
use suanpan_ledger::{Action, Actor, Applied, EntryKey, Policy, Refusal, State, Verb, apply};
use suanpan_store::{Cursor, Order, Owner, Scope, Verdict, View};

use super::{Books, BooksError, Moment, Recorded, TURNS_MAX, Undecided, leaving};

/// Rows of one read in which a member's lock is looked for: it is among the newest.
const ROWS_PER_READ: usize = 64;

/// A change of a member, named by its caller.
#[derive(Clone, Debug)]
pub struct MemberAsk {
    /// Whose account.
    pub member: MemberId,
    /// Names the call.
    pub request: [u8; 16],
    /// Who asks.
    pub actor: Actor,
    /// Now by the caller's clock, Unix milliseconds.
    pub now_ms: i64,
    /// What; an action that carries this `request`.
    pub action: Action,
}

impl Books {
    /// Changes a member.
    ///
    /// # Errors
    /// [`BooksError::Refused`] with every reason.
    pub async fn change(&self, ask: MemberAsk) -> Result<Recorded, BooksError> {
        let owner = Owner::Member(ask.member.clone());
        let scope = Scope::of(owner.clone()).reading(EntryKey::Request(ask.request));
        let (policy, now_ms, ask) = (Arc::clone(&self.policy), ask.now_ms, Arc::new(ask));
        let decider = move |view: &View| leaving(decided(&policy, view, &owner, &ask));
        let decided = self.decide(Moment::of_call(now_ms), scope, decider).await?;
        decided.map_err(|_| BooksError::Refused(vec![Conflict::of(Refusal::MemberClosed)]))
    }

    /// What a change became that was made before; none, and nothing changes, when it was not.
    ///
    /// # Errors
    /// [`Refusal::ContentDiffers`] when the request is another change.
    pub async fn made(&self, ask: MemberAsk) -> Result<Option<Recorded>, BooksError> {
        let owner = Owner::Member(ask.member.clone());
        let scope = Scope::of(owner.clone()).reading(EntryKey::Request(ask.request));
        let (policy, now_ms, ask) = (Arc::clone(&self.policy), ask.now_ms, Arc::new(ask));
        let decider = move |view: &View| {
            let made = match decided(&policy, view, &owner, &ask) {
                Ok((Verdict::Leave, recorded)) => Ok(Some(recorded)),
                Err(Undecided::Refused(conflicts)) if is_used(&conflicts) => {
                    Err(Undecided::Refused(conflicts))
                }
                Ok(_) | Err(_) => Ok(None),
            };
            (Verdict::Leave, made)
        };
        let made = self.decide(Moment::of_call(now_ms), scope, decider).await?;
        made.map_err(|_| BooksError::Refused(vec![Conflict::of(Refusal::MemberClosed)]))
    }

    /// Makes one member of two: locks the survivor, closes the source, carries over what it had. A merge that was
    /// interrupted goes on when the same call comes again; one that was refused by the source is over. Of two merges the other
    /// way round the one whose survivor has the smaller id goes on, and ends the other.
    ///
    /// # Errors
    /// [`BooksError::Refused`] when the source cannot close; the survivor is unlocked again. [`Refusal::ContentDiffers`]
    /// when the call comes again after that: another request is another merge.
    pub async fn merge(&self, survivor: MemberAsk, source: MemberId) -> Result<Recorded, BooksError> {
        let MemberAsk { member: target, request, actor, now_ms, .. } = survivor.clone();
        let content_hash = match &survivor.action {
            Action::MergeLock { content_hash, .. } => *content_hash,
            _ => return Err(BooksError::Refused(vec![Conflict::of(Refusal::OutOfRange)])),
        };
        let ask = |member: &MemberId, action| {
            self.change(MemberAsk { member: member.clone(), request, actor: actor.clone(), now_ms, action })
        };
        let locked = self.change(survivor).await?;
        if locked.entry.state == State::Cancelled {
            return Err(BooksError::Refused(vec![Conflict::of(Refusal::ContentDiffers)]));
        }
        let close = Action::CloseInto { request, content_hash, survivor: target.clone() };
        let mut closed = ask(&source, close.clone()).await;
        for _ in 0..TURNS_MAX {
            match &closed {
                Err(BooksError::Refused(conflicts)) if is_locked(conflicts) && target < source => {}
                Ok(_) | Err(_) => break,
            }
            if !self.end_other_way(&target, &source, &actor, now_ms).await? {
                break;
            }
            closed = ask(&source, close.clone()).await;
        }
        if let Err(error) = closed {
            let BooksError::Refused(conflicts) = error else { return Err(error) };
            // On the source first: another process of this call, between its lock and its close, has to find that it
            // is over. Else it would close the source after the survivor was unlocked, and may close itself.
            match ask(&source, Action::MergeUnlock { request }).await {
                Err(BooksError::Refused(found)) if is_used(&found) => {}
                Ok(_) | Err(BooksError::Refused(_)) => {
                    ask(&target, Action::MergeUnlock { request }).await?;
                    // Somebody else has ended it on the source.
                    let ended = is_used(&conflicts).then(|| vec![Conflict::of(Refusal::MergeInProgress)]);
                    return Err(BooksError::Refused(ended.unwrap_or(conflicts)));
                }
                Err(error) => return Err(error),
            }
        }
        self.work(&source, now_ms).await?;
        Ok(locked)
    }

    /// Ends the merge of a survivor into its own source, as its caller does who is refused: on that one's source first. False
    /// when the source is locked for another merge, or that one went through.
    async fn end_other_way(
        &self,
        survivor: &MemberId,
        source: &MemberId,
        actor: &Actor,
        now_ms: i64,
    ) -> Result<bool, BooksError> {
        let row = self.store.member(&self.chain, source).await?;
        match row.as_ref().and_then(|row| row.head.merge_lock.as_ref()) {
            // It ended meanwhile.
            None => return Ok(true),
            Some(locked_for) if locked_for != survivor => return Ok(false),
            Some(_) => {}
        }
        // None when it ended between the two looks.
        let Some(request) = self.lock_of(source, survivor).await? else { return Ok(true) };
        for member in [survivor, source] {
            let (member, actor, action) = (member.clone(), actor.clone(), Action::MergeUnlock { request });
            match self.change(MemberAsk { member, request, actor, now_ms, action }).await {
                Ok(_) => {}
                Err(BooksError::Refused(_)) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// The request that locked a member for a merge with another.
    async fn lock_of(&self, member: &MemberId, other: &MemberId) -> Result<Option<[u8; 16]>, BooksError> {
        let mut after = Cursor::default();
        loop {
            let page =
                self.store.entries(&self.chain, member, Order::NewestFirst, &after, ROWS_PER_READ).await?;
            let lock = page.rows.iter().find_map(|row| match row.key {
                EntryKey::Request(request)
                    if row.verb == Verb::MergeLock
                        && row.state != State::Cancelled
                        && row.other.as_ref() == Some(other) =>
                {
                    Some(request)
                }
                _ => None,
            });
            match (lock, page.next) {
                (Some(request), _) => return Ok(Some(request)),
                (None, Some(next)) => after = next,
                (None, None) => return Ok(None),
            }
        }
    }
}

/// Whether nothing but a lock keeps a source from closing.
fn is_locked(conflicts: &[Conflict]) -> bool {
    conflicts.iter().all(|conflict| conflict.reason == Refusal::MergeInProgress)
}

/// Whether the row under the request is another one: here, that the source was closed after all.
fn is_used(conflicts: &[Conflict]) -> bool {
    conflicts.iter().any(|conflict| conflict.reason == Refusal::ContentDiffers)
}

fn decided(
    policy: &Policy,
    view: &View,
    owner: &Owner,
    ask: &MemberAsk,
) -> Result<(Verdict, Recorded), Undecided> {
    let recorded = |entry, repeated| Recorded { owner: owner.clone(), entry, repeated };
    let command = Books::command(ask.now_ms, &ask.actor, ask.action.clone());
    match apply(policy, &view.head, &view.entries, &command) {
        Ok(Applied::Changed(change)) => {
            let answer = recorded(change.entry.clone(), false);
            Ok((Books::write(policy, owner.clone(), *change).into(), answer))
        }
        Ok(Applied::Known(entry)) => Ok((Verdict::Leave, recorded(*entry, true))),
        Ok(Applied::AccrueFirst) => Err(Undecided::AccrueFirst),
        Ok(Applied::Nothing) => Err(vec![Conflict::of(Refusal::MemberUnknown)].into()),
        Err(conflicts) => Err(conflicts.into()),
    }
}
