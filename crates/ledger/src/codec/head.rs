//! A head as bytes.

use super::wire::{self, Count, Encoded, Out, Sink};
use super::{ARCHIVED, DecodeError, FORMAT, UNANNOUNCED, body};
use crate::check;
use crate::head::{
    Activity, Coupon, Delayed, Head, HeldPoints, Hold, Lot, OfferKey, Pending, Status, Sums, TierKey,
    TierState, Unannounced, Watermarks,
};
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

/// A head as bytes, at most [`HEAD_BYTES_MAX`](crate::limits::HEAD_BYTES_MAX) of one that `apply` made.
///
/// ```
/// use suanpan_ledger::Head;
/// use suanpan_ledger::codec::{decode_head, encode_head};
/// let bytes = encode_head(&Head::guest());
/// assert_eq!(bytes, [1, 0xbf, 4, 1, 0xff]);
/// assert_eq!(decode_head(&bytes), Ok(Head::guest()));
/// ```
#[must_use]
pub fn encode_head(head: &Head) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1_024);
    bytes.push(if head.unannounced.is_empty() { FORMAT } else { UNANNOUNCED });
    let mut out = Out(Encoder::new(bytes));
    write(&mut out, head).expect("memory takes every byte");
    out.0.into_writer()
}

/// How many bytes a head has.
#[must_use]
pub fn head_bytes(head: &Head) -> usize {
    let mut out = Out(Encoder::new(Count(1)));
    write(&mut out, head).expect("counting takes every byte");
    out.0.into_writer().0
}

fn write<W: Sink>(out: &mut Out<W>, head: &Head) -> Encoded {
    out.begin()?;
    out.uint_field(0, head.epoch)?;
    out.uint_field(1, head.version)?;
    out.int_field(2, head.as_of_ms)?;
    out.uint_field(3, head.policy_version)?;
    let (status, survivor) = match &head.status {
        Status::Absent => (0, None),
        Status::Guest => (1, None),
        Status::Active => (2, None),
        Status::Blocked => (3, None),
        Status::Closed { survivor } => (4, survivor.as_ref()),
    };
    out.int_field(4, status)?;
    out.text_field(5, survivor.map_or("", |member| member.as_str()))?;
    out.int_field(6, head.enrolled_ms)?;
    out.int_field(7, head.birthday.map_or(0, wire::month_day_number))?;
    out.text_field(8, head.referred_by.as_ref().map_or("", |member| member.as_str()))?;
    if head.tier != TierState::default() {
        out.0.u8(9)?.array(3)?.u64(head.tier.tier.0)?.i64(head.tier.since_ms)?;
        out.int(head.tier.until_ms.unwrap_or(0))?;
    }
    out.list_field(10, 3, &head.lots, |out, lot| {
        out.seconds(lot.expires_ms)?;
        out.int(lot.points)?;
        out.int(lot.held)
    })?;
    out.list_field(11, 4, &head.delayed, |out, delayed| {
        out.seconds(delayed.release_ms)?;
        out.seconds(delayed.expires_ms)?;
        out.int(delayed.points)?;
        match &delayed.checkout {
            Some(checkout) => out.id(checkout.as_bytes()),
            None => out.0.null()?.ok(),
        }
    })?;
    out.int_field(12, head.debt_points)?;
    out.list_field(13, 4, &head.coupons, |out, coupon| {
        out.id(&coupon.id.0)?;
        out.uint(coupon.campaign.0)?;
        out.seconds(coupon.expires_ms)?;
        out.0.bool(coupon.held)?.ok()
    })?;
    out.list_field(14, 6, &head.holds, write_hold)?;
    out.list_field(15, 3, &head.counters, Out::counter)?;
    out.list_field(16, 4, &head.months, write_activity)?;
    out.list_field(17, 4, &head.days, write_activity)?;
    if head.lifetime != Activity::default() {
        out.0.u8(18)?.array(3)?.i64(head.lifetime.spend_minor)?.i32(head.lifetime.purchases)?;
        out.int(head.lifetime.activity_points)?;
    }
    out.list_field(19, 3, &head.activities, Out::counter)?;
    out.bytes_field(20, head.first_purchase.as_ref().map_or(&[], |checkout| checkout.as_bytes()))?;
    out.list_field(21, 2, &head.pending, write_pending)?;
    out.list_field(22, 2, &head.emitting, write_pending)?;
    out.uint_field(23, u64::from(head.parked))?;
    if head.watermarks != Watermarks::default() {
        let Watermarks { birthday_year, reminded_until_ms, unarchived_since_ms } = head.watermarks;
        out.0.u8(24)?.array(3)?.i32(birthday_year)?.i64(reminded_until_ms)?.i64(unarchived_since_ms)?;
    }
    out.text_field(25, head.merge_lock.as_ref().map_or("", |member| member.as_str()))?;
    if head.sums != Sums::default() {
        let s = &head.sums;
        out.0.u8(26)?.array(8)?;
        for sum in [
            s.earned,
            s.restored,
            s.adjusted,
            s.transferred_in,
            s.spent,
            s.expired,
            s.taken_back,
            s.transferred_out,
        ] {
            out.int(sum)?;
        }
    }
    out.list_field(27, 2, &head.unannounced, |out, late| {
        out.seconds(late.expires_ms)?;
        out.int(late.points)
    })?;
    out.end()
}

