//! The topmost map, and what holds for the program as a whole.

use schemars::JsonSchema;

use super::{
    CouponFile, PointsFile, PriceListFile, PromotionFile, ReturnsFile, StackingFile, StoreFile, TaxBasisWord,
    TierFile, TimeZone,
};
use crate::read::{
    Amount, ArchiveDays, At, Context, Count, FromNode, Id, Later, Many, OwnId, Percent, Switch, UnitsCount,
    Words,
};
use crate::yaml::{Kind, Node};

file_map! {
    /// The rule book of one chain in one currency.
    pub(crate) struct ProgramFile ("a map that begins with `program: …`") {
        /// The chain's id.
        program = "program": Option<Id>,
        /// The chain's title.
        title = "title": Option<TitleFile>,
        /// The currency of all amounts, an ISO 4217 code.
        #[allow(dead_code)] // It is read before anything else, since amounts depend on it.
        currency = "currency": Option<Id>,
        /// The zone of stores that name none.
        time_zone = "time_zone": Option<TimeZone>,
        /// What prices contain.
        prices = "prices": Option<PricesFile>,
        /// How discounts are rounded; half up unless said.
        rounding = "rounding": Option<RoundingFile>,
        /// How an amount is divided between lines; by largest remainder unless said.
        allocation = "allocation": Option<AllocationFile>,
        /// How the offers that win are chosen; the best for the member unless said.
        selection = "selection": Option<SelectionWord>,
        /// Layers in the order of execution.
        layers = "layers": Option<Many<Id>>,
        /// Pins how baskets are priced, so that a later release prices them to the same bytes.
        engine_edition = "engine_edition": Option<At<UnitsCount>>,
        /// Largest share of the gross that all discounts together may take.
        maximum_discount = "maximum_discount": Option<Percent<100>>,
        /// What points must leave to pay; nothing unless said.
        minimum_due = "minimum_due": Option<Amount<0>>,
        /// Smallest coins, where cash is not exact.
        cash_rounding = "cash_rounding": Option<CashRoundingFile>,
        /// How taxes are computed.
        tax = "tax": Option<TaxFile>,
        /// How a line's net is divided between its units for returns; level unless said.
        split = "split": Option<SplitWord>,
        /// Nodes that the search for the best combination may visit; past it the answer is the best found.
        search_nodes_max = "search_nodes_max": Option<Count>,
        /// After so many days the bodies of members' sales and entries rest in the archive; never unless said.
        archive_after_days = "archive_after_days": Option<ArchiveDays>,
        /// Stores and their groups.
        stores = "stores": Option<Later<StoreFile>>,
        /// Tiers from the lowest; the first is what everyone starts with.
        tiers = "tiers": Option<Later<TierFile>>,
        /// Prices by sku, below those that tills ask for.
        price_lists = "price_lists": Option<Later<PriceListFile>>,
        /// Automatic offers.
        promotions = "promotions": Option<Later<PromotionFile>>,
        /// Offers that have to be presented.
        coupons = "coupons": Option<Later<CouponFile>>,
        /// How offers go together.
        stacking = "stacking": Option<StackingFile>,
        /// How points are earned and spent.
        points = "points": Option<PointsFile>,
        /// What returns give back.
        returns = "returns": Option<ReturnsFile>,
    }
}

/// A text for people: one for all languages, or one for each.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum TitleFile {
    /// One text.
    One(Words),
    /// By language.
    Languages(LanguagesFile),
}

impl FromNode for TitleFile {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        match node.kind() {
            Kind::Mapping => LanguagesFile::from_node(node, context).map(Self::Languages),
            _ => Words::from_node(node, context).map(Self::One),
        }
    }
}

file_map! {
    /// A text by language.
    pub(crate) struct LanguagesFile ("a title such as { en: Birthday, zh-CN: 生日 }") {
        /// English.
        en = "en": Option<Words>,
        /// Simplified Chinese.
        zh_cn = "zh-CN": Option<Words>,
    }
}

file_map! {
    /// What prices contain.
    pub(crate) struct PricesFile ("prices such as { tax: included }") {
        /// Whether prices contain tax; they do unless said.
        tax = "tax": Option<TaxBasisWord>,
    }
}

file_words! {
    /// How a fraction of a minor unit becomes a whole one.
    pub(crate) enum RoundingWord {
        /// To the nearest, a half up.
        HalfUp = "half_up",
        /// To the nearest, a half to the even neighbour.
        HalfEven = "half_even",
        /// To the nearest, a half down.
        HalfDown = "half_down",
        /// Down.
        Down = "down",
        /// Up.
        Up = "up",
    }
}

file_map! {
    /// How discounts are rounded.
    pub(crate) struct RoundingFile ("rounding such as { mode: half_up }") {
        /// The mode.
        mode = "mode": RoundingWord,
    }
}

