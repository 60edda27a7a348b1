//! What lines cost while offers execute.

use crate::ground::Ground;
use crate::lines::LineFacts;

/// Amounts of all merged lines at one moment. Small and flat: the search copies it at every branch.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// What each line costs now.
    pub(crate) running: Vec<i64>,
    /// What funders of reimbursed coupons pay of it.
    pub(crate) reserved: Vec<i64>,
    /// Whether offers may not take all that lines cost: something is reserved, or the law sets a least price.
    pub(crate) holds_back: bool,
    /// What each line cost when the current layer began, where some offer looks at that.
    pub(crate) entered: Vec<i64>,
    /// The layer whose entry `entered` holds.
    pub(crate) layer: u16,
    /// Whether any layer was entered.
    pub(crate) begun: bool,
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
    /// What it took back from offers so far.
    pub(crate) guard_cut: i64,
    /// What those that gave are worth beside money.
    pub(crate) worth: i64,
    /// Units of lines that are not all alike any more.
    pub(crate) units: Units,
    /// What candidates took that a `match` adds to: candidate, line, amount.
    pub(crate) matchable: Vec<(u32, u32, i64)>,
    /// Rows of lines that each candidate must skip: of exclusive offers and line groups. Empty when there are none.
    pub(crate) blocked: Vec<u64>,
    /// The part of `blocked` that line-exclusive offers close, for thresholds too.
    pub(crate) closed: Vec<u64>,
}

impl State {
    /// Begins before the first layer.
    pub(crate) fn begin(&mut self, ground: &Ground<'_>, guard: i64) {
        let (lines, candidates) = (ground.lines, ground.candidates.len());
        self.running.clear();
        self.running.extend(lines.iter().map(|line| line.gross));
        self.reserved.clear();
        self.reserved.resize(lines.len(), 0);
        self.holds_back = lines.iter().any(|line| line.legal_minimum > 0);
        self.entered.clear();
        if ground.compiled.looks_at_entry {
            self.entered.extend_from_slice(&self.running);
        }
        self.layer = 0;
        self.begun = false;
        self.marks.clear();
        // A layer that nothing executes in leaves what came before.
        for _ in &ground.compiled.marked_layers {
            self.marks.extend(lines.iter().map(|line| line.gross));
        }
        self.given.clear();
        self.given.resize(candidates, 0);
        self.times.clear();
        self.times.resize(candidates, 0);
        self.gave.clear();
        self.gave.resize(candidates.div_ceil(64).max(1), 0);
        self.guard_left = guard;
        self.guard_cut = 0;
        self.worth = 0;
        self.units.begin(lines.len(), ground.compiled.looks_at_entry);
        self.matchable.clear();
        self.blocked.clear();
        self.closed.clear();
    }

    /// Becomes a copy, keeping its own memory.
    pub(crate) fn copy_from(&mut self, other: &State) {
        self.running.clone_from(&other.running);
        self.reserved.clone_from(&other.reserved);
        self.holds_back = other.holds_back;
        self.entered.clone_from(&other.entered);
        self.layer = other.layer;
        self.begun = other.begun;
        self.marks.clone_from(&other.marks);
        self.given.clone_from(&other.given);
        self.times.clone_from(&other.times);
        self.gave.clone_from(&other.gave);
        self.guard_left = other.guard_left;
        self.guard_cut = other.guard_cut;
        self.worth = other.worth;
        self.units.copy_from(&other.units);
        self.matchable.clone_from(&other.matchable);
        self.blocked.clone_from(&other.blocked);
        self.closed.clone_from(&other.closed);
    }

    /// What may still be taken from a line: what it costs, less reserved, less its legal minimum.
    #[inline]
    pub(crate) fn free(&self, lines: &[LineFacts], line: usize) -> i64 {
        let held = if self.holds_back { self.reserved[line] + lines[line].legal_minimum } else { 0 };
        (self.running[line] - held).max(0)
    }

