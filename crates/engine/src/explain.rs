//! The account of every offer: applied, refused and why, nearly reached.

use suanpan_domain::{Member, Quote};

use crate::gather::Refused;
use crate::ground::Ground;
use crate::record::Record;
use crate::select::Selected;

/// Fills the rows of offers.
pub(crate) fn account(
    _ground: &Ground<'_>,
    _member: Option<&Member>,
    _refused: &[Refused],
    _record: &Record,
    _selected: &Selected,
    _quote: &mut Quote,
) {
}
