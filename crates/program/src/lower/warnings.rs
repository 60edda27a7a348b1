//! What is allowed and surely not meant. Sound, not complete: a warning holds whatever the clock says and whatever is
//! in a basket.

mod high;
mod never;
mod shadowed;

use super::references::{Sites, below};
use crate::code;
use crate::diagnostics::quoted;
use crate::file::GroupDefinition;
use crate::model::{Effect, Offer, Program};
use crate::read::{Context, OwnId};
use crate::yaml::{Document, Spot};

/// Looks at a program, and where it has errors at what they leave sure.
pub(super) fn check(group_files: &[GroupDefinition], program: &Program, sites: &Sites, context: &Context) {
    let Some(errors) = Errors::of(context) else { return };
    for (offer, site) in program.offers.iter().zip(sites).filter(|(_, site)| !errors.within(**site, context))
    {
        never::check(offer, *site, context);
        same_id(offer, program, *site, context);
        // What the program says as a whole decides about these.
        if errors.only_in_offers {
            high::check(offer, program, *site, context);
            without_effect(offer, program, *site, context);
        }
    }
    if errors.only_in_offers {
        shadowed::check(program, sites, |site| !errors.within(site, context), context);
    }
    if !errors.spots.is_empty() {
        return;
    }
    groups(group_files, program, context);
    let roots = || context.documents.iter().flat_map(|document| document.roots());
    if roots().all(|root| root.get("engine_edition").is_none())
        && let Some(root) = roots().find_map(|root| root.get("program"))
    {
        context.warning(
            code::UNSAID,
            root.spot(),
            "the program does not say its `engine_edition`",
            format!(
                "write `engine_edition: {}`, so that a later release prices baskets alike",
                program.engine_edition
            ),
        );
    }
}

/// Where the errors of a program stand: what has none within is as it was meant.
struct Errors {
    spots: Vec<Spot>,
    /// Whether all of them stand in lists of offers.
    only_in_offers: bool,
}

impl Errors {
    /// None where something was not parsed, or stands elsewhere than it is used.
    fn of(context: &Context) -> Option<Self> {
        let spots = context.problems.borrow().error_spots().filter(|_| context.complete)?;
        if !spots.is_empty() && context.documents.iter().any(Document::has_aliases) {
            return None;
        }
        let mut errors = Self { spots, only_in_offers: true };
        let roots = context.documents.iter().flat_map(|document| document.roots());
        let lists: Vec<Spot> = roots
            .flat_map(|root| ["promotions", "coupons", "price_lists"].map(|key| root.get(key)))
            .flatten()
            .map(|list| list.spot())
            .collect();
        let in_list = |spot: &Spot| lists.iter().any(|list| is_within(*spot, *list, context));
        errors.only_in_offers = errors.spots.iter().all(in_list);
        Some(errors)
    }

    fn within(&self, site: Spot, context: &Context) -> bool {
        self.spots.iter().any(|spot| is_within(*spot, site, context))
    }
}

/// Whether a node is another one or below it.
fn is_within(spot: Spot, above: Spot, context: &Context) -> bool {
    let document = context.documents.iter().find(|document| document.file == above.file);
    spot.file == above.file
        && document.is_some_and(|document| (above.node..document.after(above.node)).contains(&spot.node))
}

fn without_effect(offer: &Offer, program: &Program, site: Spot, context: &Context) {
    let warn = |keys: &[&str], message: &str, hint: &str| {
        context.warning(code::NO_EFFECT, below(site, keys, context), message, hint);
    };
    if offer.terms.min_gain.is_some() && offer.coupon.is_none() {
        warn(
            &["effect", "min_gain"],
            "`min_gain` keeps coupons from being used up, and this is no coupon",
            "remove the key",
        );
    }
    if offer.guard_exempt && program.maximum_discount.is_none() {
        warn(&["guard"], "there is no `maximum_discount` that it could be exempt from", "remove the key");
    }
    if matches!(offer.effect, Effect::PointsTimes(_)) && program.points.earn.is_none() {
        warn(
            &["effect", "points"],
            "nothing is earned that could be multiplied",
            "say how points are earned: `points: { earn: … }`",
        );
    }
}

fn same_id(offer: &Offer, program: &Program, site: Spot, context: &Context) {
    let id = offer.id.as_str();
    let other = if program.layers.iter().any(|layer| layer == id) || id == "coupon" {
        "class of offers"
    } else if program.groups.iter().any(|group| group.id == id) {
        "stacking group"
    } else if program.tiers.iter().any(|tier| tier.id == id) {
        "tier"
    } else {
        return;
    };
    context.warning(
        code::SAME_ID,
        below(site, &["id"], context),
        format!("{} is the id of an offer and of a {other}", quoted(id)),
        "give one of them another id, so that nobody takes one for the other",
    );
}

fn groups(files: &[GroupDefinition], program: &Program, context: &Context) {
    for definition in files {
        let OwnId { value: id, spot } = &definition.id;
        let Some(index) = program.groups.iter().position(|group| group.id == id.0) else { continue };
        if program.offers.iter().all(|offer| !offer.stacking.groups.contains(&index)) {
            let hint = "name it in an offer's `stacking`, or remove it";
            context.warning(code::UNUSED, *spot, format!("no offer is in the group {}", quoted(&id.0)), hint);
        }
    }
}
