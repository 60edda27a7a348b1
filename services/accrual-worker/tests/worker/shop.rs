//! A chain on a store of its own: its clock, its worker, and what tills and desks ask of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use suanpan_accrual_worker::outbox::Sink;
use suanpan_accrual_worker::{Clock, Pace, Policies, StoredPolicies, Worker};
use suanpan_checkout::{Ask, Books, MemberAsk, Recorded, Refund, Verb};
use suanpan_domain::{CheckoutId, MemberId, MonthDay, ReturnId};
use suanpan_ledger::command::Wanted;
use suanpan_ledger::sale::{SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Entry, Head, Sale};
use suanpan_store::{Cursor, Order, Owner, Store};
use suanpan_store_embedded::EmbeddedStore;

pub(crate) const CHAIN: &str = "sunrise";

/// A folder of one test, gone after it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("suanpan-worker-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for temporary files");
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Short waits, so that a year fits into a test.
pub(crate) fn hurry() -> Pace {
    Pace {
        at_once: 64,
        pass_every: Duration::from_millis(10),
        changed_per_second: 1_000_000,
        tend_every: Duration::from_millis(50),
        codes_every: Duration::ZERO,
        retry_first: Duration::from_millis(1),
        retry_max: Duration::from_millis(8),
        ..Pace::default()
    }
}

#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) store: Arc<dyn Store>,
    clock: Arc<AtomicI64>,
    policies: Arc<StoredPolicies>,
}

impl Shop {
    pub(crate) fn open(path: &Path, now_ms: i64) -> Self {
        Self::of(Arc::new(EmbeddedStore::open(path).expect("a store")), now_ms)
    }

