//! Those who work: one task for a member at a time, so many members at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use suanpan_checkout::{BooksError, Worked};
use suanpan_domain::MemberId;
use suanpan_store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::failing::Failing;
use super::{Clock, Pace};
use crate::policies::{Policies, PoliciesError};
use crate::status::StatusBoard;

/// Whom something is due for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    pub(crate) chain: String,
    pub(crate) member: MemberId,
}

/// How far a member has to be worked for, or is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UpTo {
    /// Epoch and version of the head.
    pub(crate) version: (u64, u64),
    /// For what is due at this instant.
    pub(crate) at_ms: i64,
}

impl UpTo {
    /// Whatever was done.
    pub(crate) const EVERYTHING: Self = Self { version: (u64::MAX, u64::MAX), at_ms: i64::MAX };

    fn max(self, other: Self) -> Self {
        Self { version: self.version.max(other.version), at_ms: self.at_ms.max(other.at_ms) }
    }

    const fn is_reached_by(self, done: Self) -> bool {
        let (epoch, version) = self.version;
        let behind = epoch < done.version.0 || (epoch == done.version.0 && version <= done.version.1);
        behind && self.at_ms <= done.at_ms
    }
}

/// Held while a job is not done; whoever waits for several waits until nobody holds one any more. It says something when the
/// work could not be done for a reason that passes.
pub(crate) type Token = mpsc::Sender<()>;

/// Starts tasks for members.
pub(crate) struct Crew {
    inner: Arc<Inner>,
    tasks: Mutex<JoinSet<()>>,
}

struct Inner {
    policies: Arc<dyn Policies>,
    clock: Clock,
    pace: Pace,
    board: Arc<StatusBoard>,
    places: Arc<Semaphore>,
    closed: AtomicBool,
    busy: Mutex<HashMap<Job, Busy>>,
    failing: Mutex<Failing>,
}

/// A member that is being worked for.
#[derive(Default)]
struct Busy {
    /// It was offered again meanwhile.
    again: Option<UpTo>,
    tokens: Vec<Token>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tries of one job in a row; then the next pass meets it again.
const TRIES_MAX: u32 = 4;

impl Crew {
    pub(crate) fn new(
        policies: Arc<dyn Policies>,
        clock: Clock,
        pace: Pace,
        board: Arc<StatusBoard>,
    ) -> Self {
        let places = Arc::new(Semaphore::new(pace.at_once.clamp(1, Semaphore::MAX_PERMITS)));
        let inner = Inner {
            policies,
            clock,
            pace,
            board,
            places,
            closed: AtomicBool::new(false),
            busy: Mutex::new(HashMap::new()),
            failing: Mutex::new(Failing::default()),
        };
        Self { inner: Arc::new(inner), tasks: Mutex::new(JoinSet::new()) }
    }

    /// Has a member worked for; waits until there is a place. One that is being worked for is worked for once more, unless
    /// that gets so far anyhow: most often it was offered because of what the work wrote itself.
    pub(crate) async fn offer(&self, job: Job, up_to: UpTo, token: Option<&Token>) {
        if self.joined(&job, up_to, token) || self.is_closed_for(token) {
            return;
        }
        let Ok(place) = Arc::clone(&self.inner.places).acquire_owned().await else { return };
        // Somebody else may have offered it while this one waited.
        if self.joined(&job, up_to, token) || self.is_closed_for(token) {
            return;
        }
        locked(&self.inner.busy)
            .insert(job.clone(), Busy { again: None, tokens: token.into_iter().cloned().collect() });
        let mut tasks = locked(&self.tasks);
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a task for a member panicked");
            }
        }
        tasks.spawn(Arc::clone(&self.inner).work(job, place));
    }

    /// Whether no more jobs are taken; whoever offers one hears that it was not done.
    fn is_closed_for(&self, token: Option<&Token>) -> bool {
        let closed = self.inner.closed.load(Ordering::Acquire);
        if let Some(token) = token.filter(|_| closed) {
            let _ = token.try_send(());
        }
        closed
    }

    /// Whether a member is being worked for; then it is worked for again.
    fn joined(&self, job: &Job, up_to: UpTo, token: Option<&Token>) -> bool {
        match locked(&self.inner.busy).get_mut(job) {
            Some(busy) => {
                busy.again = Some(busy.again.map_or(up_to, |again| again.max(up_to)));
                busy.tokens.extend(token.cloned());
                true
            }
            None => false,
        }
    }

    /// Whether a pass should leave a member alone this time, because it failed lately.
    pub(crate) fn rests(&self, job: &Job) -> bool {
        locked(&self.inner.failing).rests(job)
    }

    /// A pass begins: who failed comes closer to its next try.
    pub(crate) fn next_pass(&self) {
        locked(&self.inner.failing).next_pass();
    }

    /// Takes no more jobs.
    pub(crate) fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
    }

    /// Waits until every job is done.
    pub(crate) async fn finish(&self) {
        let mut tasks = std::mem::take(&mut *locked(&self.tasks));
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task for a member panicked");
            }
        }
    }
}

