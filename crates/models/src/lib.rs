//! The protocols of selling on a cluster, as explicit-state models: every interleaving of a few processes that may stop
//! at any point, explored completely.
//!
//! A model speaks of statements on the store, one after the other, as `crates/store/` means them; it shares no code with
//! what it models. Its rules are the sentences of the protocol. The tests show that the properties hold in every state
//! that can be reached, and that each rule is needed: without it, a property fails. They print how many states there are
//! and how each property fails:
//!
//! ```text
//! cargo test -p suanpan-models -- --nocapture
//! ```
//!
//! | model | of what |
//! |---|---|
//! | [`claims`] | one id has one owner: claims, fencing, the winner, facts, cancels, members that are merged |
//! | [`turns`] | the same, as the store of a cluster does it: the turn of an id passes on until one has sold |
//! | [`limits`] | holds for everybody together: by which version, renewed, freed, settled, moved between shards |
//! | [`rounds`] | the same, guarded by a round of the sale's row, as the store of a cluster does it |
//! | [`handover`] | a shard of a limit that has many rows hands what it has left to a fresh one |
//! | [`debts`] | what a guest's rows owe is paid once, though its writer is gone and nobody scans guests |
//! | [`accrual`] | sales are credited once, and what follows from them comes out |
//! | [`returns`] | goods come back once, points after they were earned |
//! | [`feed`] | what changed is told to every node, though the feed may lose it |
//! | [`cursor`] | how far a worker has come among events |
//! | [`merge`] | two members become one, also both ways at once |
//! | [`restore`] | nothing from before a restore replaces what came after it |
//! | [`import`] | an import beside traffic undoes nothing |
//!
//! Where a process stops, its caller asks again; so a crash, a lost answer and a repeated call are one action, and a node
//! that sleeps is one that is not chosen for a while. "When all is quiet" is checked in every state in which nobody is at
//! anything, by letting one process alone do what is left.
//!
//! No model has Paxos, quorums or clocks in it: a conditional write is one step, a read sees what was written before it.
//! That the pair of consistency levels is one for all nodes, that a chain has one home, and what an error of the disk
//! means, is proved on real servers and files.

pub mod accrual;
pub mod claims;
pub mod cursor;
pub mod debts;
pub mod feed;
pub mod handover;
pub mod import;
pub mod limits;
pub mod merge;
pub mod proof;
pub mod restore;
pub mod returns;
pub mod rounds;
pub mod turns;
