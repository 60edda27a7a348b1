//! A member and a statement, for people.

use suanpan_rpc::member_v1::{
    Entry, Member, MemberStatus, MovementKind, Points, Tier, TierMeasure, TierStep,
};

use crate::session::Session;
use crate::table::{Table, amount, moment};

/// A member: who, what, and what is missing.
pub(super) fn member(session: &Session, member: &Member) -> String {
    let zone = &session.time_zone;
    let status = match member.status() {
        MemberStatus::Active => "active".to_owned(),
        MemberStatus::Blocked => "blocked".to_owned(),
        MemberStatus::Closed if member.survivor_id.is_empty() => "closed".to_owned(),
        MemberStatus::Closed => format!("merged into {}", member.survivor_id),
        MemberStatus::Unspecified => "unknown".to_owned(),
    };
    let mut text = format!("{}  {status}, version {}\n", member.id, member.version);
    if member.enrolled_unix_ms != 0 {
        text.push_str(&format!("enrolled  {}\n", moment(member.enrolled_unix_ms, zone)));
    }
    if let Some(birthday) = &member.birthday {
        text.push_str(&format!("birthday  {:02}-{:02}\n", birthday.month, birthday.day));
    }
    if let Some(of) = &member.tier {
        text.push_str(&tier(session, of));
    }
    if let Some(of) = &member.points {
        text.push_str(&points(session, of));
    }
    if !member.coupons.is_empty() {
        let mut table = Table::new(&["coupon", "campaign", "good until", ""]);
        for coupon in &member.coupons {
            let held = if coupon.held { "held" } else { "" };
            let until = moment(coupon.expires_unix_ms, zone);
            table.row([coupon.id.clone(), coupon.campaign.clone(), until, held.to_owned()]);
        }
        text.push_str(&table.to_string());
    }
    for (count, what) in [
        (member.entries_pending, "entries wait for the worker"),
        (member.entries_parked, "entries wait for a person: suanpan parked list"),
    ] {
        if count > 0 {
            text.push_str(&format!("{count} {what}\n"));
        }
    }
    text
}

fn tier(session: &Session, tier: &Tier) -> String {
    let zone = &session.time_zone;
    let mut text = format!("tier  {}", if tier.id.is_empty() { "-" } else { &tier.id });
    if tier.since_unix_ms != 0 {
        text.push_str(&format!(" since {}", moment(tier.since_unix_ms, zone)));
    }
    if tier.until_unix_ms != 0 {
        text.push_str(&format!(" until {}", moment(tier.until_unix_ms, zone)));
    }
    text.push('\n');
    // Where it ends with its validity there is nothing to add.
    if tier.evaluated_unix_ms != 0 && tier.evaluated_unix_ms != tier.until_unix_ms {
        text.push_str(&format!("  grace until {}\n", moment(tier.evaluated_unix_ms, zone)));
    }
    if !tier.becomes_id.is_empty() && tier.becomes_id != tier.id {
        text.push_str(&format!("  then {}, if nothing more happens\n", tier.becomes_id));
    }
    if let Some(needed) = &tier.needed {
        text.push_str(&format!("  for {}: {}\n", tier.next_id, needs(session, needed)));
    }
    text
}

/// What a tier takes: `30.00 of 100.00 CNY spent`, several of them with `or` or `and`.
fn needs(session: &Session, step: &TierStep) -> String {
    let (parts, word) = if step.any_of.is_empty() { (&step.all_of, " and ") } else { (&step.any_of, " or ") };
    if !parts.is_empty() {
        let several = |part: &TierStep| !part.any_of.is_empty() || !part.all_of.is_empty();
        let part = |part| match needs(session, part) {
            text if several(part) => format!("({text})"),
            text => text,
        };
        return parts.iter().map(part).collect::<Vec<_>>().join(word);
    }
    let (have, need) = (step.have, step.need);
    match step.measure() {
        TierMeasure::Spend => {
            let spent = |minor| amount(minor, session.currency);
            format!("{} of {} {} spent", spent(have), spent(need), session.node.currency)
        }
        TierMeasure::Purchases => format!("{have} of {need} purchases"),
        TierMeasure::Activity => format!("{have} of {need} activity points"),
        TierMeasure::Unspecified => format!("{have} of {need}"),
    }
}

fn points(session: &Session, points: &Points) -> String {
    let zone = &session.time_zone;
    let mut text = format!("points  {} to spend", points.spendable);
    for (count, what) in [(points.held, "held"), (points.delayed, "to come"), (points.debt, "owed")] {
        if count != 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text.push('\n');
    if points.lots.is_empty() && points.delayed_lots.is_empty() {
        return text;
    }
    let mut table = Table::new(&[">points", ">held", "lapse", "can be spent from"]);
    for lot in points.lots.iter().chain(&points.delayed_lots) {
        table.row([
            lot.points.to_string(),
            lot.held.to_string(),
            moment(lot.expires_unix_ms, zone),
            moment(lot.released_unix_ms, zone),
        ]);
    }
    text.push_str(&table.to_string());
    text
}

/// A statement, one movement a line.
pub(super) fn entries(session: &Session, entries: &[Entry]) -> String {
    let mut table = Table::new(&["when", "entry", "movement", ">points", "lapse", "coupon", "by", "why"]);
    for entry in entries {
        let actor = entry.actor.clone().unwrap_or_default();
        let when = moment(entry.written_unix_ms, &session.time_zone);
        let entry_name =
            if entry.state.is_empty() { entry.key.clone() } else { format!("{} {}", entry.key, entry.state) };
        if entry.movements.is_empty() {
            let none = String::new;
            table.row([when, entry_name, none(), none(), none(), none(), actor.id, actor.reason]);
            continue;
        }
        for movement in &entry.movements {
            let kind = movement.kind();
            let points = if movement.points == 0 { String::new() } else { movement.points.to_string() };
            let coupon = if movement.coupon_id.is_empty() {
                String::new()
            } else {
                format!("{} {}", movement.campaign, movement.coupon_id)
            };
            table.row([
                when.clone(),
                entry_name.clone(),
                name(kind, movement.debt),
                points,
                moment(movement.expires_unix_ms, &session.time_zone),
                coupon,
                actor.id.clone(),
                actor.reason.clone(),
            ]);
        }
    }
    if table.is_empty() { "there are no entries".to_owned() } else { table.to_string() }
}

/// A movement in words, from its name in the protocol.
fn name(kind: MovementKind, debt: bool) -> String {
    let name = kind.as_str_name();
    let words = name.strip_prefix("MOVEMENT_KIND_").unwrap_or(name).to_lowercase().replace('_', " ");
    if debt { format!("{words} (debt)") } else { words }
}
