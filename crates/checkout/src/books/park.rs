//! Entries that cannot be read are parked; parked ones are put back.

use std::sync::Arc;

use suanpan_domain::MemberId;
use suanpan_ledger::command::EntryRef;
use suanpan_ledger::limits::REASON_BYTES_MAX;
use suanpan_ledger::{Action, Actor, Applied, apply};
use suanpan_store::{Derived, Owner, Scope, Verdict, View};

use super::accrue::{Accrued, key_of, scope_of};
use super::{Books, BooksError, Moment, Undecided, leaving};

/// What is told of an entry that was parked because it cannot be read, before the store's own words.
const ROW_UNREADABLE: &str = "RowUnreadable";

impl Books {
    /// Parks an entry whose row cannot be read, so that the member goes on. What keeps from that is the head, or the disk.
    pub(super) async fn park_unread(
        &self,
        member: &MemberId,
        entry: EntryRef,
        why: String,
        actor: Actor,
        at: Moment,
    ) -> Result<Accrued, BooksError> {
        let mut told = format!("{ROW_UNREADABLE}: {why}");
        told.truncate(told.floor_char_boundary(REASON_BYTES_MAX));
        let (policy, owner) = (Arc::clone(&self.policy), Owner::Member(member.clone()));
        let action = Action::ParkUnread { entry, why: told.clone() };
        let command = Arc::new(Self::command(at.now_ms, &actor, action));
        let decider = move |view: &View| {
            leaving(match apply(&policy, &view.head, &view.entries, &command) {
                Ok(Applied::Changed(change)) => {
                    let at_ms = change.head.as_of_ms;
                    let mut write = Books::write(&policy, owner.clone(), *change);
                    write.derived.push(Derived::Parked { key: key_of(entry), why: told.clone(), at_ms });
                    Ok((write.into(), Accrued::Parked))
                }
                Ok(Applied::Known(_) | Applied::Nothing | Applied::AccrueFirst) => {
                    Ok((Verdict::Leave, Accrued::Nothing))
                }
                Err(conflicts) => Err(Undecided::from(conflicts)),
            })
        };
        let scope = Scope::of(Owner::Member(member.clone()));
        Ok(self.decide(at, scope, decider).await?.unwrap_or(Accrued::Nothing))
    }

    /// Puts a parked entry back among those that wait.
    ///
    /// # Errors
    /// [`BooksError::Refused`] when it is not there, or when a return's sale is parked itself.
    pub async fn unpark(
        &self,
        member: &MemberId,
        entry: EntryRef,
        actor: &Actor,
        now_ms: i64,
    ) -> Result<bool, BooksError> {
        let key = key_of(entry);
        let policy = Arc::clone(&self.policy);
        let owner = Owner::Member(member.clone());
        let command = Arc::new(Self::command(now_ms, actor, Action::Unpark { entry }));
        let decider = move |view: &View| {
            leaving(match apply(&policy, &view.head, &view.entries, &command) {
                Ok(Applied::Changed(change)) => {
                    let mut write = Books::write(&policy, owner.clone(), *change);
                    write.derived.push(Derived::Unparked { key });
                    Ok((write.into(), true))
                }
                Ok(Applied::Known(_) | Applied::Nothing) => Ok((Verdict::Leave, false)),
                Ok(Applied::AccrueFirst) => Err(Undecided::AccrueFirst),
                Err(conflicts) => Err(conflicts.into()),
            })
        };
        Ok(self.decide(Moment::of_call(now_ms), scope_of(member, entry), decider).await?.unwrap_or(false))
    }
}
