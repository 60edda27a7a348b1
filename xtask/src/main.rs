//! What the project does to itself: test, measure, price a year of real baskets, run the databases that tests need.
//!
//! This binary only starts programs and keeps their results. It knows none of the product's crates, so
//! that it builds in seconds and still works while one of them does not compile.

mod cassandra;
mod cluster;
mod provenance;
mod readme;
mod real_baskets;
mod step;
mod targets;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The command line of `cargo xtask`.
#[derive(Parser)]
#[command(name = "cargo xtask", about = "What the project does to itself", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// One thing to do.
#[derive(Subcommand)]
enum Task {
    /// Check format, lints, documentation, and run every test: what has to be green before a commit
    Test {
        /// More seeds, longer runs, and a year of real baskets
        #[arg(long)]
        long: bool,
        /// Leave out what needs a CQL server, which is Apache Cassandra, started here, or the one that SUANPAN_CQL names
        #[arg(long)]
        without_cql: bool,
    },
    /// Measure the speed that the project promises; fails when a "must" is missed
    Targets {
        /// Measure the rows whose name contains this; without it all of them, kept in benches/README.md
        name: Option<String>,
    },
    /// Price a real grocery chain's year over gRPC, to the cent; kept in benches/README.md
    RealBaskets {
        /// Stop after this many baskets (the report is then printed, not kept)
        #[arg(long)]
        limit: Option<u64>,
    },
    /// Run Apache Cassandra on this machine, for tests and for a try (needs JDK 17 and Maven)
    Cassandra {
        #[command(subcommand)]
        what: CassandraTask,
    },
    /// Run a whole cluster on this machine: Cassandra, two pricing nodes, two workers
    Cluster {
        #[command(subcommand)]
        what: ClusterTask,
    },
}

/// What is done with the nodes of Cassandra.
#[derive(Subcommand)]
enum CassandraTask {
    /// Start nodes from nothing, at 127.0.0.1:9042 and so on, and wait until they answer
    Up(cassandra::Shape),
    /// Stop them
    Down,
}

/// What is done with a cluster.
#[derive(Subcommand)]
enum ClusterTask {
    /// Start what does not run yet, and wait until it is ready
    Up(cluster::Plan),
    /// End all of it in order
    Down,
}

/// Why a task did not succeed.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    /// A step ran and was not happy; its own output says why.
    #[error("{step} failed ({status})")]
    StepFailed {
        /// What the step is called in the summary.
        step: &'static str,
        /// How its process ended.
        status: std::process::ExitStatus,
    },
    /// A program could not be started at all.
    #[error("cannot start `{program}` for {step}")]
    NotStarted {
        /// What the step is called in the summary.
        step: &'static str,
        /// The program that was to be started.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file of the repository or the target folder could not be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Cassandra cannot be run here, or does not run.
    #[error("{what}; {hint}")]
    Cassandra {
        /// What is wrong.
        what: &'static str,
        /// What to do about it.
        hint: String,
    },
    /// A process of the cluster is not ready, or does not end.
    #[error("{name}: not in time; {last}")]
    NotReady {
        /// The process.
        name: &'static str,
        /// The end of its log, or what to do.
        last: String,
    },
    /// A measuring program printed something else than its contract says.
    #[error("`{line}` is not `name<TAB>measured<TAB>must<TAB>aim<TAB>pass|miss`")]
    BadMeasurement {
        /// The line as printed.
        line: String,
    },
    /// Nothing was measured: the name fits no row.
    #[error("no row of the targets is called like that; `cargo xtask targets` shows them all")]
    NothingMeasured,
    /// Measured, and slower than promised.
    #[error("{missed} of {measured} targets missed their must")]
    TargetsMissed {
        /// Rows that missed.
        missed: usize,
        /// Rows measured.
        measured: usize,
    },
}

fn main() -> ExitCode {
    let root = repository_root();
    let outcome = match Arguments::parse().task {
        Task::Test { long, without_cql } => test::run(&root, long, without_cql),
        Task::Targets { name } => targets::run(&root, name.as_deref()),
        Task::RealBaskets { limit } => real_baskets::run(&root, limit),
        Task::Cassandra { what: CassandraTask::Up(shape) } => cassandra::up(&root, shape),
        Task::Cassandra { what: CassandraTask::Down } => cassandra::down(&root),
        Task::Cluster { what: ClusterTask::Up(plan) } => cluster::up(&root, &plan),
        Task::Cluster { what: ClusterTask::Down } => cluster::down(&root),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                eprintln!("  because: {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace, wherever the command was typed.
fn repository_root() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.parent().unwrap_or(manifest_dir).to_path_buf()
}

/// Where generated things go that are not committed.
fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}
