//! What lines and units cost while a choice is executed, and how an offer's take is cut and booked.

use std::collections::{BTreeMap, BTreeSet};

use suanpan_domain::Rounding;
use suanpan_program::model::{AllocationWeight, Program, TaxBasis};

use super::arithmetic::{divided, largest_remainder, rounded};
use super::candidates::Candidate;
use super::lines::Merged;
use super::select::with_tax_basis;

/// A unit: its line and its place in the line.
pub(super) type Unit = (usize, usize);

/// What one candidate gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    /// In all; a discount, or what a reimbursed coupon's funder pays.
    pub(super) amount: i64,
    /// Of each line.
    pub(super) of_lines: Vec<i64>,
    /// Of each unit of each line; empty for reimbursed coupons.
    pub(super) of_units: Vec<Vec<i64>>,
    /// Running amounts of all lines after it.
    pub(super) running_after: Vec<i64>,
    /// Gift lines added: indexes into the offer's list.
    pub(super) gift_lines: Vec<usize>,
    /// Points, a coupon to come or an entitlement.
    pub(super) beside: bool,
    /// Lines that points are for.
    pub(super) acting: Vec<usize>,
}

impl Given {
    /// "Gives" is an amount above zero, points, a gift, a coupon, an entitlement (38).
    pub(super) fn gives(&self) -> bool {
        self.amount > 0 || self.gives_beside()
    }

    /// Something that is no amount.
    pub(super) fn gives_beside(&self) -> bool {
        self.beside || !self.gift_lines.is_empty()
    }
}

/// Lines and units in the middle of an execution.
#[derive(Clone, Debug)]
pub(super) struct State<'a> {
    pub(super) program: &'a Program,
    pub(super) lines: &'a [Merged<'a>],
    pub(super) running: Vec<i64>,
    pub(super) reserved: Vec<i64>,
    pub(super) units: Vec<Vec<i64>>,
    /// Amounts of lines and units when the current layer began.
    pub(super) entered: Vec<i64>,
    pub(super) entered_units: Vec<Vec<i64>>,
    /// Amounts of lines when each layer was done.
    pub(super) after_layer: Vec<Vec<i64>>,
    /// Units used up, by pool.
    pub(super) consumed: BTreeSet<(String, Unit)>,
    /// What each offer gave in all its presentations (17).
    pub(super) given_by_offer: BTreeMap<String, i64>,
    /// What counts for the maximum discount (26).
    pub(super) guarded: i64,
}

