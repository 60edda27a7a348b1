//! Amounts and prices as texts.

use suanpan_domain::{Currency, Money, UnitPrice};

/// An amount in major units.
pub(crate) fn money(amount: Money, currency: Currency) -> String {
    amount.in_currency(currency).to_string()
}

/// An amount that was taken off.
pub(crate) fn off(amount: Money, currency: Currency) -> String {
    money(-amount, currency)
}

/// A unit price with as many decimals as it has, and at least the currency's.
pub(crate) fn unit_price(price: UnitPrice, currency: Currency) -> String {
    let micro = price.micro().unsigned_abs();
    let decimals = usize::from(currency.exponent()) + 6;
    let scale = 10_u64.pow(u32::from(currency.exponent()) + 6);
    let fraction = format!("{:0decimals$}", micro % scale);
    let kept = fraction.trim_end_matches('0').len().max(usize::from(currency.exponent()));
    let sign = if price.micro() < 0 { "-" } else { "" };
    let whole = micro / scale;
    if kept == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", &fraction[..kept]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_keep_the_decimals_that_they_have() {
        for (text, code, expected) in [
            ("3.49", "EUR", "3.49"),
            ("3", "EUR", "3.00"),
            ("1.859", "EUR", "1.859"),
            ("0.0000005", "EUR", "0.0000005"),
            ("120", "JPY", "120"),
            ("120.5", "JPY", "120.5"),
            ("-0.25", "EUR", "-0.25"),
        ] {
            let currency = Currency::from_code(code).unwrap();
            assert_eq!(unit_price(UnitPrice::parse(text, currency).unwrap(), currency), expected);
        }
    }
}
