//! Taxes of lines (rule 47).

use std::collections::{BTreeMap, BTreeSet};

use suanpan_domain::{LineKind, LineTax, Rounding};
use suanpan_program::model::{Program, ShippingTax, TaxBase, TaxScope};

use super::arithmetic::{MILLION, largest_remainder, rounded, share};
use super::lines::{Merged, sorted_taxes};

/// A part of a line that is taxed by one set of taxes.
struct Part {
    line: usize,
    taxes: Vec<LineTax>,
    gross: i64,
    net: i64,
}

impl Part {
    fn included(&self) -> Vec<LineTax> {
        self.taxes.iter().filter(|tax| tax.included).cloned().collect()
    }
}

/// The taxes of each line, by tax.
pub(super) fn taxes(program: &Program, lines: &[Merged<'_>], nets: &[i64]) -> Vec<BTreeMap<LineTax, i64>> {
    taxes_mixed_by(program, lines, nets, nets)
}

/// The same, with shipping taxed by the mix of other nets: those before points.
pub(super) fn taxes_mixed_by(
    program: &Program,
    lines: &[Merged<'_>],
    nets: &[i64],
    mix: &[i64],
) -> Vec<BTreeMap<LineTax, i64>> {
    let mut of_lines: Vec<BTreeMap<LineTax, i64>> =
        lines.iter().map(|line| line.line.taxes.iter().map(|tax| (tax.clone(), 0)).collect()).collect();
    let parts = parts(program, lines, nets, mix);
    let mut book = |part: &Part, tax: &LineTax, amount: i64| {
        *of_lines[part.line].entry(tax.clone()).or_default() += amount;
    };
    match program.tax.scope {
        TaxScope::PerLine => {
            for part in &parts {
                let amounts = tax_of(program, &part.taxes, part.gross, part.net);
                part.taxes.iter().zip(amounts).for_each(|(tax, amount)| book(part, tax, amount));
            }
        }
        TaxScope::PerRate => {
            let all: BTreeSet<LineTax> = parts.iter().flat_map(|part| part.taxes.clone()).collect();
            for tax in &all {
                // An added tax is computed once for all that have it; an included one for all that include the same.
                for sharing in sharing(&parts, tax) {
                    let (returned, bought): (Vec<&Part>, Vec<&Part>) =
                        sharing.iter().partition(|part| lines[part.line].negative());
                    let whole = once(program, &sharing, tax);
                    // Returned lines keep the tax of their own sum, the others share the rest by their amounts; where these
                    // are all zero, the returned lines bear the whole.
                    let nothing_else = bought.iter().all(|part| part.net == 0);
                    let back = if nothing_else { whole } else { once(program, &returned, tax) };
                    for (sharers, amount) in [(returned, back), (bought, whole - back)] {
                        let weights: Vec<i64> = sharers.iter().map(|part| part.net.abs()).collect();
                        let shares = largest_remainder(amount, &weights);
                        sharers.iter().zip(shares).for_each(|(part, share)| book(part, tax, share));
                    }
                }
            }
        }
    }
    of_lines
}

/// The parts for which a tax is computed at once, in the order of lines.
fn sharing<'p>(parts: &'p [Part], tax: &LineTax) -> Vec<Vec<&'p Part>> {
    let having: Vec<&Part> = parts.iter().filter(|part| part.taxes.contains(tax)).collect();
    if !tax.included {
        return vec![having];
    }
    let mut alike: BTreeMap<Vec<LineTax>, Vec<&Part>> = BTreeMap::new();
    having.into_iter().for_each(|part| alike.entry(part.included()).or_default().push(part));
    alike.into_values().collect()
}

