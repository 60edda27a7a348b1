//! The program file: what a chain's rule book says, how it is read, checked and described.
//!
//! [`model`] holds the meaning of a program, free of its spelling; YAML does not leave this crate. How a program
//! prices a basket lives in `suanpan-engine`.
//!
//! ```
//! use suanpan_program::{SourceFile, parse};
//! let text = "
//! program: corner-shop
//! currency: EUR
//! engine_edition: 1
//! promotions:
//!   - { id: happy-day, effect: { percent_off: 5% } }
//! ";
//! let parsed = parse(&[SourceFile::new("shop.yaml", text)]).unwrap();
//! assert_eq!(parsed.program.offers[0].id, "happy-day");
//!
//! let wrong = text.replace("5%", "5");
//! let problems = parse(&[SourceFile::new("shop.yaml", wrong)]).unwrap_err();
//! assert_eq!((problems[0].line, problems[0].code), (6, "P023"));
//! ```

#[macro_use]
mod read;

mod catalogue;
mod code;
mod diagnostics;
mod file;
mod load;
mod lower;
mod parse;
mod schema;
mod version;
mod yaml;

pub mod model;

pub use catalogue::{CATALOGUE_ROWS_MAX, CatalogueTable, LineEnds, line_of_record};
pub use code::codes;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use load::{Loaded, load, load_with};
pub use parse::{Parsed, SourceFile, parse};
pub use schema::schema;
