//! A quote as a few plain lines, shown beside a case that failed.

use std::fmt::Write;

use suanpan_domain::{LinePrice, Reason};

use super::compare::Answer;

/// Lines, steps, offers and totals of a quote, in the names that cases use.
#[must_use]
pub fn receipt(answer: &Answer<'_>) -> String {
    let mut out = String::new();
    let quote = answer.quote;
    for line in &quote.lines {
        let Some(request) = answer.basket.lines.get(line.line as usize) else { continue };
        let price = match request.price {
            LinePrice::Unit(price) => {
                let minor = price.micro() / suanpan_domain::UnitPrice::MICRO_PER_MINOR;
                format!("{} x {}", line.quantity, answer.money(suanpan_domain::Money::from_minor(minor)))
            }
            LinePrice::Total(_) => format!("{} for", line.quantity),
        };
        let name = format!("{} {}", request.id, request.sku);
        let _ = writeln!(out, "  {name:<24} {price:>18} {:>12}", answer.money(line.gross));
        for step in line.steps.of(&quote.steps) {
            let _ = writeln!(
                out,
                "    {:<30} {:>10} {:>12}",
                answer.offer(step.offer),
                format!("-{}", answer.money(step.amount)),
                answer.money(step.running)
            );
        }
    }
    for outcome in &quote.offers {
        let state = if outcome.applied { answer.money(outcome.amount) } else { "-".to_owned() };
        let reason = outcome.reason.map_or("", Reason::name);
        let winner = outcome.winner.map(|winner| format!(" {}", answer.offer(winner))).unwrap_or_default();
        let _ = writeln!(out, "  {:<24} {state:>12} {reason}{winner}", answer.offer(outcome.offer));
    }
    let totals = quote.totals;
    let _ = writeln!(
        out,
        "  gross {} net {} tax {} + {} due {} used {} earned {}",
        answer.money(totals.gross),
        answer.money(totals.net),
        answer.money(totals.tax_included),
        answer.money(totals.tax_added),
        answer.money(totals.due),
        quote.points.used,
        quote.points.earned
    );
    out
}
