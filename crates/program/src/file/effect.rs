//! What an offer does, and what any effect may add.

use super::{PartFile, SelectionFile};
use crate::read::{
    Amount, At, Count, Entries, Factor, Id, OneOrMany, Percent, Points, Price, Switch, UnitsCount, Weight,
};

file_map! {
    /// What an offer does: exactly one of the effects, with what refines it.
    pub(crate) struct EffectFile ("an effect such as { percent_off: 5% }") {
        /// A share of each selected line, or of everything together when the offer selects nothing.
        percent_off = "percent_off": Option<Percent<100>>,
        /// An amount; `presented` takes what the paper coupon says.
        amount_off = "amount_off": Option<AmountOff>,
        /// Each selected unit or kilogram costs so much, never more than now.
        unit_price = "unit_price": Option<Price<0>>,
        /// Prices by sku, never more than now.
        price_list = "price_list": Option<Entries<Price<0>>>,
        /// Any so many selected units for a price.
        set_price = "set_price": Option<SetPriceFile>,
        /// Different parts together for a price.
        bundle = "bundle": Option<At<BundleFile>>,
        /// Every nth unit is reduced.
        nth_unit = "nth_unit": Option<At<NthUnitFile>>,
        /// Buy what `buy` says, get this free or reduced.
        get = "get": Option<At<GetFile>>,
        /// Spend so much, save so much: the highest step that is reached, only that one.
        steps = "steps": Option<OneOrMany<StepFile>>,
        /// For every so much an amount off.
        repeat = "repeat": Option<RepeatFile>,
        /// Lowers lines of kind `shipping`.
        shipping = "shipping": Option<ShippingFile>,
        /// Gives articles away.
        gift = "gift": Option<At<GiftFile>>,
        /// Adds to what another offer gives.
        match_other = "match": Option<MatchFile>,
        /// Extra points, or more of them.
        points = "points": Option<At<PointsEffectFile>>,
        /// Owes the member coupons of a campaign once the sale is confirmed.
        issue_coupon = "issue_coupon": Option<IssueCoupon>,
        /// Grants a benefit that is no price.
        entitlement = "entitlement": Option<Id>,

        /// From what `amount_off` is taken; once from everything selected unless said.
        per = "per": Option<At<AmountPerWord>>,
        /// What the effect lowers, where that is not what `buy` selects.
        target = "target": Option<At<SelectionFile>>,
        /// The offer gives at most so much in a basket.
        cap = "cap": Option<Amount<1>>,
        /// On so many units only.
        units = "units": Option<At<UnitLimitFile>>,
        /// This offer lowers no unit's price below it.
        floor_unit_price = "floor_unit_price": Option<Amount<1>>,
        /// This offer lowers no line below it.
        floor_line = "floor_line": Option<Amount<1>>,
        /// This offer lowers what all lines of one sku cost together not below it.
        floor_sku = "floor_sku": Option<Amount<1>>,
        /// What the search credits a gift, points, a coupon or an entitlement with; nothing unless said.
        worth = "worth": Option<Amount<0>>,
        /// Where the discount is rounded; the default depends on the effect.
        round_at = "round_at": Option<RoundAtWord>,
        /// A coupon is not used up to save less.
        min_gain = "min_gain": Option<At<Amount<1>>>,
        /// What percents are taken of; the running amount unless said.
        basis = "basis": Option<At<PercentBasisWord>>,
        /// Refused rather than cut.
        all_or_nothing = "all_or_nothing": Option<Switch>,
    }
}

/// The keys of which an effect has exactly one.
pub(crate) const EFFECTS: &[&str] = &[
    "percent_off",
    "amount_off",
    "unit_price",
    "price_list",
    "set_price",
    "bundle",
    "nth_unit",
    "get",
    "steps",
    "repeat",
    "shipping",
    "gift",
    "match",
    "points",
    "issue_coupon",
    "entitlement",
];
/// The keys of which the reward of a unit has exactly one.
pub(crate) const REWARDS: &[&str] = &["percent_off", "amount_off", "unit_price"];
/// The keys of which a measure has exactly one.
pub(crate) const MEASURES: &[&str] = &["spend", "units", "weight"];

