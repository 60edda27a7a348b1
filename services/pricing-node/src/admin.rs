//! The admin port: is the process alive, and should it get calls. Plain HTTP, for the machine or the cluster alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

/// How far the node is in its life.
#[derive(Debug)]
pub(crate) struct Phase(AtomicU8);

const READY: u8 = 0;
const DRAINING: u8 = 1;

impl Phase {
    /// A node that may get calls: it is made after everything is loaded.
    pub(crate) const fn ready() -> Self {
        Self(AtomicU8::new(READY))
    }

    /// From now on the node is not ready.
    pub(crate) fn drain(&self) {
        self.0.store(DRAINING, Ordering::Release);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire) == READY
    }
}

/// `/livez` says whether the process answers at all, `/readyz` whether it should get calls.
pub(crate) fn router(phase: Arc<Phase>) -> Router {
    Router::new().route("/livez", get(|| async { "ok\n" })).route("/readyz", get(readyz)).with_state(phase)
}

async fn readyz(State(phase): State<Arc<Phase>>) -> (StatusCode, &'static str) {
    if phase.is_ready() { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "draining\n") }
}