    /// Whether more could be taken from a line but for its legal minimum.
    pub(crate) fn is_held_by_law(&self, lines: &[LineFacts], line: usize) -> bool {
        lines[line].legal_minimum > 0 && self.running[line] > self.reserved[line]
    }

    /// Whether an offer has lowered a line or reserved something of it.
    pub(crate) fn is_changed(&self, lines: &[LineFacts], line: usize) -> bool {
        self.running[line] != lines[line].gross || self.reserved[line] != 0
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
///
/// What lowers a line moves its units too, step by step. Most lines are never asked for their units again, so the steps
/// are only noted, and followed when somebody asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Units {
    /// By line: range of `runs`, empty while the line is level; and the first step that they have not followed.
    rows: Vec<Row>,
    /// The rows and the number of steps when the current layer began, where some offer looks at that; what they point to
    /// is never changed.
    entered: Vec<Row>,
    steps_entered: usize,
    runs: Vec<Run>,
    steps: Vec<LineStep>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    start: u32,
    len: u32,
    steps: u32,
}

/// A line amount before and after an offer without units.
#[derive(Clone, Copy, Debug)]
struct LineStep {
    line: u32,
    before: i64,
    after: i64,
}

impl Units {
    fn begin(&mut self, lines: usize, looks_at_entry: bool) {
        self.rows.clear();
        self.rows.resize(lines, Row::default());
        self.entered.clear();
        if looks_at_entry {
            self.entered.extend_from_slice(&self.rows);
        }
        self.steps_entered = 0;
        self.runs.clear();
        self.steps.clear();
    }

    fn copy_from(&mut self, other: &Units) {
        self.rows.clone_from(&other.rows);
        self.entered.clone_from(&other.entered);
        self.steps_entered = other.steps_entered;
        self.runs.clone_from(&other.runs);
        self.steps.clone_from(&other.steps);
    }

    /// Whether the line's units are level and free.
    pub(crate) fn is_level(&self, line: usize) -> bool {
        self.rows[line].len == 0
    }

    /// Pushes the runs of a line, larger ones first while it is level.
    pub(crate) fn push_runs(&self, line: usize, units: i64, running: i64, out: &mut Vec<Run>) {
        self.push_row(self.rows[line], line, self.steps.len(), units, running, out);
    }

    /// Notes the units as they are when a layer begins.
    pub(crate) fn enter(&mut self) {
        if !self.runs.is_empty() {
            self.entered.copy_from_slice(&self.rows);
            self.steps_entered = self.steps.len();
        }
    }

    /// Pushes the runs that a line had when the current layer began, and cost so much.
    pub(crate) fn push_entered(&self, line: usize, units: i64, entered: i64, out: &mut Vec<Run>) {
        self.push_row(self.entered[line], line, self.steps_entered, units, entered, out);
    }

    fn push_row(&self, row: Row, line: usize, steps: usize, units: i64, amount: i64, out: &mut Vec<Run>) {
        if row.len == 0 {
            return push_level(amount, units, out);
        }
        let from = out.len();
        out.extend_from_slice(&self.runs[row.start as usize..(row.start + row.len) as usize]);
        for step in &self.steps[row.steps as usize..steps] {
            if step.line as usize == line {
                follow(from, step.before, step.after, out);
            }
        }
    }

    /// Gives a line new runs. Their amounts sum to what the line now costs.
    pub(crate) fn set_runs(&mut self, line: usize, runs: impl IntoIterator<Item = Run>) {
        let start = self.runs.len();
        for run in runs.into_iter().filter(|run| run.count > 0) {
            push_joined(start, run, &mut self.runs);
        }
        let len = self.runs.len() - start;
        self.rows[line] = Row { start: start as u32, len: len as u32, steps: self.steps.len() as u32 };
    }

