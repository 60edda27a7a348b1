//! The added tax of a choice, for the search: sums alone, nothing is divided between lines.

use suanpan_program::model::TaxScope;

use super::tax::{TaxAmounts, goods_of};
use super::tax_bases::Bases;
use super::tax_groups::{Group, Sum};
use crate::ground::Ground;

/// Working memory of taxes that are asked for before a quote is settled.
#[derive(Debug, Default)]
pub(crate) struct TaxWork {
    pub(super) amounts: TaxAmounts,
    /// By set of taxes.
    sums: Vec<Sum>,
}

/// The added tax of nets, without dividing it between lines: what the search needs to know at each leaf.
pub(super) fn added_tax(ground: &Ground<'_>, nets: &[i64], work: &mut TaxWork) -> i64 {
    let taxes = ground.taxes;
    if !taxes.has_added {
        return 0;
    }
    let TaxWork { amounts, sums } = work;
    if taxes.mixed {
        // Where shipping follows the goods its parts are needed.
        amounts.mix.clear();
        amounts.mix.extend((0..taxes.sets.len()).map(|set| goods_of(ground, set, nets)));
        amounts.split(ground, nets);
        let parts = amounts.parts.iter().map(|part| (part.set as usize, part.gross, part.net));
        return added_of(ground, parts, sums);
    }
    let sets = (0..taxes.sets.len()).filter(|&set| taxes.sets[set].has_added);
    let lines = sets.flat_map(|set| taxes.lines_of(set).iter().map(move |&line| (set, line as usize)));
    added_of(ground, lines.map(|(set, line)| (set, ground.lines[line].gross, nets[line])), sums)
}

/// The same of parts: their sets, what they cost before and after offers.
fn added_of(ground: &Ground<'_>, parts: impl Iterator<Item = (usize, i64, i64)>, sums: &mut Vec<Sum>) -> i64 {
    let (taxes, policy) = (ground.taxes, &ground.compiled.program.tax);
    if policy.scope == TaxScope::PerLine {
        let of_part = |(set, gross, net): (usize, i64, i64)| -> i64 {
            let bases = Bases::of(policy, taxes.sets[set].included_ppm, gross, net);
            let taxes = taxes.of_set(set).iter().map(|&tax| &taxes.table[tax as usize]);
            taxes.filter(|tax| !tax.included).map(|tax| bases.added(policy, tax.rate_ppm)).sum()
        };
        return parts.map(of_part).sum();
    }
    sums.clear();
    sums.resize(taxes.sets.len(), Sum::default());
    parts.for_each(|(set, gross, net)| sums[set].add(gross, net));
    let of_group = |(group, tax): (&Group, u32)| {
        let bases = taxes.bases_of(policy, *group, |set| sums[set]);
        bases.added(policy, taxes.table[tax as usize].rate_ppm)
    };
    taxes.groups.iter().filter_map(|group| Some((group, group.added?))).map(of_group).sum()
}
