//! The added tax of a choice, for the search: sums alone, nothing is divided between lines.

use suanpan_program::model::TaxScope;

use super::tax::{TaxAmounts, goods_of};
use super::tax_bases::Bases;
use crate::ground::Ground;

/// Working memory of taxes that are asked for before a quote is settled.
#[derive(Debug, Default)]
pub(crate) struct TaxWork {
    pub(super) amounts: TaxAmounts,
    /// By set of taxes: gross and net.
    sums: Vec<(i64, i64)>,
}

/// The added tax of nets, without dividing it between lines: what the search needs to know at each leaf.
pub(super) fn added_tax(ground: &Ground<'_>, nets: &[i64], work: &mut TaxWork) -> i64 {
    let taxes = ground.taxes;
    if !taxes.has_added {
        return 0;
    }
    let policy = &ground.compiled.program.tax;
    let of = |set: usize, gross: i64, net: i64| -> i64 {
        let bases = Bases::of(policy, taxes.sets[set].included_ppm, gross, net);
        let added =
            taxes.of_set(set).iter().map(|&tax| &taxes.table[tax as usize]).filter(|tax| !tax.included);
        added.map(|tax| bases.added(policy, tax.rate_ppm)).sum()
    };
    let sets = (0..taxes.sets.len()).filter(|&set| taxes.sets[set].has_added);
    if taxes.mixed {
        return added_with_mix(ground, nets, of, work);
    }
    match policy.scope {
        TaxScope::PerRate => sets
            .map(|set| {
                let (mut gross, mut net) = (0, 0);
                for &line in taxes.lines_of(set) {
                    gross += ground.lines[line as usize].gross;
                    net += nets[line as usize];
                }
                of(set, gross, net)
            })
            .sum(),
        TaxScope::PerLine => sets
            .flat_map(|set| taxes.lines_of(set).iter().map(move |&line| (set, line as usize)))
            .map(|(set, line)| of(set, ground.lines[line].gross, nets[line]))
            .sum(),
    }
}

/// The same where shipping follows the goods; there the parts are needed.
fn added_with_mix(
    ground: &Ground<'_>,
    nets: &[i64],
    of: impl Fn(usize, i64, i64) -> i64,
    TaxWork { amounts, sums }: &mut TaxWork,
) -> i64 {
    let sets = ground.taxes.sets.len();
    amounts.mix.clear();
    amounts.mix.extend((0..sets).map(|set| goods_of(ground, set, nets)));
    amounts.split(ground, nets);
    match ground.compiled.program.tax.scope {
        TaxScope::PerLine => {
            amounts.parts.iter().map(|part| of(part.set as usize, part.gross, part.net)).sum()
        }
        TaxScope::PerRate => {
            sums.clear();
            sums.resize(sets, (0, 0));
            for part in &amounts.parts {
                let sum = &mut sums[part.set as usize];
                *sum = (sum.0 + part.gross, sum.1 + part.net);
            }
            sums.iter().enumerate().map(|(set, &(gross, net))| of(set, gross, net)).sum()
        }
    }
}
