//! The oracle against itself: what holds for every quote, and one basket worked out by hand.

use std::time::Instant;

use super::*;
use crate::generate::{Profile, Size};

#[test]
fn invariants_hold_for_every_scenario() {
    let mut skipped = 0;
    let mut slowest = (0, 0);
    for seed in 0..4_000 {
        let scenario = Scenario::of_seed(seed, Size::SMALL);
        let began = Instant::now();
        let Some(priced) = price(&scenario) else {
            skipped += 1;
            continue;
        };
        slowest = slowest.max((began.elapsed().as_millis(), seed));
        let net: i64 = priced.merged.values().map(|line| line.net).sum();
        assert_eq!(net, priced.net, "seed {seed}");
        for (id, line) in priced.merged.iter().chain(&priced.requests) {
            if line.gross < 0 {
                continue;
            }
            assert!(0 <= line.net && line.net <= line.gross, "seed {seed}: {id} {line:?}");
            let units: i64 = line.units.iter().map(|unit| unit.net).sum();
            assert_eq!(units, line.net, "seed {seed}: {id}");
            let tax: i64 = line.units.iter().map(|unit| unit.tax).sum();
            assert_eq!(tax, line.taxes.values().sum::<i64>(), "seed {seed}: {id}");
            let steps: i64 = line.steps.iter().filter(|step| !step.tender).map(|step| step.amount).sum();
            assert_eq!(line.gross - steps, line.net, "seed {seed}: {id} {line:?}");
        }
        let requests: i64 = priced.requests.values().map(|line| line.net).sum();
        assert_eq!(requests, priced.net, "seed {seed}");
        let tax: i64 = priced.taxes.values().sum();
        assert_eq!(tax, priced.tax_included + priced.tax_added, "seed {seed}");
        for offer in &priced.offers {
            let shares: i64 = priced
                .merged
                .values()
                .flat_map(|line| &line.steps)
                .filter(|step| step.offer == offer.id)
                .map(|step| step.amount)
                .sum();
            let given: i64 =
                priced.offers.iter().filter(|other| other.id == offer.id).map(|other| other.amount).sum();
            assert_eq!(shares, given, "seed {seed}: {}", offer.id);
        }
    }
    println!("{skipped} skipped, slowest {slowest:?}");
    assert!(skipped < 400, "{skipped} of 4000 have too many choices");
}

#[test]
fn every_profile_applies_offers() {
    for profile in Profile::ALL {
        let giving = (0..100)
            .filter_map(|seed| price(&Scenario::of_profile(seed, profile, Size::SMALL)))
            .filter(|priced| !priced.offers.is_empty())
            .count();
        assert!(giving > 50, "{profile:?}: {giving} of 100");
    }
}
