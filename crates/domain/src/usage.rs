//! What is known of the chain-wide limits when a basket is priced.

/// Chain-wide counters of limited offers. An offer that is not listed is unknown: it is applied, and the quote says
/// that a hold is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// By offer, in any order, each offer at most once.
    pub offers: Vec<OfferUsage>,
}

/// Uses of one offer by everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferUsage {
    /// The offer.
    pub offer: String,
    /// Baskets that used it.
    pub used: u64,
    /// What it gave in all, in minor units.
    pub given_minor: i64,
}
