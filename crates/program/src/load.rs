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
use crate::parse::{Parsed, SourceFile, parse};

/// The catalogue's name within a program's folder.
const CATALOGUE: &str = "catalogue.csv";

/// A program read from files.
#[derive(Debug)]
pub struct Loaded {
    /// The program.
    pub program: Program,
    /// Warnings alone.
    pub warnings: Diagnostics,
    /// The articles of `catalogue.csv` in the program's folder; none when there is no such file.
    pub catalogue: Option<CatalogueTable>,
    /// What was read: the texts of the program's files, in their order.
    pub files: Vec<SourceFile>,
}

/// Loads a program: one YAML file, or a folder with all of its `*.yaml` and `*.yml` files in the order of their names
/// and, if it is there, `catalogue.csv`. Folders within are not entered.
///
/// # Errors
/// Everything that is wrong, files that cannot be read among it.
pub fn load(path: &Path) -> Result<Loaded, Diagnostics> {
    let (paths, catalogue) = if path.is_dir() { folder(path)? } else { (vec![path.to_owned()], None) };
    let files = read_all(&paths)?;
    let Parsed { program, warnings } = parse(&files)?;
    let catalogue = match catalogue {
        None => None,
        Some(path) => {
            let file = File::open(&path).map_err(|error| whole_file(&path, &error))?;
            Some(CatalogueTable::read(&shown(&path), file, &program).map_err(|mut problems| {
                problems.append(warnings.clone());
                problems
            })?)
        }
    };
    Ok(Loaded { program, warnings, catalogue, files })
}

/// The program's files of a folder, and its catalogue.
fn folder(path: &Path) -> Result<(Vec<PathBuf>, Option<PathBuf>), Diagnostics> {
    let fail = |error| whole_file(path, &error);
    let mut paths = Vec::new();
    let mut catalogue = None;
    for entry in fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?.path();
        if entry.file_name() == Some(OsStr::new(CATALOGUE)) {
            catalogue = Some(entry);
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
    Ok((paths, catalogue))
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
    Diagnostics::new(
        vec![Diagnostic {
            severity: Severity::Error,
            code: code::UNREADABLE,
            message: format!("this cannot be read: {error}"),
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
