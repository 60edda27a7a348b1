//! `ARCHITECTURE.md` and `README.md` are maps: what they name exists, and every room is on the map.

use crate::tree::{assert_none, folder, members, root, text};

/// Words in back quotes, with the number of their line; fenced blocks are not prose.
fn quoted(document: &str) -> Vec<(usize, String)> {
    let text = text(document).unwrap_or_else(|| panic!("{document} is text"));
    let mut fenced = false;
    let mut words = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            words.extend(line.split('`').skip(1).step_by(2).map(|word| (index + 1, word.to_owned())));
        }
    }
    words
}

/// Whether a quoted word speaks of a path in the repository: a folder with its closing slash, something
/// with a slash inside, or a file name with an extension that we use.
fn is_path(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let known = [".md", ".toml", ".rs", ".yaml", ".yml", ".json", ".proto", ".csv", ".lock", ".py"];
    plain && !word.starts_with('/') && (word.contains('/') || known.iter().any(|end| word.ends_with(end)))
}

#[test]
fn every_path_on_the_map_exists() {
    for document in ["ARCHITECTURE.md", "README.md"] {
        let missing: Vec<String> = quoted(document)
            .into_iter()
            .filter(|(_, word)| is_path(word) && !root().join(word).exists())
            .map(|(line, word)| format!("{document}:{line}: {word}"))
            .collect();
        assert_none("the map names what does not exist:", &missing);
    }
}

#[test]
fn every_member_is_on_the_map() {
    let named = quoted("ARCHITECTURE.md");
    let missing: Vec<String> = members()
        .into_iter()
        .map(|member| format!("{}/", folder(member)))
        .filter(|room| !named.iter().any(|(_, word)| word == room))
        .collect();
    assert_none("ARCHITECTURE.md does not describe these members:", &missing);
}

#[test]
fn the_map_says_what_is_absent() {
    let text = text("ARCHITECTURE.md").expect("the map is text");
    let invariants = text.matches("**Invariant:**").count();
    assert!(invariants >= members().len(), "{invariants} invariants for {} rooms", members().len());
}
