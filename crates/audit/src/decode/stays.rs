//! What stays of a row whose body is archived.

use sha2::{Digest, Sha256};

use super::row::Row;
use super::{ARCHIVED, Id, Key, Unreadable, at_end, exactly, fields, flat, id, key, wrong};

use minicbor::Decoder;
use minicbor::decode::Error;

/// What stays of a row.
#[derive(Default, PartialEq, Eq)]
struct Stays {
    key: Key,
    state: u8,
    verb: u8,
    version: u64,
    written_ms: i64,
    hashes: [Option<[u8; 32]>; 2],
    /// Due, cash rounding, points used, their value, points earned, qualifying.
    sale: Option<[i64; 6]>,
    /// Refund, tax, points restored, points taken back, qualifying.
    returned: Option<[i64; 5]>,
    /// Lines by their place, thousandths.
    quantities: Vec<(u32, i64)>,
    accrued: u64,
    digest: Id,
}

/// Whether what stays of a row is what its archived body says, and names that body.
pub(crate) fn stays_agree(stays: &[u8], row: &Row, body: &[u8]) -> Result<bool, Unreadable> {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(body)[..16]);
    let expected = Stays {
        key: row.key,
        state: row.state,
        verb: row.verb,
        version: row.version,
        written_ms: row.written_ms,
        hashes: row.hashes,
        sale: row.has_sale.then_some([
            row.sale.due_minor,
            row.sale.cash_rounding_minor,
            row.sale.points_used,
            row.sale.points_value_minor,
            row.sale.points_earned,
            row.sale.qualifying_minor,
        ]),
        returned: row.has_returned.then_some([
            row.returned.refund_minor,
            row.returned.tax_minor,
            row.returned.points_restored,
            row.returned.points_taken_back,
            row.returned.qualifying_minor,
        ]),
        quantities: row.returned.lines.iter().map(|line| (line.line, line.quantity_milli)).collect(),
        accrued: row.accrued,
        digest,
    };
    Ok(read(stays)? == expected)
}

fn read(bytes: &[u8]) -> Result<Stays, Unreadable> {
    let mut d = match bytes.split_first() {
        Some((&ARCHIVED, body)) => Decoder::new(body),
        Some((&format, _)) if format > ARCHIVED => return Err(Unreadable::Newer(format)),
        _ => return Err(wrong("it is no archived row").into()),
    };
    let mut stays = Stays::default();
    fields(&mut d, |number, d| {
        match number {
            0 => stays.key = key(d)?,
            1 => stays.state = d.u8()?,
            2 => stays.verb = d.u8()?,
            3 => stays.version = d.u64()?,
            4 => stays.written_ms = d.i64()?,
            5 | 6 => stays.hashes[usize::from(number) - 5] = Some(hash(d)?),
            9 => stays.sale = Some(numbers(d)?),
            10 => stays.returned = Some(numbers(d)?),
            11 => flat(d, 2, |d| {
                stays.quantities.push((d.u32()?, d.i64()?));
                Ok(())
            })?,
            13 => stays.accrued = d.u64()?,
            18 => stays.digest = id(d)?,
            _ => return Err(wrong("a field that no archived row has")),
        }
        Ok(())
    })?;
    at_end(&d)?;
    Ok(stays)
}

fn numbers<const N: usize>(d: &mut Decoder<'_>) -> Result<[i64; N], Error> {
    exactly(d, N as u64)?;
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = d.i64()?;
    }
    Ok(numbers)
}

/// Thirty-two bytes.
pub(super) fn hash(d: &mut Decoder<'_>) -> Result<[u8; 32], Error> {
    d.bytes()?.try_into().map_err(|_| wrong("a hash of another length"))
}
