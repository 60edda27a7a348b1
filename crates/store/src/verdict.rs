//! What a decision says, and the one way to ask for one.

use std::sync::{Arc, Mutex, PoisonError};

use suanpan_domain::MemberId;
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::outcome::Change;
use suanpan_ledger::{EntryKey, Head};

use crate::code::CodeMove;
use crate::error::StoreError;
use crate::limit::LimitMove;
use crate::scope::{CodeHash, Owner, Scope};
use crate::store::Store;
use crate::view::{Elsewhere, View};

/// Decides on a view. Has no effect but its verdict: it runs again when the store finds that the view is out of date,
/// and its last run counts. It may run on a thread of the store, so it waits for nothing.
pub trait Decider: Send {
    /// What is to be written on this view.
    fn decide(&mut self, view: &View) -> Verdict;
}

impl<F: FnMut(&View) -> Verdict + Send> Decider for F {
    fn decide(&mut self, view: &View) -> Verdict {
        self(view)
    }
}

/// What a decision says.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing changes.
    Leave,
    /// Nothing changes, because others have what is missing of limits or codes. A store in which shares do not change with
    /// their sales looks whether all of these are still somebody's, and asks again when one was not.
    Short,
    /// All of this, or nothing.
    Write(Box<Write>),
}

/// What is written together.
#[derive(Clone, Debug, Default)]
pub struct Write {
    /// The scope's owner first, then others that are fenced (only owners that the view showed). Each head is of the
    /// version after the seen one, each owner once. May be empty when only limits, codes or derived rows change.
    pub heads: Vec<HeadWrite>,
    /// Moves of the scope's limits, for the holder `(checkout, owner)` of the scope.
    pub limits: Vec<LimitMove>,
    /// Moves of the scope's codes, for the same holder.
    pub codes: Vec<CodeMove>,
    /// Limits of which a fenced owner's hold is freed, before `limits` move; see [`Write::fence`].
    pub fenced_limits: Vec<(Owner, OfferKey)>,
    /// Codes of which a fenced owner's hold is freed, before `codes` move; see [`Write::fence`].
    pub fenced_codes: Vec<(Owner, CodeHash)>,
    /// Rows under keys made of the entry's, at least once, before the decision is answered where the store can.
    pub derived: Vec<Derived>,
}

/// A head with the one row that its new version wrote.
#[derive(Clone, Debug)]
pub struct HeadWrite {
    /// Whose.
    pub owner: Owner,
    /// What the ledger said.
    pub change: Change,
    /// When something about this head is due, by the ledger's `due_at` of the new head, Unix milliseconds; none for
    /// guests.
    pub due_at_ms: Option<i64>,
}

/// A row that follows from an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Derived {
    /// For the world: to be delivered at least once.
    Outbox(OutboxEvent),
    /// An entry that could not be accrued is put on the list for people.
    Parked {
        /// Which.
        key: EntryKey,
        /// Why.
        why: String,
        /// Since when, Unix milliseconds.
        at_ms: i64,
    },
    /// It is off that list.
    Unparked {
        /// Which.
        key: EntryKey,
    },
}

/// Something the world is told. `(member, epoch, version, index)` names it: the same event is written once however
/// often it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEvent {
    /// About whom.
    pub member: MemberId,
    /// Of the head that caused it.
    pub epoch: u64,
    /// Of the head that caused it.
    pub version: u64,
    /// Its place among the events of that version.
    pub index: u32,
    /// When it happened, Unix milliseconds.
    pub at_ms: i64,
    /// What kind of event, such as `tier_changed`.
    pub kind: String,
    /// What is delivered.
    pub body: Vec<u8>,
}

impl Write {
    /// A change of the scope's own owner and nothing else.
    #[must_use]
    pub fn of(owner: Owner, change: Change, due_at_ms: Option<i64>) -> Self {
        Self { heads: vec![HeadWrite { owner, change, due_at_ms }], ..Self::default() }
    }

    /// Fences another owner's row, and frees what its reservation held of limits and codes.
    pub fn fence(&mut self, other: &Elsewhere, change: Change, due_at_ms: Option<i64>) {
        let owner = &other.owner;
        self.fenced_limits.extend(other.limits.iter().map(|limit| (owner.clone(), limit.offer)));
        if let Some(sale) = &other.entry.sale {
            self.fenced_codes.extend(sale.codes.iter().map(|code| (owner.clone(), CodeHash(*code))));
        }
        self.heads.push(HeadWrite { owner: owner.clone(), change, due_at_ms });
    }

    /// The own head after the write; none when only limits, codes or derived rows change.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.heads.first().map(|write| &write.change.head)
    }
}

impl From<Write> for Verdict {
    fn from(write: Write) -> Self {
        Self::Write(Box::new(write))
    }
}

/// Decides and brings out what the last run of the decider gave beside its verdict.
///
/// # Errors
/// As [`Store::decide`].
pub async fn decide_with<T, F>(
    store: &(impl Store + ?Sized),
    chain: &str,
    scope: Scope,
    mut decider: F,
) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnMut(&View) -> (Verdict, T) + Send + 'static,
{
    let slot = Arc::new(Mutex::new(None));
    let inside = Arc::clone(&slot);
    let decider = move |view: &View| {
        let (verdict, value) = decider(view);
        *inside.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        verdict
    };
    store.decide(chain, scope, Box::new(decider)).await?;
    let value = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    value.ok_or_else(|| StoreError::Contract("the store decided without asking the decider".to_owned()))
}
