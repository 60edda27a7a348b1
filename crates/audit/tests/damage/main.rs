//! Whole stores, made by the calls that services make: clean ones balance, damaged ones are found and named.

mod archived;
mod clean;
mod planted;
mod scratch;
mod speed;
mod till;
