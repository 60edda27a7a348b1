//! What has to hold of every account at the end, recomputed from its rows alone.

use std::collections::BTreeMap;

use suanpan_domain::MemberId;
use suanpan_ledger::head::Sums;
use suanpan_ledger::{Emit, Entry, EntryKey, Head, Movement, MovementKind, State};

use crate::shop::{CHAIN, Shop};

/// An account with its rows.
pub(crate) struct Account {
    pub(crate) member: MemberId,
    pub(crate) head: Head,
    pub(crate) rows: Vec<Entry>,
}

impl Account {
    pub(crate) async fn of(shop: &Shop, member: &MemberId) -> Self {
        Self { member: member.clone(), head: shop.head(member).await, rows: shop.rows(member).await }
    }

    pub(crate) fn movements(&self) -> impl Iterator<Item = &Movement> {
        self.rows.iter().flat_map(|row| &row.movements)
    }

    /// Points of all movements of a kind.
    pub(crate) fn sum(&self, kind: MovementKind) -> i64 {
        self.movements().filter(|movement| movement.kind == kind).map(|movement| movement.points).sum()
    }

    pub(crate) fn count(&self, kind: MovementKind) -> usize {
        self.movements().filter(|movement| movement.kind == kind).count()
    }

    /// Nothing waits, and the points add up: by the movements, by the head's sums, by the lots.
    pub(crate) fn balances(&self) {
        let (who, head) = (&self.member, &self.head);
        assert!(head.pending.is_empty() && head.emitting.is_empty(), "{who}: something waits");
        assert!(head.holds.is_empty(), "{who}: something is held");
        let of = |kind| self.sum(kind);
        let sums = Sums {
            earned: of(MovementKind::Earned),
            restored: of(MovementKind::Restored),
            adjusted: of(MovementKind::Adjusted),
            transferred_in: of(MovementKind::TransferredIn),
            spent: of(MovementKind::Spent),
            expired: of(MovementKind::Expired),
            taken_back: of(MovementKind::TakenBack),
            transferred_out: of(MovementKind::TransferredOut),
        };
        assert_eq!(sums, head.sums, "{who}");
        let came = sums.earned + sums.restored + sums.adjusted + sums.transferred_in;
        let went = sums.spent + sums.expired + sums.taken_back + sums.transferred_out;
        let lots: i64 = head.lots.iter().map(|lot| lot.points).sum();
        let delayed: i64 = head.delayed.iter().map(|delayed| delayed.points).sum();
        assert_eq!(came - went, lots + delayed - head.debt_points, "{who}: {sums:?}");
        // Lot by lot, debt (expiry 0) apart.
        let mut left: BTreeMap<i64, i64> = BTreeMap::new();
        for movement in self.movements().filter(|movement| movement.expires_ms != 0) {
            *left.entry(movement.expires_ms).or_default() += signed(movement);
        }
        left.retain(|_, points| *points != 0);
        let mut lots: BTreeMap<i64, i64> = BTreeMap::new();
        for (expires_ms, points) in (head.lots.iter().map(|lot| (lot.expires_ms, lot.points)))
            .chain(head.delayed.iter().map(|delayed| (delayed.expires_ms, delayed.points)))
        {
            *lots.entry(expires_ms).or_default() += points;
        }
        assert_eq!(left, lots, "{who}");
        for row in &self.rows {
            let sold = matches!(row.key, EntryKey::Checkout(_) | EntryKey::Return(..));
            let waits = matches!(row.state, State::Confirmed | State::Done) && row.accrued_version == 0;
            assert!(!(sold && waits), "{who}: {:?} was not accrued", row.key);
            if let (EntryKey::Checkout(_), State::Confirmed, Some(sale)) = (row.key, row.state, &row.sale) {
                let delayed = row.movements.iter().filter(|movement| {
                    movement.kind == MovementKind::Earned && movement.at_ms == sale.business_ms
                });
                let earned: i64 = delayed.map(|movement| movement.points).sum();
                assert!(earned >= sale.points_earned, "{who}: {:?} earned {earned}", row.key);
            }
        }
    }

    /// The keys of all events that the rows ask for.
    pub(crate) fn events(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for row in &self.rows {
            for (place, emit) in row.emits.iter().enumerate() {
                if !matches!(emit, Emit::Effect { .. } | Emit::Archive { .. }) {
                    let (member, epoch, version) = (&self.member, self.head.epoch, row.version);
                    keys.push(format!("{CHAIN}/{member}/{epoch}.{version}.{place}"));
                }
            }
        }
        keys
    }
}

/// What a movement adds to its lot.
fn signed(movement: &Movement) -> i64 {
    match movement.kind {
        MovementKind::Earned
        | MovementKind::Restored
        | MovementKind::Adjusted
        | MovementKind::TransferredIn
        | MovementKind::Moved => movement.points,
        MovementKind::Spent
        | MovementKind::Expired
        | MovementKind::TakenBack
        | MovementKind::TransferredOut => -movement.points,
        _ => 0,
    }
}
