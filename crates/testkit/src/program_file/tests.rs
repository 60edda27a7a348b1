//! Programs written and read again.

use std::collections::BTreeMap;

use suanpan_program::model::Program;
use suanpan_program::{Diagnostics, Severity, SourceFile, parse};

use crate::generate::{Scenario, Size};

/// The first error, without where it stands.
fn first_error(problems: &Diagnostics) -> String {
    let error = problems.iter().find(|problem| problem.severity == Severity::Error);
    error.map_or_else(String::new, |error| format!("{} {}", error.code, error.message))
}

#[test]
fn a_program_written_and_read_again_is_the_same() {
    // Each kind of refusal with its first seed.
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..2_000 {
        let size = if seed % 2 == 0 { Size::USUAL } else { Size::SMALL };
        let program = Scenario::of_seed(seed, size).program;
        let text = super::write(&program);
        match parse(&[SourceFile::new("program.yaml", text.as_str())]) {
            Ok(read) => {
                let read = Program { version: program.version.clone(), ..read.program };
                assert_eq!(read.offers, program.offers, "seed {seed}\n{text}");
                assert_eq!(read, program, "seed {seed}\n{text}");
            }
            Err(problems) => {
                refused.entry(first_error(&problems)).or_insert(seed);
            }
        }
    }
    assert!(refused.is_empty(), "what was written is refused: {refused:#?}");
}
