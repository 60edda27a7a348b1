//! Every verb with its fate.

use async_trait::async_trait;
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::Entry;
use suanpan_ledger::head::OfferKey;

use crate::code::{CodeHolder, CodeView, CodesAdded};
use crate::error::StoreError;
use crate::faulty::{Again, FaultyStore};
use crate::limit::{LimitCap, LimitView, NamedHolder};
use crate::rows::{
    Activation, ArchivedRows, CheckoutFilter, Cursor, FeedPage, FoundCheckout, Lease, Linked, LookupKey,
    MemberRow, Meta, Order, Page, ParkedRow, Part, ProgramRow, RawRow, Scanned,
};
use crate::scope::{CodeHash, Owner, Scope};
use crate::store::Store;
use crate::verdict::{Decider, OutboxEvent};

#[async_trait]
impl Store for FaultyStore {
    /// Not when some calls take longer than others.
    fn keeps_order(&self) -> bool {
        self.inner.keeps_order() && self.faults.delayed == 0
    }

    async fn decide(&self, chain: &str, scope: Scope, decider: Box<dyn Decider>) -> Result<(), StoreError> {
        let fate = self.fate(true);
        let decider = Box::new(Again { inner: decider, times: fate.again });
        self.fated(fate, true, self.inner.decide(chain, scope, decider)).await
    }

    async fn member(&self, chain: &str, member: &MemberId) -> Result<Option<MemberRow>, StoreError> {
        self.call(false, self.inner.member(chain, member)).await
    }

    async fn entries(
        &self,
        chain: &str,
        member: &MemberId,
        order: Order,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        self.call(false, self.inner.entries(chain, member, order, after, limit)).await
    }

    async fn find_checkout(
        &self,
        chain: &str,
        checkout: CheckoutId,
    ) -> Result<Option<FoundCheckout>, StoreError> {
        self.call(false, self.inner.find_checkout(chain, checkout)).await
    }

