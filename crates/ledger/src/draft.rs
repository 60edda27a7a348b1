//! The next state while a command is carried out: a copy of the head, the movements booked and what has to be written
//! elsewhere. Every write ends here, where the bounds and the invariants are.

use crate::check;
use crate::command::{Actor, Command};
use crate::entry::{CouponName, Entry, EntryKey, Movement, MovementKind, State, Verb};
use crate::head::{Head, Pending, Status};
use crate::limits::EMITTING_BEGUN_MAX;
use crate::outcome::{Applied, Change, Emit};
use crate::policy::Policy;
use crate::refusal::Conflicts;

pub(crate) struct Draft<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) head: Head,
    pub(crate) now_ms: i64,
    pub(crate) movements: Vec<Movement>,
    pub(crate) emits: Vec<Emit>,
    /// Whether this version accrues or parks its row: the statement, or the list of parked ones, is a derived write then,
    /// whatever else there is.
    pub(crate) owes_beside: bool,
}

impl Head {
    /// Whether there are points, coupons and counters: a member that is there.
    pub(crate) fn has_account(&self) -> bool {
        matches!(self.status, Status::Active | Status::Blocked)
    }
}

/// The head's clock for a command: it never runs back.
pub(crate) fn clock(head: &Head, command: &Command) -> i64 {
    head.as_of_ms.max(command.now_ms)
}

/// A row that says nothing yet.
pub(crate) fn blank(key: EntryKey, verb: Verb, version: u64, now_ms: i64, actor: &Actor) -> Entry {
    Entry {
        key,
        state: State::Done,
        verb,
        version,
        written_ms: now_ms,
        reserve_hash: None,
        content_hash: None,
        actor: actor.clone(),
        until_ms: 0,
        sale: None,
        returned: None,
        answer: Vec::new(),
        movements: Vec::new(),
        accrued_version: version,
        overruns: Vec::new(),
        emits: Vec::new(),
        other: None,
        note: String::new(),
    }
}

impl<'a> Draft<'a> {
    /// Begins the next version and books what time brought.
    pub(crate) fn new(policy: &'a Policy, head: &Head, command: &Command) -> Self {
        let mut next = head.clone();
        next.version += 1;
        next.as_of_ms = clock(head, command);
        let now_ms = next.as_of_ms;
        let mut draft =
            Self { policy, head: next, now_ms, movements: Vec::new(), emits: Vec::new(), owes_beside: false };
        draft.book_time();
        draft
    }

    /// A new row of this version.
    pub(crate) fn row(&self, key: EntryKey, verb: Verb, actor: &Actor) -> Entry {
        blank(key, verb, self.head.version, self.now_ms, actor)
    }

    /// Books points: a movement and the sum that it belongs to.
    pub(crate) fn book(&mut self, kind: MovementKind, points: i64, expires_ms: i64, at_ms: i64) {
        if points == 0 {
            return;
        }
        let sums = &mut self.head.sums;
        match kind {
            MovementKind::Earned => sums.earned += points,
            MovementKind::Restored => sums.restored += points,
            MovementKind::Adjusted => sums.adjusted += points,
            MovementKind::TransferredIn => sums.transferred_in += points,
            MovementKind::Spent => sums.spent += points,
            MovementKind::Expired => sums.expired += points,
            MovementKind::TakenBack => sums.taken_back += points,
            MovementKind::TransferredOut => sums.transferred_out += points,
            MovementKind::Released
            | MovementKind::Moved
            | MovementKind::Held
            | MovementKind::Freed
            | MovementKind::CouponGranted
            | MovementKind::CouponUsed
            | MovementKind::CouponReturned
            | MovementKind::CouponRevoked
            | MovementKind::CouponExpired
            | MovementKind::TierUp
            | MovementKind::TierDown => {}
        }
        self.push(kind, points, expires_ms, at_ms, None);
    }

    /// Books what became of a coupon.
    pub(crate) fn book_coupon(
        &mut self,
        kind: MovementKind,
        coupon: CouponName,
        expires_ms: i64,
        at_ms: i64,
    ) {
        self.push(kind, 0, expires_ms, at_ms, Some(coupon));
    }

    /// Books a movement that belongs to no sum.
    pub(crate) fn push(
        &mut self,
        kind: MovementKind,
        points: i64,
        expires_ms: i64,
        at_ms: i64,
        coupon: Option<CouponName>,
    ) {
        let version = self.head.version;
        self.movements.push(Movement { version, at_ms, kind, points, expires_ms, coupon });
    }

    /// Whether a derived write more may be owed for what time brought.
    pub(crate) fn may_emit(&self) -> bool {
        self.head.emitting.len() < EMITTING_BEGUN_MAX
    }

    /// Ends the version with its row.
    pub(crate) fn finish(self, entry: Entry) -> Applied {
        self.finish_with(entry, Vec::new())
    }

    /// Ends the version with its row and what a fact found missing.
    pub(crate) fn finish_with(mut self, mut entry: Entry, mut overruns: Conflicts) -> Applied {
        // What a hold kept until now has lapsed when its time was over.
        self.book_time();
        let account = self.head.has_account();
        let owes = !self.emits.is_empty() || self.owes_beside;
        let mut emits = Vec::new();
        if owes {
            entry.emits.append(&mut self.emits);
            emits.clone_from(&entry.emits);
            self.head.emitting.push(Pending { version: self.head.version, key: entry.key });
        }
        if account {
            let says_nothing = entry.verb == Verb::Time && self.movements.is_empty();
            if self.head.watermarks.unarchived_since_ms == 0 && !says_nothing {
                self.head.watermarks.unarchived_since_ms = self.now_ms;
            }
            self.fit();
        }
        entry.movements.append(&mut self.movements);
        entry.overruns.append(&mut overruns);
        entry.overruns.sort();
        entry.overruns.dedup();
        check::assert_sound(&self.head);
        Applied::Changed(Box::new(Change { head: self.head, entry, emits }))
    }
}
