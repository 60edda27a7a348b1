//! From the parser's events to the tree.

use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, options};

use super::document::{NodeData, Shape};
use super::nodes::Nodes;
use super::{ALIAS_BYTES_FREE, DEPTH_MAX, Document, Flaw, KEY_LENGTH_MAX};
use crate::code;
use crate::diagnostics::quoted;

/// A container that is still open.
pub(super) struct Open {
    pub(super) index: u32,
    anchor: usize,
    pub(super) children: usize,
    /// The node that its last child is, once there is one.
    pub(super) last_child: u32,
    /// Levels below it so far.
    height: usize,
    /// Bytes that aliases below it added so far.
    added: usize,
}

/// What an alias may stand for.
#[derive(Clone, Copy)]
struct Anchor {
    index: u32,
    height: u32,
    bytes: u32,
}

pub(super) struct Builder<'a> {
    pub(super) text: &'a str,
    pub(super) document: Document,
    pub(super) open: Vec<Open>,
    /// By the parser's anchor id, which counts from 1.
    anchors: Vec<Option<Anchor>>,
    flaws: Vec<Flaw>,
    /// Bytes that aliases stand for, all together.
    aliased: usize,
    /// Where the parser's positions count from.
    base: usize,
    /// Whether the one document of the file has begun.
    begun: bool,
    /// Nothing can be said of the tree: a part of it is missing without a trace.
    pub(super) unusable: bool,
}

/// How the parser came out of a fragment.
pub(super) enum End {
    /// At its end.
    Whole,
    /// At something that makes the tree useless.
    Stopped,
    /// At a place that is not YAML.
    Broken(usize),
}

impl Document {
    /// Parses a file. Where a part of it is not YAML the tree is that of the other parts, and not complete; there is no
    /// tree when it would only raise false alarms.
    pub(crate) fn parse(file: u16, name: &Arc<str>, text: &Arc<str>) -> (Option<Document>, Vec<Flaw>) {
        let document = Document {
            file,
            name: Arc::clone(name),
            text: Arc::clone(text),
            nodes: Nodes::default(),
            decoded: Vec::new(),
            roots: Vec::new(),
            complete: true,
        };
        let mut builder = Builder {
            text,
            document,
            open: Vec::new(),
            anchors: Vec::new(),
            flaws: Vec::new(),
            aliased: 0,
            base: 0,
            begun: false,
            unusable: false,
        };
        builder.run();
        let Builder { mut document, flaws, unusable, .. } = builder;
        document.nodes.shrink_to_fit();
        document.decoded.shrink_to_fit();
        ((!unusable).then_some(document), flaws)
    }
}

