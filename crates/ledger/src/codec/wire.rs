//! What heads and rows have in common on the wire.

use std::convert::Infallible;

use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decoder, Encoder};
use suanpan_domain::{CheckoutId, MemberId, MonthDay};

use crate::entry::EntryKey;
use crate::head::{Counter, CouponId, NEVER_MS, OfferKey, Period};

pub(super) type Encoded = Result<(), minicbor::encode::Error<Infallible>>;

/// Where bytes go: kept, or only counted.
pub(super) trait Sink: Write<Error = Infallible> {
    /// The first bytes of nine: a copy of a known length is a few instructions.
    fn put(&mut self, bytes: [u8; 9], used: usize);

    /// All of seventeen.
    fn put_all(&mut self, bytes: [u8; 17]);
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: [u8; 9], used: usize) {
        let len = self.len() + used;
        self.extend_from_slice(&bytes);
        self.truncate(len);
    }

    #[inline]
    fn put_all(&mut self, bytes: [u8; 17]) {
        self.extend_from_slice(&bytes);
    }
}

/// Counts bytes instead of keeping them.
pub(super) struct Count(pub(super) usize);

impl Sink for Count {
    fn put(&mut self, _: [u8; 9], used: usize) {
        self.0 += used;
    }

    fn put_all(&mut self, bytes: [u8; 17]) {
        self.0 += bytes.len();
    }
}

impl Write for Count {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0 += bytes.len();
        Ok(())
    }
}

/// Writes values; the methods leave out nothing.
pub(super) struct Out<W>(pub(super) Encoder<W>);

impl<W: Sink> Out<W> {
    pub(super) fn begin(&mut self) -> Encoded {
        self.0.begin_map()?.ok()
    }

    pub(super) fn end(&mut self) -> Encoded {
        self.0.end()?.ok()
    }

    /// A field whose number is left out with it when it is zero.
    pub(super) fn int_field(&mut self, number: u8, value: i64) -> Encoded {
        if value == 0 { Ok(()) } else { self.0.u8(number)?.i64(value)?.ok() }
    }

    pub(super) fn uint_field(&mut self, number: u8, value: u64) -> Encoded {
        if value == 0 { Ok(()) } else { self.0.u8(number)?.u64(value)?.ok() }
    }

    pub(super) fn flag_field(&mut self, number: u8, value: bool) -> Encoded {
        if value { self.0.u8(number)?.bool(true)?.ok() } else { Ok(()) }
    }

    pub(super) fn text_field(&mut self, number: u8, text: &str) -> Encoded {
        if text.is_empty() { Ok(()) } else { self.0.u8(number)?.str(text)?.ok() }
    }

    pub(super) fn bytes_field(&mut self, number: u8, bytes: &[u8]) -> Encoded {
        if bytes.is_empty() { Ok(()) } else { self.0.u8(number)?.bytes(bytes)?.ok() }
    }

    /// A list whose elements are so many values each, one after the other.
    pub(super) fn list_field<T>(
        &mut self,
        number: u8,
        width: usize,
        list: &[T],
        mut each: impl FnMut(&mut Self, &T) -> Encoded,
    ) -> Encoded {
        if list.is_empty() {
            return Ok(());
        }
        self.0.u8(number)?;
        self.list(width, list, &mut each)
    }

    pub(super) fn list<T>(
        &mut self,
        width: usize,
        list: &[T],
        mut each: impl FnMut(&mut Self, &T) -> Encoded,
    ) -> Encoded {
        self.0.array((list.len() * width) as u64)?;
        list.iter().try_for_each(|item| each(self, item))
    }

    pub(super) fn int(&mut self, value: i64) -> Encoded {
        if value < 0 { self.0.i64(value)?.ok() } else { self.uint(value.unsigned_abs()) }
    }

