//! Makes a program, a catalogue and baskets of a real grocery chain's year, prices them over gRPC and
//! compares every line with what the chain took, to the cent.
//!
//! Nothing of the data is committed, and no rule is read from the answer that it is compared with.

pub mod chain;
pub mod check;
pub mod look_alike;
pub mod node;
pub mod papers;
pub mod price;
pub mod report;
pub mod request;
pub mod year;
