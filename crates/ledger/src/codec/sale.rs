//! Sales and returns as bytes, inside their rows.

use minicbor::Decoder;
use minicbor::decode::Error;

use super::wire::{self, Encoded, Out, Sink};
use crate::head::{Counter, OfferKey};
use crate::sale::{
    GlobalUse, IssuedCoupons, LimitedUse, Returned, ReturnedLine, Sale, SaleLine, SaleRun, Tender,
};

pub(super) fn write_sale<W: Sink>(out: &mut Out<W>, sale: &Sale) -> Encoded {
    out.begin()?;
    out.int_field(0, sale.business_ms)?;
    out.int_field(1, i64::from(sale.utc_offset_minutes))?;
    out.text_field(2, &sale.program_version)?;
    out.list_field(3, 9, &sale.lines, write_line)?;
    out.int_field(4, sale.due_minor)?;
    out.int_field(5, sale.cash_rounding_minor)?;
    out.list_field(6, 2, &sale.tenders, |out, tender| {
        out.0.str(&tender.kind)?.i64(tender.amount_minor)?.ok()
    })?;
    out.int_field(7, sale.points_used)?;
    out.int_field(8, sale.points_value_minor)?;
    out.int_field(9, sale.points_earned)?;
    out.int_field(10, sale.qualifying_minor)?;
    out.list_field(11, 1, &sale.coupons, |out, id| out.0.bytes(&id.0)?.ok())?;
    out.list_field(12, 4, &sale.uses, |out, used| {
        out.counter(&used.counter)?;
        out.0.u32(used.limit)?.ok()
    })?;
    out.flag_field(13, sale.first_purchase)?;
    out.list_field(14, 4, &sale.global_uses, |out, used| {
        out.0.u64(used.offer.0)?.u32(used.uses)?.i64(used.amount_minor)?.bool(used.given_back_if_whole)?.ok()
    })?;
    out.list_field(15, 3, &sale.issued, |out, issued| {
        out.0.u64(issued.campaign.0)?.u32(issued.count)?.i64(issued.expires_ms)?.ok()
    })?;
    out.bytes_field(16, sale.exchange_of.as_ref().map_or(&[], |checkout| checkout.as_bytes()))?;
    out.list_field(17, 1, &sale.codes, |out, code| out.0.bytes(code)?.ok())?;
    out.end()
}

fn write_line<W: Sink>(out: &mut Out<W>, line: &SaleLine) -> Encoded {
    out.0.str(&line.id)?.str(&line.sku)?.i64(line.quantity_milli)?.bool(line.weighed)?;
    out.int(line.paid_minor)?;
    out.int(line.tax_minor)?;
    out.int(line.points_value_minor)?;
    out.int(line.points_earned)?;
    out.list(5, &line.runs, |out, run| {
        out.int(run.units)?;
        out.int(run.paid_minor)?;
        out.int(run.tax_minor)?;
        out.int(run.points_value_minor)?;
        out.int(run.points_earned)
    })
}

pub(super) fn read_sale(d: &mut Decoder<'_>) -> Result<Sale, Error> {
    let mut sale = Sale::default();
    wire::fields(d, |number, d| {
        match number {
            0 => sale.business_ms = d.i64()?,
            1 => sale.utc_offset_minutes = d.i32()?,
            2 => sale.program_version = d.str()?.to_owned(),
            3 => sale.lines = wire::list(d, 9, read_line)?,
            4 => sale.due_minor = d.i64()?,
            5 => sale.cash_rounding_minor = d.i64()?,
            6 => {
                sale.tenders =
                    wire::list(d, 2, |d| Ok(Tender { kind: d.str()?.to_owned(), amount_minor: d.i64()? }))?;
            }
            7 => sale.points_used = d.i64()?,
            8 => sale.points_value_minor = d.i64()?,
            9 => sale.points_earned = d.i64()?,
            10 => sale.qualifying_minor = d.i64()?,
            11 => sale.coupons = wire::list(d, 1, wire::coupon_id)?,
            12 => {
                sale.uses = wire::list(d, 4, |d| {
                    let counter: Counter = wire::counter(d)?;
                    Ok(LimitedUse { counter, limit: d.u32()? })
                })?;
            }
            13 => sale.first_purchase = d.bool()?,
            14 => sale.global_uses = wire::list(d, 4, read_global_use)?,
            15 => {
                sale.issued = wire::list(d, 3, |d| {
                    Ok(IssuedCoupons { campaign: OfferKey(d.u64()?), count: d.u32()?, expires_ms: d.i64()? })
                })?;
            }
            16 => sale.exchange_of = Some(wire::checkout(d)?),
            17 => sale.codes = wire::list(d, 1, wire::sized)?,
            _ => return Err(Error::message("an unknown field of a sale")),
        }
        Ok(())
    })?;
    Ok(sale)
}