impl<'a> State<'a> {
    pub(super) fn new(program: &'a Program, lines: &'a [Merged<'a>]) -> Self {
        let running: Vec<i64> = lines.iter().map(|line| line.gross).collect();
        let units: Vec<Vec<i64>> = lines.iter().map(|line| line.first_units.clone()).collect();
        Self {
            program,
            lines,
            reserved: vec![0; lines.len()],
            entered: running.clone(),
            entered_units: units.clone(),
            running,
            units,
            after_layer: Vec::new(),
            consumed: BTreeSet::new(),
            given_by_offer: BTreeMap::new(),
            guarded: 0,
        }
    }

    /// What may still be taken of a line (section 4).
    pub(super) fn free(&self, line: usize) -> i64 {
        let merged = &self.lines[line];
        let legal = merged.line.legal_minimum.map_or(0, |legal| {
            rounded(i128::from(legal.minor()) * i128::from(merged.quantity_milli), 1_000, Rounding::Up)
        });
        (self.running[line] - self.reserved[line] - legal).max(0)
    }

    /// Whether an earlier offer lowered a line, or reserved of it (9).
    pub(super) fn touched(&self, line: usize) -> bool {
        self.running[line] != self.lines[line].gross || self.reserved[line] != 0
    }

    pub(super) fn unit(&self, (line, place): Unit) -> i64 {
        self.units[line][place]
    }

    /// The order of units (28): dearest, requested price, line in tie order, first unit.
    pub(super) fn dearest_first(&self, units: &mut [Unit]) {
        units.sort_by_key(|unit| {
            (std::cmp::Reverse(self.unit(*unit)), std::cmp::Reverse(self.lines[unit.0].price_micro), *unit)
        });
    }

    pub(super) fn cheapest_first(&self, units: &mut [Unit]) {
        units.sort_by_key(|unit| (self.unit(*unit), self.lines[unit.0].price_micro, *unit));
    }

    /// The most that an offer may give now: cap, budget's rest, maximum discount's rest (17, 26).
    fn most(&self, candidate: &Candidate) -> i64 {
        let given = self.given_by_offer.get(&candidate.offer.id).copied().unwrap_or(0);
        let mut most = i64::MAX;
        if let Some(cap) = candidate.offer.terms.cap {
            most = most.min(cap.minor() - given);
        }
        if let Some(budget) = candidate.budget_left {
            most = most.min(budget - given);
        }
        if let Some(share) = self.program.maximum_discount
            && !candidate.is_tender()
            && !candidate.offer.guard_exempt
        {
            let gross: i64 = self.lines.iter().filter(|line| !line.negative()).map(|line| line.gross).sum();
            let allowed = rounded(i128::from(gross) * i128::from(share.ppm()), 1_000_000, Rounding::Down);
            most = most.min(allowed - self.guarded);
        }
        most.max(0)
    }

    /// What an offer's floor of the line leaves to take (18).
    fn floor_room(&self, candidate: &Candidate, line: usize, unit_floor_too: bool) -> i64 {
        let terms = &candidate.offer.terms;
        let mut room = i64::MAX;
        if let Some(floor) = terms.floor_line {
            room = room.min((self.running[line] - floor.minor()).max(0));
        }
        if let Some(floor) = terms.floor_unit_price
            && unit_floor_too
        {
            let quantity = i128::from(self.lines[line].quantity_milli);
            let floor = rounded(i128::from(floor.minor()) * quantity, 1_000, Rounding::Up);
            room = room.min((self.running[line] - floor).max(0));
        }
        room
    }

    /// What the floor of a sku leaves to take of all its lines together (18).
    fn sku_room(&self, candidate: &Candidate, sku: &str) -> i64 {
        let Some(floor) = candidate.offer.terms.floor_sku else { return i64::MAX };
        let sum: i64 = (0..self.lines.len())
            .filter(|line| !self.lines[*line].negative() && self.lines[*line].line.sku.as_str() == sku)
            .map(|line| self.running[line])
            .sum();
        (sum - floor.minor()).max(0)
    }

    fn skus(&self) -> BTreeSet<&'a str> {
        self.lines.iter().map(|line| line.line.sku.as_str()).collect()
    }

    fn of_sku(&self, sku: &str) -> Vec<usize> {
        (0..self.lines.len()).filter(|line| self.lines[*line].line.sku.as_str() == sku).collect()
    }

    /// Line by line: what is wanted of each line, then floors and free, then the cap (15, 17, 18).
    pub(super) fn take_by_line(&mut self, candidate: &Candidate, wanted: Vec<i64>) -> Given {
        match self.by_line(candidate, &wanted) {
            Some(takes) => self.book_lines(candidate, &takes),
            None => Given::default(),
        }
    }

    /// The takes of each line, or none where all or nothing is to be given and something was cut (14).
    pub(super) fn by_line(&self, candidate: &Candidate, wanted: &[i64]) -> Option<Vec<i64>> {
        let mut cut = false;
        let mut takes = vec![0; self.lines.len()];
        for (line, want) in wanted.iter().enumerate().filter(|(_, want)| **want > 0) {
            cut |= *want > self.running[line];
            let want = (*want).min(self.running[line]).min(self.floor_room(candidate, line, true));
            takes[line] = want.min(self.free(line));
            cut |= takes[line] < want;
        }
        for sku in self.skus() {
            let mut over =
                self.of_sku(sku).iter().map(|line| takes[*line]).sum::<i64>() - self.sku_room(candidate, sku);
            for line in self.of_sku(sku).into_iter().rev() {
                let back = over.clamp(0, takes[line]);
                takes[line] -= back;
                over -= back;
            }
        }
        let most = self.most(candidate);
        if takes.iter().sum::<i64>() > most {
            cut = true;
            takes = divided(most, &takes, &takes, self.program.allocation.method);
        }
        (!cut || !candidate.offer.terms.all_or_nothing).then_some(takes)
    }

