//! What a command did.

use suanpan_domain::MemberId;

use crate::command::Effect;
use crate::entry::Entry;
use crate::head::{CouponId, Head, OfferKey, TierKey};

/// What became of a command that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// A new head and the one entry that changed: one conditional write.
    Changed(Box<Change>),
    /// The command was done before, with the same content: this is its entry, with the answer that was given.
    Known(Box<Entry>),
    /// Nothing to do (a tick before its time, a reservation that is not there any more, an entry that is not the next
    /// one to accrue, or one that has to wait until derived writes are out).
    Nothing,
    /// `pending` or `emitting` is at its bound, or a reservation whose time is over holds what is missing: do the first
    /// of [`due`](crate::due()), then try again.
    AccrueFirst,
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The new head, of the next version.
    pub head: Head,
    /// The entry as it is from now on.
    pub entry: Entry,
    /// What has to be written elsewhere, at least once, under keys made of the entry's and the place in this list: all
    /// of the entry's `emits` when this write added to them, otherwise empty.
    pub emits: Vec<Emit>,
}

/// A derived write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Emit {
    /// An effect on another member.
    Effect {
        /// Whom.
        member: MemberId,
        /// What.
        effect: Effect,
    },
    /// For the outbox: the tier changed.
    TierChanged {
        /// From.
        from: TierKey,
        /// To.
        to: TierKey,
    },
    /// For the outbox: points lapse soon.
    PointsExpiring {
        /// How many: what is there of that expiry and was not announced before.
        points: i64,
        /// When, Unix milliseconds.
        expires_ms: i64,
    },
    /// For the outbox: points came.
    PointsEarned {
        /// How many.
        points: i64,
    },
    /// For the outbox: points lapsed.
    PointsExpired {
        /// How many.
        points: i64,
    },
    /// For the outbox: a coupon came.
    CouponGranted {
        /// Which.
        coupon: CouponId,
        /// Of which campaign.
        campaign: OfferKey,
        /// Its expiry, Unix milliseconds.
        expires_ms: i64,
    },
    /// For the outbox: happy birthday.
    Birthday {
        /// The year.
        year: i32,
    },
    /// Bodies of rows that were written before this instant, Unix milliseconds, move to the archive.
    Archive {
        /// The instant.
        before_ms: i64,
    },
}
