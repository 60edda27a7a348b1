//! What articles are called: a CSV file beside the program, for receipts alone. Prices need no names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::cli::Lang;
use crate::error::Error;

/// Names of articles in one language.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// Reads the file that was named, or `names.csv` beside the program if there is one.
    pub(crate) fn find(named: Option<&Path>, program: &Path, lang: Lang) -> Result<Self, Error> {
        let beside = || {
            let folder = if program.is_dir() { Some(program) } else { program.parent() };
            folder.map(|folder| folder.join("names.csv")).filter(|path| path.is_file())
        };
        let Some(path) = named.map(PathBuf::from).or_else(beside) else { return Ok(Self::default()) };
        let failed = |source| Error::Names { path: path.clone(), source };
        let reader = csv::Reader::from_path(&path).map_err(failed)?;
        Self::read(reader, lang).map_err(failed)
    }

    /// Reads names from CSV: columns `sku`, `en`, `zh-CN`, in any order.
    pub(crate) fn read<R: std::io::Read>(mut reader: csv::Reader<R>, lang: Lang) -> Result<Self, csv::Error> {
        let wanted = match lang {
            Lang::En => ["en", "zh-CN"],
            Lang::ZhCn => ["zh-CN", "en"],
        };
        let headers = reader.headers()?.clone();
        let column = |name: &str| headers.iter().position(|header| header.trim() == name);
        let (sku, columns) = (column("sku"), wanted.map(column));
        let mut names = HashMap::new();
        for record in reader.into_records() {
            let record = record?;
            let cell = |column: Option<usize>| {
                column.and_then(|column| record.get(column)).map(str::trim).filter(|text| !text.is_empty())
            };
            if let (Some(sku), Some(name)) = (cell(sku), columns.into_iter().find_map(cell)) {
                names.insert(sku.to_owned(), name.to_owned());
            }
        }
        Ok(Self(names))
    }

    /// The name of an article.
    pub(crate) fn of(&self, sku: &str) -> Option<String> {
        self.0.get(sku).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_language_stands_in_for_a_missing_name() {
        let text = "zh-CN,sku,en\n牛奶,1,Milk\n,2,Soap\n";
        let read = |lang| Names::read(csv::Reader::from_reader(text.as_bytes()), lang).unwrap();
        assert_eq!(read(Lang::ZhCn).of("1").as_deref(), Some("牛奶"));
        assert_eq!(read(Lang::En).of("1").as_deref(), Some("Milk"));
        assert_eq!(read(Lang::ZhCn).of("2").as_deref(), Some("Soap"));
        assert_eq!(read(Lang::En).of("3"), None);
    }
}
