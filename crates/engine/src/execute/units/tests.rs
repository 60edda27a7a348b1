//! Unit effects by hand, in thousands, and against units that are taken apart.

mod build;
mod naive;
mod properties;
mod table;
