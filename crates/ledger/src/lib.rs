//! One member's state machine: points in lots, tier, coupons, limits, sales and returns.
//!
//! [`apply`] takes a member's [`Head`], the entries that a command touches and a [`Command`], and gives the next head
//! with the one entry that changes, or every reason why not. [`due`] says what time makes due. Stores move the bytes of
//! both; services bring the clock, the ids and the compiled [`Policy`]. There is no I/O here, no randomness, no log.

pub mod command;
pub mod entry;
pub mod head;
pub mod key;
pub mod limits;
pub mod outcome;
pub mod policy;
pub mod refusal;
pub mod sale;

pub use command::{Action, Actor, Command, Role};
pub use entry::{CouponName, Entry, EntryKey, Movement, MovementKind, State, Verb};
pub use head::Head;
pub use outcome::{Applied, Change, Emit};
pub use policy::Policy;
pub use refusal::{Conflict, Refusal};
pub use sale::Sale;
