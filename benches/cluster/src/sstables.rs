//! Heads of members in so many files as one likes: each time they are written again, the server puts what it has in memory into
//! a file, and none of the files are merged.

use std::time::{Duration, Instant};

use crate::SPREAD;
use crate::floor::Floor;

/// So long a server keeps what was written in memory, while it is to write files.
const FLUSHED_AFTER: Duration = Duration::from_secs(1);
/// So long it may take until a file is there.
const WITHIN: Duration = Duration::from_secs(30);
/// Heads that are read to hear from the server how many files that takes.
const READS: u64 = 500;

/// A table of members whose files stay as they are.
pub(crate) struct SpreadOut<'f> {
    floor: &'f Floor,
    written: std::cell::Cell<u32>,
}

impl<'f> SpreadOut<'f> {
    pub(crate) fn begin(floor: &'f Floor) -> Self {
        floor.alter("compaction = {'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}");
        // What is there already, of the one member that the store made.
        let spread = Self { floor, written: std::cell::Cell::new(0) };
        spread.flush();
        spread
    }

    /// Writes all heads until each lies in so many files; how many the server opens for one, when it says so.
    pub(crate) fn spread_over(&self, files: u32) -> Option<u32> {
        while self.written.get() < files {
            self.floor.fill(SPREAD);
            self.flush();
            self.written.set(self.written.get() + 1);
        }
        let begun = Instant::now();
        loop {
            self.floor.read_heads(SPREAD, READS);
            let opened = self.floor.files_of_a_read()?;
            // The server's figures are of the last minutes, with the newest ones weighing most.
            if opened >= files || begun.elapsed() > WITHIN {
                return Some(opened);
            }
        }
    }

    /// The table is told to write what it has in memory after a moment, and then not to any more: the one way that needs no
    /// tool of the server's.
    fn flush(&self) {
        let period_ms = FLUSHED_AFTER.as_millis();
        self.floor.alter(&format!("memtable_flush_period_in_ms = {period_ms}"));
        std::thread::sleep(3 * FLUSHED_AFTER);
        self.floor.alter("memtable_flush_period_in_ms = 0");
    }
}
