//! Groups and classes.

use std::collections::{HashMap, HashSet};

use suanpan_domain::OfferKind;

use super::names::{Names, Unique, too_many, unknown};
use super::references::{Sites, below};
use crate::code;
use crate::diagnostics::quoted;
use crate::file::{ExclusiveWord, GroupDefinition, OfferStackingFile, ScopeWord, StackingFile};
use crate::model::{
    AmountPer, Combine, Effect, ExclusiveScope, GroupScope, Offer, OfferStacking, RoundAt, StackingGroup,
    UnitLimitPer,
};
use crate::read::{At, Context, Id, repeated};

/// Stacking groups of a program.
const GROUPS_MAX: usize = 1_000;
/// Unit pools that offers name.
const POOLS_MAX: usize = 63;
/// Rules of classes that do not combine.
const COMBINE_MAX: usize = 1_000;
/// The class of whatever is presented.
const COUPON: &str = "coupon";
/// The class of paying with points.
const POINTS: &str = "points";

pub(super) fn offer_stacking(
    file: Option<&OfferStackingFile>,
    names: &Names,
    context: &Context,
) -> OfferStacking {
    let Some(file) = file else { return OfferStacking::default() };
    let mut groups: Vec<usize> = Vec::new();
    for id in file.group.iter().cloned().chain(file.groups.iter().flat_map(|groups| groups.each(context))) {
        let Some(group) = names.group(&id, context) else { continue };
        if groups.contains(&group) {
            repeated(&id.value.0, id.spot, context);
        } else {
            groups.push(group);
        }
    }
    OfferStacking {
        groups,
        exclusive: file.exclusive.map(|word| match word {
            ExclusiveWord::Basket => ExclusiveScope::Basket,
            ExclusiveWord::Line => ExclusiveScope::Line,
        }),
        pool: file.pool.as_ref().map(|pool| pool.0.clone()),
    }
}

/// The groups as they are written. Each is read once: its problems are told when it is.
pub(super) fn read(file: Option<&StackingFile>, context: &Context) -> Vec<GroupDefinition> {
    let Some(list) = file.and_then(|file| file.groups.as_ref()) else { return Vec::new() };
    if too_many(list, GROUPS_MAX, "stacking groups", context) {
        return Vec::new();
    }
    list.each(context).map(|group| group.value).collect()
}

/// The groups; their ids go into the names that offers refer to.
pub(super) fn groups(files: &[GroupDefinition], names: &mut Names, context: &Context) -> Vec<StackingGroup> {
    let mut unique = Unique::default();
    let mut groups = Vec::new();
    for group in files {
        if !unique.add("stacking group", &group.id.value.0, group.id.spot, context) {
            continue;
        }
        let scope = match group.scope.0 {
            Some(ScopeWord::Line) => GroupScope::Line,
            Some(ScopeWord::Basket) | None => GroupScope::Basket,
        };
        names.groups.push((group.id.value.0.clone(), scope));
        groups.push(StackingGroup {
            id: group.id.value.0.clone(),
            scope,
            at_most: group.at_most.map_or(1, |count| count.0),
        });
    }
    groups
}

pub(super) fn combine(file: Option<&StackingFile>, names: &Names, context: &Context) -> Vec<Combine> {
    let check = |class: &At<Id>| {
        let text = class.value.0.as_str();
        let layers = || names.layers.iter().map(String::as_str);
        let beside = [COUPON, POINTS].into_iter().filter(|class| !layers().any(|layer| layer == *class));
        let classes = layers().chain(beside);
        if !classes.clone().any(|known| known == text) {
            unknown("class", code::UNKNOWN_CLASS, text, class.spot, classes, context);
        }
        text.to_owned()
    };
    let Some(list) = file.and_then(|file| file.combine.as_ref()) else { return Vec::new() };
    if too_many(list, COMBINE_MAX, "rules of classes", context) {
        return Vec::new();
    }
    list.each(context)
        .map(|file| {
            file.value.not_with.repeated(context);
            Combine {
                class: check(&file.value.class),
                not_with: file.value.not_with.map(context, |class| check(&class)),
            }
        })
        .collect()
}

