//! What lines cost while offers execute.

use crate::lines::LineFacts;

/// Amounts of all merged lines at one moment. Small and flat: the search copies it at every branch.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// What each line costs now.
    pub(crate) running: Vec<i64>,
    /// What funders of reimbursed coupons pay of it.
    pub(crate) reserved: Vec<i64>,
    /// What each line cost when the current layer began.
    pub(crate) entered: Vec<i64>,
    /// The layer whose entry `entered` holds.
    pub(crate) layer: u16,
    /// Whether any layer was entered.
    pub(crate) begun: bool,
    /// Lines that an offer has lowered or reserved on, as bits.
    pub(crate) changed: Vec<u64>,
    /// For each layer that a threshold names by `after:`, a row of running amounts when it was done.
    pub(crate) marks: Vec<i64>,
    /// What each candidate gave.
    pub(crate) given: Vec<i64>,
    /// How often each candidate was applied; above 0 also for gifts, points and the like.
    pub(crate) times: Vec<u32>,
    /// Candidates that gave something, as bits.
    pub(crate) gave: Vec<u64>,
    /// What the maximum total discount still allows.
    pub(crate) guard_left: i64,
    /// Units of lines that are not all alike any more.
    pub(crate) units: Units,
    /// What candidates took that a `match` adds to: candidate, line, amount.
    pub(crate) matchable: Vec<(u32, u32, i64)>,
    /// Rows of lines that each candidate must skip: of exclusive offers and line groups. Empty when there are none.
    pub(crate) blocked: Vec<u64>,
}

impl State {
    /// Begins before the first layer.
    pub(crate) fn begin(&mut self, lines: &[LineFacts], candidates: usize, marks: usize, guard: i64) {
        self.running.clear();
        self.running.extend(lines.iter().map(|line| line.gross));
        self.reserved.clear();
        self.reserved.resize(lines.len(), 0);
        self.entered.clear();
        self.entered.extend_from_slice(&self.running);
        self.layer = 0;
        self.begun = false;
        self.changed.clear();
        self.changed.resize(lines.len().div_ceil(64).max(1), 0);
        self.marks.clear();
        // A layer that nothing executes in leaves what came before.
        (0..marks).for_each(|_| self.marks.extend(lines.iter().map(|line| line.gross)));
        self.given.clear();
        self.given.resize(candidates, 0);
        self.times.clear();
        self.times.resize(candidates, 0);
        self.gave.clear();
        self.gave.resize(candidates.div_ceil(64).max(1), 0);
        self.guard_left = guard;
        self.units.begin(lines.len());
        self.matchable.clear();
        self.blocked.clear();
    }

    /// Becomes a copy, keeping its own memory.
    pub(crate) fn copy_from(&mut self, other: &State) {
        self.running.clone_from(&other.running);
        self.reserved.clone_from(&other.reserved);
        self.entered.clone_from(&other.entered);
        self.layer = other.layer;
        self.begun = other.begun;
        self.changed.clone_from(&other.changed);
        self.marks.clone_from(&other.marks);
        self.given.clone_from(&other.given);
        self.times.clone_from(&other.times);
        self.gave.clone_from(&other.gave);
        self.guard_left = other.guard_left;
        self.units.copy_from(&other.units);
        self.matchable.clone_from(&other.matchable);
        self.blocked.clone_from(&other.blocked);
    }

    /// What may still be taken from a line: what it costs, less reserved, less its legal minimum.
    #[inline]
    pub(crate) fn free(&self, lines: &[LineFacts], line: usize) -> i64 {
        (self.running[line] - self.reserved[line] - lines[line].legal_minimum).max(0)
    }

    pub(crate) fn mark_changed(&mut self, line: usize) {
        self.changed[line / 64] |= 1 << (line % 64);
    }
}

/// Units of one line that are alike, in the order of positions: first units belong to the request lines with the
/// smallest ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) count: i64,
    pub(crate) amount: i64,
    /// Unit pools that consumed them, as bits.
    pub(crate) consumed: u64,
}

/// Runs of the lines whose units are not level and free any more. A line without a row is level: its running amount
/// divided over its units, the larger ones first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Units {
    /// By line: range of `runs`; empty while the line is level.
    rows: Vec<(u32, u32)>,
    runs: Vec<Run>,
    scratch: Vec<(i128, u32)>,
    fresh: Vec<Run>,
}

impl Units {
    fn begin(&mut self, lines: usize) {
        self.rows.clear();
        self.rows.resize(lines, (0, 0));
        self.runs.clear();
    }

    fn copy_from(&mut self, other: &Units) {
        self.rows.clone_from(&other.rows);
        self.runs.clone_from(&other.runs);
    }

