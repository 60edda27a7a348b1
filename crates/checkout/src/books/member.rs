//! What people change of a member by hand, and merges.

use std::sync::Arc;

use suanpan_domain::MemberId;
use suanpan_ledger::refusal::Conflict;
use suanpan_ledger::{Action, Actor, Applied, EntryKey, Policy, Refusal, apply};
use suanpan_store::{Owner, Scope, Verdict, View};

use super::{Books, BooksError, Recorded, Undecided, leaving};

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
        let decided = self.decide(now_ms, scope, decider).await?;
        decided.map_err(|_| BooksError::Refused(vec![Conflict::of(Refusal::MemberClosed)]))
    }

    /// Makes one member of two: locks the survivor, closes the source, carries over what it had. A merge that was
    /// interrupted goes on when the same call comes again.
    ///
    /// # Errors
    /// [`BooksError::Refused`] when the source cannot close; the survivor is unlocked again.
    pub async fn merge(&self, survivor: MemberAsk, source: MemberId) -> Result<Recorded, BooksError> {
        let MemberAsk { request, actor, now_ms, .. } = survivor.clone();
        let content_hash = match &survivor.action {
            Action::MergeLock { content_hash, .. } => *content_hash,
            _ => return Err(BooksError::Refused(vec![Conflict::of(Refusal::OutOfRange)])),
        };
        let target = survivor.member.clone();
        let locked = self.change(survivor).await?;
        let action = Action::CloseInto { request, content_hash, survivor: target.clone() };
        let close = MemberAsk { member: source.clone(), request, actor: actor.clone(), now_ms, action };
        match self.change(close).await {
            Ok(_) => {
                self.work(&source, now_ms).await?;
                Ok(locked)
            }
            Err(BooksError::Refused(conflicts)) => {
                let action = Action::MergeUnlock { request };
                self.change(MemberAsk { member: target, request, actor, now_ms, action }).await?;
                Err(BooksError::Refused(conflicts))
            }
            Err(error) => Err(error),
        }
    }
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
