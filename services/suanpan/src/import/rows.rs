//! Rows of a file: CSV with a head, JSON lines, or Parquet. What cannot be read is a problem of its row.

#[cfg(feature = "parquet")]
mod columns;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use clap::ValueEnum;
use serde_json::Value;

use super::What;
use crate::error::Error;
use suanpan_program::{LineEnds, line_of_record};

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Comma-separated values with a head
    Csv,
    /// One JSON object a line
    Jsonl,
    /// Columns in Parquet, texts, whole numbers or days
    Parquet,
}

/// What a file in Parquet begins with; builds that read none know it too.
const PARQUET_MAGIC: &[u8; 4] = b"PAR1";

impl Form {
    /// Parquet by what the file begins with, whatever it is called; the others by its name, CSV unless it says JSON lines.
    pub(super) fn of(path: &Path) -> Self {
        let mut first = Vec::new();
        // A file that cannot be read is told about when it is opened.
        let read =
            File::open(path).and_then(|file| file.take(PARQUET_MAGIC.len() as u64).read_to_end(&mut first));
        if read.is_ok() && first == PARQUET_MAGIC {
            return Form::Parquet;
        }
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("jsonl" | "ndjson" | "json") => Form::Jsonl,
            Some("parquet") => Form::Parquet,
            _ => Form::Csv,
        }
    }
}

/// One row: its cells by column, without the empty ones, and what was wrong with reading it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Of the file, from 1; in Parquet the number of the row.
    pub(super) line: u64,
    pub(super) cells: BTreeMap<String, String>,
    pub(super) problems: Vec<String>,
}

