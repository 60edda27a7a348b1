//! Offers: what has to be bought, what it does, and the terms around it.

use suanpan_domain::{Basket, LineKind, Money, OfferKind, Quantity, Rate, UnitPrice};
use suanpan_program::model::{
    AmountAt, CodeKind, CountsAs, CouponTerms, Effect, FundingShare, Offer, Selection, Selector, TaxBasis,
    Threshold, UnitCount,
};

use super::market::{BRANDS, CATEGORIES, Market, TAGS};
use super::{Profile, Random, Size, conditions, program};

pub(super) const TIERS: [&str; 3] = ["ordinary", "silver", "gold"];

/// Makes the offers of one program.
pub(super) struct Maker<'a> {
    pub(super) random: &'a mut Random,
    pub(super) market: &'a Market,
    pub(super) basket: &'a Basket,
    pub(super) hints: Vec<i64>,
    layers: &'a [String],
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        random: &'a mut Random,
        market: &'a Market,
        basket: &'a Basket,
        layers: &'a [String],
    ) -> Self {
        Self { random, market, basket, hints: program::hints(basket), layers }
    }

    pub(super) fn profile(&self) -> Profile {
        self.market.profile
    }

    /// An amount: something of the basket at hand, give or take one, or anything small.
    pub(super) fn amount(&mut self) -> Money {
        let minor = if self.random.chance(45) {
            self.random.pick(&self.hints) + self.random.pick(&[-1, 0, 0, 0, 1])
        } else {
            self.random.pick(&[1, 2, 3, 5, 7, 10, 25, 50, 99, 100, 150, 333, 500])
        };
        Money::from_minor(minor.max(1))
    }

    pub(super) fn percent(&mut self) -> Rate {
        let ppm = self
            .random
            .pick(&[10_000, 50_000, 70_000, 100_000, 125_000, 333_333, 500_000, 500_000, 750_000, 1_000_000]);
        Rate::from_ppm(ppm).unwrap_or_default()
    }

    pub(super) fn selection(&mut self, everything: u64) -> Selection {
        let selector = if self.random.chance(everything) {
            Selector::Everything
        } else {
            selector(self.random, self.market, self.basket, 2)
        };
        let undiscounted_only = self.random.chance(6);
        Selection { selector, undiscounted_only }
    }

    /// The offers of a program: price lists, the tiers' discounts, promotions, coupons.
    pub(super) fn offers(&mut self, size: Size) -> Vec<Offer> {
        let mut offers = Vec::new();
        for tier in &TIERS[1..] {
            if self.random.chance(40) {
                let rate = self.percent();
                let mut offer = self.blank(format!("tier:{tier}"), OfferKind::Tier, Effect::PercentOff(rate));
                offer.who.tiers = vec![(*tier).to_owned()];
                offers.push(offer);
            }
        }
        let count = 1 + self.random.below(size.offers_max as u64) as usize;
        for number in 0..count {
            // Ids in no order of making: ties go by them.
            let id = format!("{}{number}", self.random.pick(&["a", "m", "z"]));
            let offer = self.offer(id, &offers);
            offers.push(offer);
        }
        offers
    }

    fn offer(&mut self, id: String, made: &[Offer]) -> Offer {
        let coupon_often = match self.profile() {
            Profile::Coupons => 65,
            Profile::Everything | Profile::Stacking => 25,
            _ => 8,
        };
        let effect = self.effect(made);
        let kind = match effect {
            Effect::PriceList(_) => OfferKind::PriceList,
            _ if self.random.chance(coupon_often) => OfferKind::Coupon,
            _ => OfferKind::Promotion,
        };
        let mut offer = self.blank(id, kind, effect);
        self.reach(&mut offer);
        self.terms(&mut offer);
        if kind == OfferKind::Coupon {
            self.present(&mut offer);
        }
        let conditions = match self.profile() {
            Profile::Conditions => 70,
            Profile::Everything => 20,
            _ => 5,
        };
        if self.random.chance(conditions) {
            offer.when = conditions::when(self.random, self.market).into();
        }
        if self.random.chance(conditions / 2) {
            offer.who = conditions::who(self.random).into();
        }
        if self.random.chance(conditions / 3) {
            offer.place = conditions::place(self.random).into();
        }
        if self.random.chance(conditions / 2) {
            let amount = self.amount();
            offer.limits = conditions::limits(self.random, amount).into();
        }
        self.layer_of(&mut offer);
        if matches!(offer.effect, Effect::Match { .. }) && self.random.chance(80) {
            // After what it adds to.
            offer.layer = self.layer("coupon");
            offer.priority = -9;
        }
        offer
    }

    pub(super) fn blank(&mut self, id: String, kind: OfferKind, effect: Effect) -> Offer {
        let layer = self.layer(if kind == OfferKind::Tier { "tier" } else { "item" });
        Offer {
            id,
            title: Default::default(),
            kind,
            layer,
            priority: self.random.pick(&[0, 0, 0, 1, 5, -3]),
            leave_out_allowed: kind == OfferKind::Tier,
            when: Default::default(),
            who: Default::default(),
            place: Default::default(),
            buy: Selection::default(),
            threshold: None,
            target: None,
            effect,
            terms: Default::default(),
            limits: Default::default(),
            funding: Vec::new(),
            counts_as: CountsAs::Discount,
            stacking: Default::default(),
            coupon: None,
            guard_exempt: self.random.chance(5),
        }
    }

    pub(super) fn layer(&self, name: &str) -> usize {
        self.layers.iter().position(|layer| layer == name).unwrap_or(0)
    }

    /// A threshold, where one makes sense.
    fn reach(&mut self, offer: &mut Offer) {
        let often = match self.profile() {
            Profile::Thresholds => 75,
            Profile::Plain => 15,
            _ => 25,
        };
        let measured = matches!(offer.effect, Effect::Steps(_) | Effect::Repeat { .. });
        // What a threshold sees of a paper that is for one line is not settled (rule 11).
        let unsettled = matches!(offer.effect, Effect::PriceList(_)) || presented(&offer.effect);
        if unsettled || !self.random.chance(often) {
            return;
        }
        let reach = match self.random.below(10) {
            0 | 1 => UnitCount::Units(self.random.pick(&[1, 2, 3, 4])),
            2 => UnitCount::Weight(Quantity::from_milli(self.random.pick(&[500, 734, 1_000]))),
            _ => UnitCount::Spend(self.amount()),
        };
        let reach = if measured { UnitCount::Spend(Money::from_minor(1)) } else { reach };
        let tax = [None, None, None, Some(TaxBasis::Included), Some(TaxBasis::Excluded)];
        let at = match self.random.below(10) {
            0 => AmountAt::List,
            1 => AmountAt::AfterLayer(0),
            _ => AmountAt::Running,
        };
        offer.threshold = Some(Threshold { reach, at, tax: self.random.pick(&tax) });
    }

    fn layer_of(&mut self, offer: &mut Offer) {
        let selects = !offer.buy.is_everything() || offer.target.is_some();
        let name = match &offer.effect {
            Effect::PriceList(_) => "price",
            Effect::PointsFixed(_)
            | Effect::PointsTimes(_)
            | Effect::IssueCoupon { .. }
            | Effect::Entitlement(_) => "earn",
            Effect::Shipping(_) => "shipping",
            Effect::Match { .. } => "coupon",
            Effect::UnitPrice(_) if offer.threshold.is_none() => "price",
            Effect::Steps(_) | Effect::Repeat { .. } => "basket",
            Effect::Bundle { .. } | Effect::BuyGet { .. } => "item",
            _ if selects => "item",
            _ => "basket",
        };
        let name = if offer.kind == OfferKind::Coupon && name == "basket" { "coupon" } else { name };
        let earns = name == "earn";
        let shelf = matches!(name, "price" | "item") || earns;
        offer.leave_out_allowed = !shelf && !matches!(offer.effect, Effect::Match { .. });
        let often = if self.profile() == Profile::Thresholds { 40 } else { 15 };
        if !earns && self.random.chance(often) {
            offer.leave_out_allowed = !offer.leave_out_allowed;
        }
        let name = if !earns && self.random.chance(15) {
            let after_first = matches!(offer.threshold, Some(Threshold { at: AmountAt::AfterLayer(_), .. }));
            let names: &[&str] = if after_first { &["item", "coupon"] } else { &["item", "tier", "coupon"] };
            self.random.pick(names)
        } else {
            name
        };
        offer.layer = self.layer(name);
        if offer.layer == 0
            && let Some(threshold) = &mut offer.threshold
        {
            threshold.at = AmountAt::Running;
        }
    }

    fn present(&mut self, offer: &mut Offer) {
        let paper = matches!(offer.effect, Effect::AmountOff { .. }) && self.random.chance(50);
        let codes = match self.random.below(4) {
            _ if paper || presented(&offer.effect) => CodeKind::Generic(vec![format!("code-{}", offer.id)]),
            0 | 1 => CodeKind::Generic(vec![format!("code-{}", offer.id), format!("alias-{}", offer.id)]),
            2 => CodeKind::Unique { prefix: format!("U{}", offer.id), length: 8 },
            _ => CodeKind::Owned,
        };
        offer.coupon = Some(Box::new(CouponTerms { codes, paper: paper || presented(&offer.effect) }));
        if self.random.chance(15) {
            offer.terms.min_gain = Some(self.amount());
        }
        let pays = matches!(
            offer.effect,
            Effect::AmountOff { .. } | Effect::PercentOff(_) | Effect::UnitPrice(_) | Effect::NthUnit { .. }
        );
        if pays && self.random.chance(35) {
            offer.counts_as = CountsAs::Tender;
            offer.funding = vec![FundingShare { funder: "maker".to_owned(), share: Rate::WHOLE }];
        }
    }
}

