//! Drawing diagnostics with the text that they are about.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use super::{Diagnostic, Severity};

/// Bytes of text around a problem; what lies on one endless line is cut.
const DRAWN_BYTES_MAX: usize = 4_000;

/// A file under its own name, lines found once for all diagnostics.
struct NamedText<'a> {
    name: &'a str,
    text: &'a str,
    line_starts: &'a [usize],
}

impl SourceCode for NamedText<'_> {
    /// Cuts whole lines around the span. Only the lines that are drawn are looked at, whatever the file's length.
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let line_of = |offset: usize| self.line_starts.partition_point(|start| *start <= offset) - 1;
        if context_lines_before == 0 && context_lines_after == 0 {
            return self.place(span, line_of(span.offset()));
        }
        let first = line_of(span.offset()).saturating_sub(context_lines_before);
        let last =
            (line_of(span.offset() + span.len()) + context_lines_after).min(self.line_starts.len() - 1);
        let mut start = self.line_starts[first];
        let mut end = self.line_starts.get(last + 1).copied().unwrap_or(self.text.len());
        if end - start > DRAWN_BYTES_MAX {
            start = start.max(span.offset().saturating_sub(DRAWN_BYTES_MAX / 4));
            end = end.min(span.offset() + DRAWN_BYTES_MAX / 4);
            while !self.text.is_char_boundary(start) {
                start -= 1;
            }
            while !self.text.is_char_boundary(end) {
                end += 1;
            }
        }
        let first = line_of(start);
        let data = self.text.as_bytes().get(start..end).ok_or(MietteError::OutOfBounds)?;
        let shown = SourceSpan::new(start.into(), end - start);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_owned(),
            data,
            shown,
            first,
            0,
            last - first + 1,
        )))
    }
}

impl NamedText<'_> {
    /// The span alone, for the line and column above a drawing.
    fn place<'b>(
        &'b self,
        span: &SourceSpan,
        line: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let start = self.line_starts[line];
        let before = self.text.get(start..span.offset()).ok_or(MietteError::OutOfBounds)?;
        let data = self.text.as_bytes().get(span.offset()..span.offset() + span.len());
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_owned(),
            data.ok_or(MietteError::OutOfBounds)?,
            *span,
            line,
            before.chars().count(),
            1,
        )))
    }
}

struct Drawn<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<&'a NamedText<'a>>,
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)?;
        if self.source.is_none() || self.diagnostic.line == 0 {
            let Diagnostic { file, line, column, .. } = self.diagnostic;
            match line {
                0 => write!(f, " ({file})")?,
                _ => write!(f, " ({file}:{line}:{column})")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.diagnostic.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.filter(|_| self.diagnostic.line > 0).map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let source = self.source.filter(|_| self.diagnostic.line > 0)?;
        let span = &self.diagnostic.span;
        let start = span.start.min(source.text.len());
        let length = span.end.clamp(start, source.text.len()) - start;
        let length = length.min(DRAWN_BYTES_MAX / 8);
        let label = (!self.diagnostic.path.is_empty()).then(|| self.diagnostic.path.clone());
        Some(Box::new(std::iter::once(LabeledSpan::new(label, start, length))))
    }
}

pub(super) fn render(items: &[Diagnostic], sources: &[(Arc<str>, Arc<str>)], color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    let line_starts: BTreeMap<&str, Vec<usize>> = sources
        .iter()
        .map(|(name, text)| {
            let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            (&**name, std::iter::once(0).chain(starts).collect())
        })
        .collect();
    let texts: BTreeMap<&str, NamedText<'_>> = sources
        .iter()
        .filter_map(|(name, text)| {
            let line_starts = line_starts.get(&**name)?;
            Some((&**name, NamedText { name, text, line_starts }))
        })
        .collect();
    let mut drawn = String::new();
    for diagnostic in items {
        let source = texts.get(&*diagnostic.file);
        // Writing to a string cannot fail; a place that cannot be drawn is still told in words.
        if handler.render_report(&mut drawn, &Drawn { diagnostic, source }).is_err() {
            drawn.push_str(&diagnostic.to_string());
        }
        drawn.push('\n');
    }
    drawn
}
