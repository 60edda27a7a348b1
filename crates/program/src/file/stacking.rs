//! How offers go together.

use crate::read::{At, Count, Id, Later, Needed, OneOrMany, OwnId};

file_map! {
    /// How one offer goes with others.
    pub(crate) struct OfferStackingFile ("stacking such as { group: ID }") {
        /// The group that it takes a place in.
        group = "group": Option<At<Id>>,
        /// The groups that it takes a place in.
        groups = "groups": Option<OneOrMany<Id>>,
        /// Whether it tolerates others: `basket` refuses every other discount, `line` those on the lines that it selects.
        exclusive = "exclusive": Option<ExclusiveWord>,
        /// Offers of one pool do not share units; `default` unless said.
        pool = "pool": Option<Id>,
    }
}

file_words! {
    /// What an exclusive offer excludes others from.
    pub(crate) enum ExclusiveWord {
        /// From the basket.
        Basket = "basket",
        /// From the lines that it selects.
        Line = "line",
    }
}

file_map! {
    /// How offers of the program go together.
    pub(crate) struct StackingFile ("stacking such as { groups: [...] }") {
        /// Groups that offers compete in.
        groups = "groups": Option<Later<GroupDefinition>>,
        /// Classes that do not combine; what is not listed combines.
        combine = "combine": Option<Later<CombineFile>>,
    }
}

file_map! {
    /// Offers that compete for a number of places.
    pub(crate) struct GroupDefinition ("a group such as { id: ID, scope: basket, at_most: 1 }") {
        /// Its id.
        id = "id": OwnId,
        /// Places of the basket, or of each line.
        scope = "scope": Needed<ScopeWord>,
        /// How many; one unless said.
        at_most = "at_most": Option<Count>,
        /// Classes (a layer's name, or `coupon` for whatever is presented) and ids of offers that compete here too.
        members = "members": Option<OneOrMany<Id>>,
    }
}

file_words! {
    /// Where a group counts.
    pub(crate) enum ScopeWord {
        /// In the basket.
        Basket = "basket",
        /// On each line.
        Line = "line",
    }
}

file_map! {
    /// A class that does not combine with others.
    pub(crate) struct CombineFile ("classes such as { class: points, not_with: [coupon] }") {
        /// A layer's name, `coupon` for whatever is presented, or `points` for paying with points.
        class = "class": At<Id>,
        /// Classes that it does not combine with; said on one side is enough.
        not_with = "not_with": OneOrMany<Id>,
    }
}
