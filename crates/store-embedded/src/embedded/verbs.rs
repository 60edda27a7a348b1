//! The trait: each verb goes to the writer or to a reader.

use async_trait::async_trait;
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::Entry;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{
    Activation, ArchivedRows, CODES_PER_CALL_MAX, CheckoutFilter, CodeHash, CodeView, CodesAdded, Cursor,
    Decider, FeedPage, FoundCheckout, Lease, LimitCap, LimitView, Linked, LookupKey, MemberRow, Meta,
    NamedHolder, Order, OutboxEvent, Owner, Page, ParkedRow, Part, ProgramRow, RawRow, Scanned, Scope, Store,
    StoreError,
};

use crate::archive;
use crate::backup;
use crate::bytes::{check_chain, check_name};
use crate::embedded::EmbeddedStore;
use crate::heads;
use crate::reader::{accounts, consistent, lists, sweeps};
use crate::writer;

#[async_trait]
impl Store for EmbeddedStore {
    /// One writer takes what is asked for in the order in which it came.
    fn keeps_order(&self) -> bool {
        true
    }

    async fn decide(
        &self,
        chain: &str,
        scope: Scope,
        mut decider: Box<dyn Decider>,
    ) -> Result<(), StoreError> {
        check_chain(chain)?;
        let chain = chain.to_owned();
        self.write(Box::new(move |writing| writer::decide(writing, &chain, &scope, decider.as_mut()))).await
    }

    async fn member(&self, chain: &str, member: &MemberId) -> Result<Option<MemberRow>, StoreError> {
        let (heads, name) = (&self.shared.heads, heads::name(chain, member.as_str()));
        let kept = match heads.get(&name) {
            Ok(kept) => kept,
            Err(missed) => {
                let (chain, member) = (chain.to_owned(), member.clone());
                let read = self.read(move |connection| accounts::member(connection, &chain, &member));
                let Some(kept) = read.await? else { return Ok(None) };
                heads.found(name, missed, kept.clone());
                kept
            }
        };
        kept.row(self.meta.epoch).map(Some)
    }

    async fn entries(
        &self,
        chain: &str,
        member: &MemberId,
        order: Order,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        let (chain, member, after) = (chain.to_owned(), member.clone(), after.clone());
        self.read(move |connection| {
            consistent(connection, |at| accounts::entries(at, &chain, &member, order, &after, limit))
        })
        .await
    }

    async fn find_checkout(
        &self,
        chain: &str,
        checkout: CheckoutId,
    ) -> Result<Option<FoundCheckout>, StoreError> {
        let chain = chain.to_owned();
        self.read(move |connection| {
            consistent(connection, |at| accounts::find_checkout(at, &chain, checkout))
        })
        .await
    }

