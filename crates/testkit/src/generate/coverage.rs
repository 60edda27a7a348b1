//! What scenarios reached, and where it gave something: the proof that nothing of the contract stays untested.

mod offer;
mod scenario;

use std::collections::{BTreeMap, BTreeSet};

use super::Scenario;
use crate::oracle::Priced;

/// How often each feature was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// In how many scenarios a feature stood in the program or the basket.
    pub reached: BTreeMap<&'static str, u64>,
    /// In how many of them it took part in what was given, taxed or earned.
    pub gave: BTreeMap<&'static str, u64>,
}

impl Coverage {
    /// Counts a scenario and what the oracle made of it.
    pub fn observe(&mut self, scenario: &Scenario, priced: &Priced) {
        let giving: BTreeSet<&str> = priced.offers.iter().map(|offer| offer.id.as_str()).collect();
        let mut reached: BTreeSet<&'static str> = BTreeSet::new();
        let mut gave: BTreeSet<&'static str> = BTreeSet::new();
        for offer in &scenario.program.offers {
            let features = offer::features(&scenario.program, offer);
            if giving.contains(offer.id.as_str()) {
                gave.extend(&features);
            }
            reached.extend(features);
        }
        for (feature, took_part) in scenario::features(scenario, priced) {
            reached.insert(feature);
            if took_part {
                gave.insert(feature);
            }
        }
        for feature in reached {
            *self.reached.entry(feature).or_default() += 1;
        }
        for feature in gave {
            *self.gave.entry(feature).or_default() += 1;
        }
    }

    /// Features that gave something less often than asked for.
    #[must_use]
    pub fn missing(&self, at_least: u64) -> Vec<&'static str> {
        offer::FEATURES
            .iter()
            .chain(scenario::FEATURES)
            .copied()
            .filter(|feature| self.gave.get(feature).copied().unwrap_or(0) < at_least)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Size;
    use crate::oracle;

    #[test]
    fn every_feature_is_reached_and_gives_something() {
        let mut coverage = Coverage::default();
        for seed in 0..16_000 {
            let scenario = Scenario::of_seed(seed, Size::SMALL);
            if let Some(priced) = oracle::price(&scenario) {
                coverage.observe(&scenario, &priced);
            }
        }
        let counts = |features: &[&'static str]| -> String {
            features
                .iter()
                .map(|feature| {
                    let of = |counts: &BTreeMap<_, u64>| counts.get(feature).copied().unwrap_or(0);
                    format!("{feature}: reached {}, gave {}\n", of(&coverage.reached), of(&coverage.gave))
                })
                .collect()
        };
        let missing = coverage.missing(5);
        assert!(missing.is_empty(), "too rare:\n{}", counts(&missing));
        let known: BTreeSet<_> = offer::FEATURES.iter().chain(scenario::FEATURES).collect();
        let unknown: Vec<_> = coverage.reached.keys().filter(|feature| !known.contains(feature)).collect();
        assert!(unknown.is_empty(), "not listed: {unknown:?}");
    }
}
