//! The program as a whole.

use suanpan_domain::limits::PROGRAM_OFFERS_MAX;
use suanpan_domain::{Currency, Money, Rounding};

use super::coupons::{Codes, check_presented};
use super::names::{Names, Unique, too_many};
use super::references::Sites;
use super::{conditions, idle, offer, points, references, stacking, tiers, warnings};
use crate::code;
use crate::diagnostics::{nearest, quoted};
use crate::file::{
    AllocationFile, AllocationWord, BasisWord, GroupDefinition, ProgramFile, RoundingWord, SelectionWord,
    ShippingTaxWord, SplitWord, TaxBaseWord, TaxBasisWord, TaxFile, TaxScopeWord, TierFile, WeightWord,
};
use crate::model::{
    Allocation, AllocationBasis, AllocationMethod, AllocationWeight, CashRounding, ENGINE_EDITION,
    LAYERS_DEFAULT, Offer, Program, SEARCH_NODES_MAX_DEFAULT, SelectionMode, ShippingTax, Store, TaxBase,
    TaxBasis, TaxPolicy, TaxRate, TaxScope, UnitSplit,
};
use crate::read::{At, Context, FromNode, Id, Later, Many};
use crate::yaml::{Kind, Node, Spot};

/// Taxes that a program names.
const RATES_MAX: usize = 1_000;
/// Layers of a program; the engine keeps a bit for each.
const LAYERS_MAX: usize = 30;
/// What quotes call the paying with points, in the place of an offer's id.
const POINTS_ID: &str = "points";
/// What the ids of tiers' discounts begin with, and those that a person's discounts have where ties go by id.
const RESERVED_PREFIXES: [&str; 2] = ["tier:", "manual:"];

