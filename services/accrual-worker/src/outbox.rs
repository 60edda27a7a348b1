//! Events on their way to the world: each sink gets every event of the store's outbox, in order and at least once. A sink
//! that cannot be reached keeps its place; it holds up neither the others nor the work.

mod file;
mod forget;
mod webhook;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use async_trait::async_trait;
use suanpan_store::{Cursor, OutboxEvent, StoreError};
use tokio::sync::watch;

use crate::worker::{Shared, duties, told, wait};

pub use file::FileSink;
pub(crate) use forget::forget;
pub use webhook::{Webhook, WebhookError, signature};

/// An event as sinks get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Names the event for ever, so that whoever gets it twice knows.
    pub key: String,
    /// A JSON object on one line: `chain`, `member`, `kind`, `at_unix_ms`, `key`, and what the kind has beside them.
    pub json: String,
}

impl Message {
    /// An event of a chain.
    #[must_use]
    pub fn of(chain: &str, event: &OutboxEvent) -> Self {
        let OutboxEvent { member, epoch, version, index, .. } = event;
        let key = format!("{chain}/{member}/{epoch}.{version}.{index}");
        // A body that is no object would be a fault of whoever wrote it; the event is told all the same.
        let mut object = match serde_json::from_slice(&event.body) {
            Ok(serde_json::Value::Object(object)) => object,
            _ => serde_json::Map::new(),
        };
        object.insert("chain".to_owned(), chain.into());
        object.insert("member".to_owned(), member.as_str().into());
        object.insert("kind".to_owned(), event.kind.as_str().into());
        object.insert("at_unix_ms".to_owned(), event.at_ms.into());
        object.insert("key".to_owned(), key.as_str().into());
        Self { key, json: serde_json::Value::Object(object).to_string() }
    }
}

/// How far a sink got with what it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Took {
    /// So many from the first on are safe with it.
    pub count: usize,
    /// Why it took no more; none when it took all, or was told to end.
    pub error: Option<String>,
}

/// Where events go.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Its name: its place in the outbox is kept under it.
    fn name(&self) -> &str;

    /// Takes events in their order. May stop after any of them when `stopped` says so.
    async fn take(&self, messages: Vec<Message>, stopped: &watch::Receiver<bool>) -> Took;
}

/// Events of one read.
const EVENTS_PER_READ: usize = 1_024;
/// A sink looks by itself so often; it is told when something was committed.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// Why a sink's events did not get further.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Sink(String),
    #[error("another worker delivers to this sink now")]
    Fenced,
}

/// Brings events to a sink, while that is this worker's duty, until the worker is told to end.
pub(crate) async fn deliver(shared: Arc<Shared>, sink: Arc<dyn Sink>, mut stopped: watch::Receiver<bool>) {
    let duty = duties::of_sink(&*sink);
    let mut delivery = Delivery { shared: &shared, sink: &*sink, places: HashMap::new(), got_through: 0 };
    // Since all was well last, and since anything got through.
    let (mut failures, mut in_a_row): (u32, u32) = (0, 0);
    loop {
        if !shared.duties.has(&duty) {
            // Another goes on where this one stood: its places are read anew when the duty comes back.
            delivery.places.clear();
        }
        tokio::select! {
            () = shared.duties.held(&duty) => {}
            () = told(&mut stopped) => return,
        }
        let news = shared.news.notified();
        tokio::pin!(news);
        // Listens before it looks, so that nothing comes in between unheard.
        news.as_mut().enable();
        match delivery.round(&stopped).await {
            Ok(taken) => {
                if taken > 0 {
                    in_a_row = 0;
                }
                if failures > 0 && taken > 0 {
                    tracing::info!(sink = sink.name(), failures, "the sink takes events again");
                    failures = 0;
                }
                if *stopped.borrow() {
                    return;
                }
                if taken == 0 {
                    tokio::select! {
                        () = &mut news => {}
                        () = tokio::time::sleep(LOOK_EVERY) => {}
                        () = told(&mut stopped) => return,
                    }
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                // A sink that takes some between its failures is there: waiting ever longer would only let them pile up.
                let got_through = std::mem::take(&mut delivery.got_through) > 0;
                in_a_row = if got_through { 1 } else { in_a_row.saturating_add(1) };
                shared.board.sink_fails(sink.name(), error.to_string());
                if matches!(error, Stuck::Fenced) {
                    delivery.places.clear();
                }
                // Said at the first failure and ever more rarely, not at each of a long night.
                if failures.is_power_of_two() {
                    tracing::warn!(sink = sink.name(), failures, %error, "events are kept and sent again");
                }
                if wait(&mut stopped, shared.pace.wait_after(in_a_row)).await {
                    return;
                }
            }
        }
    }
}

/// The name of the position that a sink's place is kept under.
fn position_of(sink: &dyn Sink) -> String {
    format!("outbox-{}", sink.name())
}

struct Delivery<'d> {
    shared: &'d Shared,
    sink: &'d dyn Sink,
    /// The fence and the place by chain.
    places: HashMap<String, (u64, Cursor)>,
    /// Events that the sink took since its last failure.
    got_through: usize,
}

