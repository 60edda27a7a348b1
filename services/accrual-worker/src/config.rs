//! What the worker is told at start: flags, each with an environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use suanpan_store_scylla::CqlOptions;

use crate::worker::Pace;

/// The options of a worker.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Store to work in: a file that no other process has open
    #[arg(
        long,
        env = "SUANPAN_STORE",
        value_name = "FILE",
        required_unless_present = "cql",
        conflicts_with = "cql"
    )]
    pub store: Option<PathBuf>,

    /// Or a cluster's store, beside other workers
    #[command(flatten)]
    pub cluster: CqlOptions,

    /// Append events to this file, one JSON object a line
    #[arg(long, env = "SUANPAN_OUTBOX_FILE", value_name = "FILE")]
    pub outbox_file: Option<PathBuf>,

    /// Post events to this address, signed
    #[arg(long, env = "SUANPAN_WEBHOOK", value_name = "URL", requires = "webhook_secret_file")]
    pub webhook: Option<String>,

    /// File with the secret that signs webhook calls, at least 16 bytes; a line end behind it does not count
    #[arg(long, env = "SUANPAN_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,

    /// Address of the admin port (/livez, /readyz, /status)
    #[arg(
        long,
        env = "SUANPAN_WORKER_ADMIN_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9465"
    )]
    pub admin_listen: SocketAddr,

    /// Members that are worked for at once
    #[arg(long, env = "SUANPAN_WORKER_AT_ONCE", value_name = "COUNT", default_value_t = 256,
        value_parser = clap::value_parser!(u16).range(1..=4_096))]
    pub at_once: u16,

    /// Heads that the scan looks at in a second at most
    #[arg(long, env = "SUANPAN_SCAN_HEADS_PER_SECOND", value_name = "COUNT", default_value_t = 1_000_000,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub scan_heads_per_second: u64,

    /// Seconds that a duty stays with a worker that is not heard of any more
    #[arg(long, env = "SUANPAN_LEASE_SECONDS", value_name = "SECONDS", default_value_t = 15,
        value_parser = clap::value_parser!(u16).range(3..=600))]
    pub lease_seconds: u16,

    /// Milliseconds that this machine's clock may be off the cluster's; further off, nothing is done
    #[arg(long, env = "SUANPAN_CLOCK_OFF_MS_MAX", value_name = "MILLISECONDS", default_value_t = 2_000)]
    pub clock_off_ms_max: u64,

    /// Seconds that steps in flight may take after the signal to end
    #[arg(long, env = "SUANPAN_DRAIN_SECONDS", value_name = "SECONDS", default_value_t = 20)]
    pub drain_seconds: u16,

    /// What is logged: a level, or directives such as `info,suanpan_accrual_worker=debug`
    #[arg(long, env = "SUANPAN_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,

    /// How it is logged
    #[arg(long, env = "SUANPAN_LOG_FORMAT", value_name = "FORMAT", default_value = "human")]
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

impl Options {
    /// How much at once, and how often.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace {
            at_once: usize::from(self.at_once),
            heads_per_second: self.scan_heads_per_second,
            drain: Duration::from_secs(u64::from(self.drain_seconds)),
            lease: Duration::from_secs(u64::from(self.lease_seconds)),
            clock_off_max: Duration::from_millis(self.clock_off_ms_max),
            ..Pace::default()
        }
    }
}
