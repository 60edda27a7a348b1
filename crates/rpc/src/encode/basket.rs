//! The way of a caller: domain baskets, members and usage become messages.

use suanpan_domain::{
    Basket, Line, LineKind, LinePrice, ManualTarget, ManualValue, Member, PointsConflict, PointsRequest,
    PointsWanted, UnitPrice, Usage,
};

use crate::v1;

/// The message that asks for a basket's quote. Without a member it is a guest's.
#[must_use]
pub fn basket(basket: &Basket, member: Option<&Member>) -> v1::Basket {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    v1::Basket {
        chain: basket.chain.clone(),
        store: text(basket.store.as_ref().map(|store| store.as_str())),
        till: text(basket.till.as_ref().map(|till| till.as_str())),
        channel: basket.channel.clone(),
        currency: basket.currency.code().to_owned(),
        business_time: Some(v1::BusinessTime {
            unix_ms: basket.business_time.unix_ms,
            utc_offset_minutes: basket.business_time.utc_offset_minutes,
        }),
        offline_sale: false,
        lines: basket.lines.iter().map(line).collect(),
        codes: basket.codes.clone(),
        manual_discounts: basket.manual_discounts.iter().map(manual).collect(),
        gift_choices: basket.gift_choices.iter().map(gift_choice).collect(),
        payment_kind: basket.payment_kind.clone(),
        points: points(basket.points),
        member: member.map(|member| v1::Member {
            identity: Some(v1::member::Identity::Snapshot(self::member(&basket.chain, member))),
        }),
        exchange_of: text(basket.exchange_of.as_deref()),
        paper_coupons: basket.paper_coupons.iter().map(paper).collect(),
        near_misses: false,
    }
}

fn line(line: &Line) -> v1::Line {
    let (unit_price_minor, unit_price_sub_ppm, line_total_minor) = match line.price {
        LinePrice::Unit(price) => {
            // Requested prices are never negative; the parts are exact.
            let micro = price.micro();
            let minor = micro.div_euclid(UnitPrice::MICRO_PER_MINOR);
            (Some(minor), micro.rem_euclid(UnitPrice::MICRO_PER_MINOR), None)
        }
        LinePrice::Total(total) => (None, 0, Some(total.minor())),
    };
    let taxes = line.taxes.iter().map(|tax| v1::TaxRate {
        id: tax.id.clone(),
        rate_ppm: tax.rate.ppm(),
        included: tax.included,
    });
    v1::Line {
        id: line.id.as_str().to_owned(),
        sku: line.sku.as_str().to_owned(),
        category: line.category.clone(),
        brand: line.brand.clone(),
        tags: line.tags.clone(),
        kind: kind(line.kind).into(),
        quantity_milli: line.quantity.milli(),
        unit_price_minor,
        unit_price_sub_ppm,
        line_total_minor,
        taxes: taxes.collect(),
        flags: Some(v1::LineFlags {
            price_overridden: line.price_overridden,
            not_discountable: line.not_discountable,
            weighed: line.weighed,
        }),
        legal_minimum_minor: line.legal_minimum.map(|minimum| minimum.minor()),
    }
}

const fn kind(kind: LineKind) -> v1::LineKind {
    match kind {
        LineKind::Goods => v1::LineKind::Goods,
        LineKind::Shipping => v1::LineKind::Shipping,
        LineKind::Service => v1::LineKind::Service,
        LineKind::GiftCard => v1::LineKind::GiftCard,
        LineKind::Deposit => v1::LineKind::Deposit,
    }
}

fn manual(manual: &suanpan_domain::ManualDiscount) -> v1::ManualDiscount {
    use v1::manual_discount::Worth;
    v1::ManualDiscount {
        id: manual.id.clone(),
        reason: manual.reason.clone(),
        authority: manual.authority.clone(),
        line_id: match &manual.target {
            ManualTarget::Basket => String::new(),
            ManualTarget::Line(line) => line.as_str().to_owned(),
        },
        worth: Some(match manual.value {
            ManualValue::Percent(rate) => Worth::PercentPpm(rate.ppm()),
            ManualValue::Amount(amount) => Worth::AmountMinor(amount.minor()),
        }),
    }
}

fn paper(paper: &suanpan_domain::PaperCoupon) -> v1::PaperCoupon {
    v1::PaperCoupon {
        code: paper.code.clone(),
        line_id: paper.line.as_str().to_owned(),
        value_minor: paper.value.minor(),
    }
}

fn gift_choice(choice: &suanpan_domain::GiftChoice) -> v1::GiftChoice {
    let skus = choice.skus.iter().map(|sku| sku.as_str().to_owned());
    v1::GiftChoice { offer: choice.offer.clone(), skus: skus.collect() }
}

fn points(request: PointsRequest) -> Option<v1::PointsRequest> {
    use v1::points_request::Wanted;
    let wanted = match request.wanted {
        PointsWanted::None => None,
        PointsWanted::Exact(points) => Some(Wanted::Exact(points)),
        PointsWanted::Max => Some(Wanted::Maximum(true)),
    };
    let conflict = match request.conflict {
        None => v1::PointsConflict::Unspecified,
        Some(PointsConflict::PreferPoints) => v1::PointsConflict::PreferPoints,
        Some(PointsConflict::PreferOffers) => v1::PointsConflict::PreferOffers,
        Some(PointsConflict::LowestDue) => v1::PointsConflict::LowestDue,
    };
    (request != PointsRequest::default()).then(|| v1::PointsRequest { wanted, conflict: conflict.into() })
}

/// The message of a member's facts, for baskets and for members files.
#[must_use]
pub fn member(chain: &str, member: &Member) -> v1::MemberSnapshot {
    let coupons = member.coupons.iter().map(|coupon| v1::OwnedCoupon {
        id: coupon.id.clone(),
        campaign: coupon.campaign.clone(),
        expires_unix_ms: coupon.expires_unix_ms.unwrap_or(0),
    });
    let counters = member
        .counters
        .iter()
        .flatten()
        .map(|counter| v1::MemberCounter { offer: counter.offer.clone(), used: counter.used.into() });
    v1::MemberSnapshot {
        chain: chain.to_owned(),
        id: member.id.as_str().to_owned(),
        cards: Vec::new(),
        version: i64::try_from(member.version).unwrap_or(i64::MAX),
        tier: member.tier.clone().unwrap_or_default(),
        points: member.points,
        coupons: coupons.collect(),
        segments: member.segments.clone(),
        birthday: member
            .birthday
            .map(|birthday| v1::Birthday { month: birthday.month().into(), day: birthday.day().into() }),
        first_purchase: member.first_purchase,
        enrolled: member.enrolled_on.map(|day| v1::Date {
            year: day.year().into(),
            month: day.month().into(),
            day: day.day().into(),
        }),
        counters: counters.collect(),
        counters_known: member.counters.is_some(),
    }
}

/// The message of chain-wide usage, for usage files.
#[must_use]
pub fn usage(chain: &str, usage: &Usage) -> v1::UsageSnapshot {
    let offers = usage.offers.iter().map(|usage| v1::OfferUsage {
        offer: usage.offer.clone(),
        used: i64::try_from(usage.used).unwrap_or(i64::MAX),
        given_minor: usage.given_minor,
    });
    v1::UsageSnapshot { chain: chain.to_owned(), offers: offers.collect() }
}
