//! `cargo xtask cassandra up|down`: Apache Cassandra on this machine, without containers, for tests and for a try.
//!
//! Its jars come by Maven into the target folder, once. A node is one Java process with a folder of its own; how it was
//! started stands there too (`java @java.args`), so that a test that killed it can start it again.

mod jars;
mod memory;
mod node;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{TaskError, target_dir};
use node::Node;

/// A server that is there already: `host:port`. It is used instead of one of our own.
pub(crate) const ENDPOINT: &str = "SUANPAN_CQL";

/// One node answers after 7 s, three after 14 s; on a busy machine it takes some times as long.
const ANSWERS_WITHIN: Duration = Duration::from_secs(180);

/// How nodes are started.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Shape {
    /// How many nodes, each on an address of its own: 127.0.0.1 and so on
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub(crate) nodes: u8,
    /// Which form of conditional writes
    #[arg(long, value_enum, default_value_t = Paxos::V2)]
    pub(crate) paxos: Paxos,
    /// Answer after the disk has it, not every ten seconds: for tests that kill nodes
    #[arg(long)]
    pub(crate) durable: bool,
    /// Keep everything in memory (/dev/shm), where there is room: it outlives a node that is killed, not this machine
    #[arg(long)]
    pub(crate) in_memory: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { nodes: 1, paxos: Paxos::V2, durable: false, in_memory: false }
    }
}

/// Forms of conditional writes that Cassandra has.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Paxos {
    /// The older one.
    V1,
    /// What new clusters use.
    V2,
}

/// Starts nodes from nothing and waits until they answer.
///
/// # Errors
/// What is missing, and how to install it; or what a node wrote last.
pub(crate) fn up(root: &Path, shape: Shape) -> Result<(), TaskError> {
    if let Some(given) = given() {
        println!("{ENDPOINT} names a server, {given}: it is used, and no node is started");
        return Ok(());
    }
    let running: Vec<Node> = nodes(root, 3).into_iter().filter(Node::runs).collect();
    if !running.is_empty() {
        if running.len() == usize::from(shape.nodes) && running.iter().all(Node::answers) {
            println!("{} nodes run already, the first at {}", running.len(), running[0].endpoint());
            return Ok(());
        }
        return Err(failed("nodes of another run are up", "stop them with `cargo xtask cassandra down`"));
    }
    let jars = jars::fetch(root, &folder(root))?;
    let nodes = nodes(root, shape.nodes);
    let memory = if shape.in_memory { memory::take(&folder(root), shape.nodes)? } else { None };
    // The first one knows the cluster when the others come.
    let (first, others) = nodes.split_first().ok_or_else(|| failed("no nodes", "ask for one"))?;
    for part in [std::slice::from_ref(first), others] {
        for node in part {
            node.start(root, &jars, shape, memory.as_deref())?;
        }
        for node in part {
            wait(node)?;
        }
    }
    println!("{} nodes answer, the first at {}", nodes.len(), first.endpoint());
    Ok(())
}

/// How many nodes run; none when none does.
pub(crate) fn running(root: &Path) -> Option<u8> {
    let running = nodes(root, 3).iter().filter(|node| node.runs()).count();
    u8::try_from(running).ok().filter(|running| *running > 0)
}

/// Where clients connect: the server that was given, or the first of our own.
pub(crate) fn endpoint() -> String {
    given().unwrap_or_else(|| "127.0.0.1:9042".to_owned())
}

/// Stops every node that [`up`] started. Their data stays until the next `up`, but what lay in memory is given back.
///
/// # Errors
/// When a process cannot be told to end.
pub(crate) fn down(root: &Path) -> Result<(), TaskError> {
    let running: Vec<Node> = nodes(root, 3).into_iter().filter(Node::runs).collect();
    for node in &running {
        node.stop()?;
    }
    memory::give_back(&folder(root));
    println!("{} nodes stopped", running.len());
    Ok(())
}

/// A server for the tests: the one that was given, else one of our own, which ends with this value.
pub(crate) struct Server {
    endpoint: String,
    ours: Option<PathBuf>,
}

impl Server {
    /// # Errors
    /// As [`up`].
    pub(crate) fn start(root: &Path, shape: Shape) -> Result<Self, TaskError> {
        if let Some(endpoint) = given() {
            return Ok(Self { endpoint, ours: None });
        }
        let ours = (!nodes(root, 1).iter().any(Node::runs)).then(|| root.to_path_buf());
        up(root, shape)?;
        let endpoint = nodes(root, 1).first().map(Node::endpoint).unwrap_or_default();
        Ok(Self { endpoint, ours })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A server that nobody may kill, because it is not ours.
    pub(crate) fn given(&self) -> Option<String> {
        given()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(root) = &self.ours
            && let Err(error) = down(root)
        {
            eprintln!("error: {error}");
        }
    }
}

fn given() -> Option<String> {
    std::env::var(ENDPOINT).ok().filter(|given| !given.is_empty())
}

/// Where the folders of our nodes are.
pub(crate) fn folder(root: &Path) -> PathBuf {
    target_dir(root).join("cassandra")
}

fn nodes(root: &Path, count: u8) -> Vec<Node> {
    (1..=count).map(|number| Node::new(&folder(root), number, count)).collect()
}

fn wait(node: &Node) -> Result<(), TaskError> {
    let until = Instant::now() + ANSWERS_WITHIN;
    while !node.answers() {
        if !node.runs() {
            return Err(failed("a node ended by itself", &node.last_words()));
        }
        if Instant::now() > until {
            return Err(failed("a node does not answer", &node.last_words()));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn failed(what: &'static str, hint: &str) -> TaskError {
    TaskError::Cassandra { what, hint: hint.to_owned() }
}
