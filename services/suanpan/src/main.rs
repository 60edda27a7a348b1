//! The one binary that a newcomer meets: `demo`, `serve`, `quote`, `explain`, `check`, `schema`, `completions`.
//!
//! Each verb has a file; what they share is how baskets are read ([`input`]) and how errors are told ([`error`]).

mod check;
mod cli;
mod demo;
mod error;
mod input;
mod names;
mod quote;
mod serve;
mod uuid;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Command, Verb};
use crate::error::Error;

/// A fifth less CPU per call than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match Command::parse().verb {
        Verb::Demo(options) => demo::run(&options),
        Verb::Serve(options) => serve::run(&options),
        Verb::Quote(options) => quote::run(&options),
        Verb::Explain(options) => quote::explain(&options),
        Verb::Check(options) => check::run(&options),
        Verb::Schema => schema(),
        Verb::Completions { shell } => completions(shell),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("{error}");
            error.exit_code()
        }
    }
}

fn schema() -> Result<ExitCode, Error> {
    let text = serde_json::to_string_pretty(&suanpan_program::schema()).map_err(Error::Json)?;
    writeln!(anstream::stdout(), "{text}").map_err(Error::Output)?;
    Ok(ExitCode::SUCCESS)
}

fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Error> {
    clap_complete::generate(shell, &mut Command::command(), "suanpan", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
