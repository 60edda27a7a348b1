//! Offers of a quote: what became of each, gifts, near misses, coupons for later.

use suanpan_domain::quote::{Gift, IssuedCoupon, Missing, NearMiss, OfferOutcome};
use suanpan_domain::{ManualValue, OfferKind, OfferRef, Quote, Reason};

use super::{Priced, funding};
use crate::v1;

/// What each applied offer gave over all lines, sorted by offer.
pub(super) struct Given(Vec<(OfferRef, i64)>);

impl Given {
    /// Coupons of one campaign are one offer; their amounts are added.
    pub(super) fn of(quote: &Quote) -> Self {
        let applied = quote.offers.iter().filter(|outcome| outcome.applied);
        let mut given: Vec<_> = applied.map(|outcome| (outcome.offer, outcome.amount.minor())).collect();
        given.sort_unstable_by_key(|(offer, _)| *offer);
        given.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1 += later.1;
            }
            same
        });
        Self(given)
    }

    /// What the offer gave, in minor units.
    pub(super) fn by(&self, offer: OfferRef) -> i64 {
        self.0.binary_search_by_key(&offer, |(given, _)| *given).map_or(0, |at| self.0[at].1)
    }
}

/// The id of an offer in the message.
pub(super) fn id<'a>(priced: &Priced<'a>, offer: OfferRef) -> &'a str {
    match offer {
        OfferRef::Program(_) => priced.offers.get(offer).map_or("", |entry| entry.id.as_str()),
        OfferRef::Manual(index) => &priced.basket.manual_discounts[index as usize].id,
        OfferRef::Code(index) => &priced.basket.codes[index as usize],
        OfferRef::Paper(index) => &priced.basket.paper_coupons[index as usize].code,
        OfferRef::Points => "points",
    }
}

/// The effect of an offer.
pub(super) fn method(priced: &Priced<'_>, offer: OfferRef) -> v1::OfferMethod {
    match offer {
        OfferRef::Program(_) => {
            priced.offers.get(offer).map_or(v1::OfferMethod::Unspecified, |entry| method_of(entry.method))
        }
        OfferRef::Manual(index) => match priced.basket.manual_discounts[index as usize].value {
            ManualValue::Percent(_) => v1::OfferMethod::PercentOff,
            ManualValue::Amount(_) => v1::OfferMethod::AmountOff,
        },
        OfferRef::Code(_) | OfferRef::Paper(_) => v1::OfferMethod::Unspecified,
        OfferRef::Points => v1::OfferMethod::PointsOffset,
    }
}

/// The enum's value for the name of an effect in program files.
pub(super) fn method_of(name: &str) -> v1::OfferMethod {
    match name {
        "percent_off" => v1::OfferMethod::PercentOff,
        "amount_off" => v1::OfferMethod::AmountOff,
        "unit_price" => v1::OfferMethod::UnitPrice,
        "price_list" => v1::OfferMethod::PriceList,
        "set_price" => v1::OfferMethod::SetPrice,
        "bundle" => v1::OfferMethod::Bundle,
        "nth_unit" => v1::OfferMethod::NthUnit,
        "get" => v1::OfferMethod::Get,
        "steps" => v1::OfferMethod::Steps,
        "repeat" => v1::OfferMethod::Repeat,
        "shipping" => v1::OfferMethod::Shipping,
        "gift" => v1::OfferMethod::Gift,
        "match" => v1::OfferMethod::Match,
        "points" => v1::OfferMethod::Points,
        "issue_coupon" => v1::OfferMethod::IssueCoupon,
        "entitlement" => v1::OfferMethod::Entitlement,
        _ => v1::OfferMethod::Unspecified,
    }
}

/// The enum's value for the sort of an offer.
pub(super) const fn kind_of(kind: OfferKind) -> v1::OfferKind {
    match kind {
        OfferKind::PriceList => v1::OfferKind::PriceList,
        OfferKind::Tier => v1::OfferKind::Tier,
        OfferKind::Promotion => v1::OfferKind::Promotion,
        OfferKind::Coupon => v1::OfferKind::Coupon,
        OfferKind::Manual => v1::OfferKind::Manual,
    }
}

/// What became of an offer.
pub(super) fn result(priced: &Priced<'_>, outcome: &OfferOutcome) -> v1::OfferResult {
    let entry = priced.offers.get(outcome.offer);
    let kind = match outcome.offer {
        OfferRef::Program(_) => entry.map_or(v1::OfferKind::Unspecified, |entry| kind_of(entry.kind)),
        OfferRef::Manual(_) => v1::OfferKind::Manual,
        OfferRef::Code(_) | OfferRef::Paper(_) => v1::OfferKind::Unspecified,
        OfferRef::Points => v1::OfferKind::Points,
    };
    let code = match (outcome.code, outcome.paper) {
        (Some(index), _) => priced.basket.codes[index as usize].clone(),
        (None, Some(index)) => priced.basket.paper_coupons[index as usize].code.clone(),
        (None, None) => String::new(),
    };
    let fate = if outcome.applied { v1::OfferOutcome::Applied } else { v1::OfferOutcome::Refused };
    v1::OfferResult {
        id: id(priced, outcome.offer).to_owned(),
        outcome: fate.into(),
        reason: reason(outcome.reason).into(),
        amount_minor: outcome.amount.minor(),
        winner: outcome.winner.map(|winner| id(priced, winner).to_owned()).unwrap_or_default(),
        missing: missing(outcome.missing),
        difference_minor: outcome.difference.minor(),
        funding: funding::shares(outcome.amount.minor(), entry.map_or(&[], |entry| &entry.funding)),
        needs_hold: outcome.needs_hold,
        times: i32::try_from(outcome.times).unwrap_or(i32::MAX),
        code,
        tender: entry.is_some_and(|entry| entry.tender),
        points: outcome.points,
        kind: kind.into(),
        method: method(priced, outcome.offer).into(),
    }
}

