//! A row as bytes.

use std::sync::Arc;

use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

use super::wire::{self, Encoded, Out, Sink};
use super::{DecodeError, FORMAT, body, sale};
use crate::command::{Actor, Effect, Role};
use crate::entry::{CouponName, Entry, EntryKey, Movement, MovementKind, State, Verb};
use crate::head::{Lot, OfferKey, TierKey};
use crate::outcome::Emit;
use crate::refusal::{Conflict, Refusal};

macro_rules! numbered {
    ($name:ident, $of:ident: $($number:literal $variant:ident),* $(,)?) => {
        pub(super) mod $name {
            use super::{$of, Error};

            pub(in crate::codec) const fn number(value: $of) -> u8 {
                match value {
                    $($of::$variant => $number,)*
                }
            }

            pub(in crate::codec) fn read(number: u8) -> Result<$of, Error> {
                match number {
                    $($number => Ok($of::$variant),)*
                    _ => Err(Error::message(concat!("no such ", stringify!($name)))),
                }
            }
        }
    };
}

numbered! { state, State: 1 Reserved, 2 Confirmed, 3 Cancelled, 4 Fenced, 5 Done, 6 Parked }

numbered! { role, Role: 0 Till, 1 Online, 2 ServiceDesk, 3 Marketing, 4 Finance, 5 Operator, 6 Worker }

numbered! {
    verb, Verb:
    1 Sale, 2 Return, 3 Enrol, 4 Adjust, 5 GrantCoupon, 6 RevokeCoupon, 7 Activity, 8 TransferOut, 9 TransferIn,
    10 ReferralReward, 11 ReferralTakenBack, 12 Merged, 13 ReturnElsewhere, 14 Block, 15 Unblock, 16 MergeLock,
    17 CloseInto, 18 Close, 19 Time,
}

numbered! {
    kind, MovementKind:
    1 Earned, 2 Restored, 3 Adjusted, 4 TransferredIn, 5 Spent, 6 Expired, 7 TakenBack, 8 TransferredOut, 9 Released,
    10 Moved, 11 Held, 12 Freed, 13 CouponGranted, 14 CouponUsed, 15 CouponReturned, 16 CouponRevoked,
    17 CouponExpired, 18 TierUp, 19 TierDown,
}

numbered! {
    reason, Refusal:
    1 MemberUnknown, 2 MemberExists, 3 MemberBlocked, 4 MemberClosed, 5 ContentDiffers, 6 CheckoutCancelled,
    7 CheckoutFenced, 8 CheckoutConfirmed, 9 CheckoutUnknown, 10 ReservationDiffers, 11 PointsShort, 12 CouponUnknown,
    13 CouponHeld, 14 CouponExpired, 15 MemberLimit, 16 NotFirstPurchase, 17 GlobalLimit, 18 GlobalBudget,
    19 CodeHeld, 20 CodeUsed, 21 CodeUnknown, 22 LineUnknown, 23 QuantityExceeded, 24 UnitReturned,
    25 TooManyReturns, 26 ActivityUnknown, 27 ActivityLimit, 28 HoldsOpen, 29 EntriesPending, 30 MergeInProgress,
    31 HeadFull, 32 OutOfRange,
}

/// A row as bytes.
#[must_use]
pub fn encode_entry(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512 + entry.answer.len());
    bytes.push(FORMAT);
    let mut out = Out(Encoder::new(bytes));
    write(&mut out, entry).expect("memory takes every byte");
    out.0.into_writer()
}

fn write<W: Sink>(out: &mut Out<W>, entry: &Entry) -> Encoded {
    out.begin()?;
    out.0.u8(0)?;
    out.key(&entry.key)?;
    out.0.u8(1)?.u8(state::number(entry.state))?.u8(2)?.u8(verb::number(entry.verb))?;
    out.uint_field(3, entry.version)?;
    out.int_field(4, entry.written_ms)?;
    out.bytes_field(5, entry.reserve_hash.as_ref().map_or(&[], |hash| hash.as_slice()))?;
    out.bytes_field(6, entry.content_hash.as_ref().map_or(&[], |hash| hash.as_slice()))?;
    if entry.actor != Actor::default() {
        let Actor { id, role, channel, reason } = &entry.actor;
        out.0.u8(7)?.array(4)?.str(id)?.u8(role::number(*role))?.str(channel)?.str(reason)?;
    }
    out.int_field(8, entry.until_ms)?;
    if let Some(sale) = &entry.sale {
        out.0.u8(9)?;
        sale::write_sale(out, sale)?;
    }
    if let Some(returned) = &entry.returned {
        out.0.u8(10)?;
        sale::write_returned(out, returned)?;
    }
    out.bytes_field(11, &entry.answer)?;
    out.list_field(12, 7, &entry.movements, write_movement)?;
    out.uint_field(13, entry.accrued_version)?;
    out.list_field(14, 4, &entry.overruns, |out, conflict| {
        out.0
            .u8(reason::number(conflict.reason))?
            .str(&conflict.subject)?
            .i64(conflict.have)?
            .i64(conflict.need)?
            .ok()
    })?;
    out.list_field(15, 1, &entry.emits, write_emit)?;
    out.text_field(16, entry.other.as_ref().map_or("", |member| member.as_str()))?;
    out.text_field(17, &entry.note)?;
    out.end()
}

