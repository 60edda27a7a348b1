//! Keys of a map: unknown ones are problems, so that a slip of the pen is not a case that checks nothing.

use super::Problem;
use super::node::Node;

/// A map whose keys were checked.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    node: &'a Node,
}

impl<'a> Fields<'a> {
    /// The map, if it is one; every unknown key is a problem.
    pub(crate) fn of(node: &'a Node, known: &[&str], problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(entries) = node.entries() else {
            problems.push(Problem::new(node.line, format!("here stands a map of {}", known.join(", "))));
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let message = format!("`{}` is not known here; known are {}", entry.key, known.join(", "));
            problems.push(Problem::new(entry.node.line, message));
        }
        Some(Self { node })
    }

    /// The value of a key.
    pub(crate) fn get(self, key: &str) -> Option<&'a Node> {
        self.node.get(key)
    }

    /// The line of the map.
    pub(crate) fn line(self) -> usize {
        self.node.line
    }

    /// The text of a key that has to be there.
    pub(crate) fn text(self, key: &str, problems: &mut Vec<Problem>) -> Option<String> {
        match self.get(key).map(Node::text) {
            Some(Some(text)) => Some(text.to_owned()),
            Some(None) => {
                problems.push(Problem::new(self.node.line, format!("`{key}` is a text")));
                None
            }
            None => {
                problems.push(Problem::new(self.node.line, format!("`{key}` is missing")));
                None
            }
        }
    }

    /// The text of a key, or nothing.
    pub(crate) fn text_or_empty(self, key: &str, problems: &mut Vec<Problem>) -> String {
        if self.get(key).is_some() { self.text(key, problems).unwrap_or_default() } else { String::new() }
    }

    /// What a key's text means to `parse`; a problem when it means nothing.
    pub(crate) fn parsed<T>(
        self,
        key: &str,
        what: &str,
        problems: &mut Vec<Problem>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.get(key).and_then(|node| parsed(node, what, problems, parse))
    }

    /// Whether a key says `true`.
    pub(crate) fn flag(self, key: &str, problems: &mut Vec<Problem>) -> bool {
        self.parsed(key, "true or false", problems, |text| text.parse().ok()).unwrap_or(false)
    }

    /// The texts of a list, or of one text.
    pub(crate) fn texts(self, key: &str, problems: &mut Vec<Problem>) -> Vec<String> {
        let items = self.get(key).map(Node::items).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| parsed(item, "a text", problems, |text| Some(text.to_owned())))
            .collect()
    }
}

/// What a node's text means to `parse`; a problem when it means nothing.
pub(crate) fn parsed<T>(
    node: &Node,
    what: &str,
    problems: &mut Vec<Problem>,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let value = node.text().and_then(parse);
    if value.is_none() {
        let shown = node.text().map(|text| format!("`{text}` is not ")).unwrap_or_default();
        problems.push(Problem::new(node.line, format!("{shown}{what}")));
    }
    value
}
