//! Why a command did not do what it was asked, in words that say what to do.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use suanpan_pricing_node::{ChainError, FactsError, KeysError, StartError};
use suanpan_store::StoreError;
use suanpan_store_scylla::ConnectError;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

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
        "error: {name} is no suanpan.pricing.v1.Basket in JSON: {why}\n  help: fields are named as in proto/suanpan/pricing/v1/basket.proto; amounts are whole minor units"
    )]
    NoBasket {
        /// The file.
        name: String,
        /// Where and why.
        why: String,
    },
    /// A file without a basket.
    #[error(
        "error: {name} holds no basket\n  help: write one JSON object, several one after another, or an array of them"
    )]
    EmptyBasket {
        /// The file.
        name: String,
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
    /// The cluster's store cannot be reached or made.
    #[error("error: {}", in_full(.0))]
    Cluster(#[from] ConnectError),
    /// The keys cannot be had.
    #[error("error: {}", in_full(.0))]
    Keys(#[from] KeysError),
    /// The disk failed under the store.
    #[error(
        "error: the disk failed while something was committed; start again, the store settles itself when it is opened"
    )]
    Poisoned,
    /// The store has no program yet.
    #[error("error: the store has no program yet\n  help: suanpan publish PROGRAM --store FILE")]
    NoProgram,
    /// Nobody listens at the node's address.
    #[error(
        "error: no node answers at {0}\n  help: start one with suanpan serve --store FILE, name another with --node, or open a store that no node has with --store FILE"
    )]
    Connect(String),
    /// The node does not let itself be administered.
    #[error(
        "error: the node at {address} cannot be administered: {why}\n  help: it needs a store (suanpan serve --store FILE) and a loopback address"
    )]
    NoAdmin {
        /// The node.
        address: String,
        /// Its words.
        why: String,
    },
    /// The node speaks of something that this release does not know.
    #[error(
        "error: the node answers with an unknown {0}\n  help: node and suanpan are of different releases"
    )]
    Answer(String),
    /// A call did not do what it was asked.
    #[error("{}", told(.0))]
    Status(Box<Status>),
    /// What was typed, or what is in a file, cannot be used.
    #[error("error: {0}")]
    Input(String),
    /// Rows of a file were not taken; each was told about already.
    #[error(
        "error: {bad} of {rows} rows were not taken\n  help: mend them and import the file again; rows that were taken change nothing"
    )]
    BadRows {
        /// How many.
        bad: u64,
        /// Of how many.
        rows: u64,
    },
    /// A store file did not let itself be restored.
    #[error("{}", not_restored(.0))]
    Restore(StoreError),
    /// The node did not write its copy: the file is there already, or cannot be written.
    #[error("{}", told(.0))]
    Backup(Box<Status>),
    /// The system gave no random bytes.
    #[error("error: the system gives no random bytes: {0}")]
    Random(String),
    /// A file cannot be written.
    #[error("error: cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
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

/// Why nothing was restored, and what to do where the new file is there already.
fn not_restored(error: &StoreError) -> String {
    let text = format!("error: {error}");
    if text.contains(IS_THERE) { format!("{text}\n  help: {NEW_FILE}") } else { text }
}

/// What the store says of a file that it was to make.
const IS_THERE: &str = "is there already";
const NEW_FILE: &str = "name a new file; nothing is written over";

/// A status with everything that it carries: one line for each field or conflict, and what to do.
fn told(status: &Status) -> String {
    let mut text = format!("error: {}", status.message());
    for line in violations(status) {
        text.push_str("\n  ");
        text.push_str(&line);
    }
    let help = match status.code() {
        Code::FailedPrecondition if text.contains("MEMBER_BLOCKED") => "suanpan member block ID --off",
        Code::FailedPrecondition if text.contains("so its currency is not known") => {
            "publish with the release that published that program, or restore a backup"
        }
        Code::FailedPrecondition if text.contains("the export is not whole") => {
            "suanpan audit finds all that is damaged; what was written is right, and part of it"
        }
        Code::FailedPrecondition if text.contains(IS_THERE) => NEW_FILE,
        Code::NotFound if text.contains("no such member") => {
            "name another id, or find the member with suanpan member get --card, --phone or --email"
        }
        Code::NotFound if text.contains("no such sale") => "suanpan export checkouts lists all of them by id",
        Code::InvalidArgument if text.contains("actor.reason") => "say why with --reason TEXT",
        Code::Unavailable => "the call may have happened: send it again with the same ids",
        Code::AlreadyExists => "nothing was changed; another call used the id",
        _ => return text,
    };
    format!("{text}\n  help: {help}")
}

/// What a status says of each field or conflict.
pub(crate) fn violations(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let fields = details.bad_request().map(|request| request.field_violations.as_slice());
    let fields = fields.unwrap_or_default().iter().map(|of| format!("{} {}", of.field, of.description));
    let conflicts = details.precondition_failure().map(|failure| failure.violations.as_slice());
    let conflicts = conflicts.unwrap_or_default().iter().map(|of| {
        let subject = if of.subject.is_empty() { String::new() } else { format!(" {}", of.subject) };
        let numbers = if of.description.is_empty() { String::new() } else { format!(": {}", of.description) };
        format!("{}{subject}{numbers}", of.r#type)
    });
    fields.chain(conflicts).map(|line| line.trim().to_owned()).collect()
}

/// Whether a call was answered with no, rather than not at all.
pub(crate) fn is_refusal(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
    )
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
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
            Error::Chain(error) | Error::Start(StartError::Chain(error)) if error.is_unreadable() => 3,
            Error::Chain(_)
            | Error::Refused { .. }
            | Error::NoBasket { .. }
            | Error::EmptyBasket { .. }
            | Error::Names { .. } => 1,
            Error::Input(_) | Error::BadRows { .. } => 1,
            Error::Status(status) if is_refusal(status) => 1,
            Error::Facts(FactsError::Unreadable { .. }) => 3,
            Error::Facts(FactsError::NoJson { .. } | FactsError::Invalid { .. }) => 1,
            Error::Start(error) if error.is_in_options() => 2,
            Error::Options(_) => 2,
            Error::Start(StartError::Chain(_)) => 1,
            Error::Start(_)
            | Error::Read { .. }
            | Error::Open { .. }
            | Error::Cluster(_)
            | Error::Keys(_)
            | Error::Poisoned
            | Error::NoProgram
            | Error::Connect(_)
            | Error::NoAdmin { .. }
            | Error::Answer(_)
            | Error::Status(_)
            | Error::Restore(_)
            | Error::Backup(_)
            | Error::Random(_)
            | Error::Write { .. }
            | Error::Json(_)
            | Error::Output(_)
            | Error::Runtime(_)
            | Error::Call(_) => 3,
        })
    }
}
