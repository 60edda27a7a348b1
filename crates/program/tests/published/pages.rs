//! The page that documents program files, and its examples.

use std::path::{Path, PathBuf};

/// A path from the crate's folder.
pub(crate) fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The page that documents program files.
pub(crate) fn page() -> String {
    std::fs::read_to_string(folder("../../docs/program.md")).unwrap()
}

/// The examples of the page, each with its number.
pub(crate) fn examples() -> Vec<(String, String)> {
    let page = page();
    let blocks =
        page.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap_or_default().to_owned());
    blocks
        .enumerate()
        .map(|(index, text)| (format!("docs/program.md, example {}", index + 1), text))
        .collect()
}

/// An example with what the page says of those without `program`.
pub(crate) fn framed(text: &str) -> String {
    let mut framed = text.to_owned();
    if text.lines().any(|line| line.starts_with("program:")) {
        return framed;
    }
    for (key, line) in [
        ("program:", "program: page\ncurrency: CNY\nengine_edition: 1"),
        ("tiers:", "tiers: [{ id: ordinary }, { id: silver }, { id: gold }]"),
        ("stores:", "stores: [{ id: s1, groups: [city] }, { id: s2 }]"),
        ("points:", "points: { earn: { per: 1.00 } }"),
    ] {
        if !text.lines().any(|text| text.starts_with(key)) {
            framed += line;
            framed.push('\n');
        }
    }
    framed
}
