//! The trait: each verb goes to the room that knows it.

use async_trait::async_trait;
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::Entry;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{
    Activation, ArchivedRows, CODES_PER_CALL_MAX, CheckoutFilter, CodeHash, CodeHolder, CodeView, CodesAdded,
    Cursor, Decider, FeedPage, FoundCheckout, Lease, LimitCap, LimitView, Linked, LookupKey, MemberRow, Meta,
    NamedHolder, Order, OutboxEvent, Owner, Page, ParkedRow, Part, ProgramRow, RawRow, Scanned, Scope, Store,
    StoreError,
};

use crate::bytes::check_chain;
use crate::inner::{PARTS, Who};
use crate::session::values;
use crate::store::ScyllaStore;

#[async_trait]
impl Store for ScyllaStore {
    async fn decide(
        &self,
        chain: &str,
        scope: Scope,
        mut decider: Box<dyn Decider>,
    ) -> Result<(), StoreError> {
        check_chain(chain)?;
        self.0.decide(chain, &scope, decider.as_mut()).await
    }

    async fn member(&self, chain: &str, member: &MemberId) -> Result<Option<MemberRow>, StoreError> {
        self.0.head(chain, &Owner::Member(member.clone()), self.0.deadline()).await
    }

    async fn entries(
        &self,
        chain: &str,
        member: &MemberId,
        order: Order,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        self.0.list_entries(chain, member, order, after, limit).await
    }

    async fn find_checkout(
        &self,
        chain: &str,
        checkout: CheckoutId,
    ) -> Result<Option<FoundCheckout>, StoreError> {
        self.0.find(chain, checkout).await
    }

