//! A catalogue from lines of CSV.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use super::CatalogueTable;
use super::columns::{COLUMNS, Places};
use super::lines::{LineEnds, line_of_record};
use super::rows::{Place, Rows};
use crate::code;
use crate::diagnostics::Diagnostics;
use crate::model::Program;

/// Bytes of one row. A quote that is never closed would otherwise swallow the rest of the file.
const ROW_BYTES_MAX: u64 = 64 << 10;

/// Refuses to read on within a row that is too long.
struct Bounded<R> {
    inner: R,
    taken: u64,
    /// Up to here the file may be read; moves on with every row.
    end: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken > self.end.get() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row is too long; is a quote left open?",
            ));
        }
        let read = self.inner.read(buffer)?;
        self.taken += read as u64;
        Ok(read)
    }
}

impl CatalogueTable {
    /// Reads a catalogue in CSV: the first line names the columns, of which only `sku` is needed; `docs/program.md`
    /// says what they mean. Amounts are in the program's currency, taxes may name the program's rates.
    ///
    /// # Errors
    /// Every row that cannot be used, with its line.
    pub fn read(name: &str, file: impl Read, program: &Program) -> Result<Self, Diagnostics> {
        let end = Rc::new(Cell::new(ROW_BYTES_MAX));
        let bounded = Bounded { inner: LineEnds::of(file), taken: 0, end: Rc::clone(&end) };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bounded);
        let mut rows = Rows::new(name, program);
        let places = match reader.headers() {
            Err(error) => {
                rows.tell(
                    code::BAD_HEADER,
                    Place::default(),
                    (error.to_string(), "the first line names the columns, in UTF-8".to_owned()),
                );
                return rows.finish();
            }
            Ok(header) => match Places::of(header.iter()) {
                Ok(places) => places,
                Err(flaws) => {
                    let at = place(header.position());
                    flaws.into_iter().for_each(|flaw| rows.tell(code::BAD_HEADER, at, flaw));
                    return rows.finish();
                }
            },
        };
        let columns = reader.headers().map_or(0, csv::StringRecord::len);
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {
                    let line = line_of_record(&record, reader.position().line()) as usize;
                    let at = Place { line, ..place(record.position()) };
                    if record.len() != columns {
                        let message =
                            format!("the row has {} fields, the first line has {columns}", record.len());
                        let hint = "put texts with commas into double quotes".to_owned();
                        rows.tell(code::BAD_ROW, at, (message, hint));
                    } else if !rows.add(fields(&places, &record), at) {
                        break;
                    }
                }
                Err(error) => {
                    let gone_on = matches!(error.kind(), csv::ErrorKind::Utf8 { .. });
                    let at = place(error.position().or(Some(reader.position())));
                    let (message, hint) = match error.kind() {
                        csv::ErrorKind::Utf8 { .. } => {
                            ("the row is not UTF-8".to_owned(), "save the file as UTF-8")
                        }
                        _ => (error.to_string(), "nothing behind it was read: look at the file"),
                    };
                    rows.tell(code::BAD_ROW, at, (message, hint.to_owned()));
                    if !gone_on {
                        break;
                    }
                }
            }
            end.set(reader.position().byte() + ROW_BYTES_MAX);
        }
        rows.finish()
    }
}

fn place(position: Option<&csv::Position>) -> Place {
    position.map_or_else(Place::default, |at| Place { line: at.line() as usize, byte: at.byte() as usize })
}

/// The fields of a row in the order of documentation; empty where a column is missing.
fn fields<'r>(places: &Places, record: &'r csv::StringRecord) -> [&'r str; COLUMNS.len()] {
    places.0.map(|place| place.and_then(|place| record.get(place)).unwrap_or_default().trim())
}
