//! Which lines are taxed alike. Found once for a basket; amounts come later.

use std::cmp::Ordering;

use suanpan_domain::{Basket, LineKind, LineTax};
use suanpan_program::model::{ShippingTax, TaxPolicy, TaxScope};

use super::tax_groups::{Group, Member};
use crate::lines::LineFacts;

/// One tax of the basket: an id, a rate, included or added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tax {
    /// A request line that has it, and its place among that line's taxes.
    pub(super) line: u32,
    pub(super) place: u32,
    pub(super) rate_ppm: i64,
    pub(super) included: bool,
}

/// Taxes that some lines have together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaxSet {
    /// Range of [`Taxes::of_sets`].
    start: u32,
    len: u32,
    /// Range of [`Taxes::lines_by_set`].
    lines_start: u32,
    lines_len: u32,
    pub(super) included_ppm: i64,
    pub(super) included_count: u32,
    pub(super) has_added: bool,
    /// The first set that includes the same taxes.
    pub(super) included: u32,
}

/// In place of a set that includes the same: nothing is included.
pub(super) const NOTHING_INCLUDED: u32 = u32::MAX;

impl TaxSet {
    /// Its taxes, as places in the table.
    pub(super) fn taxes<'a>(&self, of_sets: &'a [u32]) -> &'a [u32] {
        &of_sets[self.start as usize..(self.start + self.len) as usize]
    }
}

/// The taxes of a basket's merged lines.
#[derive(Debug, Default)]
pub(crate) struct Taxes {
    /// Whether any line has a tax.
    pub(crate) any: bool,
    /// Whether any line has a tax that comes on top.
    pub(crate) has_added: bool,
    /// Whether shipping is to be taxed at the goods' mix, and there is shipping.
    pub(super) mixed: bool,
    /// By id, rate, included.
    pub(super) table: Vec<Tax>,
    /// In the order of their taxes.
    pub(super) sets: Vec<TaxSet>,
    pub(super) of_sets: Vec<u32>,
    /// What is computed at once where that is not done line by line.
    pub(super) groups: Vec<Group>,
    pub(super) of_groups: Vec<u32>,
    pub(super) members: Vec<Member>,
    /// By merged line.
    pub(super) set_of_line: Vec<u32>,
    lines_by_set: Vec<u32>,
    of_lines: Vec<u32>,
    ranges: Vec<(u32, u32)>,
    first_of_set: Vec<u32>,
    pub(super) order: Vec<u32>,
}

/// Distinct taxes that are looked through one by one before new ones are simply sorted.
const LOOKED_THROUGH: usize = 8;

impl Taxes {
    /// Reads the taxes of merged lines.
    pub(crate) fn read(&mut self, policy: &TaxPolicy, basket: &Basket, lines: &[LineFacts]) {
        self.table.clear();
        self.sets.clear();
        self.of_sets.clear();
        self.any = basket.lines.iter().any(|line| !line.taxes.is_empty());
        self.has_added = false;
        self.mixed = false;
        if !self.any {
            return;
        }
        self.mixed = policy.shipping == ShippingTax::GoodsMix
            && lines.iter().any(|facts| facts.kind == LineKind::Shipping);
        self.read_table(basket, lines);
        self.read_lines(basket, lines);
        self.read_sets(lines.len());
        if policy.scope == TaxScope::PerRate {
            self.read_groups();
        }
    }

    /// The taxes of a set, as places in the table.
    pub(super) fn of_set(&self, set: usize) -> &[u32] {
        self.sets[set].taxes(&self.of_sets)
    }

    /// The merged lines of a set.
    pub(super) fn lines_of(&self, set: usize) -> &[u32] {
        let set = &self.sets[set];
        &self.lines_by_set[set.lines_start as usize..(set.lines_start + set.lines_len) as usize]
    }

