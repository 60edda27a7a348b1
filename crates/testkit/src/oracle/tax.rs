//! Taxes of lines (rule 47).

use std::collections::BTreeMap;

use suanpan_domain::{LineKind, LineTax, Rounding};
use suanpan_program::model::{Program, ShippingTax, TaxBase, TaxScope};

use super::arithmetic::{MILLION, largest_remainder, rounded, share};
use super::lines::{Merged, sorted_taxes};

/// A part of a line that is taxed by one set of taxes.
struct Part {
    line: usize,
    gross: i64,
    net: i64,
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
    for (set, parts) in sets(program, lines, nets, mix) {
        let (returned, bought): (Vec<Part>, Vec<Part>) =
            parts.into_iter().partition(|part| lines[part.line].negative());
        let mut book = |part: &Part, tax: &LineTax, amount: i64| {
            *of_lines[part.line].entry(tax.clone()).or_default() += amount;
        };
        match program.tax.scope {
            TaxScope::PerLine => {
                for part in bought.iter().chain(&returned) {
                    let amounts = tax_of(program, &set, part.gross, part.net);
                    set.iter().zip(amounts).for_each(|(tax, amount)| book(part, tax, amount));
                }
            }
            TaxScope::PerRate => {
                // Once for the sum of the set; returned lines keep the tax of their own sum, the others share the
                // rest by their amounts.
                let sum = |parts: &[Part], of: fn(&Part) -> i64| parts.iter().map(of).sum::<i64>();
                let (gross_back, net_back) =
                    (sum(&returned, |part| part.gross), sum(&returned, |part| part.net));
                let (gross, net) = (sum(&bought, |part| part.gross), sum(&bought, |part| part.net));
                let whole = tax_of(program, &set, gross + gross_back, net + net_back);
                // Where the others are all zero, the returned lines bear the whole.
                let back = if net == 0 { whole.clone() } else { tax_of(program, &set, gross_back, net_back) };
                for (place, tax) in set.iter().enumerate() {
                    let weights: Vec<i64> = returned.iter().map(|part| -part.net).collect();
                    let shares = largest_remainder(back[place], &weights);
                    returned.iter().zip(shares).for_each(|(part, share)| book(part, tax, share));
                    let weights: Vec<i64> = bought.iter().map(|part| part.net).collect();
                    let shares = largest_remainder(whole[place] - back[place], &weights);
                    bought.iter().zip(shares).for_each(|(part, share)| book(part, tax, share));
                }
            }
        }
    }
    of_lines
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

/// Lines by their set of taxes; shipping by the goods' mix where the program says so.
fn sets(
    program: &Program,
    lines: &[Merged<'_>],
    nets: &[i64],
    mix: &[i64],
) -> BTreeMap<Vec<LineTax>, Vec<Part>> {
    let mut goods: BTreeMap<Vec<LineTax>, i64> = BTreeMap::new();
    for (line, merged) in lines.iter().enumerate() {
        if merged.line.kind == LineKind::Goods && mix[line] > 0 {
            *goods.entry(sorted_taxes(merged.line)).or_default() += mix[line];
        }
    }
    let mixed = program.tax.shipping == ShippingTax::GoodsMix && !goods.is_empty();
    let mut sets: BTreeMap<Vec<LineTax>, Vec<Part>> = BTreeMap::new();
    for (line, merged) in lines.iter().enumerate() {
        if mixed && merged.line.kind == LineKind::Shipping && !merged.negative() {
            let weights: Vec<i64> = goods.values().copied().collect();
            let of_gross = largest_remainder(merged.gross, &weights);
            let of_net = largest_remainder(nets[line], &weights);
            for ((set, gross), net) in goods.keys().zip(of_gross).zip(of_net) {
                sets.entry(set.clone()).or_default().push(Part { line, gross, net });
            }
        } else {
            let part = Part { line, gross: merged.gross, net: nets[line] };
            sets.entry(sorted_taxes(merged.line)).or_default().push(part);
        }
    }
    sets
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