/// An amount off.
#[derive(Clone, Copy, Debug, schemars::JsonSchema)]
#[schemars(untagged)]
pub(crate) enum AmountOff {
    /// What the paper coupon says.
    Presented(#[schemars(with = "PresentedWord")] ()),
    /// So much.
    Fixed(Amount<1>),
}

file_words! {
    /// What the paper coupon says.
    pub(crate) enum PresentedWord {
        /// What the paper coupon says.
        Presented = "presented",
    }
}

impl crate::read::FromNode for AmountOff {
    fn from_node(node: crate::yaml::Node<'_>, context: &crate::read::Context) -> Option<Self> {
        if node.text() == Some("presented") {
            return Some(Self::Presented(()));
        }
        Amount::from_node(node, context).map(Self::Fixed)
    }
}

file_words! {
    /// From what an amount is taken.
    pub(crate) enum AmountPerWord {
        /// From each unit; cut per unit, never moved to another.
        Unit = "unit",
        /// From each line.
        Line = "line",
        /// Once from everything selected, divided between the lines.
        Basket = "basket",
    }
}

file_words! {
    /// Where a discount is rounded.
    pub(crate) enum RoundAtWord {
        /// For each unit.
        Unit = "unit",
        /// For each line.
        Line = "line",
        /// Once for the offer, then divided.
        Offer = "offer",
    }
}

file_words! {
    /// What percents are taken of.
    pub(crate) enum PercentBasisWord {
        /// What the line costs when the offer executes.
        Running = "running",
        /// What the line cost when its layer began.
        Layer = "layer",
        /// Requested price times quantity.
        List = "list",
    }
}

file_words! {
    /// Which units come first.
    pub(crate) enum PickWord {
        /// The dearest.
        Dearest = "dearest",
        /// The cheapest.
        Cheapest = "cheapest",
    }
}

file_words! {
    /// From which end groups are formed.
    pub(crate) enum FormWord {
        /// The dearest units make the first group.
        DearestFirst = "dearest_first",
        /// The cheapest units make the first group.
        CheapestFirst = "cheapest_first",
    }
}

file_words! {
    /// Within each group, or over all of them.
    pub(crate) enum OverWord {
        /// The nth of each group.
        Each = "each",
        /// Of G groups laid end to end the positions (nth - 1)G + 1 to nth G.
        All = "all",
    }
}

file_words! {
    /// All units of the groups.
    pub(crate) enum AllWord {
        /// All units of the groups.
        All = "all",
    }
}

file_words! {
    /// Of what a number of units counts.
    pub(crate) enum UnitsPerWord {
        /// Of each line.
        Line = "line",
        /// Of the basket.
        Basket = "basket",
    }
}

file_map! {
    /// Limits an effect to some units.
    pub(crate) struct UnitLimitFile ("a limit such as { at_most: 3, per: line }") {
        /// So many units.
        at_most = "at_most": UnitsCount,
        /// Of each line, or of the basket; of the basket unless said.
        per = "per": Option<UnitsPerWord>,
        /// Which first; the dearest unless said.
        pick = "pick": Option<PickWord>,
    }
}

file_map! {
    /// Any so many selected units for a price.
    pub(crate) struct SetPriceFile ("a set such as { units: 3, price: 10.00 }") {
        /// Units of a set.
        units = "units": UnitsCount,
        /// Price of a set.
        price = "price": Amount<0>,
        /// From which end sets are formed; from the dearest unless said.
        form = "form": Option<FormWord>,
        /// Sets at most.
        times = "times": Option<Count>,
    }
}

file_map! {
    /// Different parts together, for a price or reduced.
    pub(crate) struct BundleFile ("a bundle such as { parts: [...], price: 9.90 }") {
        /// One to eight parts.
        parts = "parts": OneOrMany<PartFile>,
        /// What the bundle costs.
        price = "price": Option<Amount<0>>,
        /// Or a share off.
        percent_off = "percent_off": Option<Percent<100>>,
        /// Or an amount off.
        amount_off = "amount_off": Option<Amount<1>>,
        /// Bundles at most.
        times = "times": Option<Count>,
    }
}

file_map! {
    /// Every nth unit is reduced: units are laid into groups from the dearest, the last of each group is rewarded.
    pub(crate) struct NthUnitFile ("an nth unit such as { n: 2, percent_off: 50% }") {
        /// Groups of so many units, of which the last one is rewarded. `group` and `reward` refine it.
        n = "n": Option<UnitsCount>,
        /// How groups are formed.
        group = "group": Option<GroupFile>,
        /// Which units of the groups are rewarded.
        reward = "reward": Option<At<RewardFile>>,
        /// All units of the groups are rewarded instead.
        units = "units": Option<AllWord>,
        /// A share off each rewarded unit.
        percent_off = "percent_off": Option<Percent<100>>,
        /// Or an amount.
        amount_off = "amount_off": Option<Amount<1>>,
        /// Or it costs so much, never more than now.
        unit_price = "unit_price": Option<Amount<0>>,
        /// Groups at most.
        times = "times": Option<Count>,
    }
}

file_map! {
    /// How groups of units are formed.
    pub(crate) struct GroupFile ("a group such as { size: 3, form: cheapest_first }") {
        /// Units of a group; `n` unless said.
        size = "size": Option<UnitsCount>,
        /// From which end; from the dearest unless said.
        form = "form": Option<FormWord>,
    }
}

file_map! {
    /// Which units of formed groups are rewarded.
    pub(crate) struct RewardFile ("a reward such as { nth: 1, over: all }") {
        /// The position from 1 in the order of the form; the group's last unless said.
        nth = "nth": Option<UnitsCount>,
        /// Within each group, or over all of them; each unless said.
        over = "over": Option<OverWord>,
    }
}

file_map! {
    /// What comes free or reduced for what was bought.
    pub(crate) struct GetFile ("what to get, such as { select: { sku: X }, units: 1, percent_off: 100% }") {
        /// Which units are reduced; what `buy` selects unless said.
        select = "select": Option<SelectionFile>,
        /// Units reduced for each application; one unless said.
        units = "units": Option<UnitsCount>,
        /// A share off each.
        percent_off = "percent_off": Option<Percent<100>>,
        /// Or an amount.
        amount_off = "amount_off": Option<Amount<1>>,
        /// Or each costs so much, never more than now.
        unit_price = "unit_price": Option<Amount<0>>,
        /// Which are reduced first; the cheapest unless said.
        pick = "pick": Option<PickWord>,
        /// Applications at most.
        times = "times": Option<Count>,
    }
}

file_map! {
    /// A step of spend-and-save.
    pub(crate) struct StepFile ("a step such as { spend: 100, save: 10 }") {
        /// Reached at so much spent.
        spend = "spend": Option<Amount<1>>,
        /// Or so many units.
        units = "units": Option<UnitsCount>,
        /// Or so many kilograms or litres.
        weight = "weight": Option<Weight>,
        /// Saves an amount.
        save = "save": Option<Amount<1>>,
        /// Or a share.
        percent_off = "percent_off": Option<Percent<100>>,
    }
}

file_map! {
    /// For every so much an amount off.
    pub(crate) struct RepeatFile ("a repetition such as { every: 100, off: 10 }") {
        /// The distance: an amount, or `{ spend | units | weight }`.
        every = "every": Every,
        /// What each multiple takes off.
        off = "off": Amount<1>,
        /// Multiples at most.
        times = "times": Option<Count>,
    }
}

/// An amount, or units or weight said by name.
#[derive(Clone, Debug, schemars::JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Every {
    /// So much spent.
    Spend(Amount<1>),
    /// So much spent, so many units or so much weight.
    Measure(At<MeasureFile>),
}

