//! The model of the worker, and of tiers.

use super::*;

impl Naive {
    pub(super) fn work(&mut self) {
        let ended: Vec<String> = self
            .sales
            .iter()
            .filter(|(_, sale)| sale.state == "Reserved" && sale.until_ms <= self.now_ms)
            .map(|(id, _)| id.clone())
            .collect();
        for id in ended {
            self.end(&id, "Cancelled");
        }
        for waiting in std::mem::take(&mut self.pending) {
            self.time();
            match waiting {
                Waiting::Sale(id) => self.accrue(&id),
                Waiting::Return { sale, taken, uncounted, whole, at_ms } => {
                    let delayed =
                        |point: &Point| point.release_ms > 0 && point.earned_by.as_ref() == Some(&sale);
                    let mut left = taken;
                    while left > 0
                        && let Some(place) = self.points.iter().position(delayed)
                    {
                        self.points.remove(place);
                        left -= 1;
                    }
                    self.take(left);
                    self.activity.push((month(date(at_ms)), -uncounted, -i64::from(whole)));
                }
            }
            self.time();
        }
        self.time();
        for _ in 0..9 {
            self.end_tier_period();
        }
    }

    pub(super) fn accrue(&mut self, id: &str) {
        let sale = self.sales.get_mut(id).expect("is there");
        sale.accrued = true;
        let sale = sale.clone();
        let (points, earned_ms) = (sale.units * sale.earns, sale.business_ms);
        let expires_ms = self.expiry(earned_ms);
        let release_ms = self
            .rule("delay ")
            .map_or(0, |days| instant(&(date(earned_ms) + Span::new().days(days)).to_string()));
        if release_ms > self.now_ms && expires_ms > self.now_ms {
            self.sum("earned", points);
            for _ in 0..points {
                let earned_by = Some(id.to_owned());
                self.points.push(Point { expires_ms, release_ms, held_by: None, earned_by });
            }
        } else {
            self.credit("earned", points, expires_ms);
        }
        let paid = sale.units * sale.paid;
        self.activity.push((month(date(earned_ms)), paid, i64::from(paid > 0)));
        let today = date(self.now_ms);
        let target = self.qualified(today);
        if target > self.tier {
            self.set_tier(target, today);
        }
    }

    /// The highest tier by what was spent in the calendar year so far.
    pub(super) fn qualified(&self, on: Date) -> usize {
        let months = month(Date::new(on.year(), 1, 1).expect("a day"))..=month(on);
        let spent: i64 =
            self.activity.iter().filter(|entry| months.contains(&entry.0)).map(|entry| entry.1).sum();
        self.tiers().iter().rposition(|tier| spent.max(0) >= tier.spend).unwrap_or(0)
    }

    pub(super) fn set_tier(&mut self, place: usize, from: Date) {
        let tiers = self.tiers();
        let Some(tier) = tiers.get(place) else { return };
        self.tier_until = tier.valid.map(|months| midnight_after(from + Span::new().months(months)));
        if place > self.tier && tier.points > 0 {
            self.credit("earned", tier.points, self.expiry(self.now_ms));
        }
        self.tier = place;
    }

    pub(super) fn end_tier_period(&mut self) {
        let tiers = self.tiers();
        let Some(until_ms) = self.tier_until else { return };
        let at_ms = until_ms + tiers[self.tier].grace * 86_400_000;
        if at_ms > self.now_ms {
            return;
        }
        let on = date(at_ms);
        let target = self.qualified(on);
        let place = match tiers[self.tier].end {
            "one-down" => target.max(self.tier - 1),
            "keep" => target.max(self.tier),
            _ => target,
        };
        self.set_tier(place, on);
    }
}
