//! Programs of a made-up chain, made with a basket in sight so that their numbers meet it.

use suanpan_domain::{Basket, LinePrice, Money, OfferKind, Rate, Rounding, UnitPrice};
use suanpan_program::model::{
    Allocation, AllocationBasis, AllocationMethod, AllocationWeight, CashRounding, CountsAs, ENGINE_EDITION,
    Earn, EarnOn, LAYERS_DEFAULT, LimitPeriod, Multipliers, PointsOffset, PointsPolicy, Program,
    RESTORED_DAYS_DEFAULT, ReturnsPolicy, Reward, SEARCH_NODES_MAX_DEFAULT, SelectionMode, ShippingTax,
    Store, TaxBase, TaxPolicy, TaxScope, Tier, TierEntitlement, TierTimes, Title, UnitSplit,
};

use super::market::Market;
use super::offer::{Maker, TIERS};
use super::{Profile, Random, Size};

/// Amounts that mean something to a basket: its sum, its lines, its units.
pub(super) fn hints(basket: &Basket) -> Vec<i64> {
    let mut hints = Vec::new();
    let mut sum = 0;
    for line in &basket.lines {
        let amount = match line.price {
            LinePrice::Unit(price) => price.times(line.quantity, Rounding::HalfUp).minor(),
            LinePrice::Total(total) => total.minor(),
        };
        let unit = match line.price {
            LinePrice::Unit(price) => price.micro() / UnitPrice::MICRO_PER_MINOR,
            LinePrice::Total(_) => amount / 2,
        };
        if amount > 0 {
            sum += amount;
            hints.extend([amount, amount / 2, unit]);
        }
    }
    hints.extend([sum, sum, sum / 2, sum / 3]);
    hints.retain(|amount| *amount > 0);
    hints.push(1);
    hints
}

pub(super) fn generate(random: &mut Random, market: &Market, basket: &Basket, size: Size) -> Program {
    let profile = market.profile;
    let mut layers: Vec<String> = LAYERS_DEFAULT.iter().map(|layer| (*layer).to_owned()).collect();
    match random.below(10) {
        0 => layers.swap(1, 2),
        1 => layers.insert(3, "club".to_owned()),
        _ => {}
    }
    let odd = matches!(profile, Profile::Amounts | Profile::Everything);
    let mut program = Program {
        id: "made-up".to_owned(),
        version: "1".to_owned(),
        title: Title::default(),
        currency: market.currency,
        time_zone: None,
        price_mode: market.price_mode,
        rounding: rounding(random),
        allocation: allocation(random, odd),
        selection: if random.chance(25) { SelectionMode::ByPriority } else { SelectionMode::BestForMember },
        layers,
        engine_edition: ENGINE_EDITION,
        maximum_discount: random
            .maybe(if odd { 30 } else { 8 }, |random| Rate::from_percent(random.pick(&[10, 33, 50, 70]))),
        minimum_due: Money::from_minor(random.pick(&[0, 0, 0, 1, 50])),
        cash_rounding: random.maybe(30, |random| CashRounding {
            to: Money::from_minor(random.pick(&[5, 10, 100])),
            rounding: rounding(random),
        }),
        tax: TaxPolicy {
            scope: random.pick(&[TaxScope::PerRate, TaxScope::PerRate, TaxScope::PerLine]),
            base: random.pick(&[TaxBase::NetRounded, TaxBase::NetRounded, TaxBase::GrossMinusDiscount]),
            rounding: rounding(random),
            shipping: random.pick(&[ShippingTax::OwnRate, ShippingTax::OwnRate, ShippingTax::GoodsMix]),
            rates: Vec::new(),
        },
        unit_split: random.pick(&[UnitSplit::Level, UnitSplit::Rewarded]),
        search_nodes_max: SEARCH_NODES_MAX_DEFAULT,
        archive_after_days: None,
        stores: vec![
            Store { id: "s-1".to_owned(), groups: vec!["city".to_owned()], time_zone: None },
            Store {
                id: "s-2".to_owned(),
                groups: vec!["city".to_owned(), "airport".to_owned()],
                time_zone: None,
            },
            Store { id: "s-3".to_owned(), groups: Vec::new(), time_zone: None },
        ],
        tiers: tiers(),
        offers: Vec::new(),
        groups: Vec::new(),
        combine: Vec::new(),
        points: points(random, market, basket),
        returns: ReturnsPolicy::default(),
    };
    let mut maker = Maker::new(random, market, basket, &program.layers);
    program.offers = maker.offers(size);
    let (groups, combine) = maker.stacking(&mut program.offers);
    program.groups = groups;
    program.combine = combine;
    super::sayable::sayable(&mut program);
    debug_assert!(program.offers.iter().all(|offer| offer.kind != OfferKind::Manual));
    program
}

