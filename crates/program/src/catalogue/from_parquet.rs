//! A catalogue from the columns of a Parquet file, each value as the text that a CSV file would hold, so that both are
//! checked alike.

use suanpan_parquet::{ChunkReader, Days, NoText, Table, Unfit, Unreadable};

use super::columns::{COLUMNS, Flaw, Places};
use super::rows::{Place, Rows};
use super::{CATALOGUE_ROWS_MAX, CatalogueTable};
use crate::code;
use crate::diagnostics::Diagnostics;
use crate::model::Program;

impl CatalogueTable {
    /// Reads a catalogue in Parquet. Its columns are those of a CSV file and mean the same; amounts are texts, whole
    /// numbers or `DECIMAL`, never floats. Holds a page of each column at a time.
    ///
    /// # Errors
    /// Every row that cannot be used, with its number in the place of a line.
    pub fn read_parquet(
        name: &str,
        file: impl ChunkReader + 'static,
        program: &Program,
    ) -> Result<Self, Diagnostics> {
        let mut rows = Rows::new(name, program);
        let mut at = Place::default();
        if let Err(error) = read(file, &mut rows, &mut at) {
            let hint = "write it again, or write the catalogue as CSV".to_owned();
            rows.tell(code::UNREADABLE, at, (format!("this cannot be read as Parquet: {error}"), hint));
        }
        rows.finish()
    }
}

/// Reads a file; `at` is the row that was read last.
fn read(file: impl ChunkReader + 'static, rows: &mut Rows<'_>, at: &mut Place) -> Result<(), Unreadable> {
    let table = Table::open(file)?;
    let (mut texts, columns) = match chosen(table) {
        Ok(chosen) => chosen,
        Err(flaws) => {
            flaws.into_iter().for_each(|flaw| rows.tell(code::BAD_HEADER, Place::default(), flaw));
            return Ok(());
        }
    };
    while texts.advance()? {
        at.line += 1;
        let fields = columns.map(|column| column.map_or(Ok(""), |column| texts.text(column)));
        if !row(fields, rows, *at) {
            break;
        }
    }
    Ok(())
}

/// False when no more rows are needed.
fn row(fields: [Result<&str, NoText>; COLUMNS.len()], rows: &mut Rows<'_>, at: Place) -> bool {
    // Rows that cannot be used count too: a file of a few bytes may claim more of them than there is time for.
    if at.line > CATALOGUE_ROWS_MAX {
        rows.full(at);
        return false;
    }
    let mut texts = [""; COLUMNS.len()];
    let mut good = true;
    for (text, field) in texts.iter_mut().zip(fields) {
        match field {
            Ok(field) => *text = field.trim(),
            Err(why) => {
                good = false;
                rows.tell(code::BAD_ROW, at, (why.to_string(), "mend it where the file was made".to_owned()));
            }
        }
    }
    !good || rows.add(texts, at)
}

/// The rows of the columns that are understood, and for each column, in the order of documentation, which of them it is.
type Chosen = (suanpan_parquet::Rows, [Option<usize>; COLUMNS.len()]);

fn chosen(table: Table) -> Result<Chosen, Vec<Flaw>> {
    let Places(places) = Places::of(table.names())?;
    let (mut columns, mut wanted, mut names) = ([None; COLUMNS.len()], Vec::new(), Vec::new());
    for ((column, name), place) in columns.iter_mut().zip(COLUMNS).zip(places) {
        let Some(place) = place else { continue };
        *column = Some(wanted.len());
        wanted.push(place);
        names.push(name);
    }
    match table.rows(&wanted, Days::Refuse) {
        Ok(rows) => Ok((rows, columns)),
        Err(unfit) => Err(unfit.into_iter().map(|(number, why)| flaw(names[number], why)).collect()),
    }
}

fn flaw(name: &str, why: Unfit) -> Flaw {
    let (what, hint) = match why {
        Unfit::Nested => ("holds lists or groups", "write several tags or taxes as one text, such as a|b"),
        Unfit::Floats => (
            "holds floats, which no amount is exact in",
            "write amounts as DECIMAL or as texts, such as 12.90",
        ),
        Unfit::Kind => {
            ("holds values of a kind that it cannot have", "write texts, whole numbers or DECIMAL")
        }
    };
    (format!("the column `{name}` {what}"), hint.to_owned())
}
