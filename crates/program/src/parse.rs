//! From the texts of a program's files to the program, or to everything that is wrong with them.

use std::sync::Arc;

use suanpan_domain::limits::PROGRAM_BYTES_MAX;

use crate::code;
use crate::diagnostics::{Diagnostics, Problems};
use crate::file::ProgramFile;
use crate::lower;
use crate::model::Program;
use crate::read::{Context, FromNode};
use crate::version;
use crate::yaml::{Document, Flaw};

/// Files that a program may be split into.
const FILES_MAX: usize = 1_000;

/// One file of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name as diagnostics show it.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

impl SourceFile {
    /// A file of that name and text.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// A program that can be used, and what is odd about it.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The program.
    pub program: Program,
    /// Warnings alone.
    pub warnings: Diagnostics,
}

/// Reads the files of one program: lists of several files are put together in the order of the files, anything else
/// stands once. A function of its input alone; any bytes are an error at worst.
///
/// # Errors
/// Everything that is wrong, in the order of the text, warnings among it.
pub fn parse(files: &[SourceFile]) -> Result<Parsed, Diagnostics> {
    parse_as_far(files).map_err(|(problems, _)| problems)
}

/// As [`parse`]; of a program with errors also what could be read of it, for what else is wrong.
pub(crate) fn parse_as_far(files: &[SourceFile]) -> Result<Parsed, (Diagnostics, Option<Box<Program>>)> {
    let mut problems = Problems::default();
    let mut documents = Vec::new();
    let whole_file = |code, message, hint| Flaw { code, message, hint, start: 0, end: 0 };
    let bytes = files.iter().map(|file| file.text.len()).sum::<usize>();
    if bytes > PROGRAM_BYTES_MAX || files.len() > FILES_MAX {
        let message = if bytes > PROGRAM_BYTES_MAX {
            format!("the program has {bytes} bytes, at most {PROGRAM_BYTES_MAX} are read")
        } else {
            format!("the program has {} files, at most {FILES_MAX} are read", files.len())
        };
        problems.flaw(0, whole_file(code::LIMIT, message, "move articles and prices into the catalogue"));
        return Err((finish(problems, &[], files), None));
    }
    for (index, file) in files.iter().enumerate() {
        let index = index as u16;
        let (document, flaws) = Document::parse(index, &file.name, &file.text);
        flaws.into_iter().for_each(|flaw| problems.flaw(index, flaw));
        documents.extend(document);
    }
    if !problems.has_errors() && documents.iter().all(|document| document.roots().next().is_none()) {
        let message = "there is nothing in here".to_owned();
        problems.flaw(0, whole_file(code::EMPTY, message, "begin with `program: the chain's id`"));
        return Err((finish(problems, &documents, files), None));
    }
    // What is missing in a part that could not be parsed is not missing.
    let complete = documents.len() == files.len() && documents.iter().all(|document| document.complete);
    let context = Context::new(documents, problems, complete);
    let roots: Vec<_> = context.documents.iter().flat_map(Document::roots).collect();
    lower::read_currency(&roots, &context);
    let program = ProgramFile::from_nodes(&roots, &context)
        .and_then(|file| lower::program(file, version::of(&roots), &context));
    drop(roots);
    let failed = context.has_errors();
    let Context { documents, problems, .. } = context;
    let diagnostics = finish(problems.into_inner(), &documents, files);
    match program {
        Some(program) if !failed => Ok(Parsed { program, warnings: diagnostics }),
        program => Err((diagnostics, program.map(Box::new))),
    }
}

fn finish(problems: Problems, documents: &[Document], files: &[SourceFile]) -> Diagnostics {
    Diagnostics::new(problems.finish(documents, files), files)
}
