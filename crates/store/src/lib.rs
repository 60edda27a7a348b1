//! What a store does, in the verbs of the domain.
//!
//! [`Store::decide`] is the one way to change a member: the store shows a [`View`] of everything that a [`Scope`] names,
//! the caller's [`Decider`] says what is to be written, and all of it is written or nothing. The decider is a pure
//! function that calls the ledger; stores only move bytes, limits and codes, so that every store gives the same answers.
//!
//! There is no store in here, and no clock.

mod code;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
#[cfg(feature = "faulty")]
mod faulty;
mod limit;
mod rows;
mod scope;
mod store;
mod verdict;
mod view;

pub use code::{CodeHolder, CodeMove, CodeState, CodeStep, CodeView, CodesAdded};
pub use error::{Executed, StoreError};
#[cfg(feature = "faulty")]
pub use faulty::{Faults, FaultyStore};
pub use limit::{HolderState, LimitCap, LimitHolder, LimitMove, LimitStep, LimitView, NamedHolder, Taken};
pub use rows::{
    Activation, ArchivedRows, CheckoutFilter, Cursor, DueRow, FeedPage, FeedRow, FoundCheckout, Lease,
    Linked, LookupKey, LookupKind, MemberRow, Meta, Order, Page, ParkedRow, Part, ProgramRow, RawEntry,
    RawHead, RawRow, Scanned,
};
pub use scope::{CodeHash, Owner, Read, Scope};
pub use store::{CODES_PER_CALL_MAX, EVERYBODY_MS, LINK_SETTLES_MS, Store, clock_off_ms};
pub use verdict::{Decider, Derived, HeadWrite, OutboxEvent, Verdict, Write, decide_with};
pub use view::{Elsewhere, View};
