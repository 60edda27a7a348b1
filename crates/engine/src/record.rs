//! What happened while the final choice was executed.

use crate::allocate::{Slot, allocate};
use crate::evaluate::Observer;
use crate::execute::{GiftGiven, Given, Take, Work};
use crate::ground::Ground;
use crate::state::{Run, State};

/// What a candidate took from merged lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded<'a> {
    pub(crate) candidate: usize,
    pub(crate) takes: &'a [Take],
    pub(crate) prorated: bool,
}

/// A candidate that took something, and where its takes end.
#[derive(Clone, Copy, Debug)]
struct Taker {
    candidate: u32,
    end: u32,
    prorated: bool,
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
    /// Takes of all candidates, one after another.
    takes: Vec<Take>,
    takers: Vec<Taker>,
    pub(crate) shares: Vec<RecordedShare>,
    pub(crate) gifts: Vec<(u32, GiftGiven)>,
    /// What line groups decided: the loser, the line, the winner.
    beaten: Vec<(u32, u32, u32)>,
    /// By candidate; none for candidates that were not kept.
    pub(crate) given: Vec<Option<Given>>,
    /// What each request line costs now, and at first; empty where each is a line by itself.
    pub(crate) request_running: Vec<i64>,
    pub(crate) request_gross: Vec<i64>,
    runs: Vec<Run>,
    /// The request lines of a merged line that share a tender.
    slots: Vec<Slot>,
}

impl Record {
    /// Begins with the gross of every request line.
    pub(crate) fn begin(&mut self, ground: &Ground<'_>) {
        self.takes.clear();
        self.takers.clear();
        self.shares.clear();
        self.gifts.clear();
        self.beaten.clear();
        self.given.clear();
        self.given.resize(ground.candidates.len(), None);
        self.request_running.clear();
        self.request_gross.clear();
        if ground.lines.len() == ground.basket.lines.len() {
            return;
        }
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
        if !work.gifts.is_empty() {
            self.gifts.extend(work.gifts.iter().map(|gift| (candidate as u32, *gift)));
        }
        let (prorated, name) = (given.prorated, candidate as u32);
        if !work.takes.is_empty() {
            self.takes.extend_from_slice(&work.takes);
            self.takers.push(Taker { candidate: name, end: self.takes.len() as u32, prorated });
        }
        if self.request_running.is_empty() {
            return;
        }
        for take in &work.takes {
            let line = take.line as usize;
            let facts = &ground.lines[line];
            if facts.members_len == 1 {
                continue;
            }
            let members =
                &ground.merged.members[facts.members_start as usize..][..facts.members_len as usize];
            let mut runs = std::mem::take(&mut self.runs);
            runs.clear();
            if ground.candidates[candidate].tender {
                self.share_tender(name, take.amount, members, prorated);
            } else {
                state.units.push_runs(line, facts.units, state.running[line], &mut runs);
                let Self { request_running, shares, .. } = self;
                divide(&runs, members, ground, |request, amount| {
                    let fell = request_running[request] - amount;
                    request_running[request] = amount;
                    if fell > 0 {
                        let request = request as u32;
                        shares.push(RecordedShare { candidate: name, request, amount: fell, prorated });
                    }
                });
            }
            self.runs = runs;
        }
    }

    fn beaten(&mut self, loser: usize, line: usize, winner: usize) {
        self.beaten.push((loser as u32, line as u32, winner as u32));
    }
}

impl Record {
    /// What candidates took, in the order of execution.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = Recorded<'_>> {
        let mut start = 0;
        self.takers.iter().map(move |taker| {
            let takes = &self.takes[start..taker.end as usize];
            start = taker.end as usize;
            Recorded { candidate: taker.candidate as usize, takes, prorated: taker.prorated }
        })
    }

    /// All takes from merged lines, in the order of execution.
    pub(crate) fn takes(&self) -> &[Take] {
        &self.takes
    }

    /// The first candidate that lowered a merged line.
    pub(crate) fn first_change(&self, line: usize) -> Option<usize> {
        let lowered = |recorded: &Recorded<'_>| recorded.takes.iter().any(|take| take.line as usize == line);
        self.recorded().find(lowered).map(|recorded| recorded.candidate)
    }

    /// The candidate that took a merged line from another of its line group; where several did, the largest.
    pub(crate) fn beaten_by(&self, loser: usize, line: usize) -> Option<usize> {
        let fell = |(from, at, _): &&(u32, u32, u32)| *from as usize == loser && *at as usize == line;
        self.beaten.iter().find(fell).map(|(_, _, winner)| *winner as usize)
    }

    /// A tender leaves the units alone; its amount is divided by what the request lines cost.
    fn share_tender(&mut self, candidate: u32, amount: i64, members: &[u32], prorated: bool) {
        let slot = |request: &u32| Slot::new(*request, self.request_running[*request as usize], i64::MAX);
        let mut slots = std::mem::take(&mut self.slots);
        slots.clear();
        slots.extend(members.iter().map(slot));
        allocate(suanpan_program::model::AllocationMethod::LargestRemainder, amount, &mut slots);
        for slot in slots.iter().filter(|slot| slot.share > 0) {
            self.shares.push(RecordedShare { candidate, request: slot.key, amount: slot.share, prorated });
        }
        self.slots = slots;
    }
}
