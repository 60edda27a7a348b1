//! Groups, classes and exclusive offers over the offers at hand.

use suanpan_program::model::{
    AmountPer, Combine, Effect, ExclusiveScope, GroupScope, Offer, RoundAt, Selection, StackingGroup,
    UnitLimitPer,
};

use super::Profile;
use super::offer::Maker;

impl Maker<'_> {
    /// Makes some of the offers compete.
    pub(super) fn stacking(&mut self, offers: &mut [Offer]) -> (Vec<StackingGroup>, Vec<Combine>) {
        let often = match self.profile() {
            Profile::Stacking => 75,
            Profile::Everything | Profile::Coupons => 30,
            _ => 10,
        };
        let mut groups = Vec::new();
        for number in 0..2 {
            if self.random.chance(often) {
                self.basket_group(offers, &mut groups, number);
            }
        }
        if self.random.chance(often) {
            self.line_group(offers, &mut groups);
        }
        let matched = offers.iter().any(|offer| matches!(offer.effect, Effect::Match { .. }));
        if self.random.chance(often / 2) {
            let chosen = self.random.below(offers.len() as u64) as usize;
            let offer = &mut offers[chosen];
            // A match has no lines of its own to close to others; whether a price list closes what it does not list is
            // not settled (rule 38).
            let basket_only = matches!(offer.effect, Effect::Match { .. } | Effect::PriceList(_));
            let scope =
                self.random.pick(&[ExclusiveScope::Basket, ExclusiveScope::Line, ExclusiveScope::Line]);
            // Whether a match adds on lines that its other offer closes is not settled (rules 24 and 38).
            let basket_only = basket_only || matched;
            let scope = if basket_only { ExclusiveScope::Basket } else { scope };
            if !gives_beside(&offer.effect) {
                offer.stacking.exclusive = Some(scope);
            }
        }
        let mut combine = Vec::new();
        if self.random.chance(often / 2) {
            let classes = ["item", "tier", "basket", "coupon", "price"].map(str::to_owned);
            let class = self.random.pick(&["coupon", "basket", "tier", "points", "points"]).to_owned();
            combine.push(Combine { class, not_with: self.random.some_of(&classes) });
        }
        (groups, combine)
    }

    fn basket_group(&mut self, offers: &mut [Offer], groups: &mut Vec<StackingGroup>, number: usize) {
        let index = groups.len();
        groups.push(StackingGroup {
            id: format!("group-{number}"),
            scope: GroupScope::Basket,
            at_most: self.random.pick(&[1, 1, 1, 2]),
        });
        for offer in offers {
            // Which of several papers of one offer takes the place is not settled (rule 42).
            let papers = offer.coupon.as_ref().is_some_and(|coupon| coupon.paper);
            if !papers && self.random.chance(45) {
                offer.stacking.groups.push(index);
            }
        }
    }

    fn line_group(&mut self, offers: &mut [Offer], groups: &mut Vec<StackingGroup>) {
        let index = groups.len();
        groups.push(StackingGroup {
            id: "per-line".to_owned(),
            scope: GroupScope::Line,
            at_most: self.random.pick(&[1, 1, 2]),
        });
        for offer in offers {
            if acts_line_by_line(offer) && self.random.chance(70) {
                offer.stacking.groups.push(index);
            }
        }
    }
}

/// Whether an effect gives something that is no discount.
fn gives_beside(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::PointsFixed(_) | Effect::PointsTimes(_) | Effect::IssueCoupon { .. } | Effect::Entitlement(_)
    )
}

/// Whether an offer may stand in a line group: what it takes off one line depends on that line alone.
pub(super) fn acts_line_by_line(offer: &Offer) -> bool {
    let whole_basket =
        offer.buy.is_everything() && offer.target.as_deref().is_none_or(Selection::is_everything);
    let line_local = match offer.effect {
        Effect::PercentOff(_) => match offer.terms.round_at {
            Some(round_at) => round_at == RoundAt::Line,
            None => offer.terms.units.is_none() && (!whole_basket || offer.id.starts_with("tier:")),
        },
        Effect::AmountOff { per, .. } => per != AmountPer::Basket,
        Effect::UnitPrice(_) | Effect::PriceList(_) => true,
        _ => false,
    };
    let per_basket = offer.terms.units.is_some_and(|units| units.per == UnitLimitPer::Basket);
    // How a member counts that gives all or nothing is not settled (rule 39).
    let plain = !offer.terms.all_or_nothing;
    line_local && plain && !per_basket && offer.stacking.pool.is_none()
}
