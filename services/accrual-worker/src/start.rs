//! From options to a running worker.

use std::error::Error;
use std::fmt::Write as _;
use std::future::Future;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use suanpan_store::{Store, StoreError};
use suanpan_store_embedded::EmbeddedStore;
use suanpan_store_scylla::{ConnectError, ScyllaStore};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::admin;
use crate::config::{LogFormat, Options};
use crate::outbox::{FileSink, Sink, Webhook, WebhookError};
use crate::policies::StoredPolicies;
use crate::worker::{Clock, Ended, Worker, system_clock};

/// Why a worker did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The webhook cannot be set up.
    #[error("--webhook")]
    Webhook(#[from] WebhookError),
    /// The webhook's secret cannot be read.
    #[error("--webhook-secret-file {}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The cluster's store cannot be reached.
    #[error("--cql")]
    Connect(#[from] ConnectError),
    /// The store cannot be opened.
    #[error("--store {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The admin port cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The admin port failed.
    #[error("the admin port failed")]
    Admin(#[source] io::Error),
    /// The disk failed under the store.
    #[error(
        "the disk failed in a commit, so that its outcome is not known and nothing may be written any more; look at the \
         disk and start again: whatever was answered is there, and what was in flight is found and done"
    )]
    Poisoned,
}

impl StartError {
    /// Whether another option would help.
    #[must_use]
    pub const fn is_in_options(&self) -> bool {
        matches!(self, Self::Webhook(_) | Self::Secret { .. })
    }

    /// The error with its causes.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            // Writing into a text cannot fail.
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}

/// Opens or reaches the store, listens on the admin port, and works until `stop` is done and what was in flight is.
///
/// # Errors
/// [`StartError`] says what was wrong with options, file or port, or that the disk failed.
pub async fn run(options: &Options, stop: impl Future<Output = ()>) -> Result<Ended, StartError> {
    let clock = system_clock();
    let sinks = sinks(options, &clock)?;
    let Opened { store, name, file } = open(options).await?;
    let address = options.admin_listen;
    let bind = |source| StartError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let admin_listen = listener.local_addr().map_err(bind)?;
    let policies = Arc::new(StoredPolicies::new(Arc::clone(&store), Arc::clone(&clock)));
    let worker = Worker::new(store, policies, clock, options.pace(), sinks);
    tracing::info!(store = name, %admin_listen, "working");
    let admin = axum::serve(listener, admin::router(worker.status()));
    tokio::select! {
        ended = worker.run(stop) => Ok(ended),
        () = poisoned(file.as_deref()) => Err(StartError::Poisoned),
        ended = async { admin.await } => {
            Err(StartError::Admin(ended.err().unwrap_or_else(|| io::Error::other("it ended"))))
        }
    }
}

/// The store that the options name.
struct Opened {
    store: Arc<dyn Store>,
    /// For the log.
    name: String,
    /// When it is a file.
    file: Option<Arc<EmbeddedStore>>,
}

async fn open(options: &Options) -> Result<Opened, StartError> {
    if let Some(path) = &options.store {
        let opened = EmbeddedStore::open(path);
        let file = Arc::new(opened.map_err(|source| StartError::Open { path: path.clone(), source })?);
        let store = Arc::clone(&file) as Arc<dyn Store>;
        return Ok(Opened { store, name: path.display().to_string(), file: Some(file) });
    }
    // The command line asks for one of both.
    let cluster = options.cluster.options()?.ok_or(ConnectError::Nowhere)?;
    let name = format!("{} at {}", cluster.keyspace, cluster.contact_points.join(","));
    Ok(Opened { store: Arc::new(ScyllaStore::connect(cluster).await?), name, file: None })
}

/// Ends when the disk under a store file failed; the servers of a cluster look after their own.
async fn poisoned(file: Option<&EmbeddedStore>) {
    match file {
        Some(file) => file.poisoned().await,
        None => std::future::pending().await,
    }
}

fn sinks(options: &Options, clock: &Clock) -> Result<Vec<Arc<dyn Sink>>, StartError> {
    let mut sinks: Vec<Arc<dyn Sink>> = Vec::new();
    if let Some(path) = &options.outbox_file {
        sinks.push(Arc::new(FileSink::new(path.clone())));
    }
    if let (Some(url), Some(path)) = (&options.webhook, &options.webhook_secret_file) {
        sinks.push(Arc::new(Webhook::new(url.clone(), secret(path)?, Arc::clone(clock))?));
    }
    Ok(sinks)
}

/// A secret of a file, without the line end that an editor puts behind it.
fn secret(path: &Path) -> Result<Vec<u8>, StartError> {
    let mut secret =
        std::fs::read(path).map_err(|source| StartError::Secret { path: path.to_owned(), source })?;
    while secret.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        secret.pop();
    }
    Ok(secret)
}

/// Ends at SIGTERM or SIGINT. Listens from the call on, so that who is told to end while it starts ends in order too.
pub fn until_told_to_end() -> impl Future<Output = ()> {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "signals cannot be listened for; the process ends only by force");
                std::future::pending().await
            }
        }
    }
}

/// Sends logs to standard error as the options ask.
///
/// # Errors
/// A filter that is none. A second call in one process changes nothing.
pub fn log(options: &Options) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&options.log)?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let set = match options.log_format {
        LogFormat::Human => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    if let Err(error) = set {
        tracing::debug!(%error, "logs go where they went before");
    }
    Ok(())
}
