//! A process: what it was asked, where it is, and what it has seen.

use super::{OWNERS, Owner, Row};

/// What a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Hold it.
    Reserve,
    /// It is paid.
    Confirm,
    /// It was paid already.
    Fact,
    /// It will not be: whoever's row says most of the sale, else the guest's.
    Cancel,
    /// Nobody is there.
    Nothing,
}

impl Call {
    /// All that somebody may ask for.
    pub const ALL: &'static [Self] = &[Self::Reserve, Self::Confirm, Self::Fact, Self::Cancel];
}

/// Where a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A cancel looks for the sale.
    Find,
    /// Claims before its turn comes in its own node.
    WaitClaim,
    /// Reads who else has, still waiting.
    WaitRead,
    /// Looks at its own row; these others had claimed while it waited.
    Look(Option<u8>),
    /// Inserts its claim.
    Claim,
    /// Reads who else has claimed.
    ReadClaims,
    /// Reads the rows of these, one after the other.
    Others(u8),
    /// Takes the turn.
    Take,
    /// Keeps the rows of these out, one after the other.
    KeepOut(u8),
    /// Looks at its own row under the turn.
    LookAgain,
    /// Reads whose turn it is, and the claims.
    Check,
    /// Ends the reservations of these, one after the other.
    End(u8),
    /// Writes its own row.
    Write,
    /// Has its answer.
    Told,
    /// Is refused.
    Refused,
}

impl Step {
    /// Whether the call is over.
    #[must_use]
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Told | Self::Refused)
    }
}

/// A row as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// The row.
    pub row: Row,
    /// Its owner's head has not been written since.
    pub same_version: bool,
    /// Nobody has kept it out since.
    pub same_round: bool,
}

impl Seen {
    pub(super) const fn now(row: Row) -> Self {
        Self { row, same_version: true, same_round: true }
    }
}

/// A process that carries out a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// What was asked.
    pub call: Call,
    /// For whom. A cancel finds out.
    pub owner: Owner,
    /// Somebody had been told of the sale before it began.
    pub late: bool,
    /// Where it is.
    pub step: Step,
    /// Its own row.
    pub own: Option<Seen>,
    /// The rows of the others whom it knows of.
    pub others: [Option<Seen>; OWNERS],
    /// It has taken the turn, and nobody else has since.
    pub has_turn: bool,
    /// The sale that it is about to write was cancelled.
    pub cancelled: bool,
}

impl Process {
    /// No process.
    pub const NOBODY: Self = Self::new(Call::Nothing, 0);

    /// A call that begins.
    #[must_use]
    pub const fn new(call: Call, owner: Owner) -> Self {
        let (owner, step) = match call {
            Call::Cancel => (0, Step::Find),
            Call::Reserve | Call::Confirm | Call::Fact | Call::Nothing => (owner, Step::Look(None)),
        };
        Self {
            call,
            owner,
            late: false,
            step,
            own: None,
            others: [None; OWNERS],
            has_turn: false,
            cancelled: false,
        }
    }

    /// Begins anew, as its caller does.
    pub(super) fn begin(&mut self) {
        *self = Self::new(self.call, self.owner);
    }

    /// Looks again at everything, within the call.
    pub(super) fn again(&mut self) {
        *self = Self { late: self.late, step: Step::Look(None), ..Self::new(self.call, 0).of(self.owner) };
    }

    const fn of(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }

    /// What it remembers of an owner's row.
    pub(super) fn seen_of(&mut self, owner: Owner) -> Option<&mut Seen> {
        let own = self.owner == owner;
        if own { self.own.as_mut() } else { self.others[usize::from(owner)].as_mut() }
    }

    /// The others that it knows of, one bit each.
    pub(super) fn known(&self) -> u8 {
        (0..).zip(&self.others).fold(0, |set, (owner, seen)| set | u8::from(seen.is_some()) << owner)
    }
}
