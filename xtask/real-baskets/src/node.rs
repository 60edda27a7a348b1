//! A pricing node in this process, on a port of its own: what goes in and out is gRPC over a socket all the same.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use suanpan_pricing_node::{Chain, ChainError, Drain, Ended, Listeners, Members, Node, ServeError, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long calls in flight may take once the work is done; none should be left.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);
/// The baskets are of another year; their time is not compared with the node's clock.
const CLOCK_SKEW: Option<Duration> = None;

/// A node that serves until it is stopped.
pub struct Running {
    /// Where clients connect.
    pub address: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<Ended, ServeError>>,
}

/// Why there is no node.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The program or the catalogue was refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// No port could be bound.
    #[error("cannot bind a port")]
    Bind(#[from] std::io::Error),
    /// The node failed while it served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The node panicked.
    #[error("the node broke off")]
    Broken(#[from] tokio::task::JoinError),
}

/// Starts a node with the program and the catalogue of a folder.
///
/// # Errors
/// When the program is refused or no port can be bound.
pub async fn start(program: &Path) -> Result<Running, NodeError> {
    let node = Node::new(Chain::load(program, None)?, Members::default(), None, CLOCK_SKEW);
    let grpc = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", grpc.local_addr()?);
    let (stop, stopped) = oneshot::channel();
    let listeners = Listeners { grpc, admin: None };
    let drain = Drain { lag: Duration::ZERO, deadline: DRAIN_DEADLINE };
    let until = async {
        // A sender that was dropped means the same.
        let _ = stopped.await;
    };
    let serving = tokio::spawn(serve(Arc::new(node), listeners, drain, until));
    Ok(Running { address, stop, serving })
}

impl Running {
    /// Stops the node and waits until it has drained.
    ///
    /// # Errors
    /// When it failed while it served.
    pub async fn stop(self) -> Result<(), NodeError> {
        // A node that has failed already listens no more; its failure is the answer below.
        let _ = self.stop.send(());
        self.serving.await??;
        Ok(())
    }
}
