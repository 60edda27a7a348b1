//! What is wrong with a program, or odd about it: every problem with its place, its code and a hint.

mod problems;
mod render;

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

pub(crate) use problems::{DIAGNOSTICS_MAX, Problems, nearest, quoted};

use crate::SourceFile;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program cannot be used.
    Error,
    /// The program can be used, and probably does not do what was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// Its code, such as `P010`; `docs/program.md` lists them all.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1; of a catalogue in Parquet the row; 0 when it is about the file as a whole.
    pub line: usize,
    /// The column in characters, from 1; 0 when it is about the file as a whole.
    pub column: usize,
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
    /// Where in the program, such as `promotions[2].effect.cap`; empty for the program as a whole.
    pub path: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { severity, code, message, file, line, column, path, .. } = self;
        write!(f, "{file}:{line}:{column}: {severity}[{code}]: {message}")?;
        if !path.is_empty() {
            write!(f, " (at {path})")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

/// All problems of a program in the order of its text, with the text, so that they can be drawn.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    sources: Vec<(Arc<str>, Arc<str>)>,
}

impl Diagnostics {
    pub(crate) fn new(items: Vec<Diagnostic>, files: &[SourceFile]) -> Self {
        let sources = files
            .iter()
            .filter(|file| items.iter().any(|item| item.file == file.name))
            .map(|file| (Arc::clone(&file.name), Arc::clone(&file.text)))
            .collect();
        Self { items, sources }
    }

    pub(crate) fn append(&mut self, other: Diagnostics) {
        self.items.extend(other.items);
        self.sources.extend(other.sources);
    }

    /// Whether one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|item| item.severity == Severity::Error)
    }

    /// Whether a file cannot be read at all, which says nothing of what stands in it.
    #[must_use]
    pub fn has_unreadable_file(&self) -> bool {
        self.items.iter().any(|item| item.code == crate::code::UNREADABLE)
    }

    /// Draws them as compilers do: the place in the text, marked, with the hint below. Colours are ANSI escapes.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render::render(&self.items, &self.sources, color)
    }
}

impl Deref for Diagnostics {
    type Target = [Diagnostic];

    fn deref(&self) -> &[Diagnostic] {
        &self.items
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// One line for each problem.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.items.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{item}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
