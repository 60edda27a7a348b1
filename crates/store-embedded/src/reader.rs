//! Reads beside the writer: a few threads, each with a connection of its own.

pub(crate) mod accounts;
pub(crate) mod lists;
pub(crate) mod sweeps;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use suanpan_store::StoreError;
use tokio::sync::oneshot;

use crate::failed::Failed;
use crate::progress::Unsynced;
use crate::shared::Shared;

/// Reads that wait. More are refused as [`StoreError::Busy`].
const QUEUE_MAX: usize = 4_096;

type Task = Box<dyn FnOnce(&Connection) + Send>;

/// The reading threads. They end when the sender is dropped.
pub(crate) struct Readers {
    tasks: Option<SyncSender<Task>>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts one thread for each connection.
    pub(crate) fn start(connections: Vec<Connection>, shared: &Arc<Shared>) -> std::io::Result<Self> {
        let (tasks, waiting) = sync_channel::<Task>(QUEUE_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::with_capacity(connections.len());
        for connection in connections {
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name("store-reader".to_owned());
            threads.push(thread.spawn(move || serve(&connection, &waiting))?);
        }
        Ok(Self { tasks: Some(tasks), shared: Arc::clone(shared), threads })
    }

    /// Runs a read on one of the threads. What it saw is on the disk when this answers.
    pub(crate) async fn run<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let task: Task = Box::new(move |connection| {
            let read = read(connection).map_err(StoreError::from);
            let synced = shared.progress.wait().map_err(|Unsynced| shared.closed());
            // Whoever does not wait any more needs no answer.
            let _ = answer.send(synced.and(read));
        });
        let tasks = self.tasks.as_ref().ok_or_else(ended)?;
        tasks.try_send(task).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => ended(),
        })?;
        answered.await.map_err(|_| ended())?
    }

    pub(crate) fn stop(&mut self) {
        self.tasks = None;
        for thread in self.threads.drain(..) {
            // A thread ends in order, or its panic was told to its caller by the lost answer.
            let _ = thread.join();
        }
    }
}

fn ended() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}

fn serve(connection: &Connection, waiting: &Mutex<Receiver<Task>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        // A read that panics loses its answer; the thread goes on with the next one.
        let _ = catch_unwind(AssertUnwindSafe(|| task(connection)));
    }
}

/// Runs several statements on one state of the file.
pub(crate) fn consistent<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let transaction = connection.unchecked_transaction()?;
    let value = read(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