/// A tax of some parts together. What is taxed is their amounts without included taxes, rounded once for parts that include the
/// same.
fn once(program: &Program, parts: &[&Part], tax: &LineTax) -> i64 {
    let mut alike: BTreeMap<Vec<LineTax>, (i64, i64)> = BTreeMap::new();
    for part in parts {
        let sums = alike.entry(part.included()).or_default();
        *sums = (sums.0 + part.gross, sums.1 + part.net);
    }
    if tax.included {
        let of_set = alike.into_iter().map(|(set, (gross, net))| {
            let place = set.iter().position(|other| other == tax).expect("they include it");
            tax_of(program, &set, gross, net)[place]
        });
        return of_set.sum();
    }
    let without = |amount: fn(&(i64, i64)) -> i64| -> i64 {
        alike
            .iter()
            .map(|(set, sums)| amount(sums) - computed(set, amount(sums), program.tax.rounding).0)
            .sum()
    };
    let taxed = |amount: i64| share(amount, tax.rate.ppm(), program.tax.rounding);
    match program.tax.base {
        TaxBase::NetRounded => taxed(without(|sums| sums.1)),
        TaxBase::GrossMinusDiscount => taxed(without(|sums| sums.0)) - taxed(without(|sums| sums.0 - sums.1)),
    }
}

/// Tax that comes on top of the prices, of the whole basket.
pub(super) fn added_tax(program: &Program, lines: &[Merged<'_>], nets: &[i64]) -> i64 {
    taxes(program, lines, nets)
        .iter()
        .flatten()
        .filter(|(tax, _)| !tax.included)
        .map(|(_, amount)| amount)
        .sum()
}

/// Lines with their taxes, in order; shipping in parts by the goods' mix where the program says so.
fn parts(program: &Program, lines: &[Merged<'_>], nets: &[i64], mix: &[i64]) -> Vec<Part> {
    let mut goods: BTreeMap<Vec<LineTax>, i64> = BTreeMap::new();
    for (line, merged) in lines.iter().enumerate() {
        if merged.line.kind == LineKind::Goods && mix[line] > 0 {
            *goods.entry(sorted_taxes(merged.line)).or_default() += mix[line];
        }
    }
    let mixed = program.tax.shipping == ShippingTax::GoodsMix && !goods.is_empty();
    let mut parts = Vec::new();
    for (line, merged) in lines.iter().enumerate() {
        if mixed && merged.line.kind == LineKind::Shipping && !merged.negative() {
            let weights: Vec<i64> = goods.values().copied().collect();
            let of_gross = largest_remainder(merged.gross, &weights);
            let of_net = largest_remainder(nets[line], &weights);
            for ((taxes, gross), net) in goods.keys().zip(of_gross).zip(of_net) {
                parts.push(Part { line, taxes: taxes.clone(), gross, net });
            }
        } else {
            let taxes = sorted_taxes(merged.line);
            parts.push(Part { line, taxes, gross: merged.gross, net: nets[line] });
        }
    }
    parts
}

/// The taxes of an amount, one for each tax of the set.
fn tax_of(program: &Program, set: &[LineTax], gross: i64, net: i64) -> Vec<i64> {
    let rounding = program.tax.rounding;
    let computed = |amount: i64| computed(set, amount, rounding);
    let (included, mut amounts) = match program.tax.base {
        TaxBase::NetRounded => computed(net),
        TaxBase::GrossMinusDiscount => {
            let (of_gross, of_discount) = (computed(gross), computed(gross - net));
            let added = of_gross.1.iter().zip(of_discount.1).map(|(gross, discount)| gross - discount);
            (of_gross.0 - of_discount.0, added.collect())
        }
    };
    // An included tax is divided between several by their rates.
    let weights: Vec<i64> = set.iter().map(|tax| if tax.included { tax.rate.ppm() } else { 0 }).collect();
    for (amount, share) in amounts.iter_mut().zip(largest_remainder(included, &weights)) {
        *amount += share;
    }
    amounts
}

/// The included tax of an amount, and each added one.
fn computed(set: &[LineTax], amount: i64, rounding: Rounding) -> (i64, Vec<i64>) {
    let included: i64 = set.iter().filter(|tax| tax.included).map(|tax| tax.rate.ppm()).sum();
    let without = rounded(i128::from(amount) * MILLION, MILLION + i128::from(included), rounding);
    let added = |tax: &LineTax| if tax.included { 0 } else { share(without, tax.rate.ppm(), rounding) };
    (amount - without, set.iter().map(added).collect())
}
