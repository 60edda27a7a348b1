//! Seeded programs, members and baskets; the slow oracle; case files.

pub mod generate;
