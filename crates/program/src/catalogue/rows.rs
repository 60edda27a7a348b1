//! From the texts of rows to the table, whatever file they stand in.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use suanpan_domain::LineTax;

use super::columns::{self, COLUMNS, Flaw};
use super::{CATALOGUE_ROWS_MAX, CatalogueTable, NONE, Row};
use crate::code;
use crate::diagnostics::{DIAGNOSTICS_MAX, Diagnostic, Diagnostics, Severity, quoted};
use crate::model::{Program, TaxRate};

/// Where a row stands: its line in a file of lines, its number in any other. Both count from 1; 0 is the whole file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) byte: usize,
}

/// Problems of rows, the first of them in full and the others counted.
struct Problems {
    file: Arc<str>,
    found: Vec<Diagnostic>,
    more: usize,
}

impl Problems {
    fn add(&mut self, code: &'static str, at: Place, path: String, flaw: Flaw) {
        if self.found.len() >= DIAGNOSTICS_MAX {
            self.more += 1;
            return;
        }
        let (message, hint) = flaw;
        let Place { line, byte } = at;
        self.found.push(Diagnostic {
            severity: Severity::Error,
            code,
            message,
            hint: Some(hint),
            file: Arc::clone(&self.file),
            line,
            column: usize::from(line > 0),
            span: byte..byte,
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

/// A table that grows row by row.
pub(super) struct Rows<'p> {
    table: CatalogueTable,
    problems: Problems,
    sets: TaxSets,
    program: &'p Program,
}

impl<'p> Rows<'p> {
    pub(super) fn new(file: &str, program: &'p Program) -> Self {
        Self {
            table: CatalogueTable::default(),
            problems: Problems { file: file.into(), found: Vec::new(), more: 0 },
            sets: TaxSets::default(),
            program,
        }
    }

    /// Tells of what is no matter of one article.
    pub(super) fn tell(&mut self, code: &'static str, at: Place, flaw: Flaw) {
        self.problems.add(code, at, String::new(), flaw);
    }

    /// Adds an article, or tells why not. False when the table is full: no more rows are needed.
    pub(super) fn add(&mut self, fields: [&str; COLUMNS.len()], at: Place) -> bool {
        if self.table.rows.len() >= CATALOGUE_ROWS_MAX {
            self.full(at);
            return false;
        }
        self.table.add(fields, self.program, &mut self.sets, at, &mut self.problems);
        true
    }

    /// Tells that there are more rows than a catalogue may have.
    pub(super) fn full(&mut self, at: Place) {
        let hint = "leave out articles that are not sold any more".to_owned();
        self.tell(code::LIMIT, at, (format!("a catalogue has at most {CATALOGUE_ROWS_MAX} rows"), hint));
    }

    pub(super) fn finish(self) -> Result<CatalogueTable, Diagnostics> {
        let Self { mut table, problems, .. } = self;
        table.rows.shrink_to_fit();
        table.skus.shrink_to_fit();
        table.texts.shrink();
        table.tags.shrink();
        problems.finish(table)
    }
}

impl CatalogueTable {
    fn add(
        &mut self,
        fields: [&str; COLUMNS.len()],
        program: &Program,
        sets: &mut TaxSets,
        at: Place,
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
            tell(("the sku is empty".to_owned(), "every article has one".to_owned()));
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
            let hint = "keep one of the rows".to_owned();
            problems.add(code::DUPLICATE_SKU, at, path(), ("the sku stands here twice".to_owned(), hint));
        }
        if !good {
            return;
        }
        let interned = (self.texts.intern(category), self.texts.intern(brand), self.tags.intern(tags));
        let starts = (u32::try_from(self.skus.len()), u8::try_from(sku.len()));
        let ((Some(category), Some(brand), Some(tags)), (Ok(sku_start), Ok(sku_length))) = (interned, starts)
        else {
            let hint = "leave out articles that are not sold any more".to_owned();
            let flaw = ("the texts of the catalogue are more than four gigabytes".to_owned(), hint);
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
