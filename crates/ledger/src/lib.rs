//! One member's state machine: points in lots, tier, coupons, limits, sales and returns.
//!
//! [`apply()`] takes a member's [`Head`], the entries that a command touches and a [`Command`], and gives the next head
//! with the one entry that changes, or every reason why not. [`due()`] says what time makes due. Stores move the bytes of
//! both; services bring the clock, the ids and the compiled [`Policy`]. There is no I/O here, no randomness, no log.

mod apply;
pub mod archive;
mod bounds;
mod calendar;
mod check;
pub mod codec;
pub mod command;
mod draft;
pub mod due;
pub mod entry;
pub mod head;
pub mod key;
pub mod limits;
pub mod outcome;
mod points;
pub mod policy;
pub mod progress;
pub mod refusal;
mod reminder;
mod returns;
pub mod sale;
mod shape;
mod snapshot;
mod tier;
mod units;
mod usage;
mod wallet;

pub use apply::apply;
pub use archive::Archived;
pub use command::{Action, Actor, Command, Role};
pub use due::{Due, due, due_at};
pub use entry::{CouponName, Entry, EntryKey, Movement, MovementKind, State, Verb};
pub use head::Head;
pub use outcome::{Applied, Change, Emit};
pub use policy::Policy;
pub use progress::{Progress, progress};
pub use refusal::{Conflict, Refusal};
pub use sale::Sale;
pub use snapshot::snapshot;
pub use usage::period_of;
