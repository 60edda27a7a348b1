//! What does not stand in our files. Patterns are put together from pieces, so that this file obeys them.

use crate::tree::{assert_none, files, rust_files, text};

/// A file longer than this is split by use case.
const RUST_LINES_MAX: usize = 500;

/// A word as such, not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(inside) && !line[at + word.len()..].starts_with(inside))
}

/// Lines of a Rust file that are not only a comment, with their number.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim().starts_with("//"))
}

#[test]
fn nothing_is_unfinished() {
    let macros =
        [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("#[ig", "nore"), concat!("db", "g!(")];
    let words = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut found = Vec::new();
    for path in files().iter().filter(|path| !path.ends_with(".lock")) {
        let Some(text) = text(path) else { continue };
        for (index, line) in text.lines().enumerate() {
            let unfinished = path.ends_with(".rs") && macros.iter().any(|pattern| line.contains(pattern));
            if unfinished || words.iter().any(|word| has_word(line, word)) {
                found.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert_none("unfinished work:", &found);
}

#[test]
fn nothing_speaks_of_one_machine() {
    let patterns = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/tm", "p/t/"),
        concat!("crates", ".io"),
        concat!("py", "pi.org"),
        concat!("python", "hosted.org"),
        concat!("npm", "js.org"),
        concat!("proxy.go", "lang"),
        concat!("maven", ".org"),
    ];
    let mut found = Vec::new();
    // The lock file names the registry by its protocol, and cargo writes it.
    for path in files().iter().filter(|path| !path.ends_with(".lock")) {
        let Some(text) = text(path) else { continue };
        for (index, line) in text.lines().enumerate() {
            if patterns.iter().any(|pattern| line.contains(pattern)) {
                found.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert_none("paths of a machine, hosts of a registry:", &found);
}

#[test]
fn rust_files_are_short_and_clean() {
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        let count = text.lines().count();
        if count > RUST_LINES_MAX {
            found.push(format!("{path}: {count} lines, at most {RUST_LINES_MAX}: split it by use case"));
        }
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            found.push(format!("{path}: ends in exactly one line end"));
        }
        for (index, line) in text.lines().enumerate() {
            if line.contains('\t') || line.ends_with([' ', '\r']) {
                found.push(format!("{path}:{}: tab or trailing white space", index + 1));
            }
        }
    }
    assert_none("form of Rust files:", &found);
}

#[test]
fn modules_are_named_by_their_noun() {
    let homeless = ["mod.rs", "common.rs", "utils.rs", "util.rs", "helpers.rs", "misc.rs"];
    let found: Vec<String> = files()
        .iter()
        .filter(|path| path.rsplit('/').next().is_some_and(|name| homeless.contains(&name)))
        .cloned()
        .collect();
    assert_none("`foo.rs` with `foo/`, and no drawers for everything:", &found);
}

#[test]
fn every_rust_file_says_what_it_is() {
    let found: Vec<String> = rust_files()
        .filter(|(_, text)| !text.trim_start().starts_with("//!"))
        .map(|(path, _)| path.to_owned())
        .collect();
    assert_none("files without `//!` at the top:", &found);
}

#[test]
fn the_pure_core_touches_no_world_and_no_float() {
    let pure = ["crates/domain/src/", "crates/engine/src/", "crates/program/src/", "crates/receipt/src/"];
    let world = [
        "SystemTime",
        "Instant",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "println!",
        "eprintln!",
        "f32",
        "f64",
    ];
    let mut found = Vec::new();
    for (path, text) in rust_files().filter(|(path, _)| pure.iter().any(|folder| path.starts_with(folder))) {
        // The program is files, and one module reads them.
        let reads_files =
            path == "crates/program/src/load.rs" || path.starts_with("crates/program/src/load/");
        for (number, line) in code(&text) {
            for word in world
                .iter()
                .filter(|word| has_word(line, word.trim_end_matches('!')) && line.contains(**word))
            {
                if !(reads_files && *word == "std::fs") {
                    found.push(format!("{path}:{number}: {word}: {}", line.trim()));
                }
            }
        }
    }
    assert_none("the pure core is a function of values:", &found);
}
