//! One command on one member: the next head and row, or every reason why not.

mod accrue;
mod activity;
mod adjust;
mod cancel;
mod close;
mod confirm;
mod consume;
mod coupons;
mod effect;
mod emitting;
mod enrol;
mod merge;
mod park;
mod reserve;
mod ret;
mod tick;
mod transfer;

use crate::bounds;
use crate::command::{Action, Command, EntryRef};
use crate::entry::{Entry, EntryKey, State, Verb};
use crate::head::{Head, Status};
use crate::limits;
use crate::outcome::Applied;
use crate::policy::Policy;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::shape::Shape;

/// Carries a command out on a member, or on a guest's sale.
///
/// `entries` are the rows that the command touches, as they are: the one of its own key when there is one, and for a
/// return (also its accrual and its way back from the parked ones) the checkout with all of its returns, in the order of
/// their keys. Nothing else is looked at. The same values give the same answer anywhere.
///
/// A command that was done before with the same content is [`Applied::Known`], whatever happened since. Facts (a sale or
/// a return that has happened) are refused only when they make no sense in themselves: what could not be taken stands
/// in [`Entry::overruns`](crate::Entry::overruns).
///
/// ```
/// use suanpan_ledger::{Action, Actor, Applied, Command, Head, Policy, apply};
/// let policy = Policy::plain(jiff::tz::TimeZone::UTC);
/// let enrol = |now_ms, request| Command {
///     now_ms,
///     actor: Actor::default(),
///     action: Action::Enrol { request, content_hash: [0; 32], birthday: None, referred_by: None },
/// };
/// let Ok(Applied::Changed(change)) = apply(&policy, &Head::absent(), &[], &enrol(1_000, [1; 16])) else { panic!() };
/// assert_eq!(change.head.version, 1);
/// // A retry finds its row; another request finds the member.
/// let row = [change.entry.clone()];
/// assert!(matches!(apply(&policy, &change.head, &row, &enrol(2_000, [1; 16])), Ok(Applied::Known(_))));
/// assert!(apply(&policy, &change.head, &[], &enrol(2_000, [2; 16])).is_err());
/// ```
///
/// # Errors
/// All [`Conflicts`], in the order of [`Refusal`], none twice.
///
/// # Panics
/// When an invariant of the head is broken, which no input can bring about.
pub fn apply(
    policy: &Policy,
    head: &Head,
    entries: &[Entry],
    command: &Command,
) -> Result<Applied, Conflicts> {
    let mut shape = Shape::default();
    shape.command(command);
    shape.need(head.has_sums_left() || adds_nothing(&command.action), || "sums".to_owned());
    sorted(shape.wrong)?;
    let call = Call { policy, head, entries, command };
    match carry_out(call) {
        // Whoever meets a reservation whose time is over ends it, and looks again.
        Err(conflicts) if call.meets_ended_hold(&conflicts) => Ok(Applied::AccrueFirst),
        applied => applied,
    }
}

/// Commands that add to no sum: they go on when a life's sums have reached their end.
const fn adds_nothing(action: &Action) -> bool {
    matches!(
        action,
        Action::Park { .. }
            | Action::ParkUnread { .. }
            | Action::ClearEmitting { .. }
            | Action::ClearTold
            | Action::Cancel { .. }
            | Action::EndReservation { .. }
    )
}

fn carry_out(call: Call<'_>) -> Result<Applied, Conflicts> {
    match &call.command.action {
        Action::Enrol { .. } => enrol::enrol(call),
        Action::Reserve { .. } => reserve::reserve(call),
        Action::Confirm { .. } => confirm::confirm(call),
        Action::Cancel { checkout } => cancel::cancel(call, *checkout),
        Action::EndReservation { checkout, fenced } => cancel::end(call, *checkout, *fenced),
        Action::Return { .. } => ret::give_back(call),
        Action::Accrue { entry } => accrue::accrue(call, *entry),
        Action::Park { entry, why } => park::park(call, *entry, why),
        Action::ParkUnread { entry, why } => park::park_unread(call, *entry, why),
        Action::Unpark { entry } => park::unpark(call, *entry),
        Action::ClearEmitting { up_to_version } => emitting::clear(call, *up_to_version),
        Action::ClearTold => emitting::clear_told(call),
        Action::Adjust { .. } => adjust::adjust(call),
        Action::GrantCoupon { .. } => coupons::grant(call),
        Action::RevokeCoupon { .. } => coupons::revoke(call),
        Action::EarnByActivity { .. } => activity::earn(call),
        Action::TransferOut { .. } => transfer::out(call),
        Action::Effect { .. } => effect::effect(call),
        Action::Block { .. } => close::block(call),
        Action::MergeLock { .. } => merge::lock(call),
        Action::MergeUnlock { request } => merge::unlock(call, *request),
        Action::CloseInto { .. } => merge::close_into(call),
        Action::Close { .. } => close::close(call),
        Action::Tick => tick::tick(call),
    }
}

