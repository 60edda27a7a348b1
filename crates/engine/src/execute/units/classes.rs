//! The units that an effect sees, as classes of equal ones, and where the chosen ones stand in their lines.

use std::cmp::Ordering;

use suanpan_program::model::Pick;

use super::UnitWork;
use crate::ground::Ground;
use crate::planted::{self, Bug};
use crate::state::{Run, State, level};

/// Equal units of a line that an effect may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    pub(super) line: u32,
    pub(super) amount: i64,
    /// Requested price of a unit.
    pub(super) requested: i64,
    pub(super) count: i64,
    /// In which of the effect's selections the line is.
    pub(super) mask: u32,
    /// Units that are bought: the first ones.
    pub(super) bought: i64,
    /// Units that are rewarded: the last ones.
    pub(super) rewarded: i64,
    at: i64,
    reward: u32,
}

/// A reward for some units of a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reward {
    class: u32,
    amount: i64,
    count: i64,
}

/// A run of a line and the class that it belongs to; none when the pool has consumed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    class: Option<u32>,
    run: Run,
}

/// A line and its segments and pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) line: u32,
    segments: (u32, u32),
    pub(super) pieces: (u32, u32),
    /// What its pieces have to give back.
    pub(super) back: i64,
}

/// What becomes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Untouched,
    Bought,
    Rewarded,
}

/// Units of one line that stand side by side and share their fate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) line: u32,
    pub(super) run: Run,
    pub(super) role: Role,
    /// What each of them is given.
    pub(super) reward: i64,
}

/// Dearest first, then the tie order of lines (docs/pricing.md, rule 28).
pub(super) fn dearest_first(a: &Class, b: &Class) -> Ordering {
    b.amount.cmp(&a.amount).then(b.requested.cmp(&a.requested)).then(a.line.cmp(&b.line))
}

impl UnitWork {
    pub(super) fn begin(&mut self) {
        self.spans.clear();
        self.segments.clear();
        self.classes.clear();
        self.rewards.clear();
        self.pieces.clear();
    }

    /// Takes a line's units in; `mask` says which of the effect's selections it is in. Lines come in ascending order.
    #[inline(never)]
    pub(super) fn collect(&mut self, ground: &Ground<'_>, state: &State, pool: u64, line: usize, mask: u32) {
        let facts = &ground.lines[line];
        if facts.units <= 0 {
            return;
        }
        let start = self.segments.len();
        let first = self.classes.len();
        let class = |run: &Run| Class {
            line: line as u32,
            amount: run.amount,
            requested: facts.requested_micro,
            count: run.count,
            mask,
            bought: 0,
            rewarded: 0,
            at: 0,
            reward: 0,
        };
        if state.units.is_level(line) {
            // Each run is a class, and none was consumed.
            let [larger, others] = level(state.running[line], facts.units);
            for run in [larger, others] {
                if run.count > 0 {
                    self.segments.push(Segment { class: Some(self.classes.len() as u32), run });
                    self.classes.push(class(&run));
                }
            }
        } else {
            self.runs.clear();
            state.units.push_runs(line, facts.units, state.running[line], &mut self.runs);
            for &run in &self.runs {
                if run.consumed & pool != 0 && !planted::is(Bug::UnitConsumedTwice) {
                    self.segments.push(Segment { class: None, run });
                    continue;
                }
                let known = self.classes[first..].iter().position(|class| class.amount == run.amount);
                let place = known.map_or(self.classes.len(), |place| first + place);
                match known {
                    Some(_) => self.classes[place].count += run.count,
                    None => self.classes.push(class(&run)),
                }
                self.segments.push(Segment { class: Some(place as u32), run });
            }
        }
        let segments = (start as u32, self.segments.len() as u32);
        self.spans.push(Span { line: line as u32, segments, pieces: (0, 0), back: 0 });
    }