fn missing(missing: Missing) -> Option<v1::Missing> {
    use v1::missing::What;
    let what = match missing {
        Missing::Nothing => return None,
        Missing::Amount(amount) => What::AmountMinor(amount.minor()),
        Missing::Quantity(quantity) | Missing::Weight(quantity) => What::QuantityMilli(quantity.milli()),
    };
    Some(v1::Missing { what: Some(what) })
}

/// How the quote names the line of a gift.
pub(super) fn gift_line_id(priced: &Priced<'_>, gift: &Gift) -> String {
    format!("gift:{}:{}", id(priced, gift.offer), gift.number)
}

pub(super) fn gift(priced: &Priced<'_>, gift: &Gift) -> v1::Gift {
    v1::Gift {
        offer: id(priced, gift.offer).to_owned(),
        sku: priced.names.gift_sku(gift.offer, gift.choice).to_owned(),
        units: gift.units,
        line_id: gift_line_id(priced, gift),
        list_value_minor: gift.list_value.minor(),
    }
}

pub(super) fn near_miss(priced: &Priced<'_>, miss: &NearMiss) -> v1::NearMiss {
    v1::NearMiss {
        offer: id(priced, miss.offer).to_owned(),
        missing: missing(miss.missing),
        saving_minor: miss.saving.minor(),
    }
}

pub(super) fn issued(priced: &Priced<'_>, issued: &IssuedCoupon) -> v1::IssuedCoupon {
    v1::IssuedCoupon {
        offer: id(priced, issued.offer).to_owned(),
        campaign: id(priced, issued.campaign).to_owned(),
        count: i32::try_from(issued.count).unwrap_or(i32::MAX),
    }
}

/// The enum's value of a reason.
pub(super) const fn reason(reason: Option<Reason>) -> v1::Reason {
    let Some(reason) = reason else { return v1::Reason::Unspecified };
    match reason {
        Reason::UnknownCode => v1::Reason::UnknownCode,
        Reason::DuplicateCode => v1::Reason::DuplicateCode,
        Reason::NotOwned => v1::Reason::NotOwned,
        Reason::CouponExpired => v1::Reason::CouponExpired,
        Reason::PerBasketLimit => v1::Reason::PerBasketLimit,
        Reason::Stopped => v1::Reason::Stopped,
        Reason::NotStarted => v1::Reason::NotStarted,
        Reason::Expired => v1::Reason::Expired,
        Reason::WrongDay => v1::Reason::WrongDay,
        Reason::WrongTime => v1::Reason::WrongTime,
        Reason::WrongStore => v1::Reason::WrongStore,
        Reason::WrongChannel => v1::Reason::WrongChannel,
        Reason::WrongPayment => v1::Reason::WrongPayment,
        Reason::MembersOnly => v1::Reason::MembersOnly,
        Reason::TierTooLow => v1::Reason::TierTooLow,
        Reason::WrongSegment => v1::Reason::WrongSegment,
        Reason::NotBirthday => v1::Reason::NotBirthday,
        Reason::NotFirstPurchase => v1::Reason::NotFirstPurchase,
        Reason::NotNewMember => v1::Reason::NotNewMember,
        Reason::HeldOut => v1::Reason::HeldOut,
        Reason::UsageUnknown => v1::Reason::UsageUnknown,
        Reason::UsedUp => v1::Reason::UsedUp,
        Reason::BudgetUsedUp => v1::Reason::BudgetUsedUp,
        Reason::NothingSelected => v1::Reason::NothingSelected,
        Reason::ThresholdNotMet => v1::Reason::ThresholdNotMet,
        Reason::NoCompleteGroup => v1::Reason::NoCompleteGroup,
        Reason::ChoiceNeeded => v1::Reason::ChoiceNeeded,
        Reason::ChoiceNotOffered => v1::Reason::ChoiceNotOffered,
        Reason::NothingToMatch => v1::Reason::NothingToMatch,
        Reason::ExcludedBy => v1::Reason::ExcludedBy,
        Reason::LeftOut => v1::Reason::LeftOut,
        Reason::MinGain => v1::Reason::MinGain,
        Reason::NothingLeftToDiscount => v1::Reason::NothingLeftToDiscount,
        Reason::NothingEarned => v1::Reason::NothingEarned,
        Reason::AllOrNothing => v1::Reason::AllOrNothing,
        Reason::MaximumDiscount => v1::Reason::MaximumDiscount,
        Reason::LegalMinimum => v1::Reason::LegalMinimum,
        Reason::NotEnoughPoints => v1::Reason::NotEnoughPoints,
        Reason::BelowSmallestUse => v1::Reason::BelowSmallestUse,
        Reason::PointsStep => v1::Reason::PointsStep,
        Reason::PointsMaximum => v1::Reason::PointsMaximum,
        Reason::NoPointsOffset => v1::Reason::NoPointsOffset,
        Reason::NotDiscountable => v1::Reason::NotDiscountable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_name_on_the_wire() {
        for known in Reason::ALL {
            let expected = format!("REASON_{}", known.name().to_uppercase());
            assert_eq!(reason(Some(*known)).as_str_name(), expected);
        }
    }

    #[test]
    fn methods_are_named_as_in_program_files() {
        for number in 1.. {
            let Ok(method) = v1::OfferMethod::try_from(number) else { break };
            if method == v1::OfferMethod::PointsOffset {
                continue; // No effect of a program.
            }
            let name = method.as_str_name().trim_start_matches("OFFER_METHOD_").to_lowercase();
            assert_eq!(method_of(&name), method, "{name}");
        }
    }
}
