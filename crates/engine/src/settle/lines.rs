//! The rows of merged lines and of request lines.

use suanpan_domain::quote::{LineTaxAmount, MergedLine, QuoteLine, Span, Step};
use suanpan_domain::{Money, OfferRef, Quantity, Quote};
use suanpan_program::model::UnitSplit;

use super::divide::{Receiver, Remainders, largest_remainder};
use super::units::{self, Shares, UnitWork, push_level, push_own, push_positions};
use super::{Parts, Settling};
use crate::ground::Ground;
use crate::record::Record;
use crate::state::{Run, State};

/// Working memory of rows.
#[derive(Debug, Default)]
pub(super) struct RowWork {
    /// By merged line: where its steps stand and what it costs after those that are written.
    rows: Vec<Row>,
    units: UnitWork,
    /// Shares of request lines in the order of requests, then of execution.
    shares: Vec<(u32, u32)>,
    runs: Vec<Run>,
    receivers: Vec<Receiver>,
    remainders: Remainders,
    requests: Vec<Request>,
    taxes: Vec<LineTaxAmount>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    start: u32,
    next: u32,
    running: i64,
}

/// A request line of a merged line of several.
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    line: u32,
    units: i64,
    net: i64,
    tax: i64,
    points_paid: i64,
    points_earned: i64,
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
    write_merged(ground, state, parts, work, quote);
    write_requests(ground, state, record, parts, work, quote);
}

