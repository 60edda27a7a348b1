//! Nodes and workers of a cluster, each a real process.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tokio::sync::watch;
use tonic::transport::{Channel, Endpoint};

use crate::corner::{Corner, Place};
use crate::server::{House, Line, Process};

/// Processes of each kind.
pub(crate) const OF_EACH: usize = 2;
/// How long a process may take to serve on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Node,
    Worker,
}

/// Two nodes and two workers.
pub(crate) struct Cluster<'c> {
    corner: &'c Corner,
    line: watch::Sender<Vec<Channel>>,
    nodes: [Option<(Process, Channel)>; OF_EACH],
    workers: [Option<Process>; OF_EACH],
}

impl<'c> Cluster<'c> {
    pub(crate) fn of(corner: &'c Corner) -> Self {
        let line = watch::Sender::new(Vec::new());
        Self { corner, line, nodes: [const { None }; OF_EACH], workers: [const { None }; OF_EACH] }
    }

    /// Starts a process whose clock is so far ahead, and waits until it serves.
    pub(crate) async fn start(&mut self, kind: Kind, place: usize, ahead_ms: i64) {
        let mut command = Command::new(binary(kind));
        let Place::Cluster { contact, keyspace } = &self.corner.place else {
            panic!("the shop has no cluster");
        };
        command.args(["--cql", contact, "--cql-keyspace", keyspace, "--log-format", "json"]);
        command.args(["--admin-listen", "127.0.0.1:0"]);
        command.env("SUANPAN_CLOCK_AHEAD_MS", ahead_ms.to_string());
        match kind {
            Kind::Node => {
                command.args(["--listen", "127.0.0.1:0", "--keys"]).arg(self.corner.keys_file());
                let (process, told) = Process::spawn(command, "serving", "listen");
                let address = tokio::time::timeout(PATIENCE, told).await.expect("it serves or ends");
                let address = address.expect("the node serves");
                let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
                let channel = endpoint.connect().await.expect("the node is reached");
                self.nodes[place] = Some((process, channel));
                self.tell();
            }
            Kind::Worker => {
                command.arg("--outbox-file").arg(self.corner.file(&format!("events-{place}.jsonl")));
                command.args(["--lease-seconds", "3", "--log", "info"]);
                let (process, told) = Process::spawn(command, "working", "admin_listen");
                tokio::time::timeout(PATIENCE, told).await.expect("it works or ends").expect("it works");
                self.workers[place] = Some(process);
            }
        }
    }

    fn tell(&self) {
        self.line.send_replace(self.nodes.iter().flatten().map(|(_, channel)| channel.clone()).collect());
    }

    fn process(&self, kind: Kind, place: usize) -> &Process {
        match kind {
            Kind::Node => &self.nodes[place].as_ref().expect("a node").0,
            Kind::Worker => self.workers[place].as_ref().expect("a worker"),
        }
    }

    /// Kills a process as the system would.
    pub(crate) fn kill(&mut self, kind: Kind, place: usize) {
        match kind {
            Kind::Node => {
                let (process, _) = self.nodes[place].take().expect("a node");
                self.tell();
                process.kill();
            }
            Kind::Worker => self.workers[place].take().expect("a worker").kill(),
        }
    }

    /// Nobody hears of a process until [`thaw`](Self::thaw); it does not know that.
    pub(crate) fn freeze(&self, kind: Kind, place: usize) {
        self.process(kind, place).signal("STOP");
    }

    /// It goes on as if nothing had been.
    pub(crate) fn thaw(&self, kind: Kind, place: usize) {
        self.process(kind, place).signal("CONT");
    }

    /// Every process is still there.
    pub(crate) fn check(&mut self) {
        for (process, _) in self.nodes.iter_mut().flatten() {
            assert!(process.child.try_wait().expect("a state").is_none(), "a node ended by itself");
        }
        for process in self.workers.iter_mut().flatten() {
            assert!(process.child.try_wait().expect("a state").is_none(), "a worker ended by itself");
        }
    }
}

impl House for Cluster<'_> {
    fn line(&self) -> Line {
        self.line.subscribe()
    }

    async fn open(&mut self) {
        for place in 0..OF_EACH {
            self.start(Kind::Node, place, 0).await;
            self.start(Kind::Worker, place, 0).await;
        }
    }

    async fn close(&mut self) {
        self.line.send_replace(Vec::new());
        for place in 0..OF_EACH {
            if let Some((process, channel)) = self.nodes[place].take() {
                drop(channel);
                process.end().await;
            }
        }
        for worker in &mut self.workers {
            if let Some(process) = worker.take() {
                process.end().await;
            }
        }
    }
}

/// A program of the cluster: it was built into the folder above this one's.
fn binary(kind: Kind) -> PathBuf {
    let name = match kind {
        Kind::Node => "pricing-node",
        Kind::Worker => "accrual-worker",
    };
    let path = PathBuf::from(env!("CARGO_BIN_EXE_suanpan")).with_file_name(name);
    assert!(
        path.exists(),
        "{} is not there: build it with `cargo build -p suanpan-pricing-node -p suanpan-accrual-worker --features \
         suanpan-pricing-node/failpoints,suanpan-accrual-worker/failpoints`",
        path.display()
    );
    path
}
