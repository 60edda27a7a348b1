//! What a quote says of money holds together, whatever the program: units sum to lines, lines to the basket, and
//! whoever brings everything back, unit by unit and in any order, gets exactly what was paid.

use proptest::prelude::*;
use suanpan_domain::quote::{MergedLine, QuoteLine, Span, UnitRun};
use suanpan_domain::{LineKind, Quote};
use suanpan_engine::{Scratch, compile};
use suanpan_program::model::{CountsAs, UnitSplit};
use suanpan_testkit::generate::{Profile, Random, Scenario, Size};

fn priced(scenario: &Scenario, scratch: &mut Scratch) -> Quote {
    let compiled = compile(&scenario.program).expect("generated programs can be priced");
    let mut quote = Quote::default();
    let (member, usage) = (scenario.member.as_ref(), scenario.usage.as_ref());
    compiled.quote(&scenario.basket, member, usage, scratch, &mut quote);
    quote
}

/// What the rows of a line say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    gross: i64,
    net: i64,
    points_paid: i64,
    points_earned: i64,
    steps: Span,
    unit_runs: Span,
    taxes: Span,
}

impl From<&MergedLine> for Line {
    fn from(line: &MergedLine) -> Self {
        Self {
            gross: line.gross.minor(),
            net: line.net.minor(),
            points_paid: line.points_paid.minor(),
            points_earned: line.points_earned,
            steps: line.steps,
            unit_runs: line.unit_runs,
            taxes: line.taxes,
        }
    }
}

impl From<&QuoteLine> for Line {
    fn from(line: &QuoteLine) -> Self {
        Self {
            gross: line.gross.minor(),
            net: line.net.minor(),
            points_paid: line.points_paid.minor(),
            points_earned: line.points_earned,
            steps: line.steps,
            unit_runs: line.unit_runs,
            taxes: line.taxes,
        }
    }
}

/// One unit as it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unit {
    net: i64,
    tax: i64,
    points_paid: i64,
    points_earned: i64,
}

fn units(quote: &Quote, line: &Line) -> Vec<Unit> {
    let unit = |run: &UnitRun| Unit {
        net: run.net.minor(),
        tax: run.tax.minor(),
        points_paid: run.points_paid.minor(),
        points_earned: run.points_earned,
    };
    let runs = line.unit_runs.of(&quote.unit_runs).iter();
    runs.flat_map(|run| std::iter::repeat_n(unit(run), usize::try_from(run.units).unwrap())).collect()
}

/// Largest remainder, unit by unit, as a person would write it.
fn shares(amount: i64, weights: &[i64]) -> Vec<i64> {
    let level = weights.iter().all(|weight| *weight == 0);
    let weights: Vec<i128> =
        weights.iter().map(|weight| if level { 1 } else { i128::from(weight.abs()) }).collect();
    let whole: i128 = weights.iter().sum();
    let magnitude = i128::from(amount.abs());
    let mut shares: Vec<i128> = weights.iter().map(|weight| magnitude * weight / whole).collect();
    let mut places: Vec<usize> = (0..weights.len()).collect();
    places.sort_by_key(|&place| std::cmp::Reverse(magnitude * weights[place] % whole));
    let rest = magnitude - shares.iter().sum::<i128>();
    for &place in &places[..usize::try_from(rest).unwrap()] {
        shares[place] += 1;
    }
    shares.iter().map(|share| i64::try_from(*share).unwrap() * amount.signum()).collect()
}

fn check_line(scenario: &Scenario, quote: &Quote, line: &Line, name: &str) {
    let tender = |step: &&suanpan_domain::quote::Step| {
        !matches!(step.offer, suanpan_domain::OfferRef::Program(index)
            if compiled_tender(scenario, index))
    };
    let steps = line.steps.of(&quote.steps);
    let taken: i64 = steps.iter().filter(tender).map(|step| step.amount.minor()).sum();
    assert_eq!(line.gross - taken, line.net, "{name}: gross less steps");
    assert_eq!(steps.last().map_or(line.gross, |step| step.running.minor()), line.net, "{name}: last step");
    for (place, step) in steps.iter().enumerate() {
        assert_eq!(step.sequence as usize, place + 1, "{name}: sequence");
        assert!(step.amount.minor() > 0, "{name}: an empty step");
    }

    let tax: i64 = line.taxes.of(&quote.line_taxes).iter().map(|tax| tax.amount.minor()).sum();
    let units = units(quote, line);
    let nets: Vec<i64> = units.iter().map(|unit| unit.net).collect();
    let of = |what: fn(&Unit) -> i64| units.iter().map(what).collect::<Vec<i64>>();
    assert_eq!(nets.iter().sum::<i64>(), line.net, "{name}: net of units");
    assert_eq!(of(|unit| unit.tax), shares(tax, &nets), "{name}: tax of units");
    assert_eq!(of(|unit| unit.points_paid), shares(line.points_paid, &nets), "{name}: points paid of units");
    assert_eq!(of(|unit| unit.points_earned), shares(line.points_earned, &nets), "{name}: points of units");
    match scenario.program.unit_split {
        UnitSplit::Level => {
            assert!(
                nets.is_sorted_by(|a, b| a >= b) && nets[0] - nets[nets.len() - 1] <= 1,
                "{name}: {nets:?}"
            );
        }
        UnitSplit::Rewarded => assert!(line.net < 0 || nets.is_sorted(), "{name}: {nets:?}"),
    }
}

