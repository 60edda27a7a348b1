//! A slow, obviously right evaluator, written from `docs/pricing.md` and not from the engine, with which it shares no
//! code beyond the nouns of `suanpan-domain` and `suanpan-program`.
//!
//! Lines are exploded into units, every choice over the contested offers is executed, and every number is computed
//! anew. Numbers in brackets are rules of `docs/pricing.md`.

mod admissible;
mod arithmetic;
mod candidates;
mod choose;
mod conditions;
mod contested;
mod execute;
mod lines;
mod orders;
mod points;
mod priced;
mod select;
mod state;
mod tax;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use suanpan_domain::{Basket, Member, PointsConflict, PointsWanted, Reason, Usage};
use suanpan_program::model::{ExclusiveScope, Program};

use crate::generate::Scenario;
use candidates::candidates;
use choose::{Best, Chooser, TooMany};
use execute::World;

pub use priced::{Priced, PricedGift, PricedLine, PricedOffer, PricedStep, PricedUnit};

/// Prices a scenario; none when it has more choices than can be tried.
#[must_use]
pub fn price(scenario: &Scenario) -> Option<Priced> {
    let Scenario { program, basket, member, usage, .. } = scenario;
    price_basket(program, basket, member.as_ref(), usage.as_ref())
}

/// Prices a basket; none when it has more choices than can be tried.
#[must_use]
pub fn price_basket(
    program: &Program,
    basket: &Basket,
    member: Option<&Member>,
    usage: Option<&Usage>,
) -> Option<Priced> {
    let merged = lines::merged(basket);
    let found = candidates(program, basket, member, usage, &merged);
    let world = World { program, basket, member, lines: &merged, candidates: &found.all };
    let chooser = Chooser::new(&world);
    let mut active: BTreeSet<usize> = (0..found.all.len()).collect();
    let mut without_points = BTreeSet::new();
    loop {
        let (mut best, points_allowed) = with_points(&chooser, &active).ok()?;
        let idle = priced::earning_nothing(&world, &best, points_allowed);
        if idle.is_empty() {
            best.dropped.extend(without_points.into_iter().map(|index| (index, Reason::NothingEarned)));
            return Some(priced::explain(&world, &found.refused, &best, points_allowed));
        }
        idle.iter().for_each(|index| _ = active.remove(index));
        without_points.extend(idle);
    }
}

/// The choice of offers, and whether points may pay beside it: where points and an offer exclude each other the
/// request decides (43).
fn with_points<'a>(chooser: &Chooser<'_, 'a>, all: &BTreeSet<usize>) -> Result<(Best<'a>, bool), TooMany> {
    let world = chooser.world;
    let excludes_points = |index: &usize| {
        let candidate = &world.candidates[*index];
        candidate.offer.stacking.exclusive == Some(ExclusiveScope::Basket)
            || world.program.combine.iter().any(|combine| {
                let points = "points".to_owned();
                (combine.class == points && combine.not_with.iter().any(|class| candidate.in_class(class)))
                    || (candidate.in_class(&combine.class) && combine.not_with.contains(&points))
            })
    };
    let excluding: BTreeSet<usize> = all.iter().copied().filter(excludes_points).collect();
    let offers = chooser.choose(all.clone())?;
    let stands_alone = !excluding.iter().any(|index| offers.outcome.gives(*index));
    let wanted = world.basket.points.wanted;
    if wanted == PointsWanted::None || stands_alone {
        return Ok((offers, true));
    }
    let usual = match wanted {
        PointsWanted::Exact(_) => PointsConflict::PreferPoints,
        PointsWanted::Max | PointsWanted::None => PointsConflict::PreferOffers,
    };
    let points = chooser.choose(all.difference(&excluding).copied().collect())?;
    let uses_points = points::pay(world, &points.outcome).points > 0;
    let due = |best: &Best<'a>, allowed: bool| priced::due(world, best, allowed);
    let prefer_points = match world.basket.points.conflict.unwrap_or(usual) {
        PointsConflict::PreferPoints => uses_points,
        PointsConflict::PreferOffers => false,
        PointsConflict::LowestDue => uses_points && due(&points, true) < due(&offers, false),
    };
    Ok(if prefer_points { (points, true) } else { (offers, false) })
}
