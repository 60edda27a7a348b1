//! Why a basket was not priced, and how the caller hears of it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use suanpan_rpc::problem::Problems;
use suanpan_rpc::{status, v1};
use tonic::Status;

/// Why a basket was not priced.
#[derive(Debug)]
pub enum Failure {
    /// The node serves another chain.
    UnknownChain,
    /// Fields are wrong.
    Invalid(Problems),
    /// The node failed; the log has the same id.
    Internal(String),
}

impl Failure {
    /// A fault of the node, logged here and nowhere else.
    pub(crate) fn internal(what: &str) -> Self {
        let request_id = request_id();
        tracing::error!(%request_id, what, "pricing failed");
        Self::Internal(request_id)
    }

    /// What a basket of a batch or a stream gets instead of a quote.
    pub(crate) fn refusal(self, chain: &str) -> v1::Refusal {
        match self {
            Failure::Invalid(problems) => status::refusal_invalid(chain, &problems),
            other => status::refusal(chain, &other.into()),
        }
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::UnknownChain => status::unknown_chain(status::DOMAIN),
            Failure::Invalid(problems) => status::invalid(&problems),
            Failure::Internal(request_id) => status::internal(&request_id),
        }
    }
}

/// Unique in this process, and unlikely to be that of another one.
fn request_id() -> String {
    static STARTED: LazyLock<u128> =
        LazyLock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:x}-{:x}", *STARTED, COUNT.fetch_add(1, Ordering::Relaxed))
}
