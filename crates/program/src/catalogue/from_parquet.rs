//! A catalogue from the columns of a Parquet file: read a thousand rows at a time, each value written as the text that a
//! CSV file would hold, so that both are checked alike.

mod column;

use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, FileReader, RowGroupReader, SerializedFileReader};

use super::columns::{COLUMNS, Flaw, Places};
use super::rows::{Place, Rows};
use super::{CATALOGUE_ROWS_MAX, CatalogueTable};
use crate::code;
use crate::diagnostics::Diagnostics;
use crate::model::Program;
use column::{Column, Meaning};

/// Rows of which the texts are held at one time.
const ROWS_AT_ONCE: usize = 1_024;

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
        let mut reading = Reading { at: Place::default(), rows: &mut rows };
        // The decoders of the `parquet` crate assert here and there what a damaged file does not keep. Nothing of what
        // they leave behind is used: there is no table once a problem is told.
        let read = catch_unwind(AssertUnwindSafe(|| reading.file(file)));
        let why = match read {
            Ok(Ok(())) => return rows.finish(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "its pages are damaged".to_owned(),
        };
        let at = reading.at;
        let hint = Some("write it again, or write the catalogue as CSV".to_owned());
        rows.tell(code::UNREADABLE, at, (format!("this cannot be read as Parquet: {why}"), hint));
        rows.finish()
    }
}

struct Reading<'r, 'p> {
    /// The row that was read last.
    at: Place,
    rows: &'r mut Rows<'p>,
}

impl Reading<'_, '_> {
    fn file(&mut self, file: impl ChunkReader + 'static) -> Result<(), ParquetError> {
        let reader = SerializedFileReader::new(file)?;
        let columns = match columns(reader.metadata()) {
            Ok(columns) => columns,
            Err(flaws) => {
                flaws.into_iter().for_each(|flaw| self.rows.tell(code::BAD_HEADER, Place::default(), flaw));
                return Ok(());
            }
        };
        for group in 0..reader.num_row_groups() {
            if !self.row_group(reader.get_row_group(group)?.as_ref(), &columns)? {
                break;
            }
        }
        Ok(())
    }

    /// False when no more rows are needed.
    fn row_group(
        &mut self,
        group: &dyn RowGroupReader,
        columns: &[Option<(usize, Meaning)>; COLUMNS.len()],
    ) -> Result<bool, ParquetError> {
        let mut readers: [Option<Column>; COLUMNS.len()] = Default::default();
        for (reader, column) in readers.iter_mut().zip(columns) {
            if let Some((index, meaning)) = column {
                *reader = Some(Column::new(group.get_column_reader(*index)?, *meaning));
            }
        }
        loop {
            let mut count = None;
            for reader in readers.iter_mut().flatten() {
                let read = reader.read(ROWS_AT_ONCE)?;
                if *count.get_or_insert(read) != read {
                    return Err(ParquetError::General("columns of unequal length".to_owned()));
                }
            }
            let Some(count) = count.filter(|count| *count > 0) else { return Ok(true) };
            for row in 0..count {
                self.at.line += 1;
                let fields =
                    readers.each_ref().map(|reader| reader.as_ref().map_or(Ok(""), |it| it.text(row)));
                if !self.row(fields) {
                    return Ok(false);
                }
            }
        }
    }

    fn row(&mut self, fields: [Result<&str, Flaw>; COLUMNS.len()]) -> bool {
        // Rows that cannot be used count too: a file of a few bytes may claim more of them than there is time for.
        if self.at.line > CATALOGUE_ROWS_MAX {
            self.rows.full(self.at);
            return false;
        }
        let mut texts = [""; COLUMNS.len()];
        let mut good = true;
        for (text, field) in texts.iter_mut().zip(fields) {
            match field {
                Ok(field) => *text = field.trim(),
                Err(flaw) => {
                    good = false;
                    self.rows.tell(code::BAD_ROW, self.at, flaw);
                }
            }
        }
        !good || self.rows.add(texts, self.at)
    }
}

/// Where each column stands and how its values are written, in the order of documentation.
fn columns(metadata: &ParquetMetaData) -> Result<[Option<(usize, Meaning)>; COLUMNS.len()], Vec<Flaw>> {
    let leaves = metadata.file_metadata().schema_descr().columns();
    let places =
        Places::of(leaves.iter().map(|leaf| leaf.path().parts().first().map_or("", String::as_str)))?;
    let mut flaws = Vec::new();
    let mut columns = [None; COLUMNS.len()];
    for ((column, name), place) in columns.iter_mut().zip(COLUMNS).zip(places.0) {
        let Some(place) = place else { continue };
        match Meaning::of(name, &leaves[place]) {
            Ok(meaning) => *column = Some((place, meaning)),
            Err(flaw) => flaws.push(flaw),
        }
    }
    if flaws.is_empty() { Ok(columns) } else { Err(flaws) }
}