    /// Unit by unit: what is wanted of each unit, cut to the unit, the line, the cap (17, 18, 35). `cut_before` says
    /// that the wants are less than what the offer promises.
    pub(super) fn take_by_unit(
        &mut self,
        candidate: &Candidate,
        wanted: &[(Unit, i64)],
        cut_before: bool,
    ) -> Given {
        match self.by_unit(candidate, wanted, cut_before) {
            Some(takes) => self.book_units(candidate, &takes),
            None => Given::default(),
        }
    }

    pub(super) fn by_unit(
        &self,
        candidate: &Candidate,
        wanted: &[(Unit, i64)],
        cut_before: bool,
    ) -> Option<Vec<(Unit, i64)>> {
        let mut cut = cut_before;
        let mut takes: BTreeMap<Unit, i64> = BTreeMap::new();
        for (unit, want) in wanted {
            cut |= *want > self.unit(*unit);
            let mut take = (*want).min(self.unit(*unit));
            if let Some(floor) = candidate.offer.terms.floor_unit_price {
                let merged = &self.lines[unit.0];
                let quantity = if merged.weighed { i128::from(merged.quantity_milli) } else { 1_000 };
                let floor = rounded(i128::from(floor.minor()) * quantity, 1_000, Rounding::Up);
                take = take.min((self.unit(*unit) - floor).max(0));
            }
            takes.insert(*unit, take);
        }
        for line in 0..self.lines.len() {
            give_back(&mut takes, &[line], self.floor_room(candidate, line, false));
            cut |= give_back(&mut takes, &[line], self.free(line));
        }
        for sku in self.skus() {
            give_back(&mut takes, &self.of_sku(sku), self.sku_room(candidate, sku));
        }
        let most = self.most(candidate);
        if takes.values().sum::<i64>() > most {
            cut = true;
            let mut order: Vec<Unit> = takes.keys().copied().collect();
            self.dearest_first(&mut order);
            let computed: Vec<i64> = order.iter().map(|unit| takes[unit]).collect();
            let shares = divided(most, &computed, &computed, self.program.allocation.method);
            takes = order.into_iter().zip(shares).collect();
        }
        (!cut || !candidate.offer.terms.all_or_nothing).then(|| takes.into_iter().collect())
    }

    /// An amount over lines: capped, divided, what passes a line's room filled into the others (16, 18).
    pub(super) fn take_amount(&mut self, candidate: &Candidate, amount: i64, over: &[usize]) -> Given {
        let free: i64 = over.iter().map(|line| self.free(*line)).sum();
        let capped = amount.min(self.most(candidate)).min(free);
        if capped < amount && candidate.offer.terms.all_or_nothing {
            return Given::default();
        }
        let takes = self.filled(candidate, capped, over);
        self.book_lines(candidate, &takes)
    }

    fn filled(&self, candidate: &Candidate, amount: i64, over: &[usize]) -> Vec<i64> {
        // Lines without room take no part.
        let room = |line: usize| self.free(line).min(self.floor_room(candidate, line, true));
        let over: Vec<usize> = over.iter().copied().filter(|line| room(*line) > 0).collect();
        let mut fixed: Vec<Option<i64>> = vec![None; self.lines.len()];
        loop {
            let open: Vec<usize> = over.iter().copied().filter(|line| fixed[*line].is_none()).collect();
            let rest = amount - fixed.iter().flatten().sum::<i64>();
            let weights: Vec<i64> = open.iter().map(|line| self.weight(*line)).collect();
            let rooms: Vec<i64> = open.iter().map(|line| room(*line)).collect();
            let shares = divided(rest, &weights, &rooms, self.program.allocation.method);
            let mut takes: Vec<i64> = fixed.iter().map(|share| share.unwrap_or(0)).collect();
            let mut passed = Vec::new();
            for (place, line) in open.iter().enumerate() {
                takes[*line] = shares[place].min(rooms[place]);
                if shares[place] > rooms[place] {
                    passed.push(*line);
                }
            }
            // Skus look at their floors when no line passes its room any more.
            let skus = if passed.is_empty() { self.skus() } else { BTreeSet::new() };
            for sku in skus {
                let mut excess = self.of_sku(sku).iter().map(|line| takes[*line]).sum::<i64>()
                    - self.sku_room(candidate, sku);
                if excess <= 0 {
                    continue;
                }
                for line in self.of_sku(sku).into_iter().rev() {
                    let back = excess.clamp(0, takes[line]);
                    takes[line] -= back;
                    excess -= back;
                }
                passed.extend(self.of_sku(sku).into_iter().filter(|line| over.contains(line)));
            }
            if passed.is_empty() {
                return takes;
            }
            for line in passed {
                fixed[line] = Some(takes[line]);
            }
        }
    }

