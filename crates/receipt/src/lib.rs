//! A quote in plain words: receipts, waterfalls and tables, in English and Simplified Chinese.
//!
//! Everything here is made of what the quote says; nothing is computed again. Columns align for a fixed-width font, also
//! where Chinese characters take two of them. Texts from outside are shown without control characters, so that no
//! title can move a terminal's cursor.

mod amounts;
mod layout;
mod names;
mod options;
mod reason;
mod receipt;
mod table;
mod waterfall;
mod words;

pub use options::{ArticleTitle, EntitlementTitle, GiftSku, Lang, Options};
pub use reason::said_of;
pub use receipt::receipt;
pub use table::table;
pub use waterfall::waterfall;
