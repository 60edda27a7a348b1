//! Somebody's HTTP address: checks signatures, fails at times, and remembers what came.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use suanpan_accrual_worker::outbox::signature;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const SECRET: &str = "a secret of the receiver";

#[derive(Default)]
struct Came {
    calls: u64,
    /// Bodies that the receiver has, with doubles.
    bodies: Vec<serde_json::Value>,
    wrong: Vec<String>,
}

/// A running receiver; ends with its owner.
pub(crate) struct Receiver {
    pub(crate) url: String,
    came: Arc<Mutex<Came>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Every seventh call is refused, and of every eleventh it has the body while its answer says that it has not.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/events", listener.local_addr().expect("an address"));
        let came = Arc::new(Mutex::new(Came::default()));
        let router = Router::new().route("/events", post(take)).with_state(Arc::clone(&came));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
        Self { url, came, task }
    }

    pub(crate) fn count(&self) -> usize {
        self.came.lock().expect("no panic").bodies.len()
    }

    /// The events in the order in which they came first, and how often any came again.
    pub(crate) fn events(&self) -> (Vec<serde_json::Value>, usize) {
        let came = self.came.lock().expect("no panic");
        assert!(came.wrong.is_empty(), "{:?}", came.wrong);
        once(&came.bodies)
    }
}

/// The events in the order in which they came first, and how many were doubles.
pub(crate) fn once(events: &[serde_json::Value]) -> (Vec<serde_json::Value>, usize) {
    let mut seen = std::collections::HashMap::new();
    let mut first = Vec::new();
    for event in events {
        match seen.insert(event["key"].as_str().expect("a key"), event) {
            None => first.push(event.clone()),
            Some(before) => assert_eq!(before, event, "the same key says the same"),
        }
    }
    let doubles = events.len() - first.len();
    (first, doubles)
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(came): State<Arc<Mutex<Came>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut came = came.lock().expect("no panic");
    came.calls += 1;
    let timestamp_ms = header("suanpan-timestamp").parse().unwrap_or_default();
    let expected = format!("v1={}", signature(SECRET.as_bytes(), timestamp_ms, &body));
    let event: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    if header("suanpan-signature") != expected || event["key"] != header("suanpan-key").as_str() {
        came.wrong.push(format!("{headers:?} {event}"));
        return StatusCode::UNAUTHORIZED;
    }
    if came.calls % 7 == 0 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    came.bodies.push(event);
    if came.calls % 11 == 0 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NO_CONTENT }
}