    /// Brings the classes in order; of those that are alike the first line comes first.
    #[inline(never)]
    pub(super) fn sort(&mut self, pick: Pick) {
        let Self { classes, order, keys, .. } = self;
        let sign = if pick == Pick::Dearest { -1 } else { 1 };
        keys.clear();
        keys.extend(classes.iter().zip(0..).map(|(class, place)| {
            // Lines ascend with their classes, so that the place stands for the line.
            (sign * class.amount, sign * class.requested, place)
        }));
        keys.sort_unstable();
        order.clear();
        order.extend(keys.iter().map(|(_, _, place)| *place));
    }

    /// The same line by line.
    pub(super) fn sort_lines(&mut self, pick: Pick) {
        self.sort(pick);
        let classes = &self.classes;
        self.order.sort_by_key(|&class| classes[class as usize].line);
    }

    /// All units that the effect may use.
    pub(super) fn count(&self) -> i64 {
        self.classes.iter().map(|class| class.count).sum()
    }

    /// Rewards some units of a class, each with the same amount.
    pub(super) fn reward(&mut self, class: u32, amount: i64, count: i64) {
        if count > 0 {
            self.rewards.push(Reward { class, amount, count });
            self.classes[class as usize].rewarded += count;
        }
    }

    /// Finds the places of bought and rewarded units: bought ones from the front of their class, rewarded ones from
    /// its end, the larger rewards on the later units.
    pub(super) fn place(&mut self) {
        let Self { spans, segments, classes, rewards, pieces, .. } = self;
        if rewards.len() > 1 {
            rewards.sort_unstable_by_key(|reward| (reward.class, reward.amount));
        }
        for place in (0..rewards.len()).rev() {
            classes[rewards[place].class as usize].reward = place as u32;
        }
        pieces.clear();
        for span in spans {
            let start = pieces.len();
            for segment in &segments[span.segments.0 as usize..span.segments.1 as usize] {
                let whole = Piece { line: span.line, run: segment.run, role: Role::Untouched, reward: 0 };
                let Some(class) = segment.class else {
                    pieces.push(whole);
                    continue;
                };
                place_run(whole, &mut classes[class as usize], rewards, pieces);
            }
            span.pieces = (start as u32, pieces.len() as u32);
        }
    }

    /// Lets every span give back what it has to, from its last rewarded units on.
    pub(super) fn give_back(&mut self) {
        let Self { spans, pieces, fresh, .. } = self;
        fresh.clear();
        for span in spans {
            let start = fresh.len();
            // Backwards, then turned round.
            for piece in pieces[span.pieces.0 as usize..span.pieces.1 as usize].iter().rev() {
                let mut push = |count: i64, reward: i64| {
                    if count > 0 {
                        fresh.push(Piece { run: Run { count, ..piece.run }, reward, ..*piece });
                    }
                };
                let back = span.back.min(piece.run.count * piece.reward);
                span.back -= back;
                if back == 0 {
                    push(piece.run.count, piece.reward);
                    continue;
                }
                let (emptied, part) = (back / piece.reward, back % piece.reward);
                push(emptied, 0);
                push(i64::from(part > 0), piece.reward - part);
                push(piece.run.count - emptied - i64::from(part > 0), piece.reward);
            }
            fresh[start..].reverse();
            span.back = 0;
            span.pieces = (start as u32, fresh.len() as u32);
        }
        std::mem::swap(pieces, fresh);
    }
}

/// Cuts a run at the ends of what is bought, untouched and rewarded by each amount.
fn place_run(whole: Piece, class: &mut Class, rewards: &mut [Reward], pieces: &mut Vec<Piece>) {
    let mut left = whole.run.count;
    while left > 0 {
        let (until, role, reward) = if class.at < class.bought {
            (class.bought, Role::Bought, 0)
        } else if class.at < class.count - class.rewarded {
            (class.count - class.rewarded, Role::Untouched, 0)
        } else {
            let reward = &mut rewards[class.reward as usize];
            let part = left.min(reward.count);
            reward.count -= part;
            if reward.count == 0 {
                class.reward += 1;
            }
            (class.at + part, Role::Rewarded, reward.amount)
        };
        let part = left.min(until - class.at);
        class.at += part;
        left -= part;
        pieces.push(Piece { run: Run { count: part, ..whole.run }, role, reward, ..whole });
    }
}
