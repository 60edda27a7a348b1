//! Effects and the terms that they carry.

use suanpan_domain::{Money, Quantity, UnitPrice};
use suanpan_program::model::{
    AmountPer, BundlePart, BundlePrice, Effect, GroupForm, GroupReward, OffAmount, Offer, PercentBasis, Pick,
    RewardOver, RoundAt, SaveStep, Saving, ShippingEffect, UnitCount, UnitLimit, UnitLimitPer, UnitReward,
};

use super::Profile;
use super::offer::{Maker, presented};

/// What effects there are to choose from.
#[derive(Clone, Copy)]
enum Family {
    Percent,
    Amount,
    UnitPrice,
    PriceList,
    Set,
    Bundle,
    Nth,
    Get,
    Steps,
    Repeat,
    Shipping,
    Gift,
    Match,
    Beside,
}

impl Maker<'_> {
    pub(super) fn effect(&mut self, made: &[Offer]) -> Effect {
        let (line, unit, save, coupon, beside) = match self.profile() {
            Profile::Plain => (10, 1, 1, 0, 1),
            Profile::Amounts => (10, 2, 2, 1, 0),
            Profile::Units => (3, 12, 0, 0, 1),
            Profile::Thresholds => (6, 1, 8, 0, 1),
            Profile::Stacking => (10, 2, 2, 1, 1),
            Profile::Coupons => (8, 2, 1, 4, 1),
            Profile::Money => (6, 1, 1, 0, 5),
            Profile::Conditions => (6, 2, 2, 0, 2),
            Profile::Everything => (5, 4, 3, 2, 2),
        };
        let family = self.random.weighted(&[
            (line * 4, Family::Percent),
            (line * 4, Family::Amount),
            (line * 2, Family::UnitPrice),
            (line * 2, Family::PriceList),
            (unit * 2, Family::Set),
            (unit * 2, Family::Bundle),
            (unit * 4, Family::Nth),
            (unit * 3, Family::Get),
            (unit * 2, Family::Gift),
            (save * 3, Family::Steps),
            (save * 3, Family::Repeat),
            (coupon * 4, Family::Match),
            (beside * 2, Family::Shipping),
            (beside * 3, Family::Beside),
        ]);
        match family {
            Family::Percent => Effect::PercentOff(self.percent()),
            Family::Amount => self.amount_off(),
            Family::UnitPrice => Effect::UnitPrice(self.unit_price()),
            Family::PriceList => {
                let skus = self.market.skus();
                let chosen = self.random.some_of(&skus);
                Effect::PriceList(chosen.into_iter().map(|sku| (sku, self.unit_price())).collect())
            }
            Family::Set => Effect::SetPrice {
                units: self.random.pick(&[1, 2, 2, 3]),
                price: self.amount(),
                form: self.form(),
                times: self.times(),
            },
            Family::Bundle => self.bundle(),
            Family::Nth => self.nth_unit(),
            Family::Get => self.buy_get(),
            Family::Steps => self.steps(),
            Family::Repeat => Effect::Repeat { every: self.count(), off: self.amount(), times: self.times() },
            Family::Shipping => Effect::Shipping(match self.random.below(4) {
                0 => ShippingEffect::Free,
                1 => ShippingEffect::PercentOff(self.percent()),
                2 => ShippingEffect::AmountOff(self.amount()),
                _ => ShippingEffect::Price(self.amount()),
            }),
            Family::Gift => {
                let mut of: Vec<String> = self.random.some_of(&self.market.skus());
                of.truncate(3);
                if self.random.chance(30) {
                    of.push("towel".to_owned());
                }
                let choose = self.random.between(1, of.len() as i64) as u32;
                Effect::Gift { of, choose, per_units: self.random.maybe(30, |random| random.between(1, 3)) }
            }
            Family::Match => self.match_of(made),
            Family::Beside => match self.random.below(4) {
                0 => Effect::PointsFixed(self.random.pick(&[1, 10, 100])),
                1 => Effect::PointsTimes(
                    suanpan_domain::Rate::from_ppm(self.random.pick(&[2_000_000, 1_500_000, 3_000_000]))
                        .unwrap_or_default(),
                ),
                2 => match made.iter().find(|offer| offer.coupon.is_some()) {
                    Some(coupon) => {
                        Effect::IssueCoupon { campaign: coupon.id.clone(), count: self.random.pick(&[1, 2]) }
                    }
                    None => Effect::Entitlement("gift-wrap".to_owned()),
                },
                _ => Effect::Entitlement("gift-wrap".to_owned()),
            },
        }
    }

    fn amount_off(&mut self) -> Effect {
        let paper = self.profile() == Profile::Coupons && self.random.chance(15);
        Effect::AmountOff {
            amount: if paper { OffAmount::Presented } else { OffAmount::Fixed(self.amount()) },
            per: if paper {
                AmountPer::Basket
            } else {
                self.random.pick(&[AmountPer::Basket, AmountPer::Basket, AmountPer::Line, AmountPer::Unit])
            },
        }
    }

    fn unit_price(&mut self) -> UnitPrice {
        let minor = self.random.pick(&[0, 1, 3, 9, 10, 30, 90, 99, 149, 300]);
        let micro = if self.random.chance(15) { self.random.pick(&[500_000, 333_333, 900_000]) } else { 0 };
        UnitPrice::new(minor, micro).unwrap_or_default()
    }

    fn form(&mut self) -> GroupForm {
        self.random.pick(&[GroupForm::DearestFirst, GroupForm::DearestFirst, GroupForm::CheapestFirst])
    }

    fn pick(&mut self) -> Pick {
        self.random.pick(&[Pick::Dearest, Pick::Cheapest])
    }

    fn times(&mut self) -> Option<u32> {
        self.random.maybe(35, |random| random.pick(&[1, 2, 3]))
    }

    fn reward(&mut self) -> UnitReward {
        match self.random.below(4) {
            0 | 1 => UnitReward::PercentOff(self.percent()),
            2 => UnitReward::AmountOff(self.amount()),
            _ => UnitReward::UnitPrice(Money::from_minor(self.random.pick(&[0, 1, 10, 50, 99]))),
        }
    }

    fn bundle(&mut self) -> Effect {
        let parts = self.random.pick(&[1, 2, 2, 2, 3]);
        Effect::Bundle {
            parts: (0..parts)
                .map(|_| BundlePart {
                    selection: self.selection(10),
                    units: self.random.pick(&[1, 1, 2]),
                    pick: self.pick(),
                })
                .collect(),
            price: match self.random.below(4) {
                0 | 1 => BundlePrice::Price(self.amount()),
                2 => BundlePrice::PercentOff(self.percent()),
                _ => BundlePrice::AmountOff(self.amount()),
            },
            times: self.times(),
        }
    }

    fn nth_unit(&mut self) -> Effect {
        let group_size = self.random.pick(&[1, 2, 2, 2, 3, 4]);
        Effect::NthUnit {
            group_size,
            form: self.form(),
            reward: GroupReward {
                nth: if self.random.chance(60) { group_size } else { self.random.between(1, group_size) },
                over: self.random.pick(&[RewardOver::Each, RewardOver::Each, RewardOver::All]),
                all_units: self.random.chance(15),
            },
            off: self.reward(),
            times: self.times(),
        }
    }

    fn buy_get(&mut self) -> Effect {
        let buy = match self.random.below(8) {
            0 => UnitCount::Spend(self.amount()),
            1 => UnitCount::Weight(Quantity::from_milli(self.random.pick(&[333, 734, 1_000]))),
            _ => UnitCount::Units(self.random.pick(&[1, 1, 2, 3])),
        };
        let get = if self.random.chance(55) { Some(self.selection(10)) } else { None };
        Effect::BuyGet {
            buy,
            get: get.map(Box::new),
            get_units: self.random.pick(&[1, 1, 2]),
            off: self.reward(),
            pick: self.random.pick(&[Pick::Cheapest, Pick::Cheapest, Pick::Dearest]),
            times: self.times(),
        }
    }

    fn count(&mut self) -> UnitCount {
        match self.random.below(5) {
            0 => UnitCount::Units(self.random.pick(&[1, 2, 3])),
            1 => UnitCount::Weight(Quantity::from_milli(self.random.pick(&[333, 500]))),
            _ => UnitCount::Spend(Money::from_minor(self.amount().minor().max(20))),
        }
    }

    fn steps(&mut self) -> Effect {
        let mut reaches: Vec<i64> = (0..self.random.between(1, 3)).map(|_| self.amount().minor()).collect();
        reaches.sort_unstable();
        reaches.dedup();
        let units = self.random.chance(15);
        Effect::Steps(
            (1..)
                .zip(reaches)
                .map(|(place, reach)| SaveStep {
                    reach: if units {
                        UnitCount::Units(place)
                    } else {
                        UnitCount::Spend(Money::from_minor(reach))
                    },
                    save: if self.random.chance(65) {
                        Saving::Amount(self.amount())
                    } else {
                        Saving::Percent(self.percent())
                    },
                })
                .collect(),
        )
    }

    fn match_of(&mut self, made: &[Offer]) -> Effect {
        let matched: Vec<&Offer> =
            made.iter().filter(|offer| matches!(offer.effect, Effect::AmountOff { .. })).collect();
        match matched.is_empty() {
            true => self.amount_off(),
            false => Effect::Match {
                offer: self.random.pick(&matched).id.clone(),
                percent: self.percent(),
                together_at_most: if self.random.chance(50) {
                    Some(Money::from_minor(self.amount().minor() * self.random.between(1, 2)))
                } else {
                    None
                },
            },
        }
    }

    pub(super) fn terms(&mut self, offer: &mut Offer) {
        let odd = if self.profile() == Profile::Amounts { 30 } else { 8 };
        let whole = if matches!(self.profile(), Profile::Plain | Profile::Thresholds) { 45 } else { 25 };
        let no_selection = matches!(
            offer.effect,
            Effect::PriceList(_) | Effect::Match { .. } | Effect::Shipping(_) | Effect::Bundle { .. }
        );
        offer.buy = self.selection(if no_selection { 80 } else { whole });
        // What `discounted: false` of `buy` means for effects that lower something else is not settled (rule 9).
        if offer.buy.undiscounted_only && !lowers_what_is_bought(&offer.effect) {
            offer.buy.undiscounted_only = false;
        }
        let own_target = matches!(
            offer.effect,
            Effect::PercentOff(_) | Effect::AmountOff { .. } | Effect::Steps(_) | Effect::Repeat { .. }
        );
        if own_target && !offer.buy.undiscounted_only && !presented(&offer.effect) && self.random.chance(15) {
            offer.target = Some(Box::new(self.selection(0)));
        }
        let unit_limited = match offer.effect {
            Effect::PercentOff(_) | Effect::UnitPrice(_) => true,
            Effect::AmountOff { per, .. } => per != AmountPer::Line && !presented(&offer.effect),
            _ => false,
        };
        if unit_limited && self.random.chance(if self.profile() == Profile::Units { 35 } else { 10 }) {
            offer.terms.units = Some(UnitLimit {
                at_most: self.random.pick(&[1, 1, 2, 3]),
                per: self.random.pick(&[UnitLimitPer::Line, UnitLimitPer::Basket]),
                pick: self.pick(),
            });
            if self.random.chance(35) {
                offer.stacking.pool = Some(self.random.pick(&["default", "own"]).to_owned());
            }
        }
        let pooled = matches!(
            offer.effect,
            Effect::SetPrice { .. } | Effect::Bundle { .. } | Effect::NthUnit { .. } | Effect::BuyGet { .. }
        );
        if pooled && self.random.chance(25) {
            offer.stacking.pool = Some("own".to_owned());
        }
        let discount = !matches!(offer.effect, Effect::PointsFixed(_) | Effect::PointsTimes(_));
        if discount && self.random.chance(odd) {
            offer.terms.cap = Some(self.amount());
        }
        if discount && self.random.chance(odd) {
            let amount = Money::from_minor(self.amount().minor() / 2);
            match self.random.below(3) {
                0 => offer.terms.floor_unit_price = Some(amount),
                1 => offer.terms.floor_line = Some(amount),
                _ => offer.terms.floor_sku = Some(amount),
            }
        }
        offer.terms.all_or_nothing = discount && self.random.chance(odd / 2);
        let percent = match &offer.effect {
            Effect::PercentOff(_) => true,
            Effect::Steps(steps) => steps.iter().any(|step| matches!(step.save, Saving::Percent(_))),
            _ => false,
        };
        if percent {
            offer.terms.basis = self.random.weighted(&[
                (8, PercentBasis::Running),
                (1, PercentBasis::Layer),
                (1, PercentBasis::List),
            ]);
            if offer.terms.units.is_none() {
                offer.terms.round_at = self
                    .random
                    .maybe(30, |random| random.pick(&[RoundAt::Unit, RoundAt::Line, RoundAt::Offer]));
            }
        }
        let beside = matches!(
            offer.effect,
            Effect::Gift { .. }
                | Effect::PointsFixed(_)
                | Effect::PointsTimes(_)
                | Effect::IssueCoupon { .. }
                | Effect::Entitlement(_)
        );
        if beside && self.random.chance(40) {
            offer.terms.worth = self.amount();
        }
    }
}

/// Whether an effect lowers the lines that `buy` selects.
fn lowers_what_is_bought(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::PercentOff(_)
            | Effect::AmountOff { .. }
            | Effect::UnitPrice(_)
            | Effect::PriceList(_)
            | Effect::SetPrice { .. }
            | Effect::NthUnit { .. }
            | Effect::Steps(_)
            | Effect::Repeat { .. }
    )
}
