//! The rows of merged lines and of request lines.

use suanpan_domain::quote::{LineTaxAmount, MergedLine, QuoteLine, Span, Step};
use suanpan_domain::{Money, OfferRef, Quantity, Quote};
use suanpan_program::model::UnitSplit;

use super::divide::{Receiver, Remainders};
use super::requests::{Request, write_members};
use super::units::{self, Shares, UnitWork, push_level, push_own, push_plain};
use super::{Parts, Settling};
use crate::ground::{Candidate, Ground};
use crate::lines::LineFacts;
use crate::record::Record;
use crate::state::{Run, State};

/// Working memory of rows.
#[derive(Debug, Default)]
pub(super) struct RowWork {
    /// By merged line: where its steps stand and what it costs after those that are written.
    rows: Vec<Row>,
    pub(super) units: UnitWork,
    /// Shares of request lines in the order of requests, then of execution.
    pub(super) shares: Vec<(u32, u32)>,
    pub(super) runs: Vec<Run>,
    pub(super) receivers: Vec<Receiver>,
    pub(super) remainders: Remainders,
    pub(super) requests: Vec<Request>,
    pub(super) taxes: Vec<LineTaxAmount>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    start: u32,
    next: u32,
    running: i64,
}

const NO_STEP: Step =
    Step { sequence: 0, offer: OfferRef::Points, amount: Money::ZERO, running: Money::ZERO, prorated: false };

/// Writes all rows.
pub(super) fn write(
    ground: &Ground<'_>,
    state: &State,
    record: &Record,
    settling: &mut Settling,
    quote: &mut Quote,
) {
    let Settling { rows: work, parts, lowered, .. } = settling;
    // Units follow points that lower nets.
    let state = if parts.paid.as_discount { &*lowered } else { state };
    write_steps(ground, record, parts, work, quote);
    write_lines(ground, state, parts, work, quote);
    if ground.lines.len() < ground.basket.lines.len() {
        write_requests(ground, state, record, parts, work, quote);
    }
}

/// Writes the steps of merged lines, line after line, each in the order of execution.
fn write_steps(ground: &Ground<'_>, record: &Record, parts: &Parts, work: &mut RowWork, quote: &mut Quote) {
    let rows = &mut work.rows;
    rows.resize(ground.lines.len(), Row::default());
    for (row, facts) in rows.iter_mut().zip(ground.lines) {
        *row = Row { start: 0, next: 0, running: facts.gross };
    }
    for take in record.takes() {
        rows[take.line as usize].next += 1;
    }
    let falls = &parts.paid.net_falls;
    for (row, _) in rows.iter_mut().zip(falls).filter(|(_, fall)| **fall > 0) {
        row.next += 1;
    }
    let mut start = 0;
    for row in rows.iter_mut() {
        let count = row.next;
        (row.start, row.next) = (start, start);
        start += count;
    }
    // Every row below is written: what stands there from the basket before need not be cleared first.
    quote.steps.resize(start as usize, NO_STEP);
    let (rows, steps) = (&mut rows[..], &mut quote.steps[..]);
    for recorded in record.recorded() {
        let &Candidate { source: offer, tender, .. } = &ground.candidates[recorded.candidate];
        let prorated = recorded.prorated;
        // A tender leaves what lines cost.
        let lowers = if tender { 0 } else { -1 };
        for take in recorded.takes {
            let row = &mut rows[take.line as usize];
            let (start, place, running) = (row.start, row.next, row.running - (take.amount & lowers));
            (row.next, row.running) = (place + 1, running);
            steps[place as usize] = Step {
                sequence: place + 1 - start,
                offer,
                amount: Money::from_minor(take.amount),
                running: Money::from_minor(running),
                prorated,
            };
        }
    }
    let prorated = falls.iter().filter(|fall| **fall > 0).count() > 1;
    for (row, &fall) in rows.iter_mut().zip(falls).filter(|(_, fall)| **fall > 0) {
        row.running -= fall;
        steps[row.next as usize] = Step {
            sequence: row.next - row.start + 1,
            offer: OfferRef::Points,
            amount: Money::from_minor(fall),
            running: Money::from_minor(row.running),
            prorated,
        };
        row.next += 1;
    }
}

