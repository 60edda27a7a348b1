//! Which lines an offer means, and how much of them has to be bought.

use schemars::JsonSchema;

use crate::read::{Amount, At, Id, OneOrMany, Price, Switch, UnitsCount, Weight};

/// Writes a map that selects lines, with keys of its own beside those of every selector.
macro_rules! selecting_map {
    (
        $(#[$meta:meta])*
        pub(crate) struct $name:ident ($needed:literal) { $($own:tt)* }
    ) => {
        file_map! {
            $(#[$meta])*
            pub(crate) struct $name ($needed) {
                /// One of these articles.
                sku = "sku": Option<OneOrMany<Id>>,
                /// In one of these categories or below: `dairy` selects `dairy/milk` too.
                category = "category": Option<OneOrMany<Id>>,
                /// One of these brands.
                brand = "brand": Option<OneOrMany<Id>>,
                /// At least one of these tags.
                tag = "tag": Option<OneOrMany<Id>>,
                /// One of these kinds. Lines that are neither goods nor services are reached by naming their kind only.
                kind = "kind": Option<OneOrMany<KindWord>>,
                /// Requested unit price within bounds.
                price = "price": Option<At<PriceRange>>,
                /// At least one of these holds.
                any_of = "any_of": Option<OneOrMany<SelectorFile>>,
                /// All of these hold.
                all_of = "all_of": Option<OneOrMany<SelectorFile>>,
                /// This does not hold.
                not = "not": Option<Box<SelectorFile>>,
                $($own)*
            }
        }

        impl $name {
            /// The keys that select.
            pub(crate) fn selector(&self) -> Selecting<'_> {
                Selecting {
                    sku: self.sku.as_ref(),
                    category: self.category.as_ref(),
                    brand: self.brand.as_ref(),
                    tag: self.tag.as_ref(),
                    kind: self.kind.as_ref(),
                    price: self.price.as_ref(),
                    any_of: self.any_of.as_ref(),
                    all_of: self.all_of.as_ref(),
                    not: self.not.as_deref(),
                }
            }
        }
    };
}

/// The keys of a selector, from whichever map they stand in.
pub(crate) struct Selecting<'a> {
    pub(crate) sku: Option<&'a OneOrMany<Id>>,
    pub(crate) category: Option<&'a OneOrMany<Id>>,
    pub(crate) brand: Option<&'a OneOrMany<Id>>,
    pub(crate) tag: Option<&'a OneOrMany<Id>>,
    pub(crate) kind: Option<&'a OneOrMany<KindWord>>,
    pub(crate) price: Option<&'a At<PriceRange>>,
    pub(crate) any_of: Option<&'a OneOrMany<SelectorFile>>,
    pub(crate) all_of: Option<&'a OneOrMany<SelectorFile>>,
    pub(crate) not: Option<&'a SelectorFile>,
}

file_words! {
    /// Kinds of lines.
    pub(crate) enum KindWord {
        /// Goods.
        Goods = "goods",
        /// Delivery.
        Shipping = "shipping",
        /// Work, such as alterations.
        Service = "service",
        /// Prepaid value.
        GiftCard = "gift_card",
        /// Deposit for bottles and crates.
        Deposit = "deposit",
    }
}

file_map! {
    /// Bounds of a requested unit price, half-open.
    pub(crate) struct PriceRange ("a price range such as { from: 5.00, below: 10.00 }") {
        /// At least.
        from = "from": Option<Price<0>>,
        /// Less than.
        below = "below": Option<Price<1>>,
    }
}

selecting_map! {
    /// A condition on a line. Several keys hold together.
    pub(crate) struct SelectorFile ("a selector such as { category: dairy }") {}
}

selecting_map! {
    /// A condition on a line that may pass over lines which others have lowered.
    pub(crate) struct SelectionFile ("a selector such as { category: dairy }") {
        /// `false`: only lines that no earlier offer has lowered.
        discounted = "discounted": Option<At<Switch>>,
    }
}

selecting_map! {
    /// What has to be bought: which lines, and how much of them.
    pub(crate) struct BuyFile ("what to buy, such as { category: dairy, spend: 10.00 }") {
        /// `false`: only lines that no earlier offer has lowered.
        discounted = "discounted": Option<At<Switch>>,
        /// At least so much spent on them.
        spend = "spend": Option<Amount<1>>,
        /// At least so many units of them.
        units = "units": Option<UnitsCount>,
        /// At least so many kilograms or litres of them.
        weight = "weight": Option<Weight>,
        /// Which amounts count: `running` (when the offer executes; the default), `list`, or `after:` and a layer.
        at = "at": Option<At<AmountAtWord>>,
        /// With or without tax; as the program's prices unless said.
        tax = "tax": Option<TaxBasisWord>,
    }
}

file_words! {
    /// With or without tax.
    pub(crate) enum TaxBasisWord {
        /// With tax.
        Included = "included",
        /// Without tax.
        Excluded = "excluded",
    }
}

/// `running`, `list`, or `after:` and a layer's name.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub(crate) struct AmountAtWord(#[schemars(regex(pattern = "^(running|list|after:.+)$"))] pub(crate) String);

impl crate::read::FromNode for AmountAtWord {
    fn from_node(node: crate::yaml::Node<'_>, context: &crate::read::Context) -> Option<Self> {
        let text = context.text(node, "`running`, `list` or `after:` and a layer")?;
        let layer = text.strip_prefix("after:").is_some_and(|layer| !layer.trim().is_empty());
        if text == "running" || text == "list" || layer {
            return Some(Self(text.to_owned()));
        }
        context.unknown_word(node, text, &["running", "list", "after:LAYER"]);
        None
    }
}

selecting_map! {
    /// One part of a bundle: which units may be it, and how many.
    pub(crate) struct PartFile ("a part such as { category: bakery, units: 2 }") {
        /// `false`: only lines that no earlier offer has lowered.
        discounted = "discounted": Option<At<Switch>>,
        /// How many of them; one unless said.
        units = "units": Option<UnitsCount>,
        /// Which are taken first; the dearest unless said.
        pick = "pick": Option<super::PickWord>,
    }
}
