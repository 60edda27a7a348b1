//! Sums beside the oracle, with so few offers that it can try every choice of many baskets.

use std::cell::Cell;

use suanpan_domain::Quote;
use suanpan_testkit::compare::differences;
use suanpan_testkit::generate::Scenario;
use suanpan_testkit::oracle;

use crate::{Scratch, compile};

thread_local! {
    /// Fewer offers than in a shop already count as many.
    pub(super) static LOCAL_MIN: Cell<usize> = const { Cell::new(super::LOCAL_MIN) };
    /// Searches that sums answered.
    pub(super) static ANSWERED: Cell<u64> = const { Cell::new(0) };
}

/// What is different between the engine and the oracle; none when the oracle has too much to try.
fn wrong(scenario: &Scenario) -> Option<Vec<String>> {
    let priced = oracle::price(scenario)?;
    let compiled = compile(&scenario.program).expect("generated programs compile");
    let Scenario { basket, member, usage, .. } = scenario;
    let mut quote = Quote::default();
    compiled.quote(basket, member.as_ref(), usage.as_ref(), &mut Scratch::new(), &mut quote);
    Some(differences(&quote, compiled.offers(), basket, &priced))
}

#[test]
fn sums_choose_what_trying_every_choice_chooses() {
    const SEEDS: u64 = 6_000;
    LOCAL_MIN.set(1);
    let (mut by_sums, mut failed) = (0, Vec::new());
    for seed in 0..SEEDS {
        let scenario = Scenario::of_local_offers(seed, 2 + (seed % 4) as usize);
        ANSWERED.set(0);
        let found = wrong(&scenario).unwrap_or_default();
        by_sums += u64::from(ANSWERED.get() > 0);
        if !found.is_empty() {
            failed.push((seed, found));
        }
    }
    assert!(failed.is_empty(), "{} differ, the first: {:#?}", failed.len(), failed[0]);
    assert!(by_sums * 2 > SEEDS, "only {by_sums} baskets were answered by sums");
}

/// The pairs of `tests/oracle.rs` with nine offers on single lines, where nothing is lowered for a test.
#[test]
fn sums_answer_most_baskets_with_many_offers() {
    const SEEDS: u64 = 300;
    let answered = |seed: &u64| {
        let Scenario { program, basket, member, usage, .. } = Scenario::of_local_offers(*seed, 9);
        let compiled = compile(&program).expect("generated programs compile");
        ANSWERED.set(0);
        let mut quote = Quote::default();
        compiled.quote(&basket, member.as_ref(), usage.as_ref(), &mut Scratch::new(), &mut quote);
        ANSWERED.get() > 0
    };
    let by_sums = (1..=SEEDS).filter(answered).count() as u64;
    assert!(by_sums * 2 > SEEDS, "only {by_sums} baskets were answered by sums");
}