    async fn list_checkouts(
        &self,
        chain: &str,
        filter: &CheckoutFilter,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<FoundCheckout>, StoreError> {
        let (chain, filter, after) = (chain.to_owned(), filter.clone(), after.clone());
        self.read(move |connection| {
            consistent(connection, |at| accounts::list_checkouts(at, &chain, &filter, &after, limit))
        })
        .await
    }

    async fn link(
        &self,
        chain: &str,
        key: LookupKey,
        member: &MemberId,
        now_ms: i64,
    ) -> Result<Linked, StoreError> {
        check_chain(chain)?;
        let (chain, member) = (chain.to_owned(), member.clone());
        self.write_with(move |writing| writer::link(writing, &chain, key, &member, now_ms)).await
    }

    async fn unlink(&self, chain: &str, key: LookupKey, member: &MemberId) -> Result<(), StoreError> {
        let (chain, member) = (chain.to_owned(), member.clone());
        self.write_with(move |writing| writer::unlink(writing, &chain, key, &member)).await
    }

    async fn lookup(&self, chain: &str, key: LookupKey) -> Result<Option<MemberId>, StoreError> {
        let chain = chain.to_owned();
        self.read(move |connection| lists::lookup(connection, &chain, key)).await
    }

    async fn lookups(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(LookupKey, MemberId)>, StoreError> {
        let (chain, after) = (chain.to_owned(), after.clone());
        self.read(move |connection| lists::lookups(connection, &chain, &after, limit)).await
    }

    async fn lease(&self, duty: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<bool, StoreError> {
        self.shared.leases.take(duty, holder, now_ms, until_ms)
    }

    async fn end_lease(&self, duty: &str, holder: &str) -> Result<(), StoreError> {
        self.shared.leases.end(duty, holder);
        Ok(())
    }

    async fn leases(&self, now_ms: i64) -> Result<Vec<Lease>, StoreError> {
        Ok(self.shared.leases.all(now_ms))
    }

    async fn scan_due(
        &self,
        chain: Option<&str>,
        part: Option<Part>,
        after: &Cursor,
        now_ms: i64,
        limit: usize,
    ) -> Result<Scanned, StoreError> {
        if part.is_some_and(|part| part.0 >= self.parts()) {
            return Ok(Scanned { due: Vec::new(), looked_at: 0, next: None });
        }
        let (chain, after) = (chain.map(str::to_owned), after.clone());
        self.read(move |connection| {
            consistent(connection, |at| sweeps::scan_due(at, chain.as_deref(), &after, now_ms, limit))
        })
        .await
    }

    /// The only part has every member.
    async fn feed(
        &self,
        _: Part,
        after: &Cursor,
        wait_ms: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        self.shared.feed.after(after, wait_ms, limit).await
    }

    async fn outbox(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<OutboxEvent>, StoreError> {
        let (chain, after) = (chain.to_owned(), after.clone());
        self.read(move |connection| lists::outbox(connection, &chain, &after, limit)).await
    }

    async fn forget_outbox(&self, chain: &str, up_to: &Cursor) -> Result<(), StoreError> {
        let (chain, up_to) = (chain.to_owned(), up_to.clone());
        self.write_with(move |writing| writer::forget_outbox(writing, &chain, &up_to)).await
    }

    async fn position(&self, chain: &str, name: &str) -> Result<Option<(u64, Cursor)>, StoreError> {
        let (chain, name) = (chain.to_owned(), name.to_owned());
        self.read(move |connection| lists::position(connection, &chain, &name)).await
    }

    async fn take_position(&self, chain: &str, name: &str) -> Result<(u64, Cursor), StoreError> {
        check_chain(chain)?;
        check_name("a position's name", name)?;
        let (chain, name) = (chain.to_owned(), name.to_owned());
        self.write_with(move |writing| writer::take_position(writing, &chain, &name)).await
    }

    async fn set_position(
        &self,
        chain: &str,
        name: &str,
        fence: u64,
        cursor: &Cursor,
    ) -> Result<bool, StoreError> {
        check_chain(chain)?;
        check_name("a position's name", name)?;
        let (chain, name, cursor) = (chain.to_owned(), name.to_owned(), cursor.clone());
        self.write_with(move |writing| writer::set_position(writing, &chain, &name, fence, &cursor)).await
    }

    async fn parked(&self, chain: &str, after: &Cursor, limit: usize) -> Result<Page<ParkedRow>, StoreError> {
        let (chain, after) = (chain.to_owned(), after.clone());
        self.read(move |connection| lists::parked(connection, &chain, &after, limit)).await
    }

    async fn archive(
        &self,
        chain: &str,
        member: &MemberId,
        before_ms: i64,
        after: &Cursor,
        limit: usize,
    ) -> Result<ArchivedRows, StoreError> {
        let (chain, member, after) = (chain.to_owned(), member.clone(), after.clone());
        self.write_with(move |writing| archive::archive(writing, &chain, &member, before_ms, &after, limit))
            .await
    }

    async fn limits(&self, chain: &str) -> Result<Vec<LimitView>, StoreError> {
        let chain = chain.to_owned();
        self.read(move |connection| lists::all_limits(connection, &chain)).await
    }

    async fn set_limit(&self, chain: &str, offer: OfferKey, cap: LimitCap) -> Result<LimitCap, StoreError> {
        check_chain(chain)?;
        let chain = chain.to_owned();
        self.write_with(move |writing| writer::set_limit(writing, &chain, offer, cap)).await
    }

    async fn limit_holders(
        &self,
        chain: &str,
        offer: OfferKey,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<NamedHolder>, StoreError> {
        let (chain, after) = (chain.to_owned(), after.clone());
        self.read(move |connection| {
            consistent(connection, |at| lists::limit_holders(at, &chain, offer, &after, limit))
        })
        .await
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
        let (chain, codes) = (chain.to_owned(), codes.to_vec());
        self.write_with(move |writing| writer::add_codes(writing, &chain, campaign, &codes)).await
    }

    async fn code(&self, chain: &str, code: CodeHash) -> Result<Option<CodeView>, StoreError> {
        let chain = chain.to_owned();
        self.read(move |connection| consistent(connection, |at| lists::code(at, &chain, code))).await
    }

    async fn codes(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(CodeHash, CodeView)>, StoreError> {
        let (chain, after) = (chain.to_owned(), after.clone());
        self.read(move |connection| consistent(connection, |at| lists::all_codes(at, &chain, &after, limit)))
            .await
    }

    async fn put_program(&self, chain: &str, program: &ProgramRow) -> Result<(), StoreError> {
        check_chain(chain)?;
        check_name("a program's version", &program.version)?;
        let (chain, program) = (chain.to_owned(), program.clone());
        self.write_with(move |writing| writer::put_program(writing, &chain, &program)).await
    }

    async fn program(&self, chain: &str, version: &str) -> Result<Option<ProgramRow>, StoreError> {
        let (chain, version) = (chain.to_owned(), version.to_owned());
        self.read(move |connection| lists::program(connection, &chain, &version)).await
    }

    async fn activate(&self, chain: &str, version: &str, at_ms: i64) -> Result<Activation, StoreError> {
        let (chain, version) = (chain.to_owned(), version.to_owned());
        self.write_with(move |writing| writer::activate(writing, &chain, &version, at_ms)).await
    }

    async fn active_program(&self, chain: &str) -> Result<Option<Activation>, StoreError> {
        let chain = chain.to_owned();
        self.read(move |connection| lists::active_program(connection, &chain)).await
    }

    async fn activations(&self, chain: &str) -> Result<Vec<Activation>, StoreError> {
        let chain = chain.to_owned();
        self.read(move |connection| lists::activations(connection, &chain)).await
    }

    async fn chains(&self) -> Result<Vec<String>, StoreError> {
        self.read(lists::chains).await
    }

    async fn damage(&self) -> Result<Vec<String>, StoreError> {
        let path = self.path.clone();
        // Beside the readers: it takes as long as it takes to read the whole file.
        let checked = tokio::task::spawn_blocking(move || backup::damage(&path)).await;
        checked.map_err(|error| StoreError::Panicked(error.to_string()))?
    }

    async fn passed_over(&self) -> Result<Vec<String>, StoreError> {
        let path = self.path.clone();
        let checked = tokio::task::spawn_blocking(move || backup::passed_over(&path)).await;
        checked.map_err(|error| StoreError::Panicked(error.to_string()))?
    }

    async fn walk(&self, after: &Cursor, limit: usize) -> Result<Page<RawRow>, StoreError> {
        let after = after.clone();
        self.read(move |connection| consistent(connection, |at| sweeps::walk(at, &after, limit))).await
    }

    async fn walk_from(&self, chain: &str, owner: &Owner) -> Result<Option<Cursor>, StoreError> {
        let (chain, owner) = (chain.to_owned(), owner.clone());
        self.read(move |connection| sweeps::walk_from(connection, &chain, &owner)).await
    }

    async fn meta(&self) -> Result<Meta, StoreError> {
        Ok(self.meta)
    }
}
