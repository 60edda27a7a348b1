//! A node that sells, and many tills in front of it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use suanpan_accrual_worker::{Pace, StoredPolicies, Worker, system_clock};
use suanpan_checkout::token::TokenKeys;
use suanpan_checkout::{Books, MemberAsk, publish};
use suanpan_domain::MemberId;
use suanpan_ledger::{Action, Actor};
use suanpan_pricing_node::{Chain, Drain, Listeners, Members, Node, Selling, serve};
use suanpan_program::{SourceFile, parse};
use suanpan_store::{Cursor, RawRow, Store};
use suanpan_store_embedded::EmbeddedStore;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::sell::spread;
use crate::till::Tills;

pub(crate) const CHAIN: &str = "chain";
const PROGRAM: &str = "
program: chain
currency: EUR
engine_edition: 1
time_zone: Europe/Berlin
tiers: [{ id: ordinary }, { id: silver, discount: { percent_off: 2% }, qualify: { spend: 100000, within: 12 months } }]
promotions:
  - { id: second-half, buy: { category: dairy }, effect: { nth_unit: { n: 2, percent_off: 50% } } }
points: { earn: { per: 1.00 }, offset: { value: 0.01 }, expire: { after: 12 months, at: end_of_month } }
";
/// Connections of the tills.
const CONNECTIONS: usize = 4;

pub(crate) fn name(number: u64) -> String {
    format!("member-{number:08}")
}

/// A running node with its store, and tills on threads of their own, one for each connection.
pub(crate) struct Hall {
    /// The node's, beside its lanes; the worker's.
    runtime: Runtime,
    store: Arc<EmbeddedStore>,
    tills: Vec<Tills>,
    next: AtomicU64,
    waits: Vec<(u64, Vec<u32>)>,
}