pub(super) fn rounding(random: &mut Random) -> Rounding {
    random.weighted(&[
        (4, Rounding::HalfUp),
        (2, Rounding::HalfEven),
        (2, Rounding::HalfDown),
        (2, Rounding::Down),
        (2, Rounding::Up),
    ])
}

fn allocation(random: &mut Random, odd: bool) -> Allocation {
    let plain = if odd { 2 } else { 12 };
    Allocation {
        method: random.weighted(&[
            (plain, AllocationMethod::LargestRemainder),
            (2, AllocationMethod::LastLineTakesRest),
            (2, AllocationMethod::HalfDownThenFirst),
            (2, AllocationMethod::Cascade),
        ]),
        weight: random.weighted(&[
            (plain, AllocationWeight::Amount),
            (1, AllocationWeight::Units),
            (1, AllocationWeight::AmountTaxExcluded),
            (1, AllocationWeight::AmountTaxIncluded),
        ]),
        basis: random.weighted(&[(3, AllocationBasis::Target), (1, AllocationBasis::SourceAndTarget)]),
    }
}

fn tiers() -> Vec<Tier> {
    TIERS
        .iter()
        .map(|id| Tier {
            id: (*id).to_owned(),
            title: Title::default(),
            entitlements: if *id == "gold" {
                vec![TierEntitlement { id: "free-delivery".to_owned(), quota: Some((2, LimitPeriod::Month)) }]
            } else {
                Vec::new()
            },
            qualify: None,
            keep: None,
            welcome: Reward::default(),
        })
        .collect()
}

fn points(random: &mut Random, market: &Market, basket: &Basket) -> PointsPolicy {
    let hints = hints(basket);
    let often = if market.profile == Profile::Money { 95 } else { 40 };
    let except =
        |random: &mut Random| random.maybe(25, |random| super::offer::selector(random, market, basket, 1));
    PointsPolicy {
        title: Title::default(),
        earn: random.maybe(often, |random| Earn {
            per: Money::from_minor(random.pick(&[1, 7, 50, 100])),
            points: random.pick(&[1, 2, 3]),
            on: random.pick(&[EarnOn::PaidAfterPoints, EarnOn::PaidBeforePoints, EarnOn::List]),
            except: except(random),
            multipliers: random.pick(&[Multipliers::Multiply, Multipliers::Largest]),
        }),
        tier_times: vec![
            TierTimes { tier: "silver".to_owned(), times: Rate::from_ppm(1_200_000).unwrap_or_default() },
            TierTimes { tier: "gold".to_owned(), times: Rate::from_ppm(1_500_000).unwrap_or_default() },
        ],
        offset: random.maybe(often, |random| PointsOffset {
            value: UnitPrice::from_micro(random.pick(&[1_000_000, 500_000, 10_000_000, 333_333])),
            at_least: random.pick(&[0, 1, 10, 100]),
            step: random.pick(&[1, 1, 10, 50]),
            at_most_share: random.maybe(30, |random| Rate::from_percent(random.pick(&[10, 50, 100]))),
            at_most_amount: random.maybe(25, |random| Money::from_minor(random.pick(&hints))),
            except: except(random),
            counts_as: random.pick(&[CountsAs::Discount, CountsAs::Tender]),
        }),
        restored_days: RESTORED_DAYS_DEFAULT,
        ..PointsPolicy::default()
    }
}