/// Checks what every program says. Amounts are read in the currency, so it is read first, whichever file it stands in.
pub(crate) fn read_currency(roots: &[Node<'_>], context: &Context) {
    if context.complete && roots.iter().any(|root| root.kind() == Kind::Mapping) {
        for key in
            ["program", "currency"].into_iter().filter(|key| roots.iter().all(|root| root.get(key).is_none()))
        {
            let Some(first) = roots.first() else { continue };
            context.error_hint(
                code::MISSING_KEY,
                first.spot(),
                format!("the key `{key}` is missing"),
                if key == "program" {
                    "add `program: the chain's id`"
                } else {
                    "add such as `currency: CNY`"
                },
            );
        }
    }
    let Some(node) = roots.iter().find_map(|root| root.get("currency")) else { return };
    let Some(text) = node.text() else { return };
    context.currency.set(Currency::from_code(text));
    if context.currency.get().is_none() && !node.is_null() {
        let capitals = text.trim().to_ascii_uppercase();
        let hint = match Currency::from_code(&capitals) {
            Some(_) => format!("write it in capitals: {capitals}"),
            None => match nearest(&capitals, ["CNY", "USD", "EUR", "JPY", "GBP", "HKD", "KRW", "TWD", "INR"])
            {
                Some(meant) => format!("did you mean {meant}?"),
                None => "write an ISO 4217 code such as CNY, EUR or USD".to_owned(),
            },
        };
        let message = format!("{} is no currency", quoted(text));
        context.error_hint(code::UNKNOWN_CURRENCY, node.spot(), message, hint);
    }
}

/// The program that the files describe; `None` when something without which there is none could not be read.
pub(crate) fn program(file: ProgramFile, version: String, context: &Context) -> Option<Program> {
    let mut names = Names::default();
    let layers = layers(file.layers.as_ref(), context);
    names.layers.clone_from(&layers);
    let stores = stores(&file, &mut names, context);
    let tier_files = tiers::read(file.tiers.as_ref(), context);
    let tiers = tiers::tiers(&tier_files, &mut names, context);
    let group_files = stacking::read(file.stacking.as_ref(), context);
    let groups = stacking::groups(&group_files, &mut names, context);
    let combine = stacking::combine(file.stacking.as_ref(), &names, context);
    let price_mode = tax_basis(file.prices.as_ref().and_then(|prices| prices.tax));
    let engine_edition = engine_edition(file.engine_edition.as_ref(), context);
    let (offers, sites) = Offers::read(&file, &tier_files, &group_files, &names, context);
    let points = points::policy(file.points.as_ref(), &names, context);
    let program = Program {
        id: file.program.as_ref().map(|id| id.0.clone()).unwrap_or_default(),
        version,
        title: conditions::title(file.title.as_ref()),
        currency: context.currency.get()?,
        time_zone: file.time_zone.as_ref().map(|zone| zone.0.clone()),
        price_mode,
        rounding: file.rounding.as_ref().map_or(Rounding::HalfUp, |rounding| rounding_mode(rounding.mode)),
        allocation: allocation(file.allocation),
        selection: match file.selection {
            None | Some(SelectionWord::BestForMember) => SelectionMode::BestForMember,
            Some(SelectionWord::ByPriority) => SelectionMode::ByPriority,
        },
        layers,
        engine_edition,
        maximum_discount: file.maximum_discount.map(|share| share.0),
        minimum_due: file.minimum_due.map_or(Money::ZERO, |amount| amount.0),
        cash_rounding: file.cash_rounding.as_ref().map(|cash| CashRounding {
            to: cash.to.0,
            rounding: cash.mode.map_or(Rounding::HalfUp, rounding_mode),
        }),
        tax: tax(file.tax.as_ref(), price_mode, context),
        unit_split: match file.split {
            None | Some(SplitWord::Level) => UnitSplit::Level,
            Some(SplitWord::Rewarded) => UnitSplit::Rewarded,
        },
        search_nodes_max: file.search_nodes_max.map_or(SEARCH_NODES_MAX_DEFAULT, |nodes| u64::from(nodes.0)),
        archive_after_days: file.archive_after_days.map(|days| days.0),
        stores,
        tiers,
        offers,
        groups,
        combine,
        points,
        returns: points::returns(file.returns.as_ref()),
    };
    for (offer, site) in program.offers.iter().zip(sites.iter()) {
        idle::check(offer, *site, context);
    }
    warnings::check(&group_files, &program, &sites, context);
    file.program.is_some().then_some(program)
}

fn layers(file: Option<&Many<Id>>, context: &Context) -> Vec<String> {
    let Some(layers) = file else {
        return LAYERS_DEFAULT.iter().map(|layer| (*layer).to_owned()).collect();
    };
    let count = layers.len(context);
    if count > LAYERS_MAX {
        let message = format!("there are {count} layers, at most {LAYERS_MAX} are possible");
        context.error_hint(code::LIMIT, layers.spot, message, "join layers; priority orders what is in one");
        return Vec::new();
    }
    layers.repeated(context);
    layers.map(context, |layer| layer.value.0)
}

fn stores(file: &ProgramFile, names: &mut Names, context: &Context) -> Vec<Store> {
    let Some(files) = &file.stores else { return Vec::new() };
    let mut stores = Vec::with_capacity(files.len(context));
    for At { value: file, .. } in files.each(context) {
        names.stores.add("store", &file.id.value.0, file.id.spot, context);
        let groups = conditions::ids(file.groups.as_ref(), |_| (), context);
        for group in &groups {
            if !names.store_groups.contains(group) {
                names.store_groups.insert(group.clone());
            }
        }
        stores.push(Store { id: file.id.value.0, groups, time_zone: file.time_zone.map(|zone| zone.0) });
    }
    stores
}

fn engine_edition(file: Option<&At<crate::read::UnitsCount>>, context: &Context) -> u16 {
    if let Some(At { value, spot }) = file
        && value.0 != i64::from(ENGINE_EDITION)
    {
        context.error_hint(
            code::UNKNOWN_EDITION,
            *spot,
            format!("this release does not know engine edition {}", value.0),
            format!("it prices edition {ENGINE_EDITION}"),
        );
    }
    ENGINE_EDITION
}

pub(super) const fn tax_basis(word: Option<TaxBasisWord>) -> TaxBasis {
    match word {
        None | Some(TaxBasisWord::Included) => TaxBasis::Included,
        Some(TaxBasisWord::Excluded) => TaxBasis::Excluded,
    }
}

const fn rounding_mode(word: RoundingWord) -> Rounding {
    match word {
        RoundingWord::HalfUp => Rounding::HalfUp,
        RoundingWord::HalfEven => Rounding::HalfEven,
        RoundingWord::HalfDown => Rounding::HalfDown,
        RoundingWord::Down => Rounding::Down,
        RoundingWord::Up => Rounding::Up,
    }
}

fn allocation(file: Option<AllocationFile>) -> Allocation {
    let (method, weight, basis) = match file {
        None => (None, None, None),
        Some(AllocationFile::Method(method)) => (Some(method), None, None),
        Some(AllocationFile::Refined(map)) => (map.method, map.weight, map.basis),
    };
    Allocation {
        method: match method {
            None | Some(AllocationWord::LargestRemainder) => AllocationMethod::LargestRemainder,
            Some(AllocationWord::LastLineTakesRest) => AllocationMethod::LastLineTakesRest,
            Some(AllocationWord::HalfDownThenFirst) => AllocationMethod::HalfDownThenFirst,
            Some(AllocationWord::Cascade) => AllocationMethod::Cascade,
        },
        weight: match weight {
            None | Some(WeightWord::Amount) => AllocationWeight::Amount,
            Some(WeightWord::Units) => AllocationWeight::Units,
            Some(WeightWord::AmountTaxExcluded) => AllocationWeight::AmountTaxExcluded,
            Some(WeightWord::AmountTaxIncluded) => AllocationWeight::AmountTaxIncluded,
        },
        basis: match basis {
            None | Some(BasisWord::Target) => AllocationBasis::Target,
            Some(BasisWord::SourceAndTarget) => AllocationBasis::SourceAndTarget,
        },
    }
}

fn tax(file: Option<&TaxFile>, price_mode: TaxBasis, context: &Context) -> TaxPolicy {
    let Some(file) = file else { return TaxPolicy::default() };
    let mut unique = Unique::default();
    let rates = file.rates.iter().filter(|rates| !too_many(rates, RATES_MAX, "taxes", context));
    TaxPolicy {
        scope: match file.scope {
            None | Some(TaxScopeWord::PerRate) => TaxScope::PerRate,
            Some(TaxScopeWord::PerLine) => TaxScope::PerLine,
        },
        base: match file.base {
            None | Some(TaxBaseWord::NetRounded) => TaxBase::NetRounded,
            Some(TaxBaseWord::GrossMinusDiscount) => TaxBase::GrossMinusDiscount,
        },
        rounding: file.rounding.as_ref().map_or(Rounding::HalfUp, |rounding| rounding_mode(rounding.mode)),
        shipping: match file.shipping {
            None | Some(ShippingTaxWord::OwnRate) => ShippingTax::OwnRate,
            Some(ShippingTaxWord::GoodsMix) => ShippingTax::GoodsMix,
        },
        rates: rates
            .flat_map(|rates| rates.each(context))
            .map(|At { value: rate, .. }| {
                unique.add("tax", &rate.id.value.0, rate.id.spot, context);
                TaxRate {
                    id: rate.id.value.0,
                    rate: rate.rate.0,
                    included: rate.included.map_or(price_mode == TaxBasis::Included, |included| included.0),
                }
            })
            .collect(),
    }
}

/// Reads the offers, one at a time.
struct Offers<'c> {
    context: &'c Context,
    ids: Unique,
    offers: Vec<Offer>,
    sites: Sites,
}

