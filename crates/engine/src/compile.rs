//! Turns a program into what quotes are computed from: numbers instead of names, and indexes that bring only the
//! offers into view that a basket can touch.

mod check;
mod index;
mod names;
mod offer;
mod pattern;

use suanpan_domain::{OfferBook, OfferKind, Rounding};
use suanpan_program::model::{Allocation, GroupScope, PercentBasis, Program, SelectionMode, StackingGroup};

pub use check::CompileProblem;
pub(crate) use index::{Index, Posting};
pub(crate) use names::leading;
pub(crate) use offer::{CompiledOffer, CompiledSelection, Conditions};
pub(crate) use pattern::{LineSymbols, Pattern, Symbols};

/// A program, compiled. Immutable and shared between threads.
#[derive(Debug)]
pub struct Compiled {
    pub(crate) program: Program,
    pub(crate) book: OfferBook,
    /// In the order of the book.
    pub(crate) offers: Vec<CompiledOffer>,
    /// For each offer the place of its id among all ids; equal to its index, as the book is sorted.
    pub(crate) index: Index,
    pub(crate) symbols: Symbols,
    /// Layers that thresholds name by `after:`, ascending; a row of marks for each.
    pub(crate) marked_layers: Vec<u16>,
    /// For each class, the classes that it does not combine with, symmetric. Bits: layers, then `coupon`, `points`.
    pub(crate) class_conflicts: Vec<u32>,
    pub(crate) classes: Classes,
    pub(crate) groups: Vec<StackingGroup>,
    /// Some offer looks at the clock on the wall.
    pub(crate) looks_at_clock: bool,
    /// Some percent is of what a line cost when its layer began.
    pub(crate) looks_at_entry: bool,
    pub(crate) has_line_groups: bool,
    pub(crate) has_basket_groups: bool,
    /// Offers can stand against each other by class, exclusivity or group of the basket.
    pub(crate) has_conflicts: bool,
    pub(crate) layer_price: u16,
    pub(crate) layer_item: u16,
    pub(crate) layer_basket: u16,
}

/// Which bit stands for which class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    pub(crate) coupon: u32,
    pub(crate) points: u32,
}

/// Largest number of layers: classes are bits of a word, two of which are `coupon` and `points`.
pub(crate) const LAYERS_MAX: usize = 30;
/// Largest number of unit pools: pools are bits of a word.
pub(crate) const POOLS_MAX: usize = 64;

impl Compiled {
    pub(crate) fn rounding(&self) -> Rounding {
        self.program.rounding
    }

    pub(crate) fn allocation(&self) -> Allocation {
        self.program.allocation
    }

    pub(crate) fn selection(&self) -> SelectionMode {
        self.program.selection
    }
}

/// Compiles a program.
///
/// # Errors
/// Every reason for which the program cannot be priced, all at once.
pub fn compile(program: &Program) -> Result<Compiled, Vec<CompileProblem>> {
    let problems = check::problems(program);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut program = program.clone();
    program.offers.sort_by(|a, b| a.id.cmp(&b.id));

    let mut symbols = Symbols::default();
    let mut pools = vec!["default".to_owned()];
    let classes = Classes { coupon: 1 << program.layers.len(), points: 1 << (program.layers.len() + 1) };
    let mut offers: Vec<CompiledOffer> = program
        .offers
        .iter()
        .enumerate()
        .map(|(place, offer)| {
            offer::compile(&program, place as u32, offer, &mut symbols, &mut pools, classes)
        })
        .collect();
    let index = Index::build(&program, &offers, &symbols);
    for place in index.matched_by.keys() {
        offers[*place as usize].candidate.matched = true;
    }

    let mut marked_layers: Vec<u16> = offers.iter().filter_map(CompiledOffer::marked_layer).collect();
    marked_layers.sort_unstable();
    marked_layers.dedup();

    let layer = |name: &str| {
        let place = program.layers.iter().position(|layer| layer == name);
        place.map_or(u16::MAX, |place| place as u16)
    };
    let has_basket_groups = program.groups.iter().any(|group| group.scope == GroupScope::Basket);
    let class_conflicts = class_conflicts(&program, classes);
    Ok(Compiled {
        book: book(&program),
        index,
        symbols,
        marked_layers,
        has_conflicts: has_basket_groups
            || class_conflicts.iter().any(|conflicts| *conflicts != 0)
            || offers.iter().any(|offer| offer.exclusive.is_some()),
        class_conflicts,
        classes,
        groups: program.groups.clone(),
        has_line_groups: program.groups.iter().any(|group| group.scope == GroupScope::Line),
        looks_at_entry: offers.iter().any(|offer| offer.terms.basis == PercentBasis::Layer),
        looks_at_clock: offers.iter().any(|offer| {
            let conditions = &offer.conditions;
            let by_date = conditions
                .who
                .as_ref()
                .is_some_and(|who| who.birthday.is_some() || who.new_member_days.is_some());
            conditions.when.is_some() || by_date
        }),
        has_basket_groups,
        layer_price: layer("price"),
        layer_item: layer("item"),
        layer_basket: layer("basket"),
        program,
        offers,
    })
}

fn class_conflicts(program: &Program, classes: Classes) -> Vec<u32> {
    let bit = |class: &str| match class {
        "coupon" => classes.coupon,
        "points" => classes.points,
        layer => program.layers.iter().position(|name| name == layer).map_or(0, |place| 1 << place),
    };
    let mut conflicts = vec![0_u32; program.layers.len() + 2];
    for rule in &program.combine {
        for other in &rule.not_with {
            // `coupon` is a layer too; the class counts for whatever was presented, in any layer.
            for (from, to) in [(bit(&rule.class), bit(other)), (bit(other), bit(&rule.class))] {
                if from != 0 && to != 0 {
                    conflicts[from.trailing_zeros() as usize] |= to;
                }
            }
        }
    }
    conflicts
}

fn book(program: &Program) -> OfferBook {
    let entries = program.offers.iter().map(|offer| {
        let title_en = offer.title.en.clone().unwrap_or_else(|| default_title(program, offer));
        suanpan_domain::OfferEntry {
            id: offer.id.clone(),
            title_zh: offer.title.zh_cn.clone().unwrap_or_else(|| title_en.clone()),
            title_en,
            kind: offer.kind,
            method: offer.effect.name(),
            layer: program.layers.get(offer.layer).cloned().unwrap_or_default(),
            funding: offer.funding.iter().map(|share| (share.funder.clone(), share.share.ppm())).collect(),
            tender: offer.counts_as == suanpan_program::model::CountsAs::Tender,
        }
    });
    OfferBook { program_version: program.version.clone(), entries: entries.collect() }
}

fn default_title(program: &Program, offer: &suanpan_program::model::Offer) -> String {
    let tier = (offer.kind == OfferKind::Tier)
        .then(|| offer.id.strip_prefix("tier:"))
        .flatten()
        .and_then(|id| program.tiers.iter().find(|tier| tier.id == id))
        .and_then(|tier| tier.title.en.clone());
    tier.unwrap_or_else(|| offer.id.clone())
}
