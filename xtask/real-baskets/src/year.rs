//! The chain's year as its tills recorded it: products, lines, baskets, in whole cents.
//!
//! What the columns mean, per line, all of it in cents:
//! - shelf total = `sales_value + retail_disc + coupon_match_disc`;
//! - loyalty price = `sales_value + coupon_match_disc`: what the shelf costs with the card;
//! - the customer pays `sales_value - coupon_disc`: the chain has doubled the maker's coupon, and the
//!   maker pays the coupon.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A product as the chain's list describes it. Fields that the list leaves empty are empty here.
#[derive(Debug, Clone, Default)]
pub struct Product {
    /// Who makes it.
    pub manufacturer: u32,
    /// Department, category and type, from wide to narrow.
    pub path: [String; 3],
    /// `National` or `Private`.
    pub brand: String,
}

impl Product {
    /// Fuel is recorded in thousandths of a gallon, everything else in units.
    #[must_use]
    pub fn is_fuel(&self) -> bool {
        self.path[2].starts_with("GASOLINE")
    }
}

/// One line of a receipt.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The receipt.
    pub basket: u64,
    /// The household whose card was shown.
    pub household: u32,
    /// The store.
    pub store: u32,
    /// The wall clock of the store, as seconds since 1970 without regard to its time zone.
    pub wall_clock_s: i64,
    /// The product.
    pub product: u32,
    /// Units; thousandths of a gallon for fuel. 0 is dirt.
    pub quantity: i64,
    /// What the chain took for the line, the maker's coupon included.
    pub sales_value: i64,
    /// What the card took off the shelf price.
    pub retail_disc: i64,
    /// What the maker's coupons paid.
    pub coupon_disc: i64,
    /// What the chain added to the maker's coupons.
    pub coupon_match_disc: i64,
}

impl Line {
    /// What the shelf says that the line costs.
    #[must_use]
    pub fn shelf_total(&self) -> i64 {
        self.sales_value + self.retail_disc + self.coupon_match_disc
    }

    /// What the line costs with the card, before coupons.
    #[must_use]
    pub fn loyalty_price(&self) -> i64 {
        self.sales_value + self.coupon_match_disc
    }

    /// What the customer pays. Negative where a coupon was worth more than the line.
    #[must_use]
    pub fn customer_pays(&self) -> i64 {
        self.sales_value - self.coupon_disc
    }

    /// Whether coupons were recorded that are worth more than what was left of the price.
    #[must_use]
    pub fn coupon_above_price(&self) -> bool {
        self.coupon_disc > self.sales_value
    }

    /// The day, counted from 1970.
    #[must_use]
    pub fn day(&self) -> i64 {
        self.wall_clock_s.div_euclid(24 * 60 * 60)
    }
}

/// Everything that was sold in a year.
#[derive(Debug, Default)]
pub struct Year {
    /// Products by their number.
    pub products: HashMap<u32, Product>,
    /// Lines, those of a basket beside each other.
    pub lines: Vec<Line>,
    /// Where each basket's lines are.
    pub baskets: Vec<Range<usize>>,
}

/// Why the year could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is missing or is not CSV.
    #[error("cannot read {}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: csv::Error,
    },
    /// A field is not what its column holds.
    #[error("{}: record {record}: `{text}` is no {column}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The record, counted from 1.
        record: u64,
        /// What the column holds.
        column: &'static str,
        /// What stands there.
        text: String,
    },
}

impl Year {
    /// Reads `products.csv` and `lines.csv` of a folder, as `convert.py` writes them.
    ///
    /// # Errors
    /// When a file is missing or a field does not hold what its column should.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        let mut products = HashMap::new();
        each_record(&folder.join("products.csv"), |row| {
            let product = Product {
                manufacturer: row.number(1, "manufacturer")?,
                path: [row.text(2), row.text(4), row.text(5)].map(str::to_owned),
                brand: row.text(3).to_owned(),
            };
            products.insert(row.number(0, "product")?, product);
            Ok(())
        })?;
        let mut lines = Vec::new();
        each_record(&folder.join("lines.csv"), |row| {
            lines.push(Line {
                basket: row.number(0, "basket")?,
                household: row.number(1, "household")?,
                store: row.number(2, "store")?,
                wall_clock_s: row.number(3, "wall clock")?,
                product: row.number(4, "product")?,
                quantity: row.number(5, "quantity")?,
                sales_value: row.number(6, "amount")?,
                retail_disc: row.number(7, "amount")?,
                coupon_disc: row.number(8, "amount")?,
                coupon_match_disc: row.number(9, "amount")?,
            });
            Ok(())
        })?;
        Ok(Self::new(products, lines))
    }

    /// A year of these lines; lines of one basket stand beside each other.
    #[must_use]
    pub fn new(products: HashMap<u32, Product>, lines: Vec<Line>) -> Self {
        let mut baskets: Vec<Range<usize>> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            match baskets.last_mut() {
                Some(last) if lines[last.start].basket == line.basket => last.end = index + 1,
                _ => baskets.push(index..index + 1),
            }
        }
        Self { products, lines, baskets }
    }

    /// Keeps the first `baskets` baskets and forgets the others.
    pub fn keep(&mut self, baskets: usize) {
        self.baskets.truncate(baskets);
        self.lines.truncate(self.baskets.last().map_or(0, |last| last.end));
    }

    /// Baskets in which a line is as asked.
    #[must_use]
    pub fn baskets_where(&self, asked: impl Fn(&Line) -> bool) -> Vec<usize> {
        (0..self.baskets.len()).filter(|basket| self.basket(*basket).iter().any(&asked)).collect()
    }

    /// The lines of a basket.
    #[must_use]
    pub fn basket(&self, index: usize) -> &[Line] {
        &self.lines[self.baskets[index].clone()]
    }

    /// Whether the line is sold by the thousandth of a gallon.
    #[must_use]
    pub fn is_fuel(&self, line: &Line) -> bool {
        self.products.get(&line.product).is_some_and(Product::is_fuel)
    }
}

/// One record with the place where it stands.
struct Row<'a> {
    path: &'a Path,
    number: u64,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    fn text(&self, index: usize) -> &str {
        self.record.get(index).unwrap_or_default()
    }

    fn number<T: std::str::FromStr>(&self, index: usize, column: &'static str) -> Result<T, ReadError> {
        self.text(index).parse().map_err(|_| ReadError::Field {
            path: self.path.to_owned(),
            record: self.number,
            column,
            text: self.text(index).to_owned(),
        })
    }
}

fn each_record(
    path: &Path,
    mut read: impl FnMut(&Row<'_>) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let bad = |source| ReadError::Csv { path: path.to_owned(), source };
    let mut reader = csv::Reader::from_path(path).map_err(bad)?;
    let mut record = csv::StringRecord::new();
    let mut number = 0;
    while reader.read_record(&mut record).map_err(bad)? {
        number += 1;
        read(&Row { path, number, record: &record })?;
    }
    Ok(())
}
