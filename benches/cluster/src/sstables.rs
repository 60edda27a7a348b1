//! Heads of members in so many files (SSTables) as one likes: each time they are written again, the server puts what it has in
//! memory into a file, and none of the files are merged. So each head has a piece in as many files as it was written.

use std::time::Duration;

use crate::SPREAD;
use crate::floor::Floor;

/// So long a server keeps what was written in memory, while it is to write files.
const FLUSHED_AFTER: Duration = Duration::from_secs(1);

/// A table of members whose files stay as they are.
pub(crate) struct SpreadOut<'f> {
    floor: &'f Floor,
    written: u32,
}

impl<'f> SpreadOut<'f> {
    pub(crate) fn begin(floor: &'f Floor) -> Self {
        floor.alter("compaction = {'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}");
        Self { floor, written: 0 }
    }

    /// Writes all heads until each lies in so many files.
    pub(crate) fn spread_over(&mut self, files: u32) {
        while self.written < files {
            self.floor.fill(SPREAD);
            self.flush();
            self.written += 1;
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
