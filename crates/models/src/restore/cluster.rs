//! The statements of nodes around a restore.

use super::{Restore, Rule, State, WRITERS};

/// A version of the member, as its row has it; as a feed row or in memory, with the epoch that it counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head {
    /// The restores that its writer knew of.
    pub epoch: u8,
    /// How often it was written since it began.
    pub version: u8,
    /// The writes that it is made of, one bit each.
    pub writes: u8,
}

/// A node that writes, with the epoch of the store that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Writer {
    /// Does nothing.
    Idle(u8),
    /// Has read this head.
    Seen(u8, Option<Head>),
    /// Has written this one; its feed row is not.
    Telling(u8, Head),
}

/// The node that keeps the member in memory, with the epoch that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cache {
    /// It does not run.
    Off,
    /// It has begun to follow the feed; or has scanned, when it does that first.
    Starting(u8, Option<Head>),
    /// It answers.
    Ready(u8, Option<Head>),
}

/// A node's next statement.
pub(super) fn write(model: &Restore, state: &mut State, place: usize, writer: Writer) -> Writer {
    match writer {
        Writer::Idle(epoch) => {
            state.begun[place] += 1;
            Writer::Seen(epoch, state.head)
        }
        Writer::Seen(epoch, view) => {
            let same = match (view, state.head) {
                (None, None) => true,
                (Some(view), Some(head)) => {
                    view.version == head.version
                        && (view.epoch == head.epoch || !model.hold(Rule::ByEpochAndVersion))
                }
                (None, Some(_)) | (Some(_), None) => false,
            };
            if !same {
                return Writer::Idle(epoch);
            }
            let own = 1 << (WRITERS * usize::from(state.begun[place] - 1) + place);
            let counts_as = if model.hold(Rule::CountsAsMeta) { epoch } else { 0 };
            let head = Head {
                epoch: view.map_or(0, |view| view.epoch).max(counts_as),
                version: view.map_or(0, |view| view.version) + 1,
                writes: view.map_or(0, |view| view.writes) | own,
            };
            state.head = Some(head);
            state.answered |= own;
            state.emitted_again = false;
            Writer::Telling(epoch, head)
        }
        Writer::Telling(epoch, head) => {
            emit(state, head);
            Writer::Idle(epoch)
        }
    }
}

/// Writes a feed row; who does not follow the feed never sees it.
pub(super) fn emit(state: &mut State, row: Head) {
    if state.cache != Cache::Off {
        state.feed.push(row);
        state.feed.sort_unstable();
    }
}

/// The caching node starts: from now on it sees what is new in the feed; or it scans, when it does that first.
pub(super) fn start(model: &Restore, state: &mut State) {
    let epoch = state.meta_epoch;
    let scanned = if model.hold(Rule::TailThenScan) { None } else { scan(state, epoch) };
    state.cache = Cache::Starting(epoch, scanned);
}

/// It scans; or, when it did that first, begins to follow the feed. One that runs stops: it may start again.
pub(super) fn go_on(model: &Restore, state: &mut State) -> Option<()> {
    match state.cache {
        Cache::Off => return None,
        Cache::Starting(epoch, shown) if model.hold(Rule::TailThenScan) => {
            state.cache = Cache::Ready(epoch, shown);
            if let Some(row) = scan(state, epoch) {
                read(model, state, row);
            }
        }
        Cache::Starting(epoch, shown) => {
            state.feed.clear();
            state.cache = Cache::Ready(epoch, shown);
        }
        Cache::Ready(..) => {
            state.feed.clear();
            state.cache = Cache::Off;
        }
    }
    Some(())
}

fn scan(state: &State, epoch: u8) -> Option<Head> {
    state.head.map(|head| Head { epoch: head.epoch.max(epoch), ..head })
}

/// The caching node reads a row.
pub(super) fn read(model: &Restore, state: &mut State, row: Head) {
    let (Cache::Starting(epoch, shown) | Cache::Ready(epoch, shown)) = &mut state.cache else { return };
    if row.epoch < *epoch && model.hold(Rule::IgnoreLower) {
        return;
    }
    let place =
        |head: &Head| (if model.hold(Rule::ByEpochAndVersion) { head.epoch } else { 0 }, head.version);
    let higher = shown.as_ref().is_none_or(|shown| place(&row) > place(shown));
    if higher || !model.hold(Rule::OnlyHigher) {
        *shown = Some(row);
    }
}
