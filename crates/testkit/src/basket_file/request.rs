//! The basket itself: where, when, what is presented with it.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use suanpan_domain::{
    Basket, BusinessTime, GiftChoice, LineId, ManualDiscount, ManualTarget, ManualValue, MemberId,
    PaperCoupon, PointsConflict, PointsRequest, PointsWanted, Rate, Sku, StoreId, TillId,
};

use super::{Reading, line};
use crate::cases::fields::{Fields, parsed};
use crate::cases::node::Node;

/// When a basket is sold that does not say it: a Wednesday at ten, in Shanghai (2026-11-18T10:00+08:00).
const TIME_DEFAULT: BusinessTime = BusinessTime { unix_ms: 1_794_967_200_000, utc_offset_minutes: 480 };

pub(super) fn basket(fields: Fields<'_>, reading: &mut Reading<'_>) -> Option<Basket> {
    let at = fields.line();
    let chain = fields.text_or_empty("chain", &mut reading.problems);
    let store = fields.get("store").and_then(Node::text).map(StoreId::new);
    let till = fields.get("till").and_then(Node::text).map(TillId::new);
    let unknown = fields.get("unknown_member").and_then(Node::text).map(MemberId::new);
    let time = fields.parsed("time", "a time such as 2026-11-18T10:00+08:00", &mut reading.problems, time);
    Some(Basket {
        chain: if chain.is_empty() { reading.program.id.clone() } else { chain },
        store: store.and_then(|store| reading.checked(at, store)),
        till: till.and_then(|till| reading.checked(at, till)),
        channel: fields.text_or_empty("channel", &mut reading.problems),
        currency: reading.currency,
        business_time: time.unwrap_or(TIME_DEFAULT),
        lines: items(fields, "lines", reading, line::line),
        codes: fields.texts("codes", &mut reading.problems),
        paper_coupons: items(fields, "paper", reading, |node, _, reading| paper(node, reading)),
        manual_discounts: items(fields, "manual", reading, manual),
        gift_choices: gifts(fields, reading),
        payment_kind: fields.text_or_empty("payment", &mut reading.problems),
        points: fields.get("points").and_then(|node| points(node, reading)).unwrap_or_default(),
        unknown_member: unknown.and_then(|member| reading.checked(at, member)),
        exchange_of: fields.get("exchange_of").and_then(Node::text).map(str::to_owned),
    })
}

fn items<T>(
    fields: Fields<'_>,
    key: &str,
    reading: &mut Reading<'_>,
    mut read: impl FnMut(&Node, usize, &mut Reading<'_>) -> Option<T>,
) -> Vec<T> {
    let nodes = fields.get(key).map(Node::items).unwrap_or_default();
    nodes.iter().enumerate().filter_map(|(index, node)| read(node, index, reading)).collect()
}

/// Reads a time with the offset of its wall clock, such as `2026-11-18T10:00+08:00`.
pub(super) fn time(text: &str) -> Option<BusinessTime> {
    let split = text.len().checked_sub(6).filter(|at| text.is_char_boundary(*at))?;
    let (clock, offset) = text.split_at(split);
    let clock: DateTime = clock.parse().ok()?;
    let (sign, offset) = match offset.split_at(1) {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = offset.split_once(':')?;
    let minutes = sign * (hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?);
    let offset = Offset::from_seconds(minutes * 60).ok()?;
    let unix_ms = offset.to_timestamp(clock).ok()?.as_millisecond();
    Some(BusinessTime { unix_ms, utc_offset_minutes: minutes })
}

fn paper(node: &Node, reading: &mut Reading<'_>) -> Option<PaperCoupon> {
    let fields = Fields::of(node, &["code", "line", "value"], &mut reading.problems)?;
    let code = fields.text("code", &mut reading.problems)?;
    let line = fields.text("line", &mut reading.problems)?;
    let line = reading.checked(node.line, LineId::new(line))?;
    Some(PaperCoupon { code, line, value: reading.money(fields, "value")? })
}

fn manual(node: &Node, index: usize, reading: &mut Reading<'_>) -> Option<ManualDiscount> {
    let keys = ["id", "reason", "authority", "line", "percent", "amount"];
    let fields = Fields::of(node, &keys, &mut reading.problems)?;
    let text_or = |key, default: &str| fields.get(key).and_then(Node::text).unwrap_or(default).to_owned();
    let target = match fields.get("line").and_then(Node::text) {
        Some(line) => ManualTarget::Line(reading.checked(node.line, LineId::new(line))?),
        None => ManualTarget::Basket,
    };
    let percent = fields.parsed("percent", "a percentage", &mut reading.problems, Rate::parse_percent);
    let value = match percent {
        Some(rate) => ManualValue::Percent(rate),
        None => ManualValue::Amount(reading.money(fields, "amount")?),
    };
    Some(ManualDiscount {
        id: text_or("id", &format!("manual-{}", index + 1)),
        reason: text_or("reason", "because"),
        authority: text_or("authority", "somebody"),
        target,
        value,
    })
}

fn gifts(fields: Fields<'_>, reading: &mut Reading<'_>) -> Vec<GiftChoice> {
    let entries = fields.get("gifts").and_then(Node::entries).unwrap_or_default();
    let mut choices = Vec::new();
    for entry in entries {
        let mut skus = Vec::new();
        for node in entry.node.items() {
            skus.extend(node.text().and_then(|text| reading.checked(node.line, Sku::new(text))));
        }
        choices.push(GiftChoice { offer: entry.key.clone(), skus });
    }
    choices
}

fn points(node: &Node, reading: &mut Reading<'_>) -> Option<PointsRequest> {
    let wanted = |text: &str| match text {
        "none" => Some(PointsWanted::None),
        "max" => Some(PointsWanted::Max),
        number => number.parse().ok().map(PointsWanted::Exact),
    };
    let what = "a number of points, `max` or `none`";
    if node.entries().is_none() {
        let wanted = parsed(node, what, &mut reading.problems, wanted)?;
        return Some(PointsRequest { wanted, conflict: None });
    }
    let fields = Fields::of(node, &["use", "conflict"], &mut reading.problems)?;
    let wanted = fields.parsed("use", what, &mut reading.problems, wanted)?;
    let conflict = fields.parsed(
        "conflict",
        "prefer_points, prefer_offers or lowest_due",
        &mut reading.problems,
        |text| match text {
            "prefer_points" => Some(PointsConflict::PreferPoints),
            "prefer_offers" => Some(PointsConflict::PreferOffers),
            "lowest_due" => Some(PointsConflict::LowestDue),
            _ => None,
        },
    );
    Some(PointsRequest { wanted, conflict })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_bring_their_offset() {
        assert_eq!(time("2026-11-18T10:00+08:00"), Some(TIME_DEFAULT));
        assert_eq!(
            time("1970-01-01T00:00:30-01:30"),
            Some(BusinessTime { unix_ms: 5_430_000, utc_offset_minutes: -90 })
        );
        for text in ["", "soon", "2026-11-18", "2026-13-18T10:00+08:00", "2026-11-18T10:00+8:00"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
