//! The catalogue beside a program: articles by sku in a table that stays small.
//!
//! A row is 40 bytes, its sku and a slot of the hash index; categories, brands, sets of tags and sets of taxes are
//! kept once each, since a million articles share a few thousand of them.

mod columns;
mod from_csv;
#[cfg(feature = "parquet")]
mod from_parquet;
mod intern;
mod lines;
mod rows;

use std::fmt;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use suanpan_domain::{Article, Catalogue, LineKind, LineTax, Money, UnitPrice};

use intern::{Interned, Texts};

pub use lines::{LineEnds, line_of_record};

/// Rows of a catalogue. The largest retailers list a few million articles.
pub const CATALOGUE_ROWS_MAX: usize = 10_000_000;

/// Marks an amount that is not given; no catalogue holds negative ones.
const NONE: i64 = -1;

#[derive(Clone, Copy, Debug)]
struct Row {
    base_price_micro: i64,
    legal_minimum_minor: i64,
    sku_start: u32,
    category: u32,
    brand: u32,
    tags: u32,
    taxes: u32,
    sku_length: u8,
    kind: LineKind,
    weighed: bool,
}

/// Articles by sku.
#[derive(Default)]
pub struct CatalogueTable {
    rows: Vec<Row>,
    /// All skus, one after the other.
    skus: String,
    index: HashTable<u32>,
    hasher: RandomState,
    texts: Texts,
    /// Sets of tags, each as it stands in the file: tags with `|` between them.
    tags: Texts,
    taxes: Interned<Vec<LineTax>>,
}

impl CatalogueTable {
    /// How many articles it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes that it occupies, its index and shared texts included.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
            + self.skus.capacity()
            + self.index.allocation_size()
            + self.texts.heap_bytes()
            + self.tags.heap_bytes()
            + self.taxes.values().iter().map(|set| set.capacity() * size_of::<LineTax>()).sum::<usize>()
    }

    fn sku(&self, row: &Row) -> &str {
        &self.skus[row.sku_start as usize..row.sku_start as usize + usize::from(row.sku_length)]
    }
}

impl Catalogue for CatalogueTable {
    fn find(&self, sku: &str) -> Option<Article<'_>> {
        use std::hash::BuildHasher;
        let hash = self.hasher.hash_one(sku);
        let found = self.index.find(hash, |row| self.sku(&self.rows[*row as usize]) == sku)?;
        let row = &self.rows[*found as usize];
        Some(Article {
            category: self.texts.get(row.category),
            brand: self.texts.get(row.brand),
            kind: row.kind,
            weighed: row.weighed,
            unit_price: (row.base_price_micro != NONE).then(|| UnitPrice::from_micro(row.base_price_micro)),
            legal_minimum: (row.legal_minimum_minor != NONE)
                .then(|| Money::from_minor(row.legal_minimum_minor)),
            tags: row.tags,
            taxes: row.taxes,
        })
    }

    fn tags_of<'a>(&'a self, article: &Article<'a>) -> Vec<&'a str> {
        let tags = self.tags.get(article.tags);
        if tags.is_empty() { Vec::new() } else { tags.split('|').collect() }
    }

    fn taxes_of<'a>(&'a self, article: &Article<'a>) -> &'a [LineTax] {
        self.taxes.get(article.taxes).map_or(&[], Vec::as_slice)
    }
}

impl fmt::Debug for CatalogueTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogueTable").field("articles", &self.len()).finish_non_exhaustive()
    }
}