impl Offers<'_> {
    fn read(
        file: &ProgramFile,
        tiers: &[At<TierFile>],
        groups: &[GroupDefinition],
        names: &Names,
        context: &Context,
    ) -> (Vec<Offer>, Sites) {
        let (lists, promotions, coupons) = (&file.price_lists, &file.promotions, &file.coupons);
        let discounts = tiers.iter().filter(|tier| tier.value.discount.is_some()).count();
        let lengths = [length(lists, context), length(promotions, context), length(coupons, context)];
        let count = discounts + lengths.iter().sum::<usize>();
        let mut reader = Offers { context, ids: Unique::default(), offers: Vec::new(), sites: Sites::new() };
        if count > PROGRAM_OFFERS_MAX {
            // The longest list is the one to shorten.
            let firsts = [
                lists.as_ref().and_then(|list| list.spot(0, context)),
                promotions.as_ref().and_then(|list| list.spot(0, context)),
                coupons.as_ref().and_then(|list| list.spot(0, context)),
            ];
            let longest = (0..3).max_by_key(|index| lengths[*index]).and_then(|index| firsts[index]);
            reader.too_many(count, longest);
            return Default::default();
        }
        reader.offers.reserve_exact(count);
        reader.sites.reserve_exact(count);
        for At { value: tier, .. } in tiers {
            let Some(at) = &tier.discount else { continue };
            let id = format!("tier:{}", tier.id.value.0);
            let read = tiers::discount(tier, at, names, context);
            reader.keep(&id, tier.id.spot, at.spot, read);
        }
        for at in lists.iter().flat_map(|list| list.each(context)) {
            let read = offer::price_list_offer(&at, names, context);
            reader.add(&at.value.id.value.0, at.value.id.spot, at.spot, read);
        }
        for at in promotions.iter().flat_map(|list| list.each(context)) {
            let read = offer::promotion(&at, names, context);
            reader.add(&at.value.id.value.0, at.value.id.spot, at.spot, read);
        }
        let mut codes = Codes::default();
        for at in coupons.iter().flat_map(|list| list.each(context)) {
            let terms = codes.terms(&at, context);
            check_presented(&at, terms.as_ref(), context);
            let read = offer::coupon(&at, terms, names, context);
            reader.add(&at.value.id.value.0, at.value.id.spot, at.spot, read);
        }
        codes.check_forms(context);
        let Offers { ids, mut offers, sites, .. } = reader;
        references::order_matches(&mut offers, &sites, context);
        references::check(&offers, &sites, &ids, context);
        let welcomes = tiers.iter().filter_map(|tier| tier.value.welcome.as_ref());
        let birthday = file.points.as_ref().and_then(|points| points.birthday.as_ref());
        references::check_rewards(welcomes.chain(birthday), &offers, &ids, context);
        stacking::members(groups, &mut offers, names, context);
        stacking::check_pools(&offers, &sites, context);
        stacking::check_line_groups(&offers, &sites, names, context);
        (offers, sites)
    }

    /// Adds an offer under the id that the file gives it.
    fn add(&mut self, id: &str, id_spot: Spot, site: Spot, offer: Option<Offer>) {
        if id == POINTS_ID || RESERVED_PREFIXES.iter().any(|prefix| id.starts_with(prefix)) {
            self.context.error_hint(
                code::RESERVED_ID,
                id_spot,
                format!("quotes use the id {} for rows of their own", quoted(id)),
                "ids are `points` for what points pay, `tier:…` for tiers' discounts, `manual:…` for discounts by a person; choose another",
            );
        }
        self.keep(id, id_spot, site, offer);
    }

    fn keep(&mut self, id: &str, id_spot: Spot, site: Spot, offer: Option<Offer>) {
        let new = self.ids.add("offer", id, id_spot, self.context);
        if let Some(offer) = offer
            && new
        {
            self.offers.push(offer);
            self.sites.push(site);
        }
    }

    fn too_many(&self, count: usize, first: Option<Spot>) {
        if let Some(spot) = first {
            self.context.error_hint(
                code::LIMIT,
                spot,
                format!("the program has {count} offers, at most {PROGRAM_OFFERS_MAX} are possible"),
                "put articles of one price change into one price list or one selector",
            );
        }
    }
}

fn length<T: FromNode>(list: &Option<Later<T>>, context: &Context) -> usize {
    list.as_ref().map_or(0, |list| list.len(context))
}
