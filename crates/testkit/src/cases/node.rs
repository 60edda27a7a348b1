//! Case files as a tree of texts: every scalar stays the text that the file spells, so that no amount is ever a float.

use granit_parser::{Event, Parser, ScalarStyle, StrInput, options};

use super::Problem;

/// Levels of nesting; a case needs about ten.
const DEPTH_MAX: usize = 48;

/// A node and the line that it begins on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A text; quoted ones stay quoted when they are written again, so that `"0017"` stays a text.
    Text { text: String, quoted: bool },
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the file's order.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) quoted: bool,
    pub(crate) node: Node,
}

impl Node {
    /// A map without keys.
    pub(crate) fn empty_map(line: usize) -> Self {
        Self { line, value: Value::Map(Vec::new()) }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text { text, .. } => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The entries of a map.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Text { .. } | Value::List(_) => None,
        }
    }

    /// The items of a list; anything else is a list of itself.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Text { .. } | Value::Map(_) => std::slice::from_ref(self),
        }
    }

    /// The value of a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// This map with the keys of another laid over it: a key of the other replaces the whole value.
    pub(crate) fn overlaid(&self, over: Option<&Node>) -> Node {
        let mut result = self.clone();
        let (Some(over), Value::Map(entries)) = (over, &mut result.value) else { return result };
        result.line = over.line;
        for entry in over.entries().unwrap_or_default() {
            match entries.iter_mut().find(|known| known.key == entry.key) {
                Some(known) => *known = entry.clone(),
                None => entries.push(entry.clone()),
            }
        }
        result
    }

    /// Writes the node as YAML in block form.
    pub(crate) fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, indent: usize) {
        match &self.value {
            Value::Text { text, quoted } => write_scalar(out, text, *quoted),
            Value::List(items) => {
                for item in items {
                    out.push_str(&" ".repeat(indent));
                    out.push('-');
                    item.write_after(out, indent + 2);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    out.push_str(&" ".repeat(indent));
                    write_scalar(out, &entry.key, entry.quoted);
                    out.push(':');
                    entry.node.write_after(out, indent + 2);
                }
            }
        }
    }

    fn write_after(&self, out: &mut String, indent: usize) {
        match &self.value {
            Value::Text { .. } => {
                out.push(' ');
                self.write(out, indent);
                out.push('\n');
            }
            Value::List(items) if items.is_empty() => out.push_str(" []\n"),
            Value::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
            Value::List(_) | Value::Map(_) => {
                out.push('\n');
                self.write(out, indent);
            }
        }
    }
}

fn write_scalar(out: &mut String, text: &str, quoted: bool) {
    if !quoted {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads one YAML document.
pub(crate) fn read(text: &str) -> Result<Node, Problem> {
    let options = options! { emit_comments: false };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut root = None;
    loop {
        let (event, line) = next(&mut parser)?;
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event if root.is_none() => root = Some(value(&mut parser, event, line, 0)?),
            _ => return Err(Problem::new(line, "a file is one document")),
        }
    }
    root.ok_or_else(|| Problem::new(1, "the file is empty"))
}

type Events<'a> = Parser<'a, StrInput<'a>>;

fn next<'a>(parser: &mut Events<'a>) -> Result<(Event<'a>, usize), Problem> {
    match parser.next_event() {
        None => Ok((Event::StreamEnd, 0)),
        Some(Ok((event, span))) => Ok((event, span.start.line())),
        Some(Err(error)) => Err(Problem::new(error.marker().line(), format!("no YAML: {}", error.info()))),
    }
}

fn value(parser: &mut Events<'_>, event: Event<'_>, line: usize, depth: usize) -> Result<Node, Problem> {
    if depth > DEPTH_MAX {
        return Err(Problem::new(line, "nested too deeply"));
    }
    let value = match event {
        Event::Scalar(text, style, 0, None) => {
            Value::Text { text: text.into_owned(), quoted: style != ScalarStyle::Plain }
        }
        Event::SequenceStart(_, 0, None) => {
            let mut items = Vec::new();
            loop {
                let (event, line) = next(parser)?;
                if event == Event::SequenceEnd {
                    break Value::List(items);
                }
                items.push(value(parser, event, line, depth + 1)?);
            }
        }
        Event::MappingStart(_, 0, None) => {
            let mut entries: Vec<Entry> = Vec::new();
            loop {
                let (event, line) = next(parser)?;
                if event == Event::MappingEnd {
                    break Value::Map(entries);
                }
                let Event::Scalar(key, style, 0, None) = event else {
                    return Err(Problem::new(line, "a key is a text"));
                };
                let (key, quoted) = (key.into_owned(), style != ScalarStyle::Plain);
                if entries.iter().any(|entry| entry.key == key) {
                    return Err(Problem::new(line, format!("`{key}` stands twice")));
                }
                let (event, line) = next(parser)?;
                entries.push(Entry { key, quoted, node: value(parser, event, line, depth + 1)? });
            }
        }
        _ => return Err(Problem::new(line, "anchors, aliases and tags are not used in case files")),
    };
    Ok(Node { line, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_reading_and_writing() {
        let text = "a: 10.00\nb:\n  - \"0017\"\n  - { c: 5%, \"d e\": [] }\ne:\n  f: 'it''s \\ \"so\"'\n";
        let node = read(text).unwrap();
        let written = node.to_yaml();
        let again = read(&written).unwrap();
        assert_eq!(again.to_yaml(), written);
        assert_eq!(again.get("a").and_then(Node::text), Some("10.00"));
        assert!(written.contains("- \"0017\"\n"), "{written}");
        assert_eq!(again.get("e").and_then(|e| e.get("f")).and_then(Node::text), Some("it's \\ \"so\""));
    }

    #[test]
    fn what_is_no_tree_is_refused_with_its_line() {
        for (text, line) in [("", 1), ("a: 1\na: 2\n", 2), ("a: [1\n", 1), ("a: &x 1\nb: *x\n", 1)] {
            assert_eq!(read(text).map_err(|problem| problem.line), Err(line), "{text:?}");
        }
    }
}
