//! Quantities in thousandths: units, kilograms, litres.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::limits::QUANTITY_MILLI_MAX;

/// How much of a line was bought, in thousandths of a unit, a kilogram or a litre. Negative for returned deposits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity(0);

    /// A quantity of so many thousandths.
    #[must_use]
    pub const fn from_milli(quantity_milli: i64) -> Self {
        Self(quantity_milli)
    }

    /// A quantity of whole units.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units * 1_000)
    }

    /// The quantity in thousandths.
    #[must_use]
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// Whether the quantity is a whole number of units.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0 % 1_000 == 0
    }

    /// The whole units in it, rounded towards zero.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0 / 1_000
    }

    /// Reads a decimal text with at most three decimals; `None` when it is no such number or beyond
    /// [`QUANTITY_MILLI_MAX`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let scaled = Decimal::from_str_exact(text.trim()).ok()?.checked_mul(Decimal::from(1_000))?;
        let milli = scaled.is_integer().then(|| scaled.to_i64()).flatten()?;
        (milli.unsigned_abs() <= QUANTITY_MILLI_MAX.unsigned_abs()).then_some(Self(milli))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let text = if magnitude.is_multiple_of(1_000) {
            (magnitude / 1_000).to_string()
        } else {
            format!("{}.{:03}", magnitude / 1_000, magnitude % 1_000)
        };
        f.pad_integral(self.0 >= 0, "", &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_and_shown_in_thousandths() {
        for (text, milli) in
            [("0.734", Some(734)), ("3", Some(3_000)), ("-1", Some(-1_000)), ("0.0001", None)]
        {
            assert_eq!(Quantity::parse(text).map(Quantity::milli), milli, "{text}");
        }
        assert_eq!(Quantity::from_milli(734).to_string(), "0.734");
        assert_eq!(Quantity::from_units(6).to_string(), "6");
    }
}
