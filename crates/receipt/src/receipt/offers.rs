//! What each offer gave, what was not used and why, what a little more would bring.

use suanpan_domain::quote::OfferOutcome;
use suanpan_domain::{Money, OfferRef, Quote, Reason};

use crate::amounts::off;
use crate::layout::{Page, Tone, clean};
use crate::names::Names;
use crate::reason::alone;

/// Writes the account of the offers.
pub(super) fn write(page: &mut Page, names: &Names<'_>, quote: &Quote) {
    let words = names.words;
    let applied: Vec<&OfferOutcome> = quote.offers.iter().filter(|row| row.applied).collect();
    if !applied.is_empty() {
        page.heading(words.offers);
        applied.iter().for_each(|row| given(page, names, quote, row));
    }
    let refused: Vec<&OfferOutcome> =
        quote.offers.iter().filter(|row| !row.applied && is_told(names, row)).collect();
    if !refused.is_empty() {
        page.heading(words.not_used);
        for row in refused {
            let name = names.presented(row);
            let reason = row.reason.unwrap_or(Reason::ExcludedBy);
            page.text(0, Tone::Quiet, &names.sentence(&name, reason, &names.facts(row)));
        }
    }
    if !quote.near_misses.is_empty() {
        page.heading(words.near);
        for miss in &quote.near_misses {
            let Some(demand) = names.missing(miss.missing) else { continue };
            let (offer, saving) = (names.offer(miss.offer), names.money(miss.saving));
            page.text(0, Tone::Hint, &format!("{offer}{}{demand}{}{saving}", words.colon, words.and_save));
        }
    }
    beside(page, names, quote);
}

/// What an offer gave, over all lines.
fn given(page: &mut Page, names: &Names<'_>, quote: &Quote, row: &OfferOutcome) {
    let words = names.words;
    let mut title = names.presented(row);
    if row.times > 1 {
        let (before, after) = words.times;
        title.push_str(&format!("{before}{}{after}", row.times));
    }
    let amount = if names.is_tender(row.offer) {
        format!("({})", names.money(row.amount))
    } else if row.amount != Money::ZERO {
        off(row.amount, names.basket.currency)
    } else if row.points > 0 {
        let (before, between) = words.extra_points;
        format!("{before}{}{between}{}", row.points, names.points())
    } else if quote.gifts.iter().any(|gift| gift.offer == row.offer) {
        words.a_gift.to_owned()
    } else {
        String::new()
    };
    page.row(0, Tone::Saving, &title, "", &amount);
    if let Some(reason) = row.reason {
        let text = alone(names.options.lang, reason, &names.facts(row));
        page.text(2, Tone::Hint, &format!("{}{text}", words.in_part));
    }
}

/// Whether a shopper is told why an offer was not used: what was presented, and what could have been used. Offers of
/// other stores, days or tiers are no news.
fn is_told(names: &Names<'_>, row: &OfferOutcome) -> bool {
    if names.options.all_refusals || row.code.is_some() || row.paper.is_some() {
        return true;
    }
    if matches!(row.offer, OfferRef::Manual(_) | OfferRef::Points) {
        return true;
    }
    let Some(reason) = row.reason else { return true };
    match reason {
        Reason::ExcludedBy
        | Reason::LeftOut
        | Reason::MinGain
        | Reason::ChoiceNeeded
        | Reason::ChoiceNotOffered
        | Reason::AllOrNothing
        | Reason::MaximumDiscount
        | Reason::LegalMinimum
        | Reason::UsedUp
        | Reason::BudgetUsedUp
        | Reason::UsageUnknown
        | Reason::Stopped => true,
        Reason::UnknownCode
        | Reason::DuplicateCode
        | Reason::NotOwned
        | Reason::CouponExpired
        | Reason::PerBasketLimit
        | Reason::NotStarted
        | Reason::Expired
        | Reason::WrongDay
        | Reason::WrongTime
        | Reason::WrongStore
        | Reason::WrongChannel
        | Reason::WrongPayment
        | Reason::MembersOnly
        | Reason::TierTooLow
        | Reason::WrongSegment
        | Reason::NotBirthday
        | Reason::NotFirstPurchase
        | Reason::NotNewMember
        | Reason::HeldOut
        | Reason::NothingSelected
        | Reason::ThresholdNotMet
        | Reason::NoCompleteGroup
        | Reason::NothingToMatch
        | Reason::NothingLeftToDiscount
        | Reason::NothingEarned
        | Reason::NotEnoughPoints
        | Reason::BelowSmallestUse
        | Reason::PointsStep
        | Reason::PointsMaximum
        | Reason::NoPointsOffset
        | Reason::NotDiscountable => false,
    }
}

/// Entitlements and coupons to come.
fn beside(page: &mut Page, names: &Names<'_>, quote: &Quote) {
    if quote.entitlements.is_empty() && quote.issued_coupons.is_empty() {
        return;
    }
    page.heading(names.words.beside);
    for entitlement in &quote.entitlements {
        let title = names.options.entitlement.and_then(|title| title(*entitlement));
        let title =
            title.map(|title| clean(&title)).or_else(|| entitlement.offer.map(|offer| names.offer(offer)));
        page.text(0, Tone::Plain, &title.unwrap_or_else(|| format!("#{}", entitlement.index + 1)));
    }
    for coupon in &quote.issued_coupons {
        let (before, between) = names.words.coupon_to_come;
        let text = format!("{before}{}{between}{}", coupon.count, names.offer(coupon.campaign));
        page.text(0, Tone::Plain, &text);
    }
}
