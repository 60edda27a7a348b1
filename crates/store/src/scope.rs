//! What a decision is about: whose account, which rows, limits and codes it has to see.

use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::EntryKey;
use suanpan_ledger::head::OfferKey;

/// Whose partition: everything that changes together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A member's account.
    Member(MemberId),
    /// One sale of a guest, and its returns.
    Guest(CheckoutId),
}

/// Rows that a decision has to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    /// The row of this key, if there is one.
    Entry(EntryKey),
    /// The row of this sale and all of its returns, in the order of their keys.
    WithReturns(CheckoutId),
}

/// Names a code that anybody may use once: the first 16 bytes of a keyed hash of its text. The text is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeHash(pub [u8; 16]);

/// Everything that one decision may see. What is not named here cannot be changed by it, but its own head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whose head is decided.
    pub owner: Owner,
    /// Rows of that owner.
    pub reads: Vec<Read>,
    /// The sale that this decision takes limits and codes for; with `owner` it names their holder.
    pub checkout: Option<CheckoutId>,
    /// Whether `checkout` has to be claimed for this owner first: rows of other owners under the same id are seen, and
    /// may be fenced. Needed by whatever writes a sale's row that is not there yet; not by a confirm of one's own
    /// reservation.
    pub claim: bool,
    /// Limits that hold for everybody, ascending.
    pub limits: Vec<OfferKey>,
    /// Codes.
    pub codes: Vec<CodeHash>,
}

impl Scope {
    /// A decision about an owner's head alone.
    #[must_use]
    pub const fn of(owner: Owner) -> Self {
        Self { owner, reads: Vec::new(), checkout: None, claim: false, limits: Vec::new(), codes: Vec::new() }
    }

    /// Also sees this row.
    #[must_use]
    pub fn reading(mut self, key: EntryKey) -> Self {
        self.reads.push(Read::Entry(key));
        self
    }

    /// Also sees this sale with all of its returns, and takes or frees its limits and codes.
    #[must_use]
    pub fn with_returns(mut self, checkout: CheckoutId) -> Self {
        self.reads.push(Read::WithReturns(checkout));
        self.checkout = Some(checkout);
        self
    }

    /// Also sees this sale's row, and takes limits and codes for it.
    #[must_use]
    pub fn for_checkout(mut self, checkout: CheckoutId) -> Self {
        self.reads.push(Read::Entry(EntryKey::Checkout(checkout)));
        self.checkout = Some(checkout);
        self
    }

    /// Claims the sale: sees what other owners have under its id.
    #[must_use]
    pub fn claiming(mut self, checkout: CheckoutId) -> Self {
        self = self.for_checkout(checkout);
        self.claim = true;
        self
    }
}
