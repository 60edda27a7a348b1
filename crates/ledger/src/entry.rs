//! One row beside the head: a sale, a return, an adjustment, an effect from elsewhere, or what time brought.

use std::sync::Arc;

use suanpan_domain::{CheckoutId, MemberId, ReturnId};

use crate::command::Actor;
use crate::head::{CouponId, OfferKey};
use crate::outcome::Emit;
use crate::refusal::Conflicts;
use crate::sale::{Returned, Sale};

/// Where a row is. Its bytes order returns right after their checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKey {
    /// A sale.
    Checkout(CheckoutId),
    /// A return of it.
    Return(CheckoutId, ReturnId),
    /// What a person or a system asked for, named by the caller so that a retry is known as one.
    Request([u8; 16]),
    /// An effect of another member's entry, see [`EntryKey::effect_of`].
    Effect([u8; 16]),
    /// What time brought, named by the version that wrote it.
    Time(u64),
}

/// Where a sale stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Held for a while.
    Reserved,
    /// Paid.
    Confirmed,
    /// Never to be paid.
    Cancelled,
    /// The id turned out to belong to another owner.
    Fenced,
    /// Of rows that are no sale: done.
    Done,
    /// Could not be accrued; waits for a person.
    Parked,
}

/// A row of a member's (or a guest sale's) partition. Never removed inside the id horizon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub key: EntryKey,
    /// Where it stands.
    pub state: State,
    /// What it is.
    pub verb: Verb,
    /// The version that wrote it first.
    pub version: u64,
    /// When it was written first, Unix milliseconds, by the head's clock.
    pub written_ms: i64,
    /// Of the sale's content alone, as it was reserved, or confirmed at once; none of other rows.
    pub reserve_hash: Option<[u8; 32]>,
    /// What the content of the call was that decided it (confirm, return, request).
    pub content_hash: Option<[u8; 32]>,
    /// Who wrote it.
    pub actor: Actor,
    /// Until when a reservation may not be ended by others, Unix milliseconds; 0 for others.
    pub until_ms: i64,
    /// The sale; for [`EntryKey::Checkout`] that is reserved or confirmed.
    pub sale: Option<Arc<Sale>>,
    /// What was returned; for [`EntryKey::Return`].
    pub returned: Option<Box<Returned>>,
    /// The answer that was given and is given again for the same content: bytes of the caller.
    pub answer: Vec<u8>,
    /// Everything that this row changed, in order.
    pub movements: Vec<Movement>,
    /// The version that accrued it; 0 while it waits. Of rows that need no accrual their own version.
    pub accrued_version: u64,
    /// What a fact found missing when it was recorded, in the order of refusals; empty otherwise. Part of the answer.
    pub overruns: Conflicts,
    /// Derived writes that this row owes, in order, so that a repetition sends the same under the same keys.
    pub emits: Vec<Emit>,
    /// The other member of a transfer, a merge, a referral or an effect.
    pub other: Option<MemberId>,
    /// For people, such as why it was parked; empty where there is nothing to say.
    pub note: String,
}

impl Entry {
    /// Whether the derived writes that it owes are events alone: nothing that reaches another member, and no bodies to move.
    #[must_use]
    pub fn tells_alone(&self) -> bool {
        self.emits.iter().all(|emit| !matches!(emit, Emit::Effect { .. } | Emit::Archive { .. }))
    }
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// A sale, or the mark that there will be none.
    Sale,
    /// A return.
    Return,
    /// The member began.
    Enrol,
    /// Points by hand.
    Adjust,
    /// A coupon into the wallet.
    GrantCoupon,
    /// A coupon out of the wallet.
    RevokeCoupon,
    /// Points for an activity.
    Activity,
    /// Points sent.
    TransferOut,
    /// Points that another member sent.
    TransferIn,
    /// A friend's first sale.
    ReferralReward,
    /// The whole return of a friend's first sale.
    ReferralTakenBack,
    /// Another member merged into this one.
    Merged,
    /// A return of a sale of a member that was merged into this one.
    ReturnElsewhere,
    /// No spending from now on.
    Block,
    /// Spending again.
    Unblock,
    /// A merge into this member began; cancelled when it was given up.
    MergeLock,
    /// The member was merged into another.
    CloseInto,
    /// The member left.
    Close,
    /// What time brought.
    Time,
}

/// One line of the account's statement. The rows' movements in version order explain every point and coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The version that booked it.
    pub version: u64,
    /// The instant it counts from, Unix milliseconds; an expiry is dated at the expiry.
    pub at_ms: i64,
    /// What.
    pub kind: MovementKind,
    /// Points, never negative but for adjustments, debt that moves and [`MovementKind::Moved`]; the new place for
    /// tiers, 0 for coupons.
    pub points: i64,
    /// The expiry of the lot, of the delayed points or of the coupon, Unix milliseconds; 0 where no lot is meant (debt).
    pub expires_ms: i64,
    /// The coupon, for movements of coupons.
    pub coupon: Option<CouponName>,
}

/// A coupon and its campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CouponName {
    /// Which.
    pub id: CouponId,
    /// Of which campaign.
    pub campaign: OfferKey,
}

/// Kinds of movements. The first group sums up to the conservation equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MovementKind {
    /// Earned: into a lot, or (lot 0) against debt.
    Earned,
    /// Spent points that came back; lot 0 cancels the debt that they had made.
    Restored,
    /// By hand; negative ones take from lots, or (lot 0) make debt.
    Adjusted,
    /// From another member; lot 0 pays debt, and moves debt here when negative.
    TransferredIn,
    /// Paid with; lot 0 makes debt (a fact that found no points).
    Spent,
    /// Lapsed.
    Expired,
    /// Earned points that a return took; lot 0 makes debt.
    TakenBack,
    /// To another member; lot 0, negative, moves debt there.
    TransferredOut,
    /// From delayed to spendable, within their expiry. Changes no sum.
    Released,
    /// From one lot (negative) to another, or into debt (lot 0), which they pay: two movements that cancel each other
    /// out. Released points pay debt so, and lots are joined so at their bound. Changes no sum.
    Moved,
    /// Held by a reservation. Changes no sum.
    Held,
    /// A hold ended without a sale. Changes no sum.
    Freed,
    /// A coupon came into the wallet.
    CouponGranted,
    /// A coupon was used.
    CouponUsed,
    /// A used coupon came back.
    CouponReturned,
    /// A coupon was taken out by hand, for a newer one at the bound of the wallet, or went to another member.
    CouponRevoked,
    /// A coupon lapsed.
    CouponExpired,
    /// The tier went up; `points` is the new one's place.
    TierUp,
    /// The tier went down; `points` is the new one's place.
    TierDown,
}