impl Delivery<'_> {
    /// Delivers up to one read of events of each chain; how many.
    async fn round(&mut self, stopped: &watch::Receiver<bool>) -> Result<usize, Stuck> {
        let mut taken = 0;
        for chain in self.shared.store.chains().await? {
            if *stopped.borrow() {
                break;
            }
            taken += self.some(&chain, stopped).await?;
        }
        Ok(taken)
    }

    async fn some(&mut self, chain: &str, stopped: &watch::Receiver<bool>) -> Result<usize, Stuck> {
        let store = &self.shared.store;
        let after = match self.places.get(chain) {
            Some((_, after)) => after.clone(),
            None => self.take_over(chain).await?,
        };
        let page = store.outbox(chain, &after, EVENTS_PER_READ).await?;
        if page.rows.is_empty() {
            return Ok(0);
        }
        let messages: Vec<Message> = page.rows.iter().map(|event| Message::of(chain, event)).collect();
        let given = messages.len();
        let took = self.sink.take(messages, stopped).await;
        // A test may stop the process here: what was delivered is not kept yet, and is delivered again.
        #[cfg(feature = "failpoints")]
        fail::fail_point!("worker/delivered");
        self.got_through += took.count;
        if took.count > 0 {
            let next = if took.count == given {
                page.next
            } else {
                store.outbox(chain, &after, took.count).await?.next
            };
            let next = next.ok_or_else(|| {
                StoreError::Contract("a page of events without a place behind it".to_owned())
            })?;
            self.keep(chain, next).await?;
            self.shared.board.delivered(self.sink.name(), took.count as u64);
        }
        match took.error {
            Some(error) => Err(Stuck::Sink(error)),
            None => Ok(took.count),
        }
    }

    /// Raises the fence, so that an earlier worker that comes back keeps no place any more.
    async fn take_over(&mut self, chain: &str) -> Result<Cursor, Stuck> {
        let (fence, after) = self.shared.store.take_position(chain, &position_of(self.sink)).await?;
        self.places.insert(chain.to_owned(), (fence, after.clone()));
        Ok(after)
    }

    async fn keep(&mut self, chain: &str, next: Cursor) -> Result<(), Stuck> {
        let Some((fence, after)) = self.places.get_mut(chain) else { return Err(Stuck::Fenced) };
        let name = position_of(self.sink);
        // The place moves before it is kept: a lost answer must not send everything again, only a restart may.
        after.clone_from(&next);
        if self.shared.store.set_position(chain, &name, *fence, &next).await? {
            Ok(())
        } else {
            Err(Stuck::Fenced)
        }
    }
}

/// A number below 1,000 that nobody can foretell.
pub(crate) fn jitter_per_mille() -> u32 {
    (random() % 1_000) as u32
}

/// A number that nobody has twice.
pub(crate) fn random() -> u64 {
    // The keys of the standard hash maps are random; that is enough to spread retries and to tell workers apart.
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use suanpan_domain::MemberId;

    #[test]
    fn a_message_says_what_happened_and_cannot_be_misread() {
        let event = OutboxEvent {
            member: MemberId::new("anna").expect("a name"),
            epoch: 1,
            version: 7,
            index: 2,
            at_ms: 1_767_225_600_000,
            kind: "points_earned".to_owned(),
            body: br#"{"points":12,"kind":"forged"}"#.to_vec(),
        };
        let message = Message::of("sunrise", &event);
        assert_eq!(message.key, "sunrise/anna/1.7.2");
        let read: serde_json::Value = serde_json::from_str(&message.json).expect("JSON");
        assert_eq!(
            read,
            serde_json::json!({
                "chain": "sunrise", "member": "anna", "kind": "points_earned", "points": 12,
                "at_unix_ms": 1_767_225_600_000_i64, "key": "sunrise/anna/1.7.2",
            })
        );
        assert!(!message.json.contains('\n'));
        let unread = OutboxEvent { body: b"[]".to_vec(), ..event };
        assert!(Message::of("sunrise", &unread).json.contains("points_earned"));
    }
}
