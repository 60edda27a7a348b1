//! What no quote may ever do, checked on every case whatever it expects.

use suanpan_domain::quote::{Step, UnitRun};
use suanpan_domain::{Money, OfferRef};

use super::compare::{Answer, Mismatch};

struct Broken<'a> {
    answer: &'a Answer<'a>,
    found: Vec<Mismatch>,
}

/// The rules that the quote breaks.
pub(super) fn broken(answer: &Answer<'_>) -> Vec<Mismatch> {
    let mut broken = Broken { answer, found: Vec::new() };
    broken.lines();
    broken.sums();
    broken.found
}

impl Broken<'_> {
    fn equal(&mut self, field: impl Into<String>, expected: Money, got: Money) {
        if expected != got {
            let (expected, got) = (self.answer.money(expected), self.answer.money(got));
            self.found.push(Mismatch { field: field.into(), expected, got });
        }
    }

    fn lines(&mut self) {
        let quote = self.answer.quote;
        for (index, line) in quote.lines.iter().enumerate() {
            let name = format!("always: line {}", self.answer.line_id(line.line));
            if line.line as usize != index {
                let got = format!("request line {}", line.line);
                self.found.push(Mismatch {
                    field: name.clone(),
                    expected: format!("request line {index}"),
                    got,
                });
            }
            let (low, high) = (line.gross.min(Money::ZERO), line.gross.max(Money::ZERO));
            if line.net < low || line.net > high {
                let expected = format!("net within {}..{}", self.answer.money(low), self.answer.money(high));
                let got = self.answer.money(line.net);
                self.found.push(Mismatch { field: name.clone(), expected, got });
            }
            let taken = self.taken(line.steps.of(&quote.steps));
            self.equal(format!("{name} gross less steps"), line.net, line.gross - taken);
        }
        for merged in &quote.merged_lines {
            let name = format!("always: merged line {}", self.answer.line_id(merged.first_line));
            let taken = self.taken(merged.steps.of(&quote.steps));
            self.equal(format!("{name} gross less steps"), merged.net, merged.gross - taken);
            let runs = merged.unit_runs.of(&quote.unit_runs);
            let total = |of: fn(&UnitRun) -> Money| {
                runs.iter().map(|run| Money::from_minor(run.units * of(run).minor())).sum::<Money>()
            };
            self.equal(format!("{name} sum of units"), merged.net, total(|run| run.net));
            let tax = merged.taxes.of(&quote.line_taxes).iter().map(|tax| tax.amount).sum();
            self.equal(format!("{name} tax of units"), tax, total(|run| run.tax));
            self.equal(format!("{name} points of units"), merged.points_paid, total(|run| run.points_paid));
        }
    }

    /// What the steps of a line took off; a tender takes nothing off.
    fn taken(&self, steps: &[Step]) -> Money {
        let tender = |offer: OfferRef| self.answer.book.get(offer).is_some_and(|entry| entry.tender);
        steps.iter().filter(|step| !tender(step.offer)).map(|step| step.amount).sum()
    }

    fn sums(&mut self) {
        let quote = self.answer.quote;
        let totals = quote.totals;
        let of_lines = |of: fn(&suanpan_domain::quote::QuoteLine) -> Money| quote.lines.iter().map(of).sum();
        self.equal("always: sum of gross", of_lines(|line| line.gross), totals.gross);
        self.equal("always: sum of nets", of_lines(|line| line.net), totals.net);
        self.equal("always: gross less discount", totals.gross - totals.discount, totals.net);
        let tax: Money = quote.taxes.iter().map(|tax| tax.amount).sum();
        self.equal("always: sum of taxes", tax, totals.tax_included + totals.tax_added);
        let due = totals.net + totals.tax_added - totals.reimbursed - totals.points_tender;
        self.equal("always: due", due, totals.due);
        let mut offers: Vec<OfferRef> = quote.offers.iter().map(|outcome| outcome.offer).collect();
        offers.sort_unstable();
        offers.dedup();
        for offer in offers {
            let given = quote.offers.iter().filter(|row| row.offer == offer).map(|row| row.amount).sum();
            let steps = |line: &suanpan_domain::quote::QuoteLine| line.steps.of(&quote.steps).to_vec();
            let shares: Money = quote
                .lines
                .iter()
                .flat_map(steps)
                .filter(|step| step.offer == offer)
                .map(|step| step.amount)
                .sum();
            self.equal(format!("always: shares of {}", self.answer.offer(offer)), given, shares);
        }
    }
}
