//! A member with its rows, as a store would keep them. Every write is checked from outside: it goes through its bytes,
//! versions count up, and the movements of all rows together explain the head.

use std::collections::{BTreeMap, BTreeSet};

use suanpan_domain::CheckoutId;
use suanpan_ledger::codec::{decode_entry, decode_head, encode_entry, encode_head};
use suanpan_ledger::command::{Effect, EntryRef};
use suanpan_ledger::head::Sums;
use suanpan_ledger::limits::HEAD_BYTES_MAX;
use suanpan_ledger::refusal::Conflicts;
use suanpan_ledger::{
    Action, Actor, Applied, Command, Due, Emit, Entry, EntryKey, Head, MovementKind, Policy, apply, due,
    due_at,
};

pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) head: Head,
    pub(crate) rows: BTreeMap<Vec<u8>, Entry>,
    pub(crate) now_ms: i64,
    /// Which commands were carried out, or refused.
    pub(crate) asked: BTreeSet<&'static str>,
    /// What this member's rows brought about at others, in order.
    pub(crate) sent: Vec<Effect>,
    /// It began with nothing, so that its rows explain its head.
    began_empty: bool,
    /// Written so far as bytes: what a store has.
    head_bytes: Vec<u8>,
}

impl World {
    pub(crate) fn new(policy: Policy, head: Head) -> Self {
        let head_bytes = encode_head(&head);
        let began_empty = head.sums == Sums::default() && head.coupons.is_empty();
        Self {
            policy,
            head,
            rows: BTreeMap::new(),
            now_ms: 0,
            asked: BTreeSet::new(),
            began_empty,
            sent: Vec::new(),
            head_bytes,
        }
    }

    /// The rows that a caller has to read for an action.
    fn reads(&self, action: &Action) -> Vec<Entry> {
        let of_sale = |checkout: &CheckoutId| -> Vec<Entry> {
            let prefix = EntryKey::Checkout(*checkout).to_bytes();
            self.rows
                .range(prefix.clone()..)
                .take_while(|(key, _)| key.starts_with(&prefix))
                .map(|r| r.1.clone())
                .collect()
        };
        let key = match action {
            Action::Return { checkout, .. }
            | Action::Accrue { entry: EntryRef::Return(checkout, _) }
            | Action::Park { entry: EntryRef::Return(checkout, _), .. }
            | Action::Unpark { entry: EntryRef::Return(checkout, _) } => return of_sale(checkout),
            Action::Accrue { entry: EntryRef::Checkout(checkout) }
            | Action::Park { entry: EntryRef::Checkout(checkout), .. }
            | Action::Unpark { entry: EntryRef::Checkout(checkout) }
            | Action::Reserve { checkout, .. }
            | Action::Confirm { checkout, .. }
            | Action::Cancel { checkout }
            | Action::EndReservation { checkout, .. } => EntryKey::Checkout(*checkout),
            Action::Enrol { request, .. }
            | Action::Adjust { request, .. }
            | Action::GrantCoupon { request, .. }
            | Action::RevokeCoupon { request, .. }
            | Action::EarnByActivity { request, .. }
            | Action::TransferOut { request, .. }
            | Action::Block { request, .. }
            | Action::MergeLock { request, .. }
            | Action::MergeUnlock { request }
            | Action::CloseInto { request, .. }
            | Action::Close { request, .. } => EntryKey::Request(*request),
            Action::Effect { id, .. } => EntryKey::Effect(*id),
            Action::ClearEmitting { up_to_version } => {
                match self.head.emitting.iter().rfind(|waiting| waiting.version <= *up_to_version) {
                    Some(last) => last.key,
                    None => return Vec::new(),
                }
            }
            Action::ClearTold => {
                let keys = self.head.emitting.iter().map(|waiting| waiting.key.to_bytes());
                return keys.filter_map(|key| self.rows.get(&key).cloned()).collect();
            }
            Action::Tick | Action::ParkUnread { .. } => return Vec::new(),
        };
        self.rows.get(&key.to_bytes()).cloned().into_iter().collect()
    }