    /// Numbers are most of a head: the type and its bytes in one piece.
    #[inline]
    pub(super) fn uint(&mut self, value: u64) -> Encoded {
        let mut bytes = [0; 9];
        let used = match value {
            0..=23 => 0_usize,
            24..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xffff_ffff => 4,
            _ => 8,
        };
        if used == 0 {
            bytes[0] = value as u8;
        } else {
            // 24 to 27 say that 1, 2, 4 or 8 bytes follow.
            bytes[0] = 24 + used.trailing_zeros() as u8;
            bytes[1..].copy_from_slice(&(value << (64 - 8 * used)).to_be_bytes());
        }
        self.0.writer_mut().put(bytes, used + 1);
        Ok(())
    }

    /// The sixteen bytes of an id.
    #[inline]
    pub(super) fn id(&mut self, id: &[u8; 16]) -> Encoded {
        let mut bytes = [0x50; 17];
        bytes[1..].copy_from_slice(id);
        self.0.writer_mut().put_all(bytes);
        Ok(())
    }

    pub(super) fn seconds(&mut self, unix_ms: i64) -> Encoded {
        let seconds = if unix_ms >= NEVER_MS { 0 } else { unix_ms.div_euclid(1_000) };
        self.int(seconds)
    }

    pub(super) fn counter(&mut self, counter: &Counter) -> Encoded {
        self.uint(counter.offer.0)?;
        self.int(period_number(counter.period))?;
        self.uint(u64::from(counter.used))
    }

    pub(super) fn key(&mut self, key: &EntryKey) -> Encoded {
        let mut bytes = Vec::with_capacity(crate::key::KEY_BYTES_MAX);
        key.write(&mut bytes);
        self.0.bytes(&bytes)?.ok()
    }
}

/// A period as one number: eight times its own, and its kind.
pub(super) const fn period_number(period: Period) -> i64 {
    let (number, kind) = match period {
        Period::Day(day) => (day, 0),
        Period::Week(week) => (week, 1),
        Period::Month(month) => (month, 2),
        Period::Year(year) => (year, 3),
        Period::Lifetime => (0, 4),
    };
    number as i64 * 8 + kind
}

pub(super) fn period(number: i64) -> Result<Period, Error> {
    let value =
        i32::try_from(number.div_euclid(8)).map_err(|_| Error::message("a period is out of range"))?;
    match number.rem_euclid(8) {
        0 => Ok(Period::Day(value)),
        1 => Ok(Period::Week(value)),
        2 => Ok(Period::Month(value)),
        3 => Ok(Period::Year(value)),
        4 if value == 0 => Ok(Period::Lifetime),
        _ => Err(Error::message("a period has no kind")),
    }
}

/// Reads a number. Small and positive ones, nearly all of them, without a detour.
#[inline]
pub(super) fn int(decoder: &mut Decoder<'_>) -> Result<i64, Error> {
    let at = decoder.position();
    let rest = decoder.input().get(at..).unwrap_or_default();
    let (value, len) = match rest {
        [first @ 0..=23, ..] => (u64::from(*first), 1),
        [24, byte, ..] => (u64::from(*byte), 2),
        [25, a, b, ..] => (u64::from(u16::from_be_bytes([*a, *b])), 3),
        [26, a, b, c, d, ..] => (u64::from(u32::from_be_bytes([*a, *b, *c, *d])), 5),
        _ => return decoder.i64(),
    };
    decoder.set_position(at + len);
    Ok(value.cast_signed())
}

/// Reads sixteen bytes.
#[inline]
fn sixteen(decoder: &mut Decoder<'_>) -> Result<[u8; 16], Error> {
    let at = decoder.position();
    if let Some((0x50, rest)) = decoder.input().get(at..).and_then(<[u8]>::split_first)
        && let Some(bytes) = rest.first_chunk::<16>()
    {
        let bytes = *bytes;
        decoder.set_position(at + 17);
        return Ok(bytes);
    }
    sized(decoder)
}

pub(super) fn seconds(decoder: &mut Decoder<'_>) -> Result<i64, Error> {
    match int(decoder)? {
        0 => Ok(NEVER_MS),
        seconds if (1..NEVER_MS / 1_000).contains(&seconds) => Ok(seconds * 1_000),
        _ => Err(Error::message("an instant is out of range")),
    }
}

