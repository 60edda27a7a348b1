//! `serve`: a node until SIGTERM.

use std::process::ExitCode;

use suanpan_pricing_node::{Options, log, run as run_node, until_told_to_end};

use crate::error::Error;

pub(crate) fn run(options: &Options) -> Result<ExitCode, Error> {
    log(options).map_err(|error| Error::Options(format!("--log: {error}")))?;
    let runtime = tokio::runtime::Runtime::new().map_err(Error::Runtime)?;
    runtime.block_on(run_node(options, None, until_told_to_end()))?;
    Ok(ExitCode::SUCCESS)
}
