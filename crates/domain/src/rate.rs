//! Exact rates in parts per million.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::limits::RATE_PPM_MAX;
use crate::rounding::{Rounding, divide, divide_i128};

/// A share in parts per million: 5 % is 50,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i64);

impl Rate {
    /// Nothing.
    pub const ZERO: Rate = Rate(0);
    /// The whole, 100 %.
    pub const WHOLE: Rate = Rate(1_000_000);

    /// A rate of so many parts per million; `None` when negative or beyond [`RATE_PPM_MAX`].
    #[must_use]
    pub const fn from_ppm(rate_ppm: i64) -> Option<Self> {
        if rate_ppm < 0 || rate_ppm > RATE_PPM_MAX { None } else { Some(Self(rate_ppm)) }
    }

    /// A rate of whole percents, for constants and tests.
    #[must_use]
    pub const fn from_percent(percent: u16) -> Self {
        Self(percent as i64 * 10_000)
    }

    /// The rate in parts per million.
    #[must_use]
    pub const fn ppm(self) -> i64 {
        self.0
    }

    /// This share of an amount in minor units, rounded once; the largest amount there is where it would be larger.
    ///
    /// ```
    /// use suanpan_domain::{Rate, Rounding};
    /// assert_eq!(Rate::from_percent(15).of(2_190, Rounding::HalfUp), 329);
    /// ```
    #[inline]
    #[must_use]
    pub fn of(self, amount_minor: i64, rounding: Rounding) -> i64 {
        if let Some(exact) = amount_minor.checked_mul(self.0) {
            return divide(exact, Self::WHOLE.0, rounding);
        }
        let exact = i128::from(amount_minor) * i128::from(self.0);
        i64::try_from(divide_i128(exact, i128::from(Self::WHOLE.0), rounding)).unwrap_or(i64::MAX)
    }

    /// Reads a percentage such as `12.5%`; `None` when it is none, has more than four decimals, is negative or
    /// beyond [`RATE_PPM_MAX`].
    #[must_use]
    pub fn parse_percent(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix('%')?;
        let scaled = Decimal::from_str_exact(number.trim()).ok()?.checked_mul(Decimal::from(10_000))?;
        let ppm = scaled.is_integer().then(|| scaled.to_i64()).flatten()?;
        Self::from_ppm(ppm)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            write!(f, "{whole}%")
        } else {
            let rest = format!("{rest:04}");
            write!(f, "{whole}.{}%", rest.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_exact() {
        for (text, ppm) in [("5%", Some(50_000)), ("33.33 %", Some(333_300)), ("5", None), ("-1%", None)] {
            assert_eq!(Rate::parse_percent(text).map(Rate::ppm), ppm, "{text}");
        }
        assert_eq!(Rate::from_ppm(125_000).unwrap().to_string(), "12.5%");
        assert_eq!(Rate::from_percent(8).to_string(), "8%");
    }
}
