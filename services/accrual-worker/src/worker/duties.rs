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
/// Rounds that come soon after the number of workers changed, in the time from one round to the next else.
const SOON: u32 = 8;
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

    /// Whether a part is this worker's now.
    pub(crate) fn has_part(&self, part: Part) -> bool {
        self.has(&of_part(part.0))
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

    /// Takes what is this worker's share, keeps it, and gives up what is more.
    async fn round(&self, sinks: &[String]) -> Result<Round, StoreError> {
        let off_ms = clock_off_ms(&*self.store, &*self.clock, self.off_ms_max).await?;
        let Some(off_ms) = off_ms else {
            return Err(StoreError::Unavailable("its clock did not answer in time".to_owned()));
        };
        if off_ms > self.off_ms_max {
            tracing::error!(off_ms, "this machine's clock is wrong: nothing is worked for until it is right");
            self.end().await?;
            return Ok(Round::default());
        }
        let now_ms = (self.clock)();
        let presence = self.presence();
        let leases = self.store.leases(now_ms).await?;
        let others =
            leases.iter().filter(|lease| lease.duty.starts_with(PRESENT) && lease.duty != presence).count();
        let workers = others + 1;
        let share = (self.store.parts() as usize).div_ceil(workers);
        let duties: Vec<String> = (0..self.store.parts()).map(of_part).collect();
        let (own, free): (Vec<&String>, Vec<&String>) = duties
            .iter()
            .filter(|duty| !is_anothers(&leases, duty, &self.holder))
            .partition(|duty| leases.iter().any(|lease| lease.duty == **duty));
        let mut wanted = vec![presence.clone()];
        let singles = sinks.iter().map(String::as_str).chain([TEND]);
        wanted.extend(singles.filter(|duty| !is_anothers(&leases, duty, &self.holder)).map(str::to_owned));
        wanted.extend(own.iter().chain(&free).take(share).map(|duty| (*duty).clone()));
        let until_ms = now_ms + self.lasts.as_millis() as i64;
        let taken = self.store.lease_all(&wanted, &self.holder, now_ms, until_ms).await?;
        let held: BTreeSet<String> = taken.into_iter().filter(|duty| *duty != presence).collect();
        let gained = held.difference(&self.held.borrow()).next().is_some();
        self.held.send_if_modified(|before| {
            let changed = *before != held;
            *before = held;
            changed
        });
        // Nobody works for them here any more, when others see that they are free.
        let surplus: Vec<String> = own.into_iter().skip(share).cloned().collect();
        if !surplus.is_empty() {
            self.store.end_leases(&surplus, &self.holder).await?;
        }
        Ok(Round { gained, workers })
    }

    fn presence(&self) -> String {
        format!("{PRESENT}{}", self.holder)
    }

    /// Lets everything go, so that others need not wait for its time.
    async fn end(&self) -> Result<(), StoreError> {
        let held = self.held.send_replace(BTreeSet::new());
        let all: Vec<String> = held.into_iter().chain([self.presence()]).collect();
        self.store.end_leases(&all, &self.holder).await
    }
}

/// What a round found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Round {
    /// It got something new.
    gained: bool,
    /// So many share the work; none when this one may not.
    workers: usize,
}

/// How long until the next round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Rounds {
    workers: usize,
    /// So many come soon.
    soon: u32,
}

impl Rounds {
    /// When the number of workers changed, what one gives up waits for the other's next round: some come soon then.
    fn after(&mut self, round: Round, lasts: Duration) -> Duration {
        self.soon = if round.workers == self.workers { self.soon.saturating_sub(1) } else { SOON };
        self.workers = round.workers;
        if self.soon > 0 { lasts / TRIES / SOON } else { lasts / TRIES }
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
    let mut rounds = Rounds::default();
    loop {
        let round = tokio::select! {
            round = duties.round(&sinks) => round,
            () = told(&mut stopped) => break,
        };
        let mut pause = duties.lasts / TRIES;
        match round {
            Ok(round) => {
                kept = Instant::now();
                pause = rounds.after(round, duties.lasts);
                if round.gained {
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
        if wait(&mut stopped, pause).await {
            break;
        }
    }
    if let Err(error) = duties.end().await {
        tracing::warn!(%error, "leases end by time");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_come_soon_after_the_number_of_workers_changed() {
        let lasts = Duration::from_millis(2_400);
        let mut rounds = Rounds::default();
        let mut pauses = |workers, rounds_of_it| -> Vec<u128> {
            let round = Round { gained: false, workers };
            (0..rounds_of_it).map(|_| rounds.after(round, lasts).as_millis()).collect()
        };
        let soon_then_seldom = [[100; 8].as_slice(), &[800, 800]].concat();
        assert_eq!(pauses(1, 10), soon_then_seldom);
        assert_eq!(pauses(2, 10), soon_then_seldom, "another one came");
        assert_eq!(pauses(1, 3), [100; 3], "and went");
        assert_eq!(pauses(2, 10), soon_then_seldom);
    }
}
