//! The engine beside the oracle: equal to the minor unit, per line and unit, and in what was selected, on thousands of
//! random programs and baskets.
//!
//! `SUANPAN_SEED` sets the first seed, `SUANPAN_ORACLE_PAIRS` how many pairs, ten times the usual ones with `SUANPAN_LONG=1`; a
//! failure prints both for its pair alone.

#[path = "oracle/shrink.rs"]
mod shrink;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use suanpan_domain::Quote;
use suanpan_engine::{Scratch, compile};
use suanpan_program::SourceFile;
use suanpan_testkit::cases::{self, Answer};
use suanpan_testkit::compare::differences;
use suanpan_testkit::generate::{Scenario, Size};
use suanpan_testkit::{case_file, oracle};

/// Pairs of the test command.
const PAIRS: u64 = 24_000;
/// Pairs of the test command with many offers on single lines. In most of them sums choose; how many that are is counted
/// beside the sums, in `src/select/sums/tests.rs`.
const LOCAL_PAIRS: u64 = 300;
/// As many as sums ask for.
const LOCAL_OFFERS: usize = 9;
/// The first seed of the test command.
const SEED: u64 = 1;
/// Threads; the pairs are independent.
const THREADS: u64 = 2;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Ten times as many where a long run is asked for.
fn usual(pairs: u64) -> u64 {
    if std::env::var_os("SUANPAN_LONG").is_some() { 10 * pairs } else { pairs }
}

/// What is different, or nothing; none when the oracle has too many choices to try.
fn judged(scenario: &Scenario, scratch: &mut Scratch, quote: &mut Quote) -> Option<Vec<String>> {
    let priced = oracle::price(scenario)?;
    let compiled = match compile(&scenario.program) {
        Ok(compiled) => compiled,
        Err(problems) => return Some(vec![format!("does not compile: {problems:?}")]),
    };
    let Scenario { basket, member, usage, .. } = scenario;
    compiled.quote(basket, member.as_ref(), usage.as_ref(), scratch, quote);
    Some(differences(quote, compiled.offers(), basket, &priced))
}

/// The same without state from other baskets; a panic is a difference too.
fn judged_afresh(scenario: &Scenario) -> Option<Vec<String>> {
    let judge = || judged(scenario, &mut Scratch::new(), &mut Quote::default());
    std::panic::catch_unwind(judge).unwrap_or_else(|_| Some(vec!["a panic".to_owned()]))
}

/// What is different first, how often, and in which seeds.
fn kinds(failures: &[(u64, Vec<String>)]) -> String {
    let mut kinds: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (seed, found) in failures {
        kinds.entry(shrink::kind(found)).or_default().push(*seed);
    }
    let mut rows = String::new();
    for (kind, mut seeds) in kinds {
        seeds.sort_unstable();
        let few: Vec<u64> = seeds.iter().copied().take(40).collect();
        rows.push_str(&format!("  {:6} {kind}, seeds {few:?}\n", seeds.len()));
    }
    rows
}

/// Pairs of one sort, judged on all threads: how many were skipped, and what is different in the others.
fn judge_all(
    seeds: std::ops::Range<u64>,
    make: impl Fn(u64) -> Scenario + Sync,
) -> (u64, Vec<(u64, Vec<String>)>) {
    let next = AtomicU64::new(seeds.start);
    let skipped = AtomicU64::new(0);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return failed;
            }
            match judged_afresh(&make(seed)) {
                None => {
                    skipped.fetch_add(1, Ordering::Relaxed);
                }
                Some(found) if found.is_empty() => {}
                Some(found) => failed.push((seed, found)),
            }
        }
    };
    let failures = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("workers catch panics")).collect()
    });
    (skipped.into_inner(), failures)
}

fn fail_on_any(test: &str, pairs: u64, failures: &[(u64, Vec<String>)], make: impl Fn(u64) -> Scenario) {
    if let Some((seed, _)) = failures.iter().min() {
        let report = shrink::report(test, make(*seed), &judged_afresh);
        panic!("{} of {pairs} pairs differ\n{}\n{report}", failures.len(), kinds(failures));
    }
}

#[test]
fn the_engine_agrees_with_the_oracle() {
    let (first, pairs) = (setting("SUANPAN_SEED", SEED), setting("SUANPAN_ORACLE_PAIRS", usual(PAIRS)));
    let make = |seed| Scenario::of_seed(seed, Size::SMALL);
    let (skipped, failures) = judge_all(first..first + pairs, make);
    println!("{pairs} pairs, {skipped} skipped for too many choices");
    fail_on_any("the_engine_agrees_with_the_oracle", pairs, &failures, make);
    assert!(skipped * 100 <= pairs, "too many pairs were skipped to prove anything");
}

/// So many offers on single lines that the choice among them is made by sums: equal also in which of equal choices wins.
#[test]
fn sums_agree_with_the_oracle() {
    let (first, pairs) = (setting("SUANPAN_SEED", SEED), setting("SUANPAN_ORACLE_PAIRS", usual(LOCAL_PAIRS)));
    let make = |seed| Scenario::of_local_offers(seed, LOCAL_OFFERS);
    let (skipped, failures) = judge_all(first..first + pairs, make);
    println!("{pairs} pairs, {skipped} skipped for too many choices");
    fail_on_any("sums_agree_with_the_oracle", pairs, &failures, make);
    assert!(skipped * 100 <= pairs, "too many pairs were skipped to prove anything");
}

/// Runs a case file as `tests/cases.rs` does; everything that is wrong.
fn run(text: &str) -> Vec<String> {
    let case = match cases::read(text) {
        Ok(mut read) => read.remove(0),
        Err(problems) => return problems.iter().map(ToString::to_string).collect(),
    };
    let variant = &case.variants[0];
    let program = match suanpan_program::parse(&[SourceFile::new("program", variant.program.as_str())]) {
        Ok(parsed) => parsed.program,
        Err(problems) => return problems.iter().map(ToString::to_string).collect(),
    };
    let presented = match variant.presented(&program) {
        Ok(presented) => presented,
        Err(problems) => return problems.iter().map(ToString::to_string).collect(),
    };
    let compiled = compile(&program).expect("what was read compiles");
    let (member, usage) = (presented.member.as_ref(), presented.usage.as_ref());
    let mut quote = Quote::default();
    compiled.quote(&presented.basket, member, usage, &mut Scratch::new(), &mut quote);
    let answer = Answer {
        program: compiled.program(),
        book: compiled.offers(),
        basket: &presented.basket,
        member,
        quote: &quote,
    };
    match variant.mismatches(&answer) {
        Ok(mismatches) => mismatches.iter().map(|wrong| format!("{wrong:?}")).collect(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_counter_example_is_a_case_that_runs_as_it_is() {
    let (mut ran, mut failed) = (0, Vec::new());
    for seed in SEED..SEED + 1_500 {
        let scenario = Scenario::of_seed(seed, Size::SMALL);
        let Some(priced) = oracle::price(&scenario) else { continue };
        let text = case_file::write(&scenario, &priced);
        let wrong = run(&text);
        if !wrong.is_empty() {
            failed.push(format!("seed {seed}: {wrong:#?}\n{text}"));
        }
        ran += 1;
    }
    assert!(failed.is_empty(), "{} of {ran} cases are wrong; {}", failed.len(), failed.join("\n"));
    assert!(ran > 1_400, "{ran} cases ran");
}
