//! Parquet files as rows of texts, each value written as the text that a CSV file would hold, so that both are checked alike.
//!
//! What a column is for, and whether its text makes sense, is the caller's. Floats are never read: no amount is exact in them.

mod column;
mod rows;

pub use column::{NoText, Unfit};
pub use parquet::file::reader::ChunkReader;
pub use rows::{Days, Rows, Table, Unreadable};
