//! What a decision sees.

use suanpan_domain::CheckoutId;
use suanpan_ledger::{Change, Entry, EntryKey, Head};

use crate::code::CodeState;
use crate::code::CodeView;
use crate::limit::{HolderState, LimitView};
use crate::scope::Owner;

/// One consistent state of everything that the scope names.
#[derive(Clone, Debug)]
pub struct View {
    /// The owner's head: [`Head::absent`] of a member that was never written, [`Head::guest`] of a guest's sale. Its
    /// epoch is never below the store's.
    pub head: Head,
    /// Rows of the scope's `reads`, each once, in the order of their keys; keys that have no row are missing.
    pub entries: Vec<Entry>,
    /// Rows under the claimed id that belong to others.
    pub elsewhere: Vec<Elsewhere>,
    /// The scope's limits, in its order.
    pub limits: Vec<LimitView>,
    /// The scope's codes, in its order; none for a code that was never added.
    pub codes: Vec<Option<CodeView>>,
    /// The owner's own row under the claimed id, when it was fenced for another owner who then did not sell: it stands among
    /// no other rows, and may be written over.
    pub fenced: Option<Entry>,
}

/// A sale's row under another owner.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// Whose.
    pub owner: Owner,
    /// Its head.
    pub head: Head,
    /// The row.
    pub entry: Entry,
    /// Limits of the row's sale, with this owner's share as their holder.
    pub limits: Vec<LimitView>,
}

impl View {
    /// A change as it is written and answered: a row that is written over a fenced one keeps the version and the moment that
    /// made it, and what it booked before.
    #[must_use]
    pub fn over_fenced(&self, mut change: Change) -> Change {
        if let Some(fenced) = self.fenced.as_ref().filter(|fenced| fenced.key == change.entry.key) {
            let entry = &mut change.entry;
            (entry.version, entry.written_ms) = (fenced.version, fenced.written_ms);
            entry.movements = [&fenced.movements[..], &entry.movements[..]].concat();
        }
        change
    }

    /// A limit of the scope, by its place, as it is when the reservations elsewhere are fenced by the same write.
    #[must_use]
    pub fn limit_after_fencing(&self, place: usize) -> Option<LimitView> {
        let mut limit = self.limits.get(place)?.clone();
        let theirs = self.elsewhere.iter().flat_map(|other| &other.limits);
        for holder in theirs.filter(|theirs| theirs.offer == limit.offer).filter_map(|theirs| theirs.holder) {
            if holder.state == HolderState::Held {
                limit.held = limit.held.minus(holder.taken);
            }
        }
        Some(limit)
    }

    /// A code of the scope, by its place, as it is when the reservations elsewhere are fenced by the same write; none
    /// for a code that was never added.
    #[must_use]
    pub fn code_after_fencing(&self, place: usize) -> Option<CodeView> {
        let mut code = self.codes.get(place)?.clone()?;
        if let CodeState::Held { by, .. } = &code.state
            && self
                .elsewhere
                .iter()
                .any(|other| other.owner == by.owner && other.entry.key == EntryKey::Checkout(by.checkout))
        {
            code.state = CodeState::Free;
        }
        Some(code)
    }

    /// The row of a key, when it was asked for and exists.
    #[must_use]
    pub fn entry(&self, key: EntryKey) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The row of a sale, when it was asked for and exists.
    #[must_use]
    pub fn checkout(&self, checkout: CheckoutId) -> Option<&Entry> {
        self.entry(EntryKey::Checkout(checkout))
    }
}
