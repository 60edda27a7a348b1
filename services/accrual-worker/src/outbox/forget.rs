//! Events that every sink has are forgotten; where there is no sink, those that are old.

use std::collections::HashSet;

use suanpan_domain::MemberId;
use suanpan_store::{Cursor, OutboxEvent, StoreError};

use super::{EVENTS_PER_READ, position_of};
use crate::worker::Shared;

/// So long events wait for a sink that is set up later.
const WITHOUT_SINK_MS: i64 = 30 * 86_400_000;

/// Names an event.
type Name = (MemberId, u64, u64, u32);

fn name(event: &OutboxEvent) -> Name {
    (event.member.clone(), event.epoch, event.version, event.index)
}

/// Forgets what nobody waits for any more.
pub(crate) async fn forget(shared: &Shared) -> Result<(), StoreError> {
    for chain in shared.store.chains().await? {
        while forget_some(shared, &chain).await? {}
    }
    Ok(())
}

/// Forgets up to one read of events; whether there may be more.
async fn forget_some(shared: &Shared, chain: &str) -> Result<bool, StoreError> {
    let store = &shared.store;
    let first = Cursor::default();
    let page = store.outbox(chain, &first, EVENTS_PER_READ).await?;
    if page.rows.is_empty() {
        return Ok(false);
    }
    // Looked up after the page was read: what a sink does not wait for now, of this page it has.
    let waiting = waiting(shared, chain).await?;
    let old_ms = (shared.clock)() - WITHOUT_SINK_MS;
    let kept = page.rows.iter().position(|event| {
        if shared.sinks.is_empty() { event.at_ms >= old_ms } else { waiting.contains(&name(event)) }
    });
    let up_to = match kept {
        Some(0) => return Ok(false),
        Some(count) => store.outbox(chain, &first, count).await?.next,
        None => page.next,
    };
    let Some(up_to) = up_to else { return Ok(false) };
    store.forget_outbox(chain, &up_to).await?;
    Ok(kept.is_none())
}

/// The first event that each sink has not.
async fn waiting(shared: &Shared, chain: &str) -> Result<HashSet<Name>, StoreError> {
    let mut found = HashSet::new();
    for sink in &shared.sinks {
        let place = shared.store.position(chain, &position_of(&**sink)).await?;
        let after = place.map(|(_, after)| after).unwrap_or_default();
        let page = shared.store.outbox(chain, &after, 1).await?;
        found.extend(page.rows.first().map(name));
    }
    Ok(found)
}
