//! A store that asks several, call by call in turn, as a balancer in front of several processes does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::Entry;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{
    Activation, ArchivedRows, CheckoutFilter, CodeHash, CodeHolder, CodeView, CodesAdded, Cursor, Decider,
    FeedPage, FoundCheckout, Lease, LimitCap, LimitView, Linked, LookupKey, MemberRow, Meta, NamedHolder,
    Order, OutboxEvent, Owner, Page, ParkedRow, Part, ProgramRow, RawRow, Scanned, Scope, Store, StoreError,
};
use suanpan_store_scylla::ScyllaStore;

pub(crate) struct Several {
    stores: Vec<Arc<ScyllaStore>>,
    next: AtomicUsize,
}

impl Several {
    pub(crate) fn new(stores: Vec<Arc<ScyllaStore>>) -> Self {
        Self { stores, next: AtomicUsize::new(0) }
    }

    fn one(&self) -> &ScyllaStore {
        &self.stores[self.next.fetch_add(1, Ordering::Relaxed) % self.stores.len()]
    }
}

/// Verbs that whoever has the turn is asked.
macro_rules! in_turn {
    ($(fn $verb:ident($($name:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for Several {
            fn parts(&self) -> u32 {
                self.stores[0].parts()
            }

            /// A place in the feed is of the process that gave it.
            async fn feed(&self, part: Part, after: &Cursor, wait_ms: u64, limit: usize) -> Result<FeedPage, StoreError> {
                self.stores[0].feed(part, after, wait_ms, limit).await
            }

            $(async fn $verb(&self, $($name: $kind),*) -> Result<$answer, StoreError> {
                self.one().$verb($($name),*).await
            })*
        }
    };
}

in_turn! {
    fn decide(chain: &str, scope: Scope, decider: Box<dyn Decider>) -> ();
    fn member(chain: &str, member: &MemberId) -> Option<MemberRow>;
    fn entries(chain: &str, member: &MemberId, order: Order, after: &Cursor, limit: usize) -> Page<Entry>;
    fn find_checkout(chain: &str, checkout: CheckoutId) -> Option<FoundCheckout>;
    fn list_checkouts(chain: &str, filter: &CheckoutFilter, after: &Cursor, limit: usize) -> Page<FoundCheckout>;
    fn link(chain: &str, key: LookupKey, member: &MemberId, now_ms: i64) -> Linked;
    fn unlink(chain: &str, key: LookupKey, member: &MemberId) -> ();
    fn lookup(chain: &str, key: LookupKey) -> Option<MemberId>;
    fn lookups(chain: &str, after: &Cursor, limit: usize) -> Page<(LookupKey, MemberId)>;
    fn lease(duty: &str, holder: &str, now_ms: i64, until_ms: i64) -> bool;
    fn lease_all(duties: &[String], holder: &str, now_ms: i64, until_ms: i64) -> Vec<String>;
    fn end_lease(duty: &str, holder: &str) -> ();
    fn end_leases(duties: &[String], holder: &str) -> ();
    fn leases(now_ms: i64) -> Vec<Lease>;
    fn scan_due(chain: Option<&str>, part: Option<Part>, after: &Cursor, now_ms: i64, limit: usize) -> Scanned;
    fn scan_and_tell(part: Part, after: &Cursor, now_ms: i64, since_ms: Option<i64>, limit: usize) -> Scanned;
    fn passed(part: Part) -> Option<i64>;
    fn set_passed(part: Part, began_ms: i64) -> ();
    fn outbox(chain: &str, after: &Cursor, limit: usize) -> Page<OutboxEvent>;
    fn forget_outbox(chain: &str, up_to: &Cursor) -> ();
    fn position(chain: &str, name: &str) -> Option<(u64, Cursor)>;
    fn set_position(chain: &str, name: &str, fence: u64, cursor: &Cursor) -> bool;
    fn take_position(chain: &str, name: &str) -> (u64, Cursor);
    fn parked(chain: &str, after: &Cursor, limit: usize) -> Page<ParkedRow>;
    fn archive(chain: &str, member: &MemberId, before_ms: i64, after: &Cursor, limit: usize) -> ArchivedRows;
    fn limits(chain: &str) -> Vec<LimitView>;
    fn set_limit(chain: &str, offer: OfferKey, cap: LimitCap) -> LimitCap;
    fn limit_holders(chain: &str, offer: OfferKey, after: &Cursor, limit: usize) -> Page<NamedHolder>;
    fn add_codes(chain: &str, campaign: OfferKey, codes: &[CodeHash]) -> CodesAdded;
    fn code(chain: &str, code: CodeHash) -> Option<CodeView>;
    fn codes(chain: &str, after: &Cursor, limit: usize) -> Page<(CodeHash, CodeView)>;
    fn put_program(chain: &str, program: &ProgramRow) -> ();
    fn program(chain: &str, version: &str) -> Option<ProgramRow>;
    fn activate(chain: &str, version: &str, at_ms: i64) -> Activation;
    fn active_program(chain: &str) -> Option<Activation>;
    fn activations(chain: &str) -> Vec<Activation>;
    fn chains() -> Vec<String>;
    fn walk(after: &Cursor, limit: usize) -> Page<RawRow>;
    fn walk_from(chain: &str, owner: &Owner) -> Option<Cursor>;
    fn meta() -> Meta;
    fn clock_ms() -> Option<i64>;
    fn finish_shares(chain: &str, holder: &CodeHolder, limits: &[OfferKey], codes: &[CodeHash]) -> ();
    fn pay_guests(now_ms: i64) -> ();
}