    async fn list_checkouts(
        &self,
        chain: &str,
        filter: &CheckoutFilter,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<FoundCheckout>, StoreError> {
        self.call(false, self.inner.list_checkouts(chain, filter, after, limit)).await
    }

    async fn link(
        &self,
        chain: &str,
        key: LookupKey,
        member: &MemberId,
        now_ms: i64,
    ) -> Result<Linked, StoreError> {
        self.call(true, self.inner.link(chain, key, member, now_ms)).await
    }

    async fn unlink(&self, chain: &str, key: LookupKey, member: &MemberId) -> Result<(), StoreError> {
        self.call(true, self.inner.unlink(chain, key, member)).await
    }

    async fn lookup(&self, chain: &str, key: LookupKey) -> Result<Option<MemberId>, StoreError> {
        self.call(false, self.inner.lookup(chain, key)).await
    }

    async fn lookups(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(LookupKey, MemberId)>, StoreError> {
        self.call(false, self.inner.lookups(chain, after, limit)).await
    }

    fn parts(&self) -> u32 {
        self.inner.parts()
    }

    async fn lease(&self, duty: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<bool, StoreError> {
        self.call(true, self.inner.lease(duty, holder, now_ms, until_ms)).await
    }

    async fn lease_all(
        &self,
        duties: &[String],
        holder: &str,
        now_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        self.call(true, self.inner.lease_all(duties, holder, now_ms, until_ms)).await
    }

    async fn end_lease(&self, duty: &str, holder: &str) -> Result<(), StoreError> {
        self.call(true, self.inner.end_lease(duty, holder)).await
    }

    async fn end_leases(&self, duties: &[String], holder: &str) -> Result<(), StoreError> {
        self.call(true, self.inner.end_leases(duties, holder)).await
    }

    async fn leases(&self, now_ms: i64) -> Result<Vec<Lease>, StoreError> {
        self.call(false, self.inner.leases(now_ms)).await
    }

    async fn scan_due(
        &self,
        chain: Option<&str>,
        part: Option<Part>,
        after: &Cursor,
        now_ms: i64,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        self.call(false, self.inner.scan_due(chain, part, after, now_ms, limit)).await
    }

    async fn scan_and_tell(
        &self,
        part: Part,
        after: &Cursor,
        now_ms: i64,
        since_ms: Option<i64>,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        self.call(true, self.inner.scan_and_tell(part, after, now_ms, since_ms, limit)).await
    }

    async fn damage(&self) -> Result<Vec<String>, StoreError> {
        self.call(false, self.inner.damage()).await
    }

    async fn passed_over(&self) -> Result<Vec<String>, StoreError> {
        self.call(false, self.inner.passed_over()).await
    }

    async fn passed(&self, part: Part) -> Result<Option<i64>, StoreError> {
        self.call(false, self.inner.passed(part)).await
    }

    async fn set_passed(&self, part: Part, began_ms: i64) -> Result<(), StoreError> {
        self.call(true, self.inner.set_passed(part, began_ms)).await
    }

    async fn feed(
        &self,
        part: Part,
        after: &Cursor,
        wait_ms: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        self.call(false, self.inner.feed(part, after, wait_ms, limit)).await
    }

    async fn outbox(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<OutboxEvent>, StoreError> {
        self.call(false, self.inner.outbox(chain, after, limit)).await
    }

    async fn forget_outbox(&self, chain: &str, up_to: &Cursor) -> Result<(), StoreError> {
        self.call(true, self.inner.forget_outbox(chain, up_to)).await
    }

    async fn position(&self, chain: &str, name: &str) -> Result<Option<(u64, Cursor)>, StoreError> {
        self.call(false, self.inner.position(chain, name)).await
    }

    async fn take_position(&self, chain: &str, name: &str) -> Result<(u64, Cursor), StoreError> {
        self.call(true, self.inner.take_position(chain, name)).await
    }

    async fn set_position(
        &self,
        chain: &str,
        name: &str,
        fence: u64,
        cursor: &Cursor,
    ) -> Result<bool, StoreError> {
        self.call(true, self.inner.set_position(chain, name, fence, cursor)).await
    }

    async fn parked(&self, chain: &str, after: &Cursor, limit: usize) -> Result<Page<ParkedRow>, StoreError> {
        self.call(false, self.inner.parked(chain, after, limit)).await
    }

    async fn archive(
        &self,
        chain: &str,
        member: &MemberId,
        before_ms: i64,
        after: &Cursor,
        limit: usize,
    ) -> Result<ArchivedRows, StoreError> {
        self.call(true, self.inner.archive(chain, member, before_ms, after, limit)).await
    }

    async fn limits(&self, chain: &str) -> Result<Vec<LimitView>, StoreError> {
        self.call(false, self.inner.limits(chain)).await
    }

    async fn set_limit(&self, chain: &str, offer: OfferKey, cap: LimitCap) -> Result<LimitCap, StoreError> {
        self.call(true, self.inner.set_limit(chain, offer, cap)).await
    }

    async fn limit_holders(
        &self,
        chain: &str,
        offer: OfferKey,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<NamedHolder>, StoreError> {
        self.call(false, self.inner.limit_holders(chain, offer, after, limit)).await
    }

    async fn add_codes(
        &self,
        chain: &str,
        campaign: OfferKey,
        codes: &[CodeHash],
    ) -> Result<CodesAdded, StoreError> {
        self.call(true, self.inner.add_codes(chain, campaign, codes)).await
    }

    async fn finish_shares(
        &self,
        chain: &str,
        holder: &CodeHolder,
        limits: &[OfferKey],
        codes: &[CodeHash],
    ) -> Result<(), StoreError> {
        self.call(true, self.inner.finish_shares(chain, holder, limits, codes)).await
    }

    async fn pay_guests(&self, now_ms: i64) -> Result<(), StoreError> {
        self.call(true, self.inner.pay_guests(now_ms)).await
    }

    async fn code(&self, chain: &str, code: CodeHash) -> Result<Option<CodeView>, StoreError> {
        self.call(false, self.inner.code(chain, code)).await
    }

    async fn codes(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(CodeHash, CodeView)>, StoreError> {
        self.call(false, self.inner.codes(chain, after, limit)).await
    }

    async fn put_program(&self, chain: &str, program: &ProgramRow) -> Result<(), StoreError> {
        self.call(true, self.inner.put_program(chain, program)).await
    }

    async fn program(&self, chain: &str, version: &str) -> Result<Option<ProgramRow>, StoreError> {
        self.call(false, self.inner.program(chain, version)).await
    }

    async fn activate(&self, chain: &str, version: &str, at_ms: i64) -> Result<Activation, StoreError> {
        self.call(true, self.inner.activate(chain, version, at_ms)).await
    }

    async fn active_program(&self, chain: &str) -> Result<Option<Activation>, StoreError> {
        self.call(false, self.inner.active_program(chain)).await
    }

    async fn activations(&self, chain: &str) -> Result<Vec<Activation>, StoreError> {
        self.call(false, self.inner.activations(chain)).await
    }

    async fn chains(&self) -> Result<Vec<String>, StoreError> {
        self.call(false, self.inner.chains()).await
    }

    async fn walk(&self, after: &Cursor, limit: usize) -> Result<Page<RawRow>, StoreError> {
        self.call(false, self.inner.walk(after, limit)).await
    }

    async fn walk_from(&self, chain: &str, owner: &Owner) -> Result<Option<Cursor>, StoreError> {
        self.call(false, self.inner.walk_from(chain, owner)).await
    }

    async fn meta(&self) -> Result<Meta, StoreError> {
        self.call(false, self.inner.meta()).await
    }

    async fn clock_ms(&self) -> Result<Option<i64>, StoreError> {
        match &self.clock {
            Some(clock) => Ok(Some(clock())),
            None => self.call(false, self.inner.clock_ms()).await,
        }
    }
}
