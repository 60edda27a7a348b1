//! Seeded programs, members and baskets; the slow oracle; case files.

pub mod basket_file;
pub mod case_file;
pub mod cases;
pub mod compare;
pub mod generate;
pub mod heap;
pub mod oracle;
pub mod program_file;
