//! Random messages: wild ones with values at every edge, and sound ones that must pass.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use suanpan_domain::limits;
use suanpan_rpc::v1;

/// Whole numbers around every limit.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        prop::sample::select(vec![
            i64::MIN,
            -1,
            0,
            1,
            999,
            1_000,
            999_999,
            1_000_000,
            10_000_001,
            1_000_000_000,
            1_000_000_001,
            1_000_000_000_000,
            1_000_000_000_001,
            i64::MAX,
        ]),
        any::<i64>(),
        0..100_000_i64,
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c]",
        1 => Just(String::new()),
        1 => "\\PC{0,200}",
        1 => ".{0,8}",
        1 => prop::sample::select(vec!["c", "JPY", "CNY", "gift:a:1", "a/b", "a//b", "\u{0}"]).prop_map(str::to_owned),
    ]
}

fn line() -> impl Strategy<Value = v1::Line> {
    let names = (text(), text(), text(), text(), vec(text(), 0..3));
    let numbers =
        (-1..7_i32, number(), option::of(number()), number(), option::of(number()), option::of(number()));
    let taxes = vec((text(), number(), any::<bool>()), 0..3);
    let flags = option::of(any::<[bool; 3]>());
    (names, numbers, taxes, flags).prop_map(|(names, numbers, taxes, flags)| {
        let (id, sku, category, brand, tags) = names;
        let (kind, quantity_milli, unit_price_minor, unit_price_sub_ppm, line_total_minor, legal) = numbers;
        let tax = |(id, rate_ppm, included)| v1::TaxRate { id, rate_ppm, included };
        v1::Line {
            id,
            sku,
            category,
            brand,
            tags,
            kind,
            quantity_milli,
            unit_price_minor,
            unit_price_sub_ppm,
            line_total_minor,
            taxes: taxes.into_iter().map(tax).collect(),
            flags: flags.map(self::flags),
            legal_minimum_minor: legal,
        }
    })
}

fn flags([price_overridden, not_discountable, weighed]: [bool; 3]) -> v1::LineFlags {
    v1::LineFlags { price_overridden, not_discountable, weighed }
}

fn manual() -> impl Strategy<Value = v1::ManualDiscount> {
    use v1::manual_discount::Worth;
    let worth = prop_oneof![number().prop_map(Worth::PercentPpm), number().prop_map(Worth::AmountMinor)];
    (text(), text(), text(), text(), option::of(worth)).prop_map(|(id, reason, authority, line_id, worth)| {
        v1::ManualDiscount { id, reason, authority, line_id, worth }
    })
}

fn points() -> impl Strategy<Value = v1::PointsRequest> {
    use v1::points_request::Wanted;
    let wanted = prop_oneof![number().prop_map(Wanted::Exact), any::<bool>().prop_map(Wanted::Maximum)];
    // JSON cannot carry a number that the enum does not have.
    (option::of(wanted), 0..4_i32).prop_map(|(wanted, conflict)| v1::PointsRequest { wanted, conflict })
}

fn snapshot() -> impl Strategy<Value = v1::MemberSnapshot> {
    let names = (text(), text(), vec(text(), 0..3), text(), vec(text(), 0..3));
    let days = (option::of(any::<[i32; 2]>()), option::of(any::<[i32; 3]>()), option::of(any::<bool>()));
    let lists = (vec((text(), text(), number()), 0..3), vec((text(), number()), 0..3), any::<bool>());
    (names, days, lists, number(), number()).prop_map(|(names, days, lists, version, points)| {
        let (chain, id, cards, tier, segments) = names;
        let (birthday, enrolled, first_purchase) = days;
        let (coupons, counters, counters_known) = lists;
        let coupon = |(id, campaign, expires_unix_ms)| v1::OwnedCoupon { id, campaign, expires_unix_ms };
        let counter = |(offer, used)| v1::MemberCounter { offer, used };
        v1::MemberSnapshot {
            chain,
            id,
            cards,
            version,
            tier,
            points,
            coupons: coupons.into_iter().map(coupon).collect(),
            segments,
            birthday: birthday.map(|[month, day]| v1::Birthday { month, day }),
            first_purchase,
            enrolled: enrolled.map(|[year, month, day]| v1::Date { year, month, day }),
            counters: counters.into_iter().map(counter).collect(),
            counters_known,
        }
    })
}

