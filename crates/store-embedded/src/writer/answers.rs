//! How answers go back. Those of a batch that go to one runtime go there together and are dealt out on its own thread. One by
//! one, each would wake that thread by a system call of the writer's, and it would answer its callers in as many writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use suanpan_store::StoreError;
use tokio::runtime::{Handle, Id};
use tokio::sync::{mpsc, oneshot};

use super::queue::LOOK;
use crate::failpoint::between;

pub(crate) type Outcome = Result<(), StoreError>;

/// Answers of one batch for one runtime.
type Letters = Vec<(oneshot::Sender<Outcome>, Outcome)>;

/// Where answers for the callers of one runtime are put in. Bounded by the jobs that may wait.
#[derive(Clone)]
struct Mailbox(mpsc::UnboundedSender<Letters>);

/// Who waits for an answer.
pub(crate) struct Waiter {
    to: oneshot::Sender<Outcome>,
    /// None outside of all runtimes.
    mailbox: Option<Mailbox>,
}

impl Waiter {
    /// Answers at once.
    pub(crate) fn answer(self, outcome: Outcome) {
        tell(self.to, outcome);
    }
}

/// The mailboxes of the runtimes whose tasks have asked for something.
#[derive(Default)]
pub(crate) struct Mailboxes(Mutex<HashMap<Id, Mailbox>>);

impl Mailboxes {
    /// A waiter in the runtime of the calling task, and what it waits for.
    pub(crate) fn waiter(&self) -> (Waiter, oneshot::Receiver<Outcome>) {
        let (to, answered) = oneshot::channel();
        let mailbox = Handle::try_current().ok().map(|runtime| self.of(&runtime));
        (Waiter { to, mailbox }, answered)
    }

    fn of(&self, runtime: &Handle) -> Mailbox {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailbox) = known.get(&runtime.id()) {
            return mailbox.clone();
        }
        // Runtimes that ended are forgotten when a new one comes.
        known.retain(|_, mailbox| !mailbox.0.is_closed());
        let (mailbox, mut letters) = mpsc::unbounded_channel::<Letters>();
        runtime.spawn(async move {
            while let Some(letters) = letters.recv().await {
                letters.into_iter().for_each(|(to, outcome)| tell(to, outcome));
            }
        });
        known.entry(runtime.id()).or_insert(Mailbox(mailbox)).clone()
    }
}

/// Waits for an answer. Whoever waits alone looks for it for a moment, giving way to whatever else there is to do: to be woken
/// can take longer than the write.
pub(crate) async fn answered(
    mut answer: oneshot::Receiver<Outcome>,
    is_alone: bool,
) -> Result<Outcome, oneshot::error::RecvError> {
    let until = Instant::now() + LOOK;
    while is_alone && Instant::now() < until {
        if let Ok(outcome) = answer.try_recv() {
            return Ok(outcome);
        }
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
    answer.await
}

/// Answers all of a batch.
pub(crate) fn answer_all(answers: impl Iterator<Item = (Waiter, Outcome)>) {
    let mut together: Vec<(Mailbox, Letters)> = Vec::new();
    for (Waiter { to, mailbox }, outcome) in answers {
        let Some(mailbox) = mailbox else {
            tell(to, outcome);
            continue;
        };
        match together.iter_mut().find(|(known, _)| known.0.same_channel(&mailbox.0)) {
            Some((_, letters)) => letters.push((to, outcome)),
            None => together.push((mailbox, vec![(to, outcome)])),
        }
    }
    for (mailbox, letters) in together {
        // One alone has its runtime woken anyway. Of a runtime that ended, some callers may wait elsewhere by now.
        let left =
            if letters.len() == 1 { Some(letters) } else { mailbox.0.send(letters).err().map(|back| back.0) };
        left.into_iter().flatten().for_each(|(to, outcome)| tell(to, outcome));
    }
}

fn tell(to: oneshot::Sender<Outcome>, outcome: Outcome) {
    // Whoever does not wait any more has given up knowing.
    let _ = to.send(outcome);
    between!("embedded/answered");
}
