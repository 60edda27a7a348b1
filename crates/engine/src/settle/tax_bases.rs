//! What a tax is computed on, and what it comes to.

use suanpan_domain::{Rounding, divide_i128};
use suanpan_program::model::{TaxBase, TaxPolicy};

/// Amounts without included tax.
pub(super) enum Bases {
    Net(i64),
    /// Of the gross and of the discount.
    Difference(i64, i64),
}

impl Bases {
    /// Of nothing.
    pub(super) fn none(policy: &TaxPolicy) -> Self {
        match policy.base {
            TaxBase::NetRounded => Self::Net(0),
            TaxBase::GrossMinusDiscount => Self::Difference(0, 0),
        }
    }

    /// Of others too, under the same policy.
    pub(super) fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Net(net), Self::Net(more)) => *net += more,
            (Self::Difference(gross, discount), Self::Difference(more_gross, more_discount)) => {
                *gross += more_gross;
                *discount += more_discount;
            }
            _ => unreachable!("one policy has one base"),
        }
    }

    pub(super) fn of(policy: &TaxPolicy, included_ppm: i64, gross: i64, net: i64) -> Self {
        let without = |amount: i64| {
            if included_ppm == 0 {
                return amount;
            }
            let exact = i128::from(amount) * WHOLE;
            divide_i128(exact, WHOLE + i128::from(included_ppm), policy.rounding) as i64
        };
        match policy.base {
            TaxBase::NetRounded => Self::Net(without(net)),
            TaxBase::GrossMinusDiscount => Self::Difference(without(gross), without(gross - net)),
        }
    }

    /// The amount without included tax.
    pub(super) fn base(&self) -> i64 {
        match self {
            Self::Net(net) => *net,
            Self::Difference(gross, discount) => gross - discount,
        }
    }

    /// A tax that comes on top.
    pub(super) fn added(&self, policy: &TaxPolicy, rate_ppm: i64) -> i64 {
        match self {
            Self::Net(net) => share_of(*net, rate_ppm, policy.rounding),
            Self::Difference(gross, discount) => {
                share_of(*gross, rate_ppm, policy.rounding) - share_of(*discount, rate_ppm, policy.rounding)
            }
        }
    }
}

const WHOLE: i128 = 1_000_000;

fn share_of(amount: i64, rate_ppm: i64, rounding: Rounding) -> i64 {
    divide_i128(i128::from(amount) * i128::from(rate_ppm), WHOLE, rounding) as i64
}