/// Whether the amount is read off the paper.
pub(super) fn presented(effect: &Effect) -> bool {
    matches!(effect, Effect::AmountOff { amount: suanpan_program::model::OffAmount::Presented, .. })
}

/// A condition on lines that mostly means lines of the basket.
pub(super) fn selector(random: &mut Random, market: &Market, basket: &Basket, depth: u32) -> Selector {
    let line = random.pick(&basket.lines);
    let nest = if depth == 0 { 0 } else { 2 };
    let choice =
        random.weighted(&[(8, 0), (6, 1), (4, 2), (3, 3), (3, 4), (2, 5), (nest, 6), (nest, 7), (nest, 8)]);
    let inner = |random: &mut Random| selector(random, market, basket, depth.saturating_sub(1));
    match choice {
        0 => {
            let mut skus = vec![line.sku.as_str().to_owned()];
            if random.chance(40) {
                skus.push(random.pick(&market.skus()));
            }
            Selector::Sku(skus)
        }
        1 if !line.category.is_empty() && random.chance(60) => Selector::Category(vec![line.category]),
        1 => Selector::Category(random.some_of(&CATEGORIES.map(str::to_owned))),
        2 if !line.brand.is_empty() => Selector::Brand(vec![line.brand]),
        2 => Selector::Brand(random.some_of(&BRANDS.map(str::to_owned))),
        3 => Selector::Tag(random.some_of(&TAGS.map(str::to_owned))),
        4 => Selector::Kind(random.some_of(&[
            LineKind::Goods,
            LineKind::Goods,
            LineKind::Service,
            LineKind::Shipping,
            LineKind::GiftCard,
            LineKind::Deposit,
        ])),
        5 => {
            let bound = |random: &mut Random| UnitPrice::from_minor(random.pick(&[1, 10, 100, 333]));
            match random.below(3) {
                0 => Selector::Price { from: Some(bound(random)), below: None },
                1 => Selector::Price { from: None, below: Some(bound(random)) },
                _ => Selector::Price {
                    from: Some(UnitPrice::from_minor(10)),
                    below: Some(UnitPrice::from_minor(334)),
                },
            }
        }
        6 => Selector::AnyOf(vec![inner(random), inner(random)]),
        7 => Selector::AllOf(vec![inner(random), inner(random)]),
        _ => Selector::Not(Box::new(inner(random))),
    }
}
