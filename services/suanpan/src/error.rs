//! Why a command did not do what it was asked, in words that say what to do.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use suanpan_pricing_node::{ChainError, FactsError, KeysError, StartError};
use suanpan_store::StoreError;

/// Why a command failed. `Display` is what the person at the terminal reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The program cannot be priced by.
    #[error("error: {0}")]
    Chain(#[from] ChainError),
    /// Members or usage cannot be used.
    #[error("error: {}", in_full(.0))]
    Facts(#[from] FactsError),
    /// A node did not run.
    #[error("error: {}", .0.in_full())]
    Start(#[from] StartError),
    /// A file cannot be read.
    #[error("error: cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no basket.
    #[error(
        "error: {name} is no suanpan.pricing.v1.Basket in JSON: {source}\n  help: fields are named as in proto/suanpan/pricing/v1/basket.proto; amounts are whole minor units"
    )]
    NoBasket {
        /// The file.
        name: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A file of names is wrong.
    #[error("error: {} cannot be used: {source}\n  help: it needs the columns sku, en and zh-CN", path.display())]
    Names {
        /// The file.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// Baskets were refused; each was told about already.
    #[error("error: {refused} of {baskets} baskets refused")]
    Refused {
        /// How many.
        refused: usize,
        /// Of how many.
        baskets: usize,
    },
    /// Something could not be written as JSON.
    #[error("error: cannot write JSON: {0}")]
    Json(serde_json::Error),
    /// The output cannot be written.
    #[error("error: cannot write: {0}")]
    Output(io::Error),
    /// The store cannot be opened.
    #[error("error: cannot open the store {}: {source}\n  help: one process has a store at a time; a running node is spoken to with --node", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The keys cannot be had.
    #[error("error: {}", in_full(.0))]
    Keys(#[from] KeysError),
    /// The disk failed under the store.
    #[error(
        "error: the disk failed while something was committed; start again, the store settles itself when it is opened"
    )]
    Poisoned,
    /// The runtime did not start.
    #[error("error: cannot start: {0}")]
    Runtime(io::Error),
    /// The demo's own call failed.
    #[error("error: the demo's call failed: {0}")]
    Call(String),
    /// Options do not go together, or a filter of the log is none.
    #[error("error: {0}")]
    Options(String),
}

fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl Error {
    /// The process's exit code, as `--help` lists them.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Error::Chain(_) | Error::Refused { .. } | Error::NoBasket { .. } | Error::Names { .. } => 1,
            Error::Facts(FactsError::Unreadable { .. }) => 3,
            Error::Facts(FactsError::NoJson { .. } | FactsError::Invalid { .. }) => 1,
            Error::Start(error) if error.is_in_options() => 2,
            Error::Options(_) => 2,
            Error::Start(StartError::Chain(_)) => 1,
            Error::Start(_)
            | Error::Read { .. }
            | Error::Open { .. }
            | Error::Keys(_)
            | Error::Poisoned
            | Error::Json(_)
            | Error::Output(_)
            | Error::Runtime(_)
            | Error::Call(_) => 3,
        })
    }
}
