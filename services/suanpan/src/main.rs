//! The one binary that a newcomer meets: it shows a demo, serves, prices, and does by hand what is done to a store.
//!
//! Each verb has a file; what they share is how a store is reached ([`session`]), how baskets are read ([`input`]), and how
//! answers and errors are told ([`table`], [`error`]).

mod audit;
mod backup;
mod check;
mod checkout;
mod cli;
mod codes;
mod demo;
mod error;
mod export;
mod give_back;
mod import;
mod input;
mod keys;
mod member;
mod migrate;
mod names;
mod parked;
mod progress;
mod publish;
mod quote;
mod serve;
mod session;
#[cfg(feature = "failpoints")]
mod stop;
mod table;
mod uuid;

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Command, Verb};
use crate::error::Error;

/// A fifth less CPU per call than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    stop::where_told();
    let outcome = match Command::parse().verb {
        Verb::Demo(options) => demo::run(&options),
        Verb::Serve(options) => serve::run(&options),
        Verb::Quote(options) => quote::run(&options),
        Verb::Explain(options) => quote::explain(&options),
        Verb::Check(options) => check::run(&options),
        Verb::Publish(options) => publish::run(&options),
        Verb::Member(options) => member::run(&options),
        Verb::Checkout(options) => checkout::run(&options),
        Verb::Return(options) => give_back::run(&options),
        Verb::Codes(options) => codes::run(&options),
        Verb::Import(options) => import::run(&options),
        Verb::Export(options) => export::run(&options),
        Verb::Audit(options) => audit::run(&options),
        Verb::Backup(options) => backup::run(&options),
        Verb::Restore(options) => backup::restore(&options),
        Verb::Parked(options) => parked::run(&options),
        Verb::Migrate(options) => migrate::run(&options),
        Verb::Keys(options) => keys::run(&options),
        Verb::Schema => schema(),
        Verb::Completions { shell } => completions(shell),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // Whoever read has read enough, as `head` does.
            let enough = matches!(&error, Error::Output(why) if why.kind() == ErrorKind::BrokenPipe);
            if !enough {
                anstream::eprintln!("{error}");
            }
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
    // Generated in memory first: what cannot be written there panics.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Command::command(), "suanpan", &mut script);
    std::io::stdout().write_all(&script).map_err(Error::Output)?;
    Ok(ExitCode::SUCCESS)
}