    /// What a line weighs when an amount is divided (19).
    fn weight(&self, line: usize) -> i64 {
        let merged = &self.lines[line];
        match self.program.allocation.weight {
            AllocationWeight::Amount => self.running[line],
            AllocationWeight::Units => merged.owners.len() as i64,
            AllocationWeight::AmountTaxExcluded => self.in_basis(line, TaxBasis::Excluded),
            AllocationWeight::AmountTaxIncluded => self.in_basis(line, TaxBasis::Included),
        }
    }

    /// Amounts are in the program's price mode; another one converts them (12).
    fn in_basis(&self, line: usize, basis: TaxBasis) -> i64 {
        if basis == self.program.price_mode {
            self.running[line]
        } else {
            with_tax_basis(self.running[line], &self.lines[line], basis)
        }
    }

    /// Books what an offer without units takes of lines; the rest sits on the units by largest remainder (27).
    pub(super) fn book_lines(&mut self, candidate: &Candidate, takes: &[i64]) -> Given {
        let mut unit_takes = Vec::new();
        for (line, take) in takes.iter().enumerate() {
            if *take > 0 {
                let after = largest_remainder(self.running[line] - take, &self.units[line]);
                for (place, after) in after.into_iter().enumerate() {
                    unit_takes.push(((line, place), self.units[line][place] - after));
                }
            }
        }
        self.book_units(candidate, &unit_takes)
    }

    /// Books what an offer takes of units.
    pub(super) fn book_units(&mut self, candidate: &Candidate, takes: &[(Unit, i64)]) -> Given {
        let mut given = Given {
            of_lines: vec![0; self.lines.len()],
            of_units: self.units.iter().map(|units| vec![0; units.len()]).collect(),
            ..Given::default()
        };
        for ((line, place), take) in takes {
            assert!(*take >= 0, "an offer never raises a price");
            given.amount += take;
            given.of_lines[*line] += take;
            given.of_units[*line][*place] += take;
        }
        for line in 0..self.lines.len() {
            if candidate.is_tender() {
                self.reserved[line] += given.of_lines[line];
            } else {
                self.running[line] -= given.of_lines[line];
                for (unit, take) in self.units[line].iter_mut().zip(&given.of_units[line]) {
                    *unit -= take;
                }
            }
            assert!(self.running[line] >= self.reserved[line] || self.lines[line].negative());
        }
        if candidate.is_tender() {
            given.of_units = Vec::new();
        } else if !candidate.offer.guard_exempt {
            self.guarded += given.amount;
        }
        *self.given_by_offer.entry(candidate.offer.id.clone()).or_default() += given.amount;
        given
    }
}

/// Takes back from the last units of the lines until no more than allowed is taken of them. Says whether it did.
fn give_back(takes: &mut BTreeMap<Unit, i64>, lines: &[usize], allowed: i64) -> bool {
    let taken: i64 = takes.iter().filter(|(unit, _)| lines.contains(&unit.0)).map(|(_, take)| take).sum();
    let mut over = taken - allowed;
    if over <= 0 {
        return false;
    }
    for (_, take) in takes.iter_mut().rev().filter(|(unit, _)| lines.contains(&unit.0)) {
        let back = over.clamp(0, *take);
        *take -= back;
        over -= back;
    }
    true
}