fn member() -> impl Strategy<Value = v1::Member> {
    use v1::member::Identity;
    let identity = prop_oneof![
        text().prop_map(Identity::Id),
        text().prop_map(Identity::Card),
        snapshot().prop_map(Identity::Snapshot),
    ];
    option::of(identity).prop_map(|identity| v1::Member { identity })
}

/// Any message at all.
pub(crate) fn basket() -> impl Strategy<Value = v1::Basket> {
    let names = (text(), text(), text(), text(), text(), text());
    let lists = (
        vec(line(), 0..6),
        vec(text(), 0..4),
        vec(manual(), 0..3),
        vec((text(), vec(text(), 0..3)), 0..3),
        vec((text(), text(), number()), 0..3),
    );
    let rest =
        (option::of((number(), any::<i32>())), any::<bool>(), option::of(points()), option::of(member()));
    (names, lists, rest, text(), any::<bool>()).prop_map(|(names, lists, rest, exchange_of, near_misses)| {
        let (chain, store, till, channel, currency, payment_kind) = names;
        let (lines, codes, manual_discounts, gifts, papers) = lists;
        let (time, offline_sale, points, member) = rest;
        let gift = |(offer, skus)| v1::GiftChoice { offer, skus };
        let paper = |(code, line_id, value_minor)| v1::PaperCoupon { code, line_id, value_minor };
        v1::Basket {
            chain,
            store,
            till,
            channel,
            currency,
            business_time: time
                .map(|(unix_ms, utc_offset_minutes)| v1::BusinessTime { unix_ms, utc_offset_minutes }),
            offline_sale,
            lines: lines.into_iter().map(known_kind).collect(),
            codes,
            manual_discounts,
            gift_choices: gifts.into_iter().map(gift).collect(),
            payment_kind,
            points,
            member,
            exchange_of,
            paper_coupons: papers.into_iter().map(paper).collect(),
            near_misses,
        }
    })
}

/// JSON cannot carry a number that the enum does not have; one of them in seven stays wild by its quantity.
fn known_kind(mut line: v1::Line) -> v1::Line {
    line.kind = line.kind.clamp(0, 5);
    line
}

/// Messages that pass: a wild one with everything put right that is wrong with it.
pub(crate) fn sound_basket() -> impl Strategy<Value = v1::Basket> {
    (basket(), vec(line(), 1..8)).prop_map(|(mut basket, lines)| {
        basket.chain = "c".to_owned();
        basket.currency = "JPY".to_owned();
        for text in [
            &mut basket.store,
            &mut basket.till,
            &mut basket.channel,
            &mut basket.payment_kind,
            &mut basket.exchange_of,
        ] {
            *text = put_right(text);
        }
        if let Some(time) = &mut basket.business_time {
            time.unix_ms = time.unix_ms.rem_euclid(253_402_300_800_000);
            time.utc_offset_minutes = time.utc_offset_minutes.rem_euclid(1_081);
        }
        basket.lines = (0..).zip(lines).map(|(index, line)| sound_line(index, line)).collect();
        basket.codes.iter_mut().for_each(put_right_required);
        for (index, manual) in (0..).zip(&mut basket.manual_discounts) {
            manual.id = format!("m{index}");
            put_right_required(&mut manual.reason);
            put_right_required(&mut manual.authority);
            manual.line_id = if index % 2 == 0 { String::new() } else { "0".to_owned() };
            manual.worth = Some(v1::manual_discount::Worth::AmountMinor(index * 100));
        }
        for (index, gift) in (0..).zip(&mut basket.gift_choices) {
            gift.offer = format!("g{index}");
            gift.skus.push("towel".to_owned());
            gift.skus.iter_mut().for_each(put_right_required);
        }
        for paper in &mut basket.paper_coupons {
            put_right_required(&mut paper.code);
            paper.line_id = "0".to_owned();
            paper.value_minor = paper.value_minor.rem_euclid(1_000) + 1;
        }
        if let Some(v1::PointsRequest { wanted: Some(v1::points_request::Wanted::Exact(points)), .. }) =
            &mut basket.points
        {
            *points = points.rem_euclid(limits::POINTS_MAX);
        }
        match basket.member.as_mut().and_then(|member| member.identity.as_mut()) {
            Some(v1::member::Identity::Id(text) | v1::member::Identity::Card(text)) => {
                put_right_required(text)
            }
            Some(v1::member::Identity::Snapshot(snapshot)) => sound_snapshot(snapshot),
            None => {}
        }
        basket
    })
}

