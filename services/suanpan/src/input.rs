//! Baskets from files and standard input.

mod place;

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use suanpan_rpc::v1;

use crate::error::Error;

/// A basket and where it came from, such as `shop.json` or `year.jsonl#12`.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) basket: v1::Basket,
}

/// Reads the baskets of a file: one JSON object, several one after another, or an array of them.
pub(crate) fn baskets(path: &Path) -> Result<Vec<Named>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let (name, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        ("standard input".to_owned(), bytes)
    } else {
        (path.display().to_string(), fs::read(path).map_err(failed)?)
    };
    let wrong = |source| Error::NoBasket { name: name.clone(), why: place::said(&bytes, &source) };
    let is_array = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let baskets: Vec<v1::Basket> = if is_array {
        serde_json::from_slice(&bytes).map_err(wrong)?
    } else {
        let stream = serde_json::Deserializer::from_slice(&bytes).into_iter();
        stream.collect::<Result<_, _>>().map_err(wrong)?
    };
    if baskets.is_empty() {
        return Err(Error::EmptyBasket { name });
    }
    let single = baskets.len() == 1;
    let named = baskets.into_iter().enumerate().map(|(place, basket)| Named {
        name: if single { name.clone() } else { format!("{name}#{}", place + 1) },
        basket,
    });
    Ok(named.collect())
}
