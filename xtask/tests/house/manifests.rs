//! Dependencies stand once, in the workspace, each with its reason.

use crate::tree::{assert_none, files, members, text};

/// The lines of a manifest with their table and number.
fn entries(manifest: &str) -> Vec<(String, usize, String)> {
    let text = text(manifest).unwrap_or_else(|| panic!("{manifest} is text"));
    let mut table = String::new();
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(name) = line.strip_prefix('[') {
            table = name.split(']').next().unwrap_or_default().to_owned();
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            entries.push((table.clone(), index + 1, line.to_owned()));
        }
    }
    entries
}

fn dependency_name(line: &str) -> &str {
    line.split(['=', '.', ' ']).next().unwrap_or_default()
}

#[test]
fn every_foreign_dependency_has_a_reason() {
    let found: Vec<String> = entries("Cargo.toml")
        .into_iter()
        .filter(|(table, _, line)| table == "workspace.dependencies" && !line.contains("path = "))
        .filter(|(_, _, line)| line.split_once(" # ").is_none_or(|(_, reason)| reason.len() <= 8))
        .map(|(_, number, line)| format!("Cargo.toml:{number}: {line}"))
        .collect();
    assert_none("a dependency says on its line why it is there:", &found);
}

#[test]
fn members_take_their_dependencies_from_the_workspace() {
    let mut found = Vec::new();
    for manifest in files().iter().filter(|path| path.ends_with("/Cargo.toml")) {
        for (table, number, line) in entries(manifest) {
            let spelled_out = !line.contains(".workspace = true") && !line.contains("workspace = true");
            if table.ends_with("dependencies") && line.contains('=') && spelled_out {
                found.push(format!("{manifest}:{number}: {line}"));
            }
        }
    }
    assert_none("a version or a path outside the root manifest:", &found);
}

#[test]
fn nothing_in_the_workspace_table_is_unused() {
    let found: Vec<String> = entries("Cargo.toml")
        .into_iter()
        .filter(|(table, _, _)| table == "workspace.dependencies")
        .filter(|(_, _, line)| {
            let name = dependency_name(line);
            !members().iter().any(|member| member.dependencies.iter().any(|d| d.name == name))
        })
        .map(|(_, number, line)| format!("Cargo.toml:{number}: {line}"))
        .collect();
    assert_none("dependencies that no member uses:", &found);
}

#[test]
fn every_member_takes_the_lints_of_the_workspace() {
    let found: Vec<&String> = files()
        .iter()
        .filter(|path| path.ends_with("/Cargo.toml"))
        .filter(|path| !text(path).is_some_and(|text| text.contains("[lints]\nworkspace = true")))
        .collect();
    assert!(found.is_empty(), "without the lints of the workspace: {found:?}");
}
