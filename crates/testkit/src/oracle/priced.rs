//! The priced basket of the oracle: lines, units, offers, taxes, points and totals (section 7 of `docs/pricing.md`).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use suanpan_domain::{LineTax, Reason};
use suanpan_program::model::{CountsAs, Effect, SelectionMode, UnitSplit};

use super::arithmetic::{largest_remainder, level, rounded};
use super::choose::Best;
use super::execute::{Outcome, World};
use super::points::{Paid, earned, lowered, pay};
use super::state::Given;
use super::tax::taxes;

/// A basket as the oracle prices it. Amounts are in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priced {
    /// Merged lines by the id that names them.
    pub merged: BTreeMap<String, PricedLine>,
    /// Request lines by id.
    pub requests: BTreeMap<String, PricedLine>,
    /// What gives something, in the order of execution; one row for each presentation.
    pub offers: Vec<PricedOffer>,
    /// Offers that are no candidates, and why.
    pub refused: BTreeMap<String, Reason>,
    /// Coupons that were dropped because they gain too little.
    pub dropped: BTreeMap<String, Reason>,
    /// Offers that the choice does not keep, one row for each presentation.
    pub kept_out: Vec<String>,
    /// Offers that were left out for a lower objective.
    pub left_out: Vec<String>,
    /// Gift lines added.
    pub gifts: Vec<PricedGift>,
    /// Tax of the basket by id, rate in parts per million, and whether prices contain it.
    pub taxes: BTreeMap<(String, i64, bool), i64>,
    /// Before any offer.
    pub gross: i64,
    /// Sum of the line nets.
    pub net: i64,
    /// Tax that the prices contain.
    pub tax_included: i64,
    /// Tax on top of the prices.
    pub tax_added: i64,
    /// Paid by funders of coupons.
    pub reimbursed: i64,
    /// Paid with points as tender.
    pub points_tender: i64,
    /// Left to pay.
    pub due: i64,
    /// Left to pay in cash.
    pub due_cash: i64,
    /// Points paid with.
    pub points_used: i64,
    /// What they are worth.
    pub points_value: i64,
    /// Points earned.
    pub points_earned: i64,
    /// What the choice minimises.
    pub objective: i64,
    /// How many candidates had to be searched.
    pub contested: usize,
}

/// A line as the oracle prices it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PricedLine {
    /// Before any offer.
    pub gross: i64,
    /// After all offers.
    pub net: i64,
    /// What each offer took, in order. Of request lines without reimbursed coupons.
    pub steps: Vec<PricedStep>,
    /// Its units in the order in which they come back.
    pub units: Vec<PricedUnit>,
    /// Its taxes by id, rate and whether the price contains them.
    pub taxes: BTreeMap<(String, i64, bool), i64>,
    /// Paid with points as tender.
    pub points_paid: i64,
    /// Points earned.
    pub points_earned: i64,
}

/// What an offer took of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedStep {
    /// The offer: its id, `manual:` and the manual discount's id, or `points`.
    pub offer: String,
    /// How much.
    pub amount: i64,
    /// What the line costs after it.
    pub running: i64,
    /// Whether a funder pays it.
    pub tender: bool,
}

/// What a unit comes back for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedUnit {
    /// Net.
    pub net: i64,
    /// All its taxes together.
    pub tax: i64,
    /// Paid with points.
    pub points_paid: i64,
    /// Points earned.
    pub points_earned: i64,
}

/// An offer that gives something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PricedOffer {
    /// Its id, or `manual:` and the manual discount's id.
    pub id: String,
    /// What it gives.
    pub amount: i64,
}

/// Gift lines that an offer adds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PricedGift {
    /// The offer.
    pub offer: String,
    /// Which of its articles, from 0.
    pub choice: usize,
    /// How many.
    pub units: i64,
}

/// Nets, taxes and points of all lines at the end.
struct Ending {
    paid: Paid,
    tender: bool,
    nets: Vec<i64>,
    taxes: Vec<BTreeMap<LineTax, i64>>,
}

fn ending(world: &World<'_>, best: &Best<'_>, points_allowed: bool) -> Ending {
    let state = &best.outcome.state;
    let paid = if points_allowed {
        pay(world, &best.outcome)
    } else {
        Paid { of_lines: vec![0; world.lines.len()], ..Paid::default() }
    };
    let tender =
        world.program.points.offset.as_ref().is_some_and(|offset| offset.counts_as == CountsAs::Tender);
    let (nets, taxes) = if tender || paid.value == 0 {
        (state.running.clone(), taxes(world.program, world.lines, &state.running))
    } else {
        lowered(world, state, &paid)
    };
    Ending { paid, tender, nets, taxes }
}

fn added(ending: &Ending, included: bool) -> i64 {
    ending.taxes.iter().flatten().filter(|(tax, _)| tax.included == included).map(|(_, amount)| amount).sum()
}

impl Ending {
    fn tendered(&self) -> i64 {
        if self.tender { self.paid.value } else { 0 }
    }

