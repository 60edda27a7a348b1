//! Sums of the basket, and that they agree (docs/pricing.md, rule 51).

use suanpan_domain::quote::Totals;
use suanpan_domain::{Money, Quote, divide};

use super::Parts;
use crate::ground::Ground;
use crate::state::State;

/// Computes the totals by one route and asserts them by another.
pub(super) fn totals(
    ground: &Ground<'_>,
    state: &State,
    parts: &Parts,
    taxes: (i64, i64),
    quote: &Quote,
) -> Totals {
    let gross: i64 = ground.lines.iter().map(|facts| facts.gross).sum();
    let net: i64 = quote.merged_lines.iter().map(|line| line.net.minor()).sum();
    let reimbursed: i64 = state.reserved.iter().sum();
    let points_tender = if parts.paid.as_discount { 0 } else { quote.points.value.minor() };
    let (tax_included, tax_added) = taxes;
    let due = net + tax_added - reimbursed - points_tender;
    let due_cash = match &ground.compiled.program.cash_rounding {
        Some(coins) if coins.to.minor() > 1 => {
            divide(due, coins.to.minor(), coins.rounding) * coins.to.minor()
        }
        _ => due,
    };

    let (mut gross_of_lines, mut net_of_lines, mut paid_of_lines) = (0, 0, 0);
    for line in &quote.lines {
        gross_of_lines += line.gross.minor();
        net_of_lines += line.net.minor();
        paid_of_lines += line.points_paid.minor();
    }
    assert_eq!(gross_of_lines, gross, "request lines share the gross of merged lines");
    assert_eq!(net_of_lines, net, "request lines share the net of merged lines");
    assert_eq!(paid_of_lines, points_tender, "lines share what points pay");

    Totals {
        gross: Money::from_minor(gross),
        discount: Money::from_minor(gross - net),
        net: Money::from_minor(net),
        tax_included: Money::from_minor(tax_included),
        tax_added: Money::from_minor(tax_added),
        reimbursed: Money::from_minor(reimbursed),
        points_tender: Money::from_minor(points_tender),
        due: Money::from_minor(due),
        due_cash: Money::from_minor(due_cash),
        discount_cut: Money::from_minor(state.guard_cut),
    }
}
