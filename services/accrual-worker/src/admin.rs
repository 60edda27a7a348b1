//! The admin port: is the process alive, has it been everywhere once, how does it get on. Plain HTTP, for the machine or
//! the cluster alone.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;

use crate::status::{Status, StatusBoard};

/// `/livez` says whether the process answers at all, `/readyz` whether a first pass over the store is done, `/status` what
/// it has done since its start.
pub(crate) fn router(board: Arc<StatusBoard>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .with_state(board)
}

async fn readyz(State(board): State<Arc<StatusBoard>>) -> (StatusCode, &'static str) {
    if board.read().passes > 0 {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the first pass is not done\n")
    }
}

async fn status(State(board): State<Arc<StatusBoard>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], shown(&board.read()))
}

/// The status as one JSON object.
fn shown(status: &Status) -> String {
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let last_pass = status.last_pass.map(|pass| {
        json!({
            "looked_at": pass.looked_at,
            "due": pass.due,
            "scanned_in_ms": millis(pass.scanned_in),
            "took_ms": millis(pass.took),
        })
    });
    let sinks: Vec<_> = status
        .sinks
        .iter()
        .map(|sink| json!({ "name": sink.name, "delivered": sink.delivered, "failing": sink.failing }))
        .collect();
    let shown = json!({
        "passes": status.passes,
        "last_pass": last_pass,
        "accrued": status.accrued,
        "parked": status.parked,
        "ended": status.ended,
        "ticks": status.ticks,
        "emitted": status.emitted,
        "archived": status.archived,
        "failing": status.failing,
        "sinks": sinks,
    });
    format!("{shown}\n")
}
