//! From options to a running node.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::chain::{Chain, ChainError};
use crate::config::{Conflict, LogFormat, Options};
use crate::members::{FactsError, Members, read_usage};
use crate::node::Node;
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
        matches!(self, StartError::Options(_))
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

/// Loads what the options name, binds the ports, and serves until `stop` is done and the node has drained. On SIGHUP
/// the program is read again; one that is wrong is logged, and the one in force stays.
///
/// # Errors
/// [`StartError`] says what was wrong with options, files or ports.
pub async fn run(options: &Options, stop: impl Future<Output = ()>) -> Result<Ended, StartError> {
    options.check()?;
    let chain = Chain::load(&options.program)?;
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
        %listen,
        %admin_listen,
        "serving"
    );
    let node = Arc::new(Node::new(chain, members, usage, Some(options.clock_skew.0)));
    let drain = Drain { lag: options.drain_lag.0, deadline: options.drain_deadline.0 };
    let listeners = Listeners { grpc, admin: Some(admin) };
    tokio::select! {
        ended = serve(Arc::clone(&node), listeners, drain, stop) => Ok(ended?),
        never = read_again_when_told(&node, options) => match never {},
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

/// Ends at SIGTERM or SIGINT.
pub async fn until_told_to_end() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
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

async fn read_again_when_told(node: &Node, options: &Options) -> Infallible {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::error!(%error, "SIGHUP cannot be listened for; the program is read once");
            std::future::pending().await
        }
    };
    loop {
        hangups.recv().await;
        let path = options.program.clone();
        // A large program takes a second to compile; calls must not wait for it.
        let loaded = tokio::task::spawn_blocking(move || Chain::load(&path)).await;
        match loaded {
            Ok(Ok(chain)) if chain.id() == node.chain().id() => {
                let program_version = chain.offers().program_version.clone();
                node.publish(chain);
                tracing::info!(program_version, "program published");
            }
            Ok(Ok(chain)) => {
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
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let set = match options.log_format {
        LogFormat::Human => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    if let Err(error) = set {
        tracing::debug!(%error, "logs go where they went before");
    }
    Ok(())
}