    fn due(&self, best: &Best<'_>) -> i64 {
        let reimbursed: i64 = best.outcome.state.reserved.iter().sum();
        self.nets.iter().sum::<i64>() + added(self, false) - reimbursed - self.tendered()
    }
}

/// What is left to pay.
pub(super) fn due(world: &World<'_>, best: &Best<'_>, points_allowed: bool) -> i64 {
    ending(world, best, points_allowed).due(best)
}

/// Divides by weights, level when all are zero; negative ones mirror (46).
fn shared(amount: i64, weights: &[i64]) -> Vec<i64> {
    let weights: Vec<i64> = weights.iter().map(|weight| weight.abs()).collect();
    if weights.iter().all(|weight| *weight == 0) {
        return largest_remainder(amount, &vec![1; weights.len()]);
    }
    largest_remainder(amount, &weights)
}

/// Points offers that were kept and give no points: without such a one, and without those of a lower priority or a later id
/// that were found before it, the basket earns as many (50).
pub(super) fn earning_nothing(world: &World<'_>, best: &Best<'_>, points_allowed: bool) -> Vec<usize> {
    let end = ending(world, best, points_allowed);
    let mut outcome = Outcome::clone(&best.outcome);
    let points = |outcome: &Outcome<'_>| earned(world, outcome, &end.nets, &end.paid).iter().sum::<i64>();
    let mut offers: Vec<usize> = best.choice.kept.clone();
    offers.retain(|index| {
        let offer = &world.candidates[*index].offer;
        matches!(offer.effect, Effect::PointsFixed(_) | Effect::PointsTimes(_))
            && offer.terms.worth.minor() == 0
            && outcome.gives(*index)
    });
    offers.sort_by_key(|index| {
        let candidate = &world.candidates[*index];
        (candidate.offer.priority, Reverse(candidate.offer.id.clone()), Reverse(candidate.presentation))
    });
    let mut found = Vec::new();
    for index in offers {
        let mut without = outcome.clone();
        without.given[index] = Given::default();
        if points(&without) == points(&outcome) {
            found.push(index);
            outcome = without;
        }
    }
    found
}

type Taxes = BTreeMap<(String, i64, bool), i64>;

fn named(taxes: &BTreeMap<LineTax, i64>) -> Taxes {
    taxes.iter().map(|(tax, amount)| ((tax.id.clone(), tax.rate.ppm(), tax.included), *amount)).collect()
}

pub(super) fn explain(
    world: &World<'_>,
    refused: &BTreeMap<String, Reason>,
    best: &Best<'_>,
    points_allowed: bool,
) -> Priced {
    let (state, given) = (&best.outcome.state, &best.outcome.given);
    let end = ending(world, best, points_allowed);
    let earned = earned(world, &best.outcome, &end.nets, &end.paid);
    let mut priced = Priced {
        refused: refused.clone(),
        gross: world.lines.iter().map(|line| line.gross).sum(),
        net: end.nets.iter().sum(),
        tax_included: added(&end, true),
        tax_added: added(&end, false),
        reimbursed: state.reserved.iter().sum(),
        points_tender: end.tendered(),
        due: end.due(best),
        points_used: end.paid.points,
        points_value: end.paid.value,
        points_earned: earned.iter().sum(),
        objective: best.objective,
        contested: best.contested,
        ..Priced::default()
    };
    // (51)
    priced.due_cash = world.program.cash_rounding.map_or(priced.due, |cash| {
        rounded(i128::from(priced.due), i128::from(cash.to.minor()), cash.rounding) * cash.to.minor()
    });
    for (index, reason) in &best.dropped {
        priced.dropped.insert(world.candidates[*index].offer.id.clone(), *reason);
    }
    let id = |index: usize| world.candidates[index].offer.id.clone();
    priced.kept_out =
        (0..world.candidates.len()).filter(|index| !best.choice.keeps(*index)).map(id).collect();
    if world.program.selection == SelectionMode::BestForMember {
        priced.left_out = best.left_out.iter().copied().map(id).collect();
    }
    for index in &best.choice.kept {
        let offer = &world.candidates[*index].offer;
        if given[*index].gives() {
            priced.offers.push(PricedOffer { id: offer.id.clone(), amount: given[*index].amount });
        }
        if let Effect::Gift { of, .. } = &offer.effect {
            for choice in 0..of.len() {
                let units = given[*index].gift_lines.iter().filter(|gift| **gift == choice).count() as i64;
                if units > 0 {
                    priced.gifts.push(PricedGift { offer: offer.id.clone(), choice, units });
                }
            }
        }
    }
    for (line, points_earned) in earned.into_iter().enumerate() {
        let points_paid = if end.tender { end.paid.of_lines[line] } else { 0 };
        explain_line(world, best, &end, line, points_paid, points_earned, &mut priced);
    }
    priced
}

