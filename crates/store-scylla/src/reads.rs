//! Reads of what was answered.

pub(crate) mod accounts;
pub(crate) mod lists;
pub(crate) mod lookups;
pub(crate) mod places;
pub(crate) mod programs;
pub(crate) mod sweeps;
