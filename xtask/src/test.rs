//! `cargo xtask test`: everything that has to be green, in the order in which it fails fastest.

use std::path::Path;
use std::process::Command;

use crate::cassandra::{self, ENDPOINT, Paxos, Server, Shape};
use crate::step::{self, Finished, cargo};
use crate::{TaskError, real_baskets};

/// Tests read this variable to decide whether they run their long form.
const LONG: &str = "SUANPAN_LONG";

/// Runs the steps one after the other and stops at the first that fails. The house rules are tests of
/// this package and run with the others.
///
/// # Errors
/// Names the step that failed.
pub(crate) fn run(root: &Path, long: bool, without_cql: bool) -> Result<(), TaskError> {
    let mut tally = Tally::default();
    let outcome = steps(root, long, without_cql, &mut tally);
    println!();
    for step in outcome.iter().flatten() {
        println!("{:>8.1} s  {}", step.took.as_secs_f64(), step.name);
    }
    if without_cql {
        println!("without a CQL server: the store of a cluster was not tested (leave --without-cql out)");
    }
    for line in &tally.survived {
        println!("{line}");
    }
    if tally.ignored > 0 {
        println!("{} ignored: a test that does not run proves nothing", tally.ignored);
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    outcome.map(|_| ())
}

fn steps(root: &Path, long: bool, without_cql: bool, tally: &mut Tally) -> Result<Vec<Finished>, TaskError> {
    let format = cargo(root, &["fmt", "--all", "--check"]);

    let lints = cargo(
        root,
        &[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ],
    );

    let mut documentation =
        cargo(root, &["doc", "--locked", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
    // The front page of a crate may point into its rooms: these pages are for the people who build it.
    documentation.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links");

    let mut tests = cargo(root, &["test", "--locked", "--workspace", "--no-fail-fast"]);
    if long {
        tests.env(LONG, "1");
    }

    // Proves that the tests would notice: fourteen bugs are planted one by one. The whole workspace is named here and below,
    // because a library of others that is built for one package may lack what it has for all, and would be built again.
    let planted = cargo(
        root,
        &[
            "test",
            "--locked",
            "--workspace",
            "--features",
            "suanpan-engine/planted-bugs",
            "--test",
            "planted",
        ],
    );

    // The writer of the embedded store is stopped between any two of its steps, and so is the process while whole checkouts
    // pass; its log is torn.
    let mut stopped = stoppable(root, &["killed"]);
    if long {
        stopped.env(LONG, "1");
    }

    let mut finished = vec![
        step::run("format", format)?,
        step::run("lints", lints)?,
        step::run("documentation", documentation)?,
        step::run_lines("tests", tests, |line| {
            println!("{line}");
            tally.add(line);
        })?,
        step::run_lines("planted bugs", planted, |line| {
            println!("{line}");
            tally.add(line);
        })?,
        step::run("programs that can be stopped", stoppable_programs(root, without_cql))?,
        step::run_lines("stopped store and process", stopped, |line| {
            println!("{line}");
            tally.add(line);
        })?,
    ];
    if !without_cql {
        // What the keyspaces of the one take of a small server's memory is not there for the other: it gets a fresh server.
        finished.push(cql_store(root, ("cql store", "cql"), long, tally)?);
        finished.push(cql_store(root, ("stopped cql store", "stopped"), long, tally)?);
        finished.push(outages(root, Paxos::V2, long, tally)?);
        if long {
            finished.push(outages(root, Paxos::V1, long, tally)?);
        }
    }
    if long {
        finished.push(real_baskets::price(root, None)?);
    }
    Ok(finished)
}

/// Tests of processes that stop, freeze and end where they are told to, all with the same programs.
fn stoppable(root: &Path, tests: &[&str]) -> Command {
    let features = [
        "suanpan/cql-tests",
        "suanpan/failpoints",
        "suanpan-accrual-worker/failpoints",
        "suanpan-pricing-node/failpoints",
        "suanpan-store-embedded/failpoints",
        "suanpan-store-scylla/cql-tests",
        "suanpan-store-scylla/failpoints",
    ];
    let mut command = cargo(root, &["test", "--locked", "--workspace", "--features", &features.join(",")]);
    command.args(tests.iter().flat_map(|test| ["--test", test]));
    command
}

/// Builds all of them at once. A test of a program that is not run here stands for the program.
fn stoppable_programs(root: &Path, without_cql: bool) -> Command {
    let tests: &[&str] =
        if without_cql { &["killed"] } else { &["killed", "cql", "stopped", "cluster", "process", "worker"] };
    let mut build = stoppable(root, tests);
    build.args(["--no-run", "--quiet"]);
    build
}

/// The store of a cluster on a real server; also stopped between any two of its statements.
fn cql_store(
    root: &Path,
    (name, test): (&'static str, &str),
    long: bool,
    tally: &mut Tally,
) -> Result<Finished, TaskError> {
    let server = Server::start(root, Shape::default())?;
    let mut tests = stoppable(root, &[test]);
    tests.env(ENDPOINT, server.endpoint());
    if long {
        tests.env(LONG, "1");
    }
    step::run_lines(name, tests, |line| {
        println!("{line}");
        tally.add(line);
    })
}

/// Sales on three servers, two nodes and two workers, all of which are killed and frozen.
fn outages(root: &Path, paxos: Paxos, long: bool, tally: &mut Tally) -> Result<Finished, TaskError> {
    let server = Server::start(root, Shape { nodes: 3, paxos, durable: true, in_memory: true })?;
    let mut tests = stoppable(root, &["cluster"]);
    if let Some(given) = server.given() {
        tests.env(ENDPOINT, given);
    }
    tests.env("SUANPAN_CASSANDRA", cassandra::folder(root));
    if long {
        tests.env(LONG, "1");
    }
    let name = match paxos {
        Paxos::V1 => "cluster under outages, paxos v1",
        Paxos::V2 => "cluster under outages",
    };
    step::run_lines(name, tests, |line| {
        println!("{line}");
        tally.add(line);
    })
}

/// What all test programs together said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// What is said again at the end: how much survived how many kills.
    survived: Vec<String>,
}

impl Tally {
    /// Takes in a line like `test result: ok. 12 passed; 0 failed; 0 ignored; ...`, or one of what survived; any other
    /// changes nothing.
    fn add(&mut self, line: &str) {
        if line.contains(" checkouts ") && line.contains(" survived ") {
            self.survived.push(line.to_owned());
        }
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            match count.split_once(' ').map(|(number, what)| (number.parse::<u64>(), what)) {
                Some((Ok(number), "passed")) => self.passed += number,
                Some((Ok(number), "failed")) => self.failed += number,
                Some((Ok(number), "ignored")) => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn results_of_several_programs_are_summed() {
        let mut tally = Tally::default();
        for line in [
            "running 2 tests",
            "12 checkouts survived 3 kills",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "a test that prints `3 passed; 4 failed` is not a result",
        ] {
            tally.add(line);
        }
        let survived = vec!["12 checkouts survived 3 kills".to_owned()];
        assert_eq!(tally, Tally { passed: 15, failed: 2, ignored: 1, survived });
    }
}
