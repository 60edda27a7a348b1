//! How offers go together.

use super::rare::Usual;

/// How one offer goes with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferStacking {
    /// Indexes of the groups that it takes a place in.
    pub groups: Vec<usize>,
    /// Whether it tolerates others.
    pub exclusive: Option<ExclusiveScope>,
    /// Offers of one pool do not share units. `default` unless named; only unit effects consume in it, and
    /// `units {at_most}` only where it is named.
    pub pool: Option<String>,
}

impl Usual for OfferStacking {
    const USUAL: &'static Self = &Self { groups: Vec::new(), exclusive: None, pool: None };
}

/// What an exclusive offer excludes others from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExclusiveScope {
    /// From the basket.
    Basket,
    /// From the lines that it selects.
    Line,
}

/// Offers that compete for a number of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackingGroup {
    /// Its id.
    pub id: String,
    /// Places of the basket, or of each line.
    pub scope: GroupScope,
    /// How many.
    pub at_most: u32,
}

/// Where a group counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupScope {
    /// In the basket.
    Basket,
    /// On each line.
    Line,
}

/// A class that does not combine with others. A class is a layer's name, `coupon` for whatever was presented, or
/// `points` for paying with points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combine {
    /// The class.
    pub class: String,
    /// Classes that it does not combine with; said on one side is enough.
    pub not_with: Vec<String>,
}
