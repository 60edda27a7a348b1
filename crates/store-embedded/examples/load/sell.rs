//! Sells through the store: each caller asks for one thing after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::command::EntryRef;
use suanpan_ledger::sale::{Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Applied, Command, Entry, EntryKey, Head, Policy, apply, codec, due_at};
use suanpan_store::{Owner, Scope, Store, Verdict, Write, decide_with};
use suanpan_store_embedded::EmbeddedStore;

pub(crate) const CHAIN: &str = "chain";
const NOW_MS: i64 = 1_764_000_000_000;

pub(crate) fn name(number: u64) -> String {
    format!("member-{number:08}")
}

fn member(number: u64) -> MemberId {
    MemberId::new(name(number)).expect("a short name")
}

fn request(number: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

pub(crate) fn checkout(number: u64) -> CheckoutId {
    let mut id = [0x70; 16];
    let ms = (NOW_MS as u64 + number / 10).to_be_bytes();
    id[..6].copy_from_slice(&ms[2..]);
    id[8..].copy_from_slice(&number.to_be_bytes());
    CheckoutId::from_bytes(id).expect("version 7")
}

/// Three lines, as a small shop sells; some 400 bytes as a row.
fn sale() -> Sale {
    let line = |number: i64| SaleLine {
        id: number.to_string(),
        sku: format!("400638133393{number}"),
        quantity_milli: 1_000,
        paid_minor: 499,
        tax_minor: 80,
        points_earned: 5,
        runs: vec![SaleRun {
            units: 1,
            paid_minor: 499,
            tax_minor: 80,
            points_value_minor: 0,
            points_earned: 5,
        }],
        ..SaleLine::default()
    };
    Sale {
        business_ms: NOW_MS,
        program_version: "6f1ed002ab5595859014ebf0951522d9".to_owned(),
        lines: (1..=3).map(line).collect(),
        due_minor: 1_497,
        tenders: vec![Tender { kind: "card:visa".to_owned(), amount_minor: 1_497 }],
        points_earned: 15,
        qualifying_minor: 1_497,
        ..Sale::default()
    }
}

fn command(action: Action) -> Command {
    let actor = Actor { id: "till-07".to_owned(), channel: "pos".to_owned(), ..Actor::default() };
    Command { now_ms: NOW_MS, actor, action }
}

fn confirm(number: u64) -> Action {
    Action::Confirm {
        checkout: checkout(number),
        content_hash: [7; 32],
        reserve_hash: [8; 32],
        sale: Arc::new(sale()),
        fact: None,
        missing: Vec::new(),
        answer: vec![0x42; 300],
    }
}

/// One decision of the ledger.
async fn decide(
    store: &dyn Store,
    policy: &Arc<Policy>,
    member: &MemberId,
    scope: Scope,
    action: Action,
) -> bool {
    let (policy, command, owner) = (Arc::clone(policy), command(action), Owner::Member(member.clone()));
    decide_with(store, CHAIN, scope, move |view| match apply(&policy, &view.head, &view.entries, &command) {
        Ok(Applied::Changed(change)) => {
            let due_at_ms = due_at(&policy, &change.head);
            (Verdict::from(Write::of(owner.clone(), *change, due_at_ms)), true)
        }
        // Another sale of that member comes first.
        Ok(Applied::Nothing) => (Verdict::Leave, false),
        other => panic!("{other:?}"),
    })
    .await
    .expect("a decision")
}

fn policy() -> Arc<Policy> {
    Arc::new(Policy::plain(jiff::tz::TimeZone::UTC))
}

pub(crate) async fn enrol(store: &Arc<EmbeddedStore>, members: u64) {
    let policy = policy();
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let (store, policy) = (Arc::clone(store), Arc::clone(&policy));
            tokio::spawn(async move {
                for number in (task..members).step_by(64) {
                    let member = member(number);
                    let request = request(0);
                    let scope = Scope::of(Owner::Member(member.clone())).reading(EntryKey::Request(request));
                    let content_hash = [0; 32];
                    let action = Action::Enrol { request, content_hash, birthday: None, referred_by: None };
                    decide(store.as_ref(), &policy, &member, scope, action).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
}

/// The bytes of a member's head and of its sale's row after a confirm, and after its accrual.
pub(crate) fn written() -> [(Vec<u8>, Vec<u8>); 2] {
    let policy = policy();
    let change = |head: &Head, rows: &[Entry], action| match apply(&policy, head, rows, &command(action)) {
        Ok(Applied::Changed(change)) => change,
        other => panic!("{other:?}"),
    };
    let enrol =
        Action::Enrol { request: request(0), content_hash: [0; 32], birthday: None, referred_by: None };
    let enrolled = change(&Head::absent(), &[], enrol);
    let sold = change(&enrolled.head, &[], confirm(1));
    let accrue = Action::Accrue { entry: EntryRef::Checkout(checkout(1)) };
    let accrued = change(&sold.head, std::slice::from_ref(&sold.entry), accrue);
    [sold, accrued].map(|change| (codec::encode_head(&change.head), codec::encode_entry(&change.entry)))
}

/// Callers on a store.
pub(crate) struct Seller {
    store: Arc<EmbeddedStore>,
    policy: Arc<Policy>,
    members: u64,
    next: Arc<AtomicU64>,
    /// Sales that were confirmed here and not accrued, by number.
    sold: Arc<AtomicU64>,
    waits: Vec<(String, Vec<u32>)>,
}

impl Seller {
    pub(crate) fn new(store: Arc<EmbeddedStore>, members: u64) -> Self {
        let zero = || Arc::new(AtomicU64::new(0));
        Self { store, policy: policy(), members, next: zero(), sold: zero(), waits: Vec::new() }
    }

    pub(crate) async fn confirms(&mut self, callers: u64, seconds: Duration) -> f64 {
        let (members, next) = (self.members, Arc::clone(&self.next));
        self.callers("confirm", callers, seconds, move |store, policy| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            async move {
                let member = member(spread(number, members));
                let scope = Scope::of(Owner::Member(member.clone())).claiming(checkout(number));
                Some(decide(store.as_ref(), &policy, &member, scope, confirm(number)).await)
            }
        })
        .await
    }

    /// Accrues in the order of the sales, each member's in turn.
    pub(crate) async fn accruals(&mut self, callers: u64, seconds: Duration) -> f64 {
        let (members, next) = (self.members, Arc::clone(&self.sold));
        let sold = self.next.load(Ordering::Relaxed);
        self.callers("accrual", callers, seconds, move |store, policy| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            async move {
                if number >= sold {
                    return None;
                }
                let (member, checkout) = (member(spread(number, members)), checkout(number));
                let scope = Scope::of(Owner::Member(member.clone())).reading(EntryKey::Checkout(checkout));
                let action = Action::Accrue { entry: EntryRef::Checkout(checkout) };
                Some(decide(store.as_ref(), &policy, &member, scope, action).await)
            }
        })
        .await
    }

    pub(crate) async fn adjustments(&mut self, callers: u64, members: u64, seconds: Duration) -> f64 {
        let (next, first) = (Arc::new(AtomicU64::new(0)), if members == 1 { 1 << 41 } else { 1 << 40 });
        let what = if members == 1 { "adjustment, one member" } else { "adjustment" };
        self.callers(what, callers, seconds, move |store, policy| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            async move {
                let member = member(spread(number, members));
                let request = request(first + number);
                let scope = Scope::of(Owner::Member(member.clone())).reading(EntryKey::Request(request));
                let action = Action::Adjust { request, content_hash: [0; 32], points: 1, expires_ms: None };
                Some(decide(store.as_ref(), &policy, &member, scope, action).await)
            }
        })
        .await
    }

    #[expect(clippy::float_arithmetic, reason = "a rate, no money")]
    async fn callers<F, Fut>(&mut self, what: &str, callers: u64, seconds: Duration, call: F) -> f64
    where
        F: Fn(Arc<EmbeddedStore>, Arc<Policy>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Option<bool>> + Send,
    {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let (store, policy, call) = (Arc::clone(&self.store), Arc::clone(&self.policy), call.clone());
                tokio::spawn(async move {
                    let mut waits = Vec::new();
                    while begun.elapsed() < seconds {
                        let asked = Instant::now();
                        match call(Arc::clone(&store), Arc::clone(&policy)).await {
                            None => break,
                            // What changed nothing was not measured.
                            Some(false) => {}
                            Some(true) => {
                                waits.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
                            }
                        }
                    }
                    waits
                })
            })
            .collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await.expect("no panic"));
        }
        let rate = waits.len() as f64 / begun.elapsed().as_secs_f64();
        waits.sort_unstable();
        self.waits.push((format!("{what}, {callers} callers"), waits));
        rate
    }

    pub(crate) fn forget_waits(&mut self) {
        self.waits.clear();
    }

    /// Percentiles of what callers waited.
    pub(crate) fn print_waits(&self) {
        for (what, waits) in &self.waits {
            let at =
                |thousandth: usize| waits.get(waits.len() * thousandth / 1_000).copied().unwrap_or_default();
            println!("  {what:<42} p50 {} us, p99 {} us, p99.9 {} us", at(500), at(990), at(999));
        }
    }
}

/// Members in an order that no index has.
pub(crate) fn spread(number: u64, members: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) % members
}
