//! The ids that offers refer to.

use std::collections::{HashMap, HashSet};

use crate::code;
use crate::diagnostics::quoted;
use crate::model::GroupScope;
use crate::read::{At, Context, FromNode, Id, Later, OwnId};
use crate::yaml::Spot;

/// Everything that can be referred to before an offer is read.
#[derive(Default)]
pub(super) struct Names {
    pub(super) layers: Vec<String>,
    pub(super) tiers: Vec<String>,
    pub(super) stores: Unique,
    pub(super) store_groups: HashSet<String>,
    /// Ids of stacking groups, in their order.
    pub(super) groups: Vec<(String, GroupScope)>,
}

/// What a reference is to, and the code of one to nothing.
pub(super) enum Of {
    Layer,
    Tier,
    Store,
    StoreGroup,
    Group,
}

impl Of {
    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Of::Layer => ("layer", code::UNKNOWN_LAYER),
            Of::Tier => ("tier", code::UNKNOWN_TIER),
            Of::Store => ("store", code::UNKNOWN_STORE),
            Of::StoreGroup => ("group of stores", code::UNKNOWN_STORE),
            Of::Group => ("stacking group", code::UNKNOWN_GROUP),
        }
    }
}

/// Tells of a reference to nothing, with what was probably meant.
pub(super) fn unknown<'n>(
    what: &str,
    code: &'static str,
    id: &str,
    spot: Spot,
    known: impl Iterator<Item = &'n str> + Clone,
    context: &Context,
) {
    let known = known.filter(|id| !OwnId::stands_in(id));
    let hint = match context.nearest(id, known.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            let mut shown: Vec<&str> = known.clone().take(13).collect();
            shown.sort_unstable();
            let more = shown.len() > 12;
            shown.truncate(12);
            match shown.is_empty() {
                true => format!("the program has no {what}"),
                false => format!("known: {}{}", shown.join(", "), if more { ", …" } else { "" }),
            }
        }
    };
    context.error_hint(code, spot, format!("there is no {what} {}", quoted(id)), hint);
}

impl Names {
    fn known(&self, of: &Of) -> Box<dyn Iterator<Item = &str> + '_> {
        match of {
            Of::Layer => Box::new(self.layers.iter().map(String::as_str)),
            Of::Tier => Box::new(self.tiers.iter().map(String::as_str)),
            Of::Store => Box::new(self.stores.ids()),
            Of::StoreGroup => Box::new(self.store_groups.iter().map(String::as_str)),
            Of::Group => Box::new(self.groups.iter().map(|(id, _)| id.as_str())),
        }
    }

    /// Whether the id is known; tells when it is not.
    pub(super) fn check(&self, of: Of, id: &At<Id>, context: &Context) -> bool {
        let text = id.value.0.as_str();
        let found = match of {
            Of::Store => self.stores.get(text).is_some(),
            Of::StoreGroup => self.store_groups.contains(text),
            Of::Layer | Of::Tier | Of::Group => self.known(&of).any(|known| known == text),
        };
        if !found {
            let (what, code) = of.words();
            let known: Vec<&str> = self.known(&of).collect();
            unknown(what, code, text, id.spot, known.iter().copied(), context);
        }
        found
    }

    /// The index of a layer; tells when there is none.
    pub(super) fn layer(&self, id: &At<Id>, context: &Context) -> Option<usize> {
        self.check(Of::Layer, id, context);
        self.layers.iter().position(|layer| *layer == id.value.0)
    }

    /// The index of a stacking group; tells when there is none.
    pub(super) fn group(&self, id: &At<Id>, context: &Context) -> Option<usize> {
        self.check(Of::Group, id, context);
        self.groups.iter().position(|(group, _)| *group == id.value.0)
    }
}

/// Tells of a list that is longer than makes sense.
pub(super) fn too_many<T: FromNode>(list: &Later<T>, most: usize, what: &str, context: &Context) -> bool {
    let count = list.len(context);
    if count > most
        && let Some(spot) = list.spot(most, context)
    {
        let message = format!("there are {count} {what}, at most {most} are possible");
        context.error_hint(code::LIMIT, spot, message, "remove those that nothing needs any more");
    }
    count > most
}

/// Ids that have to be unique, with where each stands first.
#[derive(Default)]
pub(super) struct Unique {
    seen: HashMap<Box<str>, Spot>,
}

impl Unique {
    /// Takes an id in; tells when it was taken.
    pub(super) fn add(&mut self, what: &str, id: &str, spot: Spot, context: &Context) -> bool {
        if let Some(first) = self.seen.get(id) {
            let place = context.place_of(*first);
            context.error_hint(
                code::DUPLICATE_ID,
                spot,
                format!("the {what} {} exists already", quoted(id)),
                format!("the first one stands {place}; give this one an id of its own"),
            );
            return false;
        }
        self.seen.insert(id.into(), spot);
        true
    }

    pub(super) fn get(&self, id: &str) -> Option<Spot> {
        self.seen.get(id).copied()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.seen.keys().map(|id| &**id)
    }
}
