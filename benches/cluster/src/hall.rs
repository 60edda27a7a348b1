//! A node on a cluster's store, tills in front of it, and workers beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use suanpan_accrual_worker::{Pace, StoredPolicies, Worker, system_clock};
use suanpan_checkout::token::TokenKeys;
use suanpan_checkout::{Books, MemberAsk, Queues, publish};
use suanpan_domain::MemberId;
use suanpan_ledger::{Action, Actor};
use suanpan_pricing_node::{Chain, Drain, Listeners, Members, Node, Selling, serve};
use suanpan_program::{SourceFile, parse};
use suanpan_rpc::checkout_v1::checkout_service_client::CheckoutServiceClient;
use suanpan_rpc::{checkout_v1, member_v1, v1};
use suanpan_store::{Cursor, Part, RawRow, Store};
use suanpan_store_scylla::{Options, Replication, ScyllaStore, migrate};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

pub(crate) const CHAIN: &str = "chain";
/// Members that buy.
pub(crate) const MEMBERS: u64 = 5_000;
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
/// What was written so long before a pass began is told again by it, as the worker says.
const SEEN_WITHIN_MS: i64 = 60_000;
/// Connections of the tills.
const CONNECTIONS: usize = 4;

pub(crate) fn name(number: u64) -> String {
    format!("member-{number:08}")
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Bytes of a head, and of the row of a sale, as the store has them.
pub(crate) type Written = (Vec<u8>, Vec<u8>);

/// A running node with its store and tills.
pub(crate) struct Hall {
    runtime: Arc<Runtime>,
    store: Arc<dyn Store>,
    books: Books,
    channels: Vec<Channel>,
    options: Options,
    next: Arc<AtomicU64>,
    waits: Vec<u32>,
}

impl Hall {
    /// A node on a new keyspace.
    pub(crate) fn open(endpoint: &str, what: &str) -> Self {
        let runtime = Arc::new(Runtime::new().expect("a runtime"));
        let keyspace = format!("bench_{what}_{}", std::process::id());
        let options = Options { replication: Replication::Nodes(1), ..Options::at(endpoint, keyspace) };
        let (store, books, channels) = runtime.block_on(async {
            migrate(&options).await.expect("a keyspace");
            let store: Arc<dyn Store> =
                Arc::new(ScyllaStore::connect(options.clone()).await.expect("the store is reached"));
            let files = [SourceFile::new("program.yaml", PROGRAM)];
            let parsed = parse(&files).expect("a program");
            publish(&*store, &files, &parsed.program, now_ms()).await.expect("published");
            let chain = Chain::new(&parsed.program, None).expect("a chain");
            let books = Books {
                store: Arc::clone(&store),
                chain: CHAIN.to_owned(),
                policy: Arc::clone(chain.policy()),
                queues: Queues::default(),
            };
            let selling = Selling::with_keys(TokenKeys::new((1, [7; 32]), None), [3; 32]);
            let node = Node::new(chain, Members::default(), None, None).selling(Arc::clone(&store), selling);
            let grpc = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = grpc.local_addr().expect("an address");
            let drain = Drain { lag: Duration::ZERO, deadline: Duration::from_secs(1) };
            let listeners = Listeners { grpc, admin: None };
            tokio::spawn(serve(Arc::new(node), listeners, drain, std::future::pending()));
            let mut channels = Vec::new();
            for _ in 0..CONNECTIONS {
                let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
                channels.push(endpoint.connect().await.expect("a connection"));
            }
            (store, books, channels)
        });
        let next = Arc::new(AtomicU64::new(1));
        Self { runtime, store, books, channels, options, next, waits: Vec::new() }
    }

    pub(crate) fn runtime(&self) -> Arc<Runtime> {
        Arc::clone(&self.runtime)
    }

    pub(crate) fn keyspace(&self) -> &str {
        &self.options.keyspace
    }

    /// A keyspace of the same tables in which nobody works.
    pub(crate) fn bare_keyspace(&self) -> String {
        let keyspace = format!("{}_bare", self.options.keyspace);
        let options = Options { keyspace: keyspace.clone(), ..self.options.clone() };
        self.runtime.block_on(migrate(&options)).expect("a keyspace");
        keyspace
    }

    /// Members begin.
    pub(crate) fn enrol(&self, members: u64) {
        let tasks: Vec<_> = (0..64)
            .map(|task| {
                let books = self.books.clone();
                self.runtime.spawn(async move {
                    for number in (task..members).step_by(64) {
                        let mut request = [1; 16];
                        request[8..].copy_from_slice(&number.to_be_bytes());
                        let action = Action::Enrol {
                            request,
                            content_hash: [0; 32],
                            birthday: None,
                            referred_by: None,
                        };
                        let member = MemberId::new(name(number)).expect("a short name");
                        let actor = Actor::default();
                        let ask = MemberAsk { member, request, actor, now_ms: now_ms(), action };
                        books.change(ask).await.expect("enrolled");
                    }
                })
            })
            .collect();
        for task in tasks {
            self.runtime.block_on(task).expect("no panic");
        }
    }

    /// Lets a worker run beside the node, until what is given is dropped.
    pub(crate) fn work(&self) -> Working {
        self.work_in(Arc::clone(&self.store))
    }

    fn work_in(&self, store: Arc<dyn Store>) -> Working {
        let policies = Arc::new(StoredPolicies::new(Arc::clone(&store), system_clock()));
        let pace = Pace { lease: Duration::from_secs(3), ..Pace::default() };
        let worker = Arc::new(Worker::new(store, policies, system_clock(), pace, Vec::new()));
        let running = Arc::clone(&worker);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = self.runtime.spawn(async move {
            running
                .run(async move {
                    // A sender that is gone ends it too.
                    let _ = stopped.await;
                })
                .await;
        });
        Working { worker, task, stop: Some(stop), runtime: Arc::clone(&self.runtime) }
    }

    /// Confirms in a second, by so many tills, of so many members in turn.
    pub(crate) fn confirms(&mut self, tills: u64, members: u64, part: Duration) -> f64 {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..tills)
            .map(|till| {
                let channel = self.channels[till as usize % self.channels.len()].clone();
                let next = Arc::clone(&self.next);
                self.runtime.spawn(async move {
                    let mut client = CheckoutServiceClient::new(channel);
                    let mut waits = Vec::new();
                    while begun.elapsed() < part {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let asked = Instant::now();
                        let sold = client.confirm(confirm(number, name(number % members))).await;
                        sold.unwrap_or_else(|status| panic!("{status}"));
                        waits.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
                    }
                    waits
                })
            })
            .collect();
        let before = self.waits.len();
        for task in tasks {
            self.waits.extend(self.runtime.block_on(task).expect("no panic"));
        }
        (self.waits.len() - before) as f64 / begun.elapsed().as_secs_f64()
    }

    /// Every member buys once.
    pub(crate) fn confirm_each(&self, members: u64) {
        let tasks: Vec<_> = (0..64)
            .map(|till| {
                let channel = self.channels[till as usize % self.channels.len()].clone();
                let next = Arc::clone(&self.next);
                self.runtime.spawn(async move {
                    let mut client = CheckoutServiceClient::new(channel);
                    for member in (till..members).step_by(64) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        client.confirm(confirm(number, name(member))).await.expect("sold");
                    }
                })
            })
            .collect();
        for task in tasks {
            self.runtime.block_on(task).expect("no panic");
        }
    }

    /// Accruals in a second of so many workers that find so many sales waiting, each with a store of its own as a process has
    /// it: from when all of them have work until a tenth is left, since the last ones keep no worker busy.
    pub(crate) fn accrue(&self, workers: usize, waiting: u64) -> f64 {
        let stores: Vec<Arc<dyn Store>> = (0..workers)
            .map(|_| {
                let store = self.runtime.block_on(ScyllaStore::connect(self.options.clone()));
                Arc::new(store.expect("the store is reached")) as Arc<dyn Store>
            })
            .collect();
        let began = Instant::now();
        let working: Vec<Working> = stores.into_iter().map(|store| self.work_in(store)).collect();
        let done = || working.iter().map(|working| working.worker.status().read().accrued);
        let wait_until = |what: &dyn Fn() -> bool| {
            while !what() {
                assert!(
                    began.elapsed() < Duration::from_secs(300),
                    "{:?} of {waiting}",
                    done().collect::<Vec<_>>()
                );
                std::thread::sleep(Duration::from_millis(2));
            }
        };
        wait_until(&|| done().all(|accrued| accrued > 0));
        let (begun, before) = (Instant::now(), done().sum::<u64>());
        let enough = waiting - waiting / 10;
        wait_until(&|| done().sum::<u64>() >= enough);
        let rate = (done().sum::<u64>() - before) as f64 / begun.elapsed().as_secs_f64();
        wait_until(&|| done().sum::<u64>() >= waiting);
        rate
    }

    /// Waits until nothing was written lately.
    pub(crate) fn rest(&self) {
        std::thread::sleep(Duration::from_millis(SEEN_WITHIN_MS.unsigned_abs() + 2_000));
    }

    /// Members that a pass of the worker looks at in a second, when nothing was written since the last one: it asks for what
    /// was written lately, to tell of it again, beside what is due.
    pub(crate) fn scan(&self, members: u64) -> f64 {
        let begun = Instant::now();
        let since_ms = Some(now_ms() - SEEN_WITHIN_MS);
        let looked_at = self.runtime.block_on(async {
            let mut looked_at = 0;
            for part in 0..self.store.parts() {
                let mut after = Cursor::default();
                loop {
                    let scanned = self.store.scan_and_tell(Part(part), &after, now_ms(), since_ms, 50_000);
                    let scanned = scanned.await.expect("a pass");
                    looked_at += scanned.looked_at;
                    match scanned.next {
                        Some(next) => after = next,
                        None => break,
                    }
                }
            }
            looked_at
        });
        assert!(looked_at >= members, "{looked_at} of {members}");
        looked_at as f64 / begun.elapsed().as_secs_f64()
    }

    pub(crate) fn forget_waits(&mut self) {
        self.waits.clear();
    }

    /// Median and 99th percentile of what callers waited, milliseconds.
    pub(crate) fn waits(mut self) -> (f64, f64) {
        self.waits.sort_unstable();
        let at = |share: usize| {
            let place = (self.waits.len() * share / 100).min(self.waits.len().saturating_sub(1));
            f64::from(self.waits.get(place).copied().unwrap_or_default()) / 1_000.0
        };
        (at(50), at(99))
    }

    /// The bytes of a head, for rows without a sale.
    pub(crate) fn head(&self) -> Written {
        self.find(|head, _| Some((head.to_vec(), Vec::new())))
    }

    /// The bytes of a head and of the row of a confirmed sale, as the node wrote them.
    pub(crate) fn written(&self) -> Written {
        self.find(|head, entry| {
            // A sale's key: its tag and sixteen bytes.
            let (key, bytes) = entry?;
            (key.len() == 17 && key[0] == 1).then(|| (head.to_vec(), bytes.to_vec()))
        })
    }

    fn find(&self, mut wanted: impl FnMut(&[u8], Option<(&[u8], &[u8])>) -> Option<Written>) -> Written {
        self.runtime.block_on(async {
            let (mut after, mut head) = (Cursor::default(), Vec::new());
            loop {
                let page = self.store.walk(&after, 1_000).await.expect("a walk");
                for row in page.rows {
                    let found = match row {
                        RawRow::Head(row) => {
                            head = row.bytes;
                            wanted(&head, None)
                        }
                        RawRow::Entry(row) => wanted(&head, Some((&row.key, &row.bytes))),
                    };
                    if let Some(found) = found {
                        return found;
                    }
                }
                after = page.next.expect("what was written");
            }
        })
    }
}

