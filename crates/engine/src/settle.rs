//! From the executed choice to the quote: lines, units, taxes, points, totals (docs/pricing.md, section 7).
//!
//! What a plain basket does not have costs it nothing here: without taxes and points there are only the steps, the
//! nets and the units to write.

mod beside;
mod divide;
mod earn;
mod lines;
mod points;
mod requests;
mod selects;
mod tax;
mod tax_added;
mod tax_bases;
mod tax_groups;
mod tax_rates;
mod tax_rows;
mod tax_sets;
mod totals;
mod units;

use suanpan_domain::{Member, Quote, divide_i128};

use crate::ground::Ground;
use crate::record::Record;
use crate::select::Selected;
use crate::state::State;

pub(crate) use tax_added::TaxWork;
pub(crate) use tax_sets::Taxes;

/// Reusable memory of settling.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    parts: Parts,
    rows: lines::RowWork,
    /// The state after points that lower nets.
    lowered: State,
}

/// What is divided between lines.
#[derive(Debug, Default)]
struct Parts {
    tax: tax::TaxAmounts,
    paid: points::Paid,
    earned: earn::Earned,
}

impl Settling {
    /// Extra points that each candidate gave; empty when nobody gave any.
    pub(crate) fn offer_points(&self) -> &[i64] {
        &self.parts.earned.by_candidate
    }

    /// After a choice was settled: takes the points offers without which the basket earns as much out of the question.
    /// Gives whether there are any.
    pub(crate) fn drop_what_earns_nothing(
        &mut self,
        ground: &Ground<'_>,
        member: Option<&Member>,
        state: &State,
        selected: &mut Selected,
    ) -> bool {
        let Self { parts: Parts { paid, earned, .. }, lowered, .. } = self;
        let nets = if paid.as_discount { &lowered.running } else { &state.running };
        let sale = earn::Sale { ground, member, state, nets, paid };
        earned.name_those_that_give_none(&sale, |candidate| selected.drop_for_no_points(candidate))
    }
}

/// Fills the quote with everything but the account of the offers.
pub(crate) fn settle(
    ground: &Ground<'_>,
    member: Option<&Member>,
    state: &State,
    record: &Record,
    selected: &Selected,
    settling: &mut Settling,
    quote: &mut Quote,
) {
    let Settling { parts, lowered, .. } = settling;
    if ground.taxes.any {
        parts.tax.compute(ground, &state.running, true);
    }
    pay_with_points(ground, member, state, selected, parts, lowered, quote);
    let nets = if parts.paid.as_discount { &lowered.running } else { &state.running };
    let Parts { paid, earned, .. } = parts;
    quote.points.earned = earned.compute(&earn::Sale { ground, member, state, nets, paid });

    quote.taxes.clear();
    let taxes = if ground.taxes.any { parts.tax.push_totals(ground.taxes, quote) } else { (0, 0) };
    lines::write(ground, state, record, settling, quote);
    beside::fill(ground, member, state, record, quote);
    quote.totals = totals::totals(ground, state, &settling.parts, taxes, quote);
    quote.snapshot_version = member.map_or(0, |member| member.version);
    quote.selection = selected.outcome;
    quote.nodes_searched = selected.nodes;
}

fn pay_with_points(
    ground: &Ground<'_>,
    member: Option<&Member>,
    state: &State,
    selected: &Selected,
    parts: &mut Parts,
    lowered: &mut State,
    quote: &mut Quote,
) {
    let Parts { tax, paid, .. } = parts;
    let added = |line: usize| if ground.taxes.has_added { tax.added_of(ground.taxes, line) } else { 0 };
    let bill = points::Bill { ground, state, added };
    let outcome = bill.outcome(member);
    quote.points = if selected.points_blocked {
        points::yielded(outcome, selected.given_up)
    } else {
        suanpan_domain::quote::PointsOutcome { given_up: selected.given_up, ..outcome }
    };
    bill.pay(quote.points.value.minor(), paid, |line, share| net_fall(ground, state, tax, line, share));
    if !paid.as_discount {
        return;
    }
    lowered.copy_from(state);
    for (line, &fall) in paid.net_falls.iter().enumerate().filter(|(_, fall)| **fall > 0) {
        let before = lowered.running[line];
        lowered.running[line] = before - fall;
        lowered.units.rescale(line, before, before - fall);
    }
    if ground.taxes.any {
        tax.lower(ground, &lowered.running, &paid.tax_falls);
    }
}

/// By how much the net of a line falls when points pay a share of it and of its added tax.
fn net_fall(ground: &Ground<'_>, state: &State, tax: &tax::TaxAmounts, line: usize, share: i64) -> i64 {
    if !ground.taxes.has_added {
        return share;
    }
    let (part, whole) = if tax.is_mixed(ground, line) {
        let net = state.running[line];
        (net, net + tax.added_of(ground.taxes, line))
    } else {
        (1_000_000, 1_000_000 + ground.tax_rates[line].added_ppm)
    };
    let exact = i128::from(share) * i128::from(part);
    divide_i128(exact, i128::from(whole.max(1)), suanpan_domain::Rounding::HalfUp) as i64
}

/// The added tax of a state, for the search's objective.
#[inline]
pub(crate) fn added_tax(ground: &Ground<'_>, state: &State, work: &mut TaxWork) -> i64 {
    if ground.taxes.has_added { tax_added::added_tax(ground, &state.running, work) } else { 0 }
}

/// The most that points could pay in this state, as the request wants them; 0 for guests.
pub(crate) fn points_value_at_most(
    ground: &Ground<'_>,
    member: Option<&Member>,
    state: &State,
    work: &mut TaxWork,
) -> i64 {
    let tax = &mut work.amounts;
    if ground.taxes.has_added {
        tax.compute(ground, &state.running, true);
    }
    let added = |line: usize| if ground.taxes.has_added { tax.added_of(ground.taxes, line) } else { 0 };
    points::Bill { ground, state, added }.outcome(member).value.minor()
}
