//! A counter-example made small: parts are dropped as long as engine and oracle still differ.

use suanpan_domain::{Money, PointsRequest, Quantity};
use suanpan_program::model::{Allocation, PointsPolicy, TaxPolicy, UnitSplit};
use suanpan_testkit::generate::Scenario;

/// Judges a scenario: what differs, or none when it cannot be judged.
pub(crate) type Judge<'a> = dyn Fn(&Scenario) -> Option<Vec<String>> + 'a;

/// Takes one change after the other and keeps what it makes of the scenario.
type Smaller<'a> = dyn FnMut(&dyn Fn(&mut Scenario)) + 'a;

/// The seed, the command that replays it, and the smallest counter-example found.
pub(crate) fn report(test: &str, scenario: Scenario, judge: &Judge<'_>) -> String {
    let seed = scenario.seed;
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let scenario = smallest(scenario, judge);
    std::panic::set_hook(hook);
    let found = judge(&scenario).unwrap_or_default().join("\n  ");
    format!(
        "seed {seed}; replay it alone with\n  SUANPAN_SEED={seed} SUANPAN_ORACLE_PAIRS=1 cargo test -p suanpan-engine --test oracle {test}\n\
         differences:\n  {found}\nas a case file, for `tests/cases/`:\n{}",
        as_case(&scenario)
    )
}

/// The case file; the scenario itself where the oracle cannot say what is right.
fn as_case(scenario: &Scenario) -> String {
    match suanpan_testkit::oracle::price(scenario) {
        Some(priced) => suanpan_testkit::case_file::write(scenario, &priced),
        None => format!("{scenario:#?}"),
    }
}

/// What is different first, without the name of the line or offer.
pub(crate) fn kind(found: &[String]) -> &str {
    let what = found.first().and_then(|first| first.split(": ").next()).unwrap_or_default();
    let what = what.split(" line ").next().unwrap_or_default();
    if what.starts_with("reason") { "reason" } else { what }
}

fn smallest(mut scenario: Scenario, judge: &Judge<'_>) -> Scenario {
    // Smaller, but about the same thing.
    let about = judge(&scenario).map(|found| kind(&found).to_owned()).unwrap_or_default();
    let still_fails = |candidate: &Scenario| {
        judge(candidate).is_some_and(|found| !found.is_empty() && kind(&found) == about)
    };
    loop {
        let smaller =
            smaller(&scenario).into_iter().find(|smaller| *smaller != scenario && still_fails(smaller));
        match smaller {
            Some(smaller) => scenario = smaller,
            None => return scenario,
        }
    }
}

/// Every scenario that is one step smaller, the largest steps first.
fn smaller(scenario: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Scenario)| {
        let mut smaller = scenario.clone();
        change(&mut smaller);
        all.push(smaller);
    };
    for place in 0..scenario.program.offers.len() {
        with(&|smaller| {
            smaller.program.offers.remove(place);
        });
    }
    // Nobody buys nothing.
    let droppable = if scenario.basket.lines.len() > 1 { scenario.basket.lines.len() } else { 0 };
    for place in 0..droppable {
        with(&|smaller| {
            let line = smaller.basket.lines.remove(place);
            let basket = &mut smaller.basket;
            basket.paper_coupons.retain(|paper| paper.line != line.id);
            basket
                .manual_discounts
                .retain(|manual| manual.target != suanpan_domain::ManualTarget::Line(line.id.clone()));
        });
    }
    for place in 0..scenario.basket.codes.len() {
        with(&|smaller| {
            smaller.basket.codes.remove(place);
        });
    }
    for place in 0..scenario.basket.paper_coupons.len() {
        with(&|smaller| {
            smaller.basket.paper_coupons.remove(place);
        });
    }
    for place in 0..scenario.basket.manual_discounts.len() {
        with(&|smaller| {
            smaller.basket.manual_discounts.remove(place);
        });
    }
    for place in 0..scenario.basket.gift_choices.len() {
        with(&|smaller| {
            smaller.basket.gift_choices.remove(place);
        });
    }
    with(&|smaller| smaller.member = None);
    with(&|smaller| smaller.usage = None);
    with(&|smaller| smaller.basket.points = PointsRequest::default());
    with(&|smaller| smaller.basket.points.conflict = None);
    with(&|smaller| smaller.program.points = PointsPolicy::default());
    with(&|smaller| smaller.program.points.earn = None);
    with(&|smaller| smaller.program.points.offset = None);
    with(&|smaller| smaller.program.points.tier_times.clear());
    with(&|smaller| smaller.program.combine.clear());
    with(&|smaller| smaller.program.maximum_discount = None);
    with(&|smaller| smaller.program.cash_rounding = None);
    with(&|smaller| smaller.program.minimum_due = Money::ZERO);
    with(&|smaller| smaller.program.tax = TaxPolicy::default());
    with(&|smaller| smaller.program.allocation = Allocation::default());
    with(&|smaller| smaller.program.rounding = suanpan_domain::Rounding::HalfUp);
    with(&|smaller| smaller.program.unit_split = UnitSplit::Level);
    with(&|smaller| smaller.program.selection = suanpan_program::model::SelectionMode::BestForMember);
    with(&|smaller| smaller.basket.exchange_of = None);
    offers(scenario, &mut with);
    lines(scenario, &mut with);
    all
}

