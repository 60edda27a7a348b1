//! One owner: a member with all rows, or a guest's sale with its returns.
//!
//! Rows come in the order of their keys, so that a sale stands before its returns and nothing has to be kept but sums. Only
//! when the last row is there is anything compared with the head; only when the head did not change meanwhile is what was
//! found told.

mod coupons;
#[cfg(test)]
mod golden;
mod head;
mod returns;
mod sales;

use std::collections::HashMap;

use suanpan_store::{Owner, RawEntry, RawHead};

use crate::code::Code;
use crate::decode::{self, Head, Id, Key, KeyKind, Row, kind, state, verb};
use crate::report::Counts;

pub(crate) use coupons::CouponCount;
pub(crate) use returns::Back;

/// A share of a limit or of a code that a sale says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SaleShare {
    pub(crate) checkout: Id,
    pub(crate) of: ShareOf,
    pub(crate) class: Class,
}

/// Of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShareOf {
    Limit { offer: u64, uses: u64, amount_minor: i64 },
    Code(Id),
}

/// Where a share stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// By a reservation.
    Held,
    /// By a paid sale, whether it was there to take or not.
    Taken,
    /// By a sale that came back whole.
    GivenBack,
    /// By a sale that came back whole, of a code: the program says whether that is free again.
    TakenOrFree,
}

/// What is wrong with the owner.
pub(crate) struct Wrong {
    pub(crate) code: Code,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// An owner while it is read. Used again from owner to owner, so that it takes memory but for the largest one.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) head: Head,
    guest: Option<Id>,
    /// Whether something could not be read, so that sums say nothing.
    unreadable: bool,
    /// Points that the movements left, by expiry in seconds (0 is debt), ascending.
    points: Vec<(i64, i128)>,
    sums: [i128; 8],
    coupons: HashMap<Id, CouponCount>,
    /// Every version that a row names, with the number of that row.
    versions: Vec<(u64, u64)>,
    rows: u64,
    uses: HashMap<(u64, i64), u64>,
    /// Whether a fact's use may not have been counted for lack of room.
    uses_unsure: bool,
    /// Whether another member's account came in.
    inherited: bool,
    spend_minor: i128,
    purchases: i64,
    parked: u64,
    pending_met: Vec<bool>,
    emitting_met: Vec<bool>,
    holds_met: Vec<bool>,
    /// The row that is looked at.
    row: Row,
    /// The last sale, and what came back of it.
    sale: Row,
    sale_stands: SaleStands,
    back: Back,
    pub(crate) counts: Counts,
    pub(crate) shares: Vec<SaleShare>,
    /// Sales that are paid under this owner.
    pub(crate) paid: Vec<Id>,
    pub(crate) wrong: Vec<Wrong>,
}

/// Whether `sale` is one that the next returns may belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SaleStands {
    /// There is none.
    #[default]
    No,
    /// Its row could not be read.
    Unreadable(Id),
    /// It is there.
    Yes,
}

impl Account {
    /// Begins with a head.
    pub(crate) fn begin(&mut self, raw: &RawHead) {
        self.clear();
        self.guest = match &raw.owner {
            Owner::Guest(checkout) => Some(*checkout.as_bytes()),
            Owner::Member(_) => None,
        };
        match self.guest {
            Some(_) => self.counts.guests = 1,
            None => self.counts.members = 1,
        }
        match decode::read_head(&raw.bytes) {
            Ok(head) => {
                self.head = head;
                self.check_columns(raw);
                self.check_head(raw.due_at_ms);
            }
            Err(error) => {
                self.unreadable = true;
                self.find(Code::HeadUnreadable, None, || error.to_string());
            }
        }
        self.pending_met.resize(self.head.pending.len(), false);
        self.emitting_met.resize(self.head.emitting.len(), false);
        self.holds_met.resize(self.head.holds.len(), false);
    }

    fn clear(&mut self) {
        self.head = Head::default();
        (self.unreadable, self.inherited, self.uses_unsure) = (false, false, false);
        self.points.clear();
        self.coupons.clear();
        self.versions.clear();
        self.uses.clear();
        (self.sums, self.rows, self.parked) = ([0; 8], 0, 0);
        (self.spend_minor, self.purchases) = (0, 0);
        self.pending_met.clear();
        self.emitting_met.clear();
        self.holds_met.clear();
        self.sale_stands = SaleStands::No;
        self.counts = Counts::default();
        self.shares.clear();
        self.paid.clear();
        self.wrong.clear();
    }

    /// Notes what is wrong, with the key of its row; none for the head.
    fn find(&mut self, code: Code, key: Option<&Key>, text: impl FnOnce() -> String) {
        let subject = key.map_or_else(String::new, Key::told);
        self.wrong.push(Wrong { code, subject, text: text() });
    }

    /// The next row of the owner.
    pub(crate) fn row(&mut self, raw: &RawEntry) {
        self.rows += 1;
        self.counts.entries += 1;
        let mut row = std::mem::take(&mut self.row);
        match decode::read_row(&raw.bytes, &mut row) {
            Ok(()) => self.read(raw, &mut row),
            Err(error) => {
                self.unreadable = true;
                let key = Key::new(&raw.key);
                self.find(Code::RowUnreadable, key.as_ref(), || error.to_string());
                if let Some(key) = key.filter(|key| key.kind() == Some(KeyKind::Sale)) {
                    self.end_sale();
                    self.sale_stands = SaleStands::Unreadable(key.id());
                }
                // What it kept of the row before is not this one's.
                row = Row::default();
            }
        }
        self.row = row;
    }

