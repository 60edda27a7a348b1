//! Which work is this worker's: parts of the members, and duties that one worker does for all. Workers side by side share
//! them by leases; a worker that is gone loses them by time, one that ends in order lets them go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use suanpan_store::{Lease, Part, Store, StoreError, clock_off_ms};
use tokio::sync::watch;

use super::{Clock, Pace, Shared, told, wait};
use crate::outbox::Sink;

/// So often leases are kept in the time that one lasts: three tries before it ends.
const TRIES: u32 = 3;
/// Every worker that lives holds one of these, so that each knows how many share the work.
const PRESENT: &str = "worker/";
/// Members of a part.
const PART: &str = "part/";
/// Programs that changed, holds of guests, events that everybody has.
pub(crate) const TEND: &str = "tend";

/// The duty of delivering to a sink.
pub(crate) fn of_sink(sink: &dyn Sink) -> String {
    format!("sink/{}", sink.name())
}

fn of_part(part: u32) -> String {
    format!("{PART}{part:04}")
}

/// The duties that this worker holds now, told to its tasks.
pub(crate) struct Duties {
    store: Arc<dyn Store>,
    clock: Clock,
    /// What a lease lasts without being kept.
    lasts: Duration,
    /// A worker whose clock is further off the store's holds nothing: what it wrote would be of a wrong time.
    off_ms_max: u64,
    /// Names this worker among others, and this start among its own.
    holder: String,
    held: watch::Sender<BTreeSet<String>>,
}

impl Duties {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock, pace: &Pace, holder: String) -> Self {
        let off_ms_max = u64::try_from(pace.clock_off_max.as_millis()).unwrap_or(u64::MAX);
        Self {
            store,
            clock,
            lasts: pace.lease,
            off_ms_max,
            holder,
            held: watch::Sender::new(BTreeSet::new()),
        }
    }

    /// The parts that are this worker's now.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let held = self.held.borrow();
        (0..self.store.parts()).filter(|part| held.contains(&of_part(*part))).map(Part).collect()
    }

    /// Whether a duty is this worker's now.
    pub(crate) fn has(&self, duty: &str) -> bool {
        self.held.borrow().contains(duty)
    }

    /// Waits until a duty is this worker's.
    pub(crate) async fn held(&self, duty: &str) {
        // The sender lives as long as this.
        let _ = self.held.subscribe().wait_for(|held| held.contains(duty)).await;
    }

    /// Waits until a part is this worker's.
    pub(crate) async fn part_held(&self, part: Part) {
        self.held(&of_part(part.0)).await;
    }

    /// Waits until it is not.
    pub(crate) async fn part_lost(&self, part: Part) {
        let duty = of_part(part.0);
        let _ = self.held.subscribe().wait_for(|held| !held.contains(&duty)).await;
    }

    /// Takes what is this worker's share, keeps it, and gives up what is more; true when it got something new.
    async fn round(&self, sinks: &[String]) -> Result<bool, StoreError> {
        let off_ms = clock_off_ms(&*self.store, &*self.clock).await?;
        if off_ms > self.off_ms_max {
            tracing::error!(off_ms, "this machine's clock is wrong: nothing is worked for until it is right");
            self.end().await?;
            return Ok(false);
        }
        let now_ms = (self.clock)();
        let presence = format!("{PRESENT}{}", self.holder);
        self.lease(&presence, now_ms).await?;
        let leases = self.store.leases(now_ms).await?;
        let mut held = BTreeSet::new();
        for duty in sinks.iter().map(String::as_str).chain([TEND]) {
            if !is_anothers(&leases, duty, &self.holder) && self.lease(duty, now_ms).await? {
                held.insert(duty.to_owned());
            }
        }
        let workers = leases.iter().filter(|lease| lease.duty.starts_with(PRESENT)).count().max(1);
        let share = (self.store.parts() as usize).div_ceil(workers);
        let duties: Vec<String> = (0..self.store.parts()).map(of_part).collect();
        let (own, others): (Vec<&String>, Vec<&String>) = duties
            .iter()
            .filter(|duty| !is_anothers(&leases, duty, &self.holder))
            .partition(|duty| leases.iter().any(|lease| lease.duty == **duty));
        for (place, duty) in own.iter().chain(&others).enumerate() {
            if place >= share {
                if own.contains(duty) {
                    self.store.end_lease(duty, &self.holder).await?;
                }
            } else if self.lease(duty, now_ms).await? {
                held.insert((*duty).clone());
            }
        }
        let gained = held.difference(&self.held.borrow()).next().is_some();
        self.held.send_if_modified(|before| {
            let changed = *before != held;
            *before = held;
            changed
        });
        Ok(gained)
    }

    async fn lease(&self, duty: &str, now_ms: i64) -> Result<bool, StoreError> {
        self.store.lease(duty, &self.holder, now_ms, now_ms + self.lasts.as_millis() as i64).await
    }

    /// Lets everything go, so that others need not wait for its time.
    async fn end(&self) -> Result<(), StoreError> {
        let held = self.held.send_replace(BTreeSet::new());
        for duty in held.iter().chain([&format!("{PRESENT}{}", self.holder)]) {
            self.store.end_lease(duty, &self.holder).await?;
        }
        Ok(())
    }
}

fn is_anothers(leases: &[Lease], duty: &str, holder: &str) -> bool {
    leases.iter().any(|lease| lease.duty == duty && lease.holder != holder)
}

/// Takes and keeps duties until the worker is told to end; then lets them go.
pub(crate) async fn keep(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let duties = &shared.duties;
    let sinks: Vec<String> = shared.sinks.iter().map(|sink| of_sink(&**sink)).collect();
    let mut kept = Instant::now();
    loop {
        let round = tokio::select! {
            round = duties.round(&sinks) => round,
            () = told(&mut stopped) => break,
        };
        match round {
            Ok(gained) => {
                kept = Instant::now();
                if gained {
                    // What its earlier holder did not come to is met by a pass.
                    shared.lagged.notify_one();
                }
            }
            Err(error) => {
                tracing::warn!(%error, "leases could not be kept; again soon");
                if kept.elapsed() >= duties.lasts {
                    duties.held.send_replace(BTreeSet::new());
                }
            }
        }
        if wait(&mut stopped, duties.lasts / TRIES).await {
            break;
        }
    }
    if let Err(error) = duties.end().await {
        tracing::warn!(%error, "leases end by time");
    }
}
