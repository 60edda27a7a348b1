//! Reading a catalogue row by row.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::Arc;

use suanpan_domain::LineTax;

use super::columns::{self, Flaw, Places};
use super::{CATALOGUE_ROWS_MAX, CatalogueTable, NONE, Row};
use crate::code;
use crate::diagnostics::{DIAGNOSTICS_MAX, Diagnostic, Diagnostics, Severity, quoted};
use crate::model::{Program, TaxRate};

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

/// Problems of rows, the first of them in full and the others counted.
struct Problems {
    file: Arc<str>,
    found: Vec<Diagnostic>,
    more: usize,
}

impl Problems {
    fn add(&mut self, code: &'static str, position: Option<&csv::Position>, path: String, flaw: Flaw) {
        if self.found.len() >= DIAGNOSTICS_MAX {
            self.more += 1;
            return;
        }
        let (message, hint) = flaw;
        let (line, start) = position.map_or((0, 0), |at| (at.line() as usize, at.byte() as usize));
        self.found.push(Diagnostic {
            severity: Severity::Error,
            code,
            message,
            hint,
            file: Arc::clone(&self.file),
            line,
            column: usize::from(line > 0),
            span: start..start,
            path,
        });
    }

    fn finish(mut self, table: CatalogueTable) -> Result<CatalogueTable, Diagnostics> {
        if self.found.is_empty() {
            return Ok(table);
        }
        if self.more > 0 {
            let message = format!("{} more problems are not shown", self.more);
            let last = self.found.last().cloned();
            self.found.extend(last.map(|last| Diagnostic {
                code: code::MORE,
                message,
                hint: Some("mend these first".to_owned()),
                path: String::new(),
                ..last
            }));
        }
        Err(Diagnostics::new(self.found, &[]))
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
        let bounded = Bounded { inner: file, taken: 0, end: Rc::clone(&end) };
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(bounded);
        let mut problems = Problems { file: name.into(), found: Vec::new(), more: 0 };
        let mut table = CatalogueTable::default();
        let places = match reader.headers() {
            Err(error) => {
                problems.add(code::BAD_HEADER, None, String::new(), (error.to_string(), None));
                return problems.finish(table);
            }
            Ok(header) => match Places::of(header.iter()) {
                Ok(places) => places,
                Err(flaws) => {
                    for flaw in flaws {
                        problems.add(code::BAD_HEADER, header.position(), String::new(), flaw);
                    }
                    return problems.finish(table);
                }
            },
        };
        let mut sets = TaxSets::default();
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {
                    let at = record.position();
                    if table.rows.len() >= CATALOGUE_ROWS_MAX {
                        let message = format!("a catalogue has at most {CATALOGUE_ROWS_MAX} rows");
                        problems.add(code::LIMIT, at, String::new(), (message, None));
                        break;
                    }
                    table.add(places.fields(&record), program, &mut sets, at, &mut problems);
                }
                Err(error) => {
                    let gone_on = matches!(
                        error.kind(),
                        csv::ErrorKind::Utf8 { .. } | csv::ErrorKind::UnequalLengths { .. }
                    );
                    let at = error.position().or(Some(reader.position())).cloned();
                    let message = match error.kind() {
                        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
                        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                            format!("the row has {len} fields, the first line has {expected_len}")
                        }
                        _ => error.to_string(),
                    };
                    problems.add(code::BAD_ROW, at.as_ref(), String::new(), (message, None));
                    if !gone_on {
                        break;
                    }
                }
            }
            end.set(reader.position().byte() + ROW_BYTES_MAX);
        }
        table.rows.shrink_to_fit();
        table.skus.shrink_to_fit();
        table.texts.shrink();
        table.tags.shrink();
        problems.finish(table)
    }

    fn add(
        &mut self,
        fields: [&str; columns::COLUMNS.len()],
        program: &Program,
        sets: &mut TaxSets,
        at: Option<&csv::Position>,
        problems: &mut Problems,
    ) {
        let [sku, category, brand, tags, kind, taxes, unit, base_price, legal_minimum] = fields;
        let path = || format!("sku {}", quoted(sku));
        let mut good = true;
        let mut tell = |flaw: Flaw| {
            good = false;
            problems.add(code::BAD_ROW, at, path(), flaw);
        };
        if sku.is_empty() {
            tell(("the sku is empty".to_owned(), None));
        }
        for (what, text) in [("sku", sku), ("category", category), ("brand", brand)] {
            columns::identifier(what, text).unwrap_or_else(&mut tell);
        }
        columns::tags(tags).unwrap_or_else(&mut tell);
        let kind = columns::kind(kind).map_err(&mut tell).unwrap_or_default();
        let weighed = columns::weighed(unit).map_err(&mut tell).unwrap_or_default();
        let price = columns::base_price(base_price, program.currency).map_err(&mut tell).unwrap_or_default();
        let minimum =
            columns::legal_minimum(legal_minimum, program.currency).map_err(&mut tell).unwrap_or_default();
        let taxes = sets.number(taxes, &program.tax.rates, self).map_err(&mut tell).unwrap_or_default();
        let hash = self.hasher.hash_one(sku);
        if self.index.find(hash, |row| self.sku(&self.rows[*row as usize]) == sku).is_some() {
            good = false;
            let hint = Some("keep one of the rows".to_owned());
            problems.add(code::DUPLICATE_SKU, at, path(), ("the sku stands here twice".to_owned(), hint));
        }
        if !good {
            return;
        }
        let interned = (self.texts.intern(category), self.texts.intern(brand), self.tags.intern(tags));
        let starts = (u32::try_from(self.skus.len()), u8::try_from(sku.len()));
        let ((Some(category), Some(brand), Some(tags)), (Ok(sku_start), Ok(sku_length))) = (interned, starts)
        else {
            let flaw = ("the texts of the catalogue are more than four gigabytes".to_owned(), None);
            return problems.add(code::LIMIT, at, path(), flaw);
        };
        let number = self.rows.len() as u32;
        self.skus.push_str(sku);
        self.rows.push(Row {
            base_price_micro: price.map_or(NONE, |price| price.micro()),
            legal_minimum_minor: minimum.map_or(NONE, |minimum| minimum.minor()),
            sku_start,
            category,
            brand,
            tags,
            taxes,
            sku_length,
            kind,
            weighed,
        });
        let Self { rows, skus, index, hasher, .. } = self;
        index.insert_unique(hash, number, |row| {
            let row = &rows[*row as usize];
            hasher
                .hash_one(&skus[row.sku_start as usize..row.sku_start as usize + usize::from(row.sku_length)])
        });
    }
}

/// Sets of taxes by the text that they were read from, so that each text is read once.
#[derive(Default)]
struct TaxSets {
    by_text: HashMap<String, u32>,
}

impl TaxSets {
    fn number(&mut self, text: &str, rates: &[TaxRate], table: &mut CatalogueTable) -> Result<u32, Flaw> {
        if let Some(number) = self.by_text.get(text) {
            return Ok(*number);
        }
        let set: Vec<LineTax> = columns::taxes(text, rates)?;
        let number = table.taxes.add(set);
        self.by_text.insert(text.to_owned(), number);
        Ok(number)
    }
}
