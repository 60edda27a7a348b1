//! Rows of a Parquet file: the columns of CSV, with the same meaning.

use std::fs::File;

use suanpan_parquet::{Days, Rows, Table, Unfit, Unreadable};

use super::{Row, What, check_head};

/// The rows of a file, and how many were given.
pub(super) struct Columns {
    names: Vec<String>,
    rows: Rows,
    count: u64,
    row: u64,
}

impl Columns {
    /// Opens a file; columns that are not understood are refused as a whole.
    pub(super) fn open(file: File, what: What) -> Result<Self, String> {
        let table = Table::open(file).map_err(|why| format!("this cannot be read as Parquet: {why}"))?;
        let count = table.count();
        let names: Vec<String> = table.names().map(|name| name.trim().to_lowercase()).collect();
        check_head(&names, what)?;
        let all: Vec<usize> = (0..names.len()).collect();
        let rows = table.rows(&all, Days::Read).map_err(|unfit| {
            let told: Vec<String> =
                unfit.iter().map(|(column, why)| refusal(&names[*column], *why)).collect();
            told.join("; ")
        })?;
        Ok(Self { names, rows, count, row: 0 })
    }

    /// How many rows the file says it has.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The number of the last row, from 1.
    pub(super) const fn row(&self) -> u64 {
        self.row
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Unreadable> {
        if !self.rows.advance()? {
            return Ok(None);
        }
        self.row += 1;
        let mut row = Row { line: self.row, ..Row::default() };
        for (column, name) in self.names.iter().enumerate() {
            match self.rows.text(column) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => {
                    row.cells.insert(name.clone(), text.trim().to_owned());
                }
                Err(why) => row.problems.push(format!("{name}: {why}")),
            }
        }
        if !row.problems.is_empty() {
            // Without it the row would be told to lack what is there and cannot be read.
            row.cells.clear();
        }
        Ok(Some(row))
    }
}

fn refusal(name: &str, why: Unfit) -> String {
    match why {
        Unfit::Nested => {
            format!("column {name} holds lists or groups: write several cards as one text, such as 1001;1002")
        }
        Unfit::Floats => {
            format!("column {name} holds floats, in which no number is exact: write whole numbers or texts")
        }
        Unfit::Kind => format!(
            "column {name} holds values of a kind that it cannot have: write texts, whole numbers or days (DATE)"
        ),
    }
}
