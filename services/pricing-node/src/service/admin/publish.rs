//! A program from an operator's files into the store, and what that changes.

use std::collections::{BTreeMap, BTreeSet};

use suanpan_checkout::{offer_key, publish, unpack};
use suanpan_program::model::{Offer, OfferKind, Program};
use suanpan_program::{Diagnostics, SourceFile, parse};
use suanpan_rpc::problem::{Fault, Problems};
use suanpan_rpc::{admin_v1, status};
use suanpan_store::{LimitCap, LimitView, Taken};
use tonic::{Code, Status};

use super::{Desk, failed};
use crate::chain::{Chain, ChainError};
use crate::node::Node;

/// Bytes of diagnostics that a status carries: it travels in a header.
const TOLD_BYTES_MAX: usize = 3 << 10;

impl Desk<'_> {
    pub(super) async fn publish(
        &self,
        node: &Node,
        files: Vec<admin_v1::ProgramFile>,
        dry_run: bool,
    ) -> Result<admin_v1::PublishResponse, Status> {
        let files: Vec<SourceFile> =
            files.into_iter().map(|file| SourceFile::new(file.name, file.text)).collect();
        let catalogue = self.chain.shared_catalogue();
        let compiled = tokio::task::spawn_blocking(move || {
            let parsed = parse(&files).map_err(Wrong::Program)?;
            let chain = Chain::new(&parsed.program, catalogue).map_err(Wrong::Chain)?;
            Ok((files, chain, parsed.warnings))
        });
        let (files, chain, warnings) = match compiled.await {
            Ok(compiled) => compiled.map_err(|wrong: Wrong| wrong.status())?,
            Err(error) => return Err(crate::failure::Failure::internal(&error.to_string()).into()),
        };
        if chain.id() != self.chain.id() {
            return Err(status::unknown_chain(status::ADMIN_DOMAIN));
        }
        let store = &*self.sales.store;
        let active = store.active_program(chain.id()).await.map_err(|error| failed(&error))?;
        let previous_version = active.map(|active| active.version).unwrap_or_default();
        let previous = if previous_version.is_empty() {
            None
        } else {
            let row = store.program(chain.id(), &previous_version).await.map_err(|error| failed(&error))?;
            let read = row.and_then(|row| Some(parse(&unpack(&row.bytes)?).ok()?.program));
            Some(read.ok_or_else(|| unreadable(&previous_version))?)
        };
        let other_currency = |active: &Program| active.currency != chain.program().currency;
        if previous.as_ref().is_some_and(other_currency) {
            return Err(super::invalid(Problems::one(format_args!("currency"), Fault::OtherCurrency)));
        }
        let changes = changes(previous.as_ref(), chain.program());
        let wanted = caps(chain.program());
        let (limits, generation) = if dry_run {
            let now = store.limits(chain.id()).await.map_err(|error| failed(&error))?;
            (as_set(&wanted, &now), active_generation(self, &chain).await?)
        } else {
            let published = publish(store, &files, chain.program(), self.now_ms).await;
            let published = published.map_err(|error| failed(&error))?;
            (published.limits, published.activation.generation)
        };
        let limit = |(offer, cap): (String, LimitCap)| admin_v1::PublishedLimit {
            raised: wanted.get(&offer) != Some(&cap),
            offer,
            uses: cap.uses,
            amount_minor: cap.amount_minor,
        };
        let response = admin_v1::PublishResponse {
            chain: chain.id().to_owned(),
            version: chain.program().version.clone(),
            previous_version,
            generation: generation.cast_signed(),
            changes,
            limits: limits.into_iter().map(limit).collect(),
            warnings: warnings.iter().map(ToString::to_string).collect(),
        };
        if !dry_run && chain.program().version != self.chain.program().version {
            node.publish(chain);
        }
        Ok(response)
    }
}

/// What is in force is not known, so neither is the currency of all that was sold by it.
fn unreadable(version: &str) -> Status {
    let told = format!(
        "the program in force, version {version}, cannot be read, so its currency is not known; nothing is published"
    );
    status::plain(Code::FailedPrecondition, status::ADMIN_DOMAIN, status::STORE_REFUSED, &told)
}

