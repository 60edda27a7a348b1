//! What one member's entry brings to another, once: the target's row is named by the source's, so that a repetition finds
//! it.

use std::sync::Arc;

use suanpan_domain::MemberId;
use suanpan_ledger::{Action, Actor, Applied, Emit, Entry, EntryKey, Refusal, apply};
use suanpan_store::{Owner, Scope, StoreError, Verdict, View};

use super::{Books, BooksError, Moment, TURNS_MAX, Undecided, leaving, moved};

impl Books {
    /// Carries the effects of a row to their members. Safe to repeat.
    ///
    /// # Errors
    /// [`BooksError::Store`]; and [`BooksError::Refused`] for an effect that its member cannot take, which has to be
    /// looked at by a person. Members who are gone take nothing.
    pub(super) async fn carry(
        &self,
        source: &MemberId,
        row: &Entry,
        actor: &Actor,
        at: Moment,
    ) -> Result<(), BooksError> {
        for (place, emit) in row.emits.iter().enumerate() {
            let Emit::Effect { member, effect } = emit else { continue };
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            let id = EntryKey::effect_of(source, &row.key, place);
            let action = Action::Effect { id, source: source.clone(), effect: effect.clone() };
            let command = Arc::new(Self::command(at.now_ms, actor, action));
            let mut target = member.clone();
            let mut carried = false;
            for _ in 0..TURNS_MAX {
                let owner = Owner::Member(target.clone());
                let scope = Scope::of(owner.clone()).reading(EntryKey::Effect(id));
                let (policy, command) = (Arc::clone(&self.policy), Arc::clone(&command));
                let decider = move |view: &View| {
                    leaving((|| {
                        if view.entry(EntryKey::Effect(id)).is_none() {
                            moved(&view.head)?;
                        }
                        match apply(&policy, &view.head, &view.entries, &command) {
                            Ok(Applied::Changed(change)) => {
                                Ok((Books::write(&policy, owner.clone(), *change).into(), ()))
                            }
                            Ok(Applied::Known(_) | Applied::Nothing) => Ok((Verdict::Leave, ())),
                            Ok(Applied::AccrueFirst) => Err(Undecided::AccrueFirst),
                            Err(conflicts) => Err(conflicts.into()),
                        }
                    })())
                };
                match self.decide(at, scope, decider).await {
                    Ok(Ok(())) => carried = true,
                    Ok(Err(survivor)) => {
                        target = survivor;
                        continue;
                    }
                    Err(BooksError::Refused(conflicts)) if gone(&conflicts) => carried = true,
                    Err(error) => return Err(error),
                }
                break;
            }
            if !carried {
                return Err(StoreError::Busy.into());
            }
        }
        Ok(())
    }
}

/// Whether the member is not there, or not any more, so that nothing can be brought.
fn gone(conflicts: &[suanpan_ledger::Conflict]) -> bool {
    let gone = |reason| matches!(reason, Refusal::MemberUnknown | Refusal::MemberClosed);
    conflicts.iter().all(|conflict| gone(conflict.reason))
}
