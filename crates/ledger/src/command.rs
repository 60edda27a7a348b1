//! What can be asked of a member's account. Every command says who asks and when.

use std::sync::Arc;

use suanpan_domain::{CheckoutId, MemberId, MonthDay, ReturnId};

use crate::head::{CouponId, Lot, OfferKey};
use crate::refusal::Conflicts;
use crate::sale::Sale;

/// A command with its instant and its actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Now by the caller's clock, Unix milliseconds. The head's own clock never runs back.
    pub now_ms: i64,
    /// Who asks.
    pub actor: Actor,
    /// What.
    pub action: Action,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The person or system, such as `till-07` or an employee's number.
    pub id: String,
    /// In what role.
    pub role: Role,
    /// By what way, such as `pos`, `web`, `app`.
    pub channel: String,
    /// Why; may be empty for tills, required for changes by hand.
    pub reason: String,
}

/// The role of an actor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// A till.
    #[default]
    Till,
    /// An online shop or an app.
    Online,
    /// A service desk.
    ServiceDesk,
    /// Marketing.
    Marketing,
    /// Finance.
    Finance,
    /// An operator of the cluster.
    Operator,
    /// The accrual worker.
    Worker,
}

/// What is asked. A `content_hash` covers what was asked for and is compared when the same id comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A member begins.
    Enrol {
        /// Names the request, so that a retry is one.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// Month and day of birth.
        birthday: Option<MonthDay>,
        /// Who brought the member; never the member itself.
        referred_by: Option<MemberId>,
    },
    /// Holds everything that a sale consumes.
    Reserve {
        /// The sale's id.
        checkout: CheckoutId,
        /// Of the sale's content.
        content_hash: [u8; 32],
        /// The sale.
        sale: Arc<Sale>,
        /// Until when nobody else may end it, Unix milliseconds, after now.
        until_ms: i64,
        /// What the caller is answered.
        answer: Vec<u8>,
    },
    /// The sale is paid. With `tendered` it is a fact: recorded whatever is missing.
    Confirm {
        /// The sale's id.
        checkout: CheckoutId,
        /// Of the sale's content and its tenders.
        content_hash: [u8; 32],
        /// Of the sale's content alone, as for `Reserve`; compared with the reservation's.
        reserve_hash: [u8; 32],
        /// What others found missing (limits, codes), for a fact; joins what the ledger finds.
        missing: Conflicts,
        /// The sale; must be the reserved one when there is a reservation.
        sale: Arc<Sale>,
        /// The money has been taken already.
        fact: Option<Fact>,
        /// What the caller is answered.
        answer: Vec<u8>,
    },
    /// The sale will not happen.
    Cancel {
        /// The sale's id.
        checkout: CheckoutId,
    },
    /// Ends a reservation whose time is over, or that lost its id to another owner.
    EndReservation {
        /// The sale's id.
        checkout: CheckoutId,
        /// [`State::Fenced`](crate::State::Fenced) instead of cancelled.
        fenced: bool,
    },
    /// Goods come back.
    Return {
        /// The sale.
        checkout: CheckoutId,
        /// The return.
        return_id: ReturnId,
        /// Of what is asked for.
        content_hash: [u8; 32],
        /// When by the store's clock, Unix milliseconds.
        business_ms: i64,
        /// What comes back.
        wanted: Wanted,
        /// What the rest would cost, when the program prices again; see [`Repriced`].
        repriced: Option<Repriced>,
        /// An offline till gave it: recorded whatever is left; the excess is an overrun.
        fact: bool,
    },
    /// Credits what a confirmed sale earned, or takes back what a return takes.
    Accrue {
        /// The entry, which is the first of `pending`.
        entry: EntryRef,
    },
    /// Puts an entry that cannot be accrued aside, with the reason.
    Park {
        /// The entry.
        entry: EntryRef,
        /// Why, for people.
        why: String,
    },
    /// Puts a parked entry back into `pending`.
    Unpark {
        /// The entry.
        entry: EntryRef,
    },
    /// The derived writes of these entries are out. The command's own row is that of the last one.
    ClearEmitting {
        /// All of `emitting` up to this version.
        up_to_version: u64,
    },
    /// Takes an entry out of those that wait whose row, or whose sale's, cannot be read: nothing of it is written. When it can
    /// be read again, [`Unpark`](Action::Unpark) puts it back.
    ParkUnread {
        /// The entry.
        entry: EntryRef,
        /// For people.
        why: String,
    },
    /// Of `emitting`, the entries given that [tell events alone](crate::Entry::tells_alone): their events were written
    /// with them. The command's own row is that of the last one.
    ClearTold,
    /// Points by hand.
    Adjust {
        /// Names the request.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// Up or down; never 0.
        points: i64,
        /// Expiry of new points, Unix milliseconds; by the policy when none.
        expires_ms: Option<i64>,
    },
    /// A coupon into the wallet.
    GrantCoupon {
        /// Names the request.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// The coupon.
        coupon: CouponId,
        /// Its campaign.
        campaign: OfferKey,
        /// Its expiry, Unix milliseconds; [`NEVER_MS`](crate::head::NEVER_MS) for ever.
        expires_ms: i64,
    },
    /// A coupon out of the wallet.
    RevokeCoupon {
        /// Names the request.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// The coupon.
        coupon: CouponId,
    },
    /// Points for doing something else than buying.
    EarnByActivity {
        /// Names the event.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// The activity of the policy.
        activity: OfferKey,
        /// When by the wall clock, Unix milliseconds.
        business_ms: i64,
    },
    /// Points to another member: here they leave, an effect carries them.
    TransferOut {
        /// Names the request.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// To whom.
        to: MemberId,
        /// How many.
        points: i64,
    },
    /// What another member's entry brings here, once.
    Effect {
        /// Names the effect, see [`EntryKey::effect_of`](crate::EntryKey::effect_of).
        id: [u8; 16],
        /// Whose entry brings it.
        source: MemberId,
        /// What it brings.
        effect: Effect,
    },
    /// No spending, or spending again.
    Block {
        /// Names the request.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// Whether to block.
        blocked: bool,
    },
    /// First step of a merge, on the survivor: it cannot close until the source did.
    MergeLock {
        /// Names the request.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// Who is to be taken over.
        source: MemberId,
    },
    /// The survivor gives the merge up (the source refused, or merges the other way with the greater id).
    MergeUnlock {
        /// Names the request.
        request: [u8; 16],
    },
    /// Second step, on the source: closes, with everything it had written out as an effect on the survivor.
    CloseInto {
        /// Names the request.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
        /// Who takes over.
        survivor: MemberId,
    },
    /// The member leaves; points lapse.
    Close {
        /// Names the request.
        request: [u8; 16],
        /// Of the request.
        content_hash: [u8; 32],
    },
    /// Books what time brought: lapsed lots and coupons, releases, tier periods, reminders, birthdays, archival marks, a
    /// new policy.
    Tick,
}

