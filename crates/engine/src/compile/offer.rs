//! One offer, compiled.

use suanpan_domain::{Money, OfferKind, OfferRef, Rounding, UnitPrice};
use suanpan_program::model::{
    AmountAt, CountsAs, Effect, ExclusiveScope, Limits, Offer, Program, RoundAt, Selection, Selector,
    ShippingEffect, Terms, Threshold, UnitCount, When, Who,
};

use super::Classes;
use super::pattern::{Pattern, Symbols};
use crate::ground::Candidate;

/// An offer with everything that execution needs.
#[derive(Debug)]
pub(crate) struct CompiledOffer {
    pub(crate) kind: OfferKind,
    pub(crate) layer: u16,
    pub(crate) conditions: Conditions,
    /// What has to be bought.
    pub(crate) buy: CompiledSelection,
    /// What the effect acts on, where that differs.
    pub(crate) target: Option<CompiledSelection>,
    /// Parts of a bundle.
    pub(crate) parts: Box<[CompiledSelection]>,
    pub(crate) threshold: Option<Threshold>,
    /// The threshold without which it cannot apply: its own, else its first step (steps ascend) or one multiple.
    pub(crate) entry: Option<Threshold>,
    pub(crate) effect: Effect,
    pub(crate) terms: Terms,
    pub(crate) round_at: RoundAt,
    pub(crate) rounding: Rounding,
    pub(crate) limits: Limits,
    /// Whether somebody counts its uses, or what it has given.
    pub(crate) limited: bool,
    pub(crate) groups: Box<[u16]>,
    pub(crate) exclusive: Option<ExclusiveScope>,
    /// The bit of its unit pool; 0 when it shares units with everybody.
    pub(crate) pool: u64,
    /// The other offer that a `match` adds to.
    pub(crate) matches: Option<u32>,
    /// The campaign of an `issue_coupon`.
    pub(crate) issues: Option<u32>,
    pub(crate) paper: bool,
    /// What it is as a candidate, as far as the program says.
    pub(crate) candidate: Candidate,
}

/// Conditions that a basket meets as a whole.
#[derive(Debug)]
pub(crate) struct Conditions {
    /// Whether there are any.
    pub(crate) any: bool,
    pub(crate) when: Option<Box<When>>,
    /// Stores that it holds in, sorted; everywhere when none.
    pub(crate) stores: Option<Box<[String]>>,
    pub(crate) channels: Box<[String]>,
    pub(crate) payments: Box<[String]>,
    pub(crate) who: Option<Box<Who>>,
    /// Tiers as bits of their place in the program.
    pub(crate) tiers: TierSet,
}

/// Tiers as bits of their place in the program; empty means any.
pub(crate) type TierSet = u64;

/// A selection, compiled.
#[derive(Debug)]
pub(crate) struct CompiledSelection {
    pub(crate) pattern: Pattern,
    /// It reaches kinds other than goods and services.
    pub(crate) names_kinds: bool,
    pub(crate) undiscounted_only: bool,
    pub(crate) is_everything: bool,
}

impl CompiledSelection {
    fn compile(selection: &Selection, symbols: &mut Symbols) -> Self {
        Self {
            pattern: Pattern::compile(&selection.selector, symbols),
            names_kinds: selection.selector.names_kinds(),
            undiscounted_only: selection.undiscounted_only,
            is_everything: selection.selector == Selector::Everything,
        }
    }
}

impl CompiledOffer {
    /// The layer whose end its threshold looks at.
    pub(crate) fn marked_layer(&self) -> Option<u16> {
        match self.threshold?.at {
            AmountAt::AfterLayer(layer) => Some(layer as u16),
            AmountAt::Running | AmountAt::List => None,
        }
    }
}

