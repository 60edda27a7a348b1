//! Planted bugs: each must be caught by the case table or by the oracle, or those prove less than they seem to.
//!
//! `cargo test -p suanpan-engine --features planted-bugs --test planted`

use std::path::Path;

use suanpan_domain::Quote;
use suanpan_engine::planted::{Bug, plant};
use suanpan_engine::{Scratch, compile};
use suanpan_program::SourceFile;
use suanpan_testkit::cases::{self, Answer, Variant};
use suanpan_testkit::compare::differences;
use suanpan_testkit::generate::{Scenario, Size};
use suanpan_testkit::oracle;

/// Pairs that are tried when no case catches a bug.
const PAIRS: u64 = 4_000;
/// The same with many offers on single lines, for which the oracle takes longer.
const LOCAL_PAIRS: u64 = 60;

/// All baskets of the case files that a program prices.
fn variants() -> Vec<Variant> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
        .iter()
        .flat_map(|path| {
            let text =
                std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            cases::read(&text)
                .unwrap_or_else(|problems| panic!("{}: {} problems", path.display(), problems.len()))
        })
        .flat_map(|case| case.variants)
        .filter(|variant| variant.diagnostics_expected().is_none())
        .collect()
}

/// Whether a case goes wrong. A panic of an assertion counts: it is how the engine would be found out in production.
fn is_caught_by_cases(variants: &[Variant]) -> bool {
    let wrong = |variant: &Variant| -> bool {
        let file = SourceFile::new("program", variant.program.as_str());
        let Ok(parsed) = suanpan_program::parse(&[file]) else { return true };
        let (Ok(presented), Ok(compiled)) = (variant.presented(&parsed.program), compile(&parsed.program))
        else {
            return true;
        };
        let mut quote = Quote::default();
        let member = presented.member.as_ref();
        let usage = presented.usage.as_ref();
        compiled.quote_with_near_misses(&presented.basket, member, usage, &mut Scratch::new(), &mut quote);
        let answer = Answer {
            program: compiled.program(),
            book: compiled.offers(),
            basket: &presented.basket,
            member,
            quote: &quote,
        };
        variant.mismatches(&answer).map_or(true, |mismatches| !mismatches.is_empty())
    };
    variants.iter().any(|variant| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wrong(variant))).unwrap_or(true)
    })
}

/// The seeds of random pairs that go wrong.
fn wrong_seeds(enough: usize) -> Vec<u64> {
    let usual = (1..=PAIRS).map(|seed| Scenario::of_seed(seed, Size::SMALL));
    let local = (1..=LOCAL_PAIRS).map(|seed| Scenario::of_local_offers(seed, 9));
    let wrong = |scenario: &Scenario| {
        let wrong = || {
            let (Some(priced), Ok(compiled)) = (oracle::price(scenario), compile(&scenario.program)) else {
                return false;
            };
            let mut quote = Quote::default();
            let Scenario { basket, member, usage, .. } = scenario;
            compiled.quote(basket, member.as_ref(), usage.as_ref(), &mut Scratch::new(), &mut quote);
            !differences(&quote, compiled.offers(), basket, &priced).is_empty()
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(wrong)).unwrap_or(true)
    };
    usual.chain(local).filter(wrong).map(|scenario| scenario.seed).take(enough).collect()
}

#[test]
fn every_planted_bug_is_caught() {
    let variants = variants();
    // Panics of planted bugs are expected; their text would drown the rest.
    std::panic::set_hook(Box::new(|_| {}));
    assert!(!is_caught_by_cases(&variants), "the cases are wrong without a bug");
    let wrong = wrong_seeds(usize::MAX);
    assert!(wrong.is_empty(), "the engine is wrong without a bug: {wrong:?}");
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        plant(Some(*bug));
        let by_cases = is_caught_by_cases(&variants);
        let by_oracle = !wrong_seeds(1).is_empty();
        plant(None);
        println!("{bug:?}: cases {by_cases}, oracle {by_oracle}");
        if !by_cases && !by_oracle {
            missed.push(*bug);
        }
    }
    let _ = std::panic::take_hook();
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
