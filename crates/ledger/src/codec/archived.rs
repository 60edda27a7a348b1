//! What stays of an archived row, as bytes.

use minicbor::{Decoder, Encoder};

use super::entry::{state, verb};
use super::wire::{self, Encoded, Out, Sink};
use super::{ARCHIVED, DecodeError};
use crate::archive::{Archived, ReturnTotals, SaleTotals};
use crate::entry::{EntryKey, State, Verb};

/// Whether bytes are what stays of a row rather than a whole one.
#[must_use]
pub const fn is_archived(bytes: &[u8]) -> bool {
    matches!(bytes, [ARCHIVED, ..])
}

/// What stays of a row as bytes.
#[must_use]
pub fn encode_archived(stays: &Archived) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(ARCHIVED);
    let mut out = Out(Encoder::new(bytes));
    write(&mut out, stays).expect("memory takes every byte");
    out.0.into_writer()
}

fn write<W: Sink>(out: &mut Out<W>, stays: &Archived) -> Encoded {
    out.begin()?;
    out.0.u8(0)?;
    out.key(&stays.key)?;
    out.0.u8(1)?.u8(state::number(stays.state))?.u8(2)?.u8(verb::number(stays.verb))?;
    out.uint_field(3, stays.version)?;
    out.int_field(4, stays.written_ms)?;
    out.bytes_field(5, stays.reserve_hash.as_ref().map_or(&[], |hash| hash.as_slice()))?;
    out.bytes_field(6, stays.content_hash.as_ref().map_or(&[], |hash| hash.as_slice()))?;
    if let Some(sale) = &stays.sale {
        let SaleTotals {
            due_minor,
            cash_rounding_minor,
            points_used,
            points_value_minor,
            points_earned,
            qualifying_minor,
        } = *sale;
        let totals = [
            due_minor,
            cash_rounding_minor,
            points_used,
            points_value_minor,
            points_earned,
            qualifying_minor,
        ];
        out.list_field(9, 1, &totals, |out, total| out.int(*total))?;
    }
    if let Some(returned) = &stays.returned {
        let ReturnTotals {
            refund_minor,
            tax_minor,
            points_restored,
            points_taken_back,
            qualifying_minor,
            ..
        } = *returned;
        let totals = [refund_minor, tax_minor, points_restored, points_taken_back, qualifying_minor];
        out.list_field(10, 1, &totals, |out, total| out.int(*total))?;
        out.list_field(11, 2, &returned.quantities, |out, (line, quantity_milli)| {
            out.uint(u64::from(*line))?;
            out.int(*quantity_milli)
        })?;
    }
    out.uint_field(13, stays.accrued_version)?;
    out.0.u8(18)?.bytes(&stays.digest)?;
    out.end()
}

/// Reads what stays of a row.
///
/// # Errors
/// [`DecodeError`]: damaged bytes, or those of something else.
pub fn decode_archived(bytes: &[u8]) -> Result<Archived, DecodeError> {
    let body = match bytes.split_first() {
        None => return Err(DecodeError::Empty),
        Some((&ARCHIVED, body)) => body,
        Some((&format, _)) if format > ARCHIVED => return Err(DecodeError::Newer { format }),
        Some(_) => return Err(DecodeError::Damaged { what: "it is a whole row".to_owned() }),
    };
    let mut d = Decoder::new(body);
    let (mut key, mut digest) = (None, None);
    let mut stays = Archived {
        key: EntryKey::Time(0),
        state: State::Done,
        verb: Verb::Time,
        version: 0,
        written_ms: 0,
        reserve_hash: None,
        content_hash: None,
        sale: None,
        returned: None,
        accrued_version: 0,
        digest: [0; 16],
    };
    let mut quantities = Vec::new();
    wire::fields(&mut d, |number, d| {
        match number {
            0 => key = Some(wire::key(d)?),
            1 => stays.state = state::read(d.u8()?)?,
            2 => stays.verb = verb::read(d.u8()?)?,
            3 => stays.version = d.u64()?,
            4 => stays.written_ms = d.i64()?,
            5 => stays.reserve_hash = Some(wire::sized(d)?),
            6 => stays.content_hash = Some(wire::sized(d)?),
            9 => {
                let [due_minor, cash_rounding_minor, points_used, points_value_minor, points_earned, rest] =
                    totals(d)?;
                stays.sale = Some(SaleTotals {
                    due_minor,
                    cash_rounding_minor,
                    points_used,
                    points_value_minor,
                    points_earned,
                    qualifying_minor: rest,
                });
            }
            10 => {
                let [refund_minor, tax_minor, points_restored, points_taken_back, qualifying_minor] =
                    totals(d)?;
                stays.returned = Some(ReturnTotals {
                    quantities: Vec::new(),
                    refund_minor,
                    tax_minor,
                    points_restored,
                    points_taken_back,
                    qualifying_minor,
                });
            }
            11 => quantities = wire::list(d, 2, |d| Ok((d.u32()?, d.i64()?)))?,
            13 => stays.accrued_version = d.u64()?,
            18 => digest = Some(wire::sized(d)?),
            _ => return Err(minicbor::decode::Error::message("an unknown field of an archived row")),
        }
        Ok(())
    })?;
    wire::at_end(&d)?;
    let damaged = |what: &str| DecodeError::Damaged { what: what.to_owned() };
    stays.key = key.ok_or_else(|| damaged("an archived row has no key"))?;
    stays.digest = digest.ok_or_else(|| damaged("an archived row does not name its body"))?;
    match &mut stays.returned {
        Some(returned) => returned.quantities = quantities,
        None if quantities.is_empty() => {}
        None => return Err(damaged("quantities of no return")),
    }
    Ok(stays)
}

/// So many numbers.
fn totals<const N: usize>(d: &mut Decoder<'_>) -> Result<[i64; N], minicbor::decode::Error> {
    let found = wire::list(d, 1, Decoder::i64)?;
    found.try_into().map_err(|_| minicbor::decode::Error::message("another number of totals"))
}