    pub(crate) fn run(&mut self, action: Action) -> Result<Applied, Conflicts> {
        self.asked.insert(name(&action));
        let entries = self.reads(&action);
        let command = Command {
            now_ms: self.now_ms,
            actor: Actor { id: "till-7".to_owned(), ..Actor::default() },
            action,
        };
        let head = decode_head(&self.head_bytes).expect("a head that was written");
        assert_eq!(head, self.head);
        let applied = apply(&self.policy, &head, &entries, &command);
        if let Err(conflicts) = &applied {
            assert!(conflicts.is_sorted() && !conflicts.is_empty(), "{conflicts:?}");
        }
        if let Ok(Applied::Changed(change)) = &applied {
            assert_eq!((change.head.epoch, change.head.version), (head.epoch, head.version + 1));
            assert!(change.head.as_of_ms >= head.as_of_ms);
            let bytes = encode_entry(&change.entry);
            assert_eq!(decode_entry(&bytes).as_ref(), Ok(&change.entry));
            self.head_bytes = encode_head(&change.head);
            assert!(self.head_bytes.len() <= HEAD_BYTES_MAX, "{} bytes", self.head_bytes.len());
            let known = self.rows.get(&change.entry.key.to_bytes()).map_or(0, |row| row.emits.len());
            self.sent.extend(change.entry.emits[known..].iter().filter_map(|emit| match emit {
                Emit::Effect { effect, .. } => Some(effect.clone()),
                _ => None,
            }));
            self.rows.insert(change.entry.key.to_bytes(), change.entry.clone());
            self.head = change.head.clone();
            if self.began_empty {
                self.explain();
            }
        }
        applied
    }

    /// Does what is due now, once, and says whether there was anything.
    pub(crate) fn work_once(&mut self) -> bool {
        let now_ms = self.now_ms.max(self.head.as_of_ms);
        if due_at(&self.policy, &self.head).is_none_or(|at_ms| at_ms > now_ms) {
            assert_eq!(due(&self.policy, &self.head, now_ms), [], "nothing is due before its time");
            return false;
        }
        let next =
            due(&self.policy, &self.head, now_ms).first().copied().expect("something is due at its time");
        let applied = self.run(match next {
            Due::ClearEmitting(up_to_version) => Action::ClearEmitting { up_to_version },
            Due::Accrue(entry) => Action::Accrue { entry },
            Due::EndReservation(checkout) => Action::EndReservation { checkout, fenced: false },
            Due::Tick => Action::Tick,
        });
        assert!(matches!(applied, Ok(Applied::Changed(_))), "{next:?} is due and gave {applied:?}");
        true
    }

    /// Works until nothing is due now.
    pub(crate) fn work(&mut self) {
        for _ in 0..1_000 {
            if !self.work_once() {
                return;
            }
        }
        panic!("work does not end: {:?}", due(&self.policy, &self.head, self.now_ms));
    }

