//! The program file: what a chain's rule book says, how it is read, checked and described.
//!
//! [`model`] holds the meaning of a program, free of its spelling; YAML does not leave this crate. How a program
//! prices a basket lives in `suanpan-engine`.

pub mod model;
