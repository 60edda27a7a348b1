//! A chain's program changed: every member of it is looked at once under the new rules, at a pace, because the instant at
//! which something is due was computed under the old ones.

use std::time::Instant;

use suanpan_store::{Activation, Cursor, EVERYBODY_MS, StoreError};
use tokio::sync::mpsc;

use super::Shared;
use super::crew::{Job, UpTo};
use super::scan::wait_for_pace;

/// Where the round of an activation stands, under its generation as the fence.
const UNDER_WAY: &str = "program-round";
/// The generation whose round is done is the fence of this position.
const DONE: &str = "program-round-done";
/// Members of one read.
const MEMBERS_PER_READ: usize = 1_000;
/// Nodes take a new program over within this time; who is written under the old one until then is still found.
const SETTLES_MS: i64 = 10_000;

/// Goes through the members of every chain whose active program is newer than its last round.
pub(crate) async fn follow(shared: &Shared) -> Result<(), StoreError> {
    let mut result = Ok(());
    for chain in shared.store.chains().await? {
        let Some(active) = shared.store.active_program(&chain).await? else { continue };
        let done = shared.store.position(&chain, DONE).await?.map_or(0, |(generation, _)| generation);
        if active.generation > done && active.at_ms + SETTLES_MS <= (shared.clock)() {
            // A chain that cannot be gone through keeps no other one waiting.
            result = result.and(round(shared, &chain, &active).await);
        }
    }
    result
}

/// One round; goes on where an earlier worker was interrupted in the same one.
async fn round(shared: &Shared, chain: &str, active: &Activation) -> Result<(), StoreError> {
    let began = Instant::now();
    let mut after = match shared.store.position(chain, UNDER_WAY).await? {
        Some((generation, cursor)) if generation == active.generation => cursor,
        _ => Cursor::default(),
    };
    let mut members = 0;
    loop {
        let part = shared.store.scan_due(Some(chain), None, &after, EVERYBODY_MS, MEMBERS_PER_READ).await?;
        members += part.due.len() as u64;
        let (token, mut all_done) = mpsc::channel(1);
        for row in part.due {
            // Whatever its version: the rules are new.
            shared
                .crew
                .offer(Job { chain: row.chain, member: row.member }, UpTo::EVERYTHING, Some(&token))
                .await;
        }
        drop(token);
        // The position is kept behind members that were looked at, never before them: those that the store did not answer for
        // are looked at again, with their neighbours.
        if all_done.recv().await.is_some() {
            return Err(StoreError::Unavailable("for some members of a round".to_owned()));
        }
        let Some(next) = part.next else { break };
        shared.store.set_position(chain, UNDER_WAY, active.generation, &next).await?;
        after = next;
        wait_for_pace(began, members, shared.pace.changed_per_second).await;
    }
    shared.store.set_position(chain, DONE, active.generation, &Cursor::default()).await?;
    tracing::info!(chain, generation = active.generation, members, took = ?began.elapsed(), "program taken over");
    Ok(())
}
