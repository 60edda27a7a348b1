//! The trait.

use std::time::Instant;

use async_trait::async_trait;
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::Entry;
use suanpan_ledger::head::OfferKey;

use crate::code::{CodeHolder, CodeView, CodesAdded};
use crate::error::StoreError;
use crate::limit::{LimitCap, LimitView, NamedHolder};
use crate::rows::{
    Activation, ArchivedRows, CheckoutFilter, Cursor, FeedPage, FoundCheckout, Lease, Linked, LookupKey,
    MemberRow, Meta, Order, Page, ParkedRow, Part, ProgramRow, RawRow, Scanned,
};
use crate::scope::{CodeHash, Owner, Scope};
use crate::verdict::{Decider, OutboxEvent};

/// Keeps members, sales, limits, codes and programs of chains.
///
/// A chain's name is an identifier of at most 128 bytes and part of every key. All instants are Unix milliseconds of the
/// caller's clock; a store has none. A dropped future may or may not have written: its outcome is unknown.
///
/// `limit` of a read is a bound on its rows; a store may give fewer. Reads see everything that was answered before they
/// began.
///
/// # Errors
/// Every method: [`StoreError::Unavailable`], [`StoreError::Busy`], [`StoreError::Corrupt`],
/// [`StoreError::Refused`] for a name outside its bounds. Methods that write: [`StoreError::Unknown`] too.
#[async_trait]
pub trait Store: Send + Sync {
    /// The one way to change a member, a guest's sale, and the limits and codes that go with it: shows the decider one
    /// consistent view, and writes all of its verdict or nothing. A race that is lost shows a new view.
    ///
    /// # Errors
    /// [`StoreError::Panicked`] and [`StoreError::Contract`] beside those of every writing method.
    async fn decide(&self, chain: &str, scope: Scope, decider: Box<dyn Decider>) -> Result<(), StoreError>;

    /// Whether decisions on one member are carried out in the order in which they were asked for, so that the next may be
    /// asked for before the last was answered. A store of many writers cannot promise it.
    fn keeps_order(&self) -> bool {
        false
    }

    // Members and sales.

    /// A member's head; none when it was never written.
    async fn member(&self, chain: &str, member: &MemberId) -> Result<Option<MemberRow>, StoreError>;