/// How a fact is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// A till took the money without having confirmed.
    Tendered,
    /// A till sold while it had no network.
    Offline,
}

/// Which entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryRef {
    /// A sale.
    Checkout(CheckoutId),
    /// A return.
    Return(CheckoutId, ReturnId),
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything that is left.
    All,
    /// These lines.
    Lines(Vec<WantedLine>),
}

/// What comes back of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedLine {
    /// The line's id.
    pub line: String,
    /// How much, thousandths; all that is left when 0.
    pub quantity_milli: i64,
    /// Which units by their place in the line, from 0; the last ones first when empty.
    pub units: Vec<u32>,
}

/// What stays of a sale, priced again under its own program, time, member facts and coupons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repriced {
    /// What it costs, minor units, in money.
    pub due_minor: i64,
    /// What points pay of it, minor units.
    pub points_value_minor: i64,
    /// Points that it uses.
    pub points_used: i64,
    /// Points that it earns.
    pub points_earned: i64,
}

/// What another member's entry brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Points that the source sent; expiry starts anew when the policy says so.
    Transfer {
        /// The lots.
        lots: Vec<Lot>,
    },
    /// The first sale of the source, a friend, was confirmed.
    ReferralReward {
        /// Points.
        points: i64,
        /// What the friend got, so that a return takes the same back.
        friend_points: i64,
    },
    /// The friend's first sale was returned whole.
    ReferralTakenBack {
        /// Points.
        points: i64,
    },
    /// Everything of the source, which was merged into this member.
    Merged {
        /// What it had: encoded as a head without holds, pending and emitting entries.
        estate: Vec<u8>,
    },
    /// Goods of a sale came back whose member, the source, was merged into this one.
    Returned {
        /// When by the store's clock, Unix milliseconds.
        business_ms: i64,
        /// Spent points that come back, in their lots; an expiry of 0 is what had become debt.
        restored: Vec<Lot>,
        /// Earned points that are taken back.
        points_taken_back: i64,
        /// What no longer counts for tiers, minor units.
        qualifying_minor: i64,
        /// Whether a purchase no longer counts.
        whole: bool,
    },
}
