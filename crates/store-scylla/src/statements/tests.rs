//! Reads every CQL text: those of a running store by their names, all others where they stand in the sources.

use std::path::Path;

use super::*;

/// Spelled as one of the two servers alone spells it, or means something else there.
const ALONE: [&str; 13] = [
    "USING TIMEOUT",
    "BYPASS CACHE",
    "PER PARTITION",
    "ALLOW FILTERING",
    "LIKE ",
    "MATERIALIZED",
    "GROUP BY",
    "mintimeuuid",
    "maxwritetime",
    "BETWEEN",
    "CONTAINS",
    "+=",
    "counter",
];

#[test]
fn both_servers_take_every_statement() {
    for (name, kind, text) in TEXTS {
        for word in ALONE {
            assert!(!text.contains(word), "{name}: {word}");
        }
        let writes = ["UPDATE ", "INSERT ", "DELETE "].iter().any(|start| text.starts_with(start));
        assert_eq!(writes, matches!(kind, Kind::Plain | Kind::Conditional), "{name}");
        // The table has a time to live where rows end by themselves; a statement never says it.
        assert!(!text.contains("USING"), "{name}: neither TTL nor timestamp");
    }
}

#[test]
fn every_table_says_its_keyspace() {
    for (name, _, text) in TEXTS {
        let text = in_keyspace("shop", text);
        let own = ["FROM shop.", "FROM system.", "UPDATE shop.", "INSERT INTO shop."];
        assert!(own.iter().any(|word| text.contains(word)), "{name}: {text}");
    }
}

#[test]
fn conditional_statements_are_conditional_and_delete_nothing() {
    // The others of a batch whose first statement has the condition.
    let of_a_batch = ["put_event", "name_event"];
    for (name, kind, text) in TEXTS {
        let conditional = text.contains(" IF ");
        let expected = *kind == Kind::Conditional && !of_a_batch.contains(name);
        assert_eq!(conditional, expected, "{name}: {text}");
        // A row that one statement deletes and writes lives on one server and dies on the other.
        assert!(!conditional || !text.contains("DELETE"), "{name}");
    }
}

#[test]
fn what_decides_is_only_written_conditionally() {
    for (name, kind, text) in TEXTS {
        for table in [
            "{table}",
            "member",
            "meta",
            "limit_shard",
            "limit_campaign",
            "activation",
            "lookup",
            "position",
            "lease",
        ] {
            let writes =
                [format!("UPDATE {table} "), format!("INSERT INTO {table} "), format!("FROM {table} ")];
            let writes = writes[..2].iter().any(|start| text.contains(start))
                || (text.starts_with("DELETE") && text.contains(&writes[2]));
            assert!(!writes || *kind == Kind::Conditional, "{name} writes {table}");
        }
    }
}

/// Texts that stand in the sources outside of [`statements!`], with their file: what brings a keyspace up to date is said once
/// and is never prepared. Tests' own are left out.
fn elsewhere() -> Vec<(String, String)> {
    fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
        for file in std::fs::read_dir(folder).expect("a folder") {
            let path = file.expect("a file").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&source, &mut files);
    let mut found = Vec::new();
    for path in files.iter().filter(|path| !path.starts_with(source.join("statements"))) {
        let name = path.strip_prefix(&source).expect("below it").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a source");
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for literal in line.split('"').skip(1).step_by(2) {
                let verbs = [
                    "SELECT ",
                    "INSERT ",
                    "UPDATE ",
                    "DELETE ",
                    "BEGIN ",
                    "CREATE ",
                    "ALTER ",
                    "DROP ",
                    "TRUNCATE ",
                    "USE ",
                ];
                if verbs.iter().any(|verb| literal.starts_with(verb) && literal.len() > verb.len()) {
                    found.push((name.clone(), literal.to_owned()));
                }
            }
        }
    }
    found.retain(|(name, _)| name != "statements.rs");
    found
}

#[test]
fn what_brings_a_keyspace_up_to_date_is_read_too() {
    let texts = elsewhere();
    let schema = texts.iter().filter(|(file, _)| file == "schema.rs" || file == "schema/change.rs").count();
    assert!(schema >= 7, "the texts are found: {texts:?}");
    for (file, text) in &texts {
        assert!(file.starts_with("schema"), "{file} has a text of its own: {text}");
        for word in ALONE {
            assert!(!text.contains(word), "{text}: {word}");
        }
        assert!(!text.contains(" USING "), "{text}: neither TTL nor timestamp");
        let writes = ["UPDATE ", "INSERT ", "DELETE ", "BEGIN "].iter().any(|start| text.starts_with(start));
        // What the store says of itself is all that is written here.
        assert!(!writes || text.contains(" meta ") && text.contains(" IF "), "{text}");
        assert!(!text.starts_with("DELETE ") && !text.starts_with("DROP "), "{text}");
        let made = text.strip_prefix("CREATE ");
        assert!(made.is_none_or(|made| made.contains(" IF NOT EXISTS ")), "{text}: may run twice");
    }
    let emptied: Vec<&str> = texts.iter().filter_map(|(_, text)| text.strip_prefix("TRUNCATE ")).collect();
    assert_eq!(emptied, ["feed"], "nothing that decides is emptied");
}