fn write_movement<W: Sink>(out: &mut Out<W>, movement: &Movement) -> Encoded {
    let Movement { version, at_ms, kind, points, expires_ms, coupon } = movement;
    out.uint(*version)?;
    out.int(*at_ms)?;
    out.uint(u64::from(kind::number(*kind)))?;
    out.int(*points)?;
    out.int(*expires_ms)?;
    match coupon {
        Some(CouponName { id, campaign }) => out.0.bytes(&id.0)?.u64(campaign.0)?.ok(),
        None => out.0.null()?.u8(0)?.ok(),
    }
}

fn write_lots<W: Sink>(out: &mut Out<W>, lots: &[Lot]) -> Encoded {
    out.list(2, lots, |out, lot| out.0.i64(lot.expires_ms)?.i64(lot.points)?.ok())
}

fn write_emit<W: Sink>(out: &mut Out<W>, emit: &Emit) -> Encoded {
    match emit {
        Emit::TierChanged { from, to } => out.0.array(3)?.u8(1)?.u64(from.0)?.u64(to.0)?.ok(),
        Emit::PointsExpiring { points, expires_ms } => {
            out.0.array(3)?.u8(2)?.i64(*points)?.i64(*expires_ms)?.ok()
        }
        Emit::PointsEarned { points } => out.0.array(2)?.u8(3)?.i64(*points)?.ok(),
        Emit::PointsExpired { points } => out.0.array(2)?.u8(4)?.i64(*points)?.ok(),
        Emit::CouponGranted { coupon, campaign, expires_ms } => {
            out.0.array(4)?.u8(5)?.bytes(&coupon.0)?.u64(campaign.0)?.i64(*expires_ms)?.ok()
        }
        Emit::Birthday { year } => out.0.array(2)?.u8(6)?.i32(*year)?.ok(),
        Emit::Archive { before_ms } => out.0.array(2)?.u8(7)?.i64(*before_ms)?.ok(),
        Emit::Effect { member, effect } => write_effect(out, member.as_str(), effect),
    }
}

fn write_effect<W: Sink>(out: &mut Out<W>, member: &str, effect: &Effect) -> Encoded {
    match effect {
        Effect::Transfer { lots } => {
            out.0.array(3)?.u8(8)?.str(member)?;
            write_lots(out, lots)
        }
        Effect::ReferralReward { points, friend_points } => {
            out.0.array(4)?.u8(9)?.str(member)?.i64(*points)?.i64(*friend_points)?.ok()
        }
        Effect::ReferralTakenBack { points } => out.0.array(3)?.u8(10)?.str(member)?.i64(*points)?.ok(),
        Effect::Merged { estate } => out.0.array(3)?.u8(11)?.str(member)?.bytes(estate)?.ok(),
        Effect::Returned { business_ms, restored, points_taken_back, qualifying_minor, whole } => {
            out.0.array(7)?.u8(12)?.str(member)?.i64(*business_ms)?;
            write_lots(out, restored)?;
            out.0.i64(*points_taken_back)?.i64(*qualifying_minor)?.bool(*whole)?.ok()
        }
    }
}