/// Writes merged lines, and the request lines that are priced by themselves: these share the rows of their merged line.
fn write_lines(ground: &Ground<'_>, state: &State, parts: &mut Parts, work: &mut RowWork, quote: &mut Quote) {
    let Quote { lines, merged_lines, unit_runs, line_taxes, .. } = quote;
    unit_runs.clear();
    line_taxes.clear();
    // Each request line belongs to one merged line, so every row is written.
    lines.resize(ground.basket.lines.len(), QuoteLine::default());
    let lines = &mut lines[..];
    let RowWork { rows, units: unit_work, .. } = work;
    let priced = ground.lines.iter().zip(rows.iter()).zip(&state.running).enumerate();
    merged_lines.clear();
    let rewarded = ground.compiled.program.unit_split == UnitSplit::Rewarded;
    if !rewarded && !ground.taxes.any && parts.paid.shares.is_empty() && parts.earned.by_line.is_empty() {
        // Nothing beside the net: by itself, so that plain baskets do not pass through what others have.
        merged_lines.extend(priced.map(|(line, ((facts, row), &net))| {
            let units = push_plain(net, units::returned_units(facts), unit_runs);
            write_line(lines, line, facts, row, net, Beside { units, ..Beside::default() })
        }));
        return;
    }
    merged_lines.extend(priced.map(|(line, ((facts, row), &net))| {
        let mut shares = Shares::default();
        let mut taxes = Span::default();
        if ground.taxes.any {
            shares.tax = parts.tax.of_line(line);
            taxes = parts.tax.push_line(ground.taxes, line, line_taxes);
        }
        shares.points_paid = parts.paid.tender(line);
        shares.points_earned = parts.earned.by_line.get(line).copied().unwrap_or(0);
        let units = if rewarded && facts.units > 1 {
            unit_work.units.clear();
            state.units.push_runs(line, facts.units, net, &mut unit_work.units);
            units::cheapest_first(&mut unit_work.units);
            push_own(shares, unit_work, unit_runs)
        } else {
            push_level(net, units::returned_units(facts), shares, unit_work, unit_runs)
        };
        write_line(lines, line, facts, row, net, Beside { units, taxes, shares })
    }));
}

/// What a line has beside its amounts: rows of its units and taxes, and what is divided between the units.
#[derive(Clone, Copy, Default)]
struct Beside {
    units: Span,
    taxes: Span,
    shares: Shares,
}

/// Gives a merged line, and writes the request line that it is, if it is a single one.
#[inline(always)]
fn write_line(
    lines: &mut [QuoteLine],
    line: usize,
    facts: &LineFacts,
    row: &Row,
    net: i64,
    Beside { units, taxes, shares }: Beside,
) -> MergedLine {
    assert_eq!(row.running, net, "the steps of a line lead to its net");
    let merged = MergedLine {
        first_line: facts.first,
        line_count: facts.members_len,
        quantity: Quantity::from_milli(facts.quantity_milli),
        units: units::returned_units(facts),
        gross: Money::from_minor(facts.gross),
        net: Money::from_minor(net),
        steps: Span { start: row.start, len: row.next - row.start },
        unit_runs: units,
        taxes,
        points_paid: Money::from_minor(shares.points_paid),
        points_earned: shares.points_earned,
    };
    if facts.members_len == 1 {
        lines[facts.first as usize] = QuoteLine {
            line: facts.first,
            merged: line as u32,
            quantity: merged.quantity,
            gross: merged.gross,
            net: merged.net,
            steps: merged.steps,
            unit_runs: merged.unit_runs,
            taxes,
            points_paid: merged.points_paid,
            points_earned: merged.points_earned,
        };
    }
    merged
}

/// Writes the request lines that were merged with others.
fn write_requests(
    ground: &Ground<'_>,
    state: &State,
    record: &Record,
    parts: &Parts,
    work: &mut RowWork,
    quote: &mut Quote,
) {
    work.shares.clear();
    work.shares.extend(record.shares.iter().enumerate().map(|(at, share)| (share.request, at as u32)));
    work.shares.sort_unstable();
    for line in (0..ground.lines.len()).filter(|&line| ground.lines[line].members_len > 1) {
        write_members(ground, state, record, parts, work, quote, line);
    }
}
