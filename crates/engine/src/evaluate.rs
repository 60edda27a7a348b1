//! Executing a choice: the kept candidates in their order.

use suanpan_program::model::{Effect, ExclusiveScope, GroupScope};

use crate::execute::{Given, Work, execute};
use crate::ground::{Ground, SET_BUY, SET_PARTS, SET_TARGET};
use crate::planted::{self, Bug};
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

    /// In a line group, `winner` takes a line from `loser`.
    fn beaten(&mut self, _loser: usize, _line: usize, _winner: usize) {}
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
    begin(ground, choice.kept, state);
    let count = ground.candidates.len();
    for place in 0..count {
        let candidate = if choice.order.is_empty() { place } else { choice.order[place] as usize };
        if !choice.kept[candidate] {
            continue;
        }
        let layer = ground.candidates[candidate].layer;
        if state.layer != layer || !state.begun {
            enter_layer(ground, choice.kept, state, work, layer, observer);
        }
        let times = choice.times.get(candidate).copied().unwrap_or(u32::MAX);
        let given = execute(ground, state, work, candidate, times);
        observer.executed(ground, state, work, candidate, &given);
    }
}

/// Prepares the state, and the lines that exclusive offers keep from others.
pub(crate) fn begin(ground: &Ground<'_>, kept: &[bool], state: &mut State) {
    state.begin(ground, ground.guard);
    let exclusive = |candidate: usize| {
        kept[candidate]
            && ground.offer(candidate).is_some_and(|offer| offer.exclusive == Some(ExclusiveScope::Line))
    };
    let count = ground.candidates.len();
    let any_exclusive = ground.compiled.has_conflicts && (0..count).any(exclusive);
    if !ground.compiled.has_line_groups && !any_exclusive {
        return;
    }
    state.blocked.resize(count * ground.words, 0);
    let open = planted::is(Bug::ExclusiveLineIgnored);
    for word in 0..ground.words {
        // Lines that one holder selects, and those that several do: everybody skips the lines of all others.
        let (mut held, mut shared) = (0, 0);
        for holder in (0..count).filter(|&holder| exclusive(holder) && !open) {
            let own = selected(ground, holder, word);
            shared |= held & own;
            held |= own;
        }
        if held == 0 {
            continue;
        }
        // Effects that earn see all lines.
        for other in (0..count).filter(|&other| ground.candidates[other].lowers) {
            let own = if exclusive(other) { selected(ground, other, word) } else { 0 };
            state.blocked[other * ground.words + word] |= shared | held & !own;
        }
    }
    state.closed.clone_from(&state.blocked);
}

/// One word of the lines that an offer selects: target (or what it buys), what `get` reaches and what is bought for it,
/// the parts of a bundle.
pub(crate) fn selected(ground: &Ground<'_>, candidate: usize, word: usize) -> u64 {
    let target = ground.set(candidate, SET_TARGET)[word];
    let Some(offer) = ground.offer(candidate) else { return target };
    match offer.effect {
        Effect::Bundle { .. } => (0..offer.parts.len())
            .map(|part| ground.set(candidate, SET_PARTS + part)[word])
            .fold(0, |all, lines| all | lines),
        Effect::BuyGet { .. } => {
            target | ground.set(candidate, SET_BUY)[word] & !overridden(ground, offer.layer, word)
        }
        _ => target,
    }
}

/// Lines whose price a person changed, where that keeps offers of a layer from them.
pub(crate) fn overridden(ground: &Ground<'_>, layer: u16, word: usize) -> u64 {
    if layer != ground.compiled.layer_price && layer != ground.compiled.layer_item {
        return 0;
    }
    let lines = ground.lines.iter().enumerate().skip(word * 64).take(64);
    lines.filter(|(_, facts)| facts.overridden).fold(0, |all, (line, _)| all | 1 << (line % 64))
}

/// Enters a layer, unless it is the one at hand.
#[inline(always)]
pub(crate) fn enter(ground: &Ground<'_>, kept: &[bool], state: &mut State, work: &mut Work, layer: u16) {
    if state.layer != layer || !state.begun {
        enter_layer(ground, kept, state, work, layer, &mut Unobserved);
    }
}

/// Notes what lines cost, for bases, marks and line groups.
fn enter_layer(
    ground: &Ground<'_>,
    kept: &[bool],
    state: &mut State,
    work: &mut Work,
    layer: u16,
    observer: &mut impl Observer,
) {
    let n = ground.lines.len();
    for (row, &marked) in ground.compiled.marked_layers.iter().enumerate() {
        if (state.layer..layer).contains(&marked) {
            let State { marks, running, .. } = state;
            marks[row * n..(row + 1) * n].copy_from_slice(running);
        }
    }
    if state.layer != layer && ground.compiled.looks_at_entry {
        let State { entered, running, .. } = state;
        entered.copy_from_slice(running);
        state.units.enter();
    }
    state.layer = layer;
    state.begun = true;
    if ground.compiled.has_line_groups {
        settle_line_groups(ground, kept, state, work, layer, observer);
    }
}

/// Lets the members of each line group whose earliest layer begins compete on every line (docs/pricing.md, rule 39).
fn settle_line_groups(
    ground: &Ground<'_>,
    kept: &[bool],
    state: &mut State,
    work: &mut Work,
    layer: u16,
    observer: &mut impl Observer,
) {
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
            let mut takes = std::mem::take(&mut work.contenders);
            takes.clear();
            for member in members() {
                let amount = alone_on_line(ground, state, work, member, line);
                if amount > 0 {
                    takes.push((amount, member));
                }
            }
            if takes.len() <= group.at_most as usize {
                work.contenders = takes;
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
                state.blocked[loser * ground.words + line / 64] |= 1 << (line % 64);
                observer.beaten(*loser, line, takes[0].1);
            }
            work.contenders = takes;
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
    if state.blocked[row + line / 64] & bit != 0 {
        return 0;
    }
    let mut trial = std::mem::take(&mut work.trial);
    trial.copy_from(state);
    for word in 0..ground.words {
        trial.blocked[row + word] = !0;
    }
    trial.blocked[row + line / 64] = !bit;
    let amount = execute(ground, &mut trial, work, candidate, u32::MAX).amount;
    work.trial = trial;
    amount
}
