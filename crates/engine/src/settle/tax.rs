//! The amounts of taxes (docs/pricing.md, rule 47).

use suanpan_domain::LineKind;
use suanpan_program::model::{TaxPolicy, TaxScope};

use super::divide::{Receiver, Remainders, largest_remainder};
use super::tax_bases::Bases;
use super::tax_rates::RateWork;
use super::tax_sets::Taxes;
use crate::ground::Ground;

/// A line's amount under one set of taxes. A line has one part, but for shipping at the goods' mix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) set: u32,
    /// The first of its rows: one for each tax of the set.
    pub(super) rows: u32,
    pub(super) gross: i64,
    pub(super) net: i64,
}

/// What each tax is, by line.
#[derive(Debug, Default)]
pub(super) struct TaxAmounts {
    pub(super) parts: Vec<Part>,
    /// The first part of each line, and the end of the last.
    pub(super) starts: Vec<u32>,
    pub(super) rows: Vec<i64>,
    pub(super) work: RateWork,
    /// By tax of the table: what it is computed on, what it is, and whether a part has it.
    pub(super) bases: Vec<i64>,
    pub(super) amounts: Vec<i64>,
    pub(super) used: Vec<bool>,
    /// What goods of each set cost, for shipping at their mix.
    pub(super) mix: Vec<i64>,
    kept_rows: Vec<i64>,
    whole: Vec<i64>,
    pub(super) receivers: Vec<Receiver>,
    pub(super) remainders: Remainders,
    /// By tax of the table: its place among the taxes of the quote.
    pub(super) names: Vec<u32>,
}

impl TaxAmounts {
    /// Computes all taxes on nets. The goods' mix is that of the first computation: points do not shift it.
    pub(super) fn compute(&mut self, ground: &Ground<'_>, nets: &[i64], first: bool) {
        let policy = &ground.compiled.program.tax;
        let taxes = ground.taxes;
        if first {
            self.mix.clear();
            if taxes.mixed {
                self.mix.extend((0..taxes.sets.len()).map(|set| goods_of(ground, set, nets)));
            }
        }
        self.split(ground, nets);
        for list in [&mut self.bases, &mut self.amounts] {
            list.clear();
            list.resize(taxes.table.len(), 0);
        }
        self.used.clear();
        self.used.resize(taxes.table.len(), false);
        match policy.scope {
            TaxScope::PerLine => self.per_line(policy, taxes),
            TaxScope::PerRate => self.per_rate(policy, taxes),
        }
    }

    /// Divides lines into parts.
    pub(super) fn split(&mut self, ground: &Ground<'_>, nets: &[i64]) {
        let taxes = ground.taxes;
        self.parts.clear();
        self.starts.clear();
        let mut rows = 0;
        let has_mix = self.mix.iter().any(|weight| *weight > 0);
        for (line, facts) in ground.lines.iter().enumerate() {
            self.starts.push(self.parts.len() as u32);
            let (gross, net) = (facts.gross, nets[line]);
            if !(has_mix && facts.kind == LineKind::Shipping) {
                let set = taxes.set_of_line[line];
                self.parts.push(Part { set, rows, gross, net });
                rows += taxes.of_set(set as usize).len() as u32;
                continue;
            }
            let first = self.parts.len();
            self.receivers.clear();
            for (set, &weight) in self.mix.iter().enumerate().filter(|(_, weight)| **weight > 0) {
                self.receivers.push(Receiver::new(1, i128::from(weight)));
                self.parts.push(Part { set: set as u32, rows, gross: 0, net: 0 });
                rows += taxes.of_set(set).len() as u32;
            }
            largest_remainder(gross, &mut self.receivers, &mut self.remainders);
            for (part, share) in self.parts[first..].iter_mut().zip(&self.receivers) {
                part.gross = share.total();
            }
            largest_remainder(net, &mut self.receivers, &mut self.remainders);
            for (part, share) in self.parts[first..].iter_mut().zip(&self.receivers) {
                part.net = share.total();
            }
        }
        self.starts.push(self.parts.len() as u32);
        self.rows.clear();
        self.rows.resize(rows as usize, 0);
    }

    fn per_line(&mut self, policy: &TaxPolicy, taxes: &Taxes) {
        for place in 0..self.parts.len() {
            let part = self.parts[place];
            let set = part.set as usize;
            if taxes.of_set(set).is_empty() {
                continue;
            }
            let mut whole = std::mem::take(&mut self.whole);
            let base = self.taxes_of(policy, taxes, set, part.gross, part.net, &mut whole);
            for (&tax, &amount) in taxes.of_set(set).iter().zip(&whole) {
                self.add_up(tax, base, amount);
            }
            self.rows[part.rows as usize..][..whole.len()].copy_from_slice(&whole);
            self.whole = whole;
        }
    }

    /// Adds to what the basket has of a tax.
    pub(super) fn add_up(&mut self, tax: u32, base: i64, amount: i64) {
        self.bases[tax as usize] += base;
        self.amounts[tax as usize] += amount;
        self.used[tax as usize] = true;
    }

