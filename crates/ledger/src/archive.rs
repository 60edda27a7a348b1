//! What stays of a row whose body rests in the archive: enough to know the row again, its totals and what came back of
//! its sale, and which body it is. Whatever decides or answers reads the body.

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::calendar;
use crate::codec::{self, DecodeError};
use crate::entry::{Entry, EntryKey, State, Verb};
use crate::key::first_16;

/// What stays of a row in its place. Its bytes are of another format than a whole row's, so that neither is taken for the
/// other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// Where the row is.
    pub key: EntryKey,
    /// Where it stands.
    pub state: State,
    /// What it is.
    pub verb: Verb,
    /// The version that wrote it first.
    pub version: u64,
    /// When it was written first, Unix milliseconds.
    pub written_ms: i64,
    /// Of the sale's content alone.
    pub reserve_hash: Option<[u8; 32]>,
    /// Of the content that decided it.
    pub content_hash: Option<[u8; 32]>,
    /// Of a sale.
    pub sale: Option<SaleTotals>,
    /// Of a return.
    pub returned: Option<ReturnTotals>,
    /// The version that accrued it.
    pub accrued_version: u64,
    /// The first 16 bytes of the SHA-256 of the archived body: which of the archive's rows is meant, and that it is whole.
    pub digest: [u8; 16],
}

/// What a sale came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaleTotals {
    /// What the buyer owed, minor units.
    pub due_minor: i64,
    /// What coarse coins made of it, minor units.
    pub cash_rounding_minor: i64,
    /// Points paid with.
    pub points_used: i64,
    /// What they took off, minor units.
    pub points_value_minor: i64,
    /// Points earned.
    pub points_earned: i64,
    /// What counts for tiers, minor units.
    pub qualifying_minor: i64,
}

/// What a return came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTotals {
    /// How much of each line came back: its place in the sale, thousandths.
    pub quantities: Vec<(u32, i64)>,
    /// Money given back, minor units.
    pub refund_minor: i64,
    /// Tax in it, minor units.
    pub tax_minor: i64,
    /// Spent points given back.
    pub points_restored: i64,
    /// Earned points taken back.
    pub points_taken_back: i64,
    /// What no longer counts for tiers, minor units.
    pub qualifying_minor: i64,
}

impl Archived {
    /// What is to stay of a row when its body moves now; none when it stays whole: written at `before_ms` or later, still
    /// reserved, waiting for its accrual or for a person, or too short to be worth it.
    ///
    /// # Errors
    /// [`DecodeError`]: the body is none, or is archived already.
    pub fn of(body: &[u8], before_ms: i64) -> Result<Option<Self>, DecodeError> {
        let entry = codec::decode_entry(body)?;
        let waits = matches!(entry.state, State::Reserved | State::Parked) || entry.accrued_version == 0;
        if waits || entry.written_ms >= before_ms {
            return Ok(None);
        }
        let stays = Self::left_by(&entry, body);
        Ok((codec::encode_archived(&stays).len() < body.len()).then_some(stays))
    }

    fn left_by(entry: &Entry, body: &[u8]) -> Self {
        Self {
            key: entry.key,
            state: entry.state,
            verb: entry.verb,
            version: entry.version,
            written_ms: entry.written_ms,
            reserve_hash: entry.reserve_hash,
            content_hash: entry.content_hash,
            sale: entry.sale.as_deref().map(|sale| SaleTotals {
                due_minor: sale.due_minor,
                cash_rounding_minor: sale.cash_rounding_minor,
                points_used: sale.points_used,
                points_value_minor: sale.points_value_minor,
                points_earned: sale.points_earned,
                qualifying_minor: sale.qualifying_minor,
            }),
            returned: entry.returned.as_deref().map(|returned| ReturnTotals {
                quantities: returned.lines.iter().map(|line| (line.line, line.quantity_milli)).collect(),
                refund_minor: returned.refund_minor,
                tax_minor: returned.tax_minor,
                points_restored: returned.points_restored,
                points_taken_back: returned.points_taken_back,
                qualifying_minor: returned.qualifying_minor,
            }),
            accrued_version: entry.accrued_version,
            digest: digest(body),
        }
    }

    /// The calendar year, by UTC, in whose part of the archive the body lies.
    #[must_use]
    pub fn year(&self) -> i32 {
        i32::from(calendar::date_at(&TimeZone::UTC, self.written_ms).year())
    }

    /// The row that an archived body is, when it is the one that was moved.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] when it is another one, and those of a row.
    pub fn entry(&self, body: &[u8]) -> Result<Entry, DecodeError> {
        let entry = codec::decode_entry(body)?;
        if Self::left_by(&entry, body) == *self {
            return Ok(entry);
        }
        Err(DecodeError::Damaged { what: "an archived body is not the one that was moved".to_owned() })
    }
}

/// Names a body among those that one row ever had.
fn digest(body: &[u8]) -> [u8; 16] {
    first_16(Sha256::new().chain_update(body))
}
