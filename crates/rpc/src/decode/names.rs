//! Names that must be unique in their list, and references to them.

use std::collections::HashMap;
use std::fmt::Arguments;

use crate::problem::{Fault, Problems};

/// Up to here comparing with every earlier name is cheaper than hashing.
const COMPARED_MAX: usize = 24;

/// The names of one list, for finding one by its text.
pub(super) enum Names<'a> {
    Few(Vec<&'a str>),
    Many(HashMap<&'a str, usize>),
}

impl<'a> Names<'a> {
    /// Takes the names in; `duplicate` hears of each that was there before, and of the index where.
    pub(super) fn new(
        names: impl ExactSizeIterator<Item = &'a str>,
        mut duplicate: impl FnMut(usize, usize),
    ) -> Self {
        if names.len() <= COMPARED_MAX {
            let mut few: Vec<&str> = Vec::with_capacity(names.len());
            for (index, name) in names.enumerate() {
                if let Some(first) = few.iter().position(|earlier| *earlier == name && !name.is_empty()) {
                    duplicate(index, first);
                }
                few.push(name);
            }
            return Self::Few(few);
        }
        let mut many = HashMap::with_capacity(names.len());
        for (index, name) in names.enumerate() {
            let first = *many.entry(name).or_insert(index);
            if first != index && !name.is_empty() {
                duplicate(index, first);
            }
        }
        Self::Many(many)
    }

    /// Whether one of them is this.
    pub(super) fn contains(&self, name: &str) -> bool {
        match self {
            Self::Few(few) => few.contains(&name),
            Self::Many(many) => many.contains_key(name),
        }
    }
}

/// Reports each name of a list that was there before. Empty names are reported as missing elsewhere.
pub(super) fn check_unique<'a>(
    names: impl ExactSizeIterator<Item = &'a str>,
    problems: &mut Problems,
    report: impl Fn(&mut Problems, usize, Fault),
) {
    // Most lists of a basket have one element or none; they cost nothing.
    if names.len() > 1 {
        Names::new(names, |index, first| report(problems, index, Fault::Duplicate(first)));
    }
}

/// Reports a reference to a line that the basket does not have.
pub(super) fn check_line(line_id: &str, lines: &Names<'_>, field: Arguments<'_>, problems: &mut Problems) {
    if line_id.is_empty() {
        problems.add(field, Fault::Required);
    } else if !lines.contains(line_id) {
        problems.add(field, Fault::UnknownLine);
    }
}
