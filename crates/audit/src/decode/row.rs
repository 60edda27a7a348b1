//! A row.

use minicbor::Decoder;
use minicbor::data::Type;
use minicbor::decode::Error;

use super::sale::{Returned, Sale};
use super::stays::hash;
use super::{Id, Key, Unreadable, at_end, body, fields, flat, id, key, wrong};

/// Numbers of states that the audit tells apart; 4 is fenced.
pub(crate) mod state {
    pub(crate) const RESERVED: u8 = 1;
    pub(crate) const CONFIRMED: u8 = 2;
    pub(crate) const CANCELLED: u8 = 3;
    pub(crate) const DONE: u8 = 5;
    pub(crate) const PARKED: u8 = 6;
}

/// Numbers of verbs that the audit tells apart.
pub(crate) mod verb {
    pub(crate) const SALE: u8 = 1;
    pub(crate) const RETURN: u8 = 2;
    pub(crate) const MERGED: u8 = 12;
    pub(crate) const RETURN_ELSEWHERE: u8 = 13;
    pub(crate) const LAST: u8 = 19;
}

/// Numbers of movements: the first eight add up to the sums of a head, the last two name tiers.
pub(crate) mod kind {
    pub(crate) const EARNED: u8 = 1;
    pub(crate) const RESTORED: u8 = 2;
    pub(crate) const TRANSFERRED_IN: u8 = 4;
    pub(crate) const SPENT: u8 = 5;
    pub(crate) const TAKEN_BACK: u8 = 7;
    pub(crate) const TRANSFERRED_OUT: u8 = 8;
    pub(crate) const MOVED: u8 = 10;
    pub(crate) const HELD: u8 = 11;
    pub(crate) const FREED: u8 = 12;
    pub(crate) const COUPON_GRANTED: u8 = 13;
    pub(crate) const COUPON_USED: u8 = 14;
    pub(crate) const COUPON_RETURNED: u8 = 15;
    pub(crate) const COUPON_REVOKED: u8 = 16;
    pub(crate) const COUPON_EXPIRED: u8 = 17;
    pub(crate) const TIER_UP: u8 = 18;
    pub(crate) const TIER_DOWN: u8 = 19;
}

/// Numbers of reasons that the audit tells apart.
pub(crate) mod reason {
    pub(crate) const COUPON_UNKNOWN: u8 = 12;
    pub(crate) const COUPON_EXPIRED: u8 = 14;
    pub(crate) const CODE_HELD: u8 = 19;
    pub(crate) const CODE_UNKNOWN: u8 = 21;
    pub(crate) const HEAD_FULL: u8 = 31;
}

/// One line of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) version: u64,
    pub(crate) kind: u8,
    pub(crate) points: i64,
    /// Milliseconds; 0 for debt.
    pub(crate) expires_ms: i64,
    pub(crate) coupon: Option<Id>,
}

/// What a fact found missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overrun {
    pub(crate) reason: u8,
    /// The coupon or the code that the subject names, when it is 32 hexadecimal digits.
    pub(crate) subject: Option<Id>,
}

/// What the audit reads of a row.
#[derive(Clone, Default)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) state: u8,
    pub(crate) verb: u8,
    pub(crate) version: u64,
    pub(crate) written_ms: i64,
    /// Of the sale's content alone, and of the content that decided the row.
    pub(crate) hashes: [Option<[u8; 32]>; 2],
    pub(crate) until_ms: i64,
    pub(crate) has_sale: bool,
    pub(crate) sale: Sale,
    pub(crate) has_returned: bool,
    pub(crate) returned: Returned,
    pub(crate) movements: Vec<Movement>,
    /// The version that accrued it; 0 while it waits.
    pub(crate) accrued: u64,
    pub(crate) overruns: Vec<Overrun>,
    /// How many derived writes it owes or owed.
    pub(crate) emits: u64,
    /// What the friend got, of a row that paid a referral.
    pub(crate) friend_points: i64,
    /// Whether it took a referral back.
    pub(crate) took_referral_back: bool,
    /// Points that a return restored and took back at who took the member over.
    pub(crate) elsewhere: Option<(i64, i64)>,
}

impl Row {
    fn clear(&mut self) {
        self.sale.clear();
        self.returned.clear();
        self.movements.clear();
        self.overruns.clear();
        (self.state, self.verb, self.version, self.until_ms) = (0, 0, 0, 0);
        (self.has_sale, self.has_returned, self.accrued) = (false, false, 0);
        (self.written_ms, self.hashes) = (0, [None; 2]);
        (self.emits, self.friend_points, self.took_referral_back, self.elsewhere) = (0, 0, false, None);
        self.key = Key::default();
    }

