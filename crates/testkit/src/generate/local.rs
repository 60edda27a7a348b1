//! Many offers on single lines before offers on the whole: baskets in which a threshold contests them all, and in which many
//! choices cost the same, so that ties decide.

use suanpan_domain::{Basket, LineKind, LinePrice, Money, OfferKind, Quantity, Rate, Sku, UnitPrice};
use suanpan_program::model::{
    AmountAt, AmountPer, CodeKind, CouponTerms, Effect, OffAmount, Offer, Program, RoundAt, SaveStep, Saving,
    Selection, SelectionMode, Selector, ShippingTax, Threshold, UnitCount,
};

use super::market::Market;
use super::offer::Maker;
use super::{Profile, Random, Scenario, Size, member, presented, program, sayable};

/// Lines of the basket, each with a sku of its own.
const LINES_MAX: u64 = 7;

impl Scenario {
    /// The scenario of a seed in which so many offers on single lines may be left out before two or three on the whole.
    #[must_use]
    pub fn of_local_offers(seed: u64, offers: usize) -> Self {
        let mut random = Random::new(seed);
        let market = Market::generate(&mut random, Profile::Plain);
        let mut basket = market.basket(&mut random, Size::SMALL);
        lines(&mut random, &mut basket);
        let mut program = program::generate(&mut random, &market, &basket, Size::SMALL);
        program.selection = SelectionMode::BestForMember;
        program.maximum_discount = None;
        program.tax.shipping = ShippingTax::OwnRate;
        program.groups.clear();
        program.combine.clear();
        program.offers = self::offers(&mut random, &market, &basket, &program, offers);
        sayable::sayable(&mut program);
        let member = member::member(&mut random, &market, &program);
        let usage = member::usage(&mut random, &program);
        presented::complete(&mut random, &market, &program, member.as_ref(), &mut basket);
        basket.manual_discounts.clear();
        Self { seed, program, member, usage, basket }
    }
}

/// A few plain lines; equal prices are common, so that equal sums are.
fn lines(random: &mut Random, basket: &mut Basket) {
    let count = 3 + random.below(LINES_MAX - 2) as usize;
    let mut pattern = basket.lines[0].clone();
    pattern.kind = LineKind::Goods;
    pattern.weighed = false;
    pattern.price_overridden = false;
    pattern.not_discountable = false;
    pattern.legal_minimum = None;
    pattern.taxes.retain(|tax| tax.included);
    let prices = random.pick(&[vec![100], vec![100, 200], vec![99, 100, 333, 1_000], vec![1, 2, 5, 20]]);
    basket.lines = (0..count)
        .map(|number| {
            let mut line = pattern.clone();
            line.id = suanpan_domain::LineId::new(format!("L{number}")).expect("a sound id");
            line.sku = Sku::new(format!("A{number}")).expect("a sound sku");
            line.quantity = Quantity::from_units(random.pick(&[1, 1, 1, 2, 3]));
            line.price = LinePrice::Unit(UnitPrice::from_minor(random.pick(&prices)));
            line
        })
        .collect();
}

fn offers(
    random: &mut Random,
    market: &Market,
    basket: &Basket,
    program: &Program,
    count: usize,
) -> Vec<Offer> {
    let gross: i64 = *program::hints(basket).iter().max().unwrap_or(&1);
    let priorities = random.pick(&[vec![0], vec![0, 0, 1], vec![0, 1, 5, -3]]);
    let mut maker = Maker::new(random, market, basket, &program.layers);
    let mut names: Vec<usize> = (0..count + 3).collect();
    maker.random.shuffle(&mut names);
    let whole = 2 + maker.random.below(2) as usize;
    (0..count + whole)
        .map(|number| {
            // Ids in no order of execution.
            let id = format!("o{:02}", names[number]);
            let mut offer = maker.blank(id, OfferKind::Promotion, Effect::PercentOff(Rate::ZERO));
            offer.priority = maker.random.pick(&priorities);
            offer.leave_out_allowed = true;
            offer.guard_exempt = false;
            if number < count {
                local(&mut maker, &mut offer);
            } else {
                on_the_whole(&mut maker, &mut offer, number == count, gross);
            }
            if maker.random.chance(10) {
                // Only what shows in no price is worth something.
                offer.terms.worth = Money::from_minor(7);
            }
            offer
        })
        .collect()
}

fn local(maker: &mut Maker<'_>, offer: &mut Offer) {
    let skus: Vec<String> = maker.basket.lines.iter().map(|line| line.sku.to_string()).collect();
    let chosen = match maker.random.below(12) {
        0 => maker.random.some_of(&skus),
        1 | 2 => vec![maker.random.pick(&skus), maker.random.pick(&skus)],
        _ => vec![maker.random.pick(&skus)],
    };
    offer.buy = Selection { selector: Selector::Sku(chosen), undiscounted_only: false };
    let percents = [10_000, 50_000, 100_000, 100_000, 333_333, 500_000, 1_000_000];
    offer.effect = match maker.random.below(9) {
        0..=3 => Effect::PercentOff(Rate::from_ppm(maker.random.pick(&percents)).unwrap_or_default()),
        4..=6 => Effect::AmountOff {
            amount: OffAmount::Fixed(Money::from_minor(maker.random.pick(&[1, 5, 10, 10, 20, 100]))),
            per: AmountPer::Line,
        },
        7 => Effect::UnitPrice(UnitPrice::from_minor(maker.random.pick(&[1, 50, 90, 150]))),
        _ => Effect::PercentOff(Rate::from_percent(10)),
    };
    if matches!(offer.effect, Effect::PercentOff(_)) {
        offer.terms.round_at = maker.random.maybe(20, |_| RoundAt::Line);
    }
    // Now and then one that is always taken.
    offer.leave_out_allowed = maker.random.chance(95);
}

/// An offer on the whole; the first has a threshold that those before can push out of reach.
fn on_the_whole(maker: &mut Maker<'_>, offer: &mut Offer, first: bool, gross: i64) {
    let basket_layer = maker.layer("basket");
    offer.layer = maker.random.pick(&[basket_layer, maker.layer("coupon"), basket_layer]);
    let share = maker.random.pick(&[50, 60, 70, 75, 80, 90, 95, 100]);
    let reach = (gross * share / 100 + maker.random.pick(&[0, 0, 0, -1, 1])).max(1);
    let reach = UnitCount::Spend(Money::from_minor(reach));
    let saving = Money::from_minor((gross * maker.random.pick(&[1, 5, 10, 20, 40]) / 100).max(1));
    let kind = if first { maker.random.below(3) } else { maker.random.below(6) };
    offer.effect = match kind {
        0 => Effect::Steps(vec![SaveStep { reach, save: Saving::Amount(saving) }]),
        1 => Effect::Repeat { every: reach, off: saving, times: Some(1) },
        2 | 3 => Effect::AmountOff { amount: OffAmount::Fixed(saving), per: AmountPer::Basket },
        _ => Effect::PercentOff(Rate::from_percent(maker.random.pick(&[5, 10, 30]))),
    };
    if kind == 2 {
        offer.threshold = Some(Threshold { reach, at: AmountAt::Running, tax: None });
    }
    if !first && maker.random.chance(40) {
        offer.kind = OfferKind::Coupon;
        let codes = CodeKind::Generic(vec![format!("code-{}", offer.id)]);
        offer.coupon = Some(Box::new(CouponTerms { codes, paper: false }));
    }
}
