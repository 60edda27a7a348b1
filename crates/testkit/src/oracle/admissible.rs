//! Which choices are admissible, and what stands against whom (rule 38).

use std::collections::BTreeSet;

use suanpan_program::model::{ExclusiveScope, GroupScope};

use super::choose::Chooser;
use super::contested::{classes_conflict, share_units};
use super::execute::{Choice, Outcome};

fn is_exclusive(chooser: &Chooser<'_, '_>, index: usize, scope: ExclusiveScope) -> bool {
    chooser.world.candidates[index].offer.stacking.exclusive == Some(scope)
}

/// A discount, a tender, a price list or a gift; no points, coupons to come or entitlements.
fn gives_a_discount(chooser: &Chooser<'_, '_>, outcome: &Outcome<'_>, index: usize) -> bool {
    outcome.gives(index) && !chooser.world.candidates[index].earns()
}

fn share_a_line(chooser: &Chooser<'_, '_>, one: usize, two: usize) -> bool {
    let lines = chooser.world.candidates[one].selects(chooser.world.lines);
    chooser.world.candidates[two].selects(chooser.world.lines).iter().any(|line| lines.contains(line))
}

/// Admissible but for what must not be left out.
pub(super) fn without_never(chooser: &Chooser<'_, '_>, choice: &Choice, outcome: &Outcome<'_>) -> bool {
    let giving: Vec<usize> = choice.kept.iter().copied().filter(|index| outcome.gives(*index)).collect();
    for (group, policy) in chooser.world.program.groups.iter().enumerate() {
        let places = giving
            .iter()
            .filter(|index| chooser.world.candidates[**index].offer.stacking.groups.contains(&group))
            .count();
        if policy.scope == GroupScope::Basket && places > policy.at_most as usize {
            return false;
        }
    }
    for one in &giving {
        for two in giving.iter().filter(|two| *two > one) {
            let candidates = chooser.world.candidates;
            if classes_conflict(chooser.world, &candidates[*one], &candidates[*two]) {
                return false;
            }
        }
    }
    for index in &choice.kept {
        let basket = is_exclusive(chooser, *index, ExclusiveScope::Basket);
        let line = is_exclusive(chooser, *index, ExclusiveScope::Line);
        if (basket || line) && !outcome.gives(*index) {
            return false;
        }
        if basket && giving.iter().any(|other| other != index && gives_a_discount(chooser, outcome, *other)) {
            return false;
        }
        let meets = |other: &usize| {
            other != index
                && is_exclusive(chooser, *other, ExclusiveScope::Line)
                && share_a_line(chooser, *index, *other)
        };
        if line && choice.kept.iter().any(meets) {
            return false;
        }
    }
    true
}

/// Whether something kept and giving stands against a candidate that is not kept.
fn excused(chooser: &Chooser<'_, '_>, choice: &Choice, outcome: &Outcome<'_>, index: usize) -> bool {
    let world = chooser.world;
    let candidate = &world.candidates[index];
    let giving: Vec<usize> = choice.kept.iter().copied().filter(|other| outcome.gives(*other)).collect();
    let group_is_full = candidate.offer.stacking.groups.iter().any(|group| {
        let policy = &world.program.groups[*group];
        let places = giving
            .iter()
            .filter(|other| world.candidates[**other].offer.stacking.groups.contains(group))
            .count();
        policy.scope == GroupScope::Basket && places >= policy.at_most as usize
    });
    let class = giving.iter().any(|other| classes_conflict(world, candidate, &world.candidates[*other]));

    let other_is_exclusive = !candidate.earns()
        && giving.iter().any(|other| is_exclusive(chooser, *other, ExclusiveScope::Basket));
    let is_exclusive_of_basket = is_exclusive(chooser, index, ExclusiveScope::Basket)
        && giving.iter().any(|other| gives_a_discount(chooser, outcome, *other));
    // What is selected decides, not what is taken: it is fixed before anything executes.
    let is_exclusive_of_line = is_exclusive(chooser, index, ExclusiveScope::Line)
        && giving
            .iter()
            .any(|other| !world.candidates[*other].earns() && share_a_line(chooser, index, *other));
    group_is_full
        || class
        || other_is_exclusive
        || is_exclusive_of_basket
        || is_exclusive_of_line
        || would_give_nothing(chooser, choice, index)
}

/// Whether one that is kept and gives shares its unit pool and units. Both may be kept, so that one that yields counts
/// as left out.
fn loses_its_units(chooser: &Chooser<'_, '_>, choice: &Choice, outcome: &Outcome<'_>, index: usize) -> bool {
    let candidates = chooser.world.candidates;
    choice.kept.iter().any(|other| {
        outcome.gives(*other) && share_units(chooser.world, &candidates[index], &candidates[*other])
    })
}

/// An exclusive offer has to give something when it is kept; it may be away where it would not.
fn would_give_nothing(chooser: &Chooser<'_, '_>, choice: &Choice, index: usize) -> bool {
    if chooser.world.candidates[index].offer.stacking.exclusive.is_none() {
        return false;
    }
    let mut with = choice.clone();
    with.kept.push(index);
    with.kept.sort_unstable();
    !chooser.outcome(&with).gives(index)
}

/// Whether every candidate that must not be left out is kept or excused.
pub(super) fn never_is_kept(
    chooser: &Chooser<'_, '_>,
    active: &BTreeSet<usize>,
    choice: &Choice,
    outcome: &Outcome<'_>,
) -> bool {
    active.iter().filter(|index| !chooser.world.candidates[**index].offer.leave_out_allowed).all(|index| {
        choice.keeps(*index)
            || excused(chooser, choice, outcome, *index)
            || loses_its_units(chooser, choice, outcome, *index)
    })
}

/// Candidates that are not kept though nothing stands against them.
pub(super) fn left_out(
    chooser: &Chooser<'_, '_>,
    active: &BTreeSet<usize>,
    choice: &Choice,
    outcome: &Outcome<'_>,
) -> BTreeSet<usize> {
    active
        .iter()
        .copied()
        .filter(|index| !choice.keeps(*index) && !excused(chooser, choice, outcome, *index))
        .collect()
}
