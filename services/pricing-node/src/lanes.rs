//! Threads that serve connections, each with a runtime of its own. Connections are dealt to them in turn.
//!
//! One thread takes the calls that came together, and what it answers together leaves in one write. In a runtime of
//! several threads they would be scattered over these, each with a write and a wake-up of its own.

use std::io;
use std::net::TcpStream as Socket;
use std::thread::JoinHandle;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::Error;
use tonic::transport::server::Router;

use crate::connections::Connection;

/// Connections that were accepted and wait for their thread. It takes them at once unless it prices something large.
const WAITING_MAX: usize = 128;

/// The threads. Dropping them cuts what is left.
pub(crate) struct Lanes {
    threads: Vec<JoinHandle<()>>,
    stage: watch::Sender<Stage>,
    ended: mpsc::Receiver<Result<(), Error>>,
    /// Threads that have not ended.
    left: usize,
}

/// Hands connections to the threads.
pub(crate) struct Dealer {
    lanes: Vec<mpsc::Sender<Socket>>,
    next: usize,
}

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// Calls in flight are answered, no new ones taken.
    Draining,
    /// Nothing is waited for.
    Cut,
}

impl Lanes {
    /// Starts a thread for each router.
    pub(crate) fn start(routers: Vec<Router>) -> io::Result<(Self, Dealer)> {
        let (end, ended) = mpsc::channel(routers.len().max(1));
        let (stage, stages) = watch::channel(Stage::Serving);
        let mut started = Self { threads: Vec::with_capacity(routers.len()), stage, ended, left: 0 };
        let mut dealer = Dealer { lanes: Vec::with_capacity(routers.len()), next: 0 };
        for router in routers {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (sockets, waiting) = mpsc::channel(WAITING_MAX);
            let (stage, end) = (stages.clone(), end.clone());
            let thread = std::thread::Builder::new().name("node-lane".to_owned()).spawn(move || {
                let ended = runtime.block_on(serve(router, waiting, stage));
                // What is left of connections that were cut goes before anybody hears of the end.
                runtime.shutdown_background();
                // Whoever does not wait any more has cut the lane.
                let _ = end.blocking_send(ended);
            })?;
            started.threads.push(thread);
            started.left += 1;
            dealer.lanes.push(sockets);
        }
        Ok((started, dealer))
    }

    /// Calls in flight are answered from now on, and no new ones taken.
    pub(crate) fn drain(&self) {
        self.stage.send_replace(Stage::Draining);
    }

    /// Waits until every thread has ended, or one failed.
    pub(crate) async fn ended(&mut self) -> Result<(), Error> {
        while self.left > 0 {
            match self.ended.recv().await {
                Some(ended) => {
                    self.left -= 1;
                    ended?;
                }
                None => break,
            }
        }
        Ok(())
    }
}

impl Dealer {
    /// Hands a connection to the next thread.
    pub(crate) async fn deal(&mut self, socket: Socket) {
        let place = self.next % self.lanes.len().max(1);
        self.next = place + 1;
        if let Some(lane) = self.lanes.get(place) {
            // A thread that ended has said why.
            let _ = lane.send(socket).await;
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.stage.send_replace(Stage::Cut);
        for thread in self.threads.drain(..) {
            // A panic was logged, and costs the thread alone.
            let _ = thread.join();
        }
    }
}

async fn serve(
    router: Router,
    waiting: mpsc::Receiver<Socket>,
    mut stage: watch::Receiver<Stage>,
) -> Result<(), Error> {
    let mut drains = stage.clone();
    let draining = async move { reached(&mut drains, Stage::Draining).await };
    tokio::select! {
        ended = router.serve_with_incoming_shutdown(connections(waiting), draining) => ended,
        () = reached(&mut stage, Stage::Cut) => Ok(()),
    }
}

fn connections(waiting: mpsc::Receiver<Socket>) -> impl Stream<Item = io::Result<Connection>> {
    ReceiverStream::new(waiting).filter_map(|socket| match TcpStream::from_std(socket) {
        Ok(socket) => Some(Ok(Connection::of(socket))),
        Err(error) => {
            tracing::debug!(%error, "connection closed before it was served");
            None
        }
    })
}

async fn reached(stage: &mut watch::Receiver<Stage>, at_least: Stage) {
    // A sender that is gone is a server that is being dropped.
    let _ = stage.wait_for(|stage| *stage >= at_least).await;
}