fn read_global_use(d: &mut Decoder<'_>) -> Result<GlobalUse, Error> {
    let (offer, uses) = (OfferKey(d.u64()?), d.u32()?);
    Ok(GlobalUse { offer, uses, amount_minor: d.i64()?, given_back_if_whole: d.bool()? })
}

fn read_line(d: &mut Decoder<'_>) -> Result<SaleLine, Error> {
    Ok(SaleLine {
        id: d.str()?.to_owned(),
        sku: d.str()?.to_owned(),
        quantity_milli: d.i64()?,
        weighed: d.bool()?,
        paid_minor: d.i64()?,
        tax_minor: d.i64()?,
        points_value_minor: d.i64()?,
        points_earned: d.i64()?,
        runs: wire::list(d, 5, |d| {
            Ok(SaleRun {
                units: d.i64()?,
                paid_minor: d.i64()?,
                tax_minor: d.i64()?,
                points_value_minor: d.i64()?,
                points_earned: d.i64()?,
            })
        })?,
    })
}

pub(super) fn write_returned<W: Sink>(out: &mut Out<W>, returned: &Returned) -> Encoded {
    out.begin()?;
    out.int_field(0, returned.business_ms)?;
    out.list_field(1, 7, &returned.lines, |out, line| {
        out.0.u32(line.line)?.i64(line.quantity_milli)?;
        out.list(2, &line.units, |out, (first, count)| out.0.u32(*first)?.u32(*count)?.ok())?;
        out.0.i64(line.refund_minor)?.i64(line.tax_minor)?;
        out.0.i64(line.points_value_minor)?.i64(line.points_earned)?.ok()
    })?;
    out.int_field(2, returned.refund_minor)?;
    out.int_field(3, returned.tax_minor)?;
    out.int_field(4, returned.points_restored)?;
    out.int_field(5, returned.points_taken_back)?;
    out.int_field(6, returned.qualifying_minor)?;
    out.list_field(7, 1, &returned.coupons, |out, id| out.0.bytes(&id.0)?.ok())?;
    out.flag_field(8, returned.whole)?;
    out.end()
}

pub(super) fn read_returned(d: &mut Decoder<'_>) -> Result<Returned, Error> {
    let mut returned = Returned::default();
    wire::fields(d, |number, d| {
        match number {
            0 => returned.business_ms = d.i64()?,
            1 => returned.lines = wire::list(d, 7, read_returned_line)?,
            2 => returned.refund_minor = d.i64()?,
            3 => returned.tax_minor = d.i64()?,
            4 => returned.points_restored = d.i64()?,
            5 => returned.points_taken_back = d.i64()?,
            6 => returned.qualifying_minor = d.i64()?,
            7 => returned.coupons = wire::list(d, 1, wire::coupon_id)?,
            8 => returned.whole = d.bool()?,
            _ => return Err(Error::message("an unknown field of a return")),
        }
        Ok(())
    })?;
    Ok(returned)
}

/// A range of units, which ends within what a line may have.
fn read_range(d: &mut Decoder<'_>) -> Result<(u32, u32), Error> {
    let (first, count) = (d.u32()?, d.u32()?);
    match first.checked_add(count) {
        Some(_) => Ok((first, count)),
        None => Err(Error::message("units are out of range")),
    }
}

fn read_returned_line(d: &mut Decoder<'_>) -> Result<ReturnedLine, Error> {
    Ok(ReturnedLine {
        line: d.u32()?,
        quantity_milli: d.i64()?,
        units: wire::list(d, 2, read_range)?,
        refund_minor: d.i64()?,
        tax_minor: d.i64()?,
        points_value_minor: d.i64()?,
        points_earned: d.i64()?,
    })
}
