//! The store under one id, what was told, and who is at it.

use super::{CALLS, OWNERS, Owner, Process};

/// A paid sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sold {
    /// Whose row.
    pub owner: Owner,
    /// It happened already when it was recorded; its content differs from what a confirm would say.
    pub fact: bool,
    /// It was recorded although it was cancelled.
    pub flagged: bool,
}

/// An owner's row under the id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// There is none.
    #[default]
    Null,
    /// There is a round and nothing else: somebody kept it from being written.
    Mark,
    /// Held.
    Reserved,
    /// Paid.
    Sold(Sold),
    /// It will not be.
    Cancelled,
    /// Its reservation ended for another owner.
    Fenced,
}

impl Row {
    /// Whether the column of the state is the same: a mark is stored as fenced, without a body.
    #[must_use]
    pub fn is_stored_as(self, other: Self) -> bool {
        let mark = |row| if row == Self::Mark { Self::Fenced } else { row };
        mark(self) == mark(other)
    }
}

/// The store, what was told, and the processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Rows by owner.
    pub rows: [Row; OWNERS],
    /// Owners that have claimed, one bit each.
    pub claims: u8,
    /// A second sale was written.
    pub sold_twice: bool,
    /// What the first caller was told of the sale.
    pub told: Option<Sold>,
    /// A canceller was told that it is cancelled.
    pub told_cancelled: bool,
    /// An answer contradicts an earlier one.
    pub untrue: bool,
    /// Who is at it.
    pub processes: [Process; CALLS],
}

impl State {
    pub(super) fn row(&self, owner: Owner) -> Row {
        self.rows[usize::from(owner)]
    }

    pub(super) fn sold(&self) -> impl Iterator<Item = Sold> {
        self.rows.iter().filter_map(|row| match row {
            Row::Sold(sold) => Some(*sold),
            Row::Null | Row::Mark | Row::Reserved | Row::Cancelled | Row::Fenced => None,
        })
    }

    /// A head is written with its row: whoever saw it has seen an earlier version.
    pub(super) fn write(&mut self, owner: Owner, row: Row) {
        self.sold_twice |= matches!(row, Row::Sold(_)) && self.sold().next().is_some();
        self.rows[usize::from(owner)] = row;
        for seen in self.processes.iter_mut().flat_map(|process| process.seen_of(owner)) {
            seen.same_version = false;
        }
    }

    /// A row gets a newer round; one that is not there becomes a mark.
    pub(super) fn keep_out(&mut self, owner: Owner) {
        let row = &mut self.rows[usize::from(owner)];
        *row = if *row == Row::Null { Row::Mark } else { *row };
        for seen in self.processes.iter_mut().flat_map(|process| process.seen_of(owner)) {
            seen.same_round = false;
        }
    }
}
