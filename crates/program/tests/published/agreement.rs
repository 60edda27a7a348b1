//! Proves that the schema and the reader agree.

use std::fs;

use suanpan_program::{SourceFile, parse, schema};

use crate::json::read;
use crate::pages::{examples, folder, framed};

/// Programs that load: those of the tests and those of the documentation.
fn good() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder("tests/programs")).unwrap() {
        let path = entry.unwrap().path();
        texts.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
    }
    texts.extend(examples().into_iter().map(|(name, text)| (name, framed(&text))));
    texts
}

#[test]
fn what_loads_is_valid() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, text) in good() {
        let errors: Vec<String> = validator
            .iter_errors(&read(&text))
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}\n{text}");
    }
}

/// `promotions[2].effect.cap` as the schema's validator writes it.
fn pointer(path: &str) -> String {
    let slashed = path.replace(['[', '.'], "/").replace(']', "");
    if slashed.is_empty() { slashed } else { format!("/{slashed}") }
}

#[test]
fn what_is_wrong_in_structure_is_invalid() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let cases = fs::read_to_string(folder("tests/wrong.txt")).unwrap();
    let mut count = 0;
    let mut accepted = String::new();
    for case in cases.split("\n=== ").skip(1) {
        let (title, text) = case.split_once('\n').unwrap();
        if !title.ends_with("[schema]") {
            continue;
        }
        let text = framed(text);
        let problems = parse(&[SourceFile::new("wrong.yaml", text.clone())]).unwrap_err();
        let invalid: Vec<String> =
            validator.iter_errors(&read(&text)).map(|error| error.instance_path().to_string()).collect();
        // References and decimals of the currency are nothing that a schema could know.
        for problem in problems.iter().filter(|problem| problem.code < "P028" && problem.code != "P021") {
            count += 1;
            let pointer = pointer(&problem.path);
            let found = invalid.iter().any(|path| {
                let above =
                    pointer.starts_with(path.as_str()) && (!path.is_empty() || !pointer[1..].contains('/'));
                above || path.starts_with(&pointer)
            });
            if !found {
                accepted += &format!("{title}: {problem}\n");
            }
        }
    }
    assert!(accepted.is_empty(), "the schema accepts:\n{accepted}");
    assert!(count > 80, "only {count} mistakes are about structure");
}

#[test]
fn the_published_schema_is_current() {
    let path = folder("../../docs/program.schema.json");
    let current = format!("{:#}\n", schema());
    if std::env::var_os("SUANPAN_WRITE_SCHEMA").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == current,
        "docs/program.schema.json is not what the types say; write it anew with\n  \
         SUANPAN_WRITE_SCHEMA=1 cargo test -p suanpan-program --test published the_published_schema_is_current"
    );
}
