//! A sale and a return, inside their rows.

use minicbor::Decoder;
use minicbor::decode::Error;

use super::head::{Use, read_use};
use super::{Id, fields, flat, id, wrong};

/// What the audit reads of a sale.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sale {
    pub(crate) lines: Vec<Line>,
    /// Runs of all lines, one line's after the other's.
    pub(crate) runs: Vec<Run>,
    pub(crate) due_minor: i64,
    pub(crate) cash_rounding_minor: i64,
    pub(crate) tendered_minor: i128,
    pub(crate) points_used: i64,
    pub(crate) points_value_minor: i64,
    pub(crate) points_earned: i64,
    pub(crate) qualifying_minor: i64,
    pub(crate) coupons: Vec<Id>,
    pub(crate) uses: Vec<Use>,
    pub(crate) first_purchase: bool,
    pub(crate) global_uses: Vec<GlobalUse>,
    pub(crate) codes: Vec<Id>,
}

/// One line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    pub(crate) quantity_milli: i64,
    pub(crate) weighed: bool,
    pub(crate) paid_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) points_value_minor: i64,
    pub(crate) points_earned: i64,
    /// Its first run, and how many.
    first_run: u32,
    runs: u32,
}

/// Units that are alike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) units: i64,
    pub(crate) paid_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) points_value_minor: i64,
    pub(crate) points_earned: i64,
}

/// What it takes from a limit that holds for everybody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GlobalUse {
    pub(crate) offer: u64,
    pub(crate) uses: u32,
    pub(crate) amount_minor: i64,
    pub(crate) given_back_if_whole: bool,
}

impl Sale {
    pub(crate) fn clear(&mut self) {
        let Self { lines, runs, coupons, uses, global_uses, codes, .. } = self;
        for list in [coupons, codes] {
            list.clear();
        }
        lines.clear();
        runs.clear();
        uses.clear();
        global_uses.clear();
        (self.due_minor, self.cash_rounding_minor, self.tendered_minor) = (0, 0, 0);
        (self.points_used, self.points_value_minor, self.points_earned) = (0, 0, 0);
        (self.qualifying_minor, self.first_purchase) = (0, false);
    }

    /// A line's runs.
    pub(crate) fn runs_of(&self, line: &Line) -> &[Run] {
        let first = line.first_run as usize;
        self.runs.get(first..first + line.runs as usize).unwrap_or_default()
    }

    pub(super) fn read(&mut self, d: &mut Decoder<'_>) -> Result<(), Error> {
        fields(d, |number, d| {
            match number {
                3 => flat(d, 9, |d| self.read_line(d))?,
                4 => self.due_minor = d.i64()?,
                5 => self.cash_rounding_minor = d.i64()?,
                6 => flat(d, 2, |d| {
                    d.skip()?;
                    self.tendered_minor += i128::from(d.i64()?);
                    Ok(())
                })?,
                7 => self.points_used = d.i64()?,
                8 => self.points_value_minor = d.i64()?,
                9 => self.points_earned = d.i64()?,
                10 => self.qualifying_minor = d.i64()?,
                11 => ids(d, &mut self.coupons)?,
                12 => flat(d, 4, |d| {
                    self.uses.push(read_use(d)?);
                    d.u32().map(|_| ())
                })?,
                13 => self.first_purchase = d.bool()?,
                14 => flat(d, 4, |d| {
                    let (offer, uses) = (d.u64()?, d.u32()?);
                    let (amount_minor, given_back_if_whole) = (d.i64()?, d.bool()?);
                    self.global_uses.push(GlobalUse { offer, uses, amount_minor, given_back_if_whole });
                    Ok(())
                })?,
                17 => ids(d, &mut self.codes)?,
                0..=2 | 15 | 16 => d.skip()?,
                _ => return Err(wrong("a field that no sale has")),
            }
            Ok(())
        })
    }

