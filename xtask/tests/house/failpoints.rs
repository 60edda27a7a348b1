//! Places at which a test may stop a call: each has a name of its own, and a test that stops there.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{assert_none, rust_files};

/// What names a place in a source.
const MACROS: [&str; 2] = ["between!(\"", "may_fail!(\""];

/// What stands between `before` and the next quote, wherever that is.
fn quoted<'t>(text: &'t str, before: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once('"')).map(|(name, _)| name)
}

#[test]
fn every_place_that_a_call_may_stop_at_is_stopped_at() {
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (path, text) in rust_files().filter(|(path, _)| !path.starts_with("xtask/")) {
        if path.contains("/src/") {
            for name in MACROS.iter().flat_map(|before| quoted(&text, before)) {
                places.entry(name.to_owned()).or_default().push(path);
            }
        }
    }
    let kinds: BTreeSet<&str> =
        places.keys().filter_map(|name| name.split_once('/')).map(|(kind, _)| kind).collect();
    assert!(places.len() > 40 && kinds.len() > 1, "the places are found: {places:?}");
    for (path, text) in
        rust_files().filter(|(path, _)| path.contains("/tests/") && !path.starts_with("xtask/"))
    {
        for kind in &kinds {
            for rest in quoted(&text, &format!("\"{kind}/")) {
                named.entry(format!("{kind}/{rest}")).or_default().push(path);
            }
        }
    }
    let mut found = Vec::new();
    for (name, paths) in &places {
        if paths.len() > 1 {
            found.push(format!("{name}: in {}", paths.join(" and ")));
        }
        if !named.contains_key(name) {
            found.push(format!("{}: no test stops at {name}", paths[0]));
        }
    }
    for (name, paths) in &named {
        if !places.contains_key(name) {
            found.push(format!("{}: there is no {name}", paths[0]));
        }
    }
    assert_none("places that no test stops at, that are not there, or that share a name:", &found);
}