fn write_hold<W: Sink>(out: &mut Out<W>, hold: &Hold) -> Encoded {
    out.id(hold.checkout.as_bytes())?;
    out.int(hold.until_ms)?;
    out.list(2, &hold.points, |out, held| {
        out.seconds(held.expires_ms)?;
        out.int(held.points)
    })?;
    out.list(1, &hold.coupons, |out, id| out.id(&id.0))?;
    out.list(3, &hold.uses, Out::counter)?;
    out.0.bool(hold.first_purchase)?.ok()
}

fn write_activity<W: Sink>(out: &mut Out<W>, activity: &Activity) -> Encoded {
    out.int(i64::from(activity.at))?;
    out.int(activity.spend_minor)?;
    out.int(i64::from(activity.purchases))?;
    out.int(activity.activity_points)
}

fn write_pending<W: Sink>(out: &mut Out<W>, waiting: &Pending) -> Encoded {
    out.uint(waiting.version)?;
    out.key(&waiting.key)
}

/// Reads a head. Never panics, and never takes more memory than a small multiple of the bytes.
///
/// # Errors
/// [`DecodeError`]: damaged bytes, a newer format, or a head that breaks an invariant of the ledger.
pub fn decode_head(bytes: &[u8]) -> Result<Head, DecodeError> {
    let (format, rest) = format_of(bytes)?;
    let mut decoder = Decoder::new(rest);
    let mut head = Head::absent();
    let (mut status, mut survivor) = (0, None);
    wire::fields(&mut decoder, |number, d| {
        match number {
            0 => head.epoch = d.u64()?,
            1 => head.version = d.u64()?,
            2 => head.as_of_ms = d.i64()?,
            3 => head.policy_version = d.u64()?,
            4 => status = d.u8()?,
            5 => survivor = Some(wire::member(d)?),
            6 => head.enrolled_ms = d.i64()?,
            7 => head.birthday = Some(wire::month_day(d.i64()?)?),
            8 => head.referred_by = Some(wire::member(d)?),
            9 => head.tier = read_tier(d)?,
            10 => head.lots = wire::list(d, 3, read_lot)?,
            11 => head.delayed = wire::list(d, 4, read_delayed)?,
            12 => head.debt_points = d.i64()?,
            13 => head.coupons = wire::list(d, 4, read_coupon)?,
            14 => head.holds = wire::list(d, 6, read_hold)?,
            15 => head.counters = wire::list(d, 3, wire::counter)?,
            16 => head.months = wire::list(d, 4, read_activity)?,
            17 => head.days = wire::list(d, 4, read_activity)?,
            18 => head.lifetime = read_lifetime(d)?,
            19 => head.activities = wire::list(d, 3, wire::counter)?,
            20 => head.first_purchase = Some(wire::checkout(d)?),
            21 => head.pending = wire::list(d, 2, read_pending)?,
            22 => head.emitting = wire::list(d, 2, read_pending)?,
            23 => head.parked = d.u32()?,
            24 => head.watermarks = read_watermarks(d)?,
            25 => head.merge_lock = Some(wire::member(d)?),
            26 => head.sums = read_sums(d)?,
            27 if format == UNANNOUNCED => head.unannounced = wire::list(d, 2, read_unannounced)?,
            _ => return Err(Error::message("an unknown field of a head")),
        }
        Ok(())
    })?;
    wire::at_end(&decoder)?;
    head.status = match (status, survivor) {
        (0, None) => Status::Absent,
        (1, None) => Status::Guest,
        (2, None) => Status::Active,
        (3, None) => Status::Blocked,
        (4, survivor) => Status::Closed { survivor },
        _ => return Err(DecodeError::Damaged { what: "no status".to_owned() }),
    };
    match check::broken(&head) {
        None => Ok(head),
        Some(what) => Err(DecodeError::Inconsistent { what }),
    }
}