impl Row {
    /// A cell's text; empty when there is none.
    pub(super) fn text(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// The rows of a file, one after the other.
pub(super) struct Rows {
    what: What,
    length: u64,
    inner: Inner,
}

enum Inner {
    Csv {
        reader: csv::Reader<LineEnds<Box<dyn Read>>>,
        head: Vec<String>,
    },
    Jsonl {
        reader: BufReader<Box<dyn Read>>,
        line: u64,
        at: u64,
    },
    #[cfg(feature = "parquet")]
    Parquet(columns::Columns),
}

/// A longer line is no row.
const LINE_BYTES_MAX: u64 = 1 << 20;

impl Rows {
    /// Opens a file; a CSV head that is not understood is refused as a whole.
    pub(super) fn open(path: &Path, form: Form, what: What) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        if form == Form::Parquet {
            if path == Path::new("-") {
                let why = "Parquet is read from its end: write it to a file, and import that";
                return Err(Error::Input(why.to_owned()));
            }
            return Self::parquet(File::open(path).map_err(failed)?, &path.display().to_string(), what);
        }
        let (input, bytes): (Box<dyn Read>, u64) = if path == Path::new("-") {
            (Box::new(std::io::stdin()), 0)
        } else {
            let file = File::open(path).map_err(failed)?;
            let about = file.metadata().map_err(failed)?;
            // A folder lets itself be opened, and fails at its first row.
            if about.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            (Box::new(file), about.len())
        };
        Self::of(input, &path.display().to_string(), form, what, bytes)
    }

    #[cfg(feature = "parquet")]
    fn parquet(file: File, name: &str, what: What) -> Result<Self, Error> {
        let columns =
            columns::Columns::open(file, what).map_err(|why| Error::Input(format!("{name}: {why}")))?;
        Ok(Self { what, length: columns.count(), inner: Inner::Parquet(columns) })
    }

    #[cfg(not(feature = "parquet"))]
    fn parquet(_: File, name: &str, _: What) -> Result<Self, Error> {
        Err(Error::Input(format!(
            "{name}: this is a Parquet file, and this build reads none\n  \
             help: build with the feature `parquet`, or write CSV or JSON lines"
        )))
    }

    fn of(input: Box<dyn Read>, name: &str, form: Form, what: What, bytes: u64) -> Result<Self, Error> {
        let inner = match form {
            Form::Jsonl => Inner::Jsonl { reader: BufReader::new(input), line: 0, at: 0 },
            // Parquet never comes as a stream; a head that is no CSV is told about.
            Form::Csv | Form::Parquet => {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(LineEnds::of(input));
                let head = reader.headers().map_err(|error| Error::Input(format!("{name}: {error}")))?;
                let head: Vec<String> = head
                    .iter()
                    .map(|column| column.trim().trim_start_matches('\u{feff}').to_lowercase())
                    .collect();
                check_head(&head, what).map_err(|why| Error::Input(format!("{name}:1: {why}")))?;
                Inner::Csv { reader, head }
            }
        };
        Ok(Self { what, length: bytes, inner })
    }

    /// Length of the file: bytes, 0 of a stream; of Parquet its rows.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// How far of it was read.
    pub(super) fn position(&self) -> u64 {
        match &self.inner {
            Inner::Csv { reader, .. } => reader.position().byte(),
            Inner::Jsonl { at, .. } => *at,
            #[cfg(feature = "parquet")]
            Inner::Parquet(columns) => columns.row(),
        }
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Error> {
        let read = |source| Error::Input(format!("the file cannot be read on: {source}"));
        match &mut self.inner {
            Inner::Csv { reader, head } => {
                let mut record = csv::StringRecord::new();
                match reader.read_record(&mut record) {
                    Ok(false) => Ok(None),
                    Ok(true) => Ok(Some(of_record(&record, reader.position().line(), head))),
                    Err(error) if error.is_io_error() => {
                        Err(Error::Input(format!("the file cannot be read on: {error}")))
                    }
                    Err(error) => Ok(Some(Row {
                        line: error.position().map_or(0, csv::Position::line),
                        problems: vec!["is no UTF-8".to_owned()],
                        ..Row::default()
                    })),
                }
            }
            Inner::Jsonl { reader, line, at } => loop {
                let mut bytes = Vec::new();
                let read_bytes =
                    reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).map_err(read)?;
                if read_bytes == 0 {
                    return Ok(None);
                }
                *line += 1;
                *at += read_bytes as u64;
                if read_bytes as u64 == LINE_BYTES_MAX && bytes.last() != Some(&b'\n') {
                    *at += skip_line(reader).map_err(read)?;
                    let problems = vec![format!("is longer than {LINE_BYTES_MAX} bytes")];
                    return Ok(Some(Row { line: *line, problems, ..Row::default() }));
                }
                // Some programs begin every text file with a byte order mark.
                let object =
                    bytes.strip_prefix("\u{feff}".as_bytes()).filter(|_| *line == 1).unwrap_or(&bytes);
                if object.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Ok(Some(of_object(object, *line, self.what)));
            },
            #[cfg(feature = "parquet")]
            Inner::Parquet(columns) => columns.next().map_err(|why| {
                Error::Input(format!("the file cannot be read on behind row {}: {why}", columns.row()))
            }),
        }
    }
}

/// Reads to the end of a line in pieces.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        reader.consume(used);
        skipped += used as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

fn check_head(head: &[String], what: What) -> Result<(), String> {
    let (required, optional) = what.columns();
    let mut problems = Vec::new();
    for (place, column) in head.iter().enumerate() {
        if head[..place].contains(column) {
            problems.push(format!("column {column} comes twice"));
        } else if !required.contains(&column.as_str()) && !optional.contains(&column.as_str()) {
            problems.push(format!("column {column:?} is not understood"));
        }
    }
    for column in required.iter().filter(|column| !head.iter().any(|name| name == *column)) {
        problems.push(format!("there is no column {column}"));
    }
    if problems.is_empty() {
        return Ok(());
    }
    let known = [required, optional].concat().join(", ");
    Err(format!("{}\n  help: {} have the columns {known}", problems.join("; "), what.name()))
}

/// A record as a row; the reader stands behind it on the line `next`.
fn of_record(record: &csv::StringRecord, next: u64, head: &[String]) -> Row {
    let mut row = Row { line: line_of_record(record, next), ..Row::default() };
    if record.len() != head.len() {
        row.problems.push(format!("has {} cells, the head has {}", record.len(), head.len()));
    }
    for (column, cell) in head.iter().zip(record) {
        if !cell.trim().is_empty() {
            row.cells.insert(column.clone(), cell.trim().to_owned());
        }
    }
    row
}

fn of_object(bytes: &[u8], line: u64, what: What) -> Row {
    let mut row = Row { line, ..Row::default() };
    let object = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(object)) => object,
        Ok(_) => {
            row.problems.push("is no JSON object".to_owned());
            return row;
        }
        Err(error) => {
            row.problems.push(format!("is no JSON: {error}"));
            return row;
        }
    };
    let (required, optional) = what.columns();
    for (name, value) in object {
        if !required.contains(&name.as_str()) && !optional.contains(&name.as_str()) {
            row.problems.push(format!("field {name:?} is not understood"));
            continue;
        }
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Array(values) if name == "cards" && values.iter().all(Value::is_string) => {
                values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";")
            }
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                row.problems.push(format!("field {name:?} is neither a text nor a number"));
                continue;
            }
        };
        if !text.is_empty() {
            row.cells.insert(name, text);
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, form: Form) -> Vec<Row> {
        let input: Box<dyn Read> = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let mut rows =
            Rows::of(input, "f", form, What::Members, 0).map_err(|error| error.to_string()).unwrap();
        std::iter::from_fn(|| rows.next().unwrap()).collect()
    }

    #[test]
    fn both_forms_give_the_same_rows_with_their_lines() {
        let csv = "\u{feff}id, points\nm-1,7\n\nm-2,\n\"m\n3\",1\nm-4,1,x\n";
        let json = "{\"id\":\"m-1\",\"points\":7}\n\n{\"id\":\"m-2\",\"points\":null}\n";
        for end in ["\n", "\r\n", "\r"] {
            let csv = all(&csv.replace('\n', end), Form::Csv);
            let lines: Vec<(u64, &str, &str, usize)> = csv
                .iter()
                .map(|row| (row.line, row.text("id"), row.text("points"), row.problems.len()))
                .collect();
            let expected = [(2, "m-1", "7", 0), (4, "m-2", "", 0), (5, "m\n3", "1", 0), (7, "m-4", "1", 1)];
            assert_eq!(lines, expected, "{end:?}");
            for mark in ["", "\u{feff}"] {
                let json = all(&format!("{mark}{json}"), Form::Jsonl);
                let cells: Vec<_> = json.iter().map(|row| (row.line, &row.cells)).collect();
                assert_eq!(cells, [(1, &csv[0].cells), (3, &csv[1].cells)], "{mark:?}");
            }
        }
    }

    #[test]
    fn what_is_no_row_is_a_problem_of_its_line() {
        let text = "[1]\n{\n{\"id\":\"a\",\"x\":1,\"phone\":{}}\n{\"id\":\"b\",\"cards\":[\"1\",\"2\"]}\n";
        let rows = all(text, Form::Jsonl);
        let problems: Vec<usize> = rows.iter().map(|row| row.problems.len()).collect();
        assert_eq!(problems, [1, 1, 2, 0]);
        assert_eq!(rows[3].text("cards"), "1;2");
        let long = format!("{{\"id\":\"{}\"}}\n{{\"id\":\"b\"}}\n", "a".repeat(3 << 20));
        let rows = all(&long, Form::Jsonl);
        assert_eq!((rows.len(), rows[0].problems.len(), rows[1].text("id")), (2, 1, "b"));
        assert_eq!(rows[1].line, 2);
    }

    #[test]
    fn a_head_is_understood_as_a_whole_or_not_at_all() {
        let open = |text: &'static str| {
            let opened = Rows::of(Box::new(text.as_bytes()), "f", Form::Csv, What::Members, 0);
            opened.err().map(|error| error.to_string())
        };
        assert_eq!(open("ID,Points\n"), None);
        let told = open("name,points,points\n").unwrap();
        for part in ["\"name\" is not understood", "points comes twice", "no column id", "f:1:"] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }
}
