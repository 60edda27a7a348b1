//! The process: log, options, load, run until the signal, drain.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use suanpan_pricing_node::{Backing, Options, StartError, kept_keys, log, run, until_told_to_end};
use suanpan_store_scylla::{CqlOptions, ScyllaStore};

/// A fifth less CPU per call than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Prices baskets over gRPC; with a cluster's store it sells too.
///
/// Ends with 0 after it drained, with 1 when it could not start or a port failed, with 2 when an option is wrong.
#[derive(Parser)]
#[command(name = "pricing-node", version)]
struct Command {
    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    cluster: CqlOptions,

    /// Keys that sign quotes and hash cards and codes: the same file for every node (`suanpan keys FILE` makes one)
    #[arg(long, env = "SUANPAN_KEYS", value_name = "FILE", help_heading = "Cluster", requires = "cql")]
    keys: Option<PathBuf>,

    /// Milliseconds that this machine's clock may be off the cluster's; further off, nothing is sold
    #[arg(
        long,
        env = "SUANPAN_CLOCK_OFF_MS_MAX",
        value_name = "MILLISECONDS",
        default_value_t = suanpan_pricing_node::CLOCK_OFF_MS_MAX_DEFAULT,
        help_heading = "Cluster"
    )]
    clock_off_ms_max: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    suanpan_store_scylla::freeze_where_told();
    let command = Command::parse();
    let options = &command.options;
    if let Err(error) = log(options) {
        eprintln!("error: --log: {error}");
        return ExitCode::from(2);
    }
    let ran = match command.backing().await {
        Ok(backing) => run(options, backing, until_told_to_end()).await,
        Err(error) => Err(error),
    };
    match ran {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error.in_full());
            ExitCode::from(if error.is_in_options() { 2 } else { 1 })
        }
    }
}

impl Command {
    /// What the node sells with; none when no cluster is named.
    async fn backing(&self) -> Result<Option<Backing>, StartError> {
        let Some(cluster) = self.cluster.options()? else { return Ok(None) };
        let keys = self.keys.as_deref().ok_or(StartError::NoKeys)?;
        let mut selling = kept_keys(keys)?;
        selling.clock_off_ms_max = self.clock_off_ms_max;
        let store = Arc::new(ScyllaStore::connect(cluster).await?);
        Ok(Some(Backing { store, selling, backup: None }))
    }
}