/// Puts the members that groups name into them: whole classes, or offers by id.
pub(super) fn members(files: &[GroupDefinition], offers: &mut [Offer], names: &Names, context: &Context) {
    if files.iter().all(|group| group.members.is_none()) {
        return;
    }
    let by_id: HashMap<&str, usize> =
        offers.iter().enumerate().map(|(index, offer)| (offer.id.as_str(), index)).collect();
    let mut joining: Vec<(usize, usize)> = Vec::new();
    for group in files {
        let Some(index) = names.groups.iter().position(|(id, _)| *id == group.id.value.0) else { continue };
        let Some(members) = &group.members else { continue };
        members.repeated(context);
        for member in members.each(context) {
            let text = member.value.0.as_str();
            let layer = names.layers.iter().position(|layer| layer == text);
            if layer.is_some() || text == COUPON {
                let in_class = |offer: &Offer| {
                    layer == Some(offer.layer) || (text == COUPON && offer.kind == OfferKind::Coupon)
                };
                let class = offers.iter().enumerate().filter(|(_, offer)| in_class(offer));
                joining.extend(class.map(|(offer, _)| (offer, index)));
            } else if let Some(offer) = by_id.get(text) {
                joining.push((*offer, index));
            } else {
                let ids = by_id.keys().copied();
                let layers = || names.layers.iter().map(String::as_str);
                let beside = [COUPON].into_iter().filter(|class| !layers().any(|layer| layer == *class));
                let known = ids.chain(layers()).chain(beside);
                unknown("offer or class", code::UNKNOWN_OFFER, text, member.spot, known, context);
            }
        }
    }
    for (offer, group) in joining {
        let groups = &mut offers[offer].stacking.groups;
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
}

/// Unit pools are few: the engine keeps a bit for each.
pub(super) fn check_pools(offers: &[Offer], sites: &Sites, context: &Context) {
    let mut pools: HashSet<&str> = HashSet::new();
    for (offer, site) in offers.iter().zip(sites) {
        let Some(pool) = offer.stacking.pool.as_deref() else { continue };
        if pools.insert(pool) && pools.len() == POOLS_MAX + 1 {
            let message = format!("this is one unit pool too many, at most {POOLS_MAX} are possible");
            let at = below(*site, &["stacking", "pool"], context);
            context.error_hint(code::LIMIT, at, message, "let offers share pools");
        }
    }
}

/// Members of line groups act on each line for itself, or they could not be compared line by line.
pub(super) fn check_line_groups(offers: &[Offer], sites: &Sites, names: &Names, context: &Context) {
    for (offer, site) in offers.iter().zip(sites.iter()) {
        let line_group = offer
            .stacking
            .groups
            .iter()
            .filter_map(|group| names.groups.get(*group))
            .find(|(_, scope)| *scope == GroupScope::Line);
        if let Some((group, _)) = line_group
            && !is_per_line(offer)
        {
            context.error_hint(
                code::NOT_PER_LINE,
                *site,
                format!(
                    "{} is in the line group {}, and does not act on each line for itself",
                    quoted(&offer.id),
                    quoted(group)
                ),
                "line groups take percents rounded at the line, unit prices, price lists, and amounts per unit or line, \
                 without `units` per basket; use a group of scope basket",
            );
        }
    }
}

fn is_per_line(offer: &Offer) -> bool {
    let terms = &offer.terms;
    terms.units.is_none_or(|limit| limit.per == UnitLimitPer::Line)
        && terms.round_at != Some(RoundAt::Offer)
        && match &offer.effect {
            Effect::PercentOff(_) => {
                terms.round_at.is_some()
                    || terms.units.is_some()
                    || offer.kind == OfferKind::Tier
                    || offer.target.is_some()
                    || !offer.buy.is_everything()
            }
            Effect::AmountOff { per, .. } => *per != AmountPer::Basket,
            Effect::UnitPrice(_) | Effect::PriceList(_) => true,
            _ => false,
        }
}
