//! What `per_rate` computes once for the whole basket (docs/pricing.md, rule 47).

use suanpan_program::model::TaxPolicy;

use super::tax_bases::Bases;
use super::tax_sets::{NOTHING_INCLUDED, TaxSet, Taxes};

/// Sets of taxes over which something is computed at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// The tax that comes on top, or none for all the taxes that the prices of these sets include.
    pub(super) added: Option<u32>,
    /// Range of [`Taxes::of_groups`].
    start: u32,
    len: u32,
}

/// A set in a group: the added tax, what the set includes, the set.
pub(super) type Member = (Option<u32>, u32, u32);

/// Gross and net of some lines.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) gross: i64,
    pub(super) net: i64,
}

impl Sum {
    pub(super) fn add(&mut self, gross: i64, net: i64) {
        self.gross += gross;
        self.net += net;
    }
}

impl Taxes {
    /// Sets that include the same taxes, then for each added tax the sets that have it, those that include the same side by
    /// side.
    pub(super) fn read_groups(&mut self) {
        self.name_included();
        let Self { table, sets, of_sets, groups, of_groups, members, .. } = self;
        members.clear();
        for (place, set) in sets.iter().enumerate() {
            if set.included != NOTHING_INCLUDED {
                members.push((None, set.included, place as u32));
            }
            let added = set.taxes(of_sets).iter().filter(|tax| !table[**tax as usize].included);
            members.extend(added.map(|&tax| (Some(tax), set.included, place as u32)));
        }
        members.sort_unstable();
        groups.clear();
        of_groups.clear();
        let together = |a: &Member, b: &Member| a.0 == b.0 && (a.0.is_some() || a.1 == b.1);
        for group in members.chunk_by(together) {
            groups.push(Group { added: group[0].0, start: of_groups.len() as u32, len: group.len() as u32 });
            of_groups.extend(group.iter().map(|(_, _, set)| set));
        }
    }

    /// Names the taxes that each set includes after the first set that includes the same.
    fn name_included(&mut self) {
        let Self { table, sets, of_sets, order, .. } = self;
        let included = |set: TaxSet| {
            let of_set = set.taxes(of_sets).iter();
            of_set.copied().filter(|tax| table[*tax as usize].included)
        };
        order.clear();
        order.extend(0..sets.len() as u32);
        // By place at last: nothing is allocated, and the first of equals comes first.
        let of = |set: u32| included(sets[set as usize]);
        order.sort_unstable_by(|&a, &b| of(a).cmp(of(b)).then(a.cmp(&b)));
        for place in 0..order.len() {
            let set = sets[order[place] as usize];
            let before = place.checked_sub(1).map(|before| sets[order[before] as usize]);
            let alike = before.filter(|before| included(*before).eq(included(set)));
            let alone = if set.included_count > 0 { order[place] } else { NOTHING_INCLUDED };
            sets[order[place] as usize].included = alike.map_or(alone, |before| before.included);
        }
    }

    /// The sets of a group.
    pub(super) fn of_group(&self, group: Group) -> &[u32] {
        &self.of_groups[group.start as usize..(group.start + group.len) as usize]
    }

    /// What a group's taxes are computed on, from the sum of each set. Amounts without the included taxes are rounded once
    /// for all sets that include the same.
    pub(super) fn bases_of(&self, policy: &TaxPolicy, group: Group, sums: impl Fn(usize) -> Sum) -> Bases {
        let mut bases = Bases::none(policy);
        let alike = |a: &u32, b: &u32| self.sets[*a as usize].included == self.sets[*b as usize].included;
        for sets in self.of_group(group).chunk_by(alike) {
            let mut sum = Sum::default();
            for &set in sets {
                let of_set = sums(set as usize);
                sum.add(of_set.gross, of_set.net);
            }
            let included_ppm = self.sets[sets[0] as usize].included_ppm;
            bases.add(&Bases::of(policy, included_ppm, sum.gross, sum.net));
        }
        bases
    }
}