    /// Points of a kind that a version booked; all versions when none.
    pub(crate) fn booked(&self, kind: u8, version: Option<u64>) -> i128 {
        let of = |movement: &&Movement| {
            movement.kind == kind && version.is_none_or(|version| movement.version == version)
        };
        self.movements.iter().filter(of).map(|movement| i128::from(movement.points)).sum()
    }
}

/// Reads a row into one that is used again.
pub(crate) fn read_row(bytes: &[u8], row: &mut Row) -> Result<(), Unreadable> {
    row.clear();
    let mut d = body(bytes)?;
    fields(&mut d, |number, d| read_field(row, number, d))?;
    at_end(&d)?;
    if row.key.kind().is_none() {
        return Err(wrong("a row without a key").into());
    }
    if row.state == 0 || row.verb == 0 {
        return Err(wrong("a row without a state or a verb").into());
    }
    Ok(())
}

fn read_field(row: &mut Row, number: u8, d: &mut Decoder<'_>) -> Result<(), Error> {
    match number {
        0 => row.key = key(d)?,
        1 => row.state = numbered(d, state::PARKED)?,
        2 => row.verb = numbered(d, verb::LAST)?,
        3 => row.version = d.u64()?,
        4 => row.written_ms = d.i64()?,
        5 | 6 => row.hashes[usize::from(number) - 5] = Some(hash(d)?),
        8 => row.until_ms = d.i64()?,
        9 => {
            row.has_sale = true;
            row.sale.read(d)?;
        }
        10 => {
            row.has_returned = true;
            row.returned.read(d)?;
        }
        11 => {
            d.bytes()?;
        }
        12 => flat(d, 7, |d| {
            row.movements.push(read_movement(d)?);
            Ok(())
        })?,
        13 => row.accrued = d.u64()?,
        14 => flat(d, 4, |d| {
            row.overruns.push(Overrun { reason: d.u8()?, subject: hexadecimal(d.str()?) });
            d.i64()?;
            d.i64()?;
            Ok(())
        })?,
        15 => flat(d, 1, |d| read_emit(row, d))?,
        7 | 16 | 17 => d.skip()?,
        _ => return Err(wrong("a field that no row has")),
    }
    Ok(())
}

fn numbered(d: &mut Decoder<'_>, last: u8) -> Result<u8, Error> {
    match d.u8()? {
        number if (1..=last).contains(&number) => Ok(number),
        _ => Err(wrong("a state or a verb that does not exist")),
    }
}

fn read_movement(d: &mut Decoder<'_>) -> Result<Movement, Error> {
    let version = d.u64()?;
    d.i64()?;
    let kind = match d.u8()? {
        kind if (kind::EARNED..=kind::TIER_DOWN).contains(&kind) => kind,
        _ => return Err(wrong("a movement of a kind that does not exist")),
    };
    let (points, expires_ms) = (d.i64()?, d.i64()?);
    let coupon = if d.datatype()? == Type::Null {
        d.null()?;
        None
    } else {
        Some(id(d)?)
    };
    d.u64()?;
    Ok(Movement { version, kind, points, expires_ms, coupon })
}

fn read_emit(row: &mut Row, d: &mut Decoder<'_>) -> Result<(), Error> {
    row.emits += 1;
    let values = d.array()?.ok_or_else(|| wrong("a derived write of open length"))?;
    let number = d.u8()?;
    match (number, values) {
        (9, 4) => {
            d.str()?;
            d.i64()?;
            row.friend_points = row.friend_points.saturating_add(d.i64()?);
            Ok(())
        }
        (12, 7) => {
            d.str()?;
            d.i64()?;
            let mut restored = 0_i64;
            flat(d, 2, |d| {
                d.i64()?;
                restored = restored.saturating_add(d.i64()?);
                Ok(())
            })?;
            row.elsewhere = Some((restored, d.i64()?));
            d.i64()?;
            d.bool().map(|_| ())
        }
        (1..=12, 1..) => {
            row.took_referral_back |= number == 10;
            (1..values).try_for_each(|_| d.skip())
        }
        _ => Err(wrong("a derived write that does not exist")),
    }
}

/// Sixteen bytes of their digits.
fn hexadecimal(text: &str) -> Option<Id> {
    if text.len() != 32 {
        return None;
    }
    let mut id = [0; 16];
    for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(id)
}
