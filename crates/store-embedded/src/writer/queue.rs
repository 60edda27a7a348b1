//! What waits for the writer. It is woken for the first job; what comes while it works makes up its next batch.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{BATCH_MAX, Job};

/// Jobs that wait. More are refused as [`suanpan_store::StoreError::Busy`]: 16 batches are some 0.1 s of work.
const WAITING_MAX: usize = 16 * BATCH_MAX;

/// How long the writer looks for more before it sleeps. A till that goes on is back by then, and to wake a thread can take
/// longer than the statements of a sale.
pub(crate) const LOOK: Duration = Duration::from_micros(300);

/// The queue.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    first: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// The writer has nothing to do.
    is_idle: bool,
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
        Self { waiting: Mutex::default(), first: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job in; whether it waits there alone.
    pub(crate) fn put(&self, job: Job) -> Result<bool, Refused> {
        let mut waiting = self.lock();
        if waiting.ended {
            return Err(Refused::Ended);
        }
        if waiting.jobs.len() >= WAITING_MAX {
            return Err(Refused::Full);
        }
        waiting.jobs.push_back(job);
        let is_alone = waiting.jobs.len() == 1;
        if std::mem::take(&mut waiting.is_idle) {
            drop(waiting);
            self.first.notify_one();
        }
        Ok(is_alone)
    }

    /// Waits for a first job, and takes what is there. False at the end.
    pub(crate) fn take(&self, batch: &mut Vec<Job>) -> bool {
        let mut waiting = self.look();
        while waiting.jobs.is_empty() {
            if waiting.ended {
                return false;
            }
            waiting.is_idle = true;
            waiting = self.first.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.is_idle = false;
        let count = waiting.jobs.len().min(BATCH_MAX);
        batch.extend(waiting.jobs.drain(..count));
        true
    }

    /// Looks for a job for a moment, giving way to whoever has something to do.
    fn look(&self) -> MutexGuard<'_, Waiting> {
        let until = Instant::now() + LOOK;
        loop {
            let waiting = self.lock();
            if !waiting.jobs.is_empty() || waiting.ended || Instant::now() >= until {
                return waiting;
            }
            drop(waiting);
            std::thread::yield_now();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().jobs.is_empty()
    }

    /// Takes nothing more in; gives what nobody took out.
    pub(crate) fn end(&self) -> VecDeque<Job> {
        let mut waiting = self.lock();
        waiting.ended = true;
        let left = std::mem::take(&mut waiting.jobs);
        drop(waiting);
        self.first.notify_one();
        left
    }

    /// Takes nothing more in; what waits is still done.
    pub(crate) fn close(&self) {
        self.lock().ended = true;
        self.first.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::writer::Mailboxes;

    fn job() -> Job {
        Job { work: Box::new(|_| Ok(())), waiter: Mailboxes::default().waiter().0 }
    }

    #[test]
    fn a_batch_has_what_waits() {
        for (put, expected) in [(1, 1), (3, 3), (BATCH_MAX + 1, BATCH_MAX)] {
            let queue = Queue::new();
            for _ in 0..put {
                queue.put(job()).unwrap();
            }
            let mut batch = Vec::new();
            assert!(queue.take(&mut batch));
            assert_eq!(batch.len(), expected, "{put} put");
        }
    }

    #[test]
    fn a_writer_that_waits_is_woken_for_each() {
        let queue = Arc::new(Queue::new());
        let putting = Arc::clone(&queue);
        let thread = std::thread::spawn(move || {
            for _ in 0..100 {
                std::thread::sleep(Duration::from_micros(400));
                putting.put(job()).unwrap();
            }
            putting.close();
        });
        let mut all = 0;
        let mut batch = Vec::new();
        while queue.take(&mut batch) {
            all += batch.drain(..).len();
        }
        thread.join().unwrap();
        assert_eq!(all, 100);
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
        assert!(!queue.take(&mut Vec::new()));
    }
}
