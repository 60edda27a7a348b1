//! What may be wrong, each with a stable code.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        /// A kind of finding. Codes are stable: scripts and tickets may name them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Code {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it is printed, such as `A21`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim(),)*
                }
            }
        }
    };
}

codes! {
    /// A file of the store is damaged, or a part of it is there without what belongs to it: rows whose head is gone,
    /// heads and rows whose bytes are gone, sales whose claim is gone.
    FileDamaged = "A00";
    /// The bytes of a head cannot be read.
    HeadUnreadable = "A01";
    /// The bytes of a row cannot be read.
    RowUnreadable = "A02";
    /// A column that decisions read differs from the bytes beside it.
    ColumnDiffers = "A03";
    /// A head is due later than what waits in it, so that no worker would come.
    DueTooLate = "A04";
    /// A row's contents do not fit its key, its state or its head.
    RowMisplaced = "A05";
    /// What stays of an archived row differs from its body, so that one of them is not what was written.
    ArchiveDiffers = "A06";
    /// The sums of a member do not balance with its lots and debt.
    PointsUnbalanced = "A10";
    /// A sum of a member differs from what its movements add up to.
    SumDiffers = "A11";
    /// The points of one expiry differ from what the movements left there: a lot is lost, or made up.
    LotDiffers = "A12";
    /// The debt differs from what the movements left.
    DebtDiffers = "A13";
    /// A list of a head is out of order, empty where it must not be, or has what its status rules out.
    HeadMalformed = "A14";
    /// A movement or a row has a version that the head has not reached.
    VersionAhead = "A15";
    /// One version wrote two rows, or the row of the first version is gone.
    VersionTwice = "A16";
    /// A coupon is in the wallet without a movement that leaves it there, or is missing from it.
    CouponUnaccounted = "A20";
    /// A coupon was granted twice.
    CouponGrantedTwice = "A21";
    /// A coupon was used more often than it came.
    CouponUsedTwice = "A22";
    /// A coupon was used by what is no paid sale of it, or a paid sale's coupon was not used.
    CouponUseMisplaced = "A23";
    /// A coupon came back that the returned sale had not used, or more than once.
    CouponReturnedWrongly = "A24";
    /// A hold has no reserved sale.
    HoldWithoutSale = "A30";
    /// A reserved sale has no hold.
    SaleWithoutHold = "A31";
    /// A hold differs from what its sale reserved.
    HoldDiffers = "A32";
    /// Held points or coupons differ from what the holds name.
    HeldDiffers = "A33";
    /// A paid sale or a return is neither accrued nor waiting nor parked.
    AccrualLost = "A40";
    /// What waits for its accrual is not there, is done already, or waits twice.
    PendingWrong = "A41";
    /// A sale was accrued twice, or by other points than it earned.
    AccrualDiffers = "A42";
    /// The number of parked rows differs from the head's.
    ParkedDiffers = "A43";
    /// Derived writes are owed for a row that owes none.
    EmittingWrong = "A44";
    /// The points that were taken for a sale are not those that it was paid with.
    SpentDiffers = "A45";
    /// A sale's lines, tenders and totals do not add up.
    SaleUnbalanced = "A46";
    /// Uses of a limited offer differ from those of the member's sales.
    UsesDiffer = "A47";
    /// What counts for tiers differs from what the sales and returns left.
    TierBasisDiffers = "A48";
    /// A return of what is no paid sale.
    ReturnWithoutSale = "A50";
    /// More came back of a line than was sold, or one unit twice.
    ReturnedTooMuch = "A51";
    /// Returns gave another amount of money, tax or qualifying spend than the sale has.
    RefundDiffers = "A52";
    /// Returns gave more points back, or took more, than the sale used and earned.
    ReturnPointsDiffer = "A53";
    /// What a return booked is not what it says.
    ReturnBookedWrongly = "A54";
    /// The sums of a limit differ from its holders.
    LimitSumDiffers = "A60";
    /// A limit is held or used by no sale that takes it: it leaks.
    LimitLeaks = "A61";
    /// A sale takes from a limit that does not count it.
    LimitUncounted = "A62";
    /// More of a limit is used and held than its cap, overruns apart.
    CapExceeded = "A63";
    /// A code is held or used by no sale that names it.
    CodeLeaks = "A64";
    /// A sale's code is free, or somebody else's.
    CodeUncounted = "A65";
    /// One id is paid for two owners.
    PaidTwice = "A66";
    /// A paid sale cannot be found by its id.
    Unclaimed = "A67";
    /// So many holders and sales disagree that not all of them can be named.
    TooManyDiffer = "A68";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_say_something() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str(), "{pair:?}");
        }
        for code in Code::ALL {
            assert!(code.meaning().ends_with('.') && code.meaning().len() > 20, "{code}");
        }
    }

    #[test]
    fn every_code_is_in_the_docs() {
        let page = include_str!("../../../docs/audit.md");
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| A")).collect();
        let ours: Vec<String> =
            Code::ALL.iter().map(|code| format!("| {code} | {} |", code.meaning())).collect();
        assert_eq!(rows, ours);
    }
}
