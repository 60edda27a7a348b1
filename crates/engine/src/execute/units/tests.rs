//! Unit effects by hand, in thousands, and against units that are taken apart.

mod build;
mod cases;
mod naive;
mod parts;
mod properties;
mod table;
