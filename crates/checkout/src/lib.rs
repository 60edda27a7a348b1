//! From quote to money, over any store.
//!
//! [`policy()`] compiles a program's rules of membership for the ledger, [`sale()`] makes of a quote what the ledger keeps,
//! [`token`] lets a quote be honoured by any node, and [`Books`]
//! carries every change of a sale or a member out. Prices are the engine's, decisions the ledger's, atomicity the store's;
//! what is here is the protocol between them.

mod books;
mod key;
mod policy;
mod publish;
mod sale;
pub mod token;

pub use books::{Ask, Books, BooksError, MemberAsk, Queues, Recorded, Refund, Verb, Worked};
pub use key::{offer_key, tier_key};
pub use policy::{House, PolicyError, policy};
pub use publish::{Published, pack, publish, unpack};
pub use sale::{Paid, Priced, SaleError, coupon_id, coupon_text, is_cash, paid_otherwise, sale};
