//! What waits for the writer. It is woken for the first job, and while it gathers a batch once that is full: callers that
//! come one by one would otherwise each wake it, which costs more than their work.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{BATCH_MAX, Job};

/// Jobs that wait. More are refused as [`suanpan_store::StoreError::Busy`]: 16 batches are some 0.1 s of work.
const WAITING_MAX: usize = 16 * BATCH_MAX;

/// The queue.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    enough: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Jobs that the writer wants to be woken for; none while it does not wait.
    wanted: Option<usize>,
    /// Nobody puts in any more, or nobody takes out.
    ended: bool,
}

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many wait.
    Full,
    /// It has ended.
    Ended,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::default(), enough: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job in.
    pub(crate) fn put(&self, job: Job) -> Result<(), Refused> {
        let mut waiting = self.lock();
        if waiting.ended {
            return Err(Refused::Ended);
        }
        if waiting.jobs.len() >= WAITING_MAX {
            return Err(Refused::Full);
        }
        waiting.jobs.push_back(job);
        let count = waiting.jobs.len();
        if waiting.wanted.take_if(|wanted| count >= *wanted).is_some() {
            drop(waiting);
            self.enough.notify_one();
        }
        Ok(())
    }

    /// Fills a batch: waits for a first job, and then up to `patience` for `wanted` of them. False at the end.
    pub(crate) fn take(&self, batch: &mut Vec<Job>, wanted: usize, patience: Duration) -> bool {
        let mut waiting = self.lock();
        while waiting.jobs.is_empty() {
            if waiting.ended {
                return false;
            }
            waiting.wanted = Some(1);
            waiting = self.enough.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let wanted = wanted.min(BATCH_MAX);
        let until = Instant::now() + patience;
        while waiting.jobs.len() < wanted && !waiting.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            waiting.wanted = Some(wanted);
            waiting = self.enough.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        waiting.wanted = None;
        let count = waiting.jobs.len().min(BATCH_MAX);
        batch.extend(waiting.jobs.drain(..count));
        true
    }

    /// Takes nothing more in; gives what nobody took out.
    pub(crate) fn end(&self) -> VecDeque<Job> {
        let mut waiting = self.lock();
        waiting.ended = true;
        let left = std::mem::take(&mut waiting.jobs);
        drop(waiting);
        self.enough.notify_one();
        left
    }

    /// Takes nothing more in; what waits is still done.
    pub(crate) fn close(&self) {
        self.lock().ended = true;
        self.enough.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;

    use super::*;

    fn job() -> Job {
        Job { work: Box::new(|_| Ok(())), answer: oneshot::channel().0 }
    }

    /// Jobs put, wanted, patience, and what a batch has.
    #[test]
    fn a_batch_has_what_waits() {
        for (put, wanted, expected) in
            [(1, 0, 1), (3, 2, 3), (3, 64, 3), (BATCH_MAX + 1, BATCH_MAX + 9, BATCH_MAX)]
        {
            let queue = Queue::new();
            for _ in 0..put {
                queue.put(job()).unwrap();
            }
            let mut batch = Vec::new();
            assert!(queue.take(&mut batch, wanted, Duration::from_millis(1)));
            assert_eq!(batch.len(), expected, "{put} put, {wanted} wanted");
        }
    }

    #[test]
    fn the_writer_waits_for_the_first_and_then_for_enough() {
        let queue = Arc::new(Queue::new());
        let putting = Arc::clone(&queue);
        let thread = std::thread::spawn(move || {
            for _ in 0..100 {
                std::thread::sleep(Duration::from_micros(200));
                putting.put(job()).unwrap();
            }
            putting.close();
        });
        let (mut all, mut first) = (0, 0);
        let mut batch = Vec::new();
        while queue.take(&mut batch, 10, Duration::from_secs(60)) {
            first = if all == 0 { batch.len() } else { first };
            all += batch.drain(..).len();
        }
        thread.join().unwrap();
        assert_eq!(all, 100);
        assert!(first >= 10, "{first}");
    }

    #[test]
    fn it_is_bounded_and_ends() {
        let queue = Queue::new();
        for _ in 0..WAITING_MAX {
            queue.put(job()).unwrap();
        }
        assert_eq!(queue.put(job()), Err(Refused::Full));
        assert_eq!(queue.end().len(), WAITING_MAX);
        assert_eq!(queue.put(job()), Err(Refused::Ended));
        assert!(!queue.take(&mut Vec::new(), 1, Duration::ZERO));
    }
}
