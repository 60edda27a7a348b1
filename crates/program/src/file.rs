//! Program files as they are written: one type for each map, from which both the reader and the JSON Schema come.
//!
//! Comments on fields are what an editor shows for a key. What the keys mean together is decided in `lower`.

mod effect;
mod offer;
mod points;
mod program;
mod selector;
mod stacking;
mod stores;
mod tiers;

pub(crate) use effect::*;
pub(crate) use offer::*;
pub(crate) use points::*;
pub(crate) use program::*;
pub(crate) use selector::*;
pub(crate) use stacking::*;
pub(crate) use stores::*;
pub(crate) use tiers::*;
