//! Baskets from files and standard input.

mod unrepeated;

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::Value;
use suanpan_rpc::v1;

use self::unrepeated::Unrepeated;
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
    let baskets = read(&bytes).map_err(|why| Error::NoBasket { name: name.clone(), why })?;
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

/// The baskets of a text, or what is wrong with it.
fn read(bytes: &[u8]) -> Result<Vec<v1::Basket>, String> {
    // Seldom is a value left out by `null`, or a whole number written as a fraction; the text as it is knows the places.
    let baskets =
        read_plain(bytes).or_else(|why| plain(bytes).and_then(|text| read_plain(&text).ok()).ok_or(why))?;
    // What reads messages takes the last of two.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    while reader.end().is_err() {
        serde_path_to_error::deserialize::<_, Unrepeated>(&mut reader).map_err(|error| words(&error))?;
    }
    Ok(baskets)
}

/// The same JSON with what the mapping of messages allows beside the usual: `null` stands for what is left out, and `100.0` and
/// `1e2` for 100.
fn plain(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        serde_json::to_writer(&mut text, &whole(value.ok()?)).ok()?;
    }
    Some(text)
}

fn whole(value: Value) -> Value {
    /// Whole numbers up to it are exact as fractions.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Object(fields) => {
            let given = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(name, value)| (name, whole(value))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(whole).collect()),
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(exact) if exact.fract() == 0.0 && exact.abs() <= EXACT_MAX => Value::from(exact as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}

fn read_plain(bytes: &[u8]) -> Result<Vec<v1::Basket>, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut baskets = Vec::new();
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        baskets = serde_path_to_error::deserialize(&mut reader).map_err(|error| words(&error))?;
        reader.end().map_err(|error| error.to_string())?;
    }
    while reader.end().is_err() {
        baskets.push(serde_path_to_error::deserialize(&mut reader).map_err(|error| words(&error))?);
    }
    Ok(baskets)
}

/// What is wrong with a field, with its name.
fn words(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let cause = error.inner();
    if !cause.is_data() {
        return cause.to_string();
    }
    let (field, place) = (error.path(), format!(" at line {} column {}", cause.line(), cause.column()));
    let told = cause.to_string();
    let told = told.strip_suffix(&place).unwrap_or(&told);
    // What decoders of numbers say of texts and fractions is about themselves.
    let is_number = told.contains("untagged enum") || told.contains("digit");
    let told = if is_number { "a whole number is expected" } else { told };
    // What is wrong with a whole basket needs no field.
    match field.iter().next() {
        Some(_) => format!("{field}: {told}{place}"),
        None => format!("{told}{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_wrong_value_is_told_by_its_field() {
        for (text, expected) in [
            (
                r#"{"lines": [{"id": "a"}, {"unitPriceMinor": 12.5}]}"#,
                "lines[1].unitPriceMinor: a whole number is expected at line 1 column",
            ),
            (
                r#"[{}, {"lines": [{"id": "[,", "unitPriceMinor": "12,5"}], "codes": []}]"#,
                "[1].lines[0].unitPriceMinor: a whole number is expected at line 1 column",
            ),
            (
                "{\n \"codes\": [\"a\", 5]}",
                "codes[1]: invalid type: integer `5`, expected a string at line 2",
            ),
            (
                r#"{"points": {"maximum": "yes"}}"#,
                "points.maximum: invalid type: string \"yes\", expected a boolean",
            ),
            (r#"{"lines": 5}"#, "lines: invalid type: integer `5`, expected a sequence"),
            (r#"{"lines": []}{"lines": [{"id": "a"}], "lines": []}"#, "duplicate field `lines` at line 1"),
            (
                r#"{"lines": [{"taxes": []}, {"id": null, "id": "a"}]}"#,
                "lines[1]: duplicate field `id` at line 1",
            ),
            (r#"[{"chain": "a", "chain": "a"}]"#, "[0]: duplicate field `chain` at line 1"),
            ("{} {", "EOF while parsing an object at line 1 column 4"),
            ("[] 1", "trailing characters at line 1 column 4"),
        ] {
            let told = read(text.as_bytes()).unwrap_err();
            assert!(told.starts_with(expected), "{told}\n{expected}");
        }
        let loose = r#"[{"store": null, "codes": null, "lines": [{"id": "a", "unitPriceMinor": 100.0, "quantityMilli": 1e3}]}]"#;
        let strict = r#"{"lines": [{"id": "a", "unitPriceMinor": "100", "quantityMilli": 1000}]}"#;
        assert_eq!(read(loose.as_bytes()), read(strict.as_bytes()));
        assert_eq!(read(b"{} {}\n{}").map(|baskets| baskets.len()), Ok(3));
        assert_eq!(read(b" [{}, {}] ").map(|baskets| baskets.len()), Ok(2));
        assert_eq!(read(b" \n").map(|baskets| baskets.len()), Ok(0));
    }
}