/// Writes the steps of merged lines, line after line, each in the order of execution.
fn write_steps(ground: &Ground<'_>, record: &Record, parts: &Parts, work: &mut RowWork, quote: &mut Quote) {
    let rows = &mut work.rows;
    rows.clear();
    rows.extend(ground.lines.iter().map(|facts| Row { start: 0, next: 0, running: facts.gross }));
    for take in &record.takes {
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
    for take in &record.takes {
        let candidate = &ground.candidates[take.candidate as usize];
        let row = &mut rows[take.line as usize];
        row.running -= if candidate.tender { 0 } else { take.amount };
        quote.steps[row.next as usize] = Step {
            sequence: row.next - row.start + 1,
            offer: candidate.source,
            amount: Money::from_minor(take.amount),
            running: Money::from_minor(row.running),
            prorated: take.prorated,
        };
        row.next += 1;
    }
    let prorated = falls.iter().filter(|fall| **fall > 0).count() > 1;
    for (row, &fall) in rows.iter_mut().zip(falls).filter(|(_, fall)| **fall > 0) {
        row.running -= fall;
        quote.steps[row.next as usize] = Step {
            sequence: row.next - row.start + 1,
            offer: OfferRef::Points,
            amount: Money::from_minor(fall),
            running: Money::from_minor(row.running),
            prorated,
        };
        row.next += 1;
    }
}

fn write_merged(
    ground: &Ground<'_>,
    state: &State,
    parts: &mut Parts,
    work: &mut RowWork,
    quote: &mut Quote,
) {
    let rewarded = ground.compiled.program.unit_split == UnitSplit::Rewarded;
    quote.merged_lines.clear();
    quote.unit_runs.clear();
    quote.line_taxes.clear();
    for (line, facts) in ground.lines.iter().enumerate() {
        let row = work.rows[line];
        let net = state.running[line];
        assert_eq!(row.running, net, "the steps of a line lead to its net");
        let mut shares = Shares::default();
        let mut taxes = Span::default();
        if ground.taxes.any {
            shares.tax = parts.tax.of_line(line);
            taxes = parts.tax.push_line(ground.taxes, line, &mut quote.line_taxes);
        }
        shares.points_paid = parts.paid.tender(line);
        shares.points_earned = parts.earned.by_line.get(line).copied().unwrap_or(0);
        let units = units::returned_units(facts);
        let unit_runs = if rewarded && facts.units > 1 {
            work.units.units.clear();
            state.units.push_runs(line, facts.units, net, &mut work.units.units);
            units::cheapest_first(&mut work.units.units);
            push_own(shares, &mut work.units, &mut quote.unit_runs)
        } else {
            push_level(net, units, shares, &mut work.units, &mut quote.unit_runs)
        };
        quote.merged_lines.push(MergedLine {
            first_line: facts.first,
            line_count: facts.members_len,
            quantity: Quantity::from_milli(facts.quantity_milli),
            units,
            gross: Money::from_minor(facts.gross),
            net: Money::from_minor(net),
            steps: Span { start: row.start, len: row.next - row.start },
            unit_runs,
            taxes,
            points_paid: Money::from_minor(shares.points_paid),
            points_earned: shares.points_earned,
        });
    }
}

fn write_requests(
    ground: &Ground<'_>,
    state: &State,
    record: &Record,
    parts: &Parts,
    work: &mut RowWork,
    quote: &mut Quote,
) {
    // Each request line belongs to one merged line, so every row is written.
    quote.lines.resize(ground.basket.lines.len(), QuoteLine::default());
    let any_merged = ground.lines.len() < ground.basket.lines.len();
    if any_merged {
        work.shares.clear();
        work.shares.extend(record.shares.iter().enumerate().map(|(at, share)| (share.request, at as u32)));
        work.shares.sort_unstable();
    }
    for (line, facts) in ground.lines.iter().enumerate() {
        if facts.members_len > 1 {
            write_members(ground, state, record, parts, work, quote, line);
            continue;
        }
        // A request line that is priced by itself shares the rows of its merged line.
        let merged = &quote.merged_lines[line];
        quote.lines[facts.first as usize] = QuoteLine {
            line: facts.first,
            merged: line as u32,
            quantity: merged.quantity,
            gross: merged.gross,
            net: merged.net,
            steps: merged.steps,
            unit_runs: merged.unit_runs,
            taxes: merged.taxes,
            points_paid: merged.points_paid,
            points_earned: merged.points_earned,
        };
    }
}

/// Divides a merged line between its request lines.
fn write_members(
    ground: &Ground<'_>,
    state: &State,
    record: &Record,
    parts: &Parts,
    work: &mut RowWork,
    quote: &mut Quote,
    line: usize,
) {
    let facts = &ground.lines[line];
    let merged = quote.merged_lines[line];
    let members = &ground.merged.members[facts.members_start as usize..][..facts.members_len as usize];
    let rewarded = ground.compiled.program.unit_split == UnitSplit::Rewarded;
    work.runs.clear();
    state.units.push_runs(line, facts.units, state.running[line], &mut work.runs);

    work.requests.clear();
    let mut skip = 0;
    for &request in members {
        let units = units::units_of(ground.basket, request);
        work.units.units.clear();
        push_positions(&work.runs, skip, units, &mut work.units.units);
        skip += units;
        let net = work.units.units.iter().map(|run| run.count * run.amount).sum();
        work.requests.push(Request { line: request, units, net, ..Request::default() });
    }
    divide(work, merged.points_paid.minor(), |request, share| request.points_paid = share);
    divide(work, merged.points_earned, |request, share| request.points_earned = share);
    let tax_count = merged.taxes.len as usize;
    work.taxes.clear();
    for tax in merged.taxes.start as usize..merged.taxes.start as usize + tax_count {
        let LineTaxAmount { tax, amount } = quote.line_taxes[tax];
        let RowWork { taxes, .. } = work;
        let mut taxes = std::mem::take(taxes);
        divide(work, amount.minor(), |request, share| {
            request.tax += share;
            taxes.push(LineTaxAmount { tax, amount: Money::from_minor(share) });
        });
        work.taxes = taxes;
    }

    skip = 0;
    for place in 0..work.requests.len() {
        let request = work.requests[place];
        let start = quote.line_taxes.len() as u32;
        // Shares stand tax after tax, request after request.
        let own = work.taxes.iter().skip(place).step_by(work.requests.len());
        quote.line_taxes.extend(own);
        let taxes = Span { start, len: tax_count as u32 };
        let shares = Shares {
            tax: request.tax,
            points_paid: request.points_paid,
            points_earned: request.points_earned,
        };
        let unit_runs = if rewarded {
            work.units.units.clear();
            push_positions(&work.runs, skip, request.units, &mut work.units.units);
            units::cheapest_first(&mut work.units.units);
            push_own(shares, &mut work.units, &mut quote.unit_runs)
        } else {
            push_level(request.net, request.units, shares, &mut work.units, &mut quote.unit_runs)
        };
        skip += request.units;
        let gross = record.request_gross[request.line as usize];
        let steps = push_shares(ground, record, parts, work, quote, &request, gross);
        quote.lines[request.line as usize] = QuoteLine {
            line: request.line,
            merged: line as u32,
            quantity: ground.basket.lines[request.line as usize].quantity,
            gross: Money::from_minor(gross),
            net: Money::from_minor(request.net),
            steps,
            unit_runs,
            taxes,
            points_paid: Money::from_minor(request.points_paid),
            points_earned: request.points_earned,
        };
    }
}

/// Divides an amount between the request lines at hand, by their nets; by units when all are zero.
fn divide(work: &mut RowWork, amount: i64, mut set: impl FnMut(&mut Request, i64)) {
    let RowWork { requests, receivers, remainders, .. } = work;
    receivers.clear();
    let all_zero = requests.iter().all(|request| request.net == 0);
    receivers.extend(
        requests
            .iter()
            .map(|request| Receiver::new(1, i128::from(if all_zero { request.units } else { request.net }))),
    );
    largest_remainder(amount, receivers, remainders);
    for (request, share) in requests.iter_mut().zip(receivers.iter()) {
        set(request, share.total());
    }
}

/// Pushes the steps of a request line.
fn push_shares(
    ground: &Ground<'_>,
    record: &Record,
    parts: &Parts,
    work: &RowWork,
    quote: &mut Quote,
    request: &Request,
    gross: i64,
) -> Span {
    let start = quote.steps.len() as u32;
    let first = work.shares.partition_point(|(line, _)| *line < request.line);
    let mut running = gross;
    let own = work.shares[first..].iter().take_while(|(line, _)| *line == request.line);
    let shares = own.map(|(_, at)| &record.shares[*at as usize]);
    let mut push = |offer, amount: i64, tender: bool, prorated| {
        running -= if tender { 0 } else { amount };
        quote.steps.push(Step {
            sequence: quote.steps.len() as u32 - start + 1,
            offer,
            amount: Money::from_minor(amount),
            running: Money::from_minor(running),
            prorated,
        });
    };
    for share in shares {
        let candidate = &ground.candidates[share.candidate as usize];
        push(candidate.source, share.amount, candidate.tender, share.prorated);
    }
    let before_points = running;
    if parts.paid.as_discount && before_points > request.net {
        let fall = before_points - request.net;
        let prorated = true;
        running -= fall;
        quote.steps.push(Step {
            sequence: quote.steps.len() as u32 - start + 1,
            offer: OfferRef::Points,
            amount: Money::from_minor(fall),
            running: Money::from_minor(running),
            prorated,
        });
    }
    assert_eq!(running, request.net, "the steps of a request line lead to its net");
    Span { start, len: quote.steps.len() as u32 - start }
}
