//! A store that divides its members into parts, and whose feed loses every third row. Remembers which
//! changes it was to tell again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::Entry;
use suanpan_ledger::head::OfferKey;
use suanpan_store::*;

/// Everything but the feed and the division is the inner store's.
pub(crate) struct LossyFeed {
    inner: Arc<dyn Store>,
    parts: u32,
    rows: AtomicU64,
    lost: AtomicU64,
    /// Parts that were scanned, and since when changes in them were to be told again.
    told: Mutex<Vec<(u32, Option<i64>)>>,
    passed: Mutex<BTreeMap<u32, i64>>,
}

impl LossyFeed {
    pub(crate) fn new(inner: Arc<dyn Store>, parts: u32) -> Self {
        Self {
            inner,
            parts,
            rows: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            told: Mutex::default(),
            passed: Mutex::default(),
        }
    }

    fn is_of(&self, part: Part, member: &MemberId) -> bool {
        let sum: u32 = member.as_str().bytes().map(u32::from).sum();
        sum % self.parts == part.0
    }

    /// What was to be told again since the last time that it was asked.
    pub(crate) fn told(&self) -> Vec<(u32, Option<i64>)> {
        std::mem::take(&mut self.told.lock().expect("no panic"))
    }

    /// How many rows were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Store for LossyFeed {
    fn parts(&self) -> u32 {
        self.parts
    }

    async fn decide(&self, chain: &str, scope: Scope, decider: Box<dyn Decider>) -> Result<(), StoreError> {
        self.inner.decide(chain, scope, decider).await
    }

    async fn member(&self, chain: &str, member: &MemberId) -> Result<Option<MemberRow>, StoreError> {
        self.inner.member(chain, member).await
    }

    async fn entries(
        &self,
        chain: &str,
        member: &MemberId,
        order: Order,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        self.inner.entries(chain, member, order, after, limit).await
    }

    async fn find_checkout(
        &self,
        chain: &str,
        checkout: CheckoutId,
    ) -> Result<Option<FoundCheckout>, StoreError> {
        self.inner.find_checkout(chain, checkout).await
    }

