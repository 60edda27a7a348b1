//! The worker: where its work comes from, and how it ends.

mod change;
mod crew;
pub(crate) mod duties;
mod failing;
mod feed;
mod holds;
mod scan;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use suanpan_store::{Part, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::outbox::{self, Sink};
use crate::policies::Policies;
use crate::status::{Pass, StatusBoard};
use crew::Crew;
use duties::Duties;

/// Now, Unix milliseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The clock of the system.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        #[cfg(feature = "failpoints")]
        let now_ms = now_ms + ahead_ms();
        now_ms
    })
}

/// How far a test lets this process's clock be ahead.
#[cfg(feature = "failpoints")]
fn ahead_ms() -> i64 {
    static AHEAD_MS: std::sync::LazyLock<i64> = std::sync::LazyLock::new(|| {
        std::env::var("SUANPAN_CLOCK_AHEAD_MS").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    });
    *AHEAD_MS
}

/// How much at once, and how often. The default is what a service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Members that are worked for at once, each by one task. A store groups what it commits, so many are cheaper than
    /// few.
    pub at_once: usize,
    /// Heads that the scan looks at in a second at most.
    pub heads_per_second: u64,
    /// From the beginning of one pass to that of the next, at least.
    pub pass_every: Duration,
    /// Members that are looked at in a second at most because a program changed.
    pub changed_per_second: u64,
    /// How often programs, holds of guests and delivered events are looked at.
    pub tend_every: Duration,
    /// How often all unique codes are looked through for holds that nobody came back for.
    pub codes_every: Duration,
    /// So long a duty stays with a worker that is not heard of any more.
    pub lease: Duration,
    /// A worker whose clock is further off the store's does nothing.
    pub clock_off_max: Duration,
    /// The first wait after an error; each further one is twice as long.
    pub retry_first: Duration,
    /// The longest wait between two tries.
    pub retry_max: Duration,
    /// How long steps in flight may take after the signal to end.
    pub drain: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: 256,
            heads_per_second: 1_000_000,
            pass_every: Duration::from_secs(1),
            changed_per_second: 2_000,
            tend_every: Duration::from_secs(10),
            codes_every: Duration::from_secs(300),
            lease: Duration::from_secs(15),
            clock_off_max: Duration::from_secs(2),
            retry_first: Duration::from_millis(250),
            retry_max: Duration::from_secs(60),
            drain: Duration::from_secs(20),
        }
    }
}

impl Pace {
    /// How long to wait after so many failures in a row: half of the doubled time at least, so that many who failed
    /// together do not come again together.
    pub(crate) fn wait_after(&self, failures: u32) -> Duration {
        let doubled = self.retry_first.saturating_mul(1 << failures.saturating_sub(1).min(20));
        let most = doubled.min(self.retry_max);
        most / 2 + most / 2 * outbox::jitter_per_mille() / 1_000
    }
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every step in flight was done, every position kept.
    InOrder,
    /// The time for that passed; what was in flight is done by the next worker.
    AtDeadline,
}

/// Does what is due in a store, for every chain in it.
pub struct Worker {
    shared: Arc<Shared>,
}

/// What the worker's tasks share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policies: Arc<dyn Policies>,
    pub(crate) clock: Clock,
    pub(crate) pace: Pace,
    pub(crate) board: Arc<StatusBoard>,
    pub(crate) sinks: Vec<Arc<dyn Sink>>,
    pub(crate) crew: Crew,
    pub(crate) duties: Duties,
    pub(crate) passed: scan::Passed,
    /// Something was committed: there may be events.
    pub(crate) news: Notify,
    /// The feed lost rows, or there are new parts to look after: scan at once.
    pub(crate) lagged: Notify,
}

