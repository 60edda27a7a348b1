//! Writes a basket in the form that it is read in, so that a basket found by a machine becomes a case.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::Offset;
use suanpan_domain::{
    Basket, BusinessTime, Line, LineKind, LinePrice, ManualTarget, ManualValue, Member, PointsConflict,
    PointsWanted, UnitPrice, Usage,
};
use suanpan_program::model::Program;

use super::Presented;

/// The basket as YAML; [`super::parse`] with the same program reads it back.
#[must_use]
pub fn write(presented: &Presented, program: &Program) -> String {
    let mut out = Text { out: String::new(), exponent: usize::from(presented.basket.currency.exponent()) };
    basket(&mut out, &presented.basket, program);
    if let Some(who) = &presented.member {
        member(&mut out, who);
    }
    if let Some(counted) = &presented.usage {
        usage(&mut out, counted);
    }
    out.out
}

struct Text {
    out: String,
    exponent: usize,
}

impl Text {
    fn key(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.out, "{key}: {value}");
    }

    fn decimal(&self, minor: i128, decimals: usize) -> String {
        let scale = 10_i128.pow(decimals as u32);
        let sign = if minor < 0 { "-" } else { "" };
        let magnitude = minor.abs();
        if decimals == 0 {
            format!("{sign}{magnitude}")
        } else {
            format!("{sign}{}.{:0decimals$}", magnitude / scale, magnitude % scale)
        }
    }

    fn money(&self, amount: suanpan_domain::Money) -> String {
        self.decimal(i128::from(amount.minor()), self.exponent)
    }

    fn price(&self, price: UnitPrice) -> String {
        if price.micro() % UnitPrice::MICRO_PER_MINOR == 0 {
            return self.decimal(i128::from(price.micro() / UnitPrice::MICRO_PER_MINOR), self.exponent);
        }
        let text = self.decimal(i128::from(price.micro()), self.exponent + 6);
        text.trim_end_matches('0').to_owned()
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

fn time(time: BusinessTime) -> String {
    let minutes = time.utc_offset_minutes;
    let offset = Offset::from_seconds(minutes * 60).unwrap_or(Offset::UTC);
    let clock =
        Timestamp::from_millisecond(time.unix_ms).map(|at| offset.to_datetime(at)).unwrap_or_default();
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{clock}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn basket(out: &mut Text, basket: &Basket, program: &Program) {
    if basket.chain != program.id {
        out.key("chain", &quoted(&basket.chain));
    }
    if basket.currency != program.currency {
        out.key("currency", basket.currency.code());
    }
    out.key("time", &time(basket.business_time));
    let texts = [
        ("store", basket.store.as_ref().map(|id| id.as_str())),
        ("till", basket.till.as_ref().map(|id| id.as_str())),
        ("channel", Some(basket.channel.as_str()).filter(|text| !text.is_empty())),
        ("payment", Some(basket.payment_kind.as_str()).filter(|text| !text.is_empty())),
        ("unknown_member", basket.unknown_member.as_ref().map(|id| id.as_str())),
        ("exchange_of", basket.exchange_of.as_deref()),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            out.key(key, &quoted(text));
        }
    }
    if !basket.codes.is_empty() {
        out.key("codes", &list(basket.codes.iter().map(String::as_str)));
    }
    presented(out, basket);
    out.key("lines", if basket.lines.is_empty() { "[]" } else { "" });
    for each in &basket.lines {
        let text = line(out, each);
        let _ = writeln!(out.out, "  - {{ {text} }}");
    }
}

fn presented(out: &mut Text, basket: &Basket) {
    if !basket.paper_coupons.is_empty() {
        out.key("paper", "");
    }
    for paper in &basket.paper_coupons {
        let (code, line, value) = (quoted(&paper.code), quoted(paper.line.as_str()), out.money(paper.value));
        let _ = writeln!(out.out, "  - {{ code: {code}, line: {line}, value: {value} }}");
    }
    if !basket.manual_discounts.is_empty() {
        out.key("manual", "");
    }
    for manual in &basket.manual_discounts {
        let target = match &manual.target {
            ManualTarget::Basket => String::new(),
            ManualTarget::Line(line) => format!("line: {}, ", quoted(line.as_str())),
        };
        let value = match manual.value {
            ManualValue::Percent(rate) => format!("percent: {rate}"),
            ManualValue::Amount(amount) => format!("amount: {}", out.money(amount)),
        };
        let (id, reason, authority) = (quoted(&manual.id), quoted(&manual.reason), quoted(&manual.authority));
        let _ = writeln!(
            out.out,
            "  - {{ id: {id}, {target}{value}, reason: {reason}, authority: {authority} }}"
        );
    }
    if !basket.gift_choices.is_empty() {
        out.key("gifts", "");
    }
    for choice in &basket.gift_choices {
        let skus = list(choice.skus.iter().map(|sku| sku.as_str()));
        let _ = writeln!(out.out, "  {}: {skus}", quoted(&choice.offer));
    }
    let wanted = match basket.points.wanted {
        PointsWanted::None => "none".to_owned(),
        PointsWanted::Exact(points) => points.to_string(),
        PointsWanted::Max => "max".to_owned(),
    };
    match basket.points.conflict {
        None if basket.points.wanted == PointsWanted::None => {}
        None => out.key("points", &wanted),
        Some(conflict) => {
            let conflict = match conflict {
                PointsConflict::PreferPoints => "prefer_points",
                PointsConflict::PreferOffers => "prefer_offers",
                PointsConflict::LowestDue => "lowest_due",
            };
            out.key("points", &format!("{{ use: {wanted}, conflict: {conflict} }}"));
        }
    }
}

fn line(out: &Text, line: &Line) -> String {
    let price = match line.price {
        LinePrice::Unit(price) => format!("price: {}", out.price(price)),
        LinePrice::Total(total) => format!("total: {}", out.money(total)),
    };
    let mut text = format!(
        "id: {}, sku: {}, {price}, qty: {}",
        quoted(line.id.as_str()),
        quoted(line.sku.as_str()),
        line.quantity
    );
    let kind = match line.kind {
        LineKind::Goods => "",
        LineKind::Shipping => ", kind: shipping",
        LineKind::Service => ", kind: service",
        LineKind::GiftCard => ", kind: gift_card",
        LineKind::Deposit => ", kind: deposit",
    };
    text.push_str(kind);
    for (key, value) in [("category", &line.category), ("brand", &line.brand)] {
        if !value.is_empty() {
            let _ = write!(text, ", {key}: {}", quoted(value));
        }
    }
    if !line.tags.is_empty() {
        let _ = write!(text, ", tags: {}", list(line.tags.iter().map(String::as_str)));
    }
    if !line.taxes.is_empty() {
        let taxes: Vec<String> = line
            .taxes
            .iter()
            .map(|tax| format!("{} {} {}", tax.id, tax.rate, if tax.included { "included" } else { "added" }))
            .collect();
        let _ = write!(text, ", tax: {}", list(taxes.iter().map(String::as_str)));
    }
    if let Some(minimum) = line.legal_minimum {
        let _ = write!(text, ", legal_minimum: {}", out.money(minimum));
    }
    let flags = [
        (line.weighed, "weighed"),
        (line.price_overridden, "overridden"),
        (line.not_discountable, "no_discount"),
    ];
    for (_, key) in flags.iter().filter(|(set, _)| *set) {
        let _ = write!(text, ", {key}: true");
    }
    text
}

fn member(out: &mut Text, member: &Member) {
    out.key("member", "");
    out.key("  id", &quoted(member.id.as_str()));
    if let Some(tier) = &member.tier {
        out.key("  tier", &quoted(tier));
    }
    out.key("  points", &member.points.to_string());
    if !member.coupons.is_empty() {
        out.key("  coupons", "");
    }
    for coupon in &member.coupons {
        let expires = coupon
            .expires_unix_ms
            .map(|unix_ms| format!(", expires: {}", time(BusinessTime { unix_ms, utc_offset_minutes: 0 })))
            .unwrap_or_default();
        let _ = writeln!(
            out.out,
            "    - {{ id: {}, campaign: {}{expires} }}",
            quoted(&coupon.id),
            quoted(&coupon.campaign)
        );
    }
    if !member.segments.is_empty() {
        out.key("  segments", &list(member.segments.iter().map(String::as_str)));
    }
    if let Some(birthday) = member.birthday {
        out.key("  birthday", &format!("{:02}-{:02}", birthday.month(), birthday.day()));
    }
    let first = member.first_purchase.map_or("unknown", |first| if first { "true" } else { "false" });
    out.key("  first_purchase", first);
    if let Some(date) = member.enrolled_on {
        out.key("  enrolled", &date.to_string());
    }
    match &member.counters {
        None => out.key("  counters", "unknown"),
        Some(counters) if counters.is_empty() => {}
        Some(counters) => {
            out.key("  counters", "");
            for counter in counters {
                out.key(&format!("    {}", quoted(&counter.offer)), &counter.used.to_string());
            }
        }
    }
    out.key("  version", &member.version.to_string());
}

fn usage(out: &mut Text, usage: &Usage) {
    out.key("usage", if usage.offers.is_empty() { "{}" } else { "" });
    for offer in &usage.offers {
        let given = out.decimal(i128::from(offer.given_minor), out.exponent);
        out.key(
            &format!("  {}", quoted(&offer.offer)),
            &format!("{{ used: {}, given: {given} }}", offer.used),
        );
    }
}
