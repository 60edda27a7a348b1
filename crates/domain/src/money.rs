//! Amounts in whole minor units, prices of a unit with six more decimals, and the currencies they are in.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::limits::AMOUNT_MINOR_MAX;
use crate::quantity::Quantity;
use crate::rounding::{Rounding, divide, divide_i128};

/// An amount in whole minor units of the currency at hand (cents, fen, yen).
///
/// ```
/// use suanpan_domain::{Currency, Money};
/// let eur = Currency::from_code("EUR").unwrap();
/// let price = Money::parse("12.90", eur).unwrap();
/// assert_eq!(price, Money::from_minor(1290));
/// assert_eq!(price.in_currency(eur).to_string(), "12.90");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Why a decimal text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is no decimal number.
    #[error("is no decimal number")]
    NotANumber,
    /// The text has more decimals than the currency.
    #[error("has more decimals than the currency")]
    TooManyDecimals,
    /// The amount is beyond [`AMOUNT_MINOR_MAX`].
    #[error("is too large")]
    TooLarge,
}

impl Money {
    /// No money.
    pub const ZERO: Money = Money(0);

    /// An amount of so many minor units.
    #[must_use]
    pub const fn from_minor(amount_minor: i64) -> Self {
        Self(amount_minor)
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Reads a decimal text in major units, exactly.
    ///
    /// # Errors
    /// [`MoneyError`] when it is no number, has more decimals than the currency or is too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let decimal = Decimal::from_str_exact(text.trim()).map_err(|_| MoneyError::NotANumber)?;
        scale(decimal, u32::from(currency.exponent()), AMOUNT_MINOR_MAX).map(Self)
    }

    /// Shows the amount in major units of a currency.
    #[must_use]
    pub fn in_currency(self, currency: Currency) -> MoneyText {
        MoneyText { amount: self, currency }
    }
}

fn scale(decimal: Decimal, exponent: u32, max: i64) -> Result<i64, MoneyError> {
    let scaled = decimal.checked_mul(Decimal::from(10_i64.pow(exponent))).ok_or(MoneyError::TooLarge)?;
    if !scaled.is_integer() {
        return Err(MoneyError::TooManyDecimals);
    }
    match scaled.to_i64() {
        Some(value) if value.unsigned_abs() <= max.unsigned_abs() => Ok(value),
        _ => Err(MoneyError::TooLarge),
    }
}

/// An amount together with its currency, for display in major units.
#[derive(Clone, Copy, Debug)]
pub struct MoneyText {
    amount: Money,
    currency: Currency,
}

impl fmt::Display for MoneyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = usize::from(self.currency.exponent());
        let scale = 10_u64.pow(u32::from(self.currency.exponent()));
        let magnitude = self.amount.0.unsigned_abs();
        let text = if exponent == 0 {
            magnitude.to_string()
        } else {
            format!("{}.{:0exponent$}", magnitude / scale, magnitude % scale)
        };
        f.pad_integral(self.amount.0 >= 0, "", &text)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        self.0 -= other.0;
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        Money(amounts.map(|amount| amount.0).sum())
    }
}

/// The price of one unit (or one kilogram, one litre): minor units with six more decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitPrice(i64);

impl UnitPrice {
    /// Millionths in one minor unit.
    pub const MICRO_PER_MINOR: i64 = 1_000_000;

    /// A price of whole minor units and millionths of one. `None` when the millionths are not within
    /// `0..1_000_000` or the price is beyond [`AMOUNT_MINOR_MAX`] either way.
    #[must_use]
    pub fn new(minor: i64, sub_ppm: i64) -> Option<Self> {
        let fits = minor.unsigned_abs() <= AMOUNT_MINOR_MAX.unsigned_abs();
        ((0..Self::MICRO_PER_MINOR).contains(&sub_ppm) && fits)
            .then(|| Self(minor * Self::MICRO_PER_MINOR + sub_ppm))
    }

    /// A price of whole minor units.
    #[must_use]
    pub const fn from_minor(price_minor: i64) -> Self {
        Self(price_minor * Self::MICRO_PER_MINOR)
    }

