//! Checks of single values. Each takes the value over, so that no text is copied.

use std::fmt::Arguments;

use suanpan_domain::{Identifier, limits};

use crate::problem::{Fault, Problems};

/// An identifier that must be there.
pub(super) fn required<T: Identifier>(
    text: String,
    field: Arguments<'_>,
    problems: &mut Problems,
) -> Option<T> {
    T::new(text).map_err(|invalid| problems.add(field, invalid.into())).ok()
}

/// An identifier that may be left out.
pub(super) fn optional<T: Identifier>(
    text: String,
    field: Arguments<'_>,
    problems: &mut Problems,
) -> Option<T> {
    if text.is_empty() { None } else { required(text, field, problems) }
}

/// Whether a text that may be empty keeps to the rules of texts.
pub(super) fn check(text: &str, field: Arguments<'_>, problems: &mut Problems) {
    if text.len() > limits::IDENTIFIER_BYTES_MAX {
        problems.add(field, Fault::TooLong);
    } else if text.bytes().any(|byte| byte.is_ascii_control()) {
        problems.add(field, Fault::ControlCharacter);
    }
}

/// Whether a text that must not be empty keeps to the rules of texts.
pub(super) fn check_required(text: &str, field: Arguments<'_>, problems: &mut Problems) {
    if text.is_empty() {
        problems.add(field, Fault::Required);
    } else {
        check(text, field, problems);
    }
}

/// Whether a category path that may be empty is one.
pub(super) fn check_category(path: &str, field: Arguments<'_>, problems: &mut Problems) {
    if path.is_empty() {
        return;
    }
    let mut levels = 0;
    for level in path.split('/') {
        levels += 1;
        if level.is_empty() || levels > limits::CATEGORY_DEPTH_MAX {
            problems.add(field, Fault::BadCategoryPath);
            return;
        }
    }
    check(path, field, problems);
}

/// Whether a list is within its bound. When it is not, its elements are not looked at.
pub(super) fn check_count(count: usize, most: usize, field: Arguments<'_>, problems: &mut Problems) -> bool {
    if count > most {
        problems.add(field, Fault::TooMany { count, most });
    }
    count <= most
}

/// A number within a range.
pub(super) fn within(
    value: i64,
    (least, most): (i64, i64),
    field: Arguments<'_>,
    problems: &mut Problems,
) -> Option<i64> {
    if (least..=most).contains(&value) {
        Some(value)
    } else {
        problems.add(field, Fault::OutOfRange { least, most });
        None
    }
}