/// Programs are sorted when they are compiled; the generated one may not be.
fn compiled_tender(scenario: &Scenario, index: u32) -> bool {
    let mut offers: Vec<_> = scenario.program.offers.iter().collect();
    offers.sort_by(|a, b| a.id.cmp(&b.id));
    offers[index as usize].counts_as == CountsAs::Tender
}

fn check(scenario: &Scenario, quote: &Quote) {
    for line in &quote.merged_lines {
        check_line(scenario, quote, &line.into(), &format!("merged line {}", line.first_line));
    }
    for line in &quote.lines {
        check_line(scenario, quote, &line.into(), &format!("line {}", line.line));
    }
    // Request lines share what their merged line has.
    for (place, merged) in quote.merged_lines.iter().enumerate() {
        let members = || quote.lines.iter().filter(|line| line.merged as usize == place);
        assert_eq!(members().count(), merged.line_count as usize);
        let sum = |of: fn(&QuoteLine) -> i64| members().map(of).sum::<i64>();
        assert_eq!(sum(|line| line.gross.minor()), merged.gross.minor());
        assert_eq!(sum(|line| line.net.minor()), merged.net.minor());
        assert_eq!(sum(|line| line.points_paid.minor()), merged.points_paid.minor());
        assert_eq!(sum(|line| line.points_earned), merged.points_earned);
        for tax in merged.taxes.of(&quote.line_taxes) {
            let own = members().flat_map(|line| line.taxes.of(&quote.line_taxes));
            let own: i64 = own.filter(|own| own.tax == tax.tax).map(|own| own.amount.minor()).sum();
            assert_eq!(own, tax.amount.minor());
        }
        let negative = merged.gross.minor() < 0;
        assert!(negative || (0..=merged.gross.minor()).contains(&merged.net.minor()));
    }
    check_basket(scenario, quote);
}

fn check_basket(scenario: &Scenario, quote: &Quote) {
    let totals = &quote.totals;
    let sum = |of: fn(&MergedLine) -> i64| quote.merged_lines.iter().map(of).sum::<i64>();
    assert_eq!(sum(|line| line.net.minor()), totals.net.minor());
    assert_eq!(sum(|line| line.points_paid.minor()), totals.points_tender.minor());
    assert_eq!(sum(|line| line.points_earned), quote.points.earned);
    for (place, tax) in quote.taxes.iter().enumerate() {
        let rows = quote.merged_lines.iter().flat_map(|line| line.taxes.of(&quote.line_taxes));
        let rows = rows.filter(|row| row.tax as usize == place).map(|row| row.amount.minor());
        assert_eq!(rows.sum::<i64>(), tax.amount.minor(), "a tax is the sum of its lines");
    }
    let due = totals.net + totals.tax_added - totals.reimbursed - totals.points_tender;
    assert_eq!(totals.due, due);
    assert!(quote.points.earned >= 0 && quote.points.used >= 0);
    if scenario.member.is_none() {
        assert_eq!((quote.points.earned, quote.points.used), (0, 0), "guests have no points");
    }
    if scenario.basket.lines.iter().all(|line| line.quantity.milli() > 0) {
        assert!(due.minor() >= 0, "nothing due goes negative");
    }
    for line in &quote.lines {
        let kind = scenario.basket.lines[line.line as usize].kind;
        let earns = matches!(kind, LineKind::Goods | LineKind::Service);
        assert!(earns || quote.points.earned == 0 || line.points_earned == 0 || has_fixed(scenario));
    }
}

fn has_fixed(scenario: &Scenario) -> bool {
    let fixed = |offer: &suanpan_program::model::Offer| {
        matches!(offer.effect, suanpan_program::model::Effect::PointsFixed(_))
    };
    scenario.program.offers.iter().any(fixed)
}

/// Brings every unit back, one by one, in some order.
fn check_returns(quote: &Quote, seed: u64) {
    let mut all: Vec<Unit> = Vec::new();
    quote.merged_lines.iter().for_each(|line| all.extend(units(quote, &line.into())));
    Random::new(seed).shuffle(&mut all);
    let added: i64 = quote.totals.tax_added.minor();
    let included: i64 = quote.totals.tax_included.minor();
    let (mut net, mut tax, mut paid, mut earned) = (0, 0, 0, 0);
    for unit in all {
        net += unit.net;
        tax += unit.tax;
        paid += unit.points_paid;
        earned += unit.points_earned;
    }
    assert_eq!(net, quote.totals.net.minor());
    assert_eq!(tax, added + included);
    assert_eq!(paid, quote.totals.points_tender.minor());
    assert_eq!(earned, quote.points.earned);
    let refunded = net + added - paid - quote.totals.reimbursed.minor();
    assert_eq!(refunded, quote.totals.due.minor());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_holds_together(seed in any::<u64>(), usual in any::<bool>(), money in any::<bool>()) {
        let size = if usual { Size::USUAL } else { Size::SMALL };
        let scenario = if money {
            Scenario::of_profile(seed, Profile::Money, size)
        } else {
            Scenario::of_seed(seed, size)
        };
        let mut scratch = Scratch::new();
        let quote = priced(&scenario, &mut scratch);
        check(&scenario, &quote);
        check_returns(&quote, seed);

        // Memory of another basket changes nothing.
        let other = Scenario::of_seed(seed ^ 1, size);
        priced(&other, &mut scratch);
        prop_assert_eq!(priced(&scenario, &mut scratch), quote);
    }
}