    pub(crate) fn of(store: Arc<dyn Store>, now_ms: i64) -> Self {
        let clock = Arc::new(AtomicI64::new(now_ms));
        let policies = Arc::new(StoredPolicies::new(Arc::clone(&store), reading(&clock)));
        Self { store, clock, policies }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    pub(crate) fn set_now(&self, now_ms: i64) {
        self.clock.store(now_ms, Ordering::Relaxed);
    }

    pub(crate) fn clock(&self) -> Clock {
        reading(&self.clock)
    }

    pub(crate) fn worker(&self, sinks: Vec<Arc<dyn Sink>>) -> Worker {
        self.worker_at(hurry(), sinks)
    }

    pub(crate) fn worker_at(&self, pace: Pace, sinks: Vec<Arc<dyn Sink>>) -> Worker {
        let policies: Arc<dyn Policies> = Arc::clone(&self.policies) as Arc<dyn Policies>;
        Worker::new(Arc::clone(&self.store), policies, self.clock(), pace, sinks)
    }

    /// Stores a program and makes it the active one.
    pub(crate) async fn publish(&self, text: &str) {
        let files = [suanpan_program::SourceFile::new("program.yaml", text)];
        let parsed = suanpan_program::parse(&files).unwrap_or_else(|problems| panic!("{problems}"));
        let published = suanpan_checkout::publish(&*self.store, &files, &parsed.program, self.now_ms()).await;
        published.expect("published");
    }

    pub(crate) async fn books(&self) -> Books {
        self.policies.books(CHAIN).await.expect("rules").expect("an active program")
    }

    pub(crate) async fn ask(&self, member: &MemberId, request: [u8; 16], action: Action) -> Recorded {
        self.books().await.change(self.member_ask(member, request, action)).await.expect("changed")
    }

    pub(crate) fn member_ask(&self, member: &MemberId, request: [u8; 16], action: Action) -> MemberAsk {
        let actor = Actor { id: "desk-1".to_owned(), reason: "a test".to_owned(), ..Actor::default() };
        MemberAsk { member: member.clone(), request, actor, now_ms: self.now_ms(), action }
    }

    pub(crate) async fn enrol(
        &self,
        member: &MemberId,
        birthday: Option<MonthDay>,
        referred_by: Option<MemberId>,
    ) {
        let request = request(0);
        let action = Action::Enrol { request, content_hash: [1; 32], birthday, referred_by };
        self.ask(member, request, action).await;
    }

    /// A sale of a till, paid or reserved.
    pub(crate) async fn sell(&self, owner: Owner, checkout: CheckoutId, sale: Sale, verb: Verb) -> Recorded {
        let actor = Actor { id: "till-1".to_owned(), ..Actor::default() };
        let ask = Ask {
            checkout,
            owner,
            actor,
            now_ms: self.now_ms(),
            basket_hash: [2; 32],
            content_hash: [3; 32],
            sale: Arc::new(sale),
            answer: Vec::new(),
            verb,
            gone: None,
            unseen: false,
        };
        self.books().await.sell(Arc::new(ask)).await.expect("sold")
    }

    /// Everything of a sale comes back.
    pub(crate) async fn give_back(&self, member: &MemberId, checkout: CheckoutId, number: u64) {
        let refund = Refund {
            checkout,
            return_id: ReturnId::from_bytes(request(number)),
            owner: Owner::Member(member.clone()),
            actor: Actor::default(),
            now_ms: self.now_ms(),
            business_ms: self.now_ms(),
            content_hash: [4; 32],
            wanted: Wanted::All,
            repriced: None,
            fact: false,
        };
        self.books().await.refund(refund).await.expect("returned");
    }

    /// Waits until nothing is due any more, by a look of its own at the store.
    pub(crate) async fn quiet(&self) {
        for _ in 0..60_000 {
            let mut after = Cursor::default();
            let due = loop {
                let part =
                    self.store.scan_due(None, None, &after, self.now_ms(), 10_000).await.expect("a scan");
                match part.next {
                    _ if !part.due.is_empty() => break true,
                    Some(next) => after = next,
                    None => break false,
                }
            };
            if !due {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("something stays due");
    }

    pub(crate) async fn head(&self, member: &MemberId) -> Head {
        self.store.member(CHAIN, member).await.expect("a read").expect("a member").head
    }

    pub(crate) async fn rows(&self, member: &MemberId) -> Vec<Entry> {
        let mut rows = Vec::new();
        let mut after = Cursor::default();
        loop {
            let page =
                self.store.entries(CHAIN, member, Order::OldestFirst, &after, 1_000).await.expect("a read");
            rows.extend(page.rows);
            match page.next {
                Some(next) => after = next,
                None => return rows,
            }
        }
    }
}

fn reading(clock: &Arc<AtomicI64>) -> Clock {
    let clock = Arc::clone(clock);
    Arc::new(move || clock.load(Ordering::Relaxed))
}

pub(crate) fn member(number: usize) -> MemberId {
    MemberId::new(format!("member-{number:04}")).expect("a short name")
}

/// An id of a request.
pub(crate) fn request(number: u64) -> [u8; 16] {
    let mut id = [0xa0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

/// An id made at an instant.
pub(crate) fn checkout(at_ms: i64, number: u64) -> CheckoutId {
    let mut id = [0x70; 16];
    id[..6].copy_from_slice(&at_ms.to_be_bytes()[2..]);
    id[8..].copy_from_slice(&number.to_be_bytes());
    id[8] = 0x80;
    CheckoutId::from_bytes(id).expect("version 7")
}

/// One article, paid in cash and with points of one minor unit each.
pub(crate) fn sale(now_ms: i64, paid_minor: i64, earned: i64, points_used: i64) -> Sale {
    Sale {
        business_ms: now_ms,
        program_version: "any".to_owned(),
        lines: vec![SaleLine {
            id: "1".to_owned(),
            sku: "apple".to_owned(),
            quantity_milli: 1_000,
            paid_minor,
            points_value_minor: points_used,
            points_earned: earned,
            runs: vec![SaleRun {
                units: 1,
                paid_minor,
                points_value_minor: points_used,
                points_earned: earned,
                ..SaleRun::default()
            }],
            ..SaleLine::default()
        }],
        due_minor: paid_minor,
        tenders: vec![Tender { kind: "cash".to_owned(), amount_minor: paid_minor }],
        points_used,
        points_value_minor: points_used,
        points_earned: earned,
        qualifying_minor: paid_minor,
        ..Sale::default()
    }
}
