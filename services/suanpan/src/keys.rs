//! `keys`: makes the key file that the nodes of a cluster share.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::error::Error;
use crate::table::print;

/// Options of `keys`.
#[derive(Args)]
pub(crate) struct KeysOptions {
    /// A new file for the keys
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(options: &KeysOptions) -> Result<ExitCode, Error> {
    let file = &options.file;
    if file.exists() {
        return Err(Error::Write { path: file.clone(), source: io::ErrorKind::AlreadyExists.into() });
    }
    suanpan_pricing_node::keys(file)?;
    print(&format!(
        "{}: new keys, readable by their owner alone\nGive this file to every node, and keep it with every backup: without it no card, telephone number or code is known again.",
        file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