/// What every command is carried out with.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) head: &'a Head,
    pub(crate) entries: &'a [Entry],
    pub(crate) command: &'a Command,
}

impl<'a> Call<'a> {
    /// The row of a key, when it was given.
    pub(crate) fn row(&self, key: EntryKey) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The instant of the command by the head's clock.
    pub(crate) fn now_ms(&self) -> i64 {
        crate::draft::clock(self.head, self.command)
    }

    /// What is wrong with the member for a command that changes an account.
    pub(crate) fn member_conflicts(&self) -> Conflicts {
        match self.head.status {
            Status::Active | Status::Blocked => Vec::new(),
            Status::Absent | Status::Guest => vec![Conflict::of(Refusal::MemberUnknown)],
            Status::Closed { .. } => vec![Conflict::of(Refusal::MemberClosed)],
        }
    }

    /// The answer to a request that has its row already; none when it is new.
    pub(crate) fn repeated(
        &self,
        key: EntryKey,
        content_hash: &[u8; 32],
    ) -> Option<Result<Applied, Conflicts>> {
        let row = self.row(key)?;
        Some(if row.content_hash.as_ref() == Some(content_hash) {
            Ok(Applied::Known(Box::new(row.clone())))
        } else {
            Err(vec![Conflict::of(Refusal::ContentDiffers)])
        })
    }

    /// Whether a reservation of another sale, whose time is over, may hold what is missing.
    pub(crate) fn meets_ended_hold(&self, conflicts: &[Conflict]) -> bool {
        let own = match &self.command.action {
            Action::Reserve { checkout, .. } | Action::Confirm { checkout, .. } => Some(*checkout),
            _ => None,
        };
        let now_ms = self.now_ms();
        conflicts.iter().any(|conflict| conflict.reason.may_be_held())
            && self.head.holds.iter().any(|hold| hold.until_ms <= now_ms && Some(hold.checkout) != own)
    }

    /// Whether what is due has to be done before the member can begin what owes derived writes.
    pub(crate) fn emitting_full(&self) -> bool {
        self.head.has_account() && self.head.emitting.len() >= limits::EMITTING_BEGUN_MAX
    }

    /// Whether there is no room for an entry that waits for its accrual.
    pub(crate) fn pending_full(&self) -> bool {
        self.head.has_account()
            && (self.head.pending.len() >= limits::PENDING_MAX
                || (!self.head.pending.is_empty() || !self.head.emitting.is_empty())
                    && bounds::over(self.head, limits::HEAD_BYTES_ACCRUE))
    }
}

/// Nothing, or the reasons in order, none twice.
pub(crate) fn sorted(mut conflicts: Conflicts) -> Result<(), Conflicts> {
    if conflicts.is_empty() {
        return Ok(());
    }
    conflicts.sort();
    conflicts.dedup();
    Err(conflicts)
}

/// The row that names an entry.
pub(crate) const fn key_of(entry: EntryRef) -> EntryKey {
    match entry {
        EntryRef::Checkout(checkout) => EntryKey::Checkout(checkout),
        EntryRef::Return(checkout, back) => EntryKey::Return(checkout, back),
    }
}

/// A row that says only that a sale will not be.
pub(crate) fn ended_row(call: Call<'_>, key: EntryKey, state: State, version: u64) -> Entry {
    let mut row = match call.row(key) {
        Some(row) => row.clone(),
        None => crate::draft::blank(key, Verb::Sale, version, call.now_ms(), &call.command.actor),
    };
    row.state = state;
    row.sale = None;
    row.answer = Vec::new();
    row.until_ms = 0;
    row.accrued_version = version;
    row
}
