//! The nouns of pricing: money, quantities, rates, baskets, quotes, member snapshots, limits.
//!
//! Everything here is a value. This crate knows no clock, no I/O, no randomness, no logs and no metrics, and it
//! depends on nothing else of ours. What a program may say lives in `suanpan-program`, how a basket is priced in
//! `suanpan-engine`.

mod ids;
pub mod limits;
mod member;
mod money;
mod quantity;
mod rate;
mod rounding;
mod time;

pub mod basket;
pub mod catalogue;
mod checkout;
pub mod offer;
pub mod quote;
pub mod reason;
pub mod usage;

pub use basket::{
    Basket, GiftChoice, Line, LineKind, LinePrice, LineTax, ManualDiscount, ManualTarget, ManualValue,
    PaperCoupon, PointsConflict, PointsRequest, PointsWanted,
};
pub use catalogue::{Article, Catalogue};
pub use checkout::{CheckoutId, InvalidCheckoutId, ReturnId};
pub use ids::{Identifier, InvalidIdentifier, LineId, MemberId, OfferId, Sku, StoreId, TillId};
pub use member::{Counter, Member, MonthDay, OwnedCoupon};
pub use money::{Currency, Money, MoneyError, UnitPrice};
pub use offer::{OfferBook, OfferEntry, OfferKind, OfferRef};
pub use quantity::Quantity;
pub use quote::Quote;
pub use rate::Rate;
pub use reason::Reason;
pub use rounding::{Rounding, divide, divide_i128};
pub use time::{BusinessTime, WallClock};
pub use usage::{OfferUsage, Usage};