    fn read_table(&mut self, basket: &Basket, lines: &[LineFacts]) {
        let tax_of = |tax: &Tax| &basket.lines[tax.line as usize].taxes[tax.place as usize];
        for facts in lines {
            let line = facts.first;
            for (place, tax) in basket.lines[line as usize].taxes.iter().enumerate() {
                let known = self.table.iter().take(LOOKED_THROUGH).any(|known| tax_of(known) == tax);
                if !known {
                    self.table.push(Tax {
                        line,
                        place: place as u32,
                        rate_ppm: tax.rate.ppm(),
                        included: tax.included,
                    });
                    self.has_added |= !tax.included;
                }
            }
        }
        // Lines stand in tie order, so that equal taxes are named after the first of them.
        self.table.sort_by(|a, b| tax_of(a).cmp(tax_of(b)));
        self.table.dedup_by(|later, first| tax_of(later) == tax_of(first));
    }

    /// Notes the taxes of each line as sorted places in the table.
    fn read_lines(&mut self, basket: &Basket, lines: &[LineFacts]) {
        self.of_lines.clear();
        self.ranges.clear();
        for facts in lines {
            let start = self.of_lines.len();
            for tax in &basket.lines[facts.first as usize].taxes {
                self.of_lines.push(place_of(&self.table, basket, tax));
            }
            self.of_lines[start..].sort_unstable();
            self.ranges.push((start as u32, (self.of_lines.len() - start) as u32));
        }
    }

    /// Groups lines of equal taxes.
    fn read_sets(&mut self, lines: usize) {
        let Self { of_lines, ranges, set_of_line, first_of_set, order, .. } = self;
        let taxes = |line: u32| {
            let (start, len) = ranges[line as usize];
            &of_lines[start as usize..(start + len) as usize]
        };
        // Sets as they are found, each named after its first line; `order` holds them sorted.
        first_of_set.clear();
        order.clear();
        set_of_line.clear();
        for line in 0..lines as u32 {
            let found = order.binary_search_by(|&set| taxes(first_of_set[set as usize]).cmp(taxes(line)));
            let set = match found {
                Ok(place) => order[place],
                Err(place) => {
                    order.insert(place, first_of_set.len() as u32);
                    first_of_set.push(line);
                    first_of_set.len() as u32 - 1
                }
            };
            set_of_line.push(set);
        }
        for &set in order.iter() {
            let list = taxes(first_of_set[set as usize]);
            let start = self.of_sets.len() as u32;
            self.of_sets.extend_from_slice(list);
            let included = || list.iter().map(|&tax| &self.table[tax as usize]).filter(|tax| tax.included);
            self.sets.push(TaxSet {
                start,
                len: list.len() as u32,
                lines_start: 0,
                lines_len: 0,
                included_ppm: included().map(|tax| tax.rate_ppm).sum(),
                included_count: included().count() as u32,
                has_added: included().count() < list.len(),
                included: NOTHING_INCLUDED,
            });
        }
        // From the order of finding to the sorted one; `first_of_set` becomes the map.
        for (place, &set) in order.iter().enumerate() {
            first_of_set[set as usize] = place as u32;
        }
        for set in set_of_line.iter_mut() {
            *set = first_of_set[*set as usize];
            self.sets[*set as usize].lines_len += 1;
        }
        let mut start = 0;
        for set in &mut self.sets {
            set.lines_start = start;
            start += set.lines_len;
            set.lines_len = 0;
        }
        self.lines_by_set.clear();
        self.lines_by_set.resize(lines, 0);
        for (line, &set) in set_of_line.iter().enumerate() {
            let set = &mut self.sets[set as usize];
            self.lines_by_set[(set.lines_start + set.lines_len) as usize] = line as u32;
            set.lines_len += 1;
        }
    }
}

fn place_of(table: &[Tax], basket: &Basket, tax: &LineTax) -> u32 {
    let at = |known: &Tax| &basket.lines[known.line as usize].taxes[known.place as usize];
    if let [only] = table {
        debug_assert_eq!(at(only).cmp(tax), Ordering::Equal);
        return 0;
    }
    table.partition_point(|known| at(known) < tax) as u32
}