    /// Whether the line's units are level and free.
    pub(crate) fn is_level(&self, line: usize) -> bool {
        self.rows[line].1 == 0
    }

    /// Pushes the runs of a line, larger ones first while it is level.
    pub(crate) fn push_runs(&self, line: usize, units: i64, running: i64, out: &mut Vec<Run>) {
        let (start, len) = self.rows[line];
        if len > 0 {
            out.extend_from_slice(&self.runs[start as usize..(start + len) as usize]);
        } else {
            push_level(running, units, out);
        }
    }

    /// Gives a line new runs. Their amounts sum to what the line now costs.
    pub(crate) fn set_runs(&mut self, line: usize, runs: &[Run]) {
        let start = self.runs.len() as u32;
        for run in runs {
            match self.runs.last_mut() {
                Some(last)
                    if self.rows[line].0 == start
                        && self.rows[line].1 > 0
                        && last.amount == run.amount
                        && last.consumed == run.consumed =>
                {
                    last.count += run.count;
                }
                _ if run.count > 0 => {
                    if self.rows[line].0 != start || self.rows[line].1 == 0 {
                        self.rows[line] = (start, 0);
                    }
                    self.runs.push(*run);
                    self.rows[line].1 += 1;
                }
                _ => {}
            }
        }
    }

    /// Lets the units of a line follow a new line amount: largest remainder over their amounts, ties to the first
    /// unit. A level line needs nothing: it stays level.
    pub(crate) fn rescale(&mut self, line: usize, before: i64, after: i64) {
        let (start, len) = self.rows[line];
        if len == 0 || before == after {
            return;
        }
        let range = start as usize..(start + len) as usize;
        if before <= 0 {
            return;
        }
        self.scratch.clear();
        self.fresh.clear();
        let mut rest = after;
        for (index, run) in self.runs[range].iter().enumerate() {
            let exact = i128::from(run.amount) * i128::from(after);
            let share = (exact / i128::from(before)) as i64;
            self.scratch.push((exact % i128::from(before), index as u32));
            self.fresh.push(Run { amount: share, ..*run });
            rest -= share * run.count;
        }
        // Largest remainder first, ties to the first unit.
        self.scratch.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut more = std::mem::take(&mut self.scratch);
        // How many units of each run get one more.
        for entry in &mut more {
            let extra = rest.min(self.fresh[entry.1 as usize].count);
            rest -= extra;
            entry.0 = i128::from(extra);
        }
        more.sort_unstable_by_key(|entry| entry.1);
        let fresh = std::mem::take(&mut self.fresh);
        let at = self.runs.len() as u32;
        let mut rows = 0;
        for (run, (extra, _)) in fresh.iter().zip(&more) {
            let extra = *extra as i64;
            for part in [
                Run { count: extra, amount: run.amount + 1, ..*run },
                Run { count: run.count - extra, ..*run },
            ] {
                if part.count == 0 {
                    continue;
                }
                if rows > 0 {
                    let last = self.runs.last_mut();
                    if let Some(last) =
                        last.filter(|last| last.amount == part.amount && last.consumed == part.consumed)
                    {
                        last.count += part.count;
                        continue;
                    }
                }
                self.runs.push(part);
                rows += 1;
            }
        }
        self.rows[line] = (at, rows);
        self.scratch = more;
        self.fresh = fresh;
    }
}

/// Pushes `units` units that share an amount equally, the larger ones first.
pub(crate) fn push_level(amount: i64, units: i64, out: &mut Vec<Run>) {
    if units <= 0 {
        return;
    }
    let (each, larger) = (amount.div_euclid(units), amount.rem_euclid(units));
    if larger > 0 {
        out.push(Run { count: larger, amount: each + 1, consumed: 0 });
    }
    out.push(Run { count: units - larger, amount: each, consumed: 0 });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(units: &Units, line: usize) -> Vec<(i64, i64)> {
        let mut out = Vec::new();
        units.push_runs(line, 3, 10, &mut out);
        out.iter().map(|run| (run.count, run.amount)).collect()
    }

    #[test]
    fn runs_follow_a_new_line_amount() {
        let mut units = Units::default();
        units.begin(1);
        assert_eq!(runs(&units, 0), [(1, 4), (2, 3)]);
        let run = |count, amount| Run { count, amount, consumed: 0 };
        units.set_runs(0, &[run(2, 10), run(1, 0)]);
        units.rescale(0, 20, 13);
        assert_eq!(runs(&units, 0), [(1, 7), (1, 6), (1, 0)]);
        units.rescale(0, 13, 0);
        assert_eq!(runs(&units, 0), [(3, 0)]);
    }
}