    async fn list_checkouts(
        &self,
        chain: &str,
        filter: &CheckoutFilter,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<FoundCheckout>, StoreError> {
        self.0.list_sales(chain, filter, after, limit).await
    }

    async fn link(
        &self,
        chain: &str,
        key: LookupKey,
        member: &MemberId,
        now_ms: i64,
    ) -> Result<Linked, StoreError> {
        check_chain(chain)?;
        self.0.link_key(chain, key, member, now_ms).await
    }

    async fn unlink(&self, chain: &str, key: LookupKey, member: &MemberId) -> Result<(), StoreError> {
        self.0.unlink_key(chain, key, member).await
    }

    async fn lookup(&self, chain: &str, key: LookupKey) -> Result<Option<MemberId>, StoreError> {
        self.0.look_up(chain, key).await
    }

    async fn lookups(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(LookupKey, MemberId)>, StoreError> {
        self.0.list_links(chain, after, limit).await
    }

    fn parts(&self) -> u32 {
        PARTS
    }

    async fn lease(&self, duty: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<bool, StoreError> {
        let held = self.0.take_leases(&[duty.to_owned()], holder, now_ms, until_ms).await?;
        Ok(!held.is_empty())
    }

    async fn lease_all(
        &self,
        duties: &[String],
        holder: &str,
        now_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        self.0.take_leases(duties, holder, now_ms, until_ms).await
    }

    async fn end_lease(&self, duty: &str, holder: &str) -> Result<(), StoreError> {
        self.0.let_leases_go(&[duty.to_owned()], holder).await
    }

    async fn end_leases(&self, duties: &[String], holder: &str) -> Result<(), StoreError> {
        self.0.let_leases_go(duties, holder).await
    }

    async fn leases(&self, now_ms: i64) -> Result<Vec<Lease>, StoreError> {
        self.0.list_leases(now_ms).await
    }

    async fn scan_due(
        &self,
        chain: Option<&str>,
        part: Option<Part>,
        after: &Cursor,
        now_ms: i64,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        self.0.scan(chain, part, after, now_ms, limit).await
    }

    async fn scan_and_tell(
        &self,
        part: Part,
        after: &Cursor,
        now_ms: i64,
        since_ms: Option<i64>,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        self.0.scan_and_tell(part, after, now_ms, since_ms, limit).await
    }

    async fn passed(&self, part: Part) -> Result<Option<i64>, StoreError> {
        self.0.passed(part).await
    }

    async fn set_passed(&self, part: Part, began_ms: i64) -> Result<(), StoreError> {
        self.0.set_passed(part, began_ms).await
    }

    async fn feed(
        &self,
        part: Part,
        after: &Cursor,
        wait_ms: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        self.0.read_feed(part, after, wait_ms, limit).await
    }

    async fn outbox(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<OutboxEvent>, StoreError> {
        self.0.list_events(chain, after, limit).await
    }

    async fn forget_outbox(&self, chain: &str, up_to: &Cursor) -> Result<(), StoreError> {
        self.0.forget_events(chain, up_to).await
    }

    async fn position(&self, chain: &str, name: &str) -> Result<Option<(u64, Cursor)>, StoreError> {
        self.0.place_of(chain, name).await
    }

    async fn take_position(&self, chain: &str, name: &str) -> Result<(u64, Cursor), StoreError> {
        check_chain(chain)?;
        self.0.take_place(chain, name).await
    }

    async fn set_position(
        &self,
        chain: &str,
        name: &str,
        fence: u64,
        cursor: &Cursor,
    ) -> Result<bool, StoreError> {
        check_chain(chain)?;
        self.0.keep_place(chain, name, fence, cursor).await
    }

    async fn parked(&self, chain: &str, after: &Cursor, limit: usize) -> Result<Page<ParkedRow>, StoreError> {
        self.0.list_parked(chain, after, limit).await
    }

    async fn archive(
        &self,
        chain: &str,
        member: &MemberId,
        before_ms: i64,
        after: &Cursor,
        limit: usize,
    ) -> Result<ArchivedRows, StoreError> {
        self.0.archive_rows(chain, member, before_ms, after, limit).await
    }

    async fn limits(&self, chain: &str) -> Result<Vec<LimitView>, StoreError> {
        self.0.all_limits(chain).await
    }

    async fn set_limit(&self, chain: &str, offer: OfferKey, cap: LimitCap) -> Result<LimitCap, StoreError> {
        check_chain(chain)?;
        self.0.set_cap(chain, offer, cap).await
    }

    async fn limit_holders(
        &self,
        chain: &str,
        offer: OfferKey,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<NamedHolder>, StoreError> {
        self.0.list_holders(chain, offer, after, limit).await
    }

    async fn add_codes(
        &self,
        chain: &str,
        campaign: OfferKey,
        codes: &[CodeHash],
    ) -> Result<CodesAdded, StoreError> {
        check_chain(chain)?;
        if codes.len() > CODES_PER_CALL_MAX {
            return Err(StoreError::Refused(format!("more than {CODES_PER_CALL_MAX} codes at once")));
        }
        self.0.add_all_codes(chain, campaign, codes).await
    }

    async fn code(&self, chain: &str, code: CodeHash) -> Result<Option<CodeView>, StoreError> {
        self.0.one_code(chain, code).await
    }

    async fn codes(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(CodeHash, CodeView)>, StoreError> {
        self.0.list_codes(chain, after, limit).await
    }

    async fn put_program(&self, chain: &str, program: &ProgramRow) -> Result<(), StoreError> {
        check_chain(chain)?;
        self.0.keep_program(chain, program).await
    }

    async fn program(&self, chain: &str, version: &str) -> Result<Option<ProgramRow>, StoreError> {
        self.0.read_program(chain, version).await
    }

    async fn activate(&self, chain: &str, version: &str, at_ms: i64) -> Result<Activation, StoreError> {
        self.0.make_active(chain, version, at_ms).await
    }

    async fn active_program(&self, chain: &str) -> Result<Option<Activation>, StoreError> {
        self.0.read_active(chain).await
    }

    async fn activations(&self, chain: &str) -> Result<Vec<Activation>, StoreError> {
        self.0.list_activations(chain).await
    }

    async fn chains(&self) -> Result<Vec<String>, StoreError> {
        let rows =
            self.0.cql.read::<(String,)>(&self.0.statements.chains, values![], self.0.deadline()).await?;
        let mut names: Vec<String> = rows.into_iter().map(|(name,)| name).collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn walk(&self, after: &Cursor, limit: usize) -> Result<Page<RawRow>, StoreError> {
        self.0.walk_on(after, limit).await
    }

    async fn walk_from(&self, chain: &str, owner: &Owner) -> Result<Option<Cursor>, StoreError> {
        self.0.walk_begins(chain, owner).await
    }

    async fn meta(&self) -> Result<Meta, StoreError> {
        Ok(self.0.meta)
    }

    async fn clock_ms(&self) -> Result<Option<i64>, StoreError> {
        self.0.server_ms().await.map(Some)
    }

    async fn finish_shares(
        &self,
        chain: &str,
        holder: &CodeHolder,
        limits: &[OfferKey],
        codes: &[CodeHash],
    ) -> Result<(), StoreError> {
        let who = Who { checkout: holder.checkout, owner: holder.owner.clone() };
        self.0.finish_shares_of(chain, &who, limits, codes).await
    }

    async fn pay_guests(&self, now_ms: i64) -> Result<(), StoreError> {
        self.0.pay_guests(now_ms).await
    }
}
