//! What reads give: pages, and rows as lists, workers and the audit need them.

use suanpan_domain::MemberId;
use suanpan_ledger::{Entry, EntryKey, Head};

use crate::scope::Owner;

/// Where a read goes on. Its bytes are the store's: kept, passed back, never looked into, valid in the store that gave
/// them. The default is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cursor(pub Vec<u8>);

/// Some rows and where to go on; none at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for; may be fewer, even none, before the end.
    pub rows: Vec<T>,
    /// None at the end.
    pub next: Option<Cursor>,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// A member's head as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The head; its epoch is never below the store's.
    pub head: Head,
    /// When something about it is due, Unix milliseconds.
    pub due_at_ms: Option<i64>,
}

/// A sale that was found by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCheckout {
    /// Whose.
    pub owner: Owner,
    /// The sale.
    pub entry: Entry,
    /// Its returns, in the order of their ids. Empty in lists.
    pub returns: Vec<Entry>,
}

/// Which sales a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckoutFilter {
    /// Only this member's.
    pub member: Option<MemberId>,
    /// Only ids made at this instant or later by the till's clock, Unix milliseconds.
    pub from_ms: Option<i64>,
    /// Only ids made before this instant, Unix milliseconds.
    pub before_ms: Option<i64>,
    /// By the moment in the id.
    pub order: Order,
}

/// One of a store's [`parts`](crate::Store::parts), from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(pub u32);

/// A duty that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The duty.
    pub duty: String,
    /// Whose it is.
    pub holder: String,
    /// Until when, Unix milliseconds by the holder's clock.
    pub until_ms: i64,
}

/// A member about whom something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRow {
    /// The chain.
    pub chain: String,
    /// The member.
    pub member: MemberId,
    /// Of the head.
    pub epoch: u64,
    /// Of the head.
    pub version: u64,
    /// Since when, Unix milliseconds.
    pub due_at_ms: i64,
}

/// A part of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// What is due.
    pub due: Vec<DueRow>,
    /// Heads that were looked at.
    pub looked_at: u64,
    /// None at the end of the store.
    pub next: Option<Cursor>,
}

/// A part of a member's rows that was looked through for bodies to archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedRows {
    /// Bodies that moved.
    pub moved: u32,
    /// None when there are no more rows.
    pub next: Option<Cursor>,
}

/// A head that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// The chain.
    pub chain: String,
    /// The member.
    pub member: MemberId,
    /// Of the head.
    pub epoch: u64,
    /// Of the head.
    pub version: u64,
    /// When something about it is due, Unix milliseconds.
    pub due_at_ms: Option<i64>,
}

/// A part of the feed. It may lose rows, which the scan finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// In the order of the commits. Empty when nothing came in time.
    pub rows: Vec<FeedRow>,
    /// Where to go on.
    pub next: Cursor,
    /// Rows between the cursor and these are gone: scan.
    pub lagged: bool,
}

/// A row of the whole store as its bytes are, for the audit and for export, which decode them themselves. Of one owner
/// the head comes first, then its rows in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawRow {
    /// A head.
    Head(RawHead),
    /// A row of the last head's owner.
    Entry(RawEntry),
}

/// A head as it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawHead {
    /// The chain.
    pub chain: String,
    /// Whose.
    pub owner: Owner,
    /// As the decision column has it.
    pub epoch: u64,
    /// As the decision column has it.
    pub version: u64,
    /// As the decision column has it, Unix milliseconds.
    pub as_of_ms: i64,
    /// As the decision column has it, Unix milliseconds.
    pub due_at_ms: Option<i64>,
    /// The encoded head.
    pub bytes: Vec<u8>,
}

/// A row as it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry {
    /// The encoded key.
    pub key: Vec<u8>,
    /// As the decision column has it.
    pub state: u8,
    /// The version that wrote it first, as the decision column has it.
    pub version: u64,
    /// The encoded row, from wherever it lies; of one whose archived body is not to be found, what stays in its place.
    pub bytes: Vec<u8>,
    /// What stays in the place of a row whose body came from the archive.
    pub stays: Option<Vec<u8>>,
}

/// What a look-up key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookupKind {
    /// A card, physical or virtual.
    Card,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
}

/// Finds a member without storing what finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupKey {
    /// Of what.
    pub kind: LookupKind,
    /// The first 16 bytes of a keyed hash of the normalised text.
    pub hash: [u8; 16],
}

/// What became of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It leads to the member now; it led nowhere before, or to this member.
    Yes,
    /// It leads to somebody else, and still does.
    To(MemberId),
}

/// An entry that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedRow {
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub key: EntryKey,
    /// Why.
    pub why: String,
    /// Since when, Unix milliseconds.
    pub at_ms: i64,
}

/// A version of a chain's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRow {
    /// Its version: a hash of its content.
    pub version: String,
    /// Its bytes as they were put.
    pub bytes: Vec<u8>,
}

/// An activation, the newest of which holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Counts activations of the chain, from 1.
    pub generation: u64,
    /// Which program.
    pub version: String,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// What the store says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Raised by every restore; a head counts as the greater of its own and this.
    pub epoch: u64,
    /// The schema that is there.
    pub schema: u32,
    /// The oldest release that may read, by its schema.
    pub min_reader: u32,
    /// The oldest release that may write, by its schema.
    pub min_writer: u32,
}
