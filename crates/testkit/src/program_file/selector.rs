//! Which lines an offer means.

use suanpan_domain::LineKind;
use suanpan_program::model::{Selection, Selector, UnitCount};

use super::{Map, Writer, list, texts, weight};

fn kind(kind: LineKind) -> String {
    match kind {
        LineKind::Goods => "goods",
        LineKind::Shipping => "shipping",
        LineKind::Service => "service",
        LineKind::GiftCard => "gift_card",
        LineKind::Deposit => "deposit",
    }
    .to_owned()
}

impl Writer<'_> {
    /// A map with one key; none for everything.
    pub(super) fn selector(&self, selector: &Selector) -> Map {
        let several = |parts: &[Selector]| list(parts.iter().map(|part| self.selector(part).text()));
        match selector {
            Selector::Everything => Map::default(),
            Selector::Sku(skus) => Map::of("sku", texts(skus)),
            Selector::Category(paths) => Map::of("category", texts(paths)),
            Selector::Brand(brands) => Map::of("brand", texts(brands)),
            Selector::Tag(tags) => Map::of("tag", texts(tags)),
            Selector::Kind(kinds) => Map::of("kind", list(kinds.iter().copied().map(kind))),
            Selector::Price { from, below } => {
                let mut range = Map::default();
                range.maybe("from", from.map(|price| self.price(price)));
                range.maybe("below", below.map(|price| self.price(price)));
                Map::of("price", range.text())
            }
            Selector::AnyOf(parts) => Map::of("any_of", several(parts)),
            Selector::AllOf(parts) => Map::of("all_of", several(parts)),
            Selector::Not(part) => Map::of("not", self.selector(part).text()),
        }
    }

    /// The same with what an earlier offer has lowered passed over.
    pub(super) fn selection(&self, selection: &Selection) -> Map {
        let mut map = self.selector(&selection.selector);
        if selection.undiscounted_only {
            map.put("discounted", "false");
        }
        map
    }

    /// How much, as a key and its value.
    pub(super) fn measure(&self, count: UnitCount) -> (&'static str, String) {
        match count {
            UnitCount::Spend(amount) => ("spend", self.money(amount)),
            UnitCount::Units(units) => ("units", units.to_string()),
            UnitCount::Weight(quantity) => ("weight", weight(quantity)),
        }
    }
}