    /// The movements of all rows explain every lot, the debt, every coupon and every sum.
    fn explain(&self) {
        let (mut lots, mut coupons) = (BTreeMap::new(), BTreeMap::new());
        let (mut held, mut sums) = (0, [0_i64; 8]);
        for movement in self.rows.values().flat_map(|row| &row.movements) {
            let points = movement.points;
            let sign = match movement.kind {
                MovementKind::Earned | MovementKind::Restored | MovementKind::Adjusted => 1,
                MovementKind::TransferredIn | MovementKind::Moved => 1,
                MovementKind::Spent | MovementKind::Expired | MovementKind::TakenBack => -1,
                MovementKind::TransferredOut => -1,
                _ => 0,
            };
            *lots.entry(movement.expires_ms).or_insert(0) += sign * points;
            match movement.kind {
                MovementKind::Held => held += points,
                MovementKind::Freed => held -= points,
                _ => {}
            }
            let sum = match movement.kind {
                MovementKind::Earned => Some(0),
                MovementKind::Restored => Some(1),
                MovementKind::Adjusted => Some(2),
                MovementKind::TransferredIn => Some(3),
                MovementKind::Spent => Some(4),
                MovementKind::Expired => Some(5),
                MovementKind::TakenBack => Some(6),
                MovementKind::TransferredOut => Some(7),
                _ => None,
            };
            if let Some(sum) = sum {
                sums[sum] += points;
            }
            if let Some(coupon) = movement.coupon {
                *coupons.entry(coupon.id).or_insert(0) += match movement.kind {
                    MovementKind::CouponGranted | MovementKind::CouponReturned => 1,
                    _ => -1,
                };
            }
        }
        let debt = -lots.remove(&0).unwrap_or(0);
        assert_eq!(self.head.debt_points, debt, "debt by movements");
        let mut there = BTreeMap::new();
        for (expires_ms, points) in (self.head.lots.iter().map(|lot| (lot.expires_ms, lot.points)))
            .chain(self.head.delayed.iter().map(|delayed| (delayed.expires_ms, delayed.points)))
        {
            *there.entry(expires_ms).or_insert(0) += points;
        }
        lots.retain(|_, points| *points != 0);
        assert_eq!(there, lots, "lots by movements");
        coupons.retain(|_, count| *count != 0);
        assert!(coupons.values().all(|count| *count == 1), "a coupon is there more than once: {coupons:?}");
        assert!(
            self.head.coupons.iter().map(|coupon| coupon.id).eq(coupons.into_keys()),
            "coupons by movements"
        );
        let s = self.head.sums;
        let expected = [
            s.earned,
            s.restored,
            s.adjusted,
            s.transferred_in,
            s.spent,
            s.expired,
            s.taken_back,
            s.transferred_out,
        ];
        assert_eq!(sums, expected, "sums by movements");
        let in_holds: i64 = self.head.lots.iter().map(|lot| lot.held).sum();
        let spent_from_holds: i64 = self
            .rows
            .values()
            .map(|row| {
                let of =
                    |kind| row.movements.iter().filter(|m| m.kind == kind).map(|m| m.points).sum::<i64>();
                let held = of(MovementKind::Held) - of(MovementKind::Freed);
                if self.head.holds.iter().any(|hold| EntryKey::Checkout(hold.checkout) == row.key) {
                    0
                } else {
                    held
                }
            })
            .sum();
        assert_eq!(in_holds, held - spent_from_holds, "holds by movements");
    }
}

/// Names of all commands.
pub(crate) const ACTIONS: [&str; 24] = [
    "Enrol",
    "Reserve",
    "Confirm",
    "Cancel",
    "EndReservation",
    "Return",
    "Accrue",
    "Park",
    "Unpark",
    "ClearEmitting",
    "Adjust",
    "GrantCoupon",
    "RevokeCoupon",
    "EarnByActivity",
    "TransferOut",
    "Effect",
    "Block",
    "MergeLock",
    "MergeUnlock",
    "CloseInto",
    "Close",
    "Tick",
    "ClearTold",
    "ParkUnread",
];

/// The name of a command; a new one does not compile before it has one.
const fn name(action: &Action) -> &'static str {
    let place = match action {
        Action::Enrol { .. } => 0,
        Action::Reserve { .. } => 1,
        Action::Confirm { .. } => 2,
        Action::Cancel { .. } => 3,
        Action::EndReservation { .. } => 4,
        Action::Return { .. } => 5,
        Action::Accrue { .. } => 6,
        Action::Park { .. } => 7,
        Action::Unpark { .. } => 8,
        Action::ClearEmitting { .. } => 9,
        Action::Adjust { .. } => 10,
        Action::GrantCoupon { .. } => 11,
        Action::RevokeCoupon { .. } => 12,
        Action::EarnByActivity { .. } => 13,
        Action::TransferOut { .. } => 14,
        Action::Effect { .. } => 15,
        Action::Block { .. } => 16,
        Action::MergeLock { .. } => 17,
        Action::MergeUnlock { .. } => 18,
        Action::CloseInto { .. } => 19,
        Action::Close { .. } => 20,
        Action::Tick => 21,
        Action::ClearTold => 22,
        Action::ParkUnread { .. } => 23,
    };
    ACTIONS[place]
}
