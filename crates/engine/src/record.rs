//! What happened while the final choice was executed.

use crate::evaluate::Observer;
use crate::execute::{GiftGiven, Given, Work};
use crate::ground::Ground;
use crate::state::{Run, State};

/// What a candidate took from a merged line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) candidate: u32,
    pub(crate) line: u32,
    pub(crate) amount: i64,
    pub(crate) prorated: bool,
}

/// What of it fell on a request line, for merged lines of several request lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordedShare {
    pub(crate) candidate: u32,
    pub(crate) request: u32,
    pub(crate) amount: i64,
    pub(crate) prorated: bool,
}

/// The record of the final choice, in the order of execution.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) takes: Vec<Recorded>,
    pub(crate) shares: Vec<RecordedShare>,
    pub(crate) gifts: Vec<(u32, GiftGiven)>,
    /// By candidate; none for candidates that were not kept.
    pub(crate) given: Vec<Option<Given>>,
    /// For each merged line the first candidate that lowered it.
    pub(crate) first_change: Vec<Option<u32>>,
    /// What each request line of a merged line with several costs now, and at first.
    pub(crate) request_running: Vec<i64>,
    pub(crate) request_gross: Vec<i64>,
    runs: Vec<Run>,
}

impl Record {
    /// Begins with the gross of every request line.
    pub(crate) fn begin(&mut self, ground: &Ground<'_>) {
        self.takes.clear();
        self.shares.clear();
        self.gifts.clear();
        self.given.clear();
        self.given.resize(ground.candidates.len(), None);
        self.first_change.clear();
        self.first_change.resize(ground.lines.len(), None);
        self.request_running.clear();
        self.request_running.resize(ground.basket.lines.len(), 0);
        for facts in ground.lines {
            let members =
                &ground.merged.members[facts.members_start as usize..][..facts.members_len as usize];
            if let [only] = members {
                self.request_running[*only as usize] = facts.gross;
                continue;
            }
            self.runs.clear();
            crate::state::push_level(facts.gross, facts.units, &mut self.runs);
            let runs = std::mem::take(&mut self.runs);
            divide(&runs, members, ground, |request, amount| self.request_running[request] = amount);
            self.runs = runs;
        }
        self.request_gross.clear();
        self.request_gross.extend_from_slice(&self.request_running);
    }
}

/// Sums runs over the positions of each request line, in the order of their ids.
fn divide(runs: &[Run], members: &[u32], ground: &Ground<'_>, mut set: impl FnMut(usize, i64)) {
    let mut runs = runs.iter().copied();
    let mut current = Run { count: 0, amount: 0, consumed: 0 };
    for &request in members {
        let mut units = ground.basket.lines[request as usize].quantity.units();
        let mut amount = 0;
        while units > 0 {
            if current.count == 0 {
                match runs.next() {
                    Some(next) => current = next,
                    None => break,
                }
            }
            let part = units.min(current.count);
            amount += part * current.amount;
            units -= part;
            current.count -= part;
        }
        set(request as usize, amount);
    }
}

impl Observer for Record {
    fn executed(&mut self, ground: &Ground<'_>, state: &State, work: &Work, candidate: usize, given: &Given) {
        self.given[candidate] = Some(*given);
        self.gifts.extend(work.gifts.iter().map(|gift| (candidate as u32, *gift)));
        for take in &work.takes {
            let line = take.line as usize;
            let prorated = given.prorated;
            self.takes.push(Recorded {
                candidate: candidate as u32,
                line: take.line,
                amount: take.amount,
                prorated,
            });
            self.first_change[line].get_or_insert(candidate as u32);
            let facts = &ground.lines[line];
            if facts.members_len == 1 {
                continue;
            }
            let members =
                &ground.merged.members[facts.members_start as usize..][..facts.members_len as usize];
            let mut runs = std::mem::take(&mut self.runs);
            runs.clear();
            if ground.candidates[candidate].tender {
                self.share_tender(candidate as u32, take.amount, members, prorated);
            } else {
                state.units.push_runs(line, facts.units, state.running[line], &mut runs);
                let Self { request_running, shares, .. } = self;
                divide(&runs, members, ground, |request, amount| {
                    let fell = request_running[request] - amount;
                    request_running[request] = amount;
                    if fell > 0 {
                        let request = request as u32;
                        shares.push(RecordedShare {
                            candidate: candidate as u32,
                            request,
                            amount: fell,
                            prorated,
                        });
                    }
                });
            }
            self.runs = runs;
        }
    }
}

impl Record {
    /// A tender leaves the units alone; its amount is divided by what the request lines cost.
    fn share_tender(&mut self, candidate: u32, amount: i64, members: &[u32], prorated: bool) {
        use crate::allocate::{Slot, allocate};
        let slot = |request: &u32| Slot::new(*request, self.request_running[*request as usize], i64::MAX);
        let mut slots: Vec<Slot> = members.iter().map(slot).collect();
        allocate(suanpan_program::model::AllocationMethod::LargestRemainder, amount, &mut slots);
        for slot in slots.iter().filter(|slot| slot.share > 0) {
            self.shares.push(RecordedShare { candidate, request: slot.key, amount: slot.share, prorated });
        }
    }
}
