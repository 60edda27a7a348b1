//! Bodies of old rows move to the archive. The store moves them; the ledger said when, by an entry that stays among those
//! that are emitting until all of them have moved.

use suanpan_domain::MemberId;
use suanpan_ledger::{Emit, Entry};
use suanpan_store::{Cursor, StoreError};

use super::Books;

/// Rows that one call of the store looks through.
const ROWS_PER_CALL: usize = 64;

/// What a step moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Archived {
    pub(super) moved: u32,
    /// There may be more to move.
    pub(super) more: bool,
}

impl Books {
    /// Moves the bodies that a row says may move, some more than `at_most` of them at most. Safe to repeat: what has moved
    /// is passed over.
    pub(super) async fn archive(
        &self,
        member: &MemberId,
        row: &Entry,
        at_most: u32,
    ) -> Result<Archived, StoreError> {
        let mut done = Archived::default();
        for emit in &row.emits {
            let Emit::Archive { before_ms } = emit else { continue };
            let mut after = Cursor::default();
            loop {
                if done.moved >= at_most {
                    return Ok(Archived { more: true, ..done });
                }
                let rows = self.store.archive(&self.chain, member, *before_ms, &after, ROWS_PER_CALL).await?;
                done.moved += rows.moved;
                let Some(next) = rows.next else { break };
                after = next;
            }
        }
        Ok(done)
    }
}
