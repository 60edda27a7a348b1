//! The store and its threads.

mod verbs;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use rusqlite::Connection;
use suanpan_store::{Meta, StoreError};

use crate::backup::{self, Contents};
use crate::checkpoint::Checkpoints;
use crate::failed::Failed;
use crate::open::{self, Lock, Options};
use crate::reader::Readers;
use crate::schema;
use crate::shared::Shared;
use crate::writer::{self, Durable, Job, Log, Mailboxes, PoisonOnPanic, Queue, Refused, Slot, Work, Writing};

/// A store in one file, of one process.
///
/// Everything that was answered is on the disk. Dropping it waits for what was begun, then for its threads. Callers inside a
/// runtime are answered by a task of that runtime: it has to be driven while they wait.
pub struct EmbeddedStore {
    path: PathBuf,
    pub(crate) meta: Meta,
    jobs: Arc<Queue>,
    mailboxes: Mailboxes,
    writer: Option<JoinHandle<()>>,
    pub(crate) readers: Readers,
    checkpoints: Checkpoints,
    pub(crate) shared: Arc<Shared>,
    // The last to go: nobody else may come before all connections are closed.
    _lock: Lock,
}

impl EmbeddedStore {
    /// Opens a file, or makes it, with the usual options.
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with).
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, &Options::default())
    }

    /// Opens a file, or makes it. What a process that was killed had answered is there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while another process has it, [`StoreError::TooNew`] when a newer release wrote it,
    /// [`StoreError::Refused`] when it cannot be opened or is no store, [`StoreError::Corrupt`].
    pub fn open_with(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let lock = Lock::take(path)?;
        let mut connection = open::writer(path, options)?;
        let meta = schema::migrate(&mut connection)?;
        let readers =
            (0..options.readers.max(1)).map(|_| open::reader(path)).collect::<Result<Vec<_>, _>>()?;
        let checkpointer = open::checkpointer(path)?;
        let thread = |error: std::io::Error| StoreError::Refused(format!("no thread: {error}"));
        let shared = Arc::new(Shared::new());
        let jobs = Arc::new(Queue::new());
        let readers = Readers::start(readers, &shared).map_err(thread)?;
        let checkpoints = Checkpoints::start(
            checkpointer,
            path,
            Arc::clone(&shared),
            options.checkpoint_every,
            options.log_bytes_max,
        )
        .map_err(thread)?;
        let log =
            Log::of(path).map_err(|error| StoreError::Refused(format!("{}-wal: {error}", path.display())))?;
        let durable = Durable::start(log, &shared, &jobs).map_err(thread)?;
        let (inside, waiting) = (Arc::clone(&shared), Arc::clone(&jobs));
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let guard = PoisonOnPanic(&inside, &waiting);
                writer::run(connection, &waiting, &inside, &durable, meta.epoch);
                std::mem::forget(guard);
            })
            .map_err(thread)?;
        Ok(Self {
            path: path.to_owned(),
            meta,
            jobs,
            mailboxes: Mailboxes::default(),
            writer: Some(writer),
            readers,
            checkpoints,
            shared,
            _lock: lock,
        })
    }

    /// Whether the store gave up writing after an error of the disk. It has to be opened again, best by a new process.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.shared.poisoned.load(Ordering::Acquire)
    }

    /// Waits until [`is_poisoned`](Self::is_poisoned).
    pub async fn poisoned(&self) {
        // The sender lives as long as this store, so that waiting cannot fail.
        let _ = self.shared.watch().wait_for(|poisoned| *poisoned).await;
    }

    /// Copies the store as it is now into a new file, beside all work, and checks the copy. Blocks its thread.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the file is there already or cannot be written, [`StoreError::Corrupt`] when the
    /// copy is damaged (it is removed then).
    pub fn backup(&self, to: &Path) -> Result<Contents, StoreError> {
        backup::copy(&open::reader(&self.path)?, to)
    }

    /// Checks the store from its pages up, as it is now, beside all work. Blocks its thread.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the first findings.
    pub fn check(&self) -> Result<Contents, StoreError> {
        backup::check(&self.path)
    }

    /// Runs work in the writer and waits until it is on the disk.
    pub(crate) async fn write(&self, work: Work) -> Result<(), StoreError> {
        if self.is_poisoned() {
            return Err(self.shared.closed());
        }
        let (waiter, answer) = self.mailboxes.waiter();
        let is_alone = self.jobs.put(Job { work, waiter }).map_err(|refused| match refused {
            Refused::Full => StoreError::Busy,
            Refused::Ended => self.shared.closed(),
        })?;
        writer::answered(answer, is_alone)
            .await
            .map_err(|_| StoreError::Unknown("the writer ended".to_owned()))?
    }

    /// As [`write`](Self::write), for work that finds something out.
    pub(crate) async fn write_with<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Writing<'_>) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = Slot::new();
        let inside = slot.clone();
        self.write(Box::new(move |writing| {
            inside.set(work(writing)?);
            Ok(())
        }))
        .await?;
        slot.take().ok_or_else(|| StoreError::Unknown("the writer told nothing".to_owned()))
    }

    /// Runs a read.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(read).await
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.jobs.close();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has poisoned the store, which is told to whoever waits.
            let _ = writer.join();
        }
        self.readers.stop();
        self.checkpoints.stop();
    }
}