impl Worker {
    /// A worker of a store. `sinks` are told every event of the outbox; their names have to differ.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        policies: Arc<dyn Policies>,
        clock: Clock,
        pace: Pace,
        sinks: Vec<Arc<dyn Sink>>,
    ) -> Self {
        let board = Arc::new(StatusBoard::default());
        let crew = Crew::new(Arc::clone(&policies), Arc::clone(&clock), pace, Arc::clone(&board));
        let duties = Duties::new(Arc::clone(&store), Arc::clone(&clock), &pace, holder());
        let (news, lagged) = (Notify::new(), Notify::new());
        let passed = scan::Passed::default();
        let shared =
            Shared { store, policies, clock, pace, board, sinks, crew, duties, passed, news, lagged };
        Self { shared: Arc::new(shared) }
    }

    /// What it has done; may be read while it runs and after.
    #[must_use]
    pub fn status(&self) -> Arc<StatusBoard> {
        Arc::clone(&self.shared.board)
    }

    /// One pass over the whole store, and everything that it found due. [`run`](Self::run) makes one after the other.
    ///
    /// # Errors
    /// Those of reading the store. Members for whom something fails are met by the next pass.
    pub async fn pass(&self) -> Result<Pass, StoreError> {
        let parts: Vec<Part> = (0..self.shared.store.parts()).map(Part).collect();
        scan::pass(&self.shared, &parts, |_| true).await
    }

    /// Works until `stop` is done; then does what is in flight, keeps its positions, and ends.
    pub async fn run(&self, stop: impl Future<Output = ()>) -> Ended {
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(duties::keep(Arc::clone(&self.shared), stopped.clone()));
        for part in (0..self.shared.store.parts()).map(Part) {
            tasks.spawn(feed::follow(Arc::clone(&self.shared), part, stopped.clone()));
        }
        tasks.spawn(scan::again_and_again(Arc::clone(&self.shared), stopped.clone()));
        tasks.spawn(take_over_programs(Arc::clone(&self.shared), stopped.clone()));
        tasks.spawn(tend(Arc::clone(&self.shared), stopped.clone()));
        for sink in &self.shared.sinks {
            tasks.spawn(outbox::deliver(Arc::clone(&self.shared), Arc::clone(sink), stopped.clone()));
        }
        stop.await;
        tracing::info!(deadline = ?self.shared.pace.drain, "ending: no new work, what is in flight is done");
        // Receivers that are gone are tasks that have ended.
        let _ = stopping.send(true);
        self.shared.crew.close();
        let in_order = async {
            while let Some(ended) = tasks.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "a task of the worker panicked");
                }
            }
            self.shared.crew.finish().await;
        };
        let ended = match tokio::time::timeout(self.shared.pace.drain, in_order).await {
            Ok(()) => Ended::InOrder,
            Err(_) => {
                tracing::warn!("the time to end passed with steps in flight; the next worker does them");
                Ended::AtDeadline
            }
        };
        tracing::info!(?ended, "ended");
        ended
    }
}

/// A name that no other worker has, and no other start of this one.
fn holder() -> String {
    format!("{:x}-{:016x}", std::process::id(), outbox::random())
}

/// Looks for programs that changed, by one worker for all. Apart from what else is looked at: a round through all members of
/// a chain takes its time.
async fn take_over_programs(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    loop {
        let round = async {
            shared.duties.held(duties::TEND).await;
            change::follow(&shared).await
        };
        let result = tokio::select! {
            result = round => result,
            () = told(&mut stopped) => return,
        };
        if let Err(error) = result {
            tracing::warn!(%error, "could not take a program over; again soon");
        }
        if wait(&mut stopped, shared.pace.tend_every).await {
            return;
        }
    }
}

/// What needs looking at now and then, by one worker for all: holds of guests, what guests owe, events that everybody has. One
/// that fails keeps no other from being looked at.
async fn tend(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut codes_at = Instant::now();
    loop {
        let with_codes = Instant::now() >= codes_at;
        let round = async {
            shared.duties.held(duties::TEND).await;
            let held = holds::end(&shared, with_codes).await;
            let owed = shared.store.pay_guests((shared.clock)()).await;
            held.and(owed).and(outbox::forget(&shared).await)
        };
        let result = tokio::select! {
            result = round => result,
            () = told(&mut stopped) => return,
        };
        if with_codes && result.is_ok() {
            codes_at = Instant::now() + shared.pace.codes_every;
        }
        if let Err(error) = result {
            tracing::warn!(%error, "could not look after holds, debts and delivered events; again soon");
        }
        if wait(&mut stopped, shared.pace.tend_every).await {
            return;
        }
    }
}

/// Ends when the worker is told to end.
pub(crate) async fn told(stopped: &mut watch::Receiver<bool>) {
    // A sender that is gone is a worker that is gone.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Waits; true when the worker is told to end meanwhile.
pub(crate) async fn wait(stopped: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => false,
        () = told(stopped) => true,
    }
}