/// A merged line and its request lines (45, 46).
fn explain_line(
    world: &World<'_>,
    best: &Best<'_>,
    end: &Ending,
    line: usize,
    points_paid: i64,
    points_earned: i64,
    priced: &mut Priced,
) {
    let (merged, state) = (&world.lines[line], &best.outcome.state);
    let net = end.nets[line];
    // Points as discount sit on the units as any discount of a line does (27).
    let units_after = if net == state.running[line] {
        state.units[line].clone()
    } else {
        largest_remainder(net, &state.units[line])
    };
    let mut whole = PricedLine {
        gross: merged.gross,
        net,
        taxes: named(&end.taxes[line]),
        points_paid,
        points_earned,
        ..PricedLine::default()
    };
    for (tax, amount) in &whole.taxes {
        *priced.taxes.entry(tax.clone()).or_default() += amount;
    }
    let tax = whole.taxes.values().sum();
    whole.units = split(world.program.unit_split, net, &units_after, tax, points_paid, points_earned);
    // Request lines by id; each has the units that it brought.
    let of_request = |request: usize, of_units: &[i64]| -> i64 {
        merged.owners.iter().zip(of_units).filter(|(owner, _)| **owner == request).map(|(_, unit)| unit).sum()
    };
    let mut parts: Vec<PricedLine> = merged
        .requests
        .iter()
        .map(|request| PricedLine {
            gross: of_request(*request, &merged.first_units),
            net: of_request(*request, &units_after),
            ..PricedLine::default()
        })
        .collect();
    for index in &best.choice.kept {
        let given = &best.outcome.given[*index];
        let Some(amount) = given.of_lines.get(line).copied().filter(|amount| *amount > 0) else { continue };
        let candidate = &world.candidates[*index];
        let (offer, tender) = (candidate.offer.id.clone(), candidate.is_tender());
        let running = given.running_after[line];
        whole.steps.push(PricedStep { offer: offer.clone(), amount, running, tender });
        for (part, request) in parts.iter_mut().zip(&merged.requests) {
            let share = if tender { 0 } else { of_request(*request, &given.of_units[line]) };
            push_step(part, &offer, share);
        }
    }
    if net != state.running[line] {
        let amount = state.running[line] - net;
        whole.steps.push(PricedStep { offer: "points".to_owned(), amount, running: net, tender: false });
        for (part, request) in parts.iter_mut().zip(&merged.requests) {
            let before = of_request(*request, &state.units[line]);
            push_step(part, "points", before - part.net);
        }
    }
    // By nets; by units when all are zero.
    let mut weights: Vec<i64> = parts.iter().map(|part| part.net).collect();
    if weights.iter().all(|weight| *weight == 0) {
        let units = |request: &usize| merged.owners.iter().filter(|owner| *owner == request).count() as i64;
        weights = merged.requests.iter().map(units).collect();
    }
    let paid = shared(points_paid, &weights);
    let points = shared(points_earned, &weights);
    for (place, request) in merged.requests.iter().enumerate() {
        let part = &mut parts[place];
        part.points_paid = paid[place];
        part.points_earned = points[place];
        for (tax, amount) in &whole.taxes {
            part.taxes.insert(tax.clone(), shared(*amount, &weights)[place]);
        }
        let own: Vec<i64> = merged
            .owners
            .iter()
            .zip(&units_after)
            .filter(|(owner, _)| *owner == request)
            .map(|(_, unit)| *unit)
            .collect();
        let tax = part.taxes.values().sum();
        part.units =
            split(world.program.unit_split, part.net, &own, tax, part.points_paid, part.points_earned);
        let id = world.basket.lines[*request].id.as_str().to_owned();
        priced.requests.insert(id, part.clone());
    }
    priced.merged.insert(merged.id().to_owned(), whole);
}

fn push_step(part: &mut PricedLine, offer: &str, amount: i64) {
    if amount > 0 {
        let before = part.steps.last().map_or(part.gross, |step| step.running);
        let running = before - amount;
        part.steps.push(PricedStep { offer: offer.to_owned(), amount, running, tender: false });
    }
}

/// Units in the order in which they come back: level, larger ones first; or their own amounts, cheapest first (46).
fn split(
    policy: UnitSplit,
    net: i64,
    own: &[i64],
    tax: i64,
    points_paid: i64,
    points_earned: i64,
) -> Vec<PricedUnit> {
    let nets = match policy {
        UnitSplit::Level => level(net, own.len()),
        // Returned goods were rewarded with nothing.
        UnitSplit::Rewarded if net < 0 => level(net, own.len()),
        UnitSplit::Rewarded => {
            let mut own = own.to_vec();
            own.sort_unstable();
            own
        }
    };
    let (taxes, paid, earned) =
        (shared(tax, &nets), shared(points_paid, &nets), shared(points_earned, &nets));
    (0..nets.len())
        .map(|unit| PricedUnit {
            net: nets[unit],
            tax: taxes[unit],
            points_paid: paid[unit],
            points_earned: earned[unit],
        })
        .collect()
}
