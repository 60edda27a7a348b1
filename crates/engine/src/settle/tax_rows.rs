//! Rows of taxes in the quote.

use suanpan_domain::quote::{LineTaxAmount, Span, TaxTotal};
use suanpan_domain::{Money, Quote, Rate};

use super::tax::TaxAmounts;
use super::tax_sets::Taxes;

impl TaxAmounts {
    /// Fills the basket's taxes and gives the sums of included and added tax.
    pub(super) fn push_totals(&mut self, taxes: &Taxes, quote: &mut Quote) -> (i64, i64) {
        let mut sums = (0, 0);
        self.names.clear();
        for (place, tax) in taxes.table.iter().enumerate() {
            self.names.push(quote.taxes.len() as u32);
            let amount = self.amounts[place];
            if !self.used[place] {
                continue;
            }
            *(if tax.included { &mut sums.0 } else { &mut sums.1 }) += amount;
            quote.taxes.push(TaxTotal {
                line: tax.line,
                tax_index: tax.place,
                rate: Rate::from_ppm(tax.rate_ppm).unwrap_or_default(),
                included: tax.included,
                base: Money::from_minor(self.bases[place]),
                amount: Money::from_minor(amount),
            });
        }
        sums
    }

    /// Pushes the taxes of a line, after the basket's.
    pub(super) fn push_line(&mut self, taxes: &Taxes, line: usize, out: &mut Vec<LineTaxAmount>) -> Span {
        let start = out.len();
        let range = self.starts[line] as usize..self.starts[line + 1] as usize;
        for part in &self.parts[range.clone()] {
            let rows = part.rows as usize;
            out.extend(taxes.of_set(part.set as usize).iter().zip(&self.rows[rows..]).map(
                |(&tax, &amount)| LineTaxAmount {
                    tax: self.names[tax as usize],
                    amount: Money::from_minor(amount),
                },
            ));
        }
        if range.len() > 1 {
            out[start..].sort_by_key(|row| row.tax);
            let mut kept = start;
            for row in start + 1..out.len() {
                if out[row].tax == out[kept].tax {
                    let amount = out[row].amount;
                    out[kept].amount += amount;
                } else {
                    kept += 1;
                    out[kept] = out[row];
                }
            }
            out.truncate((kept + 1).min(out.len()));
        }
        Span { start: start as u32, len: (out.len() - start) as u32 }
    }
}