impl Builder<'_> {
    /// Parses a part of the text that makes sense by itself.
    pub(super) fn fragment(&mut self, range: Range<usize>) -> End {
        let options = options! {
            disallow_directives: true,
            emit_unresolved_aliases: true,
            emit_comments: false,
            // Ours is the tighter limit, and says it better. The parser reads ahead while a line may still be a key.
            flow_nesting_limit: DEPTH_MAX + KEY_LENGTH_MAX,
            block_nesting_limit: DEPTH_MAX + KEY_LENGTH_MAX,
        };
        self.base = range.start;
        self.begun = false;
        self.open.clear();
        self.anchors.clear();
        for event in Parser::new_from_str_with_options(&self.text[range], options) {
            match event {
                Ok((event, span)) => {
                    if !self.take(event, span) {
                        return End::Stopped;
                    }
                }
                Err(error) => {
                    let at = self.byte(*error.marker());
                    let message = format!("this is not YAML: {}", error.info());
                    self.flaw(
                        code::SYNTAX,
                        message,
                        "check indentation, colons, quotes and brackets at this place and just above",
                        at,
                        at + 1,
                    );
                    return End::Broken(at);
                }
            }
        }
        End::Whole
    }

    /// Where a marker stands; the end of the text should the parser not know.
    fn byte(&self, marker: Marker) -> usize {
        let offset = marker.byte_offset().unwrap_or(self.text.len());
        let mut at = self.base.saturating_add(offset).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn flaw(&mut self, code: &'static str, message: String, hint: &'static str, start: usize, end: usize) {
        let mut end = end.min(self.text.len()).max(start);
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        self.flaws.push(Flaw { code, message, hint, start, end });
    }

    /// Takes one event in; false when there is no point in going on.
    fn take(&mut self, event: Event<'_>, span: Span) -> bool {
        let start = self.byte(span.start);
        let end = self.byte(span.end).max(start);
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => true,
            Event::DocumentStart(..) => {
                let second = std::mem::replace(&mut self.begun, true);
                if second {
                    self.document.complete = false;
                    self.flaw(
                        code::SYNTAX,
                        "a second document begins here".to_owned(),
                        "a file is one document; put the second one into a file of its own",
                        start,
                        end,
                    );
                }
                !second
            }
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    self.tag(start, end);
                }
                let (shape, link) = self.scalar(&text, style, start, end);
                self.leaf(NodeData::new(shape, start, end, link), anchor, end - start)
            }
            Event::Alias(id) => self.alias(id, start, end),
            Event::UnresolvedAlias(name) => {
                let message = format!("there is no anchor {}", quoted(&name));
                self.flaw(code::SYNTAX, message, "anchors stand before their aliases", start, end);
                true
            }
            Event::SequenceStart(_, anchor, tag) => {
                if tag.is_some() {
                    self.tag(start, end);
                }
                self.begin(Shape::Sequence, anchor, start, end)
            }
            Event::MappingStart(_, anchor, tag) => {
                if tag.is_some() {
                    self.tag(start, end);
                }
                self.begin(Shape::Mapping, anchor, start, end)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(end);
                true
            }
            // Options ask for none of the others that there are.
            _ => true,
        }
    }

    fn tag(&mut self, start: usize, end: usize) {
        self.flaw(
            code::SYNTAX,
            "tags such as `!name` have no meaning here".to_owned(),
            "remove the tag; quotes make a text of anything",
            start,
            end,
        );
    }

    /// Keeps the text in place where the file spells it out.
    fn scalar(&mut self, text: &str, style: ScalarStyle, start: usize, end: usize) -> (Shape, u32) {
        let raw = &self.text[start..end];
        let plain = style == ScalarStyle::Plain;
        // Nothing where a value should be is told as `~`, and spelled out as nothing.
        if plain && (raw == text || raw.is_empty()) {
            return (Shape::Plain, 0);
        }
        if !plain && raw.len() >= 2 && raw.get(1..raw.len() - 1) == Some(text) {
            return (Shape::Quoted, 0);
        }
        self.document.decoded.push(text.into());
        let link = (self.document.decoded.len() - 1) as u32;
        (if plain { Shape::PlainDecoded } else { Shape::QuotedDecoded }, link)
    }

    fn leaf(&mut self, data: NodeData, anchor: usize, bytes: usize) -> bool {
        let index = self.document.nodes.len() as u32;
        self.document.nodes.push(data);
        self.name(anchor, Some(Anchor { index, height: 0, bytes: bytes as u32 }));
        self.child(index, 0, 0);
        true
    }

    fn begin(&mut self, shape: Shape, anchor: usize, start: usize, end: usize) -> bool {
        if self.open.len() >= DEPTH_MAX {
            self.deep(start, end);
            return false;
        }
        let index = self.document.nodes.len() as u32;
        self.document.nodes.push(NodeData::new(shape, start, end, index + 1));
        // Known only when it is closed: what contains itself has no end.
        self.name(anchor, None);
        self.open.push(Open { index, anchor, children: 0, last_child: index, height: 0, added: 0 });
        true
    }

    fn close(&mut self, end: usize) {
        let Some(closed) = self.open.pop() else { return };
        let after = self.document.nodes.len() as u32;
        let data = self.document.nodes[closed.index as usize];
        // A block ends where the next thing begins; the blank between is not part of it.
        let start = data.start as usize;
        let end = end.max(data.end as usize);
        let end = start + self.text[start..end].trim_end().len();
        self.document.nodes[closed.index as usize] = NodeData::new(data.shape(), start, end, after);
        let bytes = u32::try_from(end - start + closed.added).unwrap_or(u32::MAX);
        let height = closed.height as u32;
        self.name(closed.anchor, Some(Anchor { index: closed.index, height, bytes }));
        self.child(closed.index, closed.height, closed.added);
    }

    /// Tells the open container of one more child.
    fn child(&mut self, index: u32, height: usize, added: usize) {
        if let Some(parent) = self.open.last_mut() {
            parent.children += 1;
            parent.last_child = index;
            parent.height = parent.height.max(height + 1);
            parent.added = parent.added.saturating_add(added);
        }
    }

    fn name(&mut self, anchor: usize, meaning: Option<Anchor>) {
        if anchor > 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, None);
            }
            self.anchors[anchor] = meaning;
        }
    }

    fn alias(&mut self, id: usize, start: usize, end: usize) -> bool {
        let Some(anchor) = self.anchors.get(id).copied().flatten() else {
            let message = "this alias stands inside of what it stands for".to_owned();
            self.flaw(code::SYNTAX, message, "write out what is repeated", start, end);
            return false;
        };
        let (height, bytes) = (anchor.height as usize, anchor.bytes as usize);
        if self.open.len() + height >= DEPTH_MAX {
            self.deep(start, end);
            return false;
        }
        self.aliased = self.aliased.saturating_add(bytes);
        if self.aliased > self.text.len() + ALIAS_BYTES_FREE {
            let message = "the aliases up to here stand for more than the file itself holds".to_owned();
            self.flaw(code::LIMIT, message, "write out what is repeated most, or repeat less", start, end);
            return false;
        }
        let index = self.document.nodes.len() as u32;
        self.document.nodes.push(NodeData::new(Shape::Alias, start, end, anchor.index));
        self.child(index, height, bytes);
        true
    }

    fn deep(&mut self, start: usize, end: usize) {
        let message = format!("nested more than {DEPTH_MAX} levels deep");
        self.flaw(code::LIMIT, message, "flatten what is nested here", start, end);
    }
}