    /// The taxes of a set on an amount; gives the amount without tax.
    fn taxes_of(
        &mut self,
        policy: &TaxPolicy,
        taxes: &Taxes,
        set: usize,
        gross: i64,
        net: i64,
        out: &mut Vec<i64>,
    ) -> i64 {
        let facts = &taxes.sets[set];
        let places = taxes.of_set(set);
        let bases = Bases::of(policy, facts.included_ppm, gross, net);
        let included = net - bases.base();
        out.clear();
        out.extend(places.iter().map(|&tax| {
            let tax = &taxes.table[tax as usize];
            if tax.included { included } else { bases.added(policy, tax.rate_ppm) }
        }));
        if facts.included_count > 1 {
            let included = self.divide_included(taxes, set, included);
            let amounts = out.iter_mut().zip(places).filter(|(_, tax)| taxes.table[**tax as usize].included);
            for ((amount, _), share) in amounts.zip(included) {
                *amount = share.total();
            }
        }
        bases.base()
    }

    /// Divides an amount between the taxes that a set includes, by their rates.
    pub(super) fn divide_included(&mut self, taxes: &Taxes, set: usize, amount: i64) -> &[Receiver] {
        let of_set = taxes.of_set(set).iter().map(|&tax| &taxes.table[tax as usize]);
        self.receivers.clear();
        self.receivers
            .extend(of_set.filter(|tax| tax.included).map(|tax| Receiver::new(1, i128::from(tax.rate_ppm))));
        largest_remainder(amount, &mut self.receivers, &mut self.remainders);
        &self.receivers
    }

    fn parts_of(&self, line: usize) -> &[Part] {
        &self.parts[self.starts[line] as usize..self.starts[line + 1] as usize]
    }

    /// All taxes of a line together.
    pub(super) fn of_line(&self, line: usize) -> i64 {
        let parts = self.parts_of(line);
        let start = parts.first().map_or(0, |part| part.rows as usize);
        let end =
            self.parts.get(self.starts[line + 1] as usize).map_or(self.rows.len(), |part| part.rows as usize);
        self.rows[start..end].iter().sum()
    }

    /// The taxes of a line that come on top.
    pub(super) fn added_of(&self, taxes: &Taxes, line: usize) -> i64 {
        if !taxes.has_added {
            return 0;
        }
        self.added_rows(taxes, line).map(|row| self.rows[row]).sum()
    }

    /// Whether a line is taxed at the goods' mix.
    pub(super) fn is_mixed(&self, ground: &Ground<'_>, line: usize) -> bool {
        ground.taxes.mixed
            && ground.lines[line].kind == LineKind::Shipping
            && ground.lines[line].gross >= 0
            && self.mix.iter().any(|net| *net > 0)
    }

    fn added_rows<'a>(&'a self, taxes: &'a Taxes, line: usize) -> impl Iterator<Item = usize> + 'a {
        self.parts_of(line).iter().flat_map(move |part| {
            let places = taxes.of_set(part.set as usize).iter().enumerate();
            places
                .filter(|(_, tax)| !taxes.table[**tax as usize].included)
                .map(move |(place, _)| part.rows as usize + place)
        })
    }

    /// Lowers the added taxes of each line and computes the included ones on what remains.
    pub(super) fn lower(&mut self, ground: &Ground<'_>, nets: &[i64], falls: &[i64]) {
        let taxes = ground.taxes;
        let mut kept = std::mem::take(&mut self.kept_rows);
        kept.clear();
        kept.extend_from_slice(&self.rows);
        let mut receivers = std::mem::take(&mut self.receivers);
        let mut remainders = std::mem::take(&mut self.remainders);
        for (line, &fall) in falls.iter().enumerate().filter(|(_, fall)| **fall > 0) {
            receivers.clear();
            receivers.extend(
                self.added_rows(taxes, line).map(|row| Receiver::new(1, i128::from(self.rows[row].max(0)))),
            );
            largest_remainder(fall, &mut receivers, &mut remainders);
            for (row, share) in self.added_rows(taxes, line).zip(&receivers) {
                kept[row] -= share.total();
            }
        }
        (self.receivers, self.remainders) = (receivers, remainders);
        self.compute(ground, nets, false);
        for part in &self.parts {
            for (place, &tax) in taxes.of_set(part.set as usize).iter().enumerate() {
                if !taxes.table[tax as usize].included {
                    let row = part.rows as usize + place;
                    self.amounts[tax as usize] += kept[row] - self.rows[row];
                    self.rows[row] = kept[row];
                }
            }
        }
        self.kept_rows = kept;
    }
}

/// What goods of a set cost.
pub(super) fn goods_of(ground: &Ground<'_>, set: usize, nets: &[i64]) -> i64 {
    let goods = |line: &&u32| ground.lines[**line as usize].kind == LineKind::Goods;
    ground.taxes.lines_of(set).iter().filter(goods).map(|&line| nets[line as usize].max(0)).sum()
}