fn offers(scenario: &Scenario, with: &mut Smaller<'_>) {
    for place in 0..scenario.program.offers.len() {
        let mut offer = |change: &dyn Fn(&mut suanpan_program::model::Offer)| {
            with(&|smaller| change(&mut smaller.program.offers[place]));
        };
        offer(&|offer| offer.when = Default::default());
        offer(&|offer| offer.who = Default::default());
        offer(&|offer| offer.place = Default::default());
        offer(&|offer| offer.limits = Default::default());
        offer(&|offer| offer.stacking = Default::default());
        offer(&|offer| offer.stacking.exclusive = None);
        offer(&|offer| offer.stacking.pool = None);
        offer(&|offer| offer.stacking.groups.clear());
        offer(&|offer| offer.terms = Default::default());
        offer(&|offer| offer.terms.cap = None);
        offer(&|offer| offer.terms.units = None);
        offer(&|offer| offer.terms.floor_unit_price = None);
        offer(&|offer| offer.terms.floor_line = None);
        offer(&|offer| offer.terms.floor_sku = None);
        offer(&|offer| offer.terms.round_at = None);
        offer(&|offer| offer.terms.min_gain = None);
        offer(&|offer| offer.terms.worth = Money::ZERO);
        offer(&|offer| offer.terms.basis = suanpan_program::model::PercentBasis::Running);
        offer(&|offer| offer.terms.all_or_nothing = false);
        offer(&|offer| offer.threshold = None);
        offer(&|offer| {
            if let Some(threshold) = &mut offer.threshold {
                threshold.tax = None;
            }
        });
        offer(&|offer| {
            if let Some(threshold) = &mut offer.threshold {
                threshold.at = suanpan_program::model::AmountAt::Running;
            }
        });
        offer(&|offer| offer.target = None);
        offer(&|offer| offer.buy = suanpan_program::model::Selection::default());
        offer(&|offer| offer.buy.undiscounted_only = false);
        offer(&|offer| offer.priority = 0);
        offer(&|offer| offer.guard_exempt = false);
        offer(&|offer| offer.counts_as = suanpan_program::model::CountsAs::Discount);
        offer(&|offer| offer.funding.clear());
    }
}

fn lines(scenario: &Scenario, with: &mut Smaller<'_>) {
    for place in 0..scenario.basket.lines.len() {
        let mut line = |change: &dyn Fn(&mut suanpan_domain::Line)| {
            with(&|smaller| change(&mut smaller.basket.lines[place]));
        };
        line(&|line| line.taxes.clear());
        line(&|line| line.taxes.truncate(1));
        line(&|line| line.legal_minimum = None);
        line(&|line| line.price_overridden = false);
        line(&|line| line.not_discountable = false);
        line(&|line| {
            if line.quantity.milli() > 1_000 && !line.weighed && line.quantity.is_whole() {
                line.quantity = Quantity::from_milli(line.quantity.milli() - 1_000);
            }
        });
    }
}