    async fn list_checkouts(
        &self,
        chain: &str,
        filter: &CheckoutFilter,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<FoundCheckout>, StoreError> {
        self.inner.list_checkouts(chain, filter, after, limit).await
    }

    async fn link(
        &self,
        chain: &str,
        key: LookupKey,
        member: &MemberId,
        now_ms: i64,
    ) -> Result<Linked, StoreError> {
        self.inner.link(chain, key, member, now_ms).await
    }

    async fn unlink(&self, chain: &str, key: LookupKey, member: &MemberId) -> Result<(), StoreError> {
        self.inner.unlink(chain, key, member).await
    }

    async fn lookup(&self, chain: &str, key: LookupKey) -> Result<Option<MemberId>, StoreError> {
        self.inner.lookup(chain, key).await
    }

    async fn lookups(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(LookupKey, MemberId)>, StoreError> {
        self.inner.lookups(chain, after, limit).await
    }

    async fn scan_due(
        &self,
        chain: Option<&str>,
        part: Option<Part>,
        after: &Cursor,
        now_ms: i64,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        let mut scanned = self.inner.scan_due(chain, None, after, now_ms, limit).await?;
        scanned.due.retain(|row| part.is_none_or(|part| self.is_of(part, &row.member)));
        Ok(scanned)
    }

    async fn scan_and_tell(
        &self,
        part: Part,
        after: &Cursor,
        now_ms: i64,
        since_ms: Option<i64>,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        self.told.lock().expect("no panic").push((part.0, since_ms));
        self.scan_due(None, Some(part), after, now_ms, limit).await
    }

    async fn passed(&self, part: Part) -> Result<Option<i64>, StoreError> {
        Ok(self.passed.lock().expect("no panic").get(&part.0).copied())
    }

    async fn set_passed(&self, part: Part, began_ms: i64) -> Result<(), StoreError> {
        let mut passed = self.passed.lock().expect("no panic");
        let kept = passed.entry(part.0).or_insert(began_ms);
        *kept = began_ms.max(*kept);
        Ok(())
    }

    async fn lease(&self, duty: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<bool, StoreError> {
        self.inner.lease(duty, holder, now_ms, until_ms).await
    }

    async fn end_lease(&self, duty: &str, holder: &str) -> Result<(), StoreError> {
        self.inner.end_lease(duty, holder).await
    }

    async fn leases(&self, now_ms: i64) -> Result<Vec<Lease>, StoreError> {
        self.inner.leases(now_ms).await
    }

    async fn feed(
        &self,
        part: Part,
        after: &Cursor,
        wait_ms: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        let mut page = self.inner.feed(Part(0), after, wait_ms, limit).await?;
        page.rows.retain(|row| self.is_of(part, &row.member));
        let before = page.rows.len();
        page.rows.retain(|_| self.rows.fetch_add(1, Ordering::Relaxed) % 3 != 2);
        self.lost.fetch_add((before - page.rows.len()) as u64, Ordering::Relaxed);
        Ok(page)
    }

    async fn outbox(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<OutboxEvent>, StoreError> {
        self.inner.outbox(chain, after, limit).await
    }

    async fn forget_outbox(&self, chain: &str, up_to: &Cursor) -> Result<(), StoreError> {
        self.inner.forget_outbox(chain, up_to).await
    }

    async fn position(&self, chain: &str, name: &str) -> Result<Option<(u64, Cursor)>, StoreError> {
        self.inner.position(chain, name).await
    }

    async fn take_position(&self, chain: &str, name: &str) -> Result<(u64, Cursor), StoreError> {
        self.inner.take_position(chain, name).await
    }

    async fn set_position(
        &self,
        chain: &str,
        name: &str,
        fence: u64,
        cursor: &Cursor,
    ) -> Result<bool, StoreError> {
        self.inner.set_position(chain, name, fence, cursor).await
    }

    async fn parked(&self, chain: &str, after: &Cursor, limit: usize) -> Result<Page<ParkedRow>, StoreError> {
        self.inner.parked(chain, after, limit).await
    }

    async fn archive(
        &self,
        chain: &str,
        member: &MemberId,
        before_ms: i64,
        after: &Cursor,
        limit: usize,
    ) -> Result<ArchivedRows, StoreError> {
        self.inner.archive(chain, member, before_ms, after, limit).await
    }

    async fn limits(&self, chain: &str) -> Result<Vec<LimitView>, StoreError> {
        self.inner.limits(chain).await
    }

    async fn set_limit(&self, chain: &str, offer: OfferKey, cap: LimitCap) -> Result<LimitCap, StoreError> {
        self.inner.set_limit(chain, offer, cap).await
    }

    async fn limit_holders(
        &self,
        chain: &str,
        offer: OfferKey,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<NamedHolder>, StoreError> {
        self.inner.limit_holders(chain, offer, after, limit).await
    }

    async fn add_codes(
        &self,
        chain: &str,
        campaign: OfferKey,
        codes: &[CodeHash],
    ) -> Result<CodesAdded, StoreError> {
        self.inner.add_codes(chain, campaign, codes).await
    }

    async fn code(&self, chain: &str, code: CodeHash) -> Result<Option<CodeView>, StoreError> {
        self.inner.code(chain, code).await
    }

    async fn codes(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(CodeHash, CodeView)>, StoreError> {
        self.inner.codes(chain, after, limit).await
    }

    async fn put_program(&self, chain: &str, program: &ProgramRow) -> Result<(), StoreError> {
        self.inner.put_program(chain, program).await
    }

    async fn program(&self, chain: &str, version: &str) -> Result<Option<ProgramRow>, StoreError> {
        self.inner.program(chain, version).await
    }

    async fn activate(&self, chain: &str, version: &str, at_ms: i64) -> Result<Activation, StoreError> {
        self.inner.activate(chain, version, at_ms).await
    }

    async fn active_program(&self, chain: &str) -> Result<Option<Activation>, StoreError> {
        self.inner.active_program(chain).await
    }

    async fn activations(&self, chain: &str) -> Result<Vec<Activation>, StoreError> {
        self.inner.activations(chain).await
    }

    async fn chains(&self) -> Result<Vec<String>, StoreError> {
        self.inner.chains().await
    }

    async fn walk(&self, after: &Cursor, limit: usize) -> Result<Page<RawRow>, StoreError> {
        self.inner.walk(after, limit).await
    }

    async fn walk_from(&self, chain: &str, owner: &Owner) -> Result<Option<Cursor>, StoreError> {
        self.inner.walk_from(chain, owner).await
    }

    async fn meta(&self) -> Result<Meta, StoreError> {
        self.inner.meta().await
    }
}
