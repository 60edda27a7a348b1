//! A YAML text as a tree that knows where everything stands.
//!
//! The tree is one flat vector of 16 bytes a node in the order of the text; scalars stay slices of the text wherever
//! it spells them out, so numbers are read digit by digit and never pass through a float. Depth and what aliases
//! expand to are bounded while parsing, before any memory is spent on them.

mod build;
mod document;
mod nodes;
mod recover;

use build::Builder;
pub(crate) use document::{Document, Kind, Node, Spot};

/// Levels of nesting, aliases counted with what they stand for. A program needs about ten; `not` and `any_of` nest.
pub(crate) const DEPTH_MAX: usize = 64;
/// How long a key on one line may be in YAML: so far ahead a parser looks for its colon.
const KEY_LENGTH_MAX: usize = 1_024;
/// Bytes that aliases may stand for beyond the length of their file, so that a small file may still repeat itself.
pub(crate) const ALIAS_BYTES_FREE: usize = 64 << 10;

/// Why a text is no tree: a message, a hint and the bytes that it is about.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
    pub(crate) start: usize,
    pub(crate) end: usize,
}
