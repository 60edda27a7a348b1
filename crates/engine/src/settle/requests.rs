//! The share of a request line in a merged line of several (docs/pricing.md, rules 45 and 46).

use suanpan_domain::quote::{LineTaxAmount, QuoteLine, Span, Step};
use suanpan_domain::{Money, OfferRef, Quote};
use suanpan_program::model::UnitSplit;

use super::Parts;
use super::divide::{Receiver, largest_remainder};
use super::lines::RowWork;
use super::units::{self, Shares, push_level, push_own, push_positions};
use crate::ground::Ground;
use crate::record::Record;
use crate::state::State;

/// A request line of a merged line of several.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Request {
    line: u32,
    units: i64,
    net: i64,
    tax: i64,
    points_paid: i64,
    points_earned: i64,
}

/// Divides a merged line between its request lines.
pub(super) fn write_members(
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
