//! Where points and offers exclude each other, the request decides (contract, section 5).

use suanpan_domain::quote::GivenUp;
use suanpan_domain::{Member, Money};
use suanpan_domain::{PointsConflict, PointsWanted};
use suanpan_program::model::ExclusiveScope;

use super::coupons::drop_wasted;
use super::search::objective;
use super::{Dropped, Selected, choose_and_execute};
use crate::execute::Work;
use crate::ground::Ground;
use crate::settle::points_value_at_most;
use crate::state::State;
use suanpan_domain::OfferRef;

/// Whether paying with points and a candidate exclude each other.
fn excludes_points(ground: &Ground<'_>, candidate: usize) -> bool {
    let facts = &ground.candidates[candidate];
    let classes = &ground.compiled.class_conflicts;
    let points = classes[ground.compiled.classes.points.trailing_zeros() as usize];
    let exclusive =
        ground.offer(candidate).is_some_and(|offer| offer.exclusive == Some(ExclusiveScope::Basket));
    points & facts.classes != 0 || exclusive
}

/// Lets the offers or the points yield where both were chosen. Gives whether the choice has changed.
pub(super) fn settle_conflict(
    ground: &Ground<'_>,
    member: Option<&Member>,
    state: &mut State,
    work: &mut Work,
    selected: &mut Selected,
) -> bool {
    if ground.basket.points.wanted == PointsWanted::None || ground.compiled.program.points.offset.is_none() {
        return false;
    }
    let gives = |selected: &Selected, state: &State, candidate: usize| {
        selected.kept[candidate] && state.times[candidate] > 0
    };
    let first = (0..ground.candidates.len())
        .find(|&candidate| gives(selected, state, candidate) && excludes_points(ground, candidate));
    let Some(first) = first else { return false };
    let default = match ground.basket.points.wanted {
        PointsWanted::Exact(_) => PointsConflict::PreferPoints,
        PointsWanted::Max | PointsWanted::None => PointsConflict::PreferOffers,
    };
    let prefer = ground.basket.points.conflict.unwrap_or(default);
    if prefer == PointsConflict::PreferOffers {
        let points = points_value_at_most(ground, member, state, &mut work.tax);
        selected.yield_points(ground, first, points);
        return false;
    }
    let mut offers = selected.with_offers.take().unwrap_or_default();
    offers.kept.clone_from(&selected.kept);
    offers.order.clone_from(&selected.order);
    offers.times.clone_from(&selected.times);
    offers.excluded.clone_from(&selected.excluded);
    offers.dropped.clone_from(&selected.dropped);
    let (with_offers, due_with_offers) = (objective(ground, state, work), due(ground, state, work));
    // A choice of its own: coupons that were wasted beside the offers may gain without them, and the other way round.
    for candidate in 0..ground.candidates.len() {
        selected.excluded[candidate] =
            selected.earns_nothing[candidate] || excludes_points(ground, candidate);
    }
    selected.dropped.fill(None);
    choose_and_execute(ground, state, work, selected);
    drop_wasted(ground, state, work, selected);
    let without_offers = objective(ground, state, work);
    let points = points_value_at_most(ground, member, state, &mut work.tax);
    let points_win =
        prefer == PointsConflict::PreferPoints || due(ground, state, work) - points < due_with_offers;
    if points > 0 && points_win {
        for candidate in 0..ground.candidates.len() {
            if offers.kept[candidate] && excludes_points(ground, candidate) {
                selected.dropped[candidate] = Some(Dropped::Excluded { winner: Some(OfferRef::Points) });
            }
        }
        selected.given_up = Some(GivenUp {
            offer: ground.candidates[first].source,
            points: false,
            worth: Money::from_minor(without_offers - with_offers),
        });
    } else {
        selected.swap_choice(&mut offers);
        std::mem::swap(&mut selected.dropped, &mut offers.dropped);
        selected.yield_points(ground, first, points);
    }
    selected.with_offers = Some(offers);
    // Either way the state is that of the other choice now; the caller executes this one.
    true
}

/// What is left to pay before points. What gifts are worth is no money.
fn due(ground: &Ground<'_>, state: &State, work: &mut Work) -> i64 {
    objective(ground, state, work) + state.worth
}

impl Selected {
    /// The offers win: no points can be used.
    fn yield_points(&mut self, ground: &Ground<'_>, offer: usize, worth: i64) {
        // Points that could not pay anything are not given up: why they cannot is what there is to say.
        if worth == 0 {
            return;
        }
        self.points_blocked = true;
        self.given_up = Some(GivenUp {
            offer: ground.candidates[offer].source,
            points: true,
            worth: Money::from_minor(worth),
        });
    }
}