/// Reads a row. Never panics, and never takes more memory than a small multiple of the bytes.
///
/// # Errors
/// [`DecodeError`]: damaged bytes, or a newer format.
pub fn decode_entry(bytes: &[u8]) -> Result<Entry, DecodeError> {
    let mut d = Decoder::new(body(bytes)?);
    let mut key = None;
    let mut entry = crate::draft::blank(EntryKey::Time(0), Verb::Time, 0, 0, &Actor::default());
    wire::fields(&mut d, |number, d| {
        match number {
            0 => key = Some(wire::key(d)?),
            1 => entry.state = state::read(d.u8()?)?,
            2 => entry.verb = verb::read(d.u8()?)?,
            3 => entry.version = d.u64()?,
            4 => entry.written_ms = d.i64()?,
            5 => entry.reserve_hash = Some(wire::sized(d)?),
            6 => entry.content_hash = Some(wire::sized(d)?),
            7 => entry.actor = read_actor(d)?,
            8 => entry.until_ms = d.i64()?,
            9 => entry.sale = Some(Arc::new(sale::read_sale(d)?)),
            10 => entry.returned = Some(Box::new(sale::read_returned(d)?)),
            11 => entry.answer = d.bytes()?.to_vec(),
            12 => entry.movements = wire::list(d, 7, read_movement)?,
            13 => entry.accrued_version = d.u64()?,
            14 => entry.overruns = wire::list(d, 4, read_conflict)?,
            15 => entry.emits = wire::list(d, 1, read_emit)?,
            16 => entry.other = Some(wire::member(d)?),
            17 => entry.note = d.str()?.to_owned(),
            _ => return Err(Error::message("an unknown field of a row")),
        }
        Ok(())
    })?;
    wire::at_end(&d)?;
    entry.key = key.ok_or_else(|| DecodeError::Damaged { what: "a row has no key".to_owned() })?;
    Ok(entry)
}

fn read_actor(d: &mut Decoder<'_>) -> Result<Actor, Error> {
    if wire::count(d, 1)? != 4 {
        return Err(Error::message("no actor"));
    }
    let (id, role) = (d.str()?.to_owned(), role::read(d.u8()?)?);
    Ok(Actor { id, role, channel: d.str()?.to_owned(), reason: d.str()?.to_owned() })
}

fn read_conflict(d: &mut Decoder<'_>) -> Result<Conflict, Error> {
    let (reason, subject) = (reason::read(d.u8()?)?, d.str()?.to_owned());
    Ok(Conflict { reason, subject, have: d.i64()?, need: d.i64()? })
}

fn read_movement(d: &mut Decoder<'_>) -> Result<Movement, Error> {
    let (version, at_ms) = (d.u64()?, d.i64()?);
    let (kind, points, expires_ms) = (kind::read(d.u8()?)?, d.i64()?, d.i64()?);
    let coupon = if d.datatype()? == Type::Null {
        d.null()?;
        d.u8()?;
        None
    } else {
        Some(CouponName { id: wire::coupon_id(d)?, campaign: OfferKey(d.u64()?) })
    };
    Ok(Movement { version, at_ms, kind, points, expires_ms, coupon })
}

fn read_lots(d: &mut Decoder<'_>) -> Result<Vec<Lot>, Error> {
    wire::list(d, 2, |d| Ok(Lot { expires_ms: d.i64()?, points: d.i64()?, held: 0 }))
}

fn read_emit(d: &mut Decoder<'_>) -> Result<Emit, Error> {
    let width = wire::count(d, 1)?;
    let number = d.u8()?;
    match (number, width) {
        (1, 3) => Ok(Emit::TierChanged { from: TierKey(d.u64()?), to: TierKey(d.u64()?) }),
        (2, 3) => Ok(Emit::PointsExpiring { points: d.i64()?, expires_ms: d.i64()? }),
        (3, 2) => Ok(Emit::PointsEarned { points: d.i64()? }),
        (4, 2) => Ok(Emit::PointsExpired { points: d.i64()? }),
        (5, 4) => {
            let (coupon, campaign) = (wire::coupon_id(d)?, OfferKey(d.u64()?));
            Ok(Emit::CouponGranted { coupon, campaign, expires_ms: d.i64()? })
        }
        (6, 2) => Ok(Emit::Birthday { year: d.i32()? }),
        (7, 2) => Ok(Emit::Archive { before_ms: d.i64()? }),
        (8..=12, _) => {
            let member = wire::member(d)?;
            Ok(Emit::Effect { member, effect: read_effect(d, number, width)? })
        }
        _ => Err(Error::message("no derived write")),
    }
}

fn read_effect(d: &mut Decoder<'_>, number: u8, width: usize) -> Result<Effect, Error> {
    match (number, width) {
        (8, 3) => Ok(Effect::Transfer { lots: read_lots(d)? }),
        (9, 4) => Ok(Effect::ReferralReward { points: d.i64()?, friend_points: d.i64()? }),
        (10, 3) => Ok(Effect::ReferralTakenBack { points: d.i64()? }),
        (11, 3) => Ok(Effect::Merged { estate: d.bytes()?.to_vec() }),
        (12, 7) => Ok(Effect::Returned {
            business_ms: d.i64()?,
            restored: read_lots(d)?,
            points_taken_back: d.i64()?,
            qualifying_minor: d.i64()?,
            whole: d.bool()?,
        }),
        _ => Err(Error::message("no effect")),
    }
}