    fn read(&mut self, raw: &RawEntry, row: &mut Row) {
        let key = row.key;
        if raw.key != key.as_bytes() || raw.state != row.state || raw.version != row.version {
            self.find(Code::ColumnDiffers, Some(&key), || {
                format!(
                    "the columns say state {} and version {}, the row is {} in state {} of version {}",
                    raw.state,
                    raw.version,
                    key.told(),
                    row.state,
                    row.version
                )
            });
        }
        if let Some(stays) = &raw.stays {
            let told = match decode::stays_agree(stays, row, &raw.bytes) {
                Ok(true) => None,
                Ok(false) => Some("what stays of it is not what its archived body says".to_owned()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(told) = told {
                self.find(Code::ArchiveDiffers, Some(&key), || told);
            }
        }
        self.check_place(row);
        self.book(row);
        for (place, waiting) in self.head.emitting.iter().enumerate() {
            // What is parked, or was and waits again, owes its place on the list.
            let owes = row.emits > 0 || row.accrued == waiting.version || row.accrued == 0;
            if waiting.key == key && owes {
                self.emitting_met[place] = true;
            }
        }
        match key.kind() {
            Some(KeyKind::Sale) => {
                self.end_sale();
                self.begin_sale(row);
                std::mem::swap(&mut self.sale, row);
                self.sale_stands = SaleStands::Yes;
            }
            Some(KeyKind::Return) => self.take_return(row),
            _ => self.end_sale(),
        }
    }

    /// Whether a row is what its key says.
    fn check_place(&mut self, row: &Row) {
        let key = row.key;
        let right = match key.kind() {
            Some(KeyKind::Sale) => {
                let open = matches!(row.state, state::RESERVED | state::CONFIRMED | state::PARKED);
                row.verb == verb::SALE
                    && row.has_sale == open
                    && row.state != state::DONE
                    && self.guest.is_none_or(|guest| guest == key.id())
            }
            Some(KeyKind::Return) => {
                row.verb == verb::RETURN
                    && row.has_returned
                    && matches!(row.state, state::DONE | state::PARKED)
                    && self.guest.is_none_or(|guest| guest == key.id())
            }
            _ => {
                !matches!(row.verb, verb::SALE | verb::RETURN)
                    && matches!(row.state, state::DONE | state::CANCELLED)
                    && self.guest.is_none()
            }
        };
        if !right {
            self.find(Code::RowMisplaced, Some(&key), || {
                format!("verb {} in state {} does not belong there", row.verb, row.state)
            });
        }
        self.inherited |= matches!(row.verb, verb::MERGED | verb::RETURN_ELSEWHERE);
    }

    /// Adds up a row's movements and notes its versions.
    fn book(&mut self, row: &Row) {
        let number = self.rows;
        self.versions.push((row.version, number));
        if !matches!(row.accrued, 0) && row.accrued != row.version {
            self.versions.push((row.accrued, number));
        }
        let mut last = row.version;
        for movement in &row.movements {
            if movement.version != last {
                last = movement.version;
                self.versions.push((last, number));
            }
            let points = i128::from(movement.points);
            match movement.kind {
                kind::EARNED..=kind::TRANSFERRED_IN => {
                    self.sums[usize::from(movement.kind) - 1] += points;
                    self.leave(movement.expires_ms, points);
                }
                kind::SPENT..=kind::TRANSFERRED_OUT => {
                    self.sums[usize::from(movement.kind) - 1] += points;
                    self.leave(movement.expires_ms, -points);
                }
                kind::MOVED => self.leave(movement.expires_ms, points),
                kind::COUPON_GRANTED..=kind::COUPON_EXPIRED => self.count_coupon(row, movement),
                _ => {}
            }
        }
    }

    /// Leaves points at an expiry; 0 is debt.
    fn leave(&mut self, expires_ms: i64, points: i128) {
        let expires_s = expires_ms.div_euclid(1_000);
        match self.points.binary_search_by_key(&expires_s, |(known, _)| *known) {
            Ok(place) => self.points[place].1 += points,
            Err(place) => self.points.insert(place, (expires_s, points)),
        }
    }

    /// Whether an entry waits for its accrual, by the head; notes that it was met.
    fn meet_pending(&mut self, key: &Key) -> bool {
        let waiting = self.head.pending.iter().position(|waiting| waiting.key == *key);
        if let Some(place) = waiting {
            self.pending_met[place] = true;
        }
        waiting.is_some()
    }

    /// The last row was there.
    pub(crate) fn end(&mut self) {
        self.end_sale();
        self.check_versions();
        self.check_waiting();
        self.check_holds_met();
        if !self.unreadable {
            self.check_points();
            self.check_coupons();
            self.check_uses();
            self.check_tier_basis();
        }
        self.counts.pending = self.head.pending.len() as u64;
        self.counts.coupons = self.head.coupons.len() as u64;
        self.counts.parked = self.parked;
        self.counts.debt_points = i128::from(self.head.debt);
        self.counts.points = self.head.balance() + self.counts.debt_points;
    }
}
