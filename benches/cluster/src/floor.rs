//! The store's statements in a bare loop, by the driver alone: the same texts, bytes, levels and pool, and nothing decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, SerialConsistency, Statement};
use scylla::value::Row;
use tokio::runtime::Runtime;

use crate::hall::{CHAIN, Written};

/// Rows of one statement of a scan, as the store asks for them.
const SCAN_ROWS: i32 = 5_000;
/// Parts that the store divides tokens into.
const PARTS: i64 = 16;

/// A keyspace of the same tables, and what is written into it.
pub(crate) struct Floor {
    runtime: Arc<Runtime>,
    bare: Arc<Bare>,
    /// The version of each member, by its number.
    versions: Arc<Vec<AtomicU64>>,
    next: Arc<AtomicU64>,
}

struct Bare {
    session: Session,
    keyspace: String,
    view: PreparedStatement,
    claim: PreparedStatement,
    list: PreparedStatement,
    claims: PreparedStatement,
    decide: PreparedStatement,
    feed: PreparedStatement,
    events: PreparedStatement,
    next_event: PreparedStatement,
    put_event: PreparedStatement,
    name_event: PreparedStatement,
    fill: PreparedStatement,
    scan_from: PreparedStatement,
    scan_after: PreparedStatement,
    head: Vec<u8>,
    body: Vec<u8>,
    event: AtomicU64,
}

fn name(number: u64) -> String {
    format!("bare-{number:08}")
}