/// Reads the numbered fields of a map, which ascend.
pub(super) fn fields<'b>(
    decoder: &mut Decoder<'b>,
    mut field: impl FnMut(u8, &mut Decoder<'b>) -> Result<(), Error>,
) -> Result<(), Error> {
    if decoder.map()?.is_some() {
        return Err(Error::message("a map has to be of open length"));
    }
    let mut last = None;
    while decoder.datatype()? != Type::Break {
        let number = decoder.u8()?;
        if last.is_some_and(|last| last >= number) {
            return Err(Error::message("fields do not ascend"));
        }
        last = Some(number);
        field(number, decoder)?;
    }
    decoder.skip()
}

/// Reads the length of a list whose elements are so many values each; never more than there are bytes left.
pub(super) fn count(decoder: &mut Decoder<'_>, width: usize) -> Result<usize, Error> {
    let len = decoder.array()?.ok_or_else(|| Error::message("a list has to be of known length"))?;
    let left = decoder.input().len() - decoder.position();
    match usize::try_from(len) {
        Ok(len) if len <= left && len % width == 0 => Ok(len / width),
        _ => Err(Error::message("a list is cut off, or of a wrong length")),
    }
}

/// Reads a list.
pub(super) fn list<'b, T>(
    decoder: &mut Decoder<'b>,
    width: usize,
    mut each: impl FnMut(&mut Decoder<'b>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let count = count(decoder, width)?;
    // What is claimed is not believed: a row of a few bytes must not reserve megabytes.
    let mut items = Vec::with_capacity(count.min(1_024));
    for _ in 0..count {
        items.push(each(decoder)?);
    }
    Ok(items)
}

pub(super) fn sized<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], Error> {
    decoder.bytes()?.try_into().map_err(|_| Error::message("bytes of a wrong length"))
}

pub(super) fn checkout(decoder: &mut Decoder<'_>) -> Result<CheckoutId, Error> {
    CheckoutId::from_bytes(sixteen(decoder)?).map_err(|_| Error::message("no checkout id"))
}

pub(super) fn coupon_id(decoder: &mut Decoder<'_>) -> Result<CouponId, Error> {
    sixteen(decoder).map(CouponId)
}

pub(super) fn member(decoder: &mut Decoder<'_>) -> Result<MemberId, Error> {
    MemberId::new(decoder.str()?).map_err(|_| Error::message("no member id"))
}

pub(super) fn key(decoder: &mut Decoder<'_>) -> Result<EntryKey, Error> {
    EntryKey::from_bytes(decoder.bytes()?).ok_or_else(|| Error::message("no key"))
}

pub(super) fn counter(decoder: &mut Decoder<'_>) -> Result<Counter, Error> {
    Ok(Counter { offer: OfferKey(decoder.u64()?), period: period(decoder.i64()?)?, used: decoder.u32()? })
}

pub(super) const fn month_day_number(day: MonthDay) -> i64 {
    day.month() as i64 * 32 + day.day() as i64
}

pub(super) fn month_day(number: i64) -> Result<MonthDay, Error> {
    let month = i8::try_from(number / 32).unwrap_or(0);
    MonthDay::new(month, (number % 32) as i8).ok_or_else(|| Error::message("no day of a year"))
}

/// A checkout id, or null.
pub(super) fn optional_checkout(decoder: &mut Decoder<'_>) -> Result<Option<CheckoutId>, Error> {
    if decoder.datatype()? == Type::Null {
        decoder.null()?;
        return Ok(None);
    }
    checkout(decoder).map(Some)
}

/// Refuses what stands behind the value.
pub(super) fn at_end(decoder: &Decoder<'_>) -> Result<(), Error> {
    if decoder.position() == decoder.input().len() {
        Ok(())
    } else {
        Err(Error::message("something stands behind the end"))
    }
}
