//! A YAML text as the JSON that an editor's validator sees.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// YAML 1.2 gives plain words and digits a type.
fn scalar(text: &str, plain: bool) -> Value {
    let number = text.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit());
    match text {
        _ if !plain => text.into(),
        "" | "~" | "null" => Value::Null,
        "true" | "false" => (text == "true").into(),
        // JSON has no leading zeros; YAML has, and editors read them as numbers.
        _ if number => serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(text.trim_start_matches('0')))
            .unwrap_or_else(|_| text.into()),
        _ => text.into(),
    }
}

/// What is open: a list, or a map with the key that waits for its value.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Reads a document, which the caller knows to be YAML.
pub(crate) fn read(text: &str) -> Value {
    let mut open: Vec<(Open, usize)> = Vec::new();
    let mut anchors: HashMap<usize, Value> = HashMap::new();
    let mut root = Value::Null;
    for event in Parser::new_from_str(text) {
        let (value, anchor) = match event.unwrap().0 {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style == ScalarStyle::Plain), anchor),
            Event::Alias(anchor) => (anchors[&anchor].clone(), 0),
            Event::SequenceStart(_, anchor, _) => {
                open.push((Open::List(Vec::new()), anchor));
                continue;
            }
            Event::MappingStart(_, anchor, _) => {
                open.push((Open::Map(Map::new(), None), anchor));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop().unwrap() {
                (Open::List(list), anchor) => (list.into(), anchor),
                (Open::Map(map, _), anchor) => (map.into(), anchor),
            },
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, value.clone());
        }
        match open.last_mut() {
            None => root = value,
            Some((Open::List(list), _)) => list.push(value),
            Some((Open::Map(map, key), _)) => match key.take() {
                Some(key) => {
                    map.insert(key, value);
                }
                None => *key = Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            },
        }
    }
    root
}
