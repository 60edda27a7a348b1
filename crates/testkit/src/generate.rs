//! One seeded generator of programs, members, usage and baskets, for the oracle, properties, benches and load tests.
//!
//! Everything follows from one number, so that a failure is replayed by its seed alone. Amounts are small and spiky on
//! purpose: equal units, zero prices, thresholds hit to the minor unit, caps and floors that just bind are common
//! here, and rare in shops.

mod basket;
mod conditions;
pub mod coverage;
mod effect;
mod local;
mod market;
mod member;
mod offer;
mod presented;
mod program;
mod random;
mod sayable;
mod stacking;

use suanpan_domain::{Basket, Member, Usage};
use suanpan_program::model::Program;

pub use coverage::Coverage;
pub use market::Market;
pub use random::Random;

/// Everything that a quote depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The seed that it was made from.
    pub seed: u64,
    /// The rule book.
    pub program: Program,
    /// The buyer; none for a guest.
    pub member: Option<Member>,
    /// Chain-wide counters; none when unknown.
    pub usage: Option<Usage>,
    /// What is bought.
    pub basket: Basket,
}

/// What a scenario is about. Offers that meet often are worth more than offers of all sorts that never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Percents, amounts, unit prices, price lists; few conditions.
    Plain,
    /// Caps, floors, reserved amounts, legal minimums, odd allocations.
    Amounts,
    /// Groups, sets, bundles, buy X get Y, gifts.
    Units,
    /// Thresholds, steps and repeats on running amounts.
    Thresholds,
    /// Groups, classes, exclusive offers, line groups.
    Stacking,
    /// Coupons of all kinds, papers, doubling, tenders.
    Coupons,
    /// Taxes, points, shipping, deposits.
    Money,
    /// When, where and for whom; limits and budgets.
    Conditions,
    /// All of it.
    Everything,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 9] = [
        Profile::Plain,
        Profile::Amounts,
        Profile::Units,
        Profile::Thresholds,
        Profile::Stacking,
        Profile::Coupons,
        Profile::Money,
        Profile::Conditions,
        Profile::Everything,
    ];
}

/// How large a scenario may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Request lines, at least 1.
    pub lines_max: usize,
    /// Units of a request line, at least 1.
    pub units_max: i64,
    /// Offers of the program beside the tiers' discounts.
    pub offers_max: usize,
}

impl Size {
    /// What a brute-force evaluator can still price thousands of times.
    pub const SMALL: Size = Size { lines_max: 6, units_max: 4, offers_max: 6 };
    /// A shopper's usual basket under a small chain's program.
    pub const USUAL: Size = Size { lines_max: 24, units_max: 6, offers_max: 24 };
}

impl Scenario {
    /// The scenario of a seed, about whatever the seed says.
    ///
    /// ```
    /// use suanpan_testkit::generate::{Scenario, Size};
    /// let one = Scenario::of_seed(7, Size::SMALL);
    /// assert_eq!(one, Scenario::of_seed(7, Size::SMALL));
    /// assert!(!one.basket.lines.is_empty());
    /// ```
    #[must_use]
    pub fn of_seed(seed: u64, size: Size) -> Self {
        let profile = Random::new(seed ^ 0x70_72_6f_66).pick(&Profile::ALL);
        Self::of_profile(seed, profile, size)
    }

    /// The scenario of a seed about one thing.
    #[must_use]
    pub fn of_profile(seed: u64, profile: Profile, size: Size) -> Self {
        let mut random = Random::new(seed);
        let market = Market::generate(&mut random, profile);
        let mut basket = market.basket(&mut random, size);
        let program = program::generate(&mut random, &market, &basket, size);
        let member = member::member(&mut random, &market, &program);
        let usage = member::usage(&mut random, &program);
        presented::complete(&mut random, &market, &program, member.as_ref(), &mut basket);
        Self { seed, program, member, usage, basket }
    }

    /// Another buyer with another basket under the same program, for benches and load tests.
    #[must_use]
    pub fn another(&self, seed: u64, size: Size) -> Self {
        let profile = Random::new(self.seed ^ 0x70_72_6f_66).pick(&Profile::ALL);
        let market = Market::generate(&mut Random::new(self.seed), profile);
        let mut random = Random::new(seed);
        let mut basket = market.basket(&mut random, size);
        let member = member::member(&mut random, &market, &self.program);
        let usage = member::usage(&mut random, &self.program);
        presented::complete(&mut random, &market, &self.program, member.as_ref(), &mut basket);
        Self { seed, program: self.program.clone(), member, usage, basket }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_decides_everything() {
        for seed in 0..50 {
            assert_eq!(Scenario::of_seed(seed, Size::SMALL), Scenario::of_seed(seed, Size::SMALL));
        }
    }

    #[test]
    fn requests_and_programs_are_sound() {
        for seed in 0..3_000 {
            let Scenario { program, basket, member, .. } = Scenario::of_seed(seed, Size::SMALL);
            let line_ids: BTreeSet<_> = basket.lines.iter().map(|line| line.id.as_str()).collect();
            assert_eq!(line_ids.len(), basket.lines.len(), "seed {seed}: line ids are unique");
            let offer_ids: BTreeSet<_> = program.offers.iter().map(|offer| offer.id.as_str()).collect();
            assert_eq!(offer_ids.len(), program.offers.len(), "seed {seed}: offer ids are unique");
            assert!(basket.lines.iter().all(|line| line.quantity.milli() != 0), "seed {seed}");
            assert!(program.offers.iter().all(|offer| offer.layer < program.layers.len()), "seed {seed}");
            assert_eq!(basket.currency, program.currency);
            if let Some(tier) = member.and_then(|member| member.tier) {
                assert!(program.tiers.iter().any(|known| known.id == tier), "seed {seed}");
            }
        }
    }

    #[test]
    fn another_basket_keeps_the_program() {
        let one = Scenario::of_seed(11, Size::USUAL);
        let two = one.another(12, Size::USUAL);
        assert_eq!(one.program, two.program);
        assert_ne!(one.basket, two.basket);
    }
}