impl crate::read::FromNode for Every {
    fn from_node(node: crate::yaml::Node<'_>, context: &crate::read::Context) -> Option<Self> {
        match node.kind() {
            crate::yaml::Kind::Mapping => At::from_node(node, context).map(Self::Measure),
            _ => Amount::from_node(node, context).map(Self::Spend),
        }
    }
}

file_map! {
    /// One of an amount, units or a weight.
    pub(crate) struct MeasureFile ("a measure such as { units: 3 }") {
        /// So much spent.
        spend = "spend": Option<Amount<1>>,
        /// Or so many units.
        units = "units": Option<UnitsCount>,
        /// Or so many kilograms or litres.
        weight = "weight": Option<Weight>,
    }
}

/// `free`, or how much shipping is reduced.
#[derive(Clone, Debug, schemars::JsonSchema)]
#[schemars(untagged)]
pub(crate) enum ShippingFile {
    /// It costs nothing.
    Free(#[schemars(with = "FreeWord")] ()),
    /// It is reduced.
    Reduced(At<ShippingReducedFile>),
}

file_words! {
    /// It costs nothing.
    pub(crate) enum FreeWord {
        /// It costs nothing.
        Free = "free",
    }
}

impl crate::read::FromNode for ShippingFile {
    fn from_node(node: crate::yaml::Node<'_>, context: &crate::read::Context) -> Option<Self> {
        match node.kind() {
            crate::yaml::Kind::Mapping => At::from_node(node, context).map(Self::Reduced),
            _ => FreeWord::from_node(node, context).map(|FreeWord::Free| Self::Free(())),
        }
    }
}

file_map! {
    /// How much shipping is reduced.
    pub(crate) struct ShippingReducedFile ("`free`, or a reduction such as { percent_off: 50% }") {
        /// A share off.
        percent_off = "percent_off": Option<Percent<100>>,
        /// Or an amount off, all shipping together.
        amount_off = "amount_off": Option<Amount<1>>,
        /// Or each shipping line costs so much, never more than now.
        price = "price": Option<Amount<0>>,
    }
}

file_map! {
    /// Articles that are given away.
    pub(crate) struct GiftFile ("a gift such as { spend: 300, of: [SKU] }") {
        /// For at least so much spent on what `buy` selects.
        spend = "spend": Option<Amount<1>>,
        /// Or so many units of it.
        units = "units": Option<UnitsCount>,
        /// Or so many kilograms or litres of it.
        weight = "weight": Option<Weight>,
        /// How many of the articles are given each time, chosen by the shopper; all of them unless said.
        choose = "choose": Option<Count>,
        /// The articles on offer.
        of = "of": OneOrMany<Id>,
        /// Given once for every so many selected units.
        per_units = "per_units": Option<UnitsCount>,
    }
}

file_map! {
    /// The chain adds to another offer.
    pub(crate) struct MatchFile ("a match such as { offer: ID, percent: 100% }") {
        /// The other offer's id.
        offer = "offer": At<Id>,
        /// Share of what that one gave; 100% unless said.
        percent = "percent": Option<Percent<1000>>,
        /// Both together give at most so much, for each application of the other.
        together_at_most = "together_at_most": Option<Amount<1>>,
    }
}

file_map! {
    /// More points: times as many on the selected lines, or so many on top.
    pub(crate) struct PointsEffectFile ("points such as { times: 2 } or { extra: 100 }") {
        /// Points on the selected lines are multiplied.
        times = "times": Option<Factor>,
        /// So many points on top.
        extra = "extra": Option<Points>,
    }
}

/// A coupon campaign, or a campaign and how many.
#[derive(Clone, Debug, schemars::JsonSchema)]
#[schemars(untagged)]
pub(crate) enum IssueCoupon {
    /// One coupon of a campaign.
    One(At<Id>),
    /// So many of them.
    Several(IssueCouponFile),
}

impl crate::read::FromNode for IssueCoupon {
    fn from_node(node: crate::yaml::Node<'_>, context: &crate::read::Context) -> Option<Self> {
        match node.kind() {
            crate::yaml::Kind::Mapping => IssueCouponFile::from_node(node, context).map(Self::Several),
            _ => At::from_node(node, context).map(Self::One),
        }
    }
}

file_map! {
    /// Coupons of a campaign.
    pub(crate) struct IssueCouponFile ("a campaign such as { campaign: ID, count: 2 }") {
        /// The coupon's id in `coupons`.
        campaign = "campaign": At<Id>,
        /// How many; one unless said.
        count = "count": Option<Count>,
    }
}