    fn read_line(&mut self, d: &mut Decoder<'_>) -> Result<(), Error> {
        d.skip()?;
        d.skip()?;
        let (quantity_milli, weighed) = (d.i64()?, d.bool()?);
        let (paid_minor, tax_minor) = (d.i64()?, d.i64()?);
        let (points_value_minor, points_earned) = (d.i64()?, d.i64()?);
        let first_run = self.runs.len() as u32;
        flat(d, 5, |d| {
            let (units, paid_minor, tax_minor) = (d.i64()?, d.i64()?, d.i64()?);
            let (points_value_minor, points_earned) = (d.i64()?, d.i64()?);
            self.runs.push(Run { units, paid_minor, tax_minor, points_value_minor, points_earned });
            Ok(())
        })?;
        self.lines.push(Line {
            quantity_milli,
            weighed,
            paid_minor,
            tax_minor,
            points_value_minor,
            points_earned,
            first_run,
            runs: self.runs.len() as u32 - first_run,
        });
        Ok(())
    }
}

/// What the audit reads of a return.
#[derive(Clone, Debug, Default)]
pub(crate) struct Returned {
    pub(crate) lines: Vec<ReturnedLine>,
    /// Ranges of units of all lines, one line's after the other's.
    pub(crate) units: Vec<(u32, u32)>,
    pub(crate) refund_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) points_restored: i64,
    pub(crate) points_taken_back: i64,
    pub(crate) qualifying_minor: i64,
    pub(crate) coupons: Vec<Id>,
    pub(crate) whole: bool,
}

/// What came back of one line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReturnedLine {
    pub(crate) line: u32,
    pub(crate) quantity_milli: i64,
    pub(crate) refund_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) points_value_minor: i64,
    pub(crate) points_earned: i64,
    first_range: u32,
    ranges: u32,
}

impl Returned {
    pub(crate) fn clear(&mut self) {
        self.lines.clear();
        self.units.clear();
        self.coupons.clear();
        (self.refund_minor, self.tax_minor, self.qualifying_minor) = (0, 0, 0);
        (self.points_restored, self.points_taken_back, self.whole) = (0, 0, false);
    }

    /// Units of a line that came back, as first and count.
    pub(crate) fn units_of(&self, line: &ReturnedLine) -> &[(u32, u32)] {
        let first = line.first_range as usize;
        self.units.get(first..first + line.ranges as usize).unwrap_or_default()
    }

    pub(super) fn read(&mut self, d: &mut Decoder<'_>) -> Result<(), Error> {
        fields(d, |number, d| {
            match number {
                1 => flat(d, 7, |d| self.read_line(d))?,
                2 => self.refund_minor = d.i64()?,
                3 => self.tax_minor = d.i64()?,
                4 => self.points_restored = d.i64()?,
                5 => self.points_taken_back = d.i64()?,
                6 => self.qualifying_minor = d.i64()?,
                7 => ids(d, &mut self.coupons)?,
                8 => self.whole = d.bool()?,
                0 => d.skip()?,
                _ => return Err(wrong("a field that no return has")),
            }
            Ok(())
        })
    }

    fn read_line(&mut self, d: &mut Decoder<'_>) -> Result<(), Error> {
        let (line, quantity_milli) = (d.u32()?, d.i64()?);
        let first_range = self.units.len() as u32;
        flat(d, 2, |d| {
            self.units.push((d.u32()?, d.u32()?));
            Ok(())
        })?;
        let (refund_minor, tax_minor) = (d.i64()?, d.i64()?);
        let (points_value_minor, points_earned) = (d.i64()?, d.i64()?);
        self.lines.push(ReturnedLine {
            line,
            quantity_milli,
            refund_minor,
            tax_minor,
            points_value_minor,
            points_earned,
            first_range,
            ranges: self.units.len() as u32 - first_range,
        });
        Ok(())
    }
}

fn ids(d: &mut Decoder<'_>, list: &mut Vec<Id>) -> Result<(), Error> {
    flat(d, 1, |d| {
        list.push(id(d)?);
        Ok(())
    })
}