fn put_right(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_control()).take(30).collect()
}

fn put_right_required(text: &mut String) {
    *text = put_right(text);
    text.push('x');
}

fn sound_line(index: i64, mut line: v1::Line) -> v1::Line {
    line.id = index.to_string();
    put_right_required(&mut line.sku);
    line.category = put_right(&line.category).replace('/', "");
    line.brand = put_right(&line.brand);
    line.tags.iter_mut().for_each(put_right_required);
    line.quantity_milli = line.quantity_milli.rem_euclid(9_999) + 1;
    line.unit_price_sub_ppm = line.unit_price_sub_ppm.rem_euclid(1_000_000);
    let price = line.unit_price_minor.unwrap_or(index).rem_euclid(1_000_000);
    line.unit_price_minor = Some(price);
    if line.line_total_minor.take().is_some() {
        line.line_total_minor = Some(price);
        (line.unit_price_minor, line.unit_price_sub_ppm) = (None, 0);
    }
    for (at, tax) in (0..).zip(&mut line.taxes) {
        tax.id = format!("t{at}");
        tax.rate_ppm = tax.rate_ppm.rem_euclid(limits::RATE_PPM_MAX);
    }
    line.legal_minimum_minor = line.legal_minimum_minor.map(|minimum| minimum.rem_euclid(1_000));
    known_kind(line)
}

fn sound_snapshot(snapshot: &mut v1::MemberSnapshot) {
    snapshot.chain.clear();
    put_right_required(&mut snapshot.id);
    snapshot.cards.clear();
    snapshot.tier = put_right(&snapshot.tier);
    snapshot.segments.iter_mut().for_each(put_right_required);
    snapshot.version = snapshot.version.rem_euclid(i64::MAX);
    snapshot.points = snapshot.points.rem_euclid(limits::POINTS_MAX);
    if let Some(birthday) = &mut snapshot.birthday {
        (birthday.month, birthday.day) = (birthday.month.rem_euclid(12) + 1, birthday.day.rem_euclid(28) + 1);
    }
    if let Some(day) = &mut snapshot.enrolled {
        day.year = day.year.rem_euclid(9_998) + 1;
        (day.month, day.day) = (day.month.rem_euclid(12) + 1, day.day.rem_euclid(28) + 1);
    }
    for (index, coupon) in (0..).zip(&mut snapshot.coupons) {
        coupon.id = format!("c{index}");
        put_right_required(&mut coupon.campaign);
        coupon.expires_unix_ms = coupon.expires_unix_ms.rem_euclid(1_000_000_000_000);
    }
    for (index, counter) in (0..).zip(&mut snapshot.counters) {
        counter.offer = format!("o{index}");
        counter.used = counter.used.rem_euclid(i64::from(u32::MAX));
    }
}
