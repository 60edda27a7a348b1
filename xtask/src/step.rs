//! One step: a program that runs to its end, in front of the reader, with its duration kept.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::TaskError;

/// A step that has succeeded.
pub(crate) struct Finished {
    /// What the step is called in the summary.
    pub(crate) name: &'static str,
    /// How long it took on the wall clock.
    pub(crate) took: Duration,
}

/// A cargo command in the workspace, with the committed lock file and nothing else.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(arguments);
    command
}

/// Runs a step with its output going straight to the terminal.
///
/// # Errors
/// When the program cannot be started or ends with a failure.
pub(crate) fn run(name: &'static str, command: Command) -> Result<Finished, TaskError> {
    run_reading(name, command, Stdio::inherit(), |_| ())
}

/// Runs a step and shows each line of its standard output to `read` as it arrives. What the program
/// says on standard error goes to the terminal.
///
/// # Errors
/// When the program cannot be started or ends with a failure.
pub(crate) fn run_lines(
    name: &'static str,
    command: Command,
    read: impl FnMut(&str),
) -> Result<Finished, TaskError> {
    run_reading(name, command, Stdio::piped(), read)
}

fn run_reading(
    name: &'static str,
    mut command: Command,
    output: Stdio,
    mut read: impl FnMut(&str),
) -> Result<Finished, TaskError> {
    println!("== {name}");
    let not_started = |program: &Command, source| TaskError::NotStarted {
        step: name,
        program: program.get_program().to_string_lossy().into_owned(),
        source,
    };
    let started = Instant::now();
    let mut child = command.stdout(output).spawn().map_err(|source| not_started(&command, source))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            read(&String::from_utf8_lossy(&line));
        }
    }
    let status = child.wait().map_err(|source| not_started(&command, source))?;
    if !status.success() {
        return Err(TaskError::StepFailed { step: name, status });
    }
    Ok(Finished { name, took: started.elapsed() })
}
