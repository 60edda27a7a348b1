//! What the model can be asked.

use super::*;

impl Naive {
    pub(in super::super) fn seen(&mut self) -> Vec<(&'static str, String)> {
        // Looking changes nothing: what has lapsed is not there, whether it is booked or not.
        let lapsed = |point: &&Point| {
            point.held_by.is_none() && point.release_ms == 0 && point.expires_ms <= self.now_ms
        };
        let unbooked = self.points.iter().filter(lapsed).count() as i64;
        let count = |which: &dyn Fn(&Point) -> bool| {
            self.points.iter().filter(|point| which(point)).count().to_string()
        };
        let sum = |name: &str| self.sums.get(name).copied().unwrap_or(0);
        let now = self.now_ms;
        let there = self.coupons.iter().filter(|(_, (expires_ms, held))| held.is_some() || *expires_ms > now);
        let counters = self.counters.iter().map(|(name, used)| format!("{name}:{used}"));
        let until = self.tier_until.map_or("never".to_owned(), |ms| {
            let text = Timestamp::from_millisecond(ms).expect("an instant").to_string();
            text[..16].replace('T', "_")
        });
        vec![
            ("points", self.free().len().to_string()),
            ("held", count(&|point| point.held_by.is_some())),
            ("delayed", count(&|point| point.release_ms > 0)),
            ("debt", self.debt.to_string()),
            ("coupons", there.map(|(name, _)| name.clone()).collect::<Vec<_>>().join(" ")),
            ("issued", self.issued.iter().filter(|expires_ms| **expires_ms > now).count().to_string()),
            ("counters", counters.collect::<Vec<_>>().join(" ")),
            ("first", self.first.clone().unwrap_or_default()),
            ("tier", self.tiers().get(self.tier).map_or("", |tier| tier.id).to_owned()),
            ("until", until),
            ("spent", sum("spent").to_string()),
            ("earned", sum("earned").to_string()),
            ("restored", sum("restored").to_string()),
            ("expired", (sum("expired") + unbooked).to_string()),
            ("lifetime", self.activity.iter().map(|entry| entry.1).sum::<i64>().to_string()),
            ("purchases", self.activity.iter().map(|entry| entry.2).sum::<i64>().to_string()),
            ("pending", self.pending.len().to_string()),
            ("parked", self.parked().to_string()),
            ("adjusted", sum("adjusted").to_string()),
            ("received", sum("received").to_string()),
            ("sent", sum("sent").to_string()),
            ("taken", sum("taken").to_string()),
            ("owes", self.owes.to_string()),
            ("reminded", format!("{:?}", self.reminded)),
            ("holds", self.sales.values().filter(|sale| sale.state == "Reserved").count().to_string()),
        ]
    }
}