    /// Lets the units of a line follow a new line amount: largest remainder over their amounts, ties to the first
    /// unit. A level line needs nothing: it stays level. Before it costs something, and after it something else.
    #[inline(always)]
    pub(crate) fn rescale(&mut self, line: usize, before: i64, after: i64) {
        debug_assert!(before > 0 && before != after);
        if self.rows[line].len > 0 {
            self.steps.push(LineStep { line: line as u32, before, after });
        }
    }
}

/// Pushes a run, joined with the last one when that is alike.
fn push_joined(from: usize, run: Run, out: &mut Vec<Run>) {
    match out[from..].last_mut() {
        Some(last) if last.amount == run.amount && last.consumed == run.consumed => last.count += run.count,
        _ => out.push(run),
    }
}

/// Moves the runs from a place on with the amount of their line.
fn follow(from: usize, before: i64, after: i64, out: &mut Vec<Run>) {
    let exact = |amount: i64| i128::from(amount) * i128::from(after);
    let share = |amount: i64| (exact(amount) / i128::from(before)) as i64;
    let remainder = |amount: i64| (exact(amount) % i128::from(before)) as i64;
    let end = out.len();
    let mut missing = after - out[from..].iter().map(|run| share(run.amount) * run.count).sum::<i64>();
    // The new runs are built behind the old ones; a run whose units get one more is marked by its count.
    for place in from..end {
        let run = out[place];
        out.push(Run { amount: share(run.amount), ..run });
    }
    let mut larger = [0_i64; RUNS_COUNTED];
    let mut many = Vec::new();
    let larger: &mut [i64] = if end - from <= RUNS_COUNTED {
        &mut larger[..end - from]
    } else {
        many.resize(end - from, 0);
        &mut many
    };
    while missing > 0 {
        // The first of the largest remainders that has units left without one more.
        let mut best: Option<(i64, usize)> = None;
        for (place, given) in larger.iter().enumerate() {
            let run = out[from + place];
            let remainder = remainder(run.amount);
            if *given == 0 && best.is_none_or(|(largest, _)| remainder > largest) {
                best = Some((remainder, place));
            }
        }
        let Some((_, place)) = best else { break };
        larger[place] = missing.min(out[from + place].count);
        missing -= larger[place];
    }
    let joined = out.len();
    for (place, &given) in larger.iter().enumerate() {
        let run = out[end + place];
        let more = Run { count: given, amount: run.amount + 1, ..run };
        for part in [more, Run { count: run.count - given, ..run }] {
            if part.count > 0 {
                push_joined(joined, part, out);
            }
        }
    }
    out.copy_within(joined.., from);
    out.truncate(out.len() - (joined - from));
}

/// Lines rarely have more runs than this; those that have pay an allocation when their units are asked for.
const RUNS_COUNTED: usize = 16;

/// Units that share an amount equally, the larger ones first; a run may be empty.
#[inline]
pub(crate) fn level(amount: i64, units: i64) -> [Run; 2] {
    let (each, larger) = match units {
        ..=0 => (0, 0),
        // Most lines have one unit: no division.
        1 => (amount, 0),
        _ => (amount.div_euclid(units), amount.rem_euclid(units)),
    };
    let larger = Run { count: larger, amount: each + 1, consumed: 0 };
    let others = Run { count: units - larger.count, amount: each, consumed: 0 };
    [larger, others]
}

/// Pushes `units` units that share an amount equally, the larger ones first.
pub(crate) fn push_level(amount: i64, units: i64, out: &mut Vec<Run>) {
    out.extend(level(amount, units).iter().filter(|run| run.count > 0));
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
        units.begin(1, false);
        assert_eq!(runs(&units, 0), [(1, 4), (2, 3)]);
        let run = |count, amount| Run { count, amount, consumed: 0 };
        units.set_runs(0, [run(2, 10), run(1, 0)]);
        units.rescale(0, 20, 13);
        assert_eq!(runs(&units, 0), [(1, 7), (1, 6), (1, 0)]);
        units.rescale(0, 13, 0);
        assert_eq!(runs(&units, 0), [(3, 0)]);
    }
}
