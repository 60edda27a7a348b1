//! A file's columns by their places, and its rows one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};

use crate::column::{Column, Meaning, NoText, Unfit};

/// Rows of which the texts are held at one time.
const ROWS_AT_ONCE: usize = 1_024;

/// A file cannot be read, or not on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl From<ParquetError> for Unreadable {
    fn from(error: ParquetError) -> Self {
        Self(error.to_string())
    }
}

/// Whether columns of days are read, as `2026-12-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// They are.
    Read,
    /// They are unfit.
    Refuse,
}

/// A file of which nothing but the end has been read, where it says what is in it.
pub struct Table {
    file: Box<dyn FileReader>,
}

impl Table {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Unreadable`] when it is no Parquet or damaged.
    pub fn open(file: impl ChunkReader + 'static) -> Result<Self, Unreadable> {
        guarded(|| Ok(Self { file: Box::new(SerializedFileReader::new(file)?) }))
    }

    /// Names of the columns in their order; of a list or a group, which is unfit, its own.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let leaves = self.file.metadata().file_metadata().schema_descr().columns();
        leaves.iter().map(|leaf| leaf.path().parts().first().map_or("", String::as_str))
    }

    /// How many rows it says it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.file.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Its rows, of these columns. Holds a page of each at a time.
    ///
    /// # Errors
    /// Every column that no exact text can be made of, by its place among `places`.
    pub fn rows(self, places: &[usize], days: Days) -> Result<Rows, Vec<(usize, Unfit)>> {
        let leaves = self.file.metadata().file_metadata().schema_descr().columns();
        let (mut columns, mut unfit) = (Vec::with_capacity(places.len()), Vec::new());
        for (number, place) in places.iter().enumerate() {
            match leaves.get(*place).ok_or(Unfit::Kind).and_then(|leaf| Meaning::of(leaf, days)) {
                Ok(meaning) => columns.push((*place, meaning)),
                Err(why) => unfit.push((number, why)),
            }
        }
        if !unfit.is_empty() {
            return Err(unfit);
        }
        Ok(Rows { file: self.file, columns, group: 0, readers: Vec::new(), held: 0, row: 0 })
    }
}

/// The rows of a file, one after the other.
pub struct Rows {
    file: Box<dyn FileReader>,
    columns: Vec<(usize, Meaning)>,
    /// The next group of rows.
    group: usize,
    /// Of the group before it.
    readers: Vec<Column>,
    /// Rows whose texts are held, and how many of them were given.
    held: usize,
    row: usize,
}

impl Rows {
    /// Goes on to the next row; false behind the last one.
    ///
    /// # Errors
    /// [`Unreadable`]; the file is over then.
    pub fn advance(&mut self) -> Result<bool, Unreadable> {
        if self.row < self.held {
            self.row += 1;
            return Ok(true);
        }
        loop {
            self.held = guarded(|| self.fill())?;
            if self.held > 0 {
                self.row = 1;
                return Ok(true);
            }
            if self.group == self.file.num_row_groups() {
                self.row = 0;
                return Ok(false);
            }
            self.readers = guarded(|| self.readers_of_next())?;
            self.group += 1;
        }
    }

    /// The text of a column in the row that [`advance`](Self::advance) went to; empty for a null.
    ///
    /// # Errors
    /// [`NoText`] when no text can be made of its value.
    ///
    /// # Panics
    /// Without a row, or with a column that was not asked for.
    pub fn text(&self, column: usize) -> Result<&str, NoText> {
        assert!(self.row > 0, "there is no row");
        self.readers[column].text(self.row - 1)
    }

    fn readers_of_next(&self) -> Result<Vec<Column>, Unreadable> {
        let group = self.file.get_row_group(self.group)?;
        let reader =
            |(place, meaning): &(usize, Meaning)| Ok(Column::new(group.get_column_reader(*place)?, *meaning));
        self.columns.iter().map(reader).collect()
    }

    /// Reads some rows; how many.
    fn fill(&mut self) -> Result<usize, Unreadable> {
        let mut count = None;
        for reader in &mut self.readers {
            let read = reader.read(ROWS_AT_ONCE)?;
            if *count.get_or_insert(read) != read {
                return Err(Unreadable("columns of unequal length".to_owned()));
            }
        }
        Ok(count.unwrap_or(0))
    }
}

/// The decoders of the `parquet` crate assert here and there what a damaged file does not keep. Nothing of what they leave
/// behind is used: callers end with the error.
fn guarded<T>(read: impl FnOnce() -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Unreadable("its pages are damaged".to_owned())))
}