/// How many tills stand at each connection.
fn shares(tills: u64) -> [u64; CONNECTIONS] {
    let connections = CONNECTIONS as u64;
    std::array::from_fn(|place| (tills + connections - 1 - place as u64) / connections)
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Hall {
    /// A new store with members.
    pub(crate) fn make(path: &Path, members: u64) -> Self {
        let hall = Self::open(path);
        hall.runtime.block_on(enrol(&hall.store, members));
        hall
    }

    /// A node on a store.
    pub(crate) fn open(path: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let store = Arc::new(EmbeddedStore::open(path).expect("a store"));
        let address = runtime.block_on(start(Arc::clone(&store)));
        let tills = (0..CONNECTIONS).map(|_| Tills::at(address)).collect();
        Self { runtime, store, tills, next: AtomicU64::new(1), waits: Vec::new() }
    }

    /// Lets the accrual worker run beside the node.
    pub(crate) fn work(&self) {
        let store: Arc<dyn Store> = Arc::clone(&self.store) as Arc<dyn Store>;
        let policies = Arc::new(StoredPolicies::new(Arc::clone(&store), system_clock()));
        let worker = Worker::new(store, policies, system_clock(), Pace::default(), Vec::new());
        self.runtime.spawn(async move { worker.run(std::future::pending()).await });
    }

    /// Confirms in a second, by so many tills, of so many members in turn.
    pub(crate) fn confirms(&mut self, tills: u64, members: u64, part: Duration) -> f64 {
        let begun = Instant::now();
        let next = || {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            (number, name(spread(number, members)))
        };
        let mut waits: Vec<u32> = Vec::new();
        std::thread::scope(|scope| {
            let selling: Vec<_> = self
                .tills
                .iter_mut()
                .zip(shares(tills))
                .filter(|(_, share)| *share > 0)
                .map(|(tills, share)| scope.spawn(move || tills.sell(share, begun + part, next)))
                .collect();
            for selling in selling {
                waits.extend(selling.join().expect("no panic"));
            }
        });
        let rate = waits.len() as f64 / begun.elapsed().as_secs_f64();
        match self.waits.iter_mut().find(|(of, _)| *of == tills) {
            Some((_, all)) => all.extend(waits),
            None => self.waits.push((tills, waits)),
        }
        rate
    }

    /// Proves the store; entries in a second.
    pub(crate) fn audit(&self) -> u64 {
        let proved = self.runtime.block_on(suanpan_audit::audit(&*self.store, None, |_| {}));
        let report = proved.expect("a report");
        assert!(report.balances(), "{report}");
        report.entries_per_second()
    }

    pub(crate) fn forget_waits(&mut self) {
        self.waits.clear();
    }

    /// Callers, median and 99th percentile of what they waited, milliseconds.
    pub(crate) fn waits(mut self) -> Vec<(u64, f64, f64)> {
        self.waits
            .iter_mut()
            .map(|(tills, waits)| {
                waits.sort_unstable();
                let at = |share: usize| {
                    let place = (waits.len() * share / 100).min(waits.len().saturating_sub(1));
                    f64::from(waits.get(place).copied().unwrap_or_default()) / 1_000.0
                };
                (*tills, at(50), at(99))
            })
            .collect()
    }

    /// The bytes of a head and of a row of a confirmed sale, as the node wrote them; twice, for confirm and accrual.
    pub(crate) fn written(&self) -> [(Vec<u8>, Vec<u8>); 2] {
        self.runtime.block_on(async {
            let mut after = Cursor::default();
            let mut head = Vec::new();
            loop {
                let page = self.store.walk(&after, 4_096).await.expect("a walk");
                for row in page.rows {
                    match row {
                        RawRow::Head(row) => head = row.bytes,
                        // A sale's key: its tag and sixteen bytes.
                        RawRow::Entry(row) if row.key.len() == 17 && row.key[0] == 1 => {
                            return [(head.clone(), row.bytes.clone()), (head, row.bytes)];
                        }
                        RawRow::Entry(_) => {}
                    }
                }
                after = page.next.expect("a sale");
            }
        })
    }
}

async fn start(store: Arc<EmbeddedStore>) -> SocketAddr {
    let files = [SourceFile::new("program.yaml", PROGRAM)];
    let parsed = parse(&files).expect("a program");
    publish(&*store, &files, &parsed.program, now_ms()).await.expect("published");
    let chain = Chain::new(&parsed.program, None).expect("a chain");
    let selling = Selling::with_keys(TokenKeys::new((1, [7; 32]), None), [3; 32]);
    let node = Node::new(chain, Members::default(), None, None).selling(store as Arc<dyn Store>, selling);
    let grpc = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = grpc.local_addr().expect("an address");
    let drain = Drain { lag: Duration::ZERO, deadline: Duration::from_secs(1) };
    tokio::spawn(serve(Arc::new(node), Listeners { grpc, admin: None }, drain, std::future::pending()));
    address
}

async fn enrol(store: &Arc<EmbeddedStore>, members: u64) {
    let files = [SourceFile::new("program.yaml", PROGRAM)];
    let parsed = parse(&files).expect("a program");
    let chain = Chain::new(&parsed.program, None).expect("a chain");
    let books = Books {
        store: Arc::clone(store) as Arc<dyn Store>,
        chain: CHAIN.to_owned(),
        policy: Arc::clone(chain.policy()),
        queues: suanpan_checkout::Queues::default(),
    };
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let books = books.clone();
            tokio::spawn(async move {
                for number in (task..members).step_by(64) {
                    let mut request = [1; 16];
                    request[8..].copy_from_slice(&number.to_be_bytes());
                    let action =
                        Action::Enrol { request, content_hash: [0; 32], birthday: None, referred_by: None };
                    let member = MemberId::new(name(number)).expect("a short name");
                    let ask =
                        MemberAsk { member, request, actor: Actor::default(), now_ms: now_ms(), action };
                    books.change(ask).await.expect("enrolled");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
}
