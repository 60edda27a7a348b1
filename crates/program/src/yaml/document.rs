//! The tree and the handles to its nodes.

use std::sync::Arc;

use super::nodes::Nodes;

/// Bytes of a node that a problem points at.
const SHOWN_BYTES_MAX: usize = 400;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar,
    Sequence,
    Mapping,
}

/// How a node is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Shape {
    /// Plain text as it stands between `start` and `end`.
    Plain,
    /// Text between quotes, without an escape: what stands between `start + 1` and `end - 1`.
    Quoted,
    /// Plain text over several lines; `link` is an index into `decoded`.
    PlainDecoded,
    /// Text with escapes or a block; `link` is an index into `decoded`.
    QuotedDecoded,
    /// `link` is the index after the last descendant.
    Sequence,
    /// `link` is the index after the last descendant.
    Mapping,
    /// `link` is the index of the node that it stands for.
    Alias,
}

/// A node in 12 bytes: with two bytes of text for the shortest one, more would take most of what a program may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeData {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The shape in the upper three bits, the link below.
    packed: u32,
}

const LINK_BITS: u32 = 29;
const _: () = assert!(suanpan_domain::limits::PROGRAM_BYTES_MAX < 1 << LINK_BITS);

impl NodeData {
    pub(super) fn new(shape: Shape, start: usize, end: usize, link: u32) -> Self {
        Self { start: start as u32, end: end as u32, packed: (shape as u32) << LINK_BITS | link }
    }

    pub(super) fn shape(self) -> Shape {
        match self.packed >> LINK_BITS {
            0 => Shape::Plain,
            1 => Shape::Quoted,
            2 => Shape::PlainDecoded,
            3 => Shape::QuotedDecoded,
            4 => Shape::Sequence,
            5 => Shape::Mapping,
            _ => Shape::Alias,
        }
    }

    pub(super) fn link(self) -> u32 {
        self.packed & ((1 << LINK_BITS) - 1)
    }
}

/// One parsed file.
#[derive(Debug)]
pub(crate) struct Document {
    /// The file's place in the list of files.
    pub(crate) file: u16,
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
    pub(super) nodes: Nodes,
    pub(super) decoded: Vec<Box<str>>,
    /// The topmost nodes: one, or one for each part between what is broken.
    pub(super) roots: Vec<u32>,
    /// Whether nothing was left out.
    pub(crate) complete: bool,
}

/// Where a node stands; what file types keep of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) file: u16,
    pub(crate) node: u32,
}

/// A node of a document. Aliases are followed by whoever makes the handle.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    document: &'a Document,
    index: u32,
}

impl Document {
    /// The topmost nodes; none in an empty file.
    pub(crate) fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|root| self.node(*root))
    }

    /// The topmost node above another.
    pub(crate) fn root_above(&self, index: u32) -> u32 {
        self.roots.iter().copied().rfind(|root| *root <= index).unwrap_or(0)
    }

    /// The node at an index, an alias followed to what it stands for.
    pub(crate) fn node(&self, index: u32) -> Node<'_> {
        let data = self.nodes[index as usize];
        // What an alias stands for is never an alias itself: the parser resolves chains.
        let index = if data.shape() == Shape::Alias { data.link() } else { index };
        Node { document: self, index }
    }

    /// The bytes to point at. Of what spans lines the first one, and not much of one that is very long: the place, not
    /// the whole of it.
    pub(crate) fn range(&self, index: u32) -> (usize, usize) {
        let data = self.nodes[index as usize];
        let (start, mut end) = (data.start as usize, data.end as usize);
        if end - start > SHOWN_BYTES_MAX {
            end = start + SHOWN_BYTES_MAX;
            while !self.text.is_char_boundary(end) {
                end -= 1;
            }
        }
        let shown = &self.text[start..end];
        let first_line = shown.find(['\n', '\r']).map_or(shown, |line_end| &shown[..line_end]);
        (start, start + first_line.trim_end().len())
    }

    /// Whether something is said once and stands in several places.
    pub(crate) fn has_aliases(&self) -> bool {
        self.nodes.iter().any(|node| node.shape() == Shape::Alias)
    }

    /// The index after a node and all below it.
    pub(crate) fn after(&self, index: u32) -> u32 {
        let data = self.nodes[index as usize];
        match data.shape() {
            Shape::Sequence | Shape::Mapping => data.link(),
            _ => index + 1,
        }
    }
}

impl<'a> Node<'a> {
    fn data(self) -> NodeData {
        self.document.nodes[self.index as usize]
    }

    pub(crate) fn kind(self) -> Kind {
        match self.data().shape() {
            Shape::Sequence => Kind::Sequence,
            Shape::Mapping => Kind::Mapping,
            _ => Kind::Scalar,
        }
    }

    pub(crate) fn spot(self) -> Spot {
        Spot { file: self.document.file, node: self.index }
    }

    /// The text of a scalar.
    pub(crate) fn text(self) -> Option<&'a str> {
        let data = self.data();
        let (start, end) = (data.start as usize, data.end as usize);
        match data.shape() {
            Shape::Plain => Some(&self.document.text[start..end]),
            Shape::Quoted => Some(&self.document.text[start + 1..end - 1]),
            Shape::PlainDecoded | Shape::QuotedDecoded => Some(&self.document.decoded[data.link() as usize]),
            Shape::Sequence | Shape::Mapping | Shape::Alias => None,
        }
    }

    /// Whether a scalar stands without quotes, so that YAML gives words such as `true` and `null` a meaning.
    pub(crate) fn is_plain(self) -> bool {
        matches!(self.data().shape(), Shape::Plain | Shape::PlainDecoded)
    }

    /// Nothing where a value should be: `key:`, `key: ~`, `key: null`.
    pub(crate) fn is_null(self) -> bool {
        self.is_plain() && matches!(self.text(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// The elements of a sequence; none of anything else.
    pub(crate) fn items(self) -> impl Iterator<Item = Node<'a>> {
        self.children(Shape::Sequence).map(|index| self.document.node(index))
    }

    /// The keys and values of a mapping; none of anything else.
    pub(crate) fn entries(self) -> impl Iterator<Item = (Node<'a>, Node<'a>)> {
        self.keys().map(move |key| self.entry(key))
    }

    /// Where the keys of a mapping stand, for [`entry`](Self::entry): four bytes for each, where a file may have one for
    /// every two of its own.
    pub(crate) fn keys(self) -> impl Iterator<Item = u32> {
        let mut children = self.children(Shape::Mapping);
        std::iter::from_fn(move || {
            let key = children.next()?;
            children.next().map(|_| key)
        })
    }

    /// A key of a mapping, by where it stands, and its value.
    pub(crate) fn entry(self, key: u32) -> (Node<'a>, Node<'a>) {
        (self.document.node(key), self.document.node(self.document.after(key)))
    }

    /// The value of a key, its last one if it stands there twice.
    pub(crate) fn get(self, key: &str) -> Option<Node<'a>> {
        self.entries().filter(|(name, _)| name.text() == Some(key)).map(|(_, value)| value).last()
    }

    fn children(self, of: Shape) -> impl Iterator<Item = u32> {
        let data = self.data();
        let end = if data.shape() == of { data.link() } else { 0 };
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let child = next;
            (child < end).then(|| {
                next = self.document.after(child);
                child
            })
        })
    }
}
