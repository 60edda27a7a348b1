//! A store that behaves as badly as a store may: by a seed it loses answers before and after the write, is busy, delays,
//! and decides again as after a lost race. What it answers is true.

mod verbs;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::StoreError;
use crate::store::Store;
use crate::verdict::{Decider, Verdict};
use crate::view::View;

/// How often what goes wrong, in a thousand calls each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The call never reaches the store, and nobody knows: [`StoreError::Unknown`], or [`StoreError::Unavailable`] of a
    /// read.
    pub lost_before: u16,
    /// The store has done it, and the answer is lost in the same way.
    pub lost_after: u16,
    /// [`StoreError::Busy`].
    pub busy: u16,
    /// The call takes up to [`delay_ms_max`](Self::delay_ms_max) longer, before or after.
    pub delayed: u16,
    /// The longest delay, milliseconds.
    pub delay_ms_max: u16,
    /// The decider runs more than once, and only its last run counts.
    pub decided_again: u16,
}

impl Default for Faults {
    /// Every tenth call or so goes wrong in some way.
    fn default() -> Self {
        Self { lost_before: 30, lost_after: 40, busy: 20, delayed: 30, delay_ms_max: 3, decided_again: 300 }
    }
}

/// A store around another. The same seed and the same order of calls bring the same faults.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    faults: Faults,
    seed: u64,
    clock: Option<Clock>,
    calls: AtomicU64,
    injected: AtomicU64,
}

/// A clock, Unix milliseconds.
type Clock = Box<dyn Fn() -> i64 + Send + Sync>;

/// What happens to one call.
struct Fate {
    before: Option<StoreError>,
    after: bool,
    delay: Option<(Duration, bool)>,
    again: u32,
}

impl FaultyStore {
    /// Puts faults around a store.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, seed: u64, faults: Faults) -> Self {
        Self { inner, faults, seed, clock: None, calls: AtomicU64::new(0), injected: AtomicU64::new(0) }
    }

    /// The store, with a clock of its own.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// How many calls went wrong so far. A test that counts on faults looks whether there were any.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.injected.load(Ordering::Relaxed)
    }

    fn fate(&self, writes: bool) -> Fate {
        let mut dice = Dice(self.seed ^ mixed(self.calls.fetch_add(1, Ordering::Relaxed)));
        let lost = |what: &str| {
            if writes {
                StoreError::Unknown(format!("the answer was lost {what}"))
            } else {
                StoreError::Unavailable(format!("the answer was lost {what}"))
            }
        };
        let lost_before = dice.hits(self.faults.lost_before).then(|| lost("before the store had the call"));
        let busy = dice.hits(self.faults.busy).then_some(StoreError::Busy);
        let after = dice.hits(self.faults.lost_after);
        let delay = dice.hits(self.faults.delayed).then(|| {
            let ms = dice.below(u64::from(self.faults.delay_ms_max) + 1);
            (Duration::from_millis(ms), dice.below(2) == 0)
        });
        let again = if dice.hits(self.faults.decided_again) { 1 + dice.below(3) as u32 } else { 0 };
        let fate = Fate { before: lost_before.or(busy), after, delay, again };
        if fate.before.is_some() || fate.after {
            self.injected.fetch_add(1, Ordering::Relaxed);
        }
        fate
    }

    /// One call with its fate.
    async fn call<T>(
        &self,
        writes: bool,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fate = self.fate(writes);
        self.fated(fate, writes, call).await
    }

    async fn fated<T>(
        &self,
        fate: Fate,
        writes: bool,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if let Some((delay, true)) = fate.delay {
            tokio::time::sleep(delay).await;
        }
        if let Some(error) = fate.before {
            return Err(error);
        }
        let answer = call.await;
        if let Some((delay, false)) = fate.delay {
            tokio::time::sleep(delay).await;
        }
        match (fate.after, writes) {
            (false, _) => answer,
            (true, true) => Err(StoreError::Unknown("the answer was lost after the write".to_owned())),
            (true, false) => Err(StoreError::Unavailable("the answer was lost after the read".to_owned())),
        }
    }
}

/// Decides on the same view several times, as after races that another writer of the same content won.
struct Again {
    inner: Box<dyn Decider>,
    times: u32,
}

impl Decider for Again {
    fn decide(&mut self, view: &View) -> Verdict {
        for _ in 0..self.times {
            drop(self.inner.decide(view));
        }
        self.inner.decide(view)
    }
}

/// Whole numbers that look like chance (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// Below `bound`, which is at least 1. The bias of the remainder is far below a thousandth.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn hits(&mut self, in_a_thousand: u16) -> bool {
        self.below(1_000) < u64::from(in_a_thousand)
    }
}

fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
