//! Executing a choice: the kept candidates in their order.

use suanpan_program::model::{ExclusiveScope, GroupScope};

use crate::execute::{Given, Work, execute};
use crate::ground::{Ground, SET_BUY, SET_PARTS, SET_TARGET};
use crate::state::State;

/// Which candidates are kept, and how those that contest units are applied.
#[derive(Clone, Copy)]
pub(crate) struct Choice<'a> {
    /// By candidate.
    pub(crate) kept: &'a [bool],
    /// Candidates in the order of execution; their own order when empty.
    pub(crate) order: &'a [u32],
    /// Applications at most, by candidate; unlimited when empty.
    pub(crate) times: &'a [u32],
}

/// Looks on while a choice is executed.
pub(crate) trait Observer {
    /// A candidate was executed; its takes stand in `work.takes`.
    fn executed(&mut self, ground: &Ground<'_>, state: &State, work: &Work, candidate: usize, given: &Given);
}

/// Looks away.
pub(crate) struct Unobserved;

impl Observer for Unobserved {
    #[inline]
    fn executed(&mut self, _: &Ground<'_>, _: &State, _: &Work, _: usize, _: &Given) {}
}

/// Executes a choice from the beginning.
pub(crate) fn evaluate(
    ground: &Ground<'_>,
    choice: Choice<'_>,
    state: &mut State,
    work: &mut Work,
    observer: &mut impl Observer,
) {
    begin(ground, choice.kept, state, work);
    let count = ground.candidates.len();
    for place in 0..count {
        let candidate = if choice.order.is_empty() { place } else { choice.order[place] as usize };
        if !choice.kept[candidate] {
            continue;
        }
        enter(ground, choice.kept, state, work, ground.candidates[candidate].layer);
        let times = choice.times.get(candidate).copied().unwrap_or(u32::MAX);
        let given = execute(ground, state, work, candidate, times);
        observer.executed(ground, state, work, candidate, &given);
    }
}

/// Prepares the state, and the lines that exclusive offers keep from others.
pub(crate) fn begin(ground: &Ground<'_>, kept: &[bool], state: &mut State, work: &mut Work) {
    state.begin(ground.lines, ground.candidates.len(), ground.compiled.marked_layers.len(), ground.guard);
    work.blocked.clear();
    let exclusive = |candidate: usize| {
        ground.offer(candidate).is_some_and(|offer| offer.exclusive == Some(ExclusiveScope::Line))
    };
    let any = (0..ground.candidates.len()).any(|candidate| kept[candidate] && exclusive(candidate));
    if !any && !ground.compiled.has_line_groups {
        return;
    }
    work.blocked.resize(ground.candidates.len() * ground.words, 0);
    for holder in (0..ground.candidates.len()).filter(|&holder| kept[holder] && exclusive(holder)) {
        for other in (0..ground.candidates.len()).filter(|&other| other != holder) {
            if ground.candidates[other].lowers {
                for word in 0..ground.words {
                    work.blocked[other * ground.words + word] |= selected(ground, holder, word);
                }
            }
        }
    }
}

/// One word of the lines that an offer selects: what it buys, or its target where it buys nothing in particular.
pub(crate) fn selected(ground: &Ground<'_>, candidate: usize, word: usize) -> u64 {
    let Some(offer) = ground.offer(candidate) else { return ground.set(candidate, SET_TARGET)[word] };
    if !offer.parts.is_empty() {
        return (0..offer.parts.len())
            .map(|part| ground.set(candidate, SET_PARTS + part)[word])
            .fold(0, |a, b| a | b);
    }
    let which = if offer.buy.is_everything && offer.target.is_some() { SET_TARGET } else { SET_BUY };
    ground.set(candidate, which)[word]
}

/// Enters a layer: notes what lines cost, for bases, marks and line groups.
#[inline]
pub(crate) fn enter(ground: &Ground<'_>, kept: &[bool], state: &mut State, work: &mut Work, layer: u16) {
    if state.layer == layer && state.begun {
        return;
    }
    let n = ground.lines.len();
    for (row, &marked) in ground.compiled.marked_layers.iter().enumerate() {
        if (state.layer..layer).contains(&marked) {
            let State { marks, running, .. } = state;
            marks[row * n..(row + 1) * n].copy_from_slice(running);
        }
    }
    if state.layer != layer {
        let State { entered, running, .. } = state;
        entered.copy_from_slice(running);
    }
    state.layer = layer;
    state.begun = true;
    if ground.compiled.has_line_groups {
        settle_line_groups(ground, kept, state, work, layer);
    }
}

/// Lets the members of each line group whose earliest layer begins compete on every line (docs/pricing.md, rule 39).
fn settle_line_groups(ground: &Ground<'_>, kept: &[bool], state: &mut State, work: &mut Work, layer: u16) {
    for (place, group) in ground.compiled.groups.iter().enumerate() {
        if group.scope != GroupScope::Line {
            continue;
        }
        let is_member = |candidate: usize| {
            kept[candidate]
                && ground.offer(candidate).is_some_and(|offer| offer.groups.contains(&(place as u16)))
        };
        let members = || (0..ground.candidates.len()).filter(|&candidate| is_member(candidate));
        // Candidates stand in order of layers, so the first member has the earliest.
        if members().next().is_none_or(|first| ground.candidates[first].layer != layer) {
            continue;
        }
        for line in 0..ground.lines.len() {
            let mut takes: Vec<(i64, usize)> = Vec::new();
            for member in members() {
                let amount = alone_on_line(ground, state, work, member, line);
                if amount > 0 {
                    takes.push((amount, member));
                }
            }
            if takes.len() <= group.at_most as usize {
                continue;
            }
            takes.sort_by(|a, b| {
                let priority = |candidate: usize| ground.candidates[candidate].priority;
                b.0.cmp(&a.0)
                    .then_with(|| priority(b.1).cmp(&priority(a.1)))
                    .then_with(|| ground.id(a.1).cmp(ground.id(b.1)))
                    .then(a.1.cmp(&b.1))
            });
            for (_, loser) in &takes[group.at_most as usize..] {
                work.blocked[loser * ground.words + line / 64] |= 1 << (line % 64);
            }
        }
    }
}

/// What a candidate would take from one line, by itself, now.
fn alone_on_line(ground: &Ground<'_>, state: &State, work: &mut Work, candidate: usize, line: usize) -> i64 {
    let bit = 1 << (line % 64);
    if ground.set(candidate, SET_TARGET)[line / 64] & bit == 0 {
        return 0;
    }
    let row = candidate * ground.words;
    let mut trial = std::mem::take(&mut work.trial);
    trial.copy_from(state);
    work.row.clear();
    work.row.extend_from_slice(&work.blocked[row..row + ground.words]);
    let was_blocked = work.row[line / 64] & bit != 0;
    for word in 0..ground.words {
        work.blocked[row + word] = !0;
    }
    work.blocked[row + line / 64] = !bit;
    let amount = if was_blocked { 0 } else { execute(ground, &mut trial, work, candidate, u32::MAX).amount };
    let saved = std::mem::take(&mut work.row);
    work.blocked[row..row + ground.words].copy_from_slice(&saved);
    work.row = saved;
    work.trial = trial;
    amount
}
