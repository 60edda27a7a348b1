//! The protocols of selling on a cluster, as explicit-state models: every interleaving of a few processes that may stop
//! at any point, explored completely.
//!
//! A model speaks of statements on the store, one after the other, as `crates/store/` means them; it shares no code with
//! what it models. Its rules are the sentences of the protocol. The tests show that the properties hold in every state
//! that can be reached, and that each rule is needed: without it, a property fails.

pub mod accrual;
pub mod claims;
pub mod cursor;
pub mod feed;
pub mod import;
pub mod limits;
pub mod merge;
pub mod proof;
pub mod restore;
pub mod returns;