    /// A price in millionths of a minor unit.
    #[must_use]
    pub const fn from_micro(price_micro: i64) -> Self {
        Self(price_micro)
    }

    /// The price in millionths of a minor unit.
    #[must_use]
    pub const fn micro(self) -> i64 {
        self.0
    }

    /// Reads a decimal text in major units with up to six decimals more than the currency.
    ///
    /// # Errors
    /// [`MoneyError`] when it is no number, has too many decimals or is too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let decimal = Decimal::from_str_exact(text.trim()).map_err(|_| MoneyError::NotANumber)?;
        let exponent = u32::from(currency.exponent()) + 6;
        scale(decimal, exponent, AMOUNT_MINOR_MAX * Self::MICRO_PER_MINOR).map(Self)
    }

    /// Price times quantity in whole minor units, rounded as asked.
    #[inline]
    #[must_use]
    pub fn times(self, quantity: Quantity, rounding: Rounding) -> Money {
        const BY: i64 = 1_000 * UnitPrice::MICRO_PER_MINOR;
        if let Some(exact) = self.0.checked_mul(quantity.milli()) {
            return Money(divide(exact, BY, rounding));
        }
        let exact = i128::from(self.0) * i128::from(quantity.milli());
        Money(divide_i128(exact, i128::from(BY), rounding) as i64)
    }
}

/// A currency of ISO 4217 with its number of decimals (0, 2 or 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// Currencies without decimals.
const ZERO_DECIMALS: [&str; 17] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// Currencies with three decimals.
const THREE_DECIMALS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// Currencies with two decimals.
const TWO_DECIMALS: [&str; 133] = [
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BMD",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP",
    "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP",
    "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR",
    "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP",
    "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN",
    "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP",
    "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD",
    "TZS", "UAH", "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "YER", "ZAR", "ZMW", "ZWG",
];

impl Currency {
    /// The currency of an ISO 4217 code in capitals; `None` for what is none.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let exponent = if ZERO_DECIMALS.contains(&code) {
            0
        } else if TWO_DECIMALS.contains(&code) {
            2
        } else if THREE_DECIMALS.contains(&code) {
            3
        } else {
            return None;
        };
        Some(Self { code: code.as_bytes().try_into().ok()?, exponent })
    }

    /// The code, such as `CNY`.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("???")
    }

    /// The number of decimals of the minor unit: 0, 2 or 3.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_is_read_exactly_or_refused() {
        let currency = |code| Currency::from_code(code).unwrap();
        for (text, code, expected) in [
            ("12.90", "CNY", Ok(1290)),
            ("12.9", "CNY", Ok(1290)),
            ("-0.05", "USD", Ok(-5)),
            ("1000", "JPY", Ok(1000)),
            ("1.5", "JPY", Err(MoneyError::TooManyDecimals)),
            ("1.234", "KWD", Ok(1234)),
            ("1.2345", "KWD", Err(MoneyError::TooManyDecimals)),
            ("twelve", "USD", Err(MoneyError::NotANumber)),
            ("1e3", "USD", Err(MoneyError::NotANumber)),
            ("99999999999999999", "USD", Err(MoneyError::TooLarge)),
        ] {
            let read = Money::parse(text, currency(code)).map(Money::minor);
            assert_eq!(read, expected, "{text} {code}");
        }
    }

    #[test]
    fn a_price_times_a_weight_rounds_once() {
        let eur = Currency::from_code("EUR").unwrap();
        let fuel = UnitPrice::parse("1.859", eur).unwrap();
        let litres = Quantity::from_milli(43_210);
        assert_eq!(fuel.times(litres, Rounding::HalfUp), Money::from_minor(8033));
    }

    #[test]
    fn unknown_currencies_are_none() {
        assert!(Currency::from_code("XXX").is_none());
        assert!(Currency::from_code("eur").is_none());
        assert_eq!(Currency::from_code("XPF").unwrap().exponent(), 0);
    }
}
