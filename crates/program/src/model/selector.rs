//! Which lines an offer means.

use suanpan_domain::{LineKind, UnitPrice};

/// Which lines an offer means, and whether it passes over lines that others have lowered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The static part.
    pub selector: Selector,
    /// Only lines that no earlier offer lowered when this one executes (`discounted: false`).
    pub undiscounted_only: bool,
}

impl Selection {
    /// Whether it names anything at all. An offer without a selector anywhere is a basket offer.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.selector == Selector::Everything && !self.undiscounted_only
    }
}

/// A condition on one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selector {
    /// Goods and services that take discounts: every line of kind `goods` or `service`.
    #[default]
    Everything,
    /// One of these articles.
    Sku(Vec<String>),
    /// In one of these categories or below: `dairy` selects `dairy` and `dairy/milk`, not `dairyfree`.
    Category(Vec<String>),
    /// One of these brands.
    Brand(Vec<String>),
    /// At least one of these tags.
    Tag(Vec<String>),
    /// One of these kinds.
    Kind(Vec<LineKind>),
    /// Requested unit price within half-open bounds.
    Price {
        /// At least.
        from: Option<UnitPrice>,
        /// Less than.
        below: Option<UnitPrice>,
    },
    /// At least one holds.
    AnyOf(Vec<Selector>),
    /// All hold.
    AllOf(Vec<Selector>),
    /// It does not hold.
    Not(Box<Selector>),
}

impl Selector {
    /// Whether the selector names kinds anywhere. Only then does it reach lines that are neither goods nor services.
    #[must_use]
    pub fn names_kinds(&self) -> bool {
        match self {
            Selector::Kind(_) => true,
            Selector::AnyOf(parts) | Selector::AllOf(parts) => parts.iter().any(Selector::names_kinds),
            // Excluding a kind does not ask for the others.
            Selector::Not(_)
            | Selector::Everything
            | Selector::Sku(_)
            | Selector::Category(_)
            | Selector::Brand(_)
            | Selector::Tag(_)
            | Selector::Price { .. } => false,
        }
    }
}
