//! Runs every case file of `tests/cases/`: see `docs/cases.md` for their form.
//!
//! `cargo test -p suanpan-engine --test cases -- E21 W1` runs the cases whose id contains one of the words.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use suanpan_domain::Quote;
use suanpan_engine::{Scratch, compile};
use suanpan_program::{Severity, SourceFile};
use suanpan_testkit::cases::{self, Answer, Case, Mismatch, Variant};

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut run = Run::default();
    for path in case_files(&folder) {
        run.file(&path, &wanted);
    }
    if wanted.is_empty() {
        run.every_rule_has_a_case();
    }
    run.finish(wanted.is_empty())
}

/// The case files in the order of their names. An unreadable folder is a failure, not an empty table.
fn case_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder that can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "json"))
        .collect();
    paths.sort();
    paths
}

#[derive(Default)]
struct Run {
    files: usize,
    cases: usize,
    baskets: usize,
    /// Where each id stands; ids are unique over all files.
    ids: BTreeMap<String, String>,
    failures: Vec<String>,
    scratch: Scratch,
    quote: Quote,
}

impl Run {
    fn file(&mut self, path: &Path, wanted: &[String]) {
        self.files += 1;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let cases = match cases::read(&text) {
            Ok(cases) => cases,
            Err(problems) => {
                let list: String = problems.iter().fold(String::new(), |mut list, problem| {
                    let _ = writeln!(list, "{name}: {problem}");
                    list
                });
                self.failures.push(list);
                return;
            }
        };
        for case in &cases {
            if let Some(earlier) = self.ids.insert(case.id.clone(), name.clone()) {
                self.failures.push(format!("{name}: the id {} stands in {earlier} too\n", case.id));
            }
            if wanted.is_empty() || wanted.iter().any(|word| case.id.contains(word.as_str())) {
                self.case(&name, case);
            }
        }
    }

    fn case(&mut self, file: &str, case: &Case) {
        self.cases += 1;
        for variant in &case.variants {
            self.baskets += 1;
            if let Err(report) = self.variant(variant) {
                let name =
                    if variant.name.is_empty() { String::new() } else { format!(" ({})", variant.name) };
                self.failures.push(format!(
                    "{}{name} at {file}:{}\n  {}\n{report}",
                    case.id, variant.line, case.shows
                ));
            }
        }
    }

    /// Prices one basket; what is wrong, or nothing.
    fn variant(&mut self, variant: &Variant) -> Result<(), String> {
        let file = SourceFile::new("program", variant.program.as_str());
        let program = match (suanpan_program::parse(&[file]), variant.diagnostics_expected()) {
            (Ok(parsed), None) => parsed.program,
            (Ok(_), Some(codes)) => {
                return Err(format!("  the program should have the errors {}\n", codes.join(", ")));
            }
            (Err(problems), Some(codes)) => {
                let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
                let got: Vec<&str> = errors.map(|problem| problem.code).collect();
                return if got == codes {
                    Ok(())
                } else {
                    let list: String = problems.iter().map(|problem| format!("  {problem}\n")).collect();
                    Err(format!("  the program should have the errors {}, it has\n{list}", codes.join(", ")))
                };
            }
            (Err(problems), None) => {
                let list: String = problems.iter().map(|problem| format!("  {problem}\n")).collect();
                return Err(format!("{list}{}", numbered(&variant.program)));
            }
        };
        let listed = |problems: Vec<cases::Problem>| {
            problems.iter().map(|problem| format!("  {problem}\n")).collect::<String>()
        };
        let presented = variant.presented(&program).map_err(listed)?;
        let compiled = compile(&program).map_err(|problems| {
            problems.iter().map(|problem| format!("  {problem}\n")).collect::<String>()
        })?;
        let (member, usage) = (presented.member.as_ref(), presented.usage.as_ref());
        compiled.quote_with_near_misses(&presented.basket, member, usage, &mut self.scratch, &mut self.quote);
        let answer = Answer {
            program: compiled.program(),
            book: compiled.offers(),
            basket: &presented.basket,
            member,
            quote: &self.quote,
        };
        let mismatches = variant.mismatches(&answer).map_err(listed)?;
        if mismatches.is_empty() {
            return Ok(());
        }
        Err(format!("{}{}", table(&mismatches), cases::receipt(&answer)))
    }

    /// Each numbered rule of `docs/pricing.md` is shown by a case of its number: rule 7 by `P07` or `P07-something`.
    fn every_rule_has_a_case(&mut self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pricing.md");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("docs/pricing.md: {error}"));
        // A member's account is shown by the ledger's own tables.
        let pricing = text.lines().take_while(|line| !line.starts_with("## 8. A member's account"));
        let numbers = pricing.filter_map(|line| line.split_once(". ")?.0.parse::<u32>().ok());
        for id in numbers.map(|number| format!("P{number:02}")) {
            let shows = |known: &String| {
                known.strip_prefix(&id).is_some_and(|rest| !rest.starts_with(char::is_numeric))
            };
            if !self.ids.keys().any(shows) {
                self.failures.push(format!("docs/pricing.md has a rule without a case: {id}\n"));
            }
        }
    }

    fn finish(self, all: bool) -> ExitCode {
        for failure in &self.failures {
            eprintln!("\n{failure}");
        }
        let Run { files, cases, baskets, failures, .. } = self;
        println!("{cases} cases with {baskets} baskets in {files} files, {} wrong", failures.len());
        if failures.is_empty() && (cases > 0 || !all) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// What differs, in columns.
fn table(mismatches: &[Mismatch]) -> String {
    let width = |of: fn(&Mismatch) -> &str, least: usize| {
        mismatches.iter().map(|mismatch| of(mismatch).chars().count()).max().unwrap_or(0).max(least)
    };
    let field = width(|mismatch| &mismatch.field, 5);
    let expected = width(|mismatch| &mismatch.expected, 8);
    let mut out = format!("  {:field$}  {:expected$}  got\n", "", "expected");
    for mismatch in mismatches {
        let _ =
            writeln!(out, "  {:field$}  {:expected$}  {}", mismatch.field, mismatch.expected, mismatch.got);
    }
    out
}

/// A program with line numbers, as its diagnostics name them.
fn numbered(program: &str) -> String {
    program.lines().enumerate().map(|(index, line)| format!("  {:>4} | {line}\n", index + 1)).collect()
}
