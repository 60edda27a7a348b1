//! The file has every event: what members earned, what they were given, where they rose to. Events may be there twice,
//! and are the same then.

use std::collections::BTreeMap;

use serde_json::Value;
use suanpan_rpc::member_v1::MovementKind;

use super::Faults;
use super::accounts::Account;
use crate::corner::Corner;

/// Compares the file with the statements; gives how many events there are.
pub(crate) fn prove(corner: &Corner, accounts: &BTreeMap<String, Account>, faults: &mut Faults) -> usize {
    let text = corner.events();
    let mut events: BTreeMap<String, Value> = BTreeMap::new();
    for line in text.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            faults.unless(false, || format!("not an event: {line}"));
            continue;
        };
        let key = event["key"].as_str().unwrap_or_default().to_owned();
        if let Some(other) = events.insert(key, event.clone()) {
            faults.unless(other == event, || format!("one key, two events: {other} and {event}"));
        }
    }
    for (name, account) in accounts {
        let of = |kind: &str| -> Vec<&Value> {
            events.values().filter(|event| event["member"] == **name && event["kind"] == *kind).collect()
        };
        let movements = |kind: MovementKind| {
            let all = account.entries.iter().flat_map(|entry| &entry.movements);
            all.filter(move |movement| movement.kind() == kind)
        };
        let told: i64 = of("points_earned").iter().filter_map(|event| event["points"].as_i64()).sum();
        let earned: i64 = movements(MovementKind::Earned).map(|movement| movement.points).sum();
        faults.equal(&told, &earned, &format!("{name}: events of points"));
        faults.equal(&of("coupon_granted").len(), &account.granted, &format!("{name}: events of coupons"));
        let rises = movements(MovementKind::TierUp).count() + movements(MovementKind::TierDown).count();
        faults.equal(&of("tier_changed").len(), &rises, &format!("{name}: events of tiers"));
    }
    events.len()
}
