//! Lines of a quote: the request's with their shares, the merged ones, and gifts that were added.

use suanpan_domain::Quote;
use suanpan_domain::quote::{LineTaxAmount, Span, Step, UnitRun};

use super::offer::{self, Given};
use super::{Priced, line_tax};
use crate::v1;

/// The request's lines, then the gifts.
pub(super) fn lines(priced: &Priced<'_>, given: &Given) -> Vec<v1::QuoteLine> {
    let quote = priced.quote;
    let mut lines = Vec::with_capacity(quote.lines.len() + quote.gifts.len());
    for line in &quote.lines {
        let request = &priced.basket.lines[line.line as usize];
        let merged = &quote.merged_lines[line.merged as usize];
        lines.push(v1::QuoteLine {
            id: request.id.as_str().to_owned(),
            merged_id: priced.basket.lines[merged.first_line as usize].id.as_str().to_owned(),
            sku: request.sku.as_str().to_owned(),
            quantity_milli: line.quantity.milli(),
            gross_minor: line.gross.minor(),
            net_minor: line.net.minor(),
            steps: steps(priced, given, line.steps),
            unit_runs: unit_runs(quote, line.unit_runs),
            taxes: taxes(priced, line.taxes),
            points_paid_minor: line.points_paid.minor(),
            points_earned: line.points_earned,
            list_value_minor: 0,
            not_in_catalogue: priced.not_in_catalogue.binary_search(&line.line).is_ok(),
            line_count: 0,
        });
    }
    for gift in &quote.gifts {
        lines.push(v1::QuoteLine {
            id: offer::gift_line_id(priced, gift),
            sku: priced.names.gift_sku(gift.offer, gift.choice).to_owned(),
            quantity_milli: suanpan_domain::Quantity::from_units(gift.units).milli(),
            list_value_minor: gift.list_value.minor(),
            ..v1::QuoteLine::default()
        });
    }
    lines
}

/// The lines as they were priced.
pub(super) fn merged_lines(priced: &Priced<'_>, given: &Given) -> Vec<v1::QuoteLine> {
    let quote = priced.quote;
    let message = |line: &suanpan_domain::quote::MergedLine| {
        let first = &priced.basket.lines[line.first_line as usize];
        v1::QuoteLine {
            id: first.id.as_str().to_owned(),
            merged_id: String::new(),
            sku: first.sku.as_str().to_owned(),
            quantity_milli: line.quantity.milli(),
            gross_minor: line.gross.minor(),
            net_minor: line.net.minor(),
            steps: steps(priced, given, line.steps),
            unit_runs: unit_runs(quote, line.unit_runs),
            taxes: taxes(priced, line.taxes),
            points_paid_minor: line.points_paid.minor(),
            points_earned: line.points_earned,
            list_value_minor: 0,
            not_in_catalogue: false,
            line_count: line.line_count.cast_signed(),
        }
    };
    quote.merged_lines.iter().map(message).collect()
}

fn steps(priced: &Priced<'_>, given: &Given, span: Span) -> Vec<v1::Step> {
    let message = |step: &Step| v1::Step {
        sequence: step.sequence.cast_signed(),
        offer: offer::id(priced, step.offer).to_owned(),
        rule_version: String::new(),
        method: offer::method(priced, step.offer).into(),
        amount_minor: step.amount.minor(),
        running_minor: step.running.minor(),
        prorated_from_minor: step.prorated.then(|| given.by(step.offer)),
    };
    span.of(&priced.quote.steps).iter().map(message).collect()
}

fn unit_runs(quote: &Quote, span: Span) -> Vec<v1::UnitRun> {
    let message = |run: &UnitRun| v1::UnitRun {
        units: run.units,
        net_minor: run.net.minor(),
        tax_minor: run.tax.minor(),
        points_paid_minor: run.points_paid.minor(),
        points_earned: run.points_earned,
    };
    span.of(&quote.unit_runs).iter().map(message).collect()
}

fn taxes(priced: &Priced<'_>, span: Span) -> Vec<v1::TaxAmount> {
    let message = |amount: &LineTaxAmount| {
        let total = &priced.quote.taxes[amount.tax as usize];
        v1::TaxAmount {
            id: line_tax(priced.basket, total).map(|tax| tax.id.clone()).unwrap_or_default(),
            rate_ppm: total.rate.ppm(),
            included: total.included,
            tax_minor: amount.amount.minor(),
        }
    };
    span.of(&priced.quote.line_taxes).iter().map(message).collect()
}
