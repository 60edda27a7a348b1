//! Proves that the documentation runs, and that it leaves nothing out.

use std::collections::BTreeSet;

use serde_json::Value;

use suanpan_program::{SourceFile, codes, parse, schema};

use crate::pages::{examples, framed, page};

#[test]
fn every_example_loads() {
    let blocks = examples();
    assert!(blocks.len() > 35, "only {} examples", blocks.len());
    let mut failed = String::new();
    for (name, text) in blocks {
        match parse(&[SourceFile::new(name, framed(&text))]) {
            Ok(parsed) => {
                let warnings = parsed.warnings;
                if !warnings.is_empty() {
                    failed += &warnings.render(false);
                }
            }
            Err(problems) => failed += &problems.render(false),
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

/// Keys and words that the schema knows.
fn vocabulary(schema: &Value, keys: &mut BTreeSet<String>, words: &mut BTreeSet<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| vocabulary(item, keys, words)),
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            words.extend(map.get("const").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| vocabulary(value, keys, words));
        }
        _ => {}
    }
}

#[test]
fn every_key_has_an_example_and_every_word_is_named() {
    let (mut keys, mut words) = (BTreeSet::new(), BTreeSet::new());
    vocabulary(&schema(), &mut keys, &mut words);
    let examples: String = examples().into_iter().map(|(_, text)| text).collect();
    let shown = |key: &str| {
        examples.match_indices(&format!("{key}:")).any(|(at, _)| examples[..at].ends_with([' ', '\n', '{']))
    };
    let missing: Vec<&String> = keys.iter().filter(|key| !shown(key)).collect();
    assert!(missing.is_empty(), "keys without an example: {missing:?}");
    let page = page();
    let missing: Vec<&String> = words.iter().filter(|word| !page.contains(word.as_str())).collect();
    assert!(missing.is_empty(), "words that are not named: {missing:?}");
}

#[test]
fn every_code_is_listed() {
    let page = page();
    for (code, meaning) in codes() {
        assert!(page.contains(&format!("| `{code}` |{meaning} |")), "{code}{meaning}");
    }
}
