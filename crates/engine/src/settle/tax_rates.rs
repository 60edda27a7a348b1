//! Taxes computed once for the basket and divided between its lines (docs/pricing.md, rule 47).

use suanpan_program::model::TaxPolicy;

use super::divide::{Receiver, largest_remainder};
use super::tax::TaxAmounts;
use super::tax_bases::Bases;
use super::tax_groups::{Group, Sum};
use super::tax_sets::Taxes;

/// Working memory of taxes by rate.
#[derive(Debug, Default)]
pub(super) struct RateWork {
    /// By set of taxes: all its parts, and those that cost less than nothing.
    sums: Vec<(Sum, Sum)>,
    /// Parts in the order of their sets, and where each set begins.
    by_set: Vec<u32>,
    starts: Vec<u32>,
    /// Parts that share a tax, and its row in each.
    sharers: Vec<(u32, u32)>,
    /// What each included tax is, and of it what negative parts bear.
    whole: Vec<i64>,
    own: Vec<i64>,
}

impl TaxAmounts {
    /// Computes each group of taxes once, and divides it.
    pub(super) fn per_rate(&mut self, policy: &TaxPolicy, taxes: &Taxes) {
        let mut work = std::mem::take(&mut self.work);
        self.add_up_sets(taxes, &mut work);
        for &group in &taxes.groups {
            let (mut all, mut below) = (Sum::default(), Sum::default());
            for &set in taxes.of_group(group) {
                let (of_all, of_below) = work.sums[set as usize];
                all.add(of_all.gross, of_all.net);
                below.add(of_below.gross, of_below.net);
            }
            let whole = taxes.bases_of(policy, group, |set| work.sums[set].0);
            // Where the other lines are all zero there is nothing to share by: negative ones bear the whole.
            let own = match below.net {
                0 => Bases::none(policy),
                net if net == all.net => taxes.bases_of(policy, group, |set| work.sums[set].0),
                _ => taxes.bases_of(policy, group, |set| work.sums[set].1),
            };
            match group.added {
                Some(tax) => {
                    let rate_ppm = taxes.table[tax as usize].rate_ppm;
                    let amounts = (whole.added(policy, rate_ppm), own.added(policy, rate_ppm));
                    self.book(taxes, group, tax, whole.base(), amounts, &mut work);
                }
                None => {
                    let included = (all.net - whole.base(), below.net - own.base());
                    self.book_included(taxes, group, whole.base(), included, &mut work);
                }
            }
        }
        self.work = work;
    }

    /// Finds the parts of each set and adds them up.
    fn add_up_sets(&self, taxes: &Taxes, work: &mut RateWork) {
        let RateWork { sums, by_set, starts, .. } = work;
        sums.clear();
        sums.resize(taxes.sets.len(), Default::default());
        starts.clear();
        starts.resize(taxes.sets.len() + 1, 0);
        for part in &self.parts {
            let (all, below) = &mut sums[part.set as usize];
            all.add(part.gross, part.net);
            if part.net < 0 {
                below.add(part.gross, part.net);
            }
            starts[part.set as usize + 1] += 1;
        }
        for set in 0..taxes.sets.len() {
            starts[set + 1] += starts[set];
        }
        by_set.clear();
        by_set.extend(0..self.parts.len() as u32);
        if taxes.sets.len() > 1 {
            by_set.sort_unstable_by_key(|&place| (self.parts[place as usize].set, place));
        }
    }

    /// Divides what a group includes between its taxes, and each between the parts.
    fn book_included(
        &mut self,
        taxes: &Taxes,
        group: Group,
        base: i64,
        (whole, own): (i64, i64),
        work: &mut RateWork,
    ) {
        let first = taxes.of_group(group)[0] as usize;
        let (mut of_whole, mut of_own) = (std::mem::take(&mut work.whole), std::mem::take(&mut work.own));
        of_whole.clear();
        of_whole.extend(self.divide_included(taxes, first, whole).iter().map(Receiver::total));
        of_own.clear();
        of_own.extend(self.divide_included(taxes, first, own).iter().map(Receiver::total));
        let included = taxes.of_set(first).iter().filter(|tax| taxes.table[**tax as usize].included);
        for (&tax, amounts) in included.zip(of_whole.iter().copied().zip(of_own.iter().copied())) {
            self.book(taxes, group, tax, base, amounts, work);
        }
        (work.whole, work.own) = (of_whole, of_own);
    }

    /// Divides a tax between the parts of a group: what negative ones bear of it between them, the rest between the others.
    fn book(
        &mut self,
        taxes: &Taxes,
        group: Group,
        tax: u32,
        base: i64,
        (whole, own): (i64, i64),
        work: &mut RateWork,
    ) {
        let RateWork { by_set, starts, sharers, .. } = work;
        sharers.clear();
        for &set in taxes.of_group(group) {
            let row = taxes.of_set(set as usize).partition_point(|other| *other < tax) as u32;
            let parts = &by_set[starts[set as usize] as usize..starts[set as usize + 1] as usize];
            sharers.extend(parts.iter().map(|&part| (part, self.parts[part as usize].rows + row)));
        }
        // Shipping at the goods' mix leaves nothing under taxes of its own.
        if sharers.is_empty() {
            return;
        }
        self.add_up(tax, base, whole);
        if taxes.of_group(group).len() > 1 {
            // Ties go in the order of lines, whatever else is on them.
            sharers.sort_unstable();
        }
        self.share(sharers, whole - own, false);
        self.share(sharers, own, true);
    }

    /// Divides an amount between those that cost less than nothing, or between the others.
    fn share(&mut self, sharers: &[(u32, u32)], amount: i64, negative: bool) {
        let Self { parts, rows, receivers, remainders, .. } = self;
        let net = |part: u32| parts[part as usize].net;
        let meant = || sharers.iter().filter(|(part, _)| (net(*part) < 0) == negative);
        receivers.clear();
        receivers.extend(meant().map(|(part, _)| Receiver::new(1, i128::from(net(*part).unsigned_abs()))));
        largest_remainder(amount, receivers, remainders);
        for (&(_, row), share) in meant().zip(receivers.iter()) {
            rows[row as usize] = share.total();
        }
    }
}
