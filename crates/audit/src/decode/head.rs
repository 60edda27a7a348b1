//! A head.

use minicbor::Decoder;
use minicbor::decode::Error;

use super::{Id, Key, UNANNOUNCED, Unreadable, at_end, body, exactly, fields, flat, id, key, seconds, wrong};

/// Whether a member may act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    #[default]
    Absent,
    Guest,
    Active,
    Blocked,
    Closed,
}

/// What the audit reads of a head. Instants of lots and coupons are seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) epoch: u64,
    pub(crate) version: u64,
    pub(crate) as_of_ms: i64,
    pub(crate) status: Status,
    /// Key, since (ms), end of validity (ms, 0 never).
    pub(crate) tier: (u64, i64, i64),
    pub(crate) lots: Vec<Lot>,
    pub(crate) delayed: Vec<Delayed>,
    pub(crate) debt: i64,
    pub(crate) coupons: Vec<Coupon>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) counters: Vec<Use>,
    /// Spent in minor units, purchases, activity points.
    pub(crate) lifetime: (i64, i64, i64),
    pub(crate) pending: Vec<Waiting>,
    pub(crate) emitting: Vec<Waiting>,
    pub(crate) parked: u64,
    /// In the order of the movements' kinds 1 to 8.
    pub(crate) sums: [i64; 8],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Lot {
    pub(crate) expires_s: i64,
    pub(crate) points: i64,
    pub(crate) held: i64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Delayed {
    pub(crate) release_s: i64,
    pub(crate) expires_s: i64,
    pub(crate) points: i64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Coupon {
    pub(crate) id: Id,
    pub(crate) expires_s: i64,
    pub(crate) held: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) checkout: Id,
    pub(crate) until_ms: i64,
    /// Expiry of the lot, points.
    pub(crate) points: Vec<(i64, i64)>,
    pub(crate) coupons: Vec<Id>,
    pub(crate) uses: Vec<Use>,
    pub(crate) first_purchase: bool,
}

/// Uses of an offer in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) offer: u64,
    pub(crate) period: i64,
    pub(crate) used: u32,
}

/// An entry that waits.
#[derive(Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) version: u64,
    pub(crate) key: Key,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.key.told(), self.version)
    }
}

impl Head {
    /// Whether there are points, coupons and counters.
    pub(crate) fn has_account(&self) -> bool {
        matches!(self.status, Status::Active | Status::Blocked)
    }

    /// All points, lots and delayed ones, less the debt.
    pub(crate) fn balance(&self) -> i128 {
        let lots: i128 = self.lots.iter().map(|lot| i128::from(lot.points)).sum();
        let delayed: i128 = self.delayed.iter().map(|delayed| i128::from(delayed.points)).sum();
        lots + delayed - i128::from(self.debt)
    }
}

/// Reads a head.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Head, Unreadable> {
    let mut head = Head::default();
    let (mut d, newest) = match bytes.split_first() {
        Some((&UNANNOUNCED, rest)) => (Decoder::new(rest), 27),
        _ => (body(bytes)?, 26),
    };
    fields(&mut d, |number, d| match number {
        0..=26 => read_field(&mut head, number, d),
        // Points to announce: part of the lots, they balance with nothing.
        _ if number <= newest => d.skip(),
        _ => Err(wrong("a field that no head has")),
    })?;
    at_end(&d)?;
    Ok(head)
}

fn read_field(head: &mut Head, number: u8, d: &mut Decoder<'_>) -> Result<(), Error> {
    match number {
        0 => head.epoch = d.u64()?,
        1 => head.version = d.u64()?,
        2 => head.as_of_ms = d.i64()?,
        4 => {
            head.status = match d.u8()? {
                1 => Status::Guest,
                2 => Status::Active,
                3 => Status::Blocked,
                4 => Status::Closed,
                _ => return Err(wrong("a status that does not exist")),
            };
        }
        9 => {
            exactly(d, 3)?;
            head.tier = (d.u64()?, d.i64()?, d.i64()?);
        }
        10 => flat(d, 3, |d| {
            head.lots.push(Lot { expires_s: seconds(d)?, points: d.i64()?, held: d.i64()? });
            Ok(())
        })?,
        11 => flat(d, 4, |d| {
            let delayed = Delayed { release_s: seconds(d)?, expires_s: seconds(d)?, points: d.i64()? };
            head.delayed.push(delayed);
            d.skip()
        })?,
        12 => head.debt = d.i64()?,
        13 => flat(d, 4, |d| {
            let coupon = id(d)?;
            d.u64()?;
            head.coupons.push(Coupon { id: coupon, expires_s: seconds(d)?, held: d.bool()? });
            Ok(())
        })?,
        14 => flat(d, 6, |d| {
            head.holds.push(read_hold(d)?);
            Ok(())
        })?,
        15 => flat(d, 3, |d| {
            head.counters.push(read_use(d)?);
            Ok(())
        })?,
        18 => {
            exactly(d, 3)?;
            head.lifetime = (d.i64()?, d.i64()?, d.i64()?);
        }
        21 => flat(d, 2, |d| {
            head.pending.push(Waiting { version: d.u64()?, key: key(d)? });
            Ok(())
        })?,
        22 => flat(d, 2, |d| {
            head.emitting.push(Waiting { version: d.u64()?, key: key(d)? });
            Ok(())
        })?,
        23 => head.parked = d.u64()?,
        26 => {
            exactly(d, 8)?;
            for sum in &mut head.sums {
                *sum = d.i64()?;
            }
        }
        // Nothing that has to balance: policy, survivor, birthday, referrer, months, days, activities, watermarks, lock.
        3 | 5..=8 | 16 | 17 | 19 | 20 | 24 | 25 => d.skip()?,
        _ => return Err(wrong("a field that no head has")),
    }
    Ok(())
}

pub(super) fn read_use(d: &mut Decoder<'_>) -> Result<Use, Error> {
    Ok(Use { offer: d.u64()?, period: d.i64()?, used: d.u32()? })
}

fn read_hold(d: &mut Decoder<'_>) -> Result<Hold, Error> {
    let (checkout, until_ms) = (id(d)?, d.i64()?);
    let (mut points, mut coupons, mut uses) = (Vec::new(), Vec::new(), Vec::new());
    flat(d, 2, |d| {
        points.push((seconds(d)?, d.i64()?));
        Ok(())
    })?;
    flat(d, 1, |d| {
        coupons.push(id(d)?);
        Ok(())
    })?;
    flat(d, 3, |d| {
        uses.push(read_use(d)?);
        Ok(())
    })?;
    Ok(Hold { checkout, until_ms, points, coupons, uses, first_purchase: d.bool()? })
}
