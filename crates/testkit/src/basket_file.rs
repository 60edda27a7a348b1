//! Baskets in the short form that people write in case files: decimal major units, few keys, everything else default.
//!
//! The form is explained in `docs/cases.md`.

mod line;
mod member;
mod request;
mod write;

use suanpan_domain::{Basket, Currency, Member, Money, Usage};
use suanpan_program::model::Program;
use suanpan_program::model::TaxBasis;

use crate::cases::Problem;
use crate::cases::fields::Fields;
use crate::cases::node::{self, Node};

pub use write::write;

/// A basket with what is known of its buyer and of the chain's counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The basket.
    pub basket: Basket,
    /// The buyer; none for a guest.
    pub member: Option<Member>,
    /// Chain-wide counters; none when nothing is known of them.
    pub usage: Option<Usage>,
}

/// Reads a basket for a program, whose id, currency and price mode are the defaults.
///
/// # Errors
/// Every problem of the text at once.
pub fn parse(text: &str, program: &Program) -> Result<Presented, Vec<Problem>> {
    read(&node::read(text).map_err(|problem| vec![problem])?, program)
}

/// What the reading of a basket carries along.
pub(crate) struct Reading<'a> {
    program: &'a Program,
    currency: Currency,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn tax_included(&self) -> bool {
        self.program.price_mode == TaxBasis::Included
    }

    fn money(&mut self, fields: Fields<'_>, key: &str) -> Option<Money> {
        let currency = self.currency;
        fields.parsed(key, &format!("an amount in {}", currency.code()), &mut self.problems, |text| {
            Money::parse(text, currency).ok()
        })
    }

    /// Takes a checked value, or says what is wrong with it.
    fn checked<T, E: std::fmt::Display>(&mut self, line: usize, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.problems.push(Problem::new(line, error.to_string()))).ok()
    }
}

/// The keys of a basket.
const KEYS: &[&str] = &[
    "chain",
    "store",
    "till",
    "channel",
    "currency",
    "time",
    "lines",
    "codes",
    "paper",
    "manual",
    "gifts",
    "payment",
    "points",
    "member",
    "unknown_member",
    "exchange_of",
    "usage",
];

/// Reads a basket from a node.
pub(crate) fn read(node: &Node, program: &Program) -> Result<Presented, Vec<Problem>> {
    let mut reading = Reading { program, currency: program.currency, problems: Vec::new() };
    let presented = presented(node, &mut reading);
    match presented {
        Some(presented) if reading.problems.is_empty() => Ok(presented),
        _ => Err(reading.problems),
    }
}

fn presented(node: &Node, reading: &mut Reading<'_>) -> Option<Presented> {
    let fields = Fields::of(node, KEYS, &mut reading.problems)?;
    if let Some(currency) =
        fields.parsed("currency", "a currency", &mut reading.problems, Currency::from_code)
    {
        reading.currency = currency;
    }
    let basket = request::basket(fields, reading)?;
    let member = fields.get("member").and_then(|node| member::member(node, reading));
    let usage = fields.get("usage").map(|node| member::usage(node, reading));
    Some(Presented { basket, member, usage })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        let text = "program: shop\ncurrency: EUR\n";
        let file = suanpan_program::SourceFile::new("program.yaml", text);
        suanpan_program::parse(&[file]).expect("the program is well formed").program
    }

    #[test]
    fn a_basket_survives_writing_and_reading() {
        let text = r#"
store: s1
channel: pos
time: 2026-11-18T19:30+08:00
payment: card
codes: [A, B]
paper: [{ code: P, line: L1, value: 0.50 }]
manual:
  - { id: m1, line: L1, percent: 10%, reason: damaged, authority: lead }
  - { id: m2, amount: 1.00, reason: kind, authority: lead }
gifts: { offer-1: [g1, g2] }
points: { use: 100, conflict: lowest_due }
lines:
  - { sku: A, price: 10.00, qty: 3, category: a/b, brand: x, tags: [t, u], tax: 20% }
  - { id: X, sku: B, price: 1.859, qty: 43.21, weighed: true, tax: [vat 10% added, 5% included] }
  - { sku: C, total: 5.00, qty: 3, overridden: true, legal_minimum: 1.00 }
  - { sku: D, price: 0.25, qty: -4, kind: deposit, no_discount: true }
member: { id: m, tier: gold, points: 500, birthday: 02-29, first_purchase: unknown, enrolled: 2026-01-05, segments: [s],
  coupons: [{ id: c1, campaign: w, expires: 2026-12-01T00:00+08:00 }], counters: { o: 2 }, version: 7 }
usage: { o: { used: 3, given: 12.50 } }
"#;
        let program = program();
        let read = parse(text, &program).unwrap();
        assert_eq!(read.basket.lines.len(), 4);
        assert_eq!(read.basket.lines[0].id.as_str(), "L1");
        let written = write(&read, &program);
        assert_eq!(parse(&written, &program).unwrap(), read, "{written}");
    }

    #[test]
    fn every_problem_is_said_with_its_line() {
        let text = "colour: red\ntime: soon\nlines:\n  - { sku: A, price: 1.0000000001 }\n  - { price: x }\n  - {}\n";
        let problems = parse(text, &program()).unwrap_err();
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 4, 5, 5, 6, 6], "{problems:?}");
    }
}