impl Floor {
    pub(crate) fn open(runtime: Arc<Runtime>, endpoint: &str, keyspace: &str, written: Written) -> Self {
        let bare = runtime.block_on(Bare::open(endpoint, keyspace, written));
        let versions = (0..600_000).map(|_| AtomicU64::new(0)).collect();
        Self {
            runtime,
            bare: Arc::new(bare),
            versions: Arc::new(versions),
            next: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Gives members a head.
    pub(crate) fn grow(&self, members: u64) {
        let (bare, versions) = (Arc::clone(&self.bare), Arc::clone(&self.versions));
        let tasks: Vec<_> = (0..64)
            .map(|task| {
                let (bare, versions) = (Arc::clone(&bare), Arc::clone(&versions));
                self.runtime.spawn(async move {
                    for number in (task..members).step_by(64) {
                        bare.update(&versions, number, number).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            self.runtime.block_on(task).expect("no panic");
        }
    }

    /// What a confirm is made of, so often in a second.
    pub(crate) fn confirms(&self, callers: u64, members: u64, part: Duration) -> f64 {
        self.callers(callers, part, move |bare, versions, number| async move {
            let member = number % members;
            bare.look(member, number).await;
            bare.claim(member, number).await;
            bare.update(&versions, member, number).await;
            bare.tell(member).await;
        })
    }

    /// The conditional update alone.
    pub(crate) fn updates(&self, callers: u64, members: u64, part: Duration) -> f64 {
        self.callers(callers, part, move |bare, versions, number| async move {
            bare.update(&versions, number % members, number).await;
        })
    }

    /// What an accrual is made of, so often in a second: a look, the write that credits, the event, the write that says that
    /// it is out.
    pub(crate) fn accruals(&self, callers: u64, members: u64) -> f64 {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|caller| {
                let (bare, versions) = (Arc::clone(&self.bare), Arc::clone(&self.versions));
                self.runtime.spawn(async move {
                    for member in (caller..members).step_by(callers as usize) {
                        bare.look(member, member).await;
                        bare.update(&versions, member, member).await;
                        bare.tell(member).await;
                        bare.event(member).await;
                        bare.look(member, member).await;
                        bare.update(&versions, member, member).await;
                        bare.tell(member).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            self.runtime.block_on(task).expect("no panic");
        }
        members as f64 / begun.elapsed().as_secs_f64()
    }

    /// Members that nobody reads but a scan.
    pub(crate) fn fill(&self, members: u64) {
        let tasks: Vec<_> = (0..128)
            .map(|task| {
                let bare = Arc::clone(&self.bare);
                self.runtime.spawn(async move {
                    for number in (task..members).step_by(128) {
                        let values =
                            (CHAIN, name(number), vec![0_u8], 1_i64, 1_i64, 1_i64, 1_i32, &bare.head);
                        bare.session.execute_unpaged(&bare.fill, values).await.expect("a write");
                    }
                })
            })
            .collect();
        for task in tasks {
            self.runtime.block_on(task).expect("no panic");
        }
    }

    /// Changes an option of the table of members.
    pub(crate) fn alter(&self, option: &str) {
        let text = format!("ALTER TABLE {}.member WITH {option}", self.bare.keyspace);
        self.runtime.block_on(async {
            let mut change = Statement::new(text);
            // A busy server takes its time.
            change.set_request_timeout(Some(Duration::from_secs(60)));
            self.bare.session.query_unpaged(change, ()).await.expect("a change");
            self.bare.session.await_schema_agreement().await.expect("all servers know it");
        });
    }

    /// Rows that a bare scan reads in a second.
    pub(crate) fn scan(&self, members: u64) -> f64 {
        let begun = Instant::now();
        let rows = self.runtime.block_on(self.bare.scan());
        assert!(rows >= members, "{rows} of {members}");
        rows as f64 / begun.elapsed().as_secs_f64()
    }

    fn callers<F, Fut>(&self, callers: u64, part: Duration, call: F) -> f64
    where
        F: Fn(Arc<Bare>, Arc<Vec<AtomicU64>>, u64) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let (bare, versions) = (Arc::clone(&self.bare), Arc::clone(&self.versions));
                let (next, call) = (Arc::clone(&self.next), call.clone());
                self.runtime.spawn(async move {
                    let mut done = 0_u64;
                    while begun.elapsed() < part {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        call(Arc::clone(&bare), Arc::clone(&versions), number).await;
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        let done: u64 = tasks.into_iter().map(|task| self.runtime.block_on(task).expect("no panic")).sum();
        done as f64 / begun.elapsed().as_secs_f64()
    }
}

/// A sale's key: its tag and its id.
fn key(number: u64) -> Vec<u8> {
    let mut key = vec![1; 17];
    key[9..].copy_from_slice(&number.to_be_bytes());
    key
}

impl Bare {
    async fn open(endpoint: &str, keyspace: &str, (head, body): Written) -> Self {
        let profile = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .serial_consistency(Some(SerialConsistency::LocalSerial))
            .request_timeout(Some(Duration::from_secs(5)))
            .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
            .build();
        let session = SessionBuilder::new()
            .known_node(endpoint)
            .default_execution_profile_handle(profile.into_handle())
            .pool_size(PoolSize::PerShard(std::num::NonZeroUsize::MIN.saturating_add(1)))
            .tcp_nodelay(true)
            .build()
            .await
            .expect("a session");
        let text = |text: &str| text.replace("@", &format!("{keyspace}."));
        let plain = async |of: &str| session.prepare(text(of)).await.expect("a statement");
        let serial = async |of: &str| {
            let mut statement = plain(of).await;
            statement.set_consistency(Consistency::LocalSerial);
            statement
        };
        let view = "SELECT ck, epoch, ver, head, state, round, body, owed FROM @member WHERE chain = ? AND id = ? AND ck IN ?";
        let decide = "UPDATE @member SET epoch = ?, ver = ?, as_of = ?, due_at = ?, fmt = ?, head = ?, state = ?, row_ver = ?, body = ? WHERE chain = ? AND id = ? AND ck = ? IF ver = ?";
        let scan = "SELECT DISTINCT chain, id, epoch, ver, due_at FROM @member WHERE";
        Self {
            view: serial(view).await,
            claim: plain("INSERT INTO @claim (chain, checkout, owner) VALUES (?, ?, ?)").await,
            list: plain("INSERT INTO @sale (chain, day, checkout, owner) VALUES (?, ?, ?, ?)").await,
            claims: plain("SELECT owner FROM @claim WHERE chain = ? AND checkout = ?").await,
            decide: plain(decide).await,
            feed: plain("INSERT INTO @feed (part, bucket, at, chain, member, epoch, ver, due_at) VALUES (0, 0, now(), ?, ?, 1, 1, 1)").await,
            events: serial("SELECT key, next, begins, since FROM @outbox_bucket WHERE chain = ? AND shard = ? AND bucket = 1 AND key IN ?").await,
            next_event: plain("UPDATE @outbox_bucket SET next = ? WHERE chain = ? AND shard = ? AND bucket = 1 IF next = ?").await,
            put_event: plain("INSERT INTO @outbox_bucket (chain, shard, bucket, key, number, member, epoch, ver, idx, at, kind, body) VALUES (?, ?, 1, ?, ?, ?, 1, 1, 0, 1, 'points_earned', ?)").await,
            name_event: plain("INSERT INTO @outbox_bucket (chain, shard, bucket, key, number) VALUES (?, ?, 1, ?, ?)").await,
            fill: plain("INSERT INTO @member (chain, id, ck, epoch, ver, as_of, fmt, head) VALUES (?, ?, ?, ?, ?, ?, ?, ?)").await,
            scan_from: plain(&format!("{scan} token(chain, id) >= ? AND token(chain, id) <= ? LIMIT ?")).await,
            scan_after: plain(&format!("{scan} token(chain, id) > token(?, ?) AND token(chain, id) <= ? LIMIT ?")).await,
            session,
            keyspace: keyspace.to_owned(),
            head,
            body,
            event: AtomicU64::new(0),
        }
    }

    async fn look(&self, member: u64, number: u64) {
        let keys = vec![vec![0_u8], key(number)];
        let rows = self.session.execute_unpaged(&self.view, (CHAIN, name(member), keys)).await;
        rows.expect("a read").into_rows_result().expect("rows");
    }

    async fn claim(&self, member: u64, number: u64) {
        let (id, owner) = (&key(number)[1..], format!("m:{}", name(member)));
        let claimed = self.session.execute_unpaged(&self.claim, (CHAIN, id, &owner));
        let listed = self.session.execute_unpaged(&self.list, (CHAIN, 1_i32, id, &owner));
        let (claimed, listed) = tokio::join!(claimed, listed);
        claimed.and(listed).expect("writes");
        let rows = self.session.execute_unpaged(&self.claims, (CHAIN, id)).await;
        rows.expect("a read").into_rows_result().expect("rows");
    }

    /// The conditional write; again for the next version when another caller was first.
    async fn update(&self, versions: &[AtomicU64], member: u64, number: u64) {
        let version = &versions[usize::try_from(member).expect("a member")];
        loop {
            let before = version.load(Ordering::Acquire).cast_signed();
            let seen = (before > 0).then_some(before);
            let values = (
                (1_i64, before + 1, 1_i64, 1_i64, 1_i32, &self.head),
                (2_i32, before + 1, &self.body),
                (CHAIN, name(member), key(number), seen),
            );
            let ((a, b, c, d, e, f), (g, h, i), (j, k, l, m)) = values;
            let row = (a, b, c, d, e, f, g, h, i, j, k, l, m);
            let applied = self.session.execute_unpaged(&self.decide, row).await.expect("a write");
            let applied = applied.into_rows_result().expect("rows").first_row::<Row>().expect("a row");
            let applied = applied.columns[0].as_ref().and_then(scylla::value::CqlValue::as_boolean);
            if applied == Some(true) {
                version.fetch_max((before + 1).cast_unsigned(), Ordering::AcqRel);
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn tell(&self, member: u64) {
        self.session.execute_unpaged(&self.feed, (CHAIN, name(member))).await.expect("a write");
    }

    /// An event with its number and name, in a shard of its own: nobody is in its way.
    async fn event(&self, member: u64) {
        let number = self.event.fetch_add(1, Ordering::Relaxed).cast_signed();
        let shard = i32::try_from(1_000 + number).expect("a shard");
        let names = vec![vec![0_u8], key(member)];
        self.session.execute_unpaged(&self.events, (CHAIN, shard, names)).await.expect("a read");
        let mut batch = Batch::new(BatchType::Logged);
        for statement in [&self.next_event, &self.put_event, &self.name_event] {
            batch.append_statement(statement.clone());
        }
        batch.set_serial_consistency(Some(SerialConsistency::LocalSerial));
        let values = (
            (number + 1, CHAIN, shard, None::<i64>),
            (CHAIN, shard, key(number.cast_unsigned()), number, name(member), &b"{\"points\":12}"[..]),
            (CHAIN, shard, key(member), number),
        );
        self.session.batch(&batch, values).await.expect("a write");
    }

    async fn scan(&self) -> u64 {
        type Found = (String, String, Option<i64>, Option<i64>, Option<i64>);
        let mut count = 0;
        for part in 0..PARTS {
            let width = 1_i128 << (64 - PARTS.trailing_zeros());
            let first = i128::from(i64::MIN) + width * i128::from(part);
            let (first, last) = (first as i64, (first + width - 1) as i64);
            let mut after: Option<(String, String)> = None;
            loop {
                let rows = match &after {
                    None => self.session.execute_unpaged(&self.scan_from, (first, last, SCAN_ROWS)).await,
                    Some((chain, id)) => {
                        self.session.execute_unpaged(&self.scan_after, (chain, id, last, SCAN_ROWS)).await
                    }
                };
                let rows = rows.expect("a read").into_rows_result().expect("rows");
                let (mut of_page, mut place) = (0, None);
                for row in rows.rows::<Found>().expect("rows") {
                    let (chain, id, ..) = row.expect("a row");
                    of_page += 1;
                    place = Some((chain, id));
                }
                count += of_page;
                if of_page < SCAN_ROWS as u64 {
                    break;
                }
                after = place;
            }
        }
        count
    }
}