/// A member that could not be worked for.
struct Failed {
    why: String,
    /// The same may go well in a moment.
    passes: bool,
}

impl Busy {
    /// Says that the work was not done. Once is enough.
    fn tell(&self) {
        for token in &self.tokens {
            let _ = token.try_send(());
        }
    }
}

/// Takes a job off the list however its task ends.
struct Listed<'i> {
    inner: &'i Inner,
    job: &'i Job,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        locked(&self.inner.busy).remove(self.job);
    }
}

impl Inner {
    async fn work(self: Arc<Self>, job: Job, place: OwnedSemaphorePermit) {
        let listed = Listed { inner: &self, job: &job };
        loop {
            let result = self.tried(&job).await;
            let failing = locked(&self.failing).note(&job, result.is_ok());
            self.board.failing(failing.members);
            let reached = result.unwrap_or_else(|Failed { why, passes }| {
                if passes && let Some(busy) = locked(&self.busy).get(&job) {
                    busy.tell();
                }
                if failing.is_news {
                    let (chain, member) = (&job.chain, &job.member);
                    tracing::warn!(chain, %member, why, "a member could not be worked for; it is tried again");
                }
                None
            });
            let mut busy = locked(&self.busy);
            let again = busy.get_mut(&job).and_then(|busy| busy.again.take());
            let again =
                again.is_some_and(|up_to| reached.is_none_or(|reached| !up_to.is_reached_by(reached)));
            if !again || self.closed.load(Ordering::Acquire) {
                // Under the same lock: an offer either finds the job here, or starts it anew.
                busy.remove(&job);
                break;
            }
        }
        std::mem::forget(listed);
        drop(place);
    }

    /// Works for a member, again after errors that pass. Gives how far nothing is due any more.
    async fn tried(&self, job: &Job) -> Result<Option<UpTo>, Failed> {
        let mut failures = 0;
        loop {
            let error = match self.once(job).await {
                Ok((done, reached)) => {
                    self.board.worked(done);
                    return Ok(reached);
                }
                Err(error) => error,
            };
            failures += 1;
            if !error.passes() || failures == TRIES_MAX || self.closed.load(Ordering::Acquire) {
                return Err(Failed { why: error.to_string(), passes: error.passes() });
            }
            tokio::time::sleep(self.pace.wait_after(failures)).await;
        }
    }

    async fn once(&self, job: &Job) -> Result<(Worked, Option<UpTo>), WorkError> {
        let books = self.policies.books(&job.chain).await?;
        let books = books.ok_or_else(|| WorkError::NoProgram(job.chain.clone()))?;
        let at_ms = (self.clock)();
        let (done, version) = books.work_up_to(&job.member, at_ms).await?;
        Ok((done, version.map(|version| UpTo { version, at_ms })))
    }
}

/// Whether the same may go well in a moment.
pub(crate) const fn passes(error: &StoreError) -> bool {
    match error {
        StoreError::Unknown(_) | StoreError::Busy | StoreError::Unavailable(_) => true,
        StoreError::Refused(_)
        | StoreError::Corrupt(_)
        | StoreError::TooNew { .. }
        | StoreError::Panicked(_)
        | StoreError::Contract(_) => false,
    }
}

/// Why a member could not be worked for.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error("chain {0} has no active program")]
    NoProgram(String),
    #[error(transparent)]
    Policies(#[from] PoliciesError),
    #[error("{}", words(_0))]
    Books(#[from] BooksError),
}

/// An error with the reasons of a refusal, which a person has to see.
fn words(error: &BooksError) -> String {
    match error {
        BooksError::Refused(conflicts) => {
            let reasons: Vec<_> = conflicts.iter().map(|conflict| format!("{:?}", conflict.reason)).collect();
            format!("an effect was refused: {}", reasons.join(", "))
        }
        error => error.to_string(),
    }
}

impl WorkError {
    /// Whether the same may go well in a moment.
    fn passes(&self) -> bool {
        match self {
            Self::Books(BooksError::Store(error)) | Self::Policies(PoliciesError::Store(error)) => {
                passes(error)
            }
            Self::Books(BooksError::Stale) => true,
            Self::Books(BooksError::Refused(_)) | Self::Policies(_) | Self::NoProgram(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_reaches_what_is_not_after_it() {
        let up_to = |epoch, version, at_ms| UpTo { version: (epoch, version), at_ms };
        let done = up_to(1, 7, 1_000);
        for (offered, reached) in [
            (up_to(1, 7, 1_000), true),
            (up_to(1, 6, 900), true),
            (up_to(0, 9, 900), true),
            (up_to(1, 8, 900), false),
            (up_to(2, 1, 900), false),
            // Time made something due meanwhile.
            (up_to(1, 7, 1_001), false),
            (up_to(1, 6, 900).max(up_to(1, 5, 1_001)), false),
            (UpTo::EVERYTHING, false),
        ] {
            assert_eq!(offered.is_reached_by(done), reached, "{offered:?}");
        }
    }
}
