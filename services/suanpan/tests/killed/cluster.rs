//! Nodes and workers of a cluster, each a real process.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tonic::transport::{Channel, Endpoint};

use crate::corner::{Corner, Place};
use crate::proof::Faults;
use crate::server::{House, Line, Process};
use crate::upkeep::{self, Addresses};

/// Processes of each kind.
pub(crate) const OF_EACH: usize = 2;
/// How long a process may take to serve on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Before a process that did not get in is started again.
const PAUSE: Duration = Duration::from_millis(500);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Node,
    Worker,
}

/// How a process is started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Start {
    /// How far its clock is ahead.
    pub(crate) ahead_ms: i64,
    /// Between which two statements it freezes, and how often it passes them before.
    pub(crate) freezes_at: Option<(&'static str, usize)>,
}

/// A node that serves.
struct Node {
    process: Process,
    channel: Channel,
    address: String,
}

/// Two nodes and two workers.
pub(crate) struct Cluster<'c> {
    corner: &'c Corner,
    line: watch::Sender<Vec<Channel>>,
    /// Where the nodes serve, for programs that call them.
    addresses: watch::Sender<Vec<String>>,
    nodes: [Option<Node>; OF_EACH],
    workers: [Option<Process>; OF_EACH],
}

impl<'c> Cluster<'c> {
    pub(crate) fn of(corner: &'c Corner) -> Self {
        let (line, addresses) = (watch::Sender::new(Vec::new()), watch::Sender::new(Vec::new()));
        let (nodes, workers) = ([const { None }; OF_EACH], [const { None }; OF_EACH]);
        Self { corner, line, addresses, nodes, workers }
    }

    /// Where its nodes serve.
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses.subscribe()
    }

    /// Starts a process, and waits until it serves. One that ends before is started again, as whatever looks after processes
    /// does: a server may be away that it asked.
    pub(crate) async fn start(&mut self, kind: Kind, place: usize, how: Start) {
        let begun = Instant::now();
        while !self.starts(kind, place, how).await {
            assert!(begun.elapsed() < PATIENCE, "{kind:?} {place} does not serve");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Starts a process and waits until it serves; false when it ends before.
    async fn starts(&mut self, kind: Kind, place: usize, how: Start) -> bool {
        let mut command = Command::new(binary(kind));
        let Place::Cluster { contact, keyspace } = &self.corner.place else {
            panic!("the shop has no cluster");
        };
        command.args(["--cql", contact, "--cql-keyspace", keyspace, "--log-format", "json"]);
        command.args(["--admin-listen", "127.0.0.1:0"]);
        command.env("SUANPAN_CLOCK_AHEAD_MS", how.ahead_ms.to_string());
        if let Some((statements, passes)) = how.freezes_at {
            command.env("SUANPAN_FREEZE", format!("{statements}={passes}"));
        }
        match kind {
            Kind::Node => {
                command.args(["--listen", "127.0.0.1:0", "--keys"]).arg(self.corner.keys_file());
                let (process, told) = Process::spawn(command, "serving", "listen");
                let address = tokio::time::timeout(PATIENCE, told).await.expect("it serves or ends");
                let Ok(address) = address else { return false };
                let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
                let channel = endpoint.connect().await.expect("the node is reached");
                self.nodes[place] = Some(Node { process, channel, address });
                self.tell();
            }
            Kind::Worker => {
                command.arg("--outbox-file").arg(self.corner.file(&format!("events-{place}.jsonl")));
                command.args(["--lease-seconds", "3", "--log", "info"]);
                let (process, told) = Process::spawn(command, "working", "admin_listen");
                let working = tokio::time::timeout(PATIENCE, told).await.expect("it works or ends");
                if working.is_err() {
                    return false;
                }
                self.workers[place] = Some(process);
            }
        }
        true
    }

    fn tell(&self) {
        let nodes = || self.nodes.iter().flatten();
        self.line.send_replace(nodes().map(|node| node.channel.clone()).collect());
        self.addresses.send_replace(nodes().map(|node| node.address.clone()).collect());
    }

    fn process(&self, kind: Kind, place: usize) -> &Process {
        match kind {
            Kind::Node => &self.nodes[place].as_ref().expect("a node").process,
            Kind::Worker => self.workers[place].as_ref().expect("a worker"),
        }
    }

    /// Kills a process as the system would.
    pub(crate) fn kill(&mut self, kind: Kind, place: usize) {
        match kind {
            Kind::Node => {
                let node = self.nodes[place].take().expect("a node");
                self.tell();
                node.process.kill();
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

    /// Whether it froze by itself.
    pub(crate) fn is_frozen(&self, kind: Kind, place: usize) -> bool {
        let id = self.process(kind, place).child.id().to_string();
        let told = Command::new("ps").args(["-o", "state=", "-p", &id]).output().expect("the program ps");
        told.stdout.trim_ascii_start().starts_with(b"T")
    }

    /// Every process is still there.
    pub(crate) fn check(&mut self) {
        for node in self.nodes.iter_mut().flatten() {
            assert!(node.process.child.try_wait().expect("a state").is_none(), "a node ended by itself");
        }
        for process in self.workers.iter_mut().flatten() {
            assert!(process.child.try_wait().expect("a state").is_none(), "a worker ended by itself");
        }
    }
}

impl House for Cluster<'_> {
    async fn prove(&self, line: &Line, faults: &mut Faults) {
        upkeep::prove(line, faults).await;
    }

    fn line(&self) -> Line {
        self.line.subscribe()
    }

    async fn open(&mut self) {
        for place in 0..OF_EACH {
            self.start(Kind::Node, place, Start::default()).await;
            self.start(Kind::Worker, place, Start::default()).await;
        }
    }

    async fn close(&mut self) {
        let nodes = self.nodes.each_mut().map(Option::take);
        self.tell();
        for Node { process, channel, .. } in nodes.into_iter().flatten() {
            drop(channel);
            process.end().await;
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
