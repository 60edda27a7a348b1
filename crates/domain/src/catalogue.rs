//! What a catalogue beside the program says of an article.

use crate::basket::{LineKind, LineTax};
use crate::money::{Money, UnitPrice};

/// Articles by sku, so that a till can send a sku and a quantity alone. What the request says stands above it.
pub trait Catalogue: Send + Sync {
    /// The article of a sku; `None` when the catalogue does not know it.
    fn find(&self, sku: &str) -> Option<Article<'_>>;

    /// Takes an article's tags and taxes apart.
    fn tags_of<'a>(&'a self, article: &Article<'a>) -> Vec<&'a str>;

    /// The taxes of an article.
    fn taxes_of<'a>(&'a self, article: &Article<'a>) -> &'a [LineTax];
}

/// An article as a catalogue knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Article<'a> {
    /// Category path; empty when none.
    pub category: &'a str,
    /// Brand; empty when none.
    pub brand: &'a str,
    /// Kind.
    pub kind: LineKind,
    /// Sold by weight or volume.
    pub weighed: bool,
    /// Base price of one unit, kilogram or litre.
    pub unit_price: Option<UnitPrice>,
    /// Lowest legal price of one unit.
    pub legal_minimum: Option<Money>,
    /// The implementation's handle to the tags.
    pub tags: u32,
    /// The implementation's handle to the taxes.
    pub taxes: u32,
}