/// A method, or a method with weights and a basis.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum AllocationFile {
    /// The method alone.
    Method(AllocationWord),
    /// The method and what refines it.
    Refined(AllocationMap),
}

impl FromNode for AllocationFile {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        match node.kind() {
            Kind::Mapping => AllocationMap::from_node(node, context).map(Self::Refined),
            _ => AllocationWord::from_node(node, context).map(Self::Method),
        }
    }
}

file_map! {
    /// How an amount is divided between lines.
    #[derive(Copy)]
    pub(crate) struct AllocationMap ("an allocation such as { method: cascade, weight: units }") {
        /// Who takes the remainder; the largest remainder unless said.
        method = "method": Option<AllocationWord>,
        /// What a line weighs; its running amount unless said.
        weight = "weight": Option<WeightWord>,
        /// Which lines, of an offer with a buying and a getting side; the target unless said.
        basis = "basis": Option<BasisWord>,
    }
}

file_words! {
    /// Who takes the minor units that are left when an amount is divided.
    pub(crate) enum AllocationWord {
        /// The lines with the largest remainder.
        LargestRemainder = "largest_remainder",
        /// The last line; what it cannot hold walks back.
        LastLineTakesRest = "last_line_takes_rest",
        /// Rounded half down; what is missing goes to the first lines, a surplus is taken back from them.
        HalfDownThenFirst = "half_down_then_first",
        /// From the last line back: rest times weight over the weights that remain, cut.
        Cascade = "cascade",
    }
}

file_words! {
    /// What a line weighs when an amount is divided.
    pub(crate) enum WeightWord {
        /// Its running amount.
        Amount = "amount",
        /// Its units.
        Units = "units",
        /// Its running amount without included tax.
        AmountTaxExcluded = "amount_tax_excluded",
        /// Its running amount with added tax.
        AmountTaxIncluded = "amount_tax_included",
    }
}

file_words! {
    /// Which lines share a discount of an offer that has a buying and a getting side.
    pub(crate) enum BasisWord {
        /// The rewarded units.
        Target = "target",
        /// The bought and the rewarded units.
        SourceAndTarget = "source_and_target",
    }
}

file_words! {
    /// How the offers that win are chosen.
    pub(crate) enum SelectionWord {
        /// The combination with the lowest price.
        BestForMember = "best_for_member",
        /// Higher priority first.
        ByPriority = "by_priority",
    }
}

file_words! {
    /// How a line's net is divided between its units for returns.
    pub(crate) enum SplitWord {
        /// Equal up to one minor unit.
        Level = "level",
        /// Rewarded units keep their own value.
        Rewarded = "rewarded",
    }
}

file_map! {
    /// What coins allow.
    pub(crate) struct CashRoundingFile ("cash rounding such as { to: 0.05 }") {
        /// To multiples of it.
        to = "to": Amount<1>,
        /// How; half up unless said.
        mode = "mode": Option<RoundingWord>,
    }
}

file_map! {
    /// How taxes are computed.
    pub(crate) struct TaxFile ("taxes such as { rates: [...] }") {
        /// Once for each rate of the basket, or for each line; once for each rate unless said.
        scope = "scope": Option<TaxScopeWord>,
        /// How an included tax is taken out; `net_rounded` unless said.
        base = "base": Option<TaxBaseWord>,
        /// How the tax is rounded; half up unless said.
        rounding = "rounding": Option<RoundingFile>,
        /// How shipping is taxed; at its own rate unless said.
        shipping = "shipping": Option<ShippingTaxWord>,
        /// Rates by id, for catalogues and requests that bring an id alone.
        rates = "rates": Option<Later<TaxRateFile>>,
    }
}

file_words! {
    /// Where taxes are rounded.
    pub(crate) enum TaxScopeWord {
        /// Once for each rate of the basket, then divided between the lines.
        PerRate = "per_rate",
        /// For each line.
        PerLine = "per_line",
    }
}

file_words! {
    /// How an included tax is taken out.
    pub(crate) enum TaxBaseWord {
        /// The amount without tax is rounded, the tax is the rest.
        NetRounded = "net_rounded",
        /// Tax of the gross less tax of the discount, each rounded.
        GrossMinusDiscount = "gross_minus_discount",
    }
}

file_words! {
    /// How shipping is taxed.
    pub(crate) enum ShippingTaxWord {
        /// By its own taxes.
        OwnRate = "own_rate",
        /// By the mix of the goods' taxes.
        GoodsMix = "goods_mix",
    }
}

file_map! {
    /// A tax by id.
    pub(crate) struct TaxRateFile ("a tax such as { id: vat, rate: 19% }") {
        /// Its id.
        id = "id": OwnId,
        /// Its rate.
        rate = "rate": Percent<1000>,
        /// Whether prices contain it; as the program's prices unless said.
        included = "included": Option<Switch>,
    }
}