    /// A member's rows by the version that wrote them first: its statement.
    async fn entries(
        &self,
        chain: &str,
        member: &MemberId,
        order: Order,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError>;

    /// A sale with its returns, whoever's it is. Of several owners' rows the confirmed one, else the reserved, the
    /// cancelled, the fenced one.
    async fn find_checkout(
        &self,
        chain: &str,
        checkout: CheckoutId,
    ) -> Result<Option<FoundCheckout>, StoreError>;

    /// Sales by the moment in their ids.
    async fn list_checkouts(
        &self,
        chain: &str,
        filter: &CheckoutFilter,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<FoundCheckout>, StoreError>;

    // Look-ups.

    /// Lets a key lead to a member. A key whose member has no head leads nowhere, and may be taken over when it was
    /// linked [`LINK_SETTLES_MS`] ago: whoever was enrolling then has been answered since.
    async fn link(
        &self,
        chain: &str,
        key: LookupKey,
        member: &MemberId,
        now_ms: i64,
    ) -> Result<Linked, StoreError>;

    /// Ends a link to this member; of another's, nothing.
    async fn unlink(&self, chain: &str, key: LookupKey, member: &MemberId) -> Result<(), StoreError>;

    /// Where a key leads; none when nowhere, or to a member without a head.
    async fn lookup(&self, chain: &str, key: LookupKey) -> Result<Option<MemberId>, StoreError>;

    /// All links.
    async fn lookups(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(LookupKey, MemberId)>, StoreError>;

    // The worker.

    /// Into how many parts the members are divided, so that workers side by side share them. Every member belongs to one
    /// part for ever, whatever its chain.
    fn parts(&self) -> u32 {
        1
    }

    /// Takes a duty, or keeps it: it is `holder`'s until `until_ms` when it is free, was held until before `now_ms`, or is
    /// this holder's already. False when it is somebody else's. A lease saves work and guards nothing: who holds one too
    /// long does what another does too, and what must not happen twice is conditional by itself.
    async fn lease(&self, duty: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<bool, StoreError>;

    /// Takes or keeps several duties, as [`lease`](Self::lease) does each; gives those that are the holder's now.
    async fn lease_all(
        &self,
        duties: &[String],
        holder: &str,
        now_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        let mut held = Vec::new();
        for duty in duties {
            if self.lease(duty, holder, now_ms, until_ms).await? {
                held.push(duty.clone());
            }
        }
        Ok(held)
    }

    /// Lets a duty go before its time; of another's, nothing.
    async fn end_lease(&self, duty: &str, holder: &str) -> Result<(), StoreError>;

    /// Lets several duties go, as [`end_lease`](Self::end_lease) does each.
    async fn end_leases(&self, duties: &[String], holder: &str) -> Result<(), StoreError> {
        for duty in duties {
            self.end_lease(duty, holder).await?;
        }
        Ok(())
    }

    /// Who holds which duty at `now_ms`, by duty.
    async fn leases(&self, now_ms: i64) -> Result<Vec<Lease>, StoreError>;

    /// Looks at about `limit` members' heads, of one chain or of all, of one part or of all, and gives those that are due
    /// at `now_ms`. At [`EVERYBODY_MS`] that is every member, also those about whom nothing will ever be due, so that a new
    /// program finds them all. Never holds up a write. A cursor goes on in the part that it came from.
    async fn scan_due(
        &self,
        chain: Option<&str>,
        part: Option<Part>,
        after: &Cursor,
        now_ms: i64,
        limit: usize,
    ) -> Result<Scanned, StoreError>;

    /// As [`scan_due`](Self::scan_due) for one part of all chains, and puts into the feed again which heads were written at
    /// `since_ms` by the store's clock or later and are not known to be in it: a row of the feed may be lost, and whoever
    /// remembers members has to hear of the change some time. Without `since_ms`, as far back as the feed reaches. Told twice
    /// is told once.
    ///
    /// The default tells nothing: so does a store of one process, whose feed loses no row without saying so by
    /// [`FeedPage::lagged`].
    async fn scan_and_tell(
        &self,
        part: Part,
        after: &Cursor,
        now_ms: i64,
        since_ms: Option<i64>,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        let _ = since_ms;
        self.scan_due(None, Some(part), after, now_ms, limit).await
    }

    /// What the store itself finds wrong with its files, a sentence each; reads all of them. Nothing where servers look
    /// after theirs.
    async fn damage(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// What a [`walk`](Self::walk) passes over because what it belongs to is gone, a sentence each, of many some; reads every
    /// head and row. Nothing where a row cannot be there without its head.
    async fn passed_over(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// When the latest complete pass of [`scan_and_tell`](Self::scan_and_tell) over a part began; none before the first, and
    /// where nothing is told.
    async fn passed(&self, part: Part) -> Result<Option<i64>, StoreError> {
        let _ = part;
        Ok(None)
    }

    /// Keeps when a pass over a part began that is complete now. One that began earlier than what is kept changes nothing:
    /// it says less, whoever made it.
    async fn set_passed(&self, part: Part, began_ms: i64) -> Result<(), StoreError> {
        let _ = (part, began_ms);
        Ok(())
    }

    /// Heads of a part's members that changed after the cursor. Waits for the first one up to `wait_ms`. From the beginning
    /// (the default cursor) is from now.
    async fn feed(
        &self,
        part: Part,
        after: &Cursor,
        wait_ms: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError>;

    /// Events that are to be delivered, in the order in which they were written.
    async fn outbox(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<OutboxEvent>, StoreError>;

    /// Forgets events up to and including the cursor's: they were delivered to everybody. A later write of the same
    /// event may bring it back: it is delivered at least once.
    async fn forget_outbox(&self, chain: &str, up_to: &Cursor) -> Result<(), StoreError>;

    /// A named position that somebody keeps, with the fence it was set under.
    async fn position(&self, chain: &str, name: &str) -> Result<Option<(u64, Cursor)>, StoreError>;

    /// Takes a named position over: raises its fence, by which nobody who has an earlier one sets it any more, and gives both.
    /// Of many who take it at once each has a fence of its own.
    async fn take_position(&self, chain: &str, name: &str) -> Result<(u64, Cursor), StoreError>;

    /// Sets a named position; false, and nothing changes, when it was set or taken under a higher fence.
    async fn set_position(
        &self,
        chain: &str,
        name: &str,
        fence: u64,
        cursor: &Cursor,
    ) -> Result<bool, StoreError>;

    /// Entries that wait for a person.
    async fn parked(&self, chain: &str, after: &Cursor, limit: usize) -> Result<Page<ParkedRow>, StoreError>;

    /// Moves bodies of a member's rows into the archive: of about `limit` rows behind the cursor those that were written
    /// before an instant, as [`Archived::of`](suanpan_ledger::Archived::of) says. In their place stays what that says. Every
    /// read finds a body where it lies, so nobody but this verb can tell. Changes no head, and may be repeated and be
    /// broken off anywhere: a body is in the archive before it leaves its place.
    async fn archive(
        &self,
        chain: &str,
        member: &MemberId,
        before_ms: i64,
        after: &Cursor,
        limit: usize,
    ) -> Result<ArchivedRows, StoreError>;

    // Limits and codes.

    /// Every limit of the chain, without holders, by offer.
    async fn limits(&self, chain: &str) -> Result<Vec<LimitView>, StoreError>;

    /// Sets what may be taken. Never below what is used or held: the cap that holds from now on is given back.
    async fn set_limit(&self, chain: &str, offer: OfferKey, cap: LimitCap) -> Result<LimitCap, StoreError>;

    /// Who has something of a limit.
    async fn limit_holders(
        &self,
        chain: &str,
        offer: OfferKey,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<NamedHolder>, StoreError>;

    /// Adds codes of a campaign; those that exist are left alone. At most [`CODES_PER_CALL_MAX`] at once, as one write.
    async fn add_codes(
        &self,
        chain: &str,
        campaign: OfferKey,
        codes: &[CodeHash],
    ) -> Result<CodesAdded, StoreError>;

    /// Finishes what a process that ended left of a sale's shares of these limits and codes: settled where the sale was
    /// paid, freed where it will not be. A reservation keeps what it has. Nothing where shares change with the sale itself.
    async fn finish_shares(
        &self,
        chain: &str,
        holder: &CodeHolder,
        limits: &[OfferKey],
        codes: &[CodeHash],
    ) -> Result<(), StoreError> {
        let _ = (chain, holder, limits, codes);
        Ok(())
    }

    /// Finishes what a process that ended left of guests' sales and returns of all chains: no head says that something is to
    /// be done for them. Nothing where shares change with the sale itself.
    async fn pay_guests(&self, now_ms: i64) -> Result<(), StoreError> {
        let _ = now_ms;
        Ok(())
    }

    /// One code; none when it was never added.
    async fn code(&self, chain: &str, code: CodeHash) -> Result<Option<CodeView>, StoreError>;

    /// All codes by their hashes.
    async fn codes(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(CodeHash, CodeView)>, StoreError>;

    // Programs.

    /// Keeps a program under its version. The same version again changes nothing.
    async fn put_program(&self, chain: &str, program: &ProgramRow) -> Result<(), StoreError>;

    /// A program by its version.
    async fn program(&self, chain: &str, version: &str) -> Result<Option<ProgramRow>, StoreError>;

    /// Makes a program that was put the active one; the active one again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a version that was never put.
    async fn activate(&self, chain: &str, version: &str, at_ms: i64) -> Result<Activation, StoreError>;

    /// What is active; none before the first activation.
    async fn active_program(&self, chain: &str) -> Result<Option<Activation>, StoreError>;

    /// All activations, the newest first.
    async fn activations(&self, chain: &str) -> Result<Vec<Activation>, StoreError>;

    // The whole store.

    /// Every chain that has anything, by name.
    async fn chains(&self) -> Result<Vec<String>, StoreError>;

    /// Every head with its rows, members' and guests', of all chains, in pieces of about `limit` rows; each piece is
    /// one consistent state. What was written since a piece is not in it.
    async fn walk(&self, after: &Cursor, limit: usize) -> Result<Page<RawRow>, StoreError>;

    /// Where a walk begins with this owner's head; none when it has none.
    async fn walk_from(&self, chain: &str, owner: &Owner) -> Result<Option<Cursor>, StoreError>;

    /// What the store says of itself.
    async fn meta(&self) -> Result<Meta, StoreError>;

    /// The clock of the machine that keeps the store, Unix milliseconds; none where it has the caller's own.
    async fn clock_ms(&self) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }
}

/// How far the caller's clock is off the store's, milliseconds. What the way there and back may explain counts as nothing;
/// none when that took longer than what is allowed, which would explain any clock that matters.
///
/// # Errors
/// As [`Store::clock_ms`].
pub async fn clock_off_ms(
    store: &dyn Store,
    now_ms: &(dyn Fn() -> i64 + Send + Sync),
    allowed_ms: u64,
) -> Result<Option<u64>, StoreError> {
    let (began, asked_ms) = (Instant::now(), now_ms());
    let Some(store_ms) = store.clock_ms().await? else { return Ok(Some(0)) };
    let answered_ms = now_ms();
    if began.elapsed().as_millis() > u128::from(allowed_ms) {
        return Ok(None);
    }
    // A clock that was set meanwhile may have gone back.
    let (first, last) = (asked_ms.min(answered_ms), asked_ms.max(answered_ms));
    Ok(Some(store_ms.abs_diff(store_ms.clamp(first, last))))
}

/// The instant at which [`Store::scan_due`] gives every member; members about whom nothing will be due are due then.
pub const EVERYBODY_MS: i64 = i64::MAX;
/// After so long a link whose member has no head may be taken over. Longer than any call that enrols may take.
pub const LINK_SETTLES_MS: i64 = 60_000;
/// Codes that are added by one call: one write of about 1 MiB.
pub const CODES_PER_CALL_MAX: usize = 10_000;
