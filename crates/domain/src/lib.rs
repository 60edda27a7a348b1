//! The nouns of pricing: money, quantities, rates, baskets, quotes, member snapshots, limits.
