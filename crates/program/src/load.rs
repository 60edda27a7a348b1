//! Reading a program from files: the only place of this crate that opens any.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use suanpan_domain::limits::PROGRAM_BYTES_MAX;

use crate::catalogue::CatalogueTable;
use crate::code;
use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::model::Program;
use crate::parse::{Parsed, SourceFile, parse_as_far};

/// The catalogue's possible names within a program's folder.
const CATALOGUES: [&str; 2] = ["catalogue.csv", "catalogue.parquet"];
/// What a file in Parquet begins with; builds that read none know it too.
const PARQUET_MAGIC: &[u8; 4] = b"PAR1";

/// A program read from files.
#[derive(Debug)]
pub struct Loaded {
    /// The program.
    pub program: Program,
    /// Warnings alone.
    pub warnings: Diagnostics,
    /// The articles of the catalogue; none when there is no such file.
    pub catalogue: Option<CatalogueTable>,
    /// What was read: the texts of the program's files, in their order.
    pub files: Vec<SourceFile>,
}

/// Loads a program: one YAML file, or a folder with all of its `*.yaml` and `*.yml` files in the order of their names
/// and, if it is there, `catalogue.csv` or `catalogue.parquet`. Folders within are not entered.
///
/// # Errors
/// Everything that is wrong, files that cannot be read among it.
pub fn load(path: &Path) -> Result<Loaded, Diagnostics> {
    load_with(path, None)
}

/// As [`load`], with the catalogue of another place, where one is named; what stands in the folder is not read then.
///
/// # Errors
/// Everything that is wrong, files that cannot be read among it.
pub fn load_with(path: &Path, catalogue: Option<&Path>) -> Result<Loaded, Diagnostics> {
    let (paths, beside) = if path.is_dir() { folder(path)? } else { (vec![path.to_owned()], Vec::new()) };
    let files = read_all(&paths)?;
    let beside = match (catalogue, beside.as_slice()) {
        (None, []) => Ok(None),
        (Some(path), _) => Ok(Some(path)),
        (None, [one]) => Ok(Some(one.as_path())),
        (None, _) => {
            let message = format!("this folder holds {}: which is it?", CATALOGUES.join(" and "));
            Err(about_file(path, message, Some("keep one of them")))
        }
    };
    let Parsed { program, warnings } = match parse_as_far(&files) {
        Ok(parsed) => parsed,
        Err((mut problems, program)) => {
            let read = match (beside, program) {
                (Ok(Some(path)), Some(program)) if !decides_articles(&problems) => {
                    read_catalogue(path, &program).map(|_| ())
                }
                (Err(unclear), _) => Err(unclear),
                (Ok(_), _) => Ok(()),
            };
            read.err().into_iter().for_each(|more| problems.append(more));
            return Err(problems);
        }
    };
    let read = match beside {
        Ok(None) => return Ok(Loaded { program, warnings, catalogue: None, files }),
        Ok(Some(path)) => read_catalogue(path, &program),
        Err(unclear) => Err(unclear),
    };
    match read {
        Ok(table) => Ok(Loaded { program, warnings, catalogue: Some(table), files }),
        Err(mut problems) => {
            problems.append(warnings);
            Err(problems)
        }
    }
}

/// Whether what is wrong with a program may be why its articles seem wrong.
fn decides_articles(problems: &Diagnostics) -> bool {
    problems.iter().any(|problem| {
        let key = problem.path.split(['.', '[']).next().unwrap_or_default();
        problem.severity == Severity::Error && matches!(key, "" | "tax" | "currency")
    })
}

/// Reads a catalogue: Parquet where it begins as such a file does, CSV otherwise, whatever it is called.
fn read_catalogue(path: &Path, program: &Program) -> Result<CatalogueTable, Diagnostics> {
    let fail = |error: io::Error| whole_file(path, &error);
    let mut file = File::open(path).map_err(fail)?;
    let mut first = Vec::new();
    (&mut file).take(PARQUET_MAGIC.len() as u64).read_to_end(&mut first).map_err(fail)?;
    if first != PARQUET_MAGIC {
        return CatalogueTable::read(&shown(path), first.as_slice().chain(file), program);
    }
    #[cfg(feature = "parquet")]
    return CatalogueTable::read_parquet(&shown(path), file, program);
    #[cfg(not(feature = "parquet"))]
    Err(about_file(
        path,
        "this is a Parquet file, and this build reads none".to_owned(),
        Some("build with the feature `parquet`, or write the catalogue as CSV"),
    ))
}

/// The program's files of a folder, and its catalogues.
fn folder(path: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Diagnostics> {
    let fail = |error| whole_file(path, &error);
    let mut paths = Vec::new();
    let mut catalogues = Vec::new();
    for entry in fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?.path();
        if CATALOGUES.iter().any(|name| entry.file_name() == Some(OsStr::new(name))) {
            catalogues.push(entry);
        } else if entry.is_file() && matches!(entry.extension().and_then(OsStr::to_str), Some("yaml" | "yml"))
        {
            paths.push(entry);
        }
    }
    if paths.is_empty() {
        let error = io::Error::new(io::ErrorKind::NotFound, "no *.yaml or *.yml file is in this folder");
        return Err(whole_file(path, &error));
    }
    paths.sort();
    Ok((paths, catalogues))
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<SourceFile>, Diagnostics> {
    let mut files = Vec::with_capacity(paths.len());
    let mut problems = Diagnostics::default();
    // One byte more than is allowed is enough to refuse the program, however large its files are.
    let mut left = PROGRAM_BYTES_MAX as u64 + 1;
    for path in paths {
        match read(path, left) {
            Ok(text) => {
                left -= text.len() as u64;
                files.push(SourceFile::new(shown(path), text));
            }
            Err(error) => problems.append(whole_file(path, &error)),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

fn read(path: &Path, at_most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(at_most).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        // A letter that the limit cut in two is no letter's fault.
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8 on line {line}"))
    })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn whole_file(path: &Path, error: &io::Error) -> Diagnostics {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => Some("check the path"),
        io::ErrorKind::PermissionDenied => Some("check who may read it"),
        io::ErrorKind::InvalidData => Some("save the file as UTF-8"),
        _ => None,
    };
    about_file(path, format!("this cannot be read: {error}"), hint)
}

fn about_file(path: &Path, message: String, hint: Option<&str>) -> Diagnostics {
    Diagnostics::new(
        vec![Diagnostic {
            severity: Severity::Error,
            code: code::UNREADABLE,
            message,
            hint: hint.map(str::to_owned),
            file: shown(path).into(),
            line: 0,
            column: 0,
            span: 0..0,
            path: String::new(),
        }],
        &[],
    )
}