/// Takes the format off.
fn format_of(bytes: &[u8]) -> Result<(u8, &[u8]), DecodeError> {
    match bytes.split_first() {
        Some((&UNANNOUNCED, rest)) => Ok((UNANNOUNCED, rest)),
        Some((&ARCHIVED, _)) => Err(DecodeError::Damaged { what: "a row, archived, and no head".to_owned() }),
        _ => body(bytes).map(|rest| (FORMAT, rest)),
    }
}

fn tuple(d: &mut Decoder<'_>, width: usize) -> Result<(), Error> {
    if wire::count(d, 1)? == width { Ok(()) } else { Err(Error::message("a tuple of a wrong length")) }
}

fn read_tier(d: &mut Decoder<'_>) -> Result<TierState, Error> {
    tuple(d, 3)?;
    let (tier, since_ms) = (TierKey(d.u64()?), wire::int(d)?);
    let until_ms = Some(wire::int(d)?).filter(|until_ms| *until_ms != 0);
    Ok(TierState { tier, since_ms, until_ms })
}

fn read_lot(d: &mut Decoder<'_>) -> Result<Lot, Error> {
    Ok(Lot { expires_ms: wire::seconds(d)?, points: wire::int(d)?, held: wire::int(d)? })
}

fn read_delayed(d: &mut Decoder<'_>) -> Result<Delayed, Error> {
    let (release_ms, expires_ms) = (wire::seconds(d)?, wire::seconds(d)?);
    Ok(Delayed { release_ms, expires_ms, points: wire::int(d)?, checkout: wire::optional_checkout(d)? })
}

fn read_coupon(d: &mut Decoder<'_>) -> Result<Coupon, Error> {
    let (id, campaign) = (wire::coupon_id(d)?, OfferKey(d.u64()?));
    Ok(Coupon { id, campaign, expires_ms: wire::seconds(d)?, held: d.bool()? })
}

fn read_hold(d: &mut Decoder<'_>) -> Result<Hold, Error> {
    Ok(Hold {
        checkout: wire::checkout(d)?,
        until_ms: wire::int(d)?,
        points: wire::list(d, 2, |d| {
            Ok(HeldPoints { expires_ms: wire::seconds(d)?, points: wire::int(d)? })
        })?,
        coupons: wire::list(d, 1, wire::coupon_id)?,
        uses: wire::list(d, 3, wire::counter)?,
        first_purchase: d.bool()?,
    })
}

fn read_activity(d: &mut Decoder<'_>) -> Result<Activity, Error> {
    Ok(Activity {
        at: d.i32()?,
        spend_minor: wire::int(d)?,
        purchases: d.i32()?,
        activity_points: wire::int(d)?,
    })
}

fn read_unannounced(d: &mut Decoder<'_>) -> Result<Unannounced, Error> {
    Ok(Unannounced { expires_ms: wire::seconds(d)?, points: wire::int(d)? })
}

fn read_lifetime(d: &mut Decoder<'_>) -> Result<Activity, Error> {
    tuple(d, 3)?;
    Ok(Activity { at: 0, spend_minor: wire::int(d)?, purchases: d.i32()?, activity_points: wire::int(d)? })
}

fn read_pending(d: &mut Decoder<'_>) -> Result<Pending, Error> {
    Ok(Pending { version: d.u64()?, key: wire::key(d)? })
}

fn read_watermarks(d: &mut Decoder<'_>) -> Result<Watermarks, Error> {
    tuple(d, 3)?;
    Ok(Watermarks {
        birthday_year: d.i32()?,
        reminded_until_ms: wire::int(d)?,
        unarchived_since_ms: wire::int(d)?,
    })
}

fn read_sums(d: &mut Decoder<'_>) -> Result<Sums, Error> {
    tuple(d, 8)?;
    Ok(Sums {
        earned: wire::int(d)?,
        restored: wire::int(d)?,
        adjusted: wire::int(d)?,
        transferred_in: wire::int(d)?,
        spent: wire::int(d)?,
        expired: wire::int(d)?,
        taken_back: wire::int(d)?,
        transferred_out: wire::int(d)?,
    })
}