async fn active_generation(desk: &Desk<'_>, chain: &Chain) -> Result<u64, Status> {
    let active = desk.sales.store.active_program(chain.id()).await.map_err(|error| failed(&error))?;
    Ok(active.map_or(0, |active| active.generation))
}

enum Wrong {
    Program(Diagnostics),
    Chain(ChainError),
}

impl Wrong {
    fn status(&self) -> Status {
        let mut told = match self {
            Wrong::Program(diagnostics) => diagnostics.to_string(),
            Wrong::Chain(error) => error.to_string(),
        };
        if told.len() > TOLD_BYTES_MAX {
            let end = (0..=TOLD_BYTES_MAX).rev().find(|at| told.is_char_boundary(*at)).unwrap_or(0);
            told.truncate(end);
            told.push_str("\nand more");
        }
        status::plain(Code::InvalidArgument, status::ADMIN_DOMAIN, status::PROGRAM_INVALID, &told)
    }
}

/// What a program says that everybody together may take.
fn caps(program: &Program) -> BTreeMap<String, LimitCap> {
    let cap = |offer: &Offer| LimitCap {
        uses: offer.limits.in_total.map(|uses| i64::try_from(uses).unwrap_or(i64::MAX)),
        amount_minor: offer.limits.budget.map(suanpan_domain::Money::minor),
    };
    let limited = program.offers.iter().map(|offer| (offer.id.clone(), cap(offer)));
    limited.filter(|(_, cap)| *cap != LimitCap::default()).collect()
}

/// The caps that `publish` would set: never below what is used and held.
fn as_set(wanted: &BTreeMap<String, LimitCap>, now: &[LimitView]) -> Vec<(String, LimitCap)> {
    let taken = |offer: &str| {
        let limit = now.iter().find(|limit| limit.offer == offer_key(offer));
        limit.map_or(Taken::default(), |limit| limit.used.plus(limit.held))
    };
    let set = wanted.iter().map(|(offer, cap)| {
        let least = taken(offer);
        let uses = cap.uses.map(|uses| uses.max(least.uses));
        let amount_minor = cap.amount_minor.map(|amount| amount.max(least.amount_minor));
        (offer.clone(), LimitCap { uses, amount_minor })
    });
    set.collect()
}

/// What is new (`+`), gone (`-`) or different (`~`), in the order of the program.
fn changes(before: Option<&Program>, after: &Program) -> Vec<String> {
    let mut told = Vec::new();
    let nothing = Program { tiers: Vec::new(), offers: Vec::new(), ..after.clone() };
    let before = before.unwrap_or(&nothing);
    for (rule, differs) in rules(before, after) {
        if differs {
            told.push(format!("~ {rule}"));
        }
    }
    let tiers = |program: &Program| named(&program.tiers, |tier| ("tier", tier.id.clone()));
    let offers = |program: &Program| named(&program.offers, |offer| (kind(offer.kind), offer.id.clone()));
    compare(&tiers(before), &tiers(after), |(a, b)| before.tiers[a] != after.tiers[b], &mut told);
    compare(&offers(before), &offers(after), |(a, b)| differs(before, a, after, b), &mut told);
    told
}

