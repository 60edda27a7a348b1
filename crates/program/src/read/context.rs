//! What reading needs to know, and where problems go.

use std::cell::{Cell, RefCell};

use suanpan_domain::Currency;

use crate::code;
use crate::diagnostics::{Problems, Severity, nearest, quoted};
use crate::yaml::{Document, Kind, Node, Spot};

/// The documents, the currency that amounts are in, and the problems found so far.
pub(crate) struct Context {
    pub(crate) documents: Vec<Document>,
    /// None until it is read, and when it is none: then decimals are not judged.
    pub(crate) currency: Cell<Option<Currency>>,
    pub(crate) problems: RefCell<Problems>,
    /// Whether all of the program was parsed. If not, nobody is told that something does not exist.
    pub(crate) complete: bool,
}

impl Context {
    pub(crate) fn new(documents: Vec<Document>, problems: Problems, complete: bool) -> Self {
        Self { documents, currency: Cell::new(None), problems: RefCell::new(problems), complete }
    }

    /// The node at a place.
    pub(crate) fn node(&self, spot: Spot) -> Option<Node<'_>> {
        let document = self.documents.iter().find(|document| document.file == spot.file)?;
        Some(document.node(spot.node))
    }

    fn tell(&self, severity: Severity, code: &'static str, spot: Spot, message: String, hint: String) {
        if !self.complete && code::says_unknown(code) {
            return;
        }
        self.problems.borrow_mut().at(&self.documents, severity, code, spot, message, Some(hint));
    }

    /// Something that has to be mended, and how.
    pub(crate) fn error_hint(
        &self,
        code: &'static str,
        spot: Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.tell(Severity::Error, code, spot, message.into(), hint.into());
    }

    /// Something odd.
    pub(crate) fn warning(
        &self,
        code: &'static str,
        spot: Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.tell(Severity::Warning, code, spot, message.into(), hint.into());
    }

    /// Whether a problem of this code was told of a place.
    pub(crate) fn is_told(&self, code: &'static str, spot: Spot) -> bool {
        self.problems.borrow().is_told(code, spot)
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.problems.borrow().has_errors()
    }

    /// What a misspelt word probably meant; nothing once problems are only counted.
    pub(crate) fn nearest<'w>(
        &self,
        word: &str,
        known: impl IntoIterator<Item = &'w str>,
    ) -> Option<&'w str> {
        if self.problems.borrow().is_full() { None } else { nearest(word, known) }
    }

    /// A key that stands in two files and cannot be put together.
    pub(crate) fn said_twice(&self, node: Node<'_>, first: Node<'_>) {
        self.error_hint(
            code::DUPLICATE_KEY,
            node.spot(),
            "another file says this already",
            format!(
                "lists of several files are put together, anything else stands once; the other one stands {}",
                self.place_of(first.spot())
            ),
        );
    }

    /// A place as hints name it.
    pub(crate) fn place_of(&self, spot: Spot) -> String {
        let Some(document) = self.documents.iter().find(|document| document.file == spot.file) else {
            return String::new();
        };
        if self.problems.borrow().is_full() {
            return "elsewhere".to_owned();
        }
        let (start, _) = document.range(spot.node);
        let line = document.text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
        format!("in {} on line {line}", document.name)
    }

    /// The text of a scalar, or a problem that says what is needed instead.
    pub(crate) fn text<'a>(&self, node: Node<'a>, needed: &str) -> Option<&'a str> {
        if node.is_null() {
            self.no_value(node, needed);
            return None;
        }
        let text = node.text();
        if text.is_none() {
            self.wrong_type(node, needed, "write one value: no list, no map");
        }
        text
    }

    pub(crate) fn no_value(&self, node: Node<'_>, needed: &str) {
        self.error_hint(
            code::NO_VALUE,
            node.spot(),
            format!("there is no value here, {needed} is needed"),
            "give the key a value, or remove the key",
        );
    }

    pub(crate) fn wrong_type(&self, node: Node<'_>, needed: &str, hint: &str) {
        let found = match node.kind() {
            Kind::Scalar => node.text().map_or_else(|| "text".to_owned(), quoted),
            Kind::Sequence => "a list".to_owned(),
            Kind::Mapping => "a map".to_owned(),
        };
        self.error_hint(code::WRONG_TYPE, node.spot(), format!("{needed} is needed here, not {found}"), hint);
    }

    /// A word that is none of those possible.
    pub(crate) fn unknown_word(&self, node: Node<'_>, word: &str, possible: &[&str]) {
        let hint = match self.nearest(word, possible.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("possible here: {}", possible.join(", ")),
        };
        self.error_hint(code::UNKNOWN_WORD, node.spot(), format!("{} is not known here", quoted(word)), hint);
    }
}
