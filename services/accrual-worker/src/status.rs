//! What a worker has done and what keeps it, for the admin port and for whoever runs it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use suanpan_checkout::Worked;

/// One pass of the scan over the whole store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Heads that were looked at.
    pub looked_at: u64,
    /// Members that were due.
    pub due: u64,
    /// How long looking took, waits for places among those worked for included.
    pub scanned_in: Duration,
    /// Until everything that was found had been done.
    pub took: Duration,
}

/// How a sink gets on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkState {
    /// Its name.
    pub name: String,
    /// Events that it took since the start, repetitions included.
    pub delivered: u64,
    /// Why it takes none now; none when it does.
    pub failing: Option<String>,
}

/// What a worker has done since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Passes of the scan that ended.
    pub passes: u64,
    /// The last of them.
    pub last_pass: Option<Pass>,
    /// Sales credited and returns taken back.
    pub accrued: u64,
    /// Entries put aside for a person.
    pub parked: u64,
    /// Reservations of members and guests that ended.
    pub ended: u64,
    /// Ticks: lapses, releases, reminders, birthdays, ends of periods.
    pub ticks: u64,
    /// Rows whose effects and events are out.
    pub emitted: u64,
    /// Bodies of rows that moved to the archive.
    pub archived: u64,
    /// Members for whom the last try failed; they are tried again, ever more rarely.
    pub failing: u64,
    /// Sinks in the order of their names.
    pub sinks: Vec<SinkState>,
}

/// A status that is being written, shared by those who write and those who read it.
#[derive(Debug, Default)]
pub struct StatusBoard(Mutex<Status>);

impl StatusBoard {
    /// The status now.
    #[must_use]
    pub fn read(&self) -> Status {
        self.status().clone()
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn passed(&self, pass: Pass) {
        let mut status = self.status();
        status.passes += 1;
        status.last_pass = Some(pass);
    }

    pub(crate) fn worked(&self, done: Worked) {
        let mut status = self.status();
        status.accrued += u64::from(done.accrued);
        status.parked += u64::from(done.parked);
        status.ended += u64::from(done.ended);
        status.ticks += u64::from(done.ticks);
        status.emitted += u64::from(done.emitted);
        status.archived += u64::from(done.archived);
    }

    pub(crate) fn failing(&self, members: usize) {
        self.status().failing = members as u64;
    }

    pub(crate) fn delivered(&self, sink: &str, events: u64) {
        let mut status = self.status();
        let sink = status.sink(sink);
        sink.delivered += events;
        sink.failing = None;
    }

    pub(crate) fn sink_fails(&self, sink: &str, why: String) {
        self.status().sink(sink).failing = Some(why);
    }
}

impl Status {
    fn sink(&mut self, name: &str) -> &mut SinkState {
        let place = match self.sinks.binary_search_by(|sink| sink.name.as_str().cmp(name)) {
            Ok(place) => place,
            Err(place) => {
                self.sinks.insert(place, SinkState { name: name.to_owned(), ..SinkState::default() });
                place
            }
        };
        &mut self.sinks[place]
    }
}