type Named = Vec<((&'static str, String), usize)>;

fn named<T>(of: &[T], name: impl Fn(&T) -> (&'static str, String)) -> Named {
    of.iter().enumerate().map(|(place, of)| (name(of), place)).collect()
}

fn compare(before: &Named, after: &Named, differs: impl Fn((usize, usize)) -> bool, told: &mut Vec<String>) {
    let at: BTreeMap<_, _> = before.iter().map(|(name, place)| (name, *place)).collect();
    for (name, place) in after {
        let (kind, id) = name;
        match at.get(name) {
            None => told.push(format!("+ {kind} {id}")),
            Some(earlier) if differs((*earlier, *place)) => told.push(format!("~ {kind} {id}")),
            Some(_) => {}
        }
    }
    let kept: BTreeSet<_> = after.iter().map(|(name, _)| name).collect();
    for ((kind, id), _) in before.iter().filter(|(name, _)| !kept.contains(name)) {
        told.push(format!("- {kind} {id}"));
    }
}

/// Offers name their layer by its place, which moves when a layer is added before it.
fn differs(before: &Program, a: usize, after: &Program, b: usize) -> bool {
    let (a, b) = (&before.offers[a], &after.offers[b]);
    let same_layer = before.layers.get(a.layer) == after.layers.get(b.layer);
    !same_layer || Offer { layer: b.layer, ..a.clone() } != *b
}

fn rules(before: &Program, after: &Program) -> [(&'static str, bool); 14] {
    [
        ("title", before.title != after.title),
        ("currency", before.currency != after.currency),
        ("time zone", before.time_zone != after.time_zone),
        ("price mode", before.price_mode != after.price_mode),
        (
            "rounding and allocation",
            (&before.rounding, &before.allocation, &before.unit_split)
                != (&after.rounding, &after.allocation, &after.unit_split),
        ),
        (
            "selection and layers",
            (&before.selection, &before.layers, before.search_nodes_max)
                != (&after.selection, &after.layers, after.search_nodes_max),
        ),
        ("engine edition", before.engine_edition != after.engine_edition),
        (
            "what must be left to pay",
            (before.maximum_discount, before.minimum_due) != (after.maximum_discount, after.minimum_due),
        ),
        ("cash rounding and tax", (before.cash_rounding, &before.tax) != (after.cash_rounding, &after.tax)),
        ("archive", before.archive_after_days != after.archive_after_days),
        ("stores", before.stores != after.stores),
        ("groups and classes", (&before.groups, &before.combine) != (&after.groups, &after.combine)),
        ("points", before.points != after.points),
        ("returns", before.returns != after.returns),
    ]
}

const fn kind(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::PriceList => "price list",
        OfferKind::Tier => "discount of",
        OfferKind::Promotion => "promotion",
        OfferKind::Coupon => "coupon",
        OfferKind::Manual => "manual discount",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(more: &str) -> Program {
        let text = format!("program: p\ncurrency: CNY\nengine_edition: 1\n{more}");
        parse(&[SourceFile::new("p.yaml", text)]).unwrap_or_else(|problems| panic!("{problems}")).program
    }

    #[test]
    fn what_changes_is_told_by_name() {
        let coupon = |off: &str| {
            format!(
                "coupons:\n  - {{ id: rush, codes: {{ generic: [RUSH] }}, effect: {{ amount_off: {off} }} }}\n"
            )
        };
        let tiers = "tiers: [{ id: ordinary }, { id: silver, qualify: { spend: 100 } }]\n";
        let (bare, one) = (program(""), program(&coupon("2.00")));
        for (before, after, expected) in [
            (Some(&bare), bare.clone(), &[][..]),
            (None, one.clone(), &["+ coupon rush"]),
            (Some(&bare), one.clone(), &["+ coupon rush"]),
            (Some(&one), bare.clone(), &["- coupon rush"]),
            (Some(&one), program(&coupon("3.00")), &["~ coupon rush"]),
            (Some(&bare), program("time_zone: Asia/Shanghai\n"), &["~ time zone"]),
            (Some(&one), program(tiers), &["+ tier ordinary", "+ tier silver", "- coupon rush"]),
        ] {
            assert_eq!(changes(before, &after), expected);
        }
    }

    #[test]
    fn limits_are_those_that_the_program_names() {
        let program = program(
            "coupons:\n  - { id: rush, codes: { generic: [RUSH] }, effect: { amount_off: 2.00 }, limits: { in_total: 3 } }\n  \
             - { id: calm, codes: { generic: [CALM] }, effect: { amount_off: 2.00 } }\n",
        );
        let expected = LimitCap { uses: Some(3), amount_minor: None };
        assert_eq!(caps(&program), BTreeMap::from([("rush".to_owned(), expected)]));
    }
}
