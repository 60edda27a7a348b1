//! `cargo xtask cluster up|down`: a cluster on this machine, without containers: database servers, two pricing nodes, two
//! workers. For a try, and for whoever wants to see one die.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::cassandra::{self, Shape};
use crate::step::{self, cargo};
use crate::{TaskError, target_dir};

/// The programs of a cluster.
const PACKAGES: [&str; 3] = ["suanpan", "suanpan-pricing-node", "suanpan-accrual-worker"];
/// Processes by name, with the ports of their services: of nodes gRPC and admin, of workers admin.
const NODES: [(&str, u16, u16); 2] = [("node-1", 7_443, 9_464), ("node-2", 7_444, 9_466)];
const WORKERS: [(&str, u16); 2] = [("worker-1", 9_465), ("worker-2", 9_467)];
/// What is sold unless a program is named.
const PROGRAM: &str = "examples/sunrise-market";
/// How long a process may take to be ready, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a cluster is made of.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    shape: Shape,

    /// Program that the nodes sell by: a YAML file or a folder of them
    #[arg(long, value_name = "PATH", default_value = PROGRAM)]
    program: PathBuf,
}

/// Starts everything that does not run yet.
///
/// # Errors
/// What does not start, with the end of its log.
pub(crate) fn up(root: &Path, plan: &Plan) -> Result<(), TaskError> {
    // What runs is used, however many there are.
    let nodes = cassandra::running(root).unwrap_or(plan.shape.nodes);
    cassandra::up(root, Shape { nodes, ..plan.shape })?;
    let mut build = cargo(root, &["build", "--release", "--locked", "--bins"]);
    for package in PACKAGES {
        build.args(["--package", package]);
    }
    step::run("build", build)?;
    let house = House::of(root);
    fs::create_dir_all(&house.folder)
        .map_err(|source| TaskError::File { path: house.folder.clone(), source })?;
    let endpoint = cassandra::endpoint();
    let keys = house.folder.join("keys");
    if !keys.exists() {
        step::run("keys", house.command("suanpan", &["keys"], &[&keys]))?;
    }
    let copies = nodes.to_string();
    step::run(
        "migrate",
        house.command("suanpan", &["migrate", "--cql", &endpoint, "--replication", &copies], &[]),
    )?;
    // As it was typed, or as it lies in the repository.
    let program = if plan.program.exists() { plan.program.clone() } else { root.join(&plan.program) };
    for (name, grpc, admin) in NODES {
        let mut node = house.command("pricing-node", &["--cql", &endpoint], &[]);
        node.arg("--keys").arg(&keys).arg("--program").arg(&program);
        node.arg("--listen").arg(local(grpc).to_string()).arg("--admin-listen").arg(local(admin).to_string());
        house.start(name, node, admin)?;
    }
    for (name, admin) in WORKERS {
        let mut worker = house.command("accrual-worker", &["--cql", &endpoint], &[]);
        worker.arg("--outbox-file").arg(house.folder.join(format!("{name}.events.jsonl")));
        worker.arg("--admin-listen").arg(local(admin).to_string());
        house.start(name, worker, admin)?;
    }
    println!("\nnodes    {}  {}", local(NODES[0].1), local(NODES[1].1));
    println!("workers  http://{}/status  http://{}/status", local(WORKERS[0].1), local(WORKERS[1].1));
    println!("logs     {}", house.folder.display());
    println!("try      {} member enrol lin --card 8801", house.program("suanpan").display());
    println!("end      cargo xtask cluster down");
    Ok(())
}

/// Ends nodes and workers in order, then the servers.
///
/// # Errors
/// When a process cannot be told to end.
pub(crate) fn down(root: &Path) -> Result<(), TaskError> {
    let house = House::of(root);
    let names = NODES.iter().map(|(name, ..)| *name).chain(WORKERS.iter().map(|(name, _)| *name));
    let mut stopped = 0;
    for name in names {
        stopped += u32::from(house.stop(name)?);
    }
    println!("{stopped} nodes and workers stopped");
    cassandra::down(root)
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Where the cluster's programs and files are.
struct House {
    folder: PathBuf,
    programs: PathBuf,
}

impl House {
    fn of(root: &Path) -> Self {
        let target = target_dir(root);
        Self { folder: target.join("cluster"), programs: target.join("release") }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    fn command(&self, name: &str, arguments: &[&str], paths: &[&Path]) -> Command {
        let mut command = Command::new(self.program(name));
        command.args(arguments).args(paths);
        command
    }

    /// Starts a process that goes on when this one ends, unless it runs already, and waits until it is ready.
    fn start(&self, name: &'static str, mut command: Command, admin: u16) -> Result<(), TaskError> {
        if self.runs(name) {
            println!("{name} runs already");
            return Ok(());
        }
        if TcpStream::connect_timeout(&local(admin), Duration::from_secs(1)).is_ok() {
            let last = format!("something else listens at {}: end it first", local(admin));
            return Err(TaskError::NotReady { name, last });
        }
        let path = self.folder.join(format!("{name}.log"));
        let log = File::create(&path).map_err(|source| TaskError::File { path: path.clone(), source })?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child =
            command.spawn().map_err(|source| TaskError::NotStarted { step: "cluster", program, source })?;
        let pid = self.folder.join(format!("{name}.pid"));
        fs::write(&pid, child.id().to_string()).map_err(|source| TaskError::File { path: pid, source })?;
        let until = Instant::now() + PATIENCE;
        loop {
            if child.try_wait().is_ok_and(|ended| ended.is_some()) || Instant::now() > until {
                let log = fs::read_to_string(&path).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let last = lines[lines.len().saturating_sub(5)..].join("\n");
                return Err(TaskError::NotReady { name, last });
            }
            if TcpStream::connect_timeout(&local(admin), Duration::from_secs(1)).is_ok() {
                println!("{name} is ready");
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn pid(&self, name: &str) -> Option<u32> {
        fs::read_to_string(self.folder.join(format!("{name}.pid"))).ok()?.trim().parse().ok()
    }

    /// Whether the process that was started is still there, and no other that has its number by now.
    fn runs(&self, name: &str) -> bool {
        let Some(pid) = self.pid(name) else { return false };
        let told = Command::new("ps").args(["-o", "state=,args=", "-p", &pid.to_string()]).output();
        let told = told.map(|told| String::from_utf8_lossy(&told.stdout).into_owned()).unwrap_or_default();
        !told.trim_start().starts_with('Z') && told.contains(&self.programs.display().to_string())
    }

    /// Tells a process to end and waits for it; whether there was one.
    fn stop(&self, name: &'static str) -> Result<bool, TaskError> {
        let Some(pid) = self.pid(name).filter(|_| self.runs(name)) else { return Ok(false) };
        let told = Command::new("kill").args(["-TERM", &pid.to_string()]).status();
        told.map_err(|source| TaskError::NotStarted { step: "cluster", program: "kill".to_owned(), source })?;
        let until = Instant::now() + PATIENCE;
        while self.runs(name) {
            if Instant::now() > until {
                return Err(TaskError::NotReady { name, last: format!("end process {pid} by hand") });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(true)
    }
}
