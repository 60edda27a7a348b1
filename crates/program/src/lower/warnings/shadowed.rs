//! Offers that another one surely takes the place of.
//!
//! Only line groups make this sure, for offers that are never left out: there the larger discount acts, line by line,
//! whatever else is in the basket. In groups of the basket, and by leaving the larger one out, a smaller discount may
//! win, because it leaves a later threshold met.

use std::collections::HashMap;

use suanpan_domain::OfferKind;

use super::below;
use crate::code;
use crate::diagnostics::quoted;
use crate::model::{Effect, GroupScope, Limits, Offer, Program, SelectionMode};
use crate::read::Context;
use crate::yaml::Spot;

/// Offers of one group that are compared with each other; more would take long, and warnings need not be complete.
const COMPARED_MAX: usize = 500;

/// Looks at the offers that are `as_meant`.
pub(super) fn check(program: &Program, sites: &[Spot], as_meant: impl Fn(Spot) -> bool, context: &Context) {
    // By priority, the stronger one may be refused for the sake of one kept before.
    if program.selection != SelectionMode::BestForMember {
        return;
    }
    let mut by_group: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, offer) in program.offers.iter().enumerate() {
        if offer.stacking.groups.is_empty() || !as_meant(sites[index]) {
            continue;
        }
        for group in &offer.stacking.groups {
            let one_place = program
                .groups
                .get(*group)
                .is_some_and(|group| group.scope == GroupScope::Line && group.at_most == 1);
            if one_place {
                by_group.entry(*group).or_default().push(index);
            }
        }
    }
    let mut told = vec![false; program.offers.len()];
    for members in by_group.values() {
        let members = &members[..members.len().min(COMPARED_MAX)];
        for weaker in members {
            let stronger = members.iter().find(|stronger| {
                *stronger != weaker && always_wins(&program.offers[**stronger], &program.offers[*weaker])
            });
            if let Some(stronger) = stronger
                && !std::mem::replace(&mut told[*weaker], true)
            {
                let (weak, strong) = (&program.offers[*weaker], &program.offers[*stronger]);
                context.warning(
                    code::SHADOWED,
                    below(sites[*weaker], &["id"], context),
                    format!(
                        "{} never acts: {} holds whenever it does, and takes off as much or more",
                        quoted(&weak.id),
                        quoted(&strong.id)
                    ),
                    "remove one of them, or take it out of the group",
                );
            }
        }
    }
}

/// Whether the first holds whenever the second does, on the same lines, and wins the comparison on each of them.
fn always_wins(strong: &Offer, weak: &Offer) -> bool {
    let alike = strong.when == weak.when
        && strong.place == weak.place
        && strong.buy == weak.buy
        && strong.target == weak.target
        && strong.threshold == weak.threshold
        && strong.stacking == weak.stacking
        && strong.layer == weak.layer
        && strong.counts_as == weak.counts_as
        && strong.who == weak.who;
    // Another group, or its being exclusive, may keep the stronger one out and let the other act.
    let free = strong.stacking.groups.len() == 1 && strong.stacking.exclusive.is_none();
    let unbounded = *strong.limits == Limits::default()
        && strong.who.hold_out.is_none()
        && strong.coupon.is_none()
        && strong.kind != OfferKind::Coupon
        && !strong.leave_out_allowed
        && !strong.terms.all_or_nothing
        && strong.terms.units.is_none()
        && strong.terms == weak.terms
        && strong.terms.cap.is_none()
        && !strong.buy.undiscounted_only
        && strong.guard_exempt == weak.guard_exempt;
    let before = (-i64::from(strong.priority), &strong.id) < (-i64::from(weak.priority), &weak.id);
    let takes_more = match (&strong.effect, &weak.effect) {
        (Effect::PercentOff(strong), Effect::PercentOff(weak)) => strong > weak || (strong == weak && before),
        (Effect::UnitPrice(strong), Effect::UnitPrice(weak)) => strong < weak || (strong == weak && before),
        _ => false,
    };
    // A larger share can round to the same amount; then the order decides, and that must not be the other way.
    alike && free && unbounded && takes_more && before
}
