//! Going on after a place that is not YAML, so that one broken offer does not hide what is wrong with the others.
//!
//! What is broken is left out whole: an item of a list of the topmost map, or an entry of that map. Lines tell where the
//! next one begins, since whatever is broken may have swallowed its neighbours: an open quote, an open bracket.

use std::ops::Range;

use super::Builder;
use super::build::End;
use super::document::{NodeData, Shape};

/// Times its length that a file is looked at for the sake of going on.
const PASSES_MAX: usize = 4;

/// What is parsed next.
struct Fragment {
    range: Range<usize>,
    /// The rest of a list: the node of its key, and the column of its dashes.
    list: Option<(u32, usize)>,
}

impl Builder<'_> {
    /// Parses the text, as far as it goes.
    pub(super) fn run(&mut self) {
        let length = self.text.len();
        let mut fragment = Fragment { range: 0..length, list: None };
        let mut looked_at = 0;
        loop {
            let first = self.document.nodes.len();
            let (start, end) = (fragment.range.start, fragment.range.end);
            if let Some((key, _)) = fragment.list {
                // The rest of a list is a map of its own, with the key once more.
                self.document.nodes.push(NodeData::new(Shape::Mapping, start, end, 0));
                self.document.nodes.push(NodeData::new(Shape::Alias, start, start, key));
            }
            let next = match self.fragment(start..end) {
                End::Stopped => {
                    // What stands before a second document is a tree; what is too deep or too large is none.
                    self.unusable |= !self.open.is_empty();
                    None
                }
                End::Whole if end < length => Some(Fragment { range: end..length, list: None }),
                End::Whole => None,
                End::Broken(at) => {
                    self.document.complete = false;
                    looked_at += at - start + 1;
                    self.leave_out(at, &fragment).filter(|_| looked_at < PASSES_MAX * (length + 1_000))
                }
            };
            self.close_root(first);
            match next {
                Some(next) => fragment = next,
                None => return,
            }
        }
    }

    /// Makes a root of what was parsed since, if that is anything.
    fn close_root(&mut self, first: usize) {
        let after = self.document.nodes.len() as u32;
        if let Some(root) = self.document.nodes.get(first) {
            if matches!(root.shape(), Shape::Mapping | Shape::Sequence) {
                self.document.nodes[first] =
                    NodeData::new(root.shape(), root.start as usize, root.end as usize, after);
            }
            self.document.roots.push(first as u32);
        }
    }

    /// Takes the broken item or entry out of the tree, and finds where to go on.
    fn leave_out(&mut self, at: usize, fragment: &Fragment) -> Option<Fragment> {
        let level = usize::from(fragment.list.is_none());
        let mut broken_at = at;
        let mut list = None;
        let top = self.open.get(level).map(|open| (open.index, self.document.nodes[open.index as usize]));
        match top {
            Some((index, data)) if data.shape() == Shape::Sequence && self.is_dash(data.start as usize) => {
                let key = fragment.list.map(|(key, _)| key).or(self.open.first().map(|root| root.last_child));
                list = key.map(|key| (key, self.column(data.start as usize)));
                if let Some(item) = self.open.get(level + 1) {
                    broken_at = self.document.nodes[item.index as usize].start as usize;
                    self.document.nodes.truncate(item.index as usize);
                } else {
                    broken_at = self.item_before(at, level, data.start as usize);
                }
                let after = self.document.nodes.len() as u32;
                self.document.nodes[index as usize] =
                    NodeData::new(data.shape(), data.start as usize, data.end as usize, after);
            }
            _ => {
                let root = self.open.first().map(|root| (root.index, root.children, root.last_child));
                match root {
                    // A key without the whole of its value.
                    Some((_, children, key)) if level == 1 && children % 2 == 1 => {
                        let data = self.document.nodes[key as usize];
                        if let Some(dash) = self.first_dash(data.end as usize) {
                            // Its first item is broken; the others may be whole.
                            self.document.nodes.truncate(key as usize + 1);
                            self.document.nodes.push(NodeData::new(Shape::Sequence, dash, dash, key + 2));
                            list = Some((key, self.column(dash)));
                            broken_at = dash;
                        } else {
                            broken_at = data.start as usize;
                            self.document.nodes.truncate(key as usize);
                        }
                    }
                    Some((index, 0, _)) => self.document.nodes.truncate(index as usize),
                    _ => {}
                }
            }
        }
        self.next_fragment(broken_at, list.or(fragment.list))
    }

    /// Where the item begins that the parser stumbles in, of which it has told nothing yet: it looks ahead. When it
    /// took the item for whole, and stumbles over what should belong to it, the item is taken out.
    fn item_before(&mut self, at: usize, level: usize, first_dash: usize) -> usize {
        let Some(last) = self.open.get(level).filter(|list| list.children > 0).map(|list| list.last_child)
        else {
            return first_dash.min(at);
        };
        let column = self.column(first_dash);
        let mut line = self.document.nodes[last as usize].end as usize;
        while let Some(next) = self.line_after(line).filter(|next| *next <= at) {
            line = next;
            if self.text[line..].starts_with(&" ".repeat(column)) && self.is_dash(line + column) {
                return line;
            }
        }
        self.document.nodes.truncate(last as usize);
        at
    }

    /// The first line below that begins an item of the list, or an entry of the topmost map.
    fn next_fragment(&self, broken_at: usize, list: Option<(u32, usize)>) -> Option<Fragment> {
        let mut start = self.line_after(broken_at)?;
        loop {
            if let Some((_, column)) = list
                && self.text[start..].starts_with(&" ".repeat(column))
                && self.is_dash(start + column)
            {
                let mut end = start;
                while let Some(next) = self.line_after(end) {
                    end = next;
                    if self.is_entry(end) {
                        return Some(Fragment { range: start..end, list });
                    }
                }
                return Some(Fragment { range: start..self.text.len(), list });
            }
            if self.is_entry(start) {
                return Some(Fragment { range: start..self.text.len(), list: None });
            }
            start = self.line_after(start)?;
        }
    }

    /// The first dash of the block list that follows a key, if one does.
    fn first_dash(&self, key_end: usize) -> Option<usize> {
        let rest = &self.text[key_end..];
        let value = rest.trim_start_matches(['"', '\'']).strip_prefix(':')?;
        let mut lines = value.split_inclusive('\n');
        let mut at = key_end + rest.len() - value.len();
        let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        loop {
            let line = lines.next()?;
            if !is_blank(line) {
                let dash = at + line.len() - line.trim_start_matches(' ').len();
                return (at > key_end + 1 && self.column(at) == 0 && self.is_dash(dash)).then_some(dash);
            }
            at += line.len();
        }
    }

    fn line_after(&self, at: usize) -> Option<usize> {
        let next = self.text[at..].find('\n')? + at + 1;
        (next < self.text.len()).then_some(next)
    }

    fn column(&self, at: usize) -> usize {
        at - self.text[..at].rfind('\n').map_or(0, |line_end| line_end + 1)
    }

    /// Whether an item of a block list begins here.
    fn is_dash(&self, at: usize) -> bool {
        let mut bytes = self.text.as_bytes()[at..].iter();
        bytes.next() == Some(&b'-') && matches!(bytes.next(), None | Some(b' ' | b'\n' | b'\r'))
    }

    /// Whether an entry of the topmost map begins on this line.
    fn is_entry(&self, line: usize) -> bool {
        self.text
            .as_bytes()
            .get(line)
            .is_some_and(|first| first.is_ascii_alphanumeric() || matches!(first, b'"' | b'\''))
    }
}
