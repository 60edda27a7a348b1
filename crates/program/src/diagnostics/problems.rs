//! Problems as they are found, and how they become diagnostics with lines and paths.

use std::sync::Arc;

use super::{Diagnostic, Severity};
use crate::SourceFile;
use crate::code;
use crate::yaml::{Document, Flaw, Kind, Spot};

/// Problems that are shown; of what goes on beyond it nobody reads more, and memory stays bounded.
pub(crate) const DIAGNOSTICS_MAX: usize = 1_000;
/// Candidates that a misspelt word is compared with.
const CANDIDATES_MAX: usize = 2_000;
/// Characters of the program's own text that a message repeats.
const QUOTE_CHARS_MAX: usize = 60;

struct Problem {
    severity: Severity,
    code: &'static str,
    message: String,
    hint: Option<String>,
    file: u16,
    range: (usize, usize),
    node: Option<u32>,
}

/// Collects what is found while reading.
#[derive(Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    /// Found and not kept.
    more: usize,
    errors: usize,
}

impl Problems {
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether what is found from now on is only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= DIAGNOSTICS_MAX
    }

    /// Where the errors stand; none when not all are known by their nodes.
    pub(crate) fn error_spots(&self) -> Option<Vec<Spot>> {
        if self.more > 0 {
            return None;
        }
        let errors = self.found.iter().filter(|problem| problem.severity == Severity::Error);
        errors.map(|problem| Some(Spot { file: problem.file, node: problem.node? })).collect()
    }

    /// Whether a problem of this code was told of a place.
    pub(crate) fn is_told(&self, code: &'static str, spot: Spot) -> bool {
        let same = |problem: &Problem| (problem.file, problem.node) == (spot.file, Some(spot.node));
        self.found.iter().any(|problem| problem.code == code && same(problem))
    }

    fn push(&mut self, problem: Problem) {
        self.errors += usize::from(problem.severity == Severity::Error);
        if self.found.len() < DIAGNOSTICS_MAX {
            self.found.push(problem);
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn at(
        &mut self,
        documents: &[Document],
        severity: Severity,
        code: &'static str,
        spot: Spot,
        message: String,
        hint: Option<String>,
    ) {
        let range = documents
            .iter()
            .find(|document| document.file == spot.file)
            .map_or((0, 0), |document| document.range(spot.node));
        let node = Some(spot.node);
        self.push(Problem { severity, code, message, hint, file: spot.file, range, node });
    }

    pub(crate) fn flaw(&mut self, file: u16, flaw: Flaw) {
        let Flaw { code, message, hint, start, end } = flaw;
        let hint = Some(hint.to_owned());
        self.push(Problem {
            severity: Severity::Error,
            code,
            message,
            hint,
            file,
            range: (start, end),
            node: None,
        });
    }

    /// Sorts by place and works out lines, columns and paths.
    pub(crate) fn finish(mut self, documents: &[Document], files: &[SourceFile]) -> Vec<Diagnostic> {
        self.found.sort_by_key(|problem| (problem.file, problem.range.0));
        // What is said of a program without files stands in none of them.
        let nothing = SourceFile::new("program", "");
        let mut place = Place::default();
        let mut paths = Paths::default();
        let mut items: Vec<Diagnostic> = Vec::with_capacity(self.found.len() + 1);
        for problem in self.found {
            let SourceFile { name, text } = files.get(usize::from(problem.file)).unwrap_or(&nothing);
            let (line, column) = place.of(problem.file, text, problem.range.0);
            let document = documents.iter().find(|document| document.file == problem.file);
            let path = match (document, problem.node) {
                (Some(document), Some(node)) => paths.of(document, node),
                _ => String::new(),
            };
            items.push(Diagnostic {
                severity: problem.severity,
                code: problem.code,
                message: problem.message,
                hint: problem.hint,
                file: Arc::clone(name),
                line,
                column,
                span: problem.range.0..problem.range.1,
                path,
            });
        }
        if self.more > 0
            && let Some(last) = items.last()
        {
            let more = Diagnostic {
                code: code::MORE,
                message: format!("{} more problems are not shown", self.more),
                hint: Some("mend these first".to_owned()),
                path: String::new(),
                ..last.clone()
            };
            items.push(more);
        }
        items
    }
}

/// Counts lines and columns forward, each byte of a file once.
#[derive(Default)]
struct Place {
    file: u16,
    at: usize,
    line: usize,
    line_start: usize,
}

impl Place {
    fn of(&mut self, file: u16, text: &str, offset: usize) -> (usize, usize) {
        if file != self.file || offset < self.at {
            *self = Place { file, ..Place::default() };
        }
        let offset = offset.min(text.len());
        for (index, byte) in text.as_bytes()[self.at..offset].iter().enumerate() {
            if *byte == b'\n' {
                self.line += 1;
                self.line_start = self.at + index + 1;
            }
        }
        self.at = offset;
        let column = text.get(self.line_start..offset).map_or(0, |before| before.chars().count());
        (self.line + 1, column + 1)
    }
}

/// Finds the way from the root to a node. Remembers where it was in the last long list, so that a thousand problems of
/// one list do not walk it a thousand times.
#[derive(Default)]
struct Paths {
    file: u16,
    list: u32,
    child: u32,
    position: usize,
}

impl Paths {
    fn of(&mut self, document: &Document, target: u32) -> String {
        let mut path = String::new();
        let mut at = document.root_above(target);
        while at < target {
            let node = document.node(at);
            let next = match node.kind() {
                Kind::Scalar => break,
                Kind::Sequence => {
                    let resumed = self.file == document.file && self.list == at && self.child <= target;
                    let (mut child, mut position) =
                        if resumed && self.child > at { (self.child, self.position) } else { (at + 1, 0) };
                    while document.after(child) <= target {
                        child = document.after(child);
                        position += 1;
                    }
                    *self = Paths { file: document.file, list: at, child, position };
                    // Where items were left out, those behind them have no number that could be told.
                    let counted = document.root_above(at) == 0 || path.contains(['.', '[']);
                    path.push_str(&if counted { format!("[{position}]") } else { "[…]".to_owned() });
                    child
                }
                Kind::Mapping => {
                    let mut key = at + 1;
                    let mut value = document.after(key);
                    while document.after(value) <= target {
                        key = document.after(value);
                        value = document.after(key);
                    }
                    let name = document.node(key).text().unwrap_or("?");
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.extend(name.chars().take(QUOTE_CHARS_MAX));
                    if target < value {
                        break;
                    }
                    value
                }
            };
            at = next;
        }
        path
    }
}

/// The candidate that a misspelt word probably meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().take(QUOTE_CHARS_MAX).collect();
    let allowed = (letters.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .take(CANDIDATES_MAX)
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= 3 * allowed)
        .map(|candidate| (distance(&letters, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letters to change, add, remove or swap with their neighbour.
fn distance(word: &[char], candidate: &str) -> usize {
    let other: Vec<char> = candidate.chars().take(2 * QUOTE_CHARS_MAX).collect();
    let width = other.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (row, letter) in word.iter().enumerate() {
        let mut current = vec![row + 1; width];
        for column in 1..width {
            let differs = usize::from(!letter.eq_ignore_ascii_case(&other[column - 1]));
            let mut best = (last[column] + 1).min(current[column - 1] + 1).min(last[column - 1] + differs);
            let swapped =
                row > 0 && column > 1 && *letter == other[column - 2] && word[row - 1] == other[column - 1];
            if swapped {
                best = best.min(before[column - 2] + 1);
            }
            current[column] = best;
        }
        before = std::mem::replace(&mut last, current);
    }
    last[width - 1]
}

/// Text of the program as messages repeat it: quoted and cut.
pub(crate) fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let shown: String = chars.by_ref().take(QUOTE_CHARS_MAX).flat_map(char::escape_debug).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        let keys = ["percent_off", "amount_off", "unit_price", "cap"];
        for (word, meant) in [
            ("percent_of", Some("percent_off")),
            ("precent_off", Some("percent_off")),
            ("Cap", Some("cap")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), meant, "{word}");
        }
    }
}