/// A worker that ends in order when it is dropped.
pub(crate) struct Working {
    worker: Arc<Worker>,
    task: JoinHandle<()>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    runtime: Arc<Runtime>,
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A worker that ended already hears nothing.
            let _ = stop.send(());
            let _ = self.runtime.block_on(&mut self.task);
        }
    }
}

/// Three lines, as a small shop sells.
fn confirm(number: u64, member: String) -> checkout_v1::ConfirmRequest {
    let line = |id: &str, sku: &str, category: &str, units: i64, price: i64| v1::Line {
        id: id.to_owned(),
        sku: sku.to_owned(),
        category: category.to_owned(),
        quantity_milli: units * 1_000,
        unit_price_minor: Some(price),
        ..v1::Line::default()
    };
    let ms = now_ms();
    checkout_v1::ConfirmRequest {
        chain: CHAIN.to_owned(),
        actor: Some(member_v1::Actor { id: "till-07".to_owned(), ..member_v1::Actor::default() }),
        checkout_id: format!("{:08x}-{:04x}-7000-8000-{number:012x}", ms >> 16, ms & 0xffff),
        basket: Some(v1::Basket {
            currency: "EUR".to_owned(),
            lines: vec![
                line("1", "4006381333931", "dairy", 2, 149),
                line("2", "4006381333948", "bakery", 1, 299),
                line("3", "4006381333955", "drinks", 1, 899),
            ],
            member: Some(v1::Member { identity: Some(v1::member::Identity::Id(member)) }),
            payment_kind: "card:visa".to_owned(),
            ..v1::Basket::default()
        }),
        ..checkout_v1::ConfirmRequest::default()
    }
}