/// Compiles the offer at a place of the book.
pub(super) fn compile(
    program: &Program,
    place: u32,
    offer: &Offer,
    symbols: &mut Symbols,
    pools: &mut Vec<String>,
    classes: Classes,
) -> CompiledOffer {
    let target = match &offer.effect {
        Effect::BuyGet { get, .. } => get.as_deref().or(offer.target.as_deref()).cloned(),
        // A price list acts on the articles that it names.
        Effect::PriceList(prices) => Some(listed(offer.target.as_deref().unwrap_or(&offer.buy), prices)),
        _ => offer.target.as_deref().cloned(),
    };
    let has_target = offer.target.is_some() || matches!(offer.effect, Effect::BuyGet { get: Some(_), .. });
    let parts = match &offer.effect {
        Effect::Bundle { parts, .. } => {
            parts.iter().map(|part| CompiledSelection::compile(&part.selection, symbols)).collect()
        }
        _ => Box::default(),
    };
    let buy = offer.buy.clone();
    let mut effect = offer.effect.clone();
    if let Effect::PriceList(prices) = &mut effect {
        prices.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let find = |id: &str| program.offers.binary_search_by(|other| other.id.as_str().cmp(id)).ok();
    let has_units_limit = offer.terms.units.is_some();
    let pool = match (&offer.effect, &offer.stacking.pool) {
        (
            Effect::SetPrice { .. }
            | Effect::Bundle { .. }
            | Effect::NthUnit { .. }
            | Effect::BuyGet { .. }
            | Effect::Gift { .. },
            name,
        ) => pool_bit(pools, name.as_deref().unwrap_or("default")),
        (_, Some(name)) if has_units_limit => pool_bit(pools, name),
        _ => 0,
    };
    let compiled_target = target.map(|target| CompiledSelection::compile(&target, symbols));
    let is_coupon_layer = program.layers.get(offer.layer).is_some_and(|layer| layer == "coupon");
    let in_coupons = if offer.coupon.is_some() || is_coupon_layer { classes.coupon } else { 0 };
    let tender = offer.counts_as == CountsAs::Tender;
    let candidate = Candidate {
        source: OfferRef::Program(place),
        turn: Candidate::turn(offer.layer as u16, false, offer.priority),
        layer: offer.layer as u16,
        priority: offer.priority,
        code: None,
        paper: None,
        leave_out_allowed: offer.leave_out_allowed,
        lowers: lowers(&effect),
        tender,
        guard_exempt: offer.guard_exempt || tender,
        classes: 1 << offer.layer | in_coupons,
        capped: offer.terms.cap.is_some() || offer.limits.budget.is_some(),
        budget_left: i64::MAX,
        times_max: u32::MAX,
        needs_hold: false,
        matched: false,
        sets: 0,
    };
    CompiledOffer {
        kind: offer.kind,
        layer: offer.layer as u16,
        conditions: conditions(program, offer),
        matches: match &offer.effect {
            Effect::Match { offer, .. } => find(offer).map(|place| place as u32),
            _ => None,
        },
        issues: match &offer.effect {
            Effect::IssueCoupon { campaign, .. } => find(campaign).map(|place| place as u32),
            _ => None,
        },
        round_at: round_at(offer, has_target),
        rounding: program.rounding,
        buy: CompiledSelection::compile(&buy, symbols),
        target: compiled_target,
        parts,
        threshold: offer.threshold,
        entry: offer.threshold.or_else(|| first_reach(&effect)),
        effect,
        terms: terms(offer),
        limits: *offer.limits,
        limited: offer.limits.per_member.is_some()
            || offer.limits.in_total.is_some()
            || offer.limits.budget.is_some(),
        groups: offer.stacking.groups.iter().map(|&group| group as u16).collect(),
        exclusive: offer.stacking.exclusive,
        pool,
        paper: offer.coupon.as_ref().is_some_and(|coupon| coupon.paper),
        candidate,
    }
}

/// Whether an effect takes money off (or pays it), rather than giving points or benefits.
fn lowers(effect: &Effect) -> bool {
    !matches!(
        effect,
        Effect::PointsFixed(_) | Effect::PointsTimes(_) | Effect::IssueCoupon { .. } | Effect::Entitlement(_)
    )
}

/// The terms, with a worth only where something is given that shows in no price: what is taken off would count twice.
fn terms(offer: &Offer) -> Terms {
    let beside = matches!(offer.effect, Effect::Gift { .. }) || !lowers(&offer.effect);
    let worth = if beside { offer.terms.worth } else { Money::ZERO };
    Terms { worth, ..(*offer.terms).clone() }
}

/// What an effect needs to be applied once.
fn first_reach(effect: &Effect) -> Option<Threshold> {
    let reach = match effect {
        Effect::Steps(steps) => steps.first()?.reach,
        Effect::Repeat { every, .. } => *every,
        Effect::Gift { per_units: Some(every), .. } => UnitCount::Units(*every),
        _ => return None,
    };
    Some(Threshold { reach, at: AmountAt::Running, tax: None })
}

/// The articles of a price list among those that it is meant for.
fn listed(selection: &Selection, prices: &[(String, UnitPrice)]) -> Selection {
    let skus = Selector::Sku(prices.iter().map(|(sku, _)| sku.clone()).collect());
    let selector = match &selection.selector {
        Selector::Everything => skus,
        other => Selector::AllOf(vec![skus, other.clone()]),
    };
    Selection { selector, undiscounted_only: selection.undiscounted_only }
}

fn pool_bit(pools: &mut Vec<String>, name: &str) -> u64 {
    let place = pools.iter().position(|pool| pool == name).unwrap_or_else(|| {
        pools.push(name.to_owned());
        pools.len() - 1
    });
    1 << place
}

/// Where an offer rounds unless it says so (docs/pricing.md, rule 15).
fn round_at(offer: &Offer, has_target: bool) -> RoundAt {
    if let Some(round_at) = offer.terms.round_at {
        return round_at;
    }
    let selected = !offer.buy.is_everything() || has_target;
    match &offer.effect {
        _ if offer.terms.units.is_some() => RoundAt::Unit,
        Effect::SetPrice { .. } | Effect::Bundle { .. } | Effect::NthUnit { .. } | Effect::BuyGet { .. } => {
            RoundAt::Unit
        }
        Effect::PriceList(_) | Effect::UnitPrice(_) => RoundAt::Line,
        Effect::PercentOff(_) | Effect::Steps(_) if offer.kind == OfferKind::Tier || selected => {
            RoundAt::Line
        }
        Effect::Shipping(ShippingEffect::PercentOff(_)) => RoundAt::Line,
        _ => RoundAt::Offer,
    }
}

fn conditions(program: &Program, offer: &Offer) -> Conditions {
    let stores = offer.place.stores.as_ref().map(|filter| {
        let in_groups = program
            .stores
            .iter()
            .filter(|store| store.groups.iter().any(|group| filter.groups.contains(group)))
            .map(|store| store.id.clone());
        let mut ids: Vec<String> = filter.ids.iter().cloned().chain(in_groups).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_boxed_slice()
    });
    let tiers = offer.who.tiers.iter().filter_map(|id| program.tiers.iter().position(|tier| tier.id == *id));
    let (when, who) = (*offer.when != When::default(), *offer.who != Who::default());
    let place = &offer.place;
    Conditions {
        any: when || who || stores.is_some() || !place.channels.is_empty() || !place.payments.is_empty(),
        when: when.then(|| Box::new((*offer.when).clone())),
        stores,
        channels: place.channels.clone().into_boxed_slice(),
        payments: place.payments.clone().into_boxed_slice(),
        who: who.then(|| Box::new((*offer.who).clone())),
        tiers: tiers.filter(|&place| place < 64).fold(0, |bits, place| bits | 1 << place),
    }
}
