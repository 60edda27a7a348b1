//! What a program must hold so that it can be priced. The program crate reports the same with file and line; this
//! protects the engine from programs that were built otherwise.

use std::collections::HashSet;

use suanpan_domain::limits::PROGRAM_OFFERS_MAX;
use suanpan_program::model::{
    AmountPer, ENGINE_EDITION, Effect, GroupScope, Offer, Program, RoundAt, UnitLimitPer,
};

use super::{LAYERS_MAX, POOLS_MAX};

/// Why a program cannot be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileProblem {
    /// The offer, tier or part of the program.
    pub place: String,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Display for CompileProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

pub(super) fn problems(program: &Program) -> Vec<CompileProblem> {
    let mut problems = Vec::new();
    let mut report = |place: &str, message: String| {
        problems.push(CompileProblem { place: place.to_owned(), message });
    };
    if program.engine_edition != ENGINE_EDITION {
        report("engine_edition", format!("this engine prices edition {ENGINE_EDITION}"));
    }
    if program.layers.is_empty() || program.layers.len() > LAYERS_MAX {
        report("layers", format!("between 1 and {LAYERS_MAX} layers are needed"));
    }
    if program.offers.len() > PROGRAM_OFFERS_MAX {
        report("offers", format!("more than {PROGRAM_OFFERS_MAX} offers"));
    }
    let mut ids = HashSet::new();
    let mut pools = HashSet::new();
    for offer in &program.offers {
        if !ids.insert(offer.id.as_str()) {
            report(&offer.id, "the id is used twice".to_owned());
        }
        pools.extend(offer.stacking.pool.as_deref());
        for message in offer_problems(program, offer) {
            report(&offer.id, message);
        }
    }
    if pools.len() >= POOLS_MAX {
        report("stacking", format!("more than {} unit pools", POOLS_MAX - 1));
    }
    problems
}

fn offer_problems(program: &Program, offer: &Offer) -> Vec<String> {
    let mut problems = Vec::new();
    if offer.layer >= program.layers.len() {
        problems.push("its layer does not exist".to_owned());
    }
    for &group in &offer.stacking.groups {
        match program.groups.get(group) {
            None => problems.push("its stacking group does not exist".to_owned()),
            Some(group) if group.scope == GroupScope::Line && !is_per_line(offer) => {
                problems.push(format!("only per-line effects can be in the line group `{}`", group.id));
            }
            Some(_) => {}
        }
    }
    let positive = match &offer.effect {
        Effect::SetPrice { units, .. } => *units > 0,
        Effect::NthUnit { group_size, reward, .. } => {
            *group_size > 0 && (1..=*group_size).contains(&reward.nth)
        }
        Effect::BuyGet { buy, get_units, .. } => *get_units > 0 && reach_is_positive(*buy),
        Effect::Bundle { parts, .. } => {
            (1..=8).contains(&parts.len()) && parts.iter().all(|part| part.units > 0)
        }
        Effect::Repeat { every, .. } => reach_is_positive(*every),
        Effect::Gift { of, choose, .. } => !of.is_empty() && *choose > 0,
        _ => true,
    };
    if !positive {
        problems.push("a number of its effect is not above zero, or too large".to_owned());
    }
    problems
}

fn reach_is_positive(count: suanpan_program::model::UnitCount) -> bool {
    use suanpan_program::model::UnitCount::{Spend, Units, Weight};
    match count {
        Units(units) => units > 0,
        Weight(quantity) => quantity.milli() > 0,
        Spend(amount) => amount.minor() > 0,
    }
}

/// Effects that act on each line for itself (contract, section 5).
fn is_per_line(offer: &Offer) -> bool {
    let whole_lines = offer.terms.units.is_none_or(|limit| limit.per == UnitLimitPer::Line);
    let own_rounding = offer.terms.round_at != Some(RoundAt::Offer);
    whole_lines
        && own_rounding
        && match &offer.effect {
            // The tier's discount and percents with a selector round at each line.
            Effect::PercentOff(_) => {
                offer.terms.round_at.is_some()
                    || offer.kind == suanpan_domain::OfferKind::Tier
                    || !offer.buy.is_everything()
                    || offer.target.is_some()
                    || offer.terms.units.is_some()
            }
            Effect::AmountOff { per, .. } => *per != AmountPer::Basket,
            Effect::UnitPrice(_) | Effect::PriceList(_) => true,
            _ => false,
        }
}
