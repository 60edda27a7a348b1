//! From options to a running node.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Write as _;
use std::future::Future;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use suanpan_checkout::{publish, unpack};
use suanpan_store::{Store, StoreError};
use suanpan_store_scylla::ConnectError;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::backup::Backup;
use crate::chain::{Chain, ChainError};
use crate::config::{Conflict, LogFormat, Options};
use crate::keys::KeysError;
use crate::members::{FactsError, Members, read_usage};
use crate::node::{Node, unix_ms_now};
use crate::sales::Selling;
use crate::server::{Drain, Ended, Listeners, ServeError, serve};

/// Why a node did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Options do not go together.
    #[error(transparent)]
    Options(#[from] Conflict),
    /// The program cannot be priced by.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A file of members or usage is wrong.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The cluster's store cannot be reached.
    #[error("--cql")]
    Connect(#[from] ConnectError),
    /// Every node of a cluster needs the same keys.
    #[error(
        "--keys is needed with --cql: the same file for every node; make it once with `suanpan keys FILE`"
    )]
    NoKeys,
    /// The keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store did not answer.
    #[error("the store does not answer")]
    Store(#[from] StoreError),
    /// Neither the options nor the store name a program.
    #[error("there is no program: name one with --program, or publish one into the store")]
    NoProgram,
    /// The program of the store is of another release.
    #[error("the active program of the store cannot be read")]
    StoredProgram,
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A port failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl StartError {
    /// Whether another option would help.
    #[must_use]
    pub const fn is_in_options(&self) -> bool {
        matches!(self, StartError::Options(_) | StartError::NoKeys)
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

/// What a node sells with: where members and sales are kept, and its keys.
pub struct Backing {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its keys and periods.
    pub selling: Selling,
    /// What copies it while it is in use; none where it has other ways.
    pub backup: Option<Arc<dyn Backup>>,
}

/// Loads what the options name, binds the ports, and serves until `stop` is done and the node has drained. On SIGHUP
/// the program is read again; one that is wrong is logged, and the one in force stays. With a store, the program of the
/// options is published into it, and the active program of the store is priced by, whoever published it.
///
/// # Errors
/// [`StartError`] says what was wrong with options, files or ports.
pub async fn run(
    options: &Options,
    backing: Option<Backing>,
    stop: impl Future<Output = ()>,
) -> Result<Ended, StartError> {
    options.check()?;
    let store = backing.as_ref().map(|backing| Arc::clone(&backing.store));
    let chain = chain(options, store.as_deref()).await?;
    let members = match &options.members {
        Some(path) => Members::read(path, chain.id())?,
        None => Members::default(),
    };
    let usage = options.usage.as_deref().map(|path| read_usage(path, chain.id())).transpose()?;
    let (grpc, listen) = bind(options.listen).await?;
    let (admin, admin_listen) = bind(options.admin_listen).await?;
    tracing::info!(
        chain = chain.id(),
        program_version = chain.offers().program_version,
        offers = chain.offers().entries.len(),
        members = members.len(),
        sells = store.is_some(),
        %listen,
        %admin_listen,
        "serving"
    );
    let mut node = Node::new(chain, members, usage, Some(options.clock_skew.0));
    if let Some(Backing { store, selling, backup }) = backing {
        node = node.selling(store, selling);
        if let Some(backup) = backup {
            node = node.copied_by(backup);
        }
        node.refresh().await?;
    }
    let node = Arc::new(node);
    let drain = Drain { lag: options.drain_lag.0, deadline: options.drain_deadline.0 };
    let listeners = Listeners { grpc, admin: Some(admin) };
    tokio::select! {
        ended = serve(Arc::clone(&node), listeners, drain, stop) => Ok(ended?),
        never = read_again_when_told(&node, options, store.as_deref()) => match never {},
        never = keep_fresh(&node) => match never {},
    }
}

/// The program of the options, published where there is a store; else the store's own.
async fn chain(options: &Options, store: Option<&dyn Store>) -> Result<Chain, StartError> {
    match (&options.program, store) {
        (Some(path), None) => Ok(Chain::load(path, options.catalogue.as_deref())?),
        (Some(path), Some(store)) => {
            let (chain, files) = Chain::load_files(path, options.catalogue.as_deref())?;
            let published = publish(store, &files, chain.program(), unix_ms_now()).await?;
            tracing::info!(
                generation = published.activation.generation,
                unchanged = published.unchanged,
                "published"
            );
            Ok(chain)
        }
        (None, Some(store)) => stored_chain(store).await?.ok_or(StartError::NoProgram),
        (None, None) => Err(StartError::NoProgram),
    }
}

/// The chain of a store under its active program, without a catalogue: the store's only chain, or the first by name. None
/// before the first program was published.
///
/// # Errors
/// [`StartError`] when the store does not answer, or its program is of another release.
pub async fn stored_chain(store: &dyn Store) -> Result<Option<Chain>, StartError> {
    let Some(name) = store.chains().await?.into_iter().next() else { return Ok(None) };
    let Some(active) = store.active_program(&name).await? else { return Ok(None) };
    let row = store.program(&name, &active.version).await?.ok_or(StartError::StoredProgram)?;
    let files = unpack(&row.bytes).ok_or(StartError::StoredProgram)?;
    Ok(Some(Chain::of_files(&active.version, &files)?))
}

/// How often a node looks for another active program and for what everybody used of limited offers.
const REFRESH: Duration = Duration::from_secs(1);

async fn keep_fresh(node: &Node) -> Infallible {
    loop {
        tokio::time::sleep(REFRESH).await;
        if let Err(error) = node.refresh().await {
            tracing::warn!(%error, "the store did not say what holds now");
        }
    }
}

/// The listener and its address, which is another one than asked for when the port is 0.
async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|source| StartError::Bind { address, source })
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

async fn read_again_when_told(node: &Node, options: &Options, store: Option<&dyn Store>) -> Infallible {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::error!(%error, "SIGHUP cannot be listened for; the program is read once");
            std::future::pending().await
        }
    };
    loop {
        hangups.recv().await;
        let Some(path) = options.program.clone() else {
            tracing::warn!("there is no --program to read again; publish into the store instead");
            continue;
        };
        let catalogue = options.catalogue.clone();
        // A large program takes a second to compile; calls must not wait for it.
        let loaded =
            tokio::task::spawn_blocking(move || Chain::load_files(&path, catalogue.as_deref())).await;
        match loaded {
            Ok(Ok((chain, files))) if chain.id() == node.chain().id() => {
                if let Some(store) = store
                    && let Err(error) = publish(store, &files, chain.program(), unix_ms_now()).await
                {
                    tracing::error!(%error, "the store did not take the program; kept the old one");
                    continue;
                }
                let program_version = chain.offers().program_version.clone();
                node.publish(chain);
                tracing::info!(program_version, "program published");
            }
            Ok(Ok((chain, _))) => {
                tracing::error!(chain = chain.id(), "the program is another chain's; kept the old one")
            }
            Ok(Err(error)) => tracing::error!(%error, "kept the old program"),
            Err(error) => tracing::error!(%error, "reading the program failed; kept the old one"),
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
