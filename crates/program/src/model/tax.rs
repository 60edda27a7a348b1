//! Taxes, and what coins allow.

use suanpan_domain::{Money, Rate, Rounding};

/// Whether an amount contains tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TaxBasis {
    /// It does.
    #[default]
    Included,
    /// It does not.
    Excluded,
}

/// How taxes are computed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxPolicy {
    /// Once for each rate, or for each line.
    pub scope: TaxScope,
    /// On what.
    pub base: TaxBase,
    /// How the tax is rounded.
    pub rounding: Rounding,
    /// How shipping is taxed.
    pub shipping: ShippingTax,
    /// Rates by id, for catalogues and requests that bring an id alone.
    pub rates: Vec<TaxRate>,
}

/// Where taxes are rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TaxScope {
    /// Once for each rate of the basket, then divided by largest remainder.
    #[default]
    PerRate,
    /// For each line.
    PerLine,
}

/// How an included tax is taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TaxBase {
    /// Tax = amount - round(amount / (1 + rate)): the amount without tax is rounded.
    #[default]
    NetRounded,
    /// Tax of the gross less tax of the discount, each rounded.
    GrossMinusDiscount,
}

/// How shipping is taxed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ShippingTax {
    /// By its own taxes.
    #[default]
    OwnRate,
    /// By the mix of the goods' taxes, weighted by their nets.
    GoodsMix,
}

/// A tax by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxRate {
    /// Its id.
    pub id: String,
    /// Its rate.
    pub rate: Rate,
    /// Whether prices contain it.
    pub included: bool,
}

/// What coins allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashRounding {
    /// To multiples of it.
    pub to: Money,
    /// How.
    pub rounding: Rounding,
}
